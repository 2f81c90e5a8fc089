#!/usr/bin/env python3
"""The set-up of several nodes, on one machine: three PostgreSQL with Patroni and etcd, three bangtin, haproxy before them.

Each stands in a network namespace of its own, as on a machine of its own. Needs root, and what tools/cluster.sh installs.

    tools/cluster.sh up                     starts it and leaves it running until Ctrl-C
    tools/cluster.sh failovers --count 100  breaks it in all ways again and again, and compares what is left
"""

import argparse
import ctypes
import http.client
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

NODES = (1, 2, 3)
REPOSITORY = Path(__file__).resolve().parent.parent
KEY = "5c" * 32
# How long the cluster may take to be whole again after a failure was healed.
HEALING = 120
# The city that the nodes serve.
CITY = REPOSITORY / "fixtures" / "yen-bai.toml"


def run(*command, check=True, **more):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **more)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def say(*words):
    print(f"{time.strftime('%H:%M:%S')}", *words, flush=True)


def enter(namespace):
    """Moves this thread into a network namespace: what it connects to is looked for there (setns(2))."""
    with open(f"/run/netns/{namespace}") as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), 0x40000000) != 0:
            raise OSError(ctypes.get_errno(), f"the namespace {namespace} cannot be entered")


def ask(method, host, port, path, body=None, headers=None, timeout=20):
    """One request on a connection of its own: status and body."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class Cluster:
    def __init__(self, bangtin, name):
        self.bangtin, self.name = str(bangtin), name
        self.work = Path(tempfile.mkdtemp(prefix="bangtin-cluster-"))
        self.work.chmod(0o755)
        self.hub = f"{name}-hub"
        self.running = {}
        versions = sorted(Path("/usr/lib/postgresql").iterdir(), key=lambda path: int(path.name))
        self.pg_bin = versions[-1] / "bin"
        self.mounts = []

    # The machines.

    def space(self, node):
        return f"{self.name}-{node}"

    def address(self, node):
        return f"10.77.0.{10 + node}"

    def make_network(self):
        run("ip", "netns", "add", self.hub)
        inside = ("ip", "-n", self.hub)
        run(*inside, "link", "set", "lo", "up")
        run(*inside, "link", "add", "bridge", "type", "bridge")
        run(*inside, "addr", "add", "10.77.0.1/24", "dev", "bridge")
        run(*inside, "link", "set", "bridge", "up")
        for node in NODES:
            space = self.space(node)
            run("ip", "netns", "add", space)
            run(*inside, "link", "add", f"to{node}", "type", "veth", "peer", "name", "eth0", "netns", space)
            run(*inside, "link", "set", f"to{node}", "master", "bridge", "up")
            own = ("ip", "-n", space)
            run(*own, "link", "set", "lo", "up")
            run(*own, "addr", "add", f"{self.address(node)}/24", "dev", "eth0")
            run(*own, "link", "set", "eth0", "up")

    def start(self, node, what, command, user=None, env=None):
        """Starts a program on a node; its words go to a file."""
        space = self.hub if node is None else self.space(node)
        words = open(self.work / f"{what}-{node or 'hub'}.log", "ab")
        command = [str(part) for part in command]
        if user:
            command = ["runuser", "-u", user, "--", *command]
        environment = {**os.environ, **(env or {})}
        self.running[node, what] = subprocess.Popen(
            ["ip", "netns", "exec", space, *command],
            stdin=subprocess.DEVNULL, stdout=words, stderr=words, env=environment, start_new_session=True, cwd="/",
        )

    def processes(self, node, *named):
        """The processes of a node; those of some programs alone where they are named."""
        found = []
        for pid in run("ip", "netns", "pids", self.space(node), check=False).split():
            try:
                name = Path(f"/proc/{pid}/comm").read_text().strip()
            except OSError:
                continue
            if not named or name in named:
                found.append(int(pid))
        return found

    def send(self, sign, pids):
        for pid in pids:
            try:
                os.kill(pid, sign)
            except ProcessLookupError:
                pass

    # What runs on them.

    def start_etcd(self, node):
        here = self.address(node)
        others = ",".join(f"n{other}=http://{self.address(other)}:2380" for other in NODES)
        folder = self.work / f"etcd{node}"
        state = "existing" if (folder / "member").exists() else "new"
        self.start(node, "etcd", [
            "etcd", "--name", f"n{node}", "--data-dir", folder, "--initial-cluster", others, "--initial-cluster-state", state,
            "--initial-advertise-peer-urls", f"http://{here}:2380", "--listen-peer-urls", f"http://{here}:2380",
            "--advertise-client-urls", f"http://{here}:2379", "--listen-client-urls", f"http://{here}:2379",
            "--heartbeat-interval", "250", "--election-timeout", "2500", "--logger", "zap", "--log-level", "warn",
        ], user="postgres")

    def disk(self, node, what, size):
        """A small disk of its own."""
        place = self.work / f"{what}{node}"
        place.mkdir()
        run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place)
        self.mounts.append(place)
        shutil.chown(place, "postgres", "postgres")
        return place

    def write_patroni(self, node):
        here = self.address(node)
        etcd = ",".join(f"{self.address(other)}:2379" for other in NODES)
        data, wal = self.disk(node, "data", "400m") / "pg", self.disk(node, "wal", "400m") / "pg"
        (self.work / f"patroni{node}.yml").write_text(f"""
