"""QGIS without a screen adds layers by the address alone: `qgis_client.py BASE [empty]`."""

import json
import os
import sys
import tempfile
import urllib.parse
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


if sys.argv[2:] == ["empty"]:
    # Q09
    for collection in answer("/collections?f=json")["collections"]:
        # The city's units are there from the beginning.
        assert collection["id"] == "units" or not list(layer(collection["id"]).getFeatures()), collection["id"]
    print("QGIS", Qgis.QGIS_VERSION, "adds every empty layer")
    sys.stdout.flush()
    os._exit(0)

for collection in answer("/collections?f=json")["collections"]:
    name = collection["id"]
    expected = answer(f"/collections/{name}/items?limit=1")["numberMatched"]
    added = layer(name)
    ids = [feature["id"] for feature in added.getFeatures()]
    assert len(ids) == expected == len(set(ids)), (name, len(ids), expected)
    # Indicators, answers and services are in no place: QGIS adds them as tables.
    assert added.crs().isValid() or (name in ("indicators", "faq", "services") and not added.isSpatial()), name

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

# Q05: what QGIS 3.40 sends as CQL2 is asked of the server as it is written there.
for filter, holds in [
    ("((land_use = 'ODT') AND (area_ha > 1))", lambda zone: zone["land_use"] == "ODT" and zone["area_ha"] > 1),
    ("land_use LIKE 'O%'", lambda zone: zone["land_use"].startswith("O")),
    ("land_use IN ('ODT','LUC')", lambda zone: zone["land_use"] in ("ODT", "LUC")),
    ("area_ha BETWEEN 1 AND 5", lambda zone: 1 <= zone["area_ha"] <= 5),
    ("(CASEI(land_use) LIKE CASEI('luc%'))", lambda zone: zone["land_use"].startswith("LUC")),
    ("(effective_from >= TIMESTAMP('2022-01-10T00:00:00.000Z'))", lambda zone: zone["effective_from"] > "2022-01-10"),
]:
    query = urllib.parse.urlencode({"filter": filter, "filter-lang": "cql2-text", "limit": 10000})
    asked = answer(f"/collections/zones/items?{query}")["features"]
    assert asked and all(holds(zone["properties"]) for zone in asked), filter

# Areas agree with the one that the server measured, in VN-2000.
first = next(zones.getFeatures())
assert first["area_ha"] > 0 and not first.geometry().isEmpty()

# The ready style is taken as it is.
for name in ("zones", "ambulances", "lots", "plan-lines", "plan-points"):
    path = os.path.join(tempfile.mkdtemp(), f"{name}.qml")
    urllib.request.urlretrieve(f"{base}/collections/{name}/style.qml", path)
    styled = layer(name)
    message, ok = styled.loadNamedStyle(path)
    assert ok, message
    if name == "zones":
        categories = {category.value(): category.symbol().color().name() for category in styled.renderer().categories()}
        assert len(categories) > 40 and categories["ODT"] == "#ffa0ff", (len(categories), categories.get("ODT"))
    if name == "plan-lines":
        assert QgsWkbTypes.geometryType(styled.wkbType()) == QgsWkbTypes.LineGeometry
        colours = {category.value(): category.symbol().color().name() for category in styled.renderer().categories()}
        assert colours["red-line"] == "#d00000" and colours["road"] == "#333333", colours
    if name == "lots":
        # This QGIS takes the types of columns from the first ten features; what they leave empty it takes for text. In a
        # file the columns have their types.
        types = {field.name(): field.typeName() for field in styled.fields()}
        assert types["area_ha"] == "Real", types

# All layers of a plan come in one file, each with its style.
path = os.path.join(tempfile.mkdtemp(), "plan.gpkg")
urllib.request.urlretrieve(f"{base}/q/QHCT2401G.gpkg", path)
for name, renderer in (("lots", "categorizedSymbol"), ("plan-lines", "categorizedSymbol"), ("plan-points", "singleSymbol")):
    packed = QgsVectorLayer(f"{path}|layername={name}", name, "ogr")
    assert packed.isValid() and packed.featureCount() > 0, name
    if name == "lots":
        types = {field.name(): field.typeName() for field in packed.fields()}
        assert types["density_max_pct"] == "Real" and types["storeys_max"].startswith("Integer"), types
    message, ok = packed.loadDefaultStyle()
    assert ok and packed.renderer().type() == renderer, (name, message, packed.renderer().type())
print("QGIS", Qgis.QGIS_VERSION, "adds every layer")
sys.stdout.flush()
# Two copies of a JSON library in one process trip over each other when Python takes them down.
os._exit(0)
