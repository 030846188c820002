"""What is measured: one function a case. Each yields contestants and says which ratios count."""

import time

from servers import CLIENT_BASE, NFS, REXD, ROWS_BASE, STRANGER_BASE, UNWATCHED, YPSERV, cores

GETPORT = ["-P", str(NFS), "-V", "3", "-T", "6"]
WINDOW = ["-w", "256"]
PACE = 10_000


class Contestant:
    """
    One line of a case's table.

    load: the generator's arguments that fill the server; paced: those for the latency at 10,000 calls a second, or None
    """

    def __init__(self, label, server, load, paced=None, tool="rpcload", per="answered", core=True, also=()):
        self.label = label
        self.server = server
        self.tool = tool
        self.load = load
        self.paced = paced
        self.per = per
        self.core = core
        self.also = list(also)


class Ratio:
    """What a contestant's figure is to another's, each round for itself; must and aim are bounds, or None."""

    def __init__(self, metric, over, under, must=None, aim=None, better="lower"):
        self.metric, self.over, self.under = metric, over, under
        self.must, self.aim, self.better = must, aim, better


CASES = {}

# Cases that take minutes each: not among all.
ONLY_BY_NAME = set()


def case(name, title, only_by_name=False):
    def register(function):
        CASES[name] = (title, function)
        if only_by_name:
            ONLY_BY_NAME.add(name)
        return function
    return register


def udp(label, server, *arguments, op="getport", paced=True, **more):
    if server is None:
        return None
    call = (["-o", op] if op == "dns" else ["-o", op] + GETPORT) + ["-p", str(server.port)] + list(arguments)
    # Half the pace in the last figure is a wait of the generator's own; the slow peers could not do more.
    return Contestant(label, server, call + WINDOW, call + ["-r", str(PACE)] if paced else None, **more)


def tcp(label, server, *arguments, op="getport", **more):
    if server is None:
        return None
    call = ["-o", op, "-p", str(server.port), "-b", CLIENT_BASE] + ([] if op == "dns" else ["-P", str(NFS), "-V", "3"])
    return Contestant(label, server, call + list(arguments), tool="tcpload", **more)


@case("getport", "GETPORT over UDP, cached, the policy in force")
def getport(b):
    b.compete(
        udp("rpcward", b.rpcward()),
        udp("udplimit", b.udplimit()),
        udp("dnsdist, vector 32", b.dnsdist("dnsdist, vector 32", vector=32), op="dns"),
        udp("dnsdist", b.dnsdist("dnsdist"), op="dns"),
        udp("nginx", b.nginx(), also=["rpcbind"]),
        udp("rpcbind", b.rpcbind()),
        ratios=[
            Ratio("cpu_us", "rpcward", "udplimit", 1.5, 1.3),
            Ratio("cpu_us", "rpcward", "dnsdist, vector 32", 1.0),
            Ratio("cpu_us", "rpcward", "dnsdist", 1.0),
            Ratio("cpu_us", "rpcward", "nginx"),
            Ratio("cpu_us", "rpcward", "rpcbind"),
            Ratio("per_s", "rpcward", "rpcbind", 2.5, 4.0, "higher"),
        ],
        rounds=7)


@case("getaddr", "GETADDR over UDP, cached, the policy in force")
def getaddr(b):
    b.compete(
        udp("rpcward", b.rpcward(), op="getaddr"),
        udp("udplimit", b.udplimit(), op="getaddr"),
        udp("rpcbind", b.rpcbind(), op="getaddr"),
        ratios=[
            Ratio("cpu_us", "rpcward", "udplimit"),
            Ratio("cpu_us", "rpcward", "rpcbind"),
            Ratio("per_s", "rpcward", "rpcbind", 2.5, 4.0, "higher"),
        ])


