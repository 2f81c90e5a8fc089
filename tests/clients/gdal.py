"""GDAL of the pyogrio wheel reads the OGC API as a desktop user would: `gdal.py BASE`."""

import json
import sys
import tempfile
import urllib.request

import pyogrio

base = sys.argv[1]


def answer(path):
    with urllib.request.urlopen(base + path) as response:
        return json.load(response)


def read(layer, **options):
    """Fields by name, geometries, and the layer's metadata."""
    meta, _, geometry, fields = pyogrio.raw.read(f"OAPIF:{base}", layer=layer, **options)
    return dict(zip(meta["fields"], fields)), geometry, meta


print("GDAL", pyogrio.__gdal_version__)
collections = [one["id"] for one in answer("/collections?f=json")["collections"]]
assert [name for name, _ in pyogrio.list_layers(f"OAPIF:{base}")] == collections

for name in collections:
    expected = answer(f"/collections/{name}/items?limit=1")["numberMatched"]
    fields, geometry, meta = read(name)
    assert len(geometry) == expected, (name, len(geometry), expected)
    assert len(set(fields["id"])) == expected, f"{name}: a feature was lost or came twice"
    schema = answer(f"/collections/{name}/schema")["properties"]
    # G02, G03: every column is there with its type, whatever the first features hold.
    for column, about in schema.items():
        if column == "geometry":
            continue
        kind = meta["dtypes"][list(meta["fields"]).index(column)]
        if about["type"] == "number":
            assert kind == "float64", (name, column, kind)
        elif about["type"] == "integer":
            assert kind in ("int32", "int64", "float64"), (name, column, kind)

zones, shapes, meta = read("zones")
assert len(shapes) > 10_000, "paging beyond ten thousand"
area = answer("/collections/zones/items?limit=1")["features"][0]["properties"]["area_ha"]
assert zones["area_ha"][0] == area

# A box is asked of the server and holds what its features say.
west, south, east, north = 104.88, 21.70, 104.90, 21.72
_, boxed, _ = read("zones", bbox=(west, south, east, north))
assert len(boxed) == answer(f"/collections/zones/items?limit=1&bbox={west},{south},{east},{north}")["numberMatched"]

# G05: equality on a property that is a parameter; the rest is checked by GDAL itself.
odt, _, _ = read("zones", where="land_use = 'ODT'")
assert set(odt["land_use"]) == {"ODT"} and len(odt["id"]) == answer("/collections/zones/items?limit=1&land_use=ODT")["numberMatched"]
both, _, _ = read("zones", where="land_use = 'ODT' AND area_ha > 1")
assert 0 < len(both["id"]) < len(odt["id"]) and (both["area_ha"] > 1).all()
# G08: a feature by its id.
one, _, _ = read("zones", where=f"id = '{zones['id'][7]}'")
assert list(one["id"]) == [zones["id"][7]]

# G06: dates become `datetime`, cut short or open: GDAL asks for what was in force then, and looks at nothing again.
for where in ("effective_from >= '2026-01-01'", "effective_to <= '2026/12/31'"):
    assert len(read("plans", where=where)[1]) > 0, where

# G10: DATETIME shows what held on a day.
then, _, _ = read("plans", DATETIME="2022-05-01")
assert "QHSDD21AG" in set(then["code"]) and set(then["revision"][then["code"] == "QHSDD21AG"]) == {1}
assert len(read("plans", DATETIME="1999-01-01")[1]) == 0

# Any system of the list; VN-2000 comes with the official transform.
degrees, _, _ = read("ambulances")
_, metres, meta = read("ambulances", CRS="EPSG:9208")
assert "9208" in meta["crs"], meta["crs"]
import struct

