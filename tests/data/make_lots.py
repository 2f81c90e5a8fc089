#!/usr/bin/env python3
"""Writes lots/whole.geojson, its broken twin lots/broken.geojson, and lots/broken.json: what each fault is found as.

Lots are 30 m squares in a row, EPSG:9208; all of it is made up. Run: `make_lots.py`, beside the folder `lots`.
"""

import copy
import json
from pathlib import Path

WEST, SOUTH, SIDE, COUNT = 515_000, 2_401_500, 30, 18


def square(n, more=0):
    x, y = WEST + n * SIDE, SOUTH
    right = x + SIDE + more
    return [[[x, y], [right, y], [right, y + SIDE], [x, y + SIDE], [x, y]]]


def lot(n):
    properties = {
        "KyHieuLoDat": f"OM2.{n + 1}", "ChucNang": "Nhóm nhà ở", "DienTich": "900,0", "MatDoXD": "≤ 60%", "TangCao": f"1-{n % 5 + 2}",
        "HSSDD": f"{0.6 * (n % 5 + 2):.1f}".replace(".", ",") + " lần", "KhoangLui": "3 m", "TangHam": "1", "CotNen": "32,5",
    }
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": square(n)}}


def red_line(points):
    properties = {"Loai": "Chỉ giới đường đỏ", "TenDuong": "Đường Mẫu 1"}
    return {"type": "Feature", "properties": properties, "geometry": {"type": "LineString", "coordinates": points}}


def write(name, features):
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::9208"}}
    rows = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in features)
    text = '{"type":"FeatureCollection","crs":' + json.dumps(crs) + ',"features":[\n' + rows + "\n]}\n"
    (Path(__file__).parent / "lots" / name).write_text(text, encoding="utf-8")


# The lot, its column, what stands there, and the check that finds it.
FAULTS = [
    (0, "MatDoXD", "120%", "more-than-all"),
    (1, "TangCao", "7-3", "indicator-reversed"),
    (2, "HSSDD", "9", "far-beyond"),
    (3, "DienTich", "950", "lot-area-differs"),
    (4, "KyHieuLoDat", None, "lot-without-number"),
    (5, "KyHieuLoDat", "OM2.7", "lot-number-twice"),
    (7, "ChucNang", "Bãi đáp trực thăng", "lot-in-no-class"),
    (8, "ChucNang", None, "lot-without-use"),
    (9, "MatDoXD", "0,6", "part-or-percent"),
    (10, "TangCao", "1/5/2026", "indicator-is-a-date"),
    (11, "HSSDD", "theo quy chuẩn", "indicator-unread"),
    (12, "TangCao", "2,5", "indicator-not-whole"),
    (13, "DienTich", "chưa đo", "lot-area-unread"),
    (14, "TangHam", "90", "indicator-beyond"),
]

whole = [lot(n) for n in range(COUNT)]
street = [[WEST, SOUTH], [WEST + COUNT * SIDE, SOUTH]]
broken = copy.deepcopy(whole)
expected = [{"feature": 16, "check": "overlap"}, {"feature": None, "check": "lot-over-red-line"}]
for n, column, text, check in FAULTS:
    broken[n]["properties"][column] = text
    # The second of two is the one that is told.
    expected.append({"feature": 6 if check == "lot-number-twice" else n, "check": check})
broken[15]["geometry"]["coordinates"] = square(15, 4)
broken[15]["properties"]["DienTich"] = "1020"
bent = [*street, [WEST + COUNT * SIDE, SOUTH + 10], [WEST + (COUNT - 1) * SIDE, SOUTH + 10]]
write("whole.geojson", [*whole, red_line(street)])
write("broken.geojson", [*broken, red_line(bent)])
(Path(__file__).parent / "lots" / "broken.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")