@case("sources", "GETPORT from one source, a thousand and a million in turn")
def sources(b):
    server = b.rpcward()
    b.compete(
        udp("1 source", server, paced=False),
        udp("1,000 sources", server, "-b", CLIENT_BASE, "-s", "1000", paced=False),
        udp("1,000,000 sources", server, "-b", CLIENT_BASE, "-s", "1000000", paced=False),
        udp("dnsdist, 1 source", b.dnsdist("dnsdist", vector=32), op="dns", paced=False),
        udp("dnsdist, 1,000,000 sources", b.dnsdist("dnsdist", vector=32), "-b", CLIENT_BASE, "-s", "1000000",
            op="dns", paced=False),
        ratios=[
            Ratio("cpu_us", "1,000 sources", "1 source"),
            Ratio("cpu_us", "1,000,000 sources", "1 source", 1.3, 1.1),
            Ratio("cpu_us", "dnsdist, 1,000,000 sources", "dnsdist, 1 source"),
        ],
        bounds=[("rss_mb", "1,000,000 sources", 256)],
        rounds=7)


@case("rules", "GETPORT with rules in front that do not match")
def rules(b):
    b.compete(
        udp("no rules in front", b.rpcward(), paced=False),
        *[udp("%s rules" % format(n, ","), b.rpcward("%d rules" % n, rules_in_front=n), paced=False)
          for n in (1, 100, 1000, 9990)],
        udp("dnsdist, none", b.dnsdist("dnsdist", vector=32), op="dns", paced=False),
        udp("dnsdist, 1,000 rules", b.dnsdist("dnsdist, 1000 rules", vector=32, rules=1000), op="dns", paced=False),
        ratios=[
            Ratio("cpu_us", "1 rules", "no rules in front"),
            Ratio("cpu_us", "100 rules", "no rules in front"),
            Ratio("cpu_us", "1,000 rules", "no rules in front", 1.10, 1.02),
            Ratio("cpu_us", "9,990 rules", "no rules in front"),
            Ratio("cpu_us", "dnsdist, 1,000 rules", "dnsdist, none"),
        ])


@case("limit", "GETPORT with and without a limit on the rule")
def limit(b):
    qps = ("addAction(MaxQPSIPRule(1000000), DropAction())",)
    b.compete(
        udp("with a limit", b.rpcward(), paced=False),
        udp("without", b.rpcward("rpcward, no limit", limits=False), paced=False),
        udp("dnsdist, with a limit", b.dnsdist("dnsdist, limit", vector=32, more=qps), op="dns", paced=False),
        udp("dnsdist, without", b.dnsdist("dnsdist", vector=32), op="dns", paced=False),
        ratios=[
            Ratio("cpu_us", "with a limit", "without", 1.10, 1.05),
            Ratio("cpu_us", "dnsdist, with a limit", "dnsdist, without"),
        ])


@case("observing", "GETPORT while everything watches (scraped each second, a tail, a sample logged) and while nothing does")
def observing(b):
    b.compete(
        udp("watched", b.watched_rpcward(), paced=False),
        udp("not watched", b.rpcward("rpcward, not watched", extra=UNWATCHED), paced=False),
        ratios=[Ratio("cpu_us", "watched", "not watched")])


@case("tcp-pipelined", "GETPORT over TCP, 8 connections with 32 calls under way each")
def tcp_pipelined(b):
    load = ("-c", "8", "-w", "32")
    b.compete(
        tcp("rpcward", b.rpcward(), *load),
        tcp("dnsdist", b.dnsdist("dnsdist"), *load, op="dns"),
        tcp("rpcbind", b.rpcbind(), *load),
        ratios=[
            Ratio("cpu_us", "rpcward", "dnsdist", 1.0),
            Ratio("cpu_us", "rpcward", "rpcbind"),
            Ratio("per_s", "rpcward", "rpcbind", None, None, "higher"),
        ])


