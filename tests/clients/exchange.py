"""What land passed from which use to which, by GEOS: `exchange.py BEFORE.geojson AFTER.geojson CHANGES.json`.

The plane is that of EPSG:9208 with the official parameters from WGS 84 to VN-2000, computed by PROJ. Where zones of a set
overlap, the later one counts.
"""

import json
import sys

import numpy as np
import shapely
from pyproj import Transformer

before, after, changes = (json.load(open(path, encoding="utf-8")) for path in sys.argv[1:4])
datum = "+ellps=WGS84 +towgs84=-191.90441429,-39.30318279,-111.45032835,0.00928836,-0.01975479,0.00427372,0.252906278"
plane = f"+proj=tmerc +lat_0=0 +lon_0=104.75 +k=0.9999 +x_0=500000 {datum} +units=m +type=crs"
transformer = Transformer.from_crs("EPSG:4326", plane, always_xy=True)


def zones(collection):
    def projected(feature):
        shape = shapely.from_geojson(json.dumps(feature["geometry"]))
        return shapely.transform(shape, lambda points: np.column_stack(transformer.transform(points[:, 0], points[:, 1])))

    codes = [feature["properties"]["land_use"] for feature in collection["features"]]
    shapes = [projected(feature) for feature in collection["features"]]
    tree = shapely.STRtree(shapes)
    for at, shape in enumerate(list(shapes)):
        later = [shapes[other] for other in tree.query(shape) if other > at and shape.intersection(shapes[other]).area > 0]
        if later:
            shapes[at] = shape.difference(shapely.union_all(later))
    return codes, shapes


def cells(old, new):
    (old_codes, old_shapes), (new_codes, new_shapes) = old, new
    found, covered = {}, [0.0] * len(new_shapes)

    def add(key, area):
        found[key] = found.get(key, 0.0) + area

    tree = shapely.STRtree(new_shapes)
    for code, shape in zip(old_codes, old_shapes):
        left = shape.area
        for at in tree.query(shape):
            area = shape.intersection(new_shapes[at]).area
            left -= area
            covered[at] += area
            add((code, new_codes[at]), area)
        add((code, None), left)
    for code, shape, area in zip(new_codes, new_shapes, covered):
        add((None, code), shape.area - area)
    return found


theirs = cells(zones(before), zones(after))
ours = {(cell["from"], cell["to"]): cell["area_m2"] for cell in changes["land"]}
wrong = []
for key in sorted(set(ours) | set(theirs), key=str):
    mine, other = ours.get(key, 0.0), theirs.get(key, 0.0)
    if abs(mine - other) > 1.0:
        wrong.append(f"{key}: {mine:.2f}, GEOS {other:.2f}")
assert not wrong, "\n".join(wrong)
for place in changes["places"]:
    assert place["from"] != place["to"] and place["area_m2"] > 0, place
print(f"{len(ours)} cells are as GEOS measures them")
