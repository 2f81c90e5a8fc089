#!/usr/bin/env bash
# How fast map clients are served, each figure beside nginx (and MapServer, where it can be had) in
# the same run: `benches/serve/run.sh [ZONES]`. The machine may be noisy: the two take turns, second by
# second (SECONDS_EACH, ROUNDS), and the ratio is the median of the pairs'. Clients differ: each row is counted
# with 1 and 2 client threads and 8 and 64 connections, and shows the worst of these four shapes. For growth run
# it again with `ONLY_BOX=1 CACHE_MB=4096 benches/serve/run.sh 1000000` and compare the first rows. Loopback only.
set -euo pipefail
cd "$(dirname "$0")/../.."
zones=${1:-100000}
seconds=${SECONDS_EACH:-1}
rounds=${ROUNDS:-3}
shapes=("1 8" "1 64" "2 8" "2 64")
threads=2 connections=8
say() { printf '== %s\n' "$*" >&2; }

missing=()
command -v nginx > /dev/null || missing+=(nginx-light)
command -v wrk > /dev/null || missing+=(wrk)
command -v ogr2ogr > /dev/null || missing+=(gdal-bin)
command -v mapserv > /dev/null || [ -x /usr/lib/cgi-bin/mapserv ] || missing+=(cgi-mapserver)
command -v shptree > /dev/null || missing+=(mapserver-bin)
command -v spawn-fcgi > /dev/null || missing+=(spawn-fcgi)
if [ ${#missing[@]} -gt 0 ]; then
    say "installing ${missing[*]}"
    sudo=""
    [ "$(id -u)" = 0 ] || sudo=sudo
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
fi
say "building"
cargo build --release --locked --quiet
cargo build --release --locked --quiet --example generate_plan

work=$(mktemp -d)
chmod 755 "$work"
bangtin=$PWD/target/release/bangtin
base=http://127.0.0.1:18080
cleanup() {
    [ -z "${server:-}" ] || kill "$server" 2> /dev/null || true
    # MapServer's processes end at a request only.
    for pid in ${peers:-}; do kill -9 "$pid" 2> /dev/null || true; done
    nginx -p "$work" -c "$work/nginx.conf" -s stop 2> /dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT

say "making and publishing a plan of $zones zones, and one of 2,000"
target/release/examples/generate_plan "$zones" "$work/plan.geojson" 11 wgs84 2> /dev/null
target/release/examples/generate_plan 2000 "$work/small.geojson" 12 wgs84 2> /dev/null
"$bangtin" serve --data "$work/data" --city fixtures/yen-bai.toml --public-url "$base" --listen 127.0.0.1:18080 --cache-mb "${CACHE_MB:-512}" > "$work/out" 2>&1 &
server=$!
until curl -fs -o /dev/null "$base/readyz"; do sleep 0.1; done
publish() {
    "$bangtin" import plan "$1" --title "Bench $2" --kind land-use-plan --authority UBND --decision "$2/QD" --signed 2024-01-01 \
        --effective-from "$3" --data "$work/data" --json 2> /dev/null | grep -o '"code":"[0-9A-Z]*"' | head -1 | cut -d'"' -f4
}
# The small plan is not in force: the boxes hold zones of the large one only.
small=$(publish "$work/small.geojson" 1 2090-01-01)
large=$(publish "$work/plan.geojson" 2 2024-02-01)
until curl -fs -o /dev/null "$base/q/$large.json"; do sleep 0.1; done

# Boxes of about 90 zones, never the same twice: the plan covers a square.
read -r west south east north <<< "$(ogrinfo -so -al "$work/plan.geojson" | sed -n 's/^Extent: (\(.*\), \(.*\)) - (\(.*\), \(.*\))/\1 \2 \3 \4/p')"
cat > "$work/box.lua" << L
local west, south, east, north = $west, $south, $east, $north
local side = math.sqrt(tonumber(os.getenv("PART")) / $zones)
local w, h = (east - west) * side, (north - south) * side
local thread = 0
function setup(t) t:set("id", thread); thread = thread + 1 end
function init(args) math.randomseed(7919 * (id + 1)) end
function request()
  local x, y = west + math.random() * (east - west - w), south + math.random() * (north - south - h)
  local path = string.format(os.getenv("ADDRESS"), x, y, x + w, y + h)
  return wrk.format("GET", path)
end
-- How often a connection waits for a millisecond before it asks again.
if os.getenv("PAUSE") then
  function delay() return math.random() < tonumber(os.getenv("PAUSE")) and 1 or 0 end
end
function done(summary, latency) io.write(string.format("p99 %.0f us bytes %d requests %d errors %d\n", latency:percentile(99), summary.bytes, summary.requests, summary.errors.status)) end
L
cat > "$work/id.lua" << L
math.randomseed(5)
function request() return wrk.format("GET", string.format("%s$large-1-%d", os.getenv("BEFORE"), math.random(1, $zones))) end
L
cat > "$work/tile.lua" << L
local z, n = 14, 2 ^ 14
local function col(lon) return math.floor((lon + 180) / 360 * n) end
local function row(lat) local r = math.rad(lat); return math.floor((1 - math.log(math.tan(r) + 1 / math.cos(r)) / math.pi) / 2 * n) end
local c1, c2, r1, r2 = col($west) + 1, col($east) - 1, row($north) + 1, row($south) - 1
math.randomseed(5)
function request() return wrk.format("GET", string.format("%s14/%d/%d", os.getenv("BEFORE"), math.random(r1, r2), math.random(c1, c2))) end
L
# Requests a second of a script, or an address, at a port. Where ours has a script, the others run the
# same one: making an address costs the client time too.
one() { wrk -t"$threads" -c"$connections" -d"${seconds}s" "${@:2}" "http://127.0.0.1:$1" 2> /dev/null | tee "$work/last" | awk '/Requests\/sec/ { print $2 }'; }
row() { awk -v w="$1" -v o="$2" -v t="$3" -v g="$4" 'BEGIN { printf "| %s | %.0f | %.0f | %.2f | %s |\n", w, o, t, t ? o / t : 0, g }'; }
middle() { sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
# against WHAT GOAL OURS THEIRS: two commands in turns, in every shape of client; the worst shape is shown.
against() {
    : > "$work/shapes"
    for shape in "${shapes[@]}"; do
        read -r threads connections <<< "$shape"
        : > "$work/pairs"
        for _ in $(seq "$rounds"); do echo "$($3) $($4)" >> "$work/pairs"; done
        printf '%s %s %s %s\n' "$(awk '{ print ($2 > 0 ? $1 / $2 : 0) }' "$work/pairs" | middle)" \
            "$(cut -d' ' -f1 "$work/pairs" | middle)" "$(cut -d' ' -f2 "$work/pairs" | middle)" "${threads}x$connections" >> "$work/shapes"
    done
    threads=2 connections=8
    read -r ratio ours theirs shape <<< "$(sort -n "$work/shapes" | head -1)"
    printf '| %s (%s) | %.0f | %.0f | %.2f | %s |\n' "$1" "$shape" "$ours" "$theirs" "$ratio" "$2"
}

export PART=66 ADDRESS="/collections/zones/items?limit=1000&bbox=%.7f,%.7f,%.7f,%.7f"
POINT="/collections/zones/items?bbox=%.7f,%.7f,%.7f,%.7f"
FILTERED="/collections/zones/items?limit=1000&filter=land_use%%20%%3D%%20%%27LUC%%27%%20AND%%20area_ha%%20%%3E%%201&bbox=%.7f,%.7f,%.7f,%.7f"
cx=$(awk "BEGIN { print ($west + $east) / 2 }") cy=$(awk "BEGIN { print ($south + $north) / 2 }")
w=$(awk "BEGIN { print ($east - $west) * sqrt($PART / $zones) }") h=$(awk "BEGIN { print ($north - $south) * sqrt($PART / $zones) }")
query=$(awk "BEGIN { printf \"%.7f,%.7f,%.7f,%.7f\", $cx, $cy, $cx + $w, $cy + $h }")
mkdir "$work/html"
curl -fs -o "$work/html/box" "$base/collections/zones/items?limit=1000&bbox=$query"
curl -fs -o "$work/html/id" "$base/collections/zones/items/$large-1-77"
curl -fs -H 'accept-encoding: gzip' -o "$work/html/plan.gz" "$base/q/$small.geojson"
curl -fs -o "$work/html/plan" "$base/q/$small.geojson"
touch -r "$work/html/plan" "$work/html/plan.gz"
curl -fs -H 'accept-encoding: gzip' -o "$work/html/page.gz" "$base/q/$small"
curl -fs -o "$work/html/page" "$base/q/$small"
touch -r "$work/html/page" "$work/html/page.gz"
python3 - "$west" "$south" "$east" "$north" > "$work/all_tiles" << 'P'
import math, sys
west, south, east, north = map(float, sys.argv[1:])
for zoom in (14, 16):
    n = 2 ** zoom
    column = lambda lon: int((lon + 180) / 360 * n)
    row = lambda lat: int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n)
    for r in range(row(north) + 1, row(south)):
        for c in range(column(west) + 1, column(east)):
            print(f"{zoom}/{r}/{c}")
P
tile_at="14/$(awk "BEGIN { r = $cy * 3.14159265 / 180; print int((1 - log(sin(r) / cos(r) + 1 / cos(r)) / 3.14159265) / 2 * 16384) }")/$(awk "BEGIN { print int(($cx + 180) / 360 * 16384) }")"
curl -fs -o "$work/html/tile" "$base/collections/zones/tiles/WebMercatorQuad/$tile_at"
found=$(grep -o '"numberReturned":[0-9]*' "$work/html/box" | cut -d: -f2)
bytes() { stat -c %s "$work/html/$1"; }
cat > "$work/nginx.conf" << E
worker_processes auto; pid $work/nginx.pid; error_log $work/error.log; events { worker_connections 1024; }
http {
    access_log off; sendfile on; tcp_nopush on; open_file_cache max=100 inactive=1h; open_file_cache_valid 1h;
    keepalive_timeout 1h; keepalive_requests 100000000; default_type application/geo+json;
    client_body_temp_path $work; proxy_temp_path $work; fastcgi_temp_path $work; uwsgi_temp_path $work; scgi_temp_path $work;
    server { listen 127.0.0.1:18081; root $work/html; gzip_static on;
        location ~ ^/ogcapi(/[a-z]+)(/.*)$ { include /etc/nginx/fastcgi_params; fastcgi_param PATH_INFO \$1/ogcapi\$2; fastcgi_param SCRIPT_NAME ""; fastcgi_pass fcgi; }
    }
    upstream fcgi { server 127.0.0.1:18082; server 127.0.0.1:18083; }
}
E
nginx -p "$work" -c "$work/nginx.conf"
printf '| what (%s zones) | ours | beside it | ratio | goal |\n|---|---|---|---|---|\n' "$zones"
say "boxes of $found zones, $(bytes box) bytes"
box() { one 18080 -s "$work/box.lua"; }
file() { ADDRESS="/box?$ADDRESS" one 18081 -s "$work/box.lua"; }
zipped() { one 18080 -s "$work/box.lua" -H 'Accept-Encoding: gzip'; }
filtered() { ADDRESS="$FILTERED" one 18080 -s "$work/box.lua"; }
against "bbox of $found zones, $(bytes box) bytes ÷ nginx, one file" "≥ 0.28" box file
[ -z "${ONLY_BOX:-}" ] || exit 0
# Each zone's text is compressed once, when it is first asked for so; that is not what is measured here.
curl -fs -H 'accept-encoding: gzip' -o /dev/null "$base/collections/zones/download.geojson"
against "the same as gzip ÷ uncompressed" "≥ 0.6" zipped box
gzip_bytes=$(curl -fs -H 'accept-encoding: gzip' "$base/collections/zones/items?limit=1000&bbox=$query" | wc -c)
row "bytes of the gzip answer ÷ uncompressed" "$gzip_bytes" "$(bytes box)" "≤ 0.4"
row "bytes of the gzip answer ÷ gzip -1 of the whole" "$gzip_bytes" "$(gzip -1 < "$work/html/box" | wc -c)" ""
against "CQL2 land_use = 'LUC' AND area_ha > 1 with bbox ÷ bbox" "≥ 0.3" filtered box
# How long one takes: with both cores busy, when much of it is their scheduler's time slice, and at about
# the rate of the goal.
points() {
    for _ in $(seq "$rounds"); do
        echo "$(PART=0 ADDRESS="$POINT" one 18080 -s "$work/box.lua") $(sed -n 's/^p99 \([0-9]*\) us.*/\1/p' "$work/last")"
    done > "$work/$1"
}
points busy
PAUSE=0.2 points calm
row "point in zones, all plans, a second" "$(cut -d' ' -f1 "$work/busy" | middle)" 20000 "≥ 1"
row "the same at $(cut -d. -f1 "$work/calm" | middle)/s, p99 in µs ÷ 2,000" "$(cut -d' ' -f2 "$work/calm" | middle)" 2000 "≤ 1"
row "the same with both cores busy, p99 in µs ÷ 2,000" "$(cut -d' ' -f2 "$work/busy" | middle)" 2000 "≤ 1"
feature() { BEFORE=/collections/zones/items/ one 18080 -s "$work/id.lua"; }
feature_file() { BEFORE=/id? one 18081 -s "$work/id.lua"; }
against "feature by id, $(bytes id) bytes ÷ nginx" "≥ 0.5" feature feature_file
plan() { one "18080/q/$small.geojson" -H 'Accept-Encoding: gzip'; }
plan_file() { one 18081/plan -H 'Accept-Encoding: gzip'; }
against "whole plan of 2,000 zones, gzip, $(bytes plan.gz) bytes ÷ nginx gzip_static" "≥ 0.5" plan plan_file

page() { one "18080/q/$small" -H 'Accept-Encoding: gzip'; }
page_file() { one 18081/page -H 'Accept-Encoding: gzip'; }
against "page, gzip, $(bytes page.gz) bytes ÷ nginx gzip_static" "≥ 0.75" page page_file

# Everything that people ask for at once, from 64 connections: alone, and beside three imports of 20,000 zones and
# ten posters.
cat > "$work/mix.lua" << L
local west, south, east, north = $west, $south, $east, $north
local side = math.sqrt(66 / $zones)
local w, h = (east - west) * side, (north - south) * side
local thread = 0
function setup(t) t:set("id", thread); thread = thread + 1 end
function init(args) math.randomseed(104729 * (id + 1)) end
local function at(low, high, size) return low + math.random() * (high - low - size) end
local asks = {
  function() return "/q/$large" end,
  function() return "/q/$small" end,
  function() local x, y = at(west, east, w), at(south, north, h)
    return string.format("/collections/zones/items?limit=1000&bbox=%.7f,%.7f,%.7f,%.7f", x, y, x + w, y + h) end,
  function() return "/collections/zones/tiles/WebMercatorQuad/$tile_at" end,
  function() return string.format("/here?f=json&lon=%.5f&lat=%.5f", at(west, east, 0), at(south, north, 0)) end,
  function() return string.format("/nearest?kind=ambulance&f=json&lon=%.5f&lat=%.5f", at(west, east, 0), at(south, north, 0)) end,
  function() return "/search?f=json&q=quy%20hoach" end,
}
function request() return wrk.format("GET", asks[math.random(1, #asks)]()) end
function done(summary, latency) io.write(string.format("p99 %.1f errors %d\\n", latency:percentile(99) / 1000, summary.errors.status + summary.errors.timeout + summary.errors.read)) end
L
mix() { wrk -t2 -c64 -d"${1}s" -s "$work/mix.lua" "$base" 2> /dev/null | awk '/Requests\/sec/ { r = $2 } /^p99/ { p = $2; e = $4 } END { print r, p, e }'; }
mix 2 > /dev/null
read -r rate late failed <<< "$(mix 5)"
printf '| mixed load of 64 connections, a second, and its p99 in ms, alone | %.0f | %.1f | %d failed | |\n' "$rate" "$late" "$failed"
token=$("$bangtin" token create --role planner --unit all --data "$work/data" --json 2> /dev/null | grep -o '"secret":"[^"]*"' | cut -d'"' -f4)
target/release/examples/generate_plan 20000 "$work/middle.geojson" 13 wgs84 2> /dev/null
heavy() {
    for _ in 1 2 3; do
        curl -s -o /dev/null -H "authorization: Bearer $token" -F file=@"$work/middle.geojson" "$base/imports" &
    done
    for board in 1 2 3 4 5 6 7 8 9 10; do curl -s -o /dev/null "$base/q/$large/poster.pdf?size=A4&lang=vi&unit=all&n=$board" & done
    wait
}
heavy &
beside=$!
sleep 0.3
read -r rate late failed <<< "$(mix 8)"
wait "$beside" || true
printf '| the same beside three imports of 20,000 zones and ten posters; goal p99 ≤ 60 ms, none failed | %.0f | %.1f | %d failed | |\n' "$rate" "$late" "$failed"

# Cold: every tile of a zoom once, one after the other, before any is kept.
say "tiles of zoom 14, $(bytes tile) bytes"
for zoom in 14 16; do
    cold=$(python3 - "$zoom" "$work/all_tiles" << 'P'
import http.client, sys, time
tiles = [line.strip() for line in open(sys.argv[2]) if line.startswith(sys.argv[1] + "/")]
connection = http.client.HTTPConnection("127.0.0.1", 18080)
def fetch(path):
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    assert answer.status in (200, 204), (path, answer.status)
fetch("/healthz")
began = time.perf_counter()
for tile in tiles:
    fetch("/collections/zones/tiles/WebMercatorQuad/" + tile)
print(len(tiles) / (time.perf_counter() - began))
P
    )
    row "tile at z$zoom (about $((zones / (zoom == 14 ? 25 : 400))) zones), cold, one after the other, a second" "$cold" 300 "≥ 1"
done
tile() { BEFORE=/collections/zones/tiles/WebMercatorQuad/ one 18080 -s "$work/tile.lua"; }
tile_file() { BEFORE=/tile? one 18081 -s "$work/tile.lua"; }
against "tile at z14, warm, $(bytes tile) bytes ÷ nginx" "≥ 0.7" tile tile_file

# Every feature was asked for as gzip by now, or will be: ask for all.
curl -fs -H 'accept-encoding: gzip' -o /dev/null "$base/collections/zones/download.geojson"
resident=$(awk '/VmRSS/ { print $2 * 1024 }' "/proc/$server/status")
cached=$(curl -fs "$base/metrics" | awk '/^bangtin_cached_set_bytes / { print $2 }')
allowed=$(awk "BEGIN { print (1.7 * $cached + 64 * 1048576) / 1048576 }")
row "resident memory, MiB ÷ (1.7 × GeoJSON in the cache + 64 MiB)" "$((resident >> 20))" "$allowed" "≤ 1"

mapserv=$(command -v mapserv || echo /usr/lib/cgi-bin/mapserv)
if [ -x "$mapserv" ] && [ -z "${NO_PEERS:-}" ]; then
    ogr2ogr -f FlatGeobuf "$work/plan.fgb" "$work/plan.geojson" -nln zones 2> /dev/null
    ogr2ogr -f "ESRI Shapefile" "$work/plan.shp" "$work/plan.geojson" -lco ENCODING=UTF-8 2> /dev/null
    shptree "$work/plan.shp" > /dev/null
    map() {
        cat > "$work/$1.map" << M
MAP NAME "$1" EXTENT $west $south $east $north UNITS DD PROJECTION "init=epsg:4326" END
WEB METADATA "oga_enable_request" "*" "oga_onlineresource" "http://127.0.0.1:18081" "oga_title" "bench" END END
LAYER NAME "zones" TYPE POLYGON STATUS ON $2 PROJECTION "init=epsg:4326" END
METADATA "oga_title" "zones" "gml_include_items" "all" "gml_featureid" "STT" "oga_max_limit" "2000" END TEMPLATE "x" END
END
M
    }
    map fgb "CONNECTIONTYPE OGR CONNECTION \"$work/plan.fgb\" DATA \"zones\" PROCESSING \"CLOSE_CONNECTION=DEFER\""
    map shp "DATA \"$work/plan.shp\""
    printf 'CONFIG\nENV\nMS_MAP_PATTERN "."\nEND\nMAPS\nfgb "%s"\nshp "%s"\nEND\nEND\n' "$work/fgb.map" "$work/shp.map" > "$work/mapserver.conf"
    chmod -R a+rX "$work"
    for port in 18082 18083; do
        MAPSERVER_CONFIG_FILE="$work/mapserver.conf" spawn-fcgi -a 127.0.0.1 -p $port -P "$work/$port.pid" -- "$mapserv" > /dev/null
        peers="${peers:-} $(cat "$work/$port.pid")"
    done
    for kind in fgb shp; do
        peer() { ADDRESS="/ogcapi/$kind$ADDRESS&f=json" one 18081 -s "$work/box.lua"; }
        curl -s "http://127.0.0.1:18081/ogcapi/$kind/collections/zones/items?f=json&limit=1000&bbox=$query" | head -c 300 >&2 || true
        [ $kind = fgb ] && with="FlatGeobuf through OGR" || with="its own shapefile reader with an index"
        against "bbox ÷ MapServer, $with, two processes" "≥ 25" box peer
        sed 's/^/   /' "$work/last" >&2
    done
fi
