package org.rpcward.policy.yaml;

import static org.rpcward.policy.yaml.Key.may;
import static org.rpcward.policy.yaml.Key.must;

import java.util.List;
import org.rpcward.policy.yaml.Key.Kind;

/** All keys of a policy. */
public final class Keys {
    private static final long SECOND = 1000;
    private static final long MINUTE = 60 * SECOND;
    private static final long HOUR = 60 * MINUTE;
    private static final long DAY = 24 * HOUR;

    public static final Section TOP = Section.of(
            "a policy",
            must("version", Kind.COUNT, "1", "the version of the policy's own form")
                    .from(1, 1),
            may("mode", Kind.WORD, "enforce", "audit", "audit: decide, count and log, and hinder nothing")
                    .words("enforce", "audit"),
            must("listeners", Kind.MAP, "{ lan: { bind: external } }", "where rpcward listens, by name")
                    .alsoCalled("listener", "listen", "frontends", "frontend"),
            must("backends", Kind.MAP, "{ legacy: { address: \"127.0.0.1:111\" } }", "where answers come from, by name")
                    .alsoCalled("backend", "servers", "upstreams", "upstream"),
            may("groups", Kind.MAP, "no groups", "{ nfs-clients: [10.20.0.0/16] }", "addresses by name")
                    .alsoCalled("acls", "acl", "networks", "hosts"),
            may("programs", Kind.MAP, "no sets", "{ nfs-family: [nfs, mountd] }", "sets of programs by name"),
            may("views", Kind.MAP, "no views", "{ nfs-only: { programs: nfs } }", "parts of a registry by name"),
            may(
                            "limits",
                            Kind.MAP,
                            "no limits",
                            "{ lookups: { rate: 50/s, burst: 200 } }",
                            "how much may be asked, by name")
                    .alsoCalled("rate_limits", "ratelimits", "rates", "buckets"),
            must(
                            "rules",
                            Kind.LIST,
                            "[{ name: lan looks up, from: 10.0.0.0/8, call: lookup, then: allow }]",
                            "the rules in order; the first that matches decides")
                    .alsoCalled("rule", "policies"),
            may("default", Kind.WORD, "drop", "drop", "the verdict for what no rule matches")
                    .words("allow", "hide", "refuse", "drop"),
            may("amplification", Kind.MAP, "{ udp: 1.0 }", "{ udp: 1.0 }", "how large replies may be"),
            may(
                            "enumeration",
                            Kind.MAP,
                            "scans are told, and nobody is hindered",
                            "{ throttle_at: 20, ban_at: 60, window: 60s }",
                            "who is taken for a scanner, and what follows; off: points are not counted")
                    .words("off")
                    .alsoCalled("scans", "scan", "scanners"),
            may(
                            "bans",
                            Kind.MAP,
                            "the defaults below",
                            "{ first: 60s, factor: 4, longest: 24h }",
                            "how long bans last, and who is never banned")
                    .alsoCalled("ban"),
            may("log", Kind.MAP, "{ format: json }", "{ format: json }", "what is logged"),
            may(
                            "admin",
                            Kind.MAP,
                            "only the control socket of the service",
                            "{ http: \"127.0.0.1:9111\" }",
                            "where rpcward tells of itself and takes orders")
                    .alsoCalled("control", "management", "metrics"));

    public static final Section LISTENER = Section.of(
            "a listener",
            must("bind", Kind.TEXTS, "external", "addresses, interface names, or external")
                    .alsoCalled("address", "addresses", "listen", "interface"),
            may("port", Kind.COUNT, "111", "111", "the port, UDP and TCP").from(1, 65_535),
            may("transports", Kind.WORDS, "[udp, tcp]", "[udp, tcp]", "what it listens on")
                    .words("udp", "tcp")
                    .alsoCalled("transport", "over", "protocols", "protocol"),
            may("backend", Kind.TEXT, "the only backend", "legacy", "the backend that it answers for"),
            may("workers", Kind.COUNT, "one per core", "2", "sockets of each kind, each with an event loop")
                    .from(1, 64)
                    .alsoCalled("threads"),
            may(
                    "advertise",
                    Kind.TEXTS,
                    "the address that was asked",
                    "192.0.2.10",
                    "the address that stands in answers"),
            may("tcp", Kind.MAP, "the defaults below", "{ idle: 15s }", "bounds of its connections"));

