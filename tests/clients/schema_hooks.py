"""What schemathesis cannot know from the document, and what contradicts the standard.

Formats: values of `datetime`, `filter` and the like follow grammars that JSON Schema cannot state.
Exclusions, each with its reason, are in `filter_case` and `before_call` below; there are no others.
"""

import re

import schemathesis
from hypothesis import strategies as st

days = st.dates().filter(lambda day: 1900 <= day.year <= 2100).map(lambda day: day.isoformat())
moments = st.tuples(days, st.times()).map(lambda pair: f"{pair[0]}T{pair[1].replace(microsecond=0).isoformat()}Z")
instants = st.one_of(days, moments)


def ordered(pair):
    return "/".join(sorted(pair))


schemathesis.openapi.format("datetime-instant", instants)
schemathesis.openapi.format(
    "datetime-or-interval",
    st.one_of(
        instants,
        st.tuples(days, days).map(ordered),
        days.map(lambda day: f"{day}/.."),
        days.map(lambda day: f"../{day}"),
    ),
)
schemathesis.openapi.format(
    "cql2-text",
    st.sampled_from(
        [
            "id IS NOT NULL",
            "id LIKE 'Q%'",
            "NOT (id = 'x')",
            "id IN ('a','b') OR id BETWEEN 'a' AND 'b'",
            "CASEI(id) = CASEI('QHSDD21AG-2-1')",
            "ACCENTI(id) <> ACCENTI('Đ')",
            "S_INTERSECTS(geometry, BBOX(104.8,21.6,104.9,21.7))",
        ]
    ),
)
# A parcel: the corner table of a land certificate, or GeoJSON.
schemathesis.openapi.format("day-before-today", days.filter(lambda day: day < "2024"))
schemathesis.openapi.format(
    "parcel",
    st.sampled_from(
        [
            "2401500 508000\n2401500 508030\n2401480 508030\n2401480 508000",
            '{"type":"Polygon","coordinates":[[[104.87,21.7],[104.871,21.7],[104.871,21.701],[104.87,21.7]]]}',
        ]
    ),
)
schemathesis.openapi.format("http-date", st.just("Mon, 01 Apr 2024 00:00:00 GMT"))


def numbers(value):
    """The numbers of a box, as a list or joined by commas; none where it is something else."""
    parts = value.split(",") if isinstance(value, str) else value
    try:
        return [float(part) for part in parts] if isinstance(parts, list) else None
    except (TypeError, ValueError):
        return None


def ranges(query):
    """Limits of the two axes of a system, in its order."""
    system = str(query.get("bbox-crs") or "")
    if system.endswith("/4326"):
        return (-90, 90), (-180, 180)
    if system.endswith("/CRS84") or not system:
        return (-180, 180), (-90, 90)
    return (0, 1_000_000), (0, 3_000_000)


def pair_up(fields):
    """A half of a position is no position: the other half goes too. Metres are brought into the city."""
    for one, other in (("lon", "lat"), ("e", "n")):
        if (one in fields) != (other in fields):
            fields.pop(one, None)
            fields.pop(other, None)
    for name, (low, high) in (("e", (511_000, 514_000)), ("n", (2_399_000, 2_402_000))):
        if isinstance(fields.get(name), (int, float)):
            fields[name] = min(max(fields[name], low), high)


@schemathesis.hook
def map_case(context, case):
    """JSON Schema cannot say that a box's lower corner comes first, nor where the earth ends: boxes of
    numbers are put in order and into the range of their system, which leaves their variety.

    Nor can it say that a filter is written in the language that `filter-lang` names: ours are text;
    nor that a position has two halves, nor that JSON of `/here` wants a place (a page is a form for one)."""
    query = case.query or {}
    pair_up(query)
    if case.path == "/here" and not any(str(query.get(name, "")).strip() for name in ("lon", "e", "unit", "place", "parcel")):
        query["f"] = "html"
        case.query = query
        if isinstance(case.body, dict):
            case.body.pop("f", None)
    if isinstance(case.body, dict):
        pair_up(case.body)
    box = numbers(query.get("bbox"))
    if box and len(box) in (4, 6):
        half = len(box) // 2
        for axis, (low, high) in enumerate(ranges(query)):
            a, b = sorted(min(max(box[i], low), high) for i in (axis, axis + half))
            box[axis], box[axis + half] = a, b
        query["bbox"] = ",".join(str(part) for part in box)
    if query.get("filter-lang") == "cql2-json" and "filter" in query:
        query["filter-lang"] = "cql2-text"
    return case


# Fields that a page's form has, each with a value that chooses nothing.
CHOICES = ("f", "unit", "procedure", "kind", "pays", "due")


def is_left_empty(value):
    """True for a field that nobody filled: what a sentence ends in, after an address that was copied, is no value."""
    values = value if isinstance(value, list) else [value]
    bare = [re.split("[?&;#]", one)[0] for one in values if isinstance(one, str)]
    return any(not one.strip(" .,:!)]}>\"'…”’»") for one in bare)


@schemathesis.hook
def filter_case(context, case):
    """A polygon cannot be told from other lists of numbers by a schema: JSON bodies of `/here` are left out.
    So are choices of a page that were left empty: pages take them for none.

    Two answers contradict what the schema seems to say, because the standard wants both:

    - a `limit` above the maximum is clamped, not refused (OGC 17-069r4, requirement 22);
    - `bbox` must be declared with minItems 4 and maxItems 6 (OGC 17-069r4, requirement 23), which
      lets five numbers through the schema that are no box.
    """
    if case.path == "/here" and case.media_type == "application/geo+json":
        return False
    query = case.query or {}
    if any(is_left_empty(query.get(name, "x")) for name in CHOICES):
        return False
    limit, box = str(query.get("limit")), numbers(query.get("bbox"))
    return not (limit.isdigit() and int(limit) > 10_000) and not (box and len(box) == 5)