scope: bangtin
name: n{node}
restapi: {{listen: "{here}:8008", connect_address: "{here}:8008"}}
etcd3: {{hosts: "{etcd}"}}
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 5
    retry_timeout: 5
    primary_start_timeout: 5
    maximum_lag_on_failover: 1048576
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      parameters:
        wal_log_hints: "on"
        wal_sender_timeout: 5s
        wal_receiver_timeout: 5s
        max_connections: 100
        max_wal_size: 96MB
        min_wal_size: 48MB
        wal_keep_size: 16MB
        max_slot_wal_keep_size: 128MB
        shared_buffers: 32MB
        tcp_keepalives_idle: 5
        tcp_keepalives_interval: 5
        tcp_keepalives_count: 2
  initdb: [{{encoding: UTF8}}, {{locale: C}}, {{waldir: "{wal}"}}]
postgresql:
  listen: "{here}:5432"
  connect_address: "{here}:5432"
  data_dir: "{data}"
  bin_dir: "{self.pg_bin}"
  pgpass: "{self.work}/pgpass{node}"
  remove_data_directory_on_rewind_failure: true
  remove_data_directory_on_diverged_timelines: true
  basebackup: [{{waldir: "{wal}"}}, {{checkpoint: fast}}]
  authentication:
    superuser: {{username: postgres, password: secret}}
    replication: {{username: replicator, password: secret}}
    rewind: {{username: rewinder, password: secret}}
  pg_hba: ["host all all 10.77.0.0/24 trust", "host replication all 10.77.0.0/24 trust", "local all all trust"]
  parameters: {{unix_socket_directories: ""}}
""")

    def start_patroni(self, node):
        patroni = Path(sys.executable).parent / "patroni"
        self.start(node, "patroni", [patroni, self.work / f"patroni{node}.yml"], user="postgres")

    def options(self, node):
        servers = ",".join(self.address(other) for other in NODES)
        url = f"postgres://bangtin@{servers}/bangtin"
        return ["--data", self.work / f"node{node}", "--database", url], {"BANGTIN_VAULT_KEY": KEY}

    def start_bangtin(self, node, *more):
        options, env = self.options(node)
        command = [self.bangtin, *options, "serve", "--listen", "0.0.0.0:8080", "--trust-proxy", "10.77.0.1", "--cache-mb", "64", *more]
        self.start(node, "bangtin", command, env=env)

    def command(self, *arguments):
        options, env = self.options(1)
        command = ["ip", "netns", "exec", self.space(1), self.bangtin, *options, *arguments]
        return run(*command, env={**os.environ, **env})

    def start_haproxy(self):
        servers = "\n".join(f"    server n{node} {self.address(node)}:8080 check inter 1s fall 2 rise 1" for node in NODES)
        config = self.work / "haproxy.cfg"
        config.write_text(f"""
defaults
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 30s
    retries 2
    option redispatch
frontend door
    bind 10.77.0.1:80
    option forwardfor
    http-request set-header X-Forwarded-Proto http
    default_backend nodes
