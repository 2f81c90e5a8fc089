"""Draws the lots of a detailed plan with ezdxf, and prints the table of each into it, in one of the ways of offices.

    drawing.py WAY FILE

Lots are 40 m by 25 m, on layers of circular 16/2025/TT-BXD's classes; coordinates are metres in VN-2000, zone 9208.
"""

import math
import sys

import ezdxf

WEST, SOUTH = 515_000.0, 2_401_500.0
# Number, density in percent, storeys, floor-area ratio.
LOTS = [("OM2.3", "70", "1-5", "3,5"), ("OM2.4", "60", "4", "2,4"), ("OM2.5", "60", "3", "1,8"), ("CQ-01", "40", "3", "1,2")]


def main(way, path):
    drawing = ezdxf.new("R2010")
    model = drawing.modelspace()
    block = drawing.blocks.new("KYHIEU_LO")
    for row, tag in enumerate(["KYHIEULODAT", "MATDOXD", "TANGCAO", "HSSDD"]):
        block.add_attdef(tag, (0, -3.0 * row), dxfattribs={"height": 2})
    turn = math.radians(35) if way == "turned" else 0.0

    def at(x, y):
        return WEST + x * math.cos(turn) - y * math.sin(turn), SOUTH + x * math.sin(turn) + y * math.cos(turn)

    def text(words, x, y):
        shape = {"height": 2, "layer": "CHU", "rotation": math.degrees(turn)}
        model.add_text(words, dxfattribs=shape).set_placement(at(x, y))

    def outline(west, south, width, height, layer):
        corners = [(west, south), (west + width, south), (west + width, south + height), (west, south + height)]
        model.add_lwpolyline([at(*corner) for corner in corners], close=True, dxfattribs={"layer": layer})

    for n, (number, density, storeys, ratio) in enumerate(LOTS):
        west = 40.0 * n
        outline(west, 0, 40, 25, "DAT_Coquan" if number.startswith("CQ") else "DAT_O_Nhomnhao")
        if way in ("stack", "turned", "layers"):
            for row, words in enumerate([number, density, storeys]):
                text(words, west + 15, 16 - 4 * row)
        elif way == "reversed":
            for row, words in enumerate([number, storeys.split("-")[-1], density]):
                text(words, west + 15, 16 - 4 * row)
        elif way == "square":
            # Number and area above, density, storeys and ratio below.
            for words, x, y in [(number, 5, 16), ("1.000", 22, 16.2), (density, 5, 10), (storeys, 14, 9.9), (ratio, 26, 10)]:
                text(words, west + x, y)
        elif way == "uneven":
            # The second lot says no density; the density of the third was copied onto itself; a frame of another layer stands
            # around the table of the fourth.
            rows = [number, storeys] if n == 1 else [number, density, storeys]
            for row, words in enumerate(rows):
                text(words, west + 15, 16 - 4 * row)
            if n == 2:
                text(density, west + 15.1, 12.1)
            if n == 3:
                outline(west + 12, 4, 18, 13, "BANG")
        elif way == "frames":
            for row, words in enumerate([number, density, storeys]):
                outline(west + 14, 15 - 4 * row, 12, 4, "BANG")
                text(words, west + 15, 16 - 4 * row)
        elif way == "mtext":
            words = rf"{{\fArial|b1;{number}}}\P{density}%\P{storeys} tầng"
            model.add_mtext(words, dxfattribs={"char_height": 2, "layer": "CHU", "insert": at(west + 15, 16)})
        elif way == "words":
            for row, words in enumerate([number, f"MĐXD: {density}%", f"TC: {storeys}", f"S = {1000} m2"]):
                text(words, west + 15, 16 - 4 * row)
        elif way == "attributes":
            values = {"KYHIEULODAT": number, "MATDOXD": density, "TANGCAO": storeys, "HSSDD": ratio}
            model.add_blockref("KYHIEU_LO", at(west + 15, 16), dxfattribs={"layer": "CHU"}).add_auto_attribs(values)
    if way == "layers":
        for layer, shift in [("CHI_GIOI_DUONG_DO", -1), ("TIM_DUONG", -8), ("HT_CHI_GIOI_DUONG_DO", 27), ("DUONG_DONG_MUC", 40)]:
            model.add_lwpolyline([at(0, shift), at(80, shift), at(160, shift)], dxfattribs={"layer": layer})
        for x, y in [(0, 0), (160, 0)]:
            model.add_point(at(x, y), dxfattribs={"layer": "MOC_GIOI"})
    drawing.saveas(path)


main(*sys.argv[1:])
