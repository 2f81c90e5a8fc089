"""QGIS without a screen adds layers by the address alone: `qgis_client.py BASE`."""

import json
import os
import sys
import tempfile
import urllib.request

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())
from qgis.core import Qgis, QgsApplication, QgsFeatureRequest, QgsRectangle, QgsVectorLayer, QgsWkbTypes

base = sys.argv[1]
QgsApplication.setPrefixPath("/usr", True)
app = QgsApplication([], False, tempfile.mkdtemp())
app.initQgis()


def answer(path):
    with urllib.request.urlopen(base + path) as response:
        return json.load(response)


def layer(name, more=""):
    added = QgsVectorLayer(f"url='{base}' typename='{name}' {more}", name, "OAPIF")
    assert added.isValid(), (name, added.error().message(), added.dataProvider() and added.dataProvider().error().message())
    return added


for collection in answer("/collections?f=json")["collections"]:
    name = collection["id"]
    expected = answer(f"/collections/{name}/items?limit=1")["numberMatched"]
    added = layer(name)
    ids = [feature["id"] for feature in added.getFeatures()]
    assert len(ids) == expected == len(set(ids)), (name, len(ids), expected)
    assert added.crs().isValid(), name

zones = layer("zones")
assert QgsWkbTypes.geometryType(zones.wkbType()) == QgsWkbTypes.PolygonGeometry
fields = {field.name(): field.typeName() for field in zones.fields()}
assert fields["area_ha"] == "Real", fields
box = QgsRectangle(104.88, 21.70, 104.90, 21.72)
request = QgsFeatureRequest().setFilterRect(box).setFlags(QgsFeatureRequest.ExactIntersect)
found = sum(1 for _ in layer("zones", "restrictToRequestBBOX='1'").getFeatures(request))
assert found == answer("/collections/zones/items?limit=1&bbox=104.88,21.70,104.90,21.72")["numberMatched"], found

filtered = layer("zones")
assert filtered.setSubsetString("\"land_use\" = 'ODT'")
codes = {feature["land_use"] for feature in filtered.getFeatures()}
assert codes == {"ODT"}, codes

# Areas agree with the one that the server measured, in VN-2000.
first = next(zones.getFeatures())
assert first["area_ha"] > 0 and not first.geometry().isEmpty()

# The ready style is taken as it is.
for name in ("zones", "ambulances"):
    path = os.path.join(tempfile.mkdtemp(), f"{name}.qml")
    urllib.request.urlretrieve(f"{base}/collections/{name}/style.qml", path)
    styled = layer(name)
    message, ok = styled.loadNamedStyle(path)
    assert ok, message
    if name == "zones":
        categories = {category.value(): category.symbol().color().name() for category in styled.renderer().categories()}
        assert len(categories) > 40 and categories["ODT"] == "#ffa0ff", (len(categories), categories.get("ODT"))
print("QGIS", Qgis.QGIS_VERSION, "adds every layer")
sys.stdout.flush()
# Two copies of a JSON library in one process trip over each other when Python takes them down.
os._exit(0)
