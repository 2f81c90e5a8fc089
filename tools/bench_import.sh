#!/usr/bin/env bash
# Imports beside ogr2ogr → PostGIS: the same file, one after the other, in one run; the time of ours
# ends when a running server has answered with the page, a bbox and an item. Also peak memory, and
# how the checks grow. `tools/bench_import.sh [ZONES]`, 100,000 unless told. Loopback only.
set -euo pipefail
cd "$(dirname "$0")/.."
zones=${1:-100000}
say() { printf '== %s\n' "$*" >&2; }
missing=()
for need in ogr2ogr:gdal-bin zip:zip curl:curl python3:python3 bc:bc; do
    command -v "${need%%:*}" > /dev/null || missing+=("${need##*:}")
done
[ -d /usr/lib/postgresql ] || missing+=(postgresql)
ls /usr/share/postgresql/*/extension/postgis.control > /dev/null 2>&1 || missing+=(postgresql-postgis)
[ -x /usr/bin/time ] || missing+=(time)
if [ ${#missing[@]} -gt 0 ]; then
    say "installing ${missing[*]}"
    sudo=""
    [ "$(id -u)" = 0 ] || sudo=sudo
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
fi
say "building"
cargo build --release --locked --quiet --bin bangtin --example generate_plan
bangtin=$PWD/target/release/bangtin
work=$(mktemp -d)
chmod 755 "$work"
pg=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
run=""
server=""
cleanup() {
    [ -n "$server" ] && kill "$server" 2> /dev/null || true
    $run "$pg/pg_ctl" -D "$work/pg/data" -m immediate stop > /dev/null 2>&1 || true
    rm -rf "$work"
}
trap cleanup EXIT
mkdir "$work/pg"
if [ "$(id -u)" = 0 ]; then
    chown postgres "$work/pg"
    run="runuser -u postgres --"
fi
$run "$pg/initdb" -D "$work/pg/data" -U bangtin -A trust -E UTF8 --locale=C > /dev/null
$run "$pg/pg_ctl" -D "$work/pg/data" -w -l "$work/pg/log" \
    -o "-p 54332 -c listen_addresses=127.0.0.1 -c unix_socket_directories=''" start > /dev/null
sql() { "$pg/psql" -q -h 127.0.0.1 -p 54332 -U bangtin -d "$1" -c "$2" > /dev/null; }
sql postgres 'CREATE DATABASE gis'
sql gis 'CREATE EXTENSION postgis'

say "a plan of $zones zones"
target/release/examples/generate_plan "$zones" "$work/vn2000.geojson" 1
target/release/examples/generate_plan "$zones" "$work/wgs84.geojson" 1 wgs84
ogr2ogr -f "ESRI Shapefile" "$work/shp" "$work/vn2000.geojson" -nln zones -a_srs EPSG:9208 -lco ENCODING=UTF-8
(cd "$work/shp" && zip -q ../vn2000.zip zones.*)
ogr2ogr -f GPKG "$work/vn2000.gpkg" "$work/vn2000.geojson" -nln zones -a_srs EPSG:9208

now() { date +%s.%N; }
options=(--title Bench --kind land-use-plan --authority UBND --signed 2024-01-01 --effective-from 2024-02-01)
ours() {
    rm -rf "$work/data"
    "$bangtin" demo --data "$work/data" --listen 127.0.0.1:18081 > /dev/null 2>&1 &
    server=$!
    until curl -fs -o /dev/null http://127.0.0.1:18081/q/QHSDD21AG; do sleep 0.1; done
    sleep 1
    local began published code page
    began=$(now)
    /usr/bin/time -f %M -o "$work/peak" "$bangtin" import plan "$1" "${options[@]}" --decision 1/QD --data "$work/data" --json \
        > "$work/out" 2> /dev/null
    code=$(grep -o '"code":"[0-9A-Z]*"' "$work/out" | head -1 | cut -d'"' -f4)
    until curl -fs -o /dev/null "http://127.0.0.1:18081/q/$code"; do sleep 0.01; done
    curl -fs -o /dev/null "http://127.0.0.1:18081/collections/zones/items?bbox=104.87,21.70,104.872,21.702"
    curl -fs -o /dev/null "http://127.0.0.1:18081/collections/zones/items/$code-1-5"
    seconds=$(echo "$(now) - $began" | bc)
    blob=$(curl -fs "http://127.0.0.1:18081/q/$code.geojson" | wc -c)
    kill "$server"
    wait "$server" 2> /dev/null || true
    server=""
}
theirs() {
    local began source=$1
    case $1 in *.zip) source=/vsizip/$1 ;; esac
    began=$(now)
    ogr2ogr -f PostgreSQL "PG:host=127.0.0.1 port=54332 user=bangtin dbname=gis" "$source" -nln bench -nlt PROMOTE_TO_MULTI \
        -lco GEOMETRY_NAME=geom -overwrite "${@:2}"
    seconds=$(echo "$(now) - $began" | bc)
}
median() { sort -n | sed -n 2p; }
printf '| %s zones | ours, s | ogr2ogr → PostGIS, s | ratio | goal | peak memory ÷ canonical blob |\n|---|---|---|---|---|---|\n' "$zones"
row() {
    local name=$1 file=$2 goal=$3 a=() b=() peaks=()
    for _ in 1 2 3; do
        ours "$file"
        a+=("$seconds")
        peaks+=("$(cat "$work/peak")")
        theirs "$file" "${@:4}"
        b+=("$seconds")
    done
    local x y peak
    x=$(printf '%s\n' "${a[@]}" | median)
    y=$(printf '%s\n' "${b[@]}" | median)
    peak=$(printf '%s\n' "${peaks[@]}" | sort -n | tail -1)
    python3 - "$name" "$x" "$y" "$goal" "$peak" "$blob" << 'PY'
import sys
name, x, y, goal, peak, blob = sys.argv[1:]
x, y = float(x), float(y)
print(f"| {name} | {x:.2f} | {y:.2f} | {x / y:.2f} | ≤ {goal} | {int(peak) * 1024 / int(blob):.1f} |")
PY
}
row "GeoJSON, WGS 84" "$work/wgs84.geojson" 0.5
row "Shapefile (zip), VN-2000" "$work/vn2000.zip" 0.6 -t_srs EPSG:4326
row "GeoPackage, VN-2000" "$work/vn2000.gpkg" 0.6 -t_srs EPSG:4326

say "an urban plan of 20,000 lots and 8,000 lines"
target/release/examples/generate_plan 20000 "$work/urban.geojson" 1
ogr2ogr -f GPKG "$work/urban.gpkg" "$work/urban.geojson" -a_srs EPSG:9208 -nln PhanOQuyHoach_A -nlt PROMOTE_TO_MULTI -dialect SQLite \
    -sql "SELECT *, 'A-' || rowid AS KyHieuLoDat, '1-5' AS SoTangToiDa, '60' AS MatDoXD FROM urban"
ogr2ogr -f GPKG -update "$work/urban.gpkg" "$work/urban.geojson" -a_srs EPSG:9208 -nln ChiGioiDuongDo_L -nlt LINESTRING -dialect SQLite \
    -sql "SELECT ST_Line_Substring(ST_ExteriorRing(geometry), 0, 0.25) AS geometry, 'Đường ' || rowid AS TenDuong FROM urban
          WHERE ST_GeometryType(geometry) = 'POLYGON' LIMIT 8000"
kept=("${options[@]}")
options=(--title Bench --kind zoning-plan --authority UBND --signed 2024-01-01 --effective-from 2024-02-01)
theirs() {
    local began
    began=$(now)
    ogr2ogr -f PostgreSQL "PG:host=127.0.0.1 port=54332 user=bangtin dbname=gis" "$1" -nlt PROMOTE_TO_MULTI -lco GEOMETRY_NAME=geom \
        -overwrite "${@:2}"
    seconds=$(echo "$(now) - $began" | bc)
}
row "GeoPackage, lots and lines" "$work/urban.gpkg" 0.6 -t_srs EPSG:4326
options=("${kept[@]}")

say "ten times as many zones"
check() {
    local began
    began=$(now)
    "$bangtin" import plan "$1" "${options[@]}" --decision 1/QD --data "$work/data" --dry-run --json > /dev/null 2>&1
    echo "$(now) - $began" | bc
}
target/release/examples/generate_plan $((zones * 10)) "$work/ten.geojson" 1
one=$(for _ in 1 2 3; do check "$work/vn2000.geojson"; done | median)
ten=$(check "$work/ten.geojson")
printf '| checks only, ten times the zones | %.2f | %.2f (one time) | %.1f | ≤ 12 | |\n' "$ten" "$one" "$(echo "$ten / $one" | bc -l)"
