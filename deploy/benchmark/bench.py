#!/usr/bin/env python3
"""Measures rpcward beside its peers. deploy/bench starts this, in namespaces of its own; deploy/bench --help says more."""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import time

import report
from cases import CASES, ONLY_BY_NAME
from servers import ControlledRpcward, Dnsdist, Missing, Nginx, Rpcbind, Rpcward, UdpLimit, WatchedRpcward, cores, nfs_rows, policy


class Result:
    """What came of one case: figures of each contestant, a list each with one entry a round."""

    def __init__(self, title):
        self.title = title
        self.figures = {}
        self.ratios = []
        self.bounds = []
        self.missing = []
        self.failed = None


class Bench:
    def __init__(self, options):
        self.options = options
        self.distribution = options.distribution
        self.tools = options.tools
        self.work = options.work
        self.quick = options.quick
        self.jdks = [tuple(text.split(" ", 1)) for text in options.jdk]
        self.servers = {}
        self.started = {}
        self.warm = set()
        self.next_port = 20200
        self.result = None

    # What cases call

    def few(self, usual, quick):
        return quick if self.quick else usual

    def rounds_of(self, usual):
        return self.options.rounds or self.few(usual, 2)

    def rpcbind(self):
        if "rpcbind" not in self.servers:
            self.server("rpcbind", Rpcbind)
            self.ready(self.servers["rpcbind"])
            self.servers["rpcbind"].register(nfs_rows())
        return self.servers["rpcbind"]

    def udplimit(self):
        return self.server("udplimit", lambda: UdpLimit(self.tools))

    def nginx(self):
        self.rpcbind()
        return self.peer("nginx", lambda: Nginx(self.work))

    def dnsdist(self, name, **more):
        return self.peer(name, lambda: Dnsdist(self.work, self.port(), name, **more))

    def peer(self, name, make):
        """A server without which the case goes on; None when it is not there."""
        try:
            return self.server(name, make)
        except Missing as missing:
            self.result.missing.append(str(missing))
            return None

    def rpcward(self, name="rpcward", jdk=None, archive=True, **of_policy):
        if "rows" not in of_policy:
            self.rpcbind()

        def make():
            port = self.port()
            return Rpcward(self, port, policy(port, **of_policy), name, jdk, archive)

        return self.server(name, make)

    def watched_rpcward(self):
        self.rpcbind()
        return self.server("rpcward, watched", lambda: WatchedRpcward(self, self.port(), self.port()))

    def controlled_rpcward(self):
        self.rpcbind()
        return self.server("rpcward, controlled", lambda: ControlledRpcward(self, self.port()))

    def server(self, name, make):
        if name not in self.servers:
            self.servers[name] = make()
        return self.servers[name]

    def port(self):
        self.next_port += 1
        return self.next_port

    def ready(self, server):
        if server.process is None:
            server.start(self.work)

    def compete(self, *contestants, ratios=(), bounds=(), rounds=5):
        """Rounds of all contestants in turn: A B C A B C."""
        contestants = [c for c in contestants if c is not None]
        for c in contestants:
            self.ready(c.server)
        for c in contestants:
            self.warm_up(c)
        # A JVM that rested finds work that it has not met before: that round is not counted.
        for c in contestants:
            if isinstance(c.server, Rpcward):
                self.measure(c)
        for _ in range(self.rounds_of(rounds)):
            for c in contestants:
                self.add(c.label, self.measure(c))
        for r in ratios:
            self.ratio(r)
        for metric, label, must in bounds:
            self.bound(metric, label, must, None)

    def warm_up(self, c):
        key = (c.server.name, " ".join(c.load))
        if key in self.warm:
            return
        self.warm.add(key)
        self.pin_all_but(c.server, None)
        if not isinstance(c.server, Rpcward):
            self.finish(self.begin(c.tool, c.load + ["-d", "0.3"]))
            return
        # Compilers go by calls, not by time; the time is for what takes long for each call. Another load on a server that
        # is warm already has little left to compile.
        first = not any(name == c.server.name for name, _ in self.warm - {key})
        calls, until = self.few(1_600_000 if first else 400_000, 60_000), time.monotonic() + self.few(10, 4)
        while calls > 0 and time.monotonic() < until:
            calls -= self.finish(self.begin(c.tool, c.load + ["-d", "0.5"]))["sent"]

    def measure(self, c):
        """One round of one contestant; again when a machine that is busy otherwise let nothing through."""
        for _ in range(3):
            figures = self.measure_once(c)
            if figures["per_s"] > 0:
                return figures
        raise RuntimeError("%s: no call was answered" % c.label)

    def measure_once(self, c):
        load, own = cores()
        also = [self.servers[name] for name in c.also]
        self.pin_all_but(c.server, own if c.core else None)
        before, others = c.server.cpu(), [s.cpu() for s in also]
        full = self.finish(self.begin(c.tool, c.load + ["-d", str(self.few(0.6, 0.5))], load if c.core else None))
        cpu = c.server.cpu() - before
        count = max(1, full[c.per])
        figures = {
            "cpu_us": 1e6 * cpu / count,
            "per_s": full[c.per + "_per_s"],
            "rss_mb": c.server.resident(),
        }
        if c.per == "sent":
            # What the kernel drops on loopback, it drops at the cost of the sender.
            figures["sender_us"] = 1e6 * full["cpu_s"] / max(1, full["sent"])
        if c.per == "answered":
            figures["answered"] = 100.0 * full["answered"] / max(1, full["sent"])
        if also:
            figures["also_cpu_us"] = 1e6 * sum(s.cpu() - o for s, o in zip(also, others)) / count
        timed = full
        if c.paced:
            timed = self.finish(self.begin(c.tool, c.paced + ["-d", str(self.few(0.5, 0.4))], load))
        if c.per == "answered":
            figures.update({k: timed[k] for k in ("p50_us", "p99_us", "p999_us")})
        return figures

    def pin_all_but(self, server, core=-1):
        """The server that is measured has a core; the others share that of the load."""
        load, own = cores()
        for other in self.servers.values():
            if other.process is not None and other is not server:
                other.pin(load)
        server.pin(own if core == -1 else core)

    def begin(self, tool, arguments, core=None, nice=None):
        command = [os.path.join(self.tools, tool)] + arguments
        if core is not None:
            command = ["taskset", "-c", str(core)] + command
        if nice is not None:
            command = ["nice", "-n", str(nice)] + command
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)

    def finish(self, process):
        out, _ = process.communicate(timeout=120)
        if process.returncode != 0 or not out:
            raise RuntimeError("the load generator failed: %s" % " ".join(process.args))
        return json.loads(out)

    def add(self, label, figures):
        rounds = self.result.figures.setdefault(label, {})
        for metric, value in figures.items():
            rounds.setdefault(metric, []).append(round(value, 4))

    def ratio(self, r):
        if r.over not in self.result.figures or r.under not in self.result.figures:
            return
        over = self.result.figures[r.over][r.metric]
        under = self.result.figures[r.under][r.metric]
        pairs = [a / b for a, b in zip(over, under) if b > 0]
        if pairs:
            self.result.ratios.append(report.ratio(r.metric, r.over, r.under, pairs, r.must, r.aim, r.better))

    def bound(self, metric, label, must, aim):
        self.result.bounds.append(report.bound(metric, label, self.result.figures[label][metric], must, aim, "lower"))

    def floor(self, metric, label, must, aim):
        self.result.bounds.append(report.bound(metric, label, self.result.figures[label][metric], must, aim, "higher"))

    # The run

    def run(self, names, told):
        results = {}
        for name in names:
            title, function = CASES[name]
            print("... %s" % name, file=sys.stderr, flush=True)
            began = time.monotonic()
            self.result = Result(title)
            try:
                function(self)
            except Missing as missing:
                self.result.missing.append(str(missing))
            except RuntimeError as failure:
                self.result.failed = str(failure)
            finally:
                self.stop_all()
            results[name] = self.result
            print(report.table(name, self.result), flush=True)
            told(results)
            if self.options.verbose:
                print("    %.1f s" % (time.monotonic() - began), file=sys.stderr)
        return results

    def stop_all(self):
        for server in self.servers.values():
            server.stop()
        self.servers.clear()
        self.warm.clear()


