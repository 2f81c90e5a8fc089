#!/usr/bin/env bash
# Installs what the tests need (Debian packages), starts a PostgreSQL server of their own, and runs
# all tests. Says what it does. Arguments go to cargo test.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '== %s\n' "$*"; }

# program:package
needs=(zbarimg:zbar-tools strace:strace chromium:chromium ogrinfo:gdal-bin cc:gcc python3:python3 node:nodejs npm:npm qpdf:qpdf pdftotext:poppler-utils openssl:openssl glewlwyd:glewlwyd sqlite3:sqlite3 pebble:pebble curl:curl systemd-socket-activate:systemd promtool:prometheus)
missing=()
for need in "${needs[@]}"; do
    command -v "${need%%:*}" > /dev/null || missing+=("${need##*:}")
done
pg_bin() { ls -d /usr/lib/postgresql/*/bin 2> /dev/null | sort -V | tail -1; }
[ -n "$(pg_bin)" ] && [ -x "$(pg_bin)/initdb" ] || missing+=(postgresql)
command -v haproxy > /dev/null || [ -x /usr/sbin/haproxy ] || missing+=(haproxy)
command -v pgbouncer > /dev/null || [ -x /usr/sbin/pgbouncer ] || missing+=(pgbouncer)
fc-list 2> /dev/null | grep -qi dejavu || missing+=(fonts-dejavu-core fontconfig)
[ -d /usr/share/qgis ] && /usr/bin/python3 -c "import qgis.core" 2> /dev/null || missing+=(python3-qgis)
/usr/bin/python3 -c "import venv, ensurepip" 2> /dev/null || missing+=(python3-venv)
if [ ${#missing[@]} -gt 0 ]; then
    say "installing ${missing[*]}"
    sudo=""
    [ "$(id -u)" = 0 ] || sudo=sudo
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
fi

# Map clients: Python packages and browser libraries of fixed versions, kept between runs.
clients=${CARGO_TARGET_DIR:-target}/clients
if ! cmp -s tests/clients/requirements.txt "$clients/requirements.txt"; then
    say "installing Python map clients"
    rm -rf "$clients"
    /usr/bin/python3 -m venv "$clients"
    "$clients/bin/pip" install --quiet --disable-pip-version-check -r tests/clients/requirements.txt
    cp tests/clients/requirements.txt "$clients/requirements.txt"
fi
BANGTIN_TEST_PYTHON=$(realpath -s "$clients/bin/python")
export BANGTIN_TEST_PYTHON
if ! cmp -s tests/clients/package.json tests/clients/node_modules/package.json; then
    say "installing browser map libraries"
    (cd tests/clients && npm install --no-package-lock --no-audit --no-fund --silent)
    cp tests/clients/package.json tests/clients/node_modules/package.json
fi

work=$(mktemp -d)
as_server() { "$@"; }
if [ "$(id -u)" = 0 ]; then
    # The server refuses to run as root.
    chown postgres "$work"
    as_server() { runuser -u postgres -- "$@"; }
fi
stop() {
    as_server "$(pg_bin)/pg_ctl" -D "$work/data" -m immediate stop > /dev/null 2>&1 || true
    rm -rf "$work"
}
trap stop EXIT

# A CA and a server's certificate for localhost, in a folder.
make_certificates() {
    mkdir "$1"
    local key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
    openssl req -x509 "${key[@]}" -keyout "$1/ca.key" -out "$1/ca.pem" -days 30 -subj "/CN=bangtin test CA ${1##*/}" \
        -addext keyUsage=critical,keyCertSign
    openssl req "${key[@]}" -keyout "$1/server.key" -out "$1/server.csr" -subj /CN=localhost
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=critical,CA:FALSE\n' > "$1/server.ext"
    openssl x509 -req -in "$1/server.csr" -CA "$1/ca.pem" -CAkey "$1/ca.key" -CAcreateserial -days 30 \
        -extfile "$1/server.ext" -out "$1/server.pem"
}
# The server's, and those of a CA that has nothing to do with it; the server refuses a key that others may read.
as_server bash -c "set -e; umask 077; $(declare -f make_certificates); make_certificates $work/tls; make_certificates $work/other" \
    > /dev/null 2>&1 || { say "openssl cannot make the tests' certificates"; exit 1; }

port=${BANGTIN_TEST_PORT:-54329}
say "starting PostgreSQL $(basename "$(dirname "$(pg_bin)")") on 127.0.0.1:$port"
as_server "$(pg_bin)/initdb" -D "$work/data" -U bangtin -A trust -E UTF8 --locale=C > /dev/null
# A user who is let in over TLS only, and by password, and one who is let in nowhere.
{
    printf 'hostssl all secured 127.0.0.1/32 scram-sha-256\nhost all secured all reject\nhost all rejected all reject\n'
    cat "$work/data/pg_hba.conf"
} > "$work/hba"
cat "$work/hba" > "$work/data/pg_hba.conf"
as_server "$(pg_bin)/pg_ctl" -D "$work/data" -w -l "$work/log" \
    -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=300 \
        -c ssl=on -c ssl_cert_file=$work/tls/server.pem -c ssl_key_file=$work/tls/server.key" start > /dev/null
export BANGTIN_TEST_POSTGRES="postgres://bangtin@127.0.0.1:$port/postgres"
export BANGTIN_TEST_POSTGRES_DATA="$work/data"
# Plain `cargo test` asks fewer random questions, to stay quick.
export BANGTIN_TEST_REQUESTS=10000
export BANGTIN_TEST_POSTGRES_TLS="$work"
as_server "$(pg_bin)/psql" -q "$BANGTIN_TEST_POSTGRES" -c "CREATE ROLE secured SUPERUSER LOGIN PASSWORD 'secret'"

say "running the tests"
if [ $# -gt 0 ]; then
    cargo test --locked "$@"
else
    cargo test --locked --lib --bins --tests --examples -- --include-ignored
    cargo test --locked --doc
    if tools/cluster.sh possible > /dev/null 2>&1; then
        say "breaking a cluster of three nodes five times"
        BANGTIN=${CARGO_TARGET_DIR:-target}/debug/bangtin tools/cluster.sh failovers --count 5 --kinds switch,kill,cut-primary,full-wal,stop-standby
    else
        say "no cluster of three nodes: this machine lets nobody make network namespaces"
    fi
fi