@case("tcp-connections", "GETPORT over TCP, a connection for each call")
def tcp_connections(b):
    load = ("-1", "-c", "32")
    b.compete(
        tcp("rpcward", b.rpcward(), *load),
        tcp("dnsdist", b.dnsdist("dnsdist"), *load, op="dns"),
        tcp("nginx", b.nginx(), *load, also=["rpcbind"]),
        tcp("rpcbind", b.rpcbind(), *load),
        ratios=[
            Ratio("cpu_us", "rpcward", "dnsdist", 1.0),
            Ratio("cpu_us", "rpcward", "nginx"),
            Ratio("cpu_us", "rpcward", "rpcbind"),
        ])


@case("listing", "DUMP over TCP of 30 registrations: a view of 18 here, all of them from rpcbind")
def listing(b):
    load = ("-c", "8", "-w", "8")
    b.compete(
        tcp("rpcward", b.rpcward(), *load, op="dump"),
        tcp("rpcbind", b.rpcbind(), *load, op="dump"),
        ratios=[Ratio("cpu_us", "rpcward", "rpcbind"), Ratio("per_s", "rpcward", "rpcbind", None, None, "higher")])


# Each is asked for less often than every 100 ms, and rpcbind, which looks through all of them, still answers quickly.
FORWARDED = 6_000


@case("forward", "GETPORT forwarded, for one of 6,000 programs, so that the answer is seldom cached")
def forward(b):
    b.rpcbind().register([(ROWS_BASE + i, 3, "tcp", 1024 + i % 60000) for i in range(b.few(FORWARDED, 200))])
    which = ["-P", str(ROWS_BASE), "-N", str(b.few(FORWARDED, 200))]
    b.compete(
        udp("rpcward", b.rpcward("rpcward, forward", answers="forward"), *which, also=["rpcbind"]),
        udp("nginx", b.nginx(), *which, also=["rpcbind"]),
        ratios=[Ratio("cpu_us", "rpcward", "nginx"), Ratio("per_s", "rpcward", "nginx", None, None, "higher")])


@case("drop", "Calls that are dropped: CPU of the server for each call sent, at 50,000 a second")
def drop(b):
    server = b.rpcward()
    # In bunches, as a network card hands them over: one by one, waking up would be what is measured.
    pace = ["-f", "-r", "50000", "-B", "32", "-l", "0"]
    flood = pace + ["-p", str(server.port)]
    nis = ["-P", str(YPSERV), "-V", "2", "-T", "6"]
    dns = b.dnsdist("dnsdist, drop", vector=32, more=('addAction("127.1.0.0/16", DropAction())',))
    b.compete(
        Contestant("by the policy", server, flood + nis + ["-b", CLIENT_BASE, "-s", "1000"], per="sent"),
        Contestant("a stranger's", server, flood + GETPORT + ["-b", STRANGER_BASE, "-s", "1000"], per="sent"),
        dns and Contestant("dnsdist, by a rule", dns, pace + ["-o", "dns", "-p", str(dns.port), "-b",
                           CLIENT_BASE, "-s", "1000"], per="sent"),
        ratios=[
            Ratio("cpu_us", "by the policy", "dnsdist, by a rule", 1.0),
            Ratio("cpu_us", "a stranger's", "by the policy"),
        ])


@case("refuse", "Calls that are refused over UDP")
def refuse(b):
    # All but the query that asks whether it is there yet.
    refused = 'addAction(QNameRule("x0000000000.rpcward-load.benchmark.net"), RCodeAction(DNSRCode.REFUSED))'
    b.compete(
        udp("rpcward", b.rpcward(), "-P", str(REXD), paced=False),
        udp("dnsdist", b.dnsdist("dnsdist, refuse", vector=32, more=(refused,)), op="dns", paced=False),
        ratios=[Ratio("cpu_us", "rpcward", "dnsdist", 1.0)])


