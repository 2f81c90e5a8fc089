"""OWSLib reads the API: `owslib_client.py BASE`."""

import sys

from owslib.ogcapi.features import Features

api = Features(sys.argv[1])
assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in api.conformance()["conformsTo"]
assert api.api()["openapi"].startswith("3.0")
names = api.feature_collections()
assert {"plans", "zones", "units"} <= set(names), names
for name in names:
    assert api.collection(name)["id"] == name
    assert api.collection_queryables(name)["type"] == "object"
    assert api.collection_schema(name)["type"] == "object"
zones = api.collection_items("zones", bbox=[104.88, 21.70, 104.89, 21.71], limit=5)
assert zones["numberReturned"] == 5 < zones["numberMatched"]
again = api.collection_item("zones", zones["features"][0]["id"])
assert again["geometry"] == zones["features"][0]["geometry"]
rice = api.collection_items("zones", filter="land_use = 'ODT' AND area_ha > 1", limit=3)
assert all(one["properties"]["land_use"] == "ODT" for one in rice["features"]) and rice["numberReturned"] == 3
then = api.collection_items("plans", datetime_="2022-05-01")
assert all(one["properties"]["effective_from"] <= "2022-05-01" for one in then["features"])
print("OWSLib reads", len(names), "collections")
