#!/usr/bin/env bash
# Several nodes on one machine: installs what tools/cluster.py needs, and runs it. `tools/cluster.sh up`, or
# `tools/cluster.sh failovers`. Needs root for the network namespaces; `tools/cluster.sh possible` tells whether they can be made.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "${1:-}" = possible ]; then
    # Whether this machine lets anybody make networks and disks of their own.
    [ "$(id -u)" = 0 ] || exit 1
    command -v ip > /dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends iproute2 > /dev/null; }
    disk=$(mktemp -d)
    ip netns add bangtin-possible && ip netns del bangtin-possible && mount -t tmpfs tmpfs "$disk" && umount "$disk" && rmdir "$disk"
    exit
fi
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
place=$(realpath -m "${CARGO_TARGET_DIR:-target}")/cluster
patroni=patroni[etcd3]==4.1.5
mkdir -p "$place"
if ! runuser -u postgres -- test -x "$place"; then
    # The checkout lies where the account of PostgreSQL may not look.
    place=$(mktemp -d)
    chmod 755 "$place"
    trap 'rm -rf "$place"' EXIT
fi
if [ "$(cat "$place/installed" 2> /dev/null)" != "$patroni" ]; then
    /usr/bin/python3 -m venv "$place"
    "$place/bin/pip" install --quiet --disable-pip-version-check "$patroni" "psycopg[binary]==3.3.9"
    echo "$patroni" > "$place/installed"
fi
[ -n "${BANGTIN:-}" ] || cargo build --release --locked --quiet
export BANGTIN=${BANGTIN:-${CARGO_TARGET_DIR:-target}/release/bangtin}
"$place/bin/python" tools/cluster.py "$@"