backend nodes
    balance roundrobin
    option httpchk GET /readyz
{servers}
""")
        haproxy = shutil.which("haproxy") or "/usr/sbin/haproxy"
        run(haproxy, "-c", "-f", config)
        self.start(None, "haproxy", [haproxy, "-db", "-f", config])

    def up(self):
        shutil.chown(self.work, "postgres", "postgres")
        self.make_network()
        enter(self.hub)
        for node in NODES:
            self.write_patroni(node)
            self.start_etcd(node)
        for node in NODES:
            self.start_patroni(node)
        self.until_whole()
        self.sql(self.primary(), "CREATE ROLE bangtin LOGIN IN ROLE pg_monitor", "postgres")
        self.sql(self.primary(), "CREATE DATABASE bangtin OWNER bangtin ENCODING UTF8 TEMPLATE template0", "postgres")
        self.start_bangtin(1, "--city", CITY, "--public-url", "http://10.77.0.1")
        self.until("the first node answers", lambda: self.readiness(1) is not None)
        for node in NODES[1:]:
            self.start_bangtin(node)
        self.until("all nodes answer", lambda: all(self.readiness(node) for node in NODES))
        self.start_haproxy()
        self.until("the door answers", lambda: ask("GET", "10.77.0.1", 80, "/healthz")[0] == 200)

    def down(self):
        for node in NODES:
            self.send(signal.SIGKILL, self.processes(node))
        for process in self.running.values():
            process.kill()
            process.wait()
        time.sleep(0.5)
        for place in self.mounts:
            run("umount", "-l", place, check=False)
        for space in [self.hub, *map(self.space, NODES)]:
            run("ip", "netns", "del", space, check=False)
        shutil.rmtree(self.work, ignore_errors=True)

    # Looking at it.

    def until(self, what, holds, patience=HEALING):
        begun = time.monotonic()
        while True:
            try:
                if holds():
                    return time.monotonic() - begun
            except (OSError, http.client.HTTPException, RuntimeError, ValueError, KeyError):
                pass
            if time.monotonic() - begun > patience:
                raise RuntimeError(f"not within {patience} s: {what}")
            time.sleep(0.1)

    def last_words(self):
        words = []
        for file in sorted(self.work.glob("*.log")):
            text = file.read_text(errors="replace").splitlines()[-8:]
            words.append("\n".join([f"-- {file.name}", *text]))
        return "\n".join(words)

    def members(self):
        for node in NODES:
            try:
                status, body = ask("GET", self.address(node), 8008, "/cluster", timeout=2)
                return json.loads(body)["members"]
            except (OSError, http.client.HTTPException, ValueError):
                continue
        raise RuntimeError("no member answers")

    def role(self, *roles):
        for member in self.members():
            if member["role"] in roles and member["state"] in ("running", "streaming"):
                return int(member["name"][1:])
        raise RuntimeError(f"no member is {roles}")

    def primary(self):
        return self.role("leader")

    def sync_standby(self):
        return self.role("sync_standby")

    def roles(self, node):
        status, body = ask("GET", self.address(node), 8008, "/cluster", timeout=2)
        return {member["name"]: member["role"] for member in json.loads(body)["members"]}

    def is_whole(self):
        # Who was cut off goes on believing for a moment what it knew before.
        first, *others = [self.roles(node) for node in NODES]
        if any(other != first for other in others):
            return False
        members = self.members()
        roles = sorted(member["role"] for member in members)
        streams = all(member["state"] in ("running", "streaming") for member in members)
        lags = [member.get("lag", 0) for member in members]
        return roles == ["leader", "replica", "sync_standby"] and streams and all(lag == 0 for lag in lags)

    def until_whole(self):
        return self.until("three members, one of them synchronous", self.is_whole)

    def sql(self, node, sql, database="bangtin"):
        return run(self.pg_bin / "psql", "-qAt", "-h", self.address(node), "-U", "postgres", "-d", database, "-c", sql)

    def readiness(self, node):
        status, body = ask("GET", self.address(node), 8080, "/readyz", timeout=2)
        return json.loads(body) if status == 200 else None

    def heads(self):
        """Where each node's image stands."""
        return {node: (state["position"], state["hash"]) for node in NODES for state in [self.readiness(node)]}

    def etcd_leader(self):
        for node in NODES:
            endpoint = f"http://{self.address(node)}:2379"
            said = run("etcdctl", "--endpoints", endpoint, "--command-timeout", "1s", "endpoint", "status", "-w", "json",
                       check=False, env={**os.environ, "ETCDCTL_API": "3"})
            try:
                status = json.loads(said)[0]["Status"]
            except (ValueError, IndexError, KeyError):
                continue
            if status["leader"] == status["header"]["member_id"]:
                return node
        raise RuntimeError("etcd has no leader")

    # Breaking it. Each gives what mends it again.

    def machine_dies(self):
        node = self.primary()
        self.send(signal.SIGKILL, self.processes(node))

        def heal():
            self.start_etcd(node)
            self.start_patroni(node)
            self.start_bangtin(node)
        return heal, {node}

    def machine_stops(self):
        node = self.primary()
        stopped = self.processes(node, "postgres", "patroni")
        self.send(signal.SIGSTOP, stopped)
        return lambda: self.send(signal.SIGCONT, stopped), set()

    def cut(self, node):
        run("ip", "-n", self.hub, "link", "set", f"to{node}", "down")
        return lambda: run("ip", "-n", self.hub, "link", "set", f"to{node}", "up"), set()

    def primary_is_cut_off(self):
        return self.cut(self.primary())

    def standby_is_cut_off(self):
        return self.cut(self.sync_standby())

    def fill(self, place):
        filler = place / "filler"
        try:
            with open(filler, "wb", buffering=0) as file:
                while True:
                    file.write(bytes(1 << 16))
        except OSError:
            pass
        return lambda: filler.unlink(missing_ok=True)

    def wal_disk_is_full(self):
        node = self.primary()
        heal = self.fill(self.work / f"wal{node}")
        # Segments that were made before go on being used; they are used up here.
        for _ in range(12):
            run(self.pg_bin / "psql", "-qAt", "-h", self.address(node), "-U", "postgres", "-d", "postgres",
                "-c", "SELECT pg_logical_emit_message(false, 'full', repeat('x', 1000)), pg_switch_wal()", check=False, timeout=20)
        return heal, set()

    def etcd_leader_dies(self):
        node = self.etcd_leader()
        self.send(signal.SIGKILL, self.processes(node, "etcd"))
        return lambda: self.start_etcd(node), set()

    def planned_switch(self):
        leader, candidate = self.primary(), self.sync_standby()
        body = json.dumps({"leader": f"n{leader}", "candidate": f"n{candidate}"})
        status, said = ask("POST", self.address(leader), 8008, "/switchover", body, {"Content-Type": "application/json"}, timeout=60)
        if status != 200:
            raise RuntimeError(f"switchover: {status} {said!r}")
        return lambda: None, set()

    def standby_stops(self):
        stopped = self.processes(self.sync_standby(), "postgres", "patroni")
        self.send(signal.SIGSTOP, stopped)
        return lambda: self.send(signal.SIGCONT, stopped), set()

    def standby_is_slow(self):
        device = ("dev", f"to{self.sync_standby()}")
        run("tc", "-n", self.hub, "qdisc", "add", *device, "root", "tbf", "rate", "64kbit", "burst", "2kb", "latency", "400ms")
        return lambda: run("tc", "-n", self.hub, "qdisc", "del", *device, "root"), set()

    KINDS = {
        "kill": machine_dies,
        "stop": machine_stops,
        "cut-primary": primary_is_cut_off,
        "cut-standby": standby_is_cut_off,
        "full-wal": wal_disk_is_full,
        "etcd": etcd_leader_dies,
        "switch": planned_switch,
        "stop-standby": standby_stops,
        "slow-standby": standby_is_slow,
    }