@case("workers", "GETPORT from a thousand sources with one event loop and with two, all cores for everybody")
def workers(b):
    many = ("-b", CLIENT_BASE, "-s", "1000")
    b.compete(
        udp("one", b.rpcward(), *many, paced=False, core=False),
        udp("two", b.rpcward("rpcward, two loops", workers=2), *many, paced=False, core=False),
        ratios=[Ratio("per_s", "two", "one", None, None, "higher"), Ratio("cpu_us", "two", "one")])


@case("jdk", "GETPORT over UDP, cached, with each Java that is here")
def jdk(b):
    names = ["Java %s" % version for version, _ in b.jdks]
    b.compete(
        *[udp(name, b.rpcward(name, jdk=home), paced=False) for name, (_, home) in zip(names, b.jdks)],
        ratios=[Ratio("cpu_us", name, names[0]) for name in names[1:]])


@case("rows", "GETPORT from a registry of so many rows")
def rows(b):
    counts = (10, 100, 1000, 10_000)
    b.compete(
        *[udp("%s rows" % format(n, ","), b.rpcward("%d rows" % n, rows=n), "-P", str(ROWS_BASE), "-N", str(n),
              paced=False) for n in counts],
        ratios=[Ratio("cpu_us", "%s rows" % format(n, ","), "10 rows") for n in counts[1:]])


@case("flood", "A client's 1,000 calls a second beside a flood that saturates the machine")
def flood(b):
    seconds = b.few(2.0, 0.8)
    rpcward = b.rpcward("rpcward, flood", rate="4000/s")
    dnsdist = b.dnsdist("dnsdist", vector=32)
    rpcbind = b.rpcbind()
    # Whether the server has its core for itself; if not, the generator of the client's calls has a part of it.
    lines = [
        ("rpcward, strangers", rpcward, GETPORT, STRANGER_BASE, True),
        ("rpcward, from inside", rpcward, GETPORT, CLIENT_BASE, True),
        ("rpcward, from inside, core shared", rpcward, GETPORT, CLIENT_BASE, False),
        ("dnsdist, strangers", dnsdist, ["-o", "dns"], STRANGER_BASE, True),
        ("dnsdist, from inside", dnsdist, ["-o", "dns"], CLIENT_BASE, True),
        ("dnsdist, from inside, core shared", dnsdist, ["-o", "dns"], CLIENT_BASE, False),
        ("rpcbind", rpcbind, GETPORT, CLIENT_BASE, True),
    ]
    lines = [line for line in lines if line[1] is not None]
    load, _ = cores()
    for label, server, call, _, _ in lines:
        b.ready(server)
        b.warm_up(Contestant(label, server, call + ["-p", str(server.port)] + WINDOW))
    for _ in range(b.rounds_of(3)):
        for label, server, call, base, alone in lines:
            call = call + ["-p", str(server.port)]
            b.pin_all_but(server)
            flooder = b.begin("rpcload", call + ["-f", "-b", base, "-s", "60000", "-d", str(seconds + 0.6), "-l", "0"],
                              core=load)
            time.sleep(0.3)
            # It spins: on the core of the load the flood is small beside it, elsewhere it takes most of the server's core.
            where = {"core": load, "nice": -10} if alone else {}
            victim = b.finish(b.begin("rpcload", call + ["-r", "1000", "-d", str(seconds), "-b", "127.0.7.7"], **where))
            flooded = b.finish(flooder)
            # Who hears nothing waits for good.
            b.add(label, {
                "share": 100.0 * victim["answered"] / max(1, victim["sent"]),
                **{p: victim[p] or 1e6 for p in ("p50_us", "p99_us", "p999_us")},
                "flood_per_s": flooded["sent_per_s"],
            })
    b.floor("share", "rpcward, strangers", 99.9, 100)
    b.floor("share", "rpcward, from inside", 95, 99)
    b.floor("share", "rpcward, from inside, core shared", 95, 99)
    b.bound("p50_us", "rpcward, strangers", None, 1000)