    public static final Section TCP = Section.of(
            "tcp",
            may("max_connections", Kind.COUNT, "2048", "2048", "connections at one time")
                    .from(1, 100_000)
                    .alsoCalled("connections", "maxconn", "limit"),
            may("max_per_source", Kind.COUNT, "16", "16", "connections at one time from one address")
                    .from(1, 10_000)
                    .alsoCalled("per_source", "max_connections_per_client", "max_per_client", "max_per_ip"),
            may(
                            "max_per_prefix",
                            Kind.COUNT,
                            "as max_connections",
                            "256",
                            "connections at one time from one /24, or /56 of IPv6")
                    .from(1, 100_000)
                    .alsoCalled("per_prefix", "max_per_subnet", "max_per_network"),
            may("new_per_second", Kind.COUNT, "10000", "500", "new connections a second; twice as many at once")
                    .from(1, 100_000)
                    .alsoCalled("rate", "rate_limit", "connection_rate", "maxconnrate", "new"),
            may(
                            "new_per_source",
                            Kind.COUNT,
                            "as new_per_second",
                            "20",
                            "new connections a second from one address; five times as many at once")
                    .from(1, 100_000)
                    .alsoCalled("rate_per_source", "per_source_rate"),
            may(
                            "new_per_prefix",
                            Kind.COUNT,
                            "as new_per_second",
                            "100",
                            "new connections a second from one /24, or /56 of IPv6; five times as many at once")
                    .from(1, 100_000)
                    .alsoCalled("rate_per_prefix", "per_prefix_rate"),
            may("idle", Kind.DURATION, "15s", "15s", "how long a connection may stay without a whole call")
                    .from(100, HOUR)
                    .alsoCalled("idle_timeout", "timeout"),
            may("first_record", Kind.DURATION, "3s", "3s", "how soon after its beginning it must send a whole call")
                    .from(100, MINUTE)
                    .alsoCalled("first_record_timeout", "handshake_timeout"),
            may("record", Kind.DURATION, "5s", "5s", "how soon after its first byte a call must be whole")
                    .from(100, MINUTE)
                    .alsoCalled("record_timeout", "read_timeout", "request_timeout", "drip"),
            may("life", Kind.DURATION, "10m", "10m", "how long a connection may stay at all")
                    .from(SECOND, DAY)
                    .alsoCalled("lifetime", "max_life", "max_age", "max_duration", "max_connection_duration"),
            may("max_record", Kind.SIZE, "4KiB", "4KiB", "bytes of a call").from(512, 65_536),
            may("max_pipelined", Kind.COUNT, "64", "64", "calls read ahead of their replies")
                    .from(1, 1024)
                    .alsoCalled("max_in_flight", "in_flight", "pipelined"),
            may(
                            "max_calls",
                            Kind.COUNT,
                            "as many as its life lets in",
                            "10000",
                            "calls in all; it ends with the reply to the last")
                    .from(1, 1_000_000_000)
                    .alsoCalled("calls", "max_requests", "max_queries_per_connection"));