class Readers:
    """Reads pages on every node, all the time, from the node itself."""

    def __init__(self, cluster):
        self.cluster, self.stop = cluster, threading.Event()
        self.read, self.failed, self.resting = {node: 0 for node in NODES}, [], set()
        self.threads = [threading.Thread(target=self.go, args=(node,), daemon=True) for node in NODES]
        for thread in self.threads:
            thread.start()

    def go(self, node):
        enter(self.cluster.space(node))
        connection = None
        while not self.stop.is_set():
            if node in self.resting:
                connection = None
                time.sleep(0.1)
                continue
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", 8080, timeout=10)
                for path in ("/", "/collections/health-stations/items?limit=3", "/today"):
                    connection.request("GET", path)
                    answer = connection.getresponse()
                    answer.read()
                    if answer.status != 200:
                        self.failed.append((node, path, answer.status))
                    self.read[node] += 1
            except (OSError, http.client.HTTPException) as error:
                connection = None
                # A machine that is dead answers nobody.
                if node not in self.resting:
                    self.failed.append((node, path, repr(error)))
                    time.sleep(0.2)
            time.sleep(0.005)

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()


class Writers:
    """Sends commands through the door, each under its own id until it is acknowledged."""

    def __init__(self, token, threads=3):
        self.token, self.stop, self.lock = token, threading.Event(), threading.Lock()
        self.acknowledged, self.repeated, self.refused, self.last, self.gap = {}, 0, None, time.monotonic(), 0.0
        self.threads = [threading.Thread(target=self.go, args=(thread,), daemon=True) for thread in range(threads)]
        for thread in self.threads:
            thread.start()

    def go(self, thread):
        number = 0
        while not self.stop.is_set():
            number += 1
            self.carry_out(f"w{thread}-{number}")
            time.sleep(0.02)

    def carry_out(self, name):
        facts = {"kind": "health-station", "title": f"Trạm {name}", "position": {"lon": 104.87, "lat": 21.7}}
        body = json.dumps({"id": name, "type": "map-point.publish", "facts": facts})
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        tries = 0
        while True:
            tries += 1
            try:
                status, said = ask("POST", "10.77.0.1", 80, "/collections/health-stations/items", body, headers, timeout=25)
            except (OSError, http.client.HTTPException):
                status, said = 0, b""
            if status in (200, 201):
                with self.lock:
                    now = time.monotonic()
                    self.gap, self.last = max(self.gap, now - self.last), now
                    self.acknowledged[name] = json.loads(said)["position"]
                    self.repeated += tries > 1
                return
            if status not in (0, 408, 429, 502, 503, 504):
                self.refused = f"{status}: {said.decode(errors='replace')[:500]}"
                return
            # What is not known to be written is sent until it is, also after the end.
            time.sleep(0.2)

    def are_back(self, count):
        """True once so many commands are acknowledged. Errors: one was refused for good."""
        if self.refused:
            sys.exit(f"a command was refused: {self.refused}")
        return len(self.acknowledged) >= count

    def begin_gap(self):
        with self.lock:
            self.gap, self.last = 0.0, time.monotonic()

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def make_token(cluster):
    """The secret of a token that all nodes know."""
    secret = cluster.command("token", "create", "--role", "health", "--unit", "all").strip()
    agree(cluster)
    return secret


