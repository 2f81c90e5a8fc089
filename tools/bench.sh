#!/usr/bin/env bash
# The figures of docs/performance.md: each a ratio of two things in one run.
# Needs what tools/test.sh installs, and nginx and wrk, which it installs too. Loopback only.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf '== %s\n' "$*" >&2; }

missing=()
command -v nginx > /dev/null || missing+=(nginx-light)
command -v wrk > /dev/null || missing+=(wrk)
[ -d /usr/lib/postgresql ] || missing+=(postgresql)
if [ ${#missing[@]} -gt 0 ]; then
    say "installing ${missing[*]}"
    sudo=""
    [ "$(id -u)" = 0 ] || sudo=sudo
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
fi

say "building"
cargo build --release --locked --quiet
work=$(mktemp -d)
chmod 755 "$work"
cleanup() {
    [ -n "${server:-}" ] && kill "$server" 2> /dev/null || true
    nginx -p "$work" -c "$work/nginx.conf" -s stop 2> /dev/null || true
    [ -n "${pg:-}" ] && $run "$pg/pg_ctl" -D "$work/pg/data" -m immediate stop > /dev/null 2>&1 || true
    rm -rf "$work"
}
trap cleanup EXIT

if [ "${1:-}" != http ]; then
    pg=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
    run=""
    mkdir "$work/pg"
    if [ "$(id -u)" = 0 ]; then
        chown postgres "$work/pg"
        run="runuser -u postgres --"
    fi
    $run "$pg/initdb" -D "$work/pg/data" -U bangtin -A trust -E UTF8 --locale=C > /dev/null
    $run "$pg/pg_ctl" -D "$work/pg/data" -w -l "$work/pg/log" \
        -o "-p 54331 -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200" start > /dev/null
    BANGTIN_TEST_POSTGRES="postgres://bangtin@127.0.0.1:54331/postgres" cargo bench --locked --quiet --bench figures
    $run "$pg/pg_ctl" -D "$work/pg/data" -m immediate stop > /dev/null 2>&1
    pg=""
    cargo bench --locked --quiet --bench resident
else
    printf '| what | ours | beside it | ratio | goal |\n|---|---|---|---|---|\n'
fi

# The page and the whole plan, beside nginx with the same bytes and headers.
target/release/bangtin demo --data "$work/data" --listen 127.0.0.1:18080 > "$work/out" 2>&1 &
server=$!
for _ in $(seq 300); do
    curl -fs -o /dev/null http://127.0.0.1:18080/healthz && break
    sleep 0.1
done
sleep 2
resident=$(awk '/VmRSS/ { printf "%.0f", $2 / 1024 }' "/proc/$server/status")
code=QHSDD21AG
mkdir "$work/html"
locations=""
for path in "q/$code" "q/$code.geojson"; do
    name=$(echo "$path" | tr '/.' '__')
    curl -fs -D "$work/$name.head" -o "$work/html/$name" "http://127.0.0.1:18080/$path"
    headers=$(grep -iE '^(content-security-policy|vary|cache-control|referrer-policy|x-content-type|access-control)' "$work/$name.head" |
        tr -d '\r' | sed -E 's/^([^:]+): (.*)$/add_header \1 "\2";/')
    type=$(grep -i '^content-type' "$work/$name.head" | tr -d '\r' | sed 's/^[^:]*: //')
    locations="$locations location = /$path { default_type \"$type\"; types { } alias $work/html/$name; $headers }"
done
cat > "$work/nginx.conf" << E
worker_processes auto;
pid $work/nginx.pid;
error_log $work/error.log;
events { worker_connections 1024; }
http {
    access_log off; sendfile on; tcp_nopush on;
    open_file_cache max=100 inactive=1h; open_file_cache_valid 1h;
    keepalive_timeout 1h; keepalive_requests 100000000;
    client_body_temp_path $work; proxy_temp_path $work; fastcgi_temp_path $work; uwsgi_temp_path $work; scgi_temp_path $work;
    server { listen 127.0.0.1:18081; $locations }
}
E
nginx -p "$work" -c "$work/nginx.conf"
rate() { wrk -t2 -c8 -d4s "http://127.0.0.1:$1/$2" | awk '/Requests\/sec/ { print $2 }'; }
for path in "q/$code" "q/$code.geojson"; do
    # In turn, so that a noisy machine troubles both.
    ours="" theirs=""
    for _ in 1 2 3; do
        ours="$ours $(rate 18080 "$path")"
        theirs="$theirs $(rate 18081 "$path")"
    done
    ours=$(echo "$ours" | tr ' ' '\n' | grep . | sort -n | sed -n 2p)
    theirs=$(echo "$theirs" | tr ' ' '\n' | grep . | sort -n | sed -n 2p)
    bytes=$(stat -c %s "$work/html/$(echo "$path" | tr '/.' '__')")
    awk -v p="/$path" -v b="$bytes" -v o="$ours" -v t="$theirs" \
        'BEGIN { printf "| requests/s, %s (%d bytes), 8 connections ÷ nginx | %.0f | %.0f | %.2f | ≥ 0.75 |\n", p, b, o, t, o / t }'
done

# A slow phone on a slow network; tests/clients has the browser's driver once the tests have run.
if [ -d tests/clients/node_modules/playwright-core ]; then
    node benches/phone.mjs http://127.0.0.1:18080 "/q/$code" "/q/QHXD2200H?unit=04252-2025" /q/NKTM20267 /nearest "/here?lon=104.8712&lat=21.7071"
fi
echo "| resident memory, demo city, idle, MiB | $resident | | | ≤ 40 |"

if [ "${1:-}" != http ]; then
    tools/bench_import.sh
fi