    public static final Section BACKEND = Section.of(
            "a backend",
            may(
                            "address",
                            Kind.TEXTS,
                            "none: there is a registry",
                            "\"127.0.0.1:111\"",
                            "the portmapper to ask, or a list: the first that is up is asked")
                    .alsoCalled("addresses", "host", "server", "endpoint", "endpoints"),
            may(
                    "registry",
                    Kind.LIST,
                    "none: there is an address",
                    "[{ program: nfs, version: 3, netid: tcp, port: 2049 }]",
                    "rows that stand in for a portmapper"),
            may("answers", Kind.WORD, "mirror", "mirror", "how lookups are answered")
                    .words("mirror", "forward"),
            may("fresh", Kind.DURATION, "5s", "5s", "how old the copy of the registry may be")
                    .from(100, HOUR)
                    .alsoCalled("ttl", "refresh"),
            may("stale", Kind.DURATION, "10m", "10m", "how long the last copy answers for a backend that does not")
                    .from(SECOND, 7 * DAY),
            may("retry", Kind.DURATION, "1s", "1s", "the shortest time between two readings for something missing")
                    .from(100, MINUTE),
            may("timeout", Kind.DURATION, "1s", "1s", "how long one question may take")
                    .from(100, 30 * SECOND),
            may(
                            "pins",
                            Kind.LIST,
                            "no pins",
                            "[{ program: mountd, version: 3, netid: tcp, port: 20048 }]",
                            "rows laid over what the portmapper says")
                    .alsoCalled("pin", "static"),
            may(
                            "expect",
                            Kind.LIST,
                            "nothing",
                            "[{ program: mountd, version: 3, netid: tcp, port: 20048 }]",
                            "rows that must be there: the log tells when one is not")
                    .alsoCalled("expected", "expectations"),
            may("health", Kind.MAP, "{ rise: 2, fall: 3 }", "{ rise: 2, fall: 3 }", "when a portmapper is up or down"));

    public static final Section HEALTH = Section.of(
            "health",
            may("rise", Kind.COUNT, "2", "2", "answers in a row that bring a portmapper up")
                    .from(1, 100),
            may("fall", Kind.COUNT, "3", "3", "failures in a row that take it down")
                    .from(1, 100));

    public static final Section ROW = Section.of(
            "a row",
            must("program", Kind.TEXT, "mountd", "its name in the table or its number"),
            must("version", Kind.TEXTS, "3", "a version, a list of versions or a range 2-4")
                    .alsoCalled("versions"),
            must("netid", Kind.TEXTS, "tcp", "its transport, or a list")
                    .words("udp", "tcp", "udp6", "tcp6")
                    .alsoCalled("netids", "transport", "over", "protocol", "proto"),
            must("port", Kind.COUNT, "20048", "its port").from(1, 65_535));

    public static final Section EXPECTATION = ROW.with(
            "an expectation",
            may(
                            "then",
                            Kind.WORD,
                            "alarm",
                            "alarm",
                            "alarm: tell; serve: tell, and answer what is expected all the same")
                    .words("alarm", "serve"));

    public static final Section GROUP = Section.of(
            "a group",
            may("file", Kind.TEXT, "no file", "meters.txt", "a file with one prefix a line"),
            may("prefixes", Kind.TEXTS, "none", "[10.20.0.0/16]", "prefixes and names of groups")
                    .alsoCalled("cidrs", "addresses", "hosts", "networks", "from"),
            may("except", Kind.TEXTS, "none", "[10.20.99.0/24]", "prefixes and groups that are left out")
                    .alsoCalled("not", "without"));

    public static final Section VIEW = Section.of(
            "a view",
            must("programs", Kind.TEXTS, "nfs-family", "the programs that it shows; any for all")
                    .alsoCalled("program"),
            may("netids", Kind.WORDS, "all", "[udp, tcp]", "the netids that it shows")
                    .words("udp", "tcp", "udp6", "tcp6", "local")
                    .alsoCalled("netid"),
            may("max_rows", Kind.COUNT, "10000", "100", "how many rows a listing shows at most")
                    .from(1, 10_000));

