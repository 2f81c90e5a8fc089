"""Pyogrio reads an ambulance whose last change was 0.4 ms before a second ended: `moments.py FILE…`."""

import sys

import pyogrio

for file in sys.argv[1:]:
    # The types of a CSV's columns are guessed where that is asked for.
    options = {"AUTODETECT_TYPE": "YES"} if file.endswith(".csv") else {}
    meta, _, _, fields = pyogrio.raw.read(file, **options)
    columns = dict(zip(meta["fields"], fields))
    code = "Name" if file.endswith(".kml") else "code"
    assert len(columns[code]) == 4, (file, columns[code])
    if not file.endswith(".kml"):
        changed = str(columns["updated"][list(columns["code"]).index("XCT00001C")])
        assert "2026-11-28" in changed and ":03:11" in changed, (file, changed)
print(len(sys.argv) - 1, "files read")