@case("connections", "10,000 TCP connections that do nothing: what each holds of the process's memory")
def connections(b):
    count = b.few(10_000, 500)
    for label, server in (("rpcward", b.rpcward("rpcward, idle")), ("dnsdist", b.dnsdist("dnsdist"))):
        if server is None:
            continue
        b.ready(server)
        arguments = ["-i", "-c", str(count), "-p", str(server.port), "-b", CLIENT_BASE, "-d"]
        before = server.resident()
        idle = b.begin("tcpload", arguments + [str(b.few(4, 2))])
        time.sleep(b.few(3.5, 1.5))
        b.add(label, {"kib_each": 1024 * (server.resident() - before) / count, "rss_mb": server.resident()})
        b.finish(idle)
    b.bound("kib_each", "rpcward", 8, 4)


@case("start", "Start to first answer, with and without the archive")
def start(b):
    b.rpcbind()
    b.ready(b.servers["rpcbind"])
    lines = []
    for version, home in b.jdks:
        for archive in (True, False):
            label = "Java %s, %s archive" % (version, "with" if archive else "without")
            lines.append((label, b.rpcward(label, jdk=home, archive=archive)))
    dnsdist = b.dnsdist("dnsdist, start")
    if dnsdist is not None:
        lines.append(("dnsdist", dnsdist))
    for _ in range(b.rounds_of(5)):
        for label, server in lines:
            began = time.monotonic()
            server.start(b.work)
            wall = time.monotonic() - began
            b.add(label, {"seconds": wall, "cpu_seconds": server.cpu(), "rss_mb": server.resident()})
            server.stop()
    for version, _ in b.jdks:
        b.bound("seconds", "Java %s, with archive" % version, 0.7, 0.5)
        b.ratio(Ratio("cpu_seconds", "Java %s, with archive" % version, "Java %s, without archive" % version))


FORGED = ["-b", CLIENT_BASE, "-s", "1000000"]
HOSTILE = [
    ["-P", "300098", "-V", "1"] + FORGED,  # a program that nobody has
    ["-P", str(YPSERV), "-V", "2"] + FORGED,  # one that is kept from them
    ["-P", "1", "-N", "100000"] + FORGED,  # one after the other
    GETPORT + FORGED,
    ["-o", "raw"] + FORGED,  # no call at all
    GETPORT + ["-b", STRANGER_BASE, "-s", "1000000"],
]
STEPS = 10


@case("heap", "The heap over 10,000 reloads, and over 20 million hostile calls from a million sources", only_by_name=True)
def heap(b):
    server = b.controlled_rpcward()
    b.ready(server)
    server.pin(None)
    halves(b, server, "reloads", b.few(10_000, 100), lambda done, until: reload(server, done, until), must=64)
    hostile = [flood + ["-p", str(server.port), "-f", "-l", "0", "-d", "0.5"] for flood in HOSTILE]
    halves(b, server, "hostile calls", b.few(20_000_000, 200_000), lambda done, until: attack(b, hostile, done, until), must=None)


def halves(b, server, what, count, work, must):
    """What the heap holds after each tenth of the work, and by how much it grew in the second half of it."""
    done, kib = 0, []
    for step in range(1, STEPS + 1):
        done = work(done, count * step // STEPS)
        kib.append(server.live_kib())
        if step in (1, STEPS // 2, STEPS):
            b.add("%s %s" % (format(count * step // STEPS, ","), what), {"heap_kib": kib[-1], "rss_mb": server.resident()})
    label = "second half of the %s" % what
    b.add(label, {"growth_kib": kib[-1] - kib[STEPS // 2 - 1]})
    b.bound("growth_kib", label, must, None)


def reload(server, done, until):
    for number in range(done, until):
        server.reload(number)
    return until


def attack(b, floods, done, until):
    while done < until:
        done += sum(b.finish(b.begin("rpcload", flood))["sent"] for flood in floods)
    return done