    public static final Section LIMIT = Section.of(
            "a limit",
            must(
                            "rate",
                            Kind.RATE,
                            "50/s",
                            "how many calls, or bytes of reply, in a second, a minute or an hour: s, min, h")
                    .alsoCalled("limit", "qps", "rps"),
            may("burst", Kind.AMOUNT, "what the rate gives in its period", "200", "how many at once after a pause")
                    .alsoCalled("capacity", "size"),
            may("per", Kind.WORD, "source", "source", "who shares an allowance")
                    .words("source", "prefix", "listener", "rule")
                    .alsoCalled("by", "key"),
            may("in", Kind.WORD, "calls", "calls", "what is counted; a rate in bytes means reply-bytes")
                    .words("calls", "reply-bytes")
                    .alsoCalled("unit", "of"),
            may("over", Kind.WORD, "drop", "drop", "what is said to calls beyond it")
                    .words("drop", "refuse", "hide")
                    .alsoCalled("then", "exceeded", "action"),
            may("mode", Kind.WORD, "enforce", "audit", "audit: tell what it would do, and let the call pass")
                    .words("enforce", "audit"),
            may("prefix", Kind.MAP, "{ v4: 24, v6: 56 }", "{ v4: 24, v6: 56 }", "how wide a prefix is"),
            may(
                            "rollup",
                            Kind.COUNT,
                            "32",
                            "32",
                            "what all newcomers of a prefix share: so many times what a source has")
                    .from(1, 1024));

    public static final Section PREFIX = Section.of(
            "prefix",
            may("v4", Kind.COUNT, "24", "24", "bits of an IPv4 prefix")
                    .from(8, 32)
                    .alsoCalled("ipv4", "inet"),
            may("v6", Kind.COUNT, "56", "56", "bits of an IPv6 prefix")
                    .from(16, 128)
                    .alsoCalled("ipv6", "inet6"));

    public static final Section ENUMERATION = Section.of(
            "enumeration",
            may(
                            "throttle_at",
                            Kind.COUNT,
                            "20",
                            "20",
                            "points within the window from which on lookups are answered at a trickle")
                    .from(1, 10_000)
                    .alsoCalled("throttle"),
            may("ban_at", Kind.COUNT, "60", "60", "points over TCP within the window that bring a ban")
                    .from(1, 10_000)
                    .words("never")
                    .alsoCalled("ban"),
            may("window", Kind.DURATION, "60s", "60s", "how long points count")
                    .from(SECOND, HOUR)
                    .alsoCalled("interval", "period"));

    public static final Section BANS = Section.of(
            "bans",
            may("never", Kind.TEXTS, "nobody", "nfs-clients", "who is never banned: groups, prefixes, or any")
                    .alsoCalled("except", "ignore", "allow", "ignoreip"),
            may("first", Kind.DURATION, "60s", "60s", "how long a source's first ban lasts")
                    .from(SECOND, 30 * DAY)
                    .alsoCalled("duration", "time", "bantime"),
            may("factor", Kind.FACTOR, "4.0", "4", "how many times as long as the one before each further ban lasts")
                    .from(1000, 100_000),
            may("longest", Kind.DURATION, "24h", "24h", "the longest ban")
                    .from(SECOND, 365 * DAY)
                    .alsoCalled("max", "maximum"));