def agree(cluster):
    """Seconds until all nodes show the same; writers must rest."""
    return cluster.until("all nodes show the same", lambda: len(set(cluster.heads().values())) == 1, patience=30)


def compare(cluster, writers):
    """What was acknowledged is in the log once, at its place; the log is dense and its chain holds."""
    primary = cluster.primary()
    rows = cluster.sql(primary, "SELECT command_id, count(*), min(position) FROM events WHERE command_id LIKE 'w%' GROUP BY 1").split()
    held = {name: (int(count), int(position)) for name, count, position in (row.split("|") for row in rows)}
    wrong = {name: (place, held.get(name)) for name, place in writers.acknowledged.items() if held.get(name) != (1, place)}
    if wrong:
        raise RuntimeError(f"acknowledged, and not in the log as was said: {dict(list(wrong.items())[:5])}")
    twice = [name for name, (count, _) in held.items() if count != 1]
    if twice:
        raise RuntimeError(f"carried out twice: {twice[:5]}")
    gaps = cluster.sql(primary, "SELECT count(*) = max(position) AND min(position) = 1 FROM events").strip()
    if gaps != "t":
        raise RuntimeError("the log has gaps")
    return cluster.command("log", "verify").strip()


def fail_over(cluster, readers, writers, kind):
    before = len(readers.failed)
    leader = cluster.primary()
    writers.begin_gap()
    heal, dead = cluster.KINDS[kind](cluster)
    readers.resting |= dead
    count, begun = len(writers.acknowledged), time.monotonic()
    # Writes are back before anybody mends anything.
    cluster.until("writes are acknowledged again", lambda: writers.are_back(count + 20), patience=90)
    gap, back = writers.gap, time.monotonic() - begun
    heal()
    cluster.until_whole()
    cluster.until("all nodes answer", lambda: all(cluster.readiness(node) for node in NODES))
    readers.resting -= dead
    failed = readers.failed[before:]
    if failed:
        raise RuntimeError(f"{kind}: reads failed: {failed[:5]}")
    for place in cluster.mounts:
        free = shutil.disk_usage(place).free >> 20
        if free < 100:
            say(f"only {free} MiB are free at {place}: {sorted(str(path) for path in (place / 'pg').iterdir())}")
    say(f"{kind:14} primary n{leader} → n{cluster.primary()}; longest without a write {gap:.1f} s; 20 writes after {back:.1f} s")
    return gap


