# Recipes; CI runs the same scripts.

default:
    @just --list

# the demo city on http://127.0.0.1:8080
demo:
    cargo run --release -- demo

# everything the tests need, and the tests
test *arguments:
    tools/test.sh {{arguments}}

# what CI runs
ci:
    .ci/run

# the figures of docs/performance.md
bench:
    tools/bench.sh

# imports beside ogr2ogr → PostGIS only
bench-import *zones:
    tools/bench_import.sh {{zones}}

# map clients beside nginx and MapServer
bench-serve *zones:
    benches/serve/run.sh {{zones}}

# the small files of every format anew
formats:
    tests/make_formats.sh

# write the event schemas anew
bless:
    BLESS=1 cargo test --locked --test suite contract

# licences and advisories of what we depend on (needs cargo-deny)
deny:
    cargo deny check

# the demo city's commands anew
fixtures:
    python3 fixtures/make_commands.py
