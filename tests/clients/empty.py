"""A city that has published nothing is a map service too: `empty.py BASE`, with GDAL of the pyogrio wheel."""

import json
import sys
import urllib.request

import pyogrio

base = sys.argv[1]
with urllib.request.urlopen(base + "/collections?f=json") as response:
    # The city's units are there from the beginning.
    collections = [one["id"] for one in json.load(response)["collections"] if one["id"] != "units"]
for name in collections:
    meta, _, geometry, fields = pyogrio.raw.read(f"OAPIF:{base}", layer=name)
    assert len(geometry) == 0, (name, len(geometry))
print("GDAL reads", len(collections), "empty collections")