def failovers(cluster, count, kinds, seed):
    readers, writers = Readers(cluster), Writers(make_token(cluster))
    choice, gaps, begun = random.Random(seed), {}, time.monotonic()
    order = []
    while len(order) < count:
        order.extend(choice.sample(kinds, len(kinds)))
    for number, kind in enumerate(order[:count], 1):
        gaps.setdefault(kind, []).append(fail_over(cluster, readers, writers, kind))
    writers.end()
    together = agree(cluster)
    readers.end()
    head = compare(cluster, writers)
    all_gaps = sorted(gap for of_kind in gaps.values() for gap in of_kind)
    p95 = all_gaps[max(0, round(0.95 * len(all_gaps)) - 1)]
    for kind, of_kind in gaps.items():
        say(f"{kind:14} {len(of_kind)} times, longest without a write {max(of_kind):.1f} s")
    say(f"{count} failovers in {time.monotonic() - begun:.0f} s: {len(writers.acknowledged)} commands acknowledged and all in the log "
        f"({writers.repeated} were sent again), {sum(readers.read.values())} reads without an error, "
        f"writes back after {p95:.1f} s (95 %; goal 30 s), nodes together after {together:.2f} s (goal 2 s) at {head}")


def full_data_disk(cluster):
    """A full data disk makes no failover: it is refused, said within 10 s, and over within 30 s of there being room."""
    leader = cluster.primary()
    writers = Writers(make_token(cluster))
    heal = cluster.fill(cluster.work / f"data{leader}")
    degraded = lambda: all(cluster.readiness(node)["status"] == "degraded" for node in NODES)
    alarm = cluster.until("all nodes say that the disk is full", degraded, patience=120)
    refused = time.monotonic()
    heal()
    count = len(writers.acknowledged)
    cluster.until("writes are acknowledged again", lambda: writers.are_back(count + 20), patience=60)
    back = time.monotonic() - refused
    writers.end()
    if cluster.primary() != leader:
        raise RuntimeError("the full disk made a failover")
    agree(cluster)
    compare(cluster, writers)
    say(f"full data disk: said after {alarm:.1f} s (goal 10 s), writes back {back:.1f} s after there was room (goal 30 s), no failover")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["up", "failovers", "full-data-disk"])
    parser.add_argument("--bangtin", default=os.environ.get("BANGTIN", REPOSITORY / "target/release/bangtin"))
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--kinds", default=",".join(Cluster.KINDS), help="some of " + ", ".join(Cluster.KINDS))
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    kinds = arguments.kinds.split(",")
    unknown = [kind for kind in kinds if kind not in Cluster.KINDS]
    if unknown:
        parser.error(f"{unknown[0]} is none of {', '.join(Cluster.KINDS)}")
    if os.geteuid() != 0:
        parser.error("network namespaces need root")
    cluster = Cluster(Path(arguments.bangtin).resolve(), f"bt{os.getpid()}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        cluster.up()
        say(f"three nodes stand behind http://10.77.0.1 in the namespace {cluster.hub}; their words are in {cluster.work}")
        if arguments.what == "up":
            say(f"look at it with: ip netns exec {cluster.hub} curl http://10.77.0.1/readyz; Ctrl-C ends it")
            signal.pause()
        elif arguments.what == "failovers":
            failovers(cluster, arguments.count, kinds, arguments.seed)
        else:
            full_data_disk(cluster)
    except KeyboardInterrupt:
        pass
    except RuntimeError as error:
        print(f"{error}\n{cluster.last_words()}", file=sys.stderr)
        return 1
    finally:
        cluster.down()
    return 0


if __name__ == "__main__":
    sys.exit(main())