x, y = struct.unpack("<dd", metres[0][-16:])
assert 500_000 < x < 520_000 and 2_390_000 < y < 2_420_000, (x, y)
served = answer("/collections/ambulances/items?crs=http://www.opengis.net/def/crs/EPSG/0/9208")["features"][0]
assert [round(x, 3), round(y, 3)] == served["geometry"]["coordinates"], "axes east, north"

# G09: what is appended to the address is let through everywhere.
assert len(pyogrio.raw.read(f"OAPIF:{base}/?token=abc", layer="ambulances")[2]) == 4

# A whole layer, a small page size.
assert len(read("zones", PAGE_SIZE="777")[1]) == len(shapes)

# G16: an answer read as plain GeoJSON over the network.
items = f"/vsicurl/{base}/collections/ambulances/items?limit=10"
assert len(pyogrio.raw.read(items)[2]) == 4

# G12: a refusal comes to the user in the server's own words.
try:
    read("plans", DATETIME="yesterday")
except Exception as refused:
    assert "datetime=yesterday" in str(refused) and "2026-01-05" in str(refused), refused
else:
    raise AssertionError("nonsense was let through")
# G13: counting asks for no feature but one.
for name in ("zones", "ambulances"):
    counted = pyogrio.read_info(f"OAPIF:{base}", layer=name, force_feature_count=True)["features"]
    assert counted == answer(f"/collections/{name}/items?limit=1")["numberMatched"], (name, counted)

# Downloads: every collection, an item's own file, and one with nothing in it.
ENDINGS = ("geojson", "geojsons", "fgb", "csv", "gpkg", "kml")


def opened(path, ending, **options):
    """A downloaded file, opened."""
    data = urllib.request.urlopen(base + path).read()
    with tempfile.NamedTemporaryFile(suffix=f".{ending}") as file:
        file.write(data)
        file.flush()
        meta, _, geometry, fields = pyogrio.raw.read(file.name, **options)
        return dict(zip(meta["fields"], fields)), geometry


for name in collections:
    items = answer(f"/collections/{name}/items?limit=1000")
    placed = sum(feature["geometry"] is not None for feature in items["features"])
    for ending in ENDINGS:
        fields, geometry = opened(f"/collections/{name}/download.{ending}", ending)
        # FlatGeobuf has no place for what is nowhere.
        lacking = len(items["features"]) - placed if ending == "fgb" else 0
        assert len(geometry) == items["numberMatched"] - lacking, (name, ending, len(geometry))
        if ending in ("gpkg", "fgb") and name == "zones":
            assert abs(fields["area_ha"].sum() - zones["area_ha"].sum()) < 1e-6, ending
for ending in ENDINGS:
    fields, geometry = opened(f"/q/QHSDD21AG.{ending}", ending)
    assert len(geometry) == answer("/collections/zones/items?limit=1&plan=QHSDD21AG")["numberMatched"], (ending, len(geometry))
    if ending not in ("geojsons", "kml"):
        # Nothing is a layer too; but of a sequence of nothing no reader can tell what it is, and GDAL sees
        # no layer in KML without placemarks.
        assert len(opened(f"/collections/campaigns/download.{ending}?datetime=1999-01-01", ending)[1]) == 0, ending
# In place, by its pieces: with an index only those are fetched that a map shows.
for ending in ENDINGS:
    for path in (f"/collections/zones/download.{ending}", f"/q/QHSDD21AG.{ending}"):
        expected = len(opened(path, ending)[1])
        assert pyogrio.read_info(f"/vsicurl/{base}{path}", force_feature_count=True)["features"] == expected, path
box = (104.87, 21.70, 104.88, 21.71)
for ending in ("fgb", "gpkg"):
    seen = pyogrio.raw.read(f"/vsicurl/{base}/collections/zones/download.{ending}", bbox=box)[2]
    whole = opened("/collections/zones/download." + ending, ending, bbox=box)[1]
    assert 0 < len(seen) == len(whole) < len(shapes), (ending, len(seen), len(whole))
print("GDAL reads everything:", len(shapes), "zones")