    public static final Section RULE = Section.of(
            "a rule",
            must("name", Kind.TEXT, "nfs clients find nfs", "unique; logs and metrics show it")
                    .alsoCalled("id", "rule"),
            must("from", Kind.TEXTS, "nfs-clients", "who asks: groups, prefixes, or any")
                    .alsoCalled("source", "sources", "src", "client", "clients", "group", "groups"),
            may("call", Kind.TEXTS, "any", "lookup", "what is asked: classes, procedures, or any")
                    .alsoCalled("calls", "procedure", "procedures", "proc", "method", "class"),
            may("program", Kind.TEXTS, "any", "nfs-family", "which program it is about: names, numbers, sets, or any")
                    .alsoCalled("programs", "prog", "target", "service"),
            may(
                            "protocol",
                            Kind.TEXTS,
                            "any",
                            "[3, 4]",
                            "the version of the portmapper protocol that is spoken: 2 to 4, or any")
                    .words("2", "3", "4")
                    .alsoCalled("version", "versions", "protocols"),
            may("over", Kind.WORDS, "any", "tcp", "the transport: udp, tcp, or any")
                    .words("udp", "tcp")
                    .alsoCalled("transport", "transports", "netid"),
            may(
                            "not",
                            Kind.MAP,
                            "no exceptions",
                            "{ program: nfs }",
                            "keys turned round: all of them must fail to hold")
                    .alsoCalled("except", "unless"),
            must("then", Kind.WORD, "allow", "the verdict")
                    .words("allow", "hide", "refuse", "drop")
                    .alsoCalled("action", "verdict", "do", "decision", "policy"),
            may("mode", Kind.WORD, "enforce", "audit", "audit: tell what it would do, and go on")
                    .words("enforce", "audit"),
            may(
                    "view",
                    Kind.TEXT,
                    "what the client may look up",
                    "nfs-only",
                    "the view that its answers show; everything is one"),
            may("over_udp", Kind.WORD, "budget", "full", "full: its answers over UDP may be larger than their calls")
                    .words("budget", "full"),
            may("limit", Kind.TEXTS, "no limit", "lookups", "the limits that its calls are charged to, 8 at most")
                    .alsoCalled("limits", "rate", "rate_limit"));

    public static final Section NOT = new Section(
            "not", List.of(unless("from"), unless("call"), unless("program"), unless("protocol"), unless("over")));

    public static final Section AMPLIFICATION = Section.of(
            "amplification",
            may("udp", Kind.FACTOR, "1.0", "1.0", "bytes of reply for each byte of call over UDP")
                    .from(500, 100_000));

    public static final Section LOG = Section.of(
            "log",
            may("format", Kind.WORD, "json", "json", "how a line is written").words("json", "text"),
            may("to", Kind.TEXT, "stdout", "/var/log/rpcward/rpcward.log", "where it goes: stdout, journald, or a file")
                    .alsoCalled("file", "path", "output", "target", "destination"),
            may("allow", Kind.TEXT, "1/1000", "1/1000", "which allowed calls are logged: one in so many, none or all"),
            may("deny", Kind.MAP, "{ one_per: 10s }", "{ one_per: 10s }", "which denied calls are logged"));

    public static final Section DENY = Section.of(
            "deny",
            may(
                            "one_per",
                            Kind.DURATION,
                            "10s",
                            "10s",
                            "the time in which one denied call per source and rule is logged")
                    .from(100, HOUR));

    public static final Section ADMIN = Section.of(
            "admin",
            may(
                            "http",
                            Kind.TEXT,
                            "nowhere",
                            "\"127.0.0.1:9111\"",
                            "the address for metrics, health and read-only state")
                    .alsoCalled("address", "listen", "bind", "port", "metrics"),
            may(
                            "socket",
                            Kind.TEXT,
                            "admin.sock in the service's runtime directory",
                            "/run/rpcward/admin.sock",
                            "the path of the control socket of 'rpcward ctl', or off")
                    .alsoCalled("unix", "path", "control"));

    /** Every section of a policy, from the outermost inwards. */
    public static final List<Section> ALL = List.of(
            TOP,
            LISTENER,
            TCP,
            BACKEND,
            HEALTH,
            ROW,
            EXPECTATION,
            GROUP,
            VIEW,
            LIMIT,
            PREFIX,
            RULE,
            NOT,
            AMPLIFICATION,
            ENUMERATION,
            BANS,
            LOG,
            DENY,
            ADMIN);

    private Keys() {}

    /** The key of a rule as it stands under {@code not}. */
    private static Key unless(String name) {
        Key key = RULE.get(name);
        return new Key(
                name,
                key.kind(),
                false,
                "no exception",
                key.example(),
                key.about(),
                key.least(),
                key.most(),
                key.words(),
                key.synonyms());
    }
}
