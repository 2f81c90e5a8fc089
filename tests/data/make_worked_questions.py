#!/usr/bin/env python3
"""Make tests/data/worked_questions.jsonl: 100 parcels on the demo's urban plans, and what the plans say there.

Everything is computed with shapely from the files of the plans (EPSG:9208, metres), and with nothing of the program.

Run:    python3 make_worked_questions.py
Needs:  shapely >= 2.1, numpy
"""
import json, math
from pathlib import Path
import numpy as np
import shapely
from shapely.geometry import Polygon, shape
from shapely.ops import unary_union

HERE = Path(__file__).parent
REACH = 100.0                                     # metres within which a red line is told

def number(text):
    return float(text.removesuffix(" m").replace(",", ".")) if text else None

class Plan:
    def __init__(self, name):
        features = json.loads((HERE / f"../../fixtures/zones/{name}.geojson").read_text())["features"]
        rows = [(f["properties"], shape(f["geometry"])) for f in features]
        self.lots = [(p, g) for p, g in rows if "KyHieuLoDat" in p]
        of = lambda kind: [(p, g) for p, g in rows if p.get("Loai") == kind]
        self.roads, self.red, self.corridors = of("Tim đường"), of("Chỉ giới đường đỏ"), of("Hành lang bảo vệ")

    def answer(self, parcel):
        lots = sorted(((p["KyHieuLoDat"], g.intersection(parcel).area) for p, g in self.lots if g.intersects(parcel)), key=lambda l: -l[1])
        inside = {p["TenDuong"]: g.buffer(number(p["LoGioi"]) / 2, cap_style="flat", quad_segs=64).intersection(parcel) for p, g in self.roads}
        inside = {name: g for name, g in inside.items() if g.area > 0}
        red = min((g.distance(parcel) for _, g in self.red), default=math.inf)
        touched = [p["Ten"] for p, g in self.corridors if Polygon(g.coords).intersects(parcel)]
        return {"lots": {name: round(area, 2) for name, area in lots if area > 0}, "roads": {name: round(g.area, 2) for name, g in inside.items()},
                "in_right_of_way_m2": round(unary_union(list(inside.values())).area, 2), "red_line_m": round(red, 2) if red <= REACH else None, "corridors": touched}

def main():
    rng = np.random.default_rng(20)
    rows = []
    for name, code, count in (("zoning", "QHPK2301B", 50), ("detailed", "QHCT2401G", 50)):
        plan = Plan(name)
        whole = unary_union([g for _, g in plan.lots])
        corners = [xy for _, g in plan.roads for part in getattr(g, "geoms", [g]) for xy in part.coords]
        while count:
            # Beside a street, on it, at a crossing, or anywhere.
            x, y = corners[rng.integers(len(corners))] if rng.random() < .8 else rng.uniform(*zip(whole.bounds[:2], whole.bounds[2:]), size=2)
            x, y = x + rng.normal(0, 15), y + rng.normal(0, 15)
            a, wide, long = rng.uniform(0, math.pi), rng.uniform(5, 30), rng.uniform(8, 40)
            turn = np.array([[math.cos(a), math.sin(a)], [-math.sin(a), math.cos(a)]])
            box = np.array([(0, 0), (wide, 0), (wide + rng.uniform(-3, 3), long), (0, long)]) @ turn + (x, y)
            parcel = Polygon([(round(u, 2), round(v, 2)) for u, v in box])
            if not parcel.is_valid or not whole.contains(parcel): continue
            rows.append({"plan": code, "parcel": list(parcel.exterior.coords)[:-1], **plan.answer(parcel)})
            count -= 1
    (HERE / "worked_questions.jsonl").write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
    on = [r for r in rows if r["roads"]]
    print(len(rows), "questions,", len(on), "in a right of way,", sum(len(r["roads"]) > 1 for r in on), "in several,",
          sum(bool(r["corridors"]) for r in rows), "in a corridor,", sum(r["red_line_m"] == 0 for r in rows), "on a red line")

main()
