#!/usr/bin/env bash
# What it costs to count readings, and how many of them killed processes lose: `tools/bench_scans.sh [REQUESTS]`, a million
# readings of the demo city's items where not told, over ten kills. Loopback only.
set -euo pipefail
cd "$(dirname "$0")/.."
wanted=${1:-1000000}
kills=10
missing=()
for need in wrk:wrk sqlite3:sqlite3 curl:curl; do
    command -v "${need%%:*}" > /dev/null || missing+=("${need##*:}")
done
if [ ${#missing[@]} -gt 0 ]; then
    sudo=""
    [ "$(id -u)" = 0 ] || sudo=sudo
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
fi
[ -n "${BANGTIN:-}" ] || cargo build --release --locked --quiet
bangtin=${BANGTIN:-target/release/bangtin}
work=$(mktemp -d)
server=""
trap 'kill -9 $server 2> /dev/null || true; rm -rf "$work"' EXIT
at=127.0.0.1:18082
# The address from which all readings come, for the proxy before the program; no file may hold it.
address=203.0.113.77
phone="Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"

serve() {
    "$bangtin" "$1" --behind-proxy --data "$work/data" --listen "$at" >> "$work/out" 2>&1 &
    server=$!
    for _ in $(seq 300); do
        curl -fs -o /dev/null "http://$at/healthz" && return
        sleep 0.1
    done
    tail "$work/out" >&2
    exit 1
}
# The pages of all items that are shown, and of what hangs on boards.
serve demo
grep -oE '"code": "[A-Z0-9]{9}"' fixtures/commands.jsonl | cut -d'"' -f4 | sort -u | while read -r code; do
    curl -fs -o /dev/null "http://$at/q/$code" && echo "/q/$code"
done > "$work/paths"
echo /q/QHSDD21AG.B1F >> "$work/paths"
cat > "$work/read.lua" << 'LUA'
local paths, headers = {}, {
    ["accept"] = "text/html", ["accept-language"] = "vi-VN", ["user-agent"] = os.getenv("AGENT"),
    ["x-forwarded-for"] = os.getenv("ADDRESS"), ["cookie"] = "khach=8f14e45fceea167a",
}
for path in io.lines(os.getenv("PATHS")) do paths[#paths + 1] = path end
local next = 0
request = function()
    next = next % #paths + 1
    return wrk.format("GET", paths[next], headers)
end
LUA
# Readings for so many seconds, by 8 connections; gives how many were answered, and how many in a second.
readings() {
    AGENT=$2 ADDRESS=$address PATHS=$work/paths wrk -t1 -c8 -d"$1" -s "$work/read.lua" "http://$at" |
        awk '/requests in/ { all = $1 } /Requests\/sec/ { print all, $2 }'
}
counted() { sqlite3 "$work/data/bangtin.sqlite" "SELECT coalesce(sum(readings), 0) FROM scans"; }

# What counting costs: the same pages, in turn as a person and as a program, whose readings do not count.
readings 3s "$phone" > /dev/null
people="" programs=""
for _ in 1 2 3 4 5; do
    people="$people $(readings 4s "$phone" | cut -d' ' -f2)"
    programs="$programs $(readings 4s "$phone bot" | cut -d' ' -f2)"
done
middle() { echo "$1" | tr ' ' '\n' | grep . | sort -n | sed -n 3p; }
rate=$(middle "$people")
awk -v p="$rate" -v b="$(middle "$programs")" 'BEGIN { printf "| requests/s, counted ÷ not counted | %.0f | %.0f | %.3f | ≥ 0.98 |\n", p, b, p / b }'

# Ten kills, each in the middle of readings.
sleep 2
before=$(counted)
answered=0
seconds=$(awk -v all="$wanted" -v rate="$rate" -v kills="$kills" 'BEGIN { printf "%d", all / rate / kills + 1 }')
for kill in $(seq "$kills"); do
    readings "${seconds}s" "$phone" > "$work/answered" &
    reader=$!
    sleep "$seconds"
    kill -9 "$server"
    { wait "$reader" "$server" || true; } 2> /dev/null
    answered=$((answered + $(cut -d' ' -f1 "$work/answered")))
    serve serve
done
sleep 2
awk -v a="$answered" -v c="$(($(counted) - before))" -v k="$kills" \
    'BEGIN { printf "| readings counted ÷ answered, %d kills | %d | %d | %.4f | ≥ 0.99 |\n", k, c, a, c / a }'
for trace in "$address" "Android 10; K" 8f14e45fceea167a; do
    if grep -rqF "$trace" "$work/data" "$work/out"; then
        echo "“$trace” is on the disk" >&2
        exit 1
    fi
done
echo "| files with the reader's address, device or cookie | 0 | | | 0 |"