def busy(seconds=1.0):
    """Which share of the machine others use, in percent, and which share the host takes away."""
    def read():
        with open("/proc/stat") as f:
            return [int(v) for v in f.readline().split()[1:9]]
    before = read()
    time.sleep(seconds)
    spent = [b - a for a, b in zip(before, read())]
    total = max(1, sum(spent))
    return 100.0 * (total - spent[3] - spent[4]) / total, 100.0 * spent[7] / total


def machine(bench):
    with open("/proc/cpuinfo") as f:
        model = next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")), platform.machine())
    used, stolen = busy()
    return {
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "java": [version for version, _ in bench.jdks],
        "busy_percent": round(used, 1),
        "stolen_percent": round(stolen, 1),
        "quick": bench.quick,
    }


def main():
    parser = argparse.ArgumentParser(prog="deploy/bench")
    parser.add_argument("--distribution", required=True)
    parser.add_argument("--tools", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--jdk", action="append", default=[])
    parser.add_argument("--case", action="append", default=[])
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--json")
    parser.add_argument("--compare")
    options = parser.parse_args()
    for name in options.case:
        if name not in CASES:
            sys.exit("deploy/bench: there is no case %s; there are: %s" % (name, " ".join(CASES)))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    bench = Bench(options)
    about = machine(bench)
    print(report.heading(about), flush=True)

    def write(so_far):
        if options.json:
            with open(options.json, "w") as f:
                json.dump(report.document(about, so_far), f, indent=1)
                f.write("\n")

    results = bench.run(options.case or [name for name in CASES if name not in ONLY_BY_NAME], write)
    document = report.document(about, results)
    missing = sorted({m for r in results.values() for m in r.missing})
    for m in missing:
        print("left out: %s" % m)
    status = 0
    if options.compare:
        with open(options.compare) as f:
            before = json.load(f)
        status = report.compare(
            before, document, lambda names: report.document(about, bench.run(names, lambda so_far: None)))
    if any(r.failed for r in results.values()) or (missing and os.environ.get("CI")):
        status = 1
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
