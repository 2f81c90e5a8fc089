#!/usr/bin/env bash
# Several nodes on one machine: installs what tools/cluster.py needs, and runs it. `tools/cluster.sh up`, or
# `tools/cluster.sh failovers`. Needs root for the network namespaces.
set -euo pipefail
cd "$(dirname "$0")/.."
missing=()
for need in etcd:etcd-server etcdctl:etcd-client ip:iproute2 runuser:util-linux; do
    command -v "${need%%:*}" > /dev/null || missing+=("${need##*:}")
done
command -v haproxy > /dev/null || [ -x /usr/sbin/haproxy ] || missing+=(haproxy)
ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 || missing+=(postgresql)
/usr/bin/python3 -c "import venv, ensurepip" 2> /dev/null || missing+=(python3-venv)
if [ ${#missing[@]} -gt 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
fi
place=${CARGO_TARGET_DIR:-target}/cluster
patroni=patroni[etcd3]==4.1.5
if [ "$(cat "$place/installed" 2> /dev/null)" != "$patroni" ]; then
    /usr/bin/python3 -m venv "$place"
    "$place/bin/pip" install --quiet --disable-pip-version-check "$patroni" "psycopg[binary]==3.3.9"
    echo "$patroni" > "$place/installed"
fi
[ -n "${BANGTIN:-}" ] || cargo build --release --locked --quiet
export BANGTIN=${BANGTIN:-${CARGO_TARGET_DIR:-target}/release/bangtin}
exec "$place/bin/python" tools/cluster.py "$@"
