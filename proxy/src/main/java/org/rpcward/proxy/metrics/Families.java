package org.rpcward.proxy.metrics;

import com.github.benmanes.caffeine.cache.stats.CacheStats;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.ListenerPolicy;
import org.rpcward.policy.Mode;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.backend.BackendResult;
import org.rpcward.proxy.backend.RegistryChange;
import org.rpcward.proxy.ban.Ban;
import org.rpcward.proxy.ban.Bans;
import org.rpcward.proxy.limit.LimitState;
import org.rpcward.proxy.metrics.Family.Reader;
import org.rpcward.proxy.observe.CallCounts;
import org.rpcward.proxy.observe.Counters;
import org.rpcward.proxy.observe.EndpointCounts;
import org.rpcward.proxy.observe.ReloadCounts;
import org.rpcward.proxy.overload.Overload;
import org.rpcward.proxy.overload.Shed;
import org.rpcward.proxy.overload.Signal;
import org.rpcward.proxy.registry.CacheObserver;
import org.rpcward.proxy.registry.Directory;
import org.rpcward.proxy.registry.ForwardDirectory;
import org.rpcward.proxy.registry.RegistryStore;
import org.rpcward.proxy.rpc.Fault;
import org.rpcward.proxy.rpc.ReplyStatus;
import org.rpcward.proxy.scan.Scans;
import org.rpcward.proxy.service.AnswerPath;
import org.rpcward.proxy.service.Hindrance;

/**
 * rpcward's own metrics. The values of labels are words of rpcward, or names in the policy; nothing that comes from the
 * wire is ever one.
 */
final class Families {
    /** The procedure of calls that were not decoded, or were none for a portmapper. */
    private static final String OTHER = "other";

    /** The cache of encoded listings. */
    private static final String LISTING = "listing";

    private static final List<String> ENDPOINT = List.of("backend", "endpoint");

    /** Portmappers with series of their own. */
    private static final int MAX_ENDPOINTS = 32;

    /** Groups of sockets with series of their own. */
    private static final int MAX_LANES = 48;

    /** Limits with series of their own. */
    private static final int MAX_LIMITS = 64;

    private final List<Family> all = new ArrayList<>();
    private final Counters counters;
    private final Sources sources;

    Families(Counters counters, Sources sources) {
        this.counters = counters;
        this.sources = sources;
        calls();
        replies();
        limits();
        bans();
        overload();
        scans();
        caches();
        backends();
        connections();
        drops();
        policy();
        log();
        process();
    }

    List<Family> all() {
        return all;
    }

    private void add(String name, Family.Type type, String help, List<String> labels, Reader reader) {
        all.add(new Family(name, type, help, labels, reader));
    }

    private void calls() {
        add(
                "rpcward_calls_total",
                Family.Type.COUNTER,
                "Calls that arrived, whatever became of them",
                List.of("listener", "transport", "procedure"),
                sink -> {
                    for (String listener : counters.calls().listeners()) {
                        for (Transport transport : Transport.values()) {
                            for (Procedure procedure : procedures()) {
                                sink.count(
                                        counters.calls().of(listener, transport, procedure),
                                        listener,
                                        transport.word(),
                                        word(procedure));
                            }
                        }
                    }
                });
        add(
                "rpcward_verdicts_total",
                Family.Type.COUNTER,
                "What was done with calls",
                List.of("verdict", "procedure", "transport"),
                sink -> {
                    for (Verdict verdict : Verdict.values()) {
                        for (Procedure procedure : procedures()) {
                            for (Transport transport : Transport.values()) {
                                sink.count(
                                        counters.calls().verdicts(verdict, procedure, transport),
                                        verdict.word(),
                                        word(procedure),
                                        transport.word());
                            }
                        }
                    }
                });
        add(
                "rpcward_rule_hits_total",
                Family.Type.COUNTER,
                "Calls that a rule of the policy decided or, in audit mode, would have decided",
                List.of("rule", "verdict", "mode"),
                sink -> counters.calls()
                        .ruleHits()
                        .forEach((key, hits) -> sink.count(
                                hits,
                                key.name(),
                                key.verdict().word(),
                                key.mode().word())));
        add(
                "rpcward_malformed_total",
                Family.Type.COUNTER,
                "Calls that were not whole, or none for a portmapper",
                List.of("transport", "reason"),
                sink -> {
                    for (Transport transport : Transport.values()) {
                        for (Fault fault : Fault.values()) {
                            sink.count(counters.calls().malformed(transport, fault), transport.word(), fault.word());
                        }
                    }
                });
        add(
                "rpcward_received_bytes_total",
                Family.Type.COUNTER,
                "Bytes of calls",
                List.of("transport"),
                byTransport(counters.calls()::receivedBytes));
        add(
                "rpcward_sent_bytes_total",
                Family.Type.COUNTER,
                "Bytes of replies",
                List.of("transport"),
                byTransport(counters.replies()::sentBytes));
    }

    private interface OfTransport {
        long count(Transport transport);
    }

    private static Reader byTransport(OfTransport counts) {
        return sink -> {
            for (Transport transport : Transport.values()) {
                sink.count(counts.count(transport), transport.word());
            }
        };
    }

    private static List<@Nullable Procedure> procedures() {
        List<@Nullable Procedure> all = new ArrayList<>(Arrays.asList(Procedure.values()));
        all.add(null);
        return all;
    }

    private static String word(@Nullable Procedure procedure) {
        return procedure == null ? OTHER : procedure.word();
    }

    private void replies() {
        add(
                "rpcward_replies_total",
                Family.Type.COUNTER,
                "Replies, by what they say of their calls",
                List.of("transport", "status"),
                sink -> {
                    for (Transport transport : Transport.values()) {
                        for (ReplyStatus status : ReplyStatus.values()) {
                            sink.count(counters.replies().of(transport, status), transport.word(), status.word());
                        }
                    }
                });
        add(
                "rpcward_call_duration_seconds",
                Family.Type.HISTOGRAM,
                "Time from the arrival of a call to its reply; over UDP, of the batch of datagrams that it came in",
                List.of("transport", "path"),
                sink -> {
                    for (Transport transport : Transport.values()) {
                        for (AnswerPath path : AnswerPath.values()) {
                            sink.durations(
                                    counters.replies().durations(transport, path), transport.word(), path.word());
                        }
                    }
                });
        add(
                "rpcward_amplification_suppressed_total",
                Family.Type.COUNTER,
                "Replies over UDP that were larger than their calls allow, and were not sent",
                List.of("procedure"),
                sink -> {
                    for (Procedure procedure : procedures()) {
                        sink.count(counters.replies().suppressed(procedure), word(procedure));
                    }
                });
        add(
                "rpcward_redactions_total",
                Family.Type.COUNTER,
                "Listings from which registrations were left out, by the view that they were seen through",
                List.of("view"),
                sink -> counters.replies().redactedListings().forEach((view, count) -> sink.count(count, view)));
        add(
                "rpcward_redacted_entries_total",
                Family.Type.COUNTER,
                "Registrations that were left out of listings",
                List.of("view"),
                sink -> counters.replies().redactedRows().forEach((view, count) -> sink.count(count, view)));
        single(
                "rpcward_unanswered_total",
                Family.Type.COUNTER,
                "Calls that could not be answered because a backend did not answer and nothing was known of it",
                counters.replies()::notAnswered);
        single(
                "rpcward_unsent_replies_total",
                Family.Type.COUNTER,
                "Replies over UDP that were let go because the socket took no more",
                counters.replies()::notSent);
        single(
                "rpcward_failures_total",
                Family.Type.COUNTER,
                "Mistakes of rpcward itself, each of which cost a call or a connection",
                counters.replies()::failures);
    }

    private void limits() {
        add(
                "rpcward_hindered_calls_total",
                Family.Type.COUNTER,
                "Calls that something else than their rule hindered or, in audit mode, would have hindered",
                List.of("reason", "mode"),
                sink -> {
                    for (Hindrance.Kind kind : Hindrance.Kind.values()) {
                        for (Mode mode : Mode.values()) {
                            sink.count(counters.calls().hindered(kind, mode), kind.word(), mode.word());
                        }
                    }
                });
        add(
                "rpcward_limit_exceeded_total",
                Family.Type.COUNTER,
                "Calls that a limit turned away or, in audit mode, would have turned away",
                List.of("limit", "mode"),
                sink -> limitStates().forEach(state -> {
                    String limit = state.limit().name();
                    sink.count(state.exceeded(), limit, Mode.ENFORCE.word());
                    sink.count(state.exceededInAudit(), limit, Mode.AUDIT.word());
                }));
        ofLimits(
                "rpcward_limiter_entries",
                Family.Type.GAUGE,
                "Sources or prefixes that have a bucket of their own now",
                LimitState::held);
        ofLimits(
                "rpcward_limiter_capacity",
                Family.Type.GAUGE,
                "Sources or prefixes that can have a bucket of their own",
                LimitState::capacity);
        ofLimits(
                "rpcward_limiter_evictions_total",
                Family.Type.COUNTER,
                "Buckets that were full again and were given to another source or prefix",
                LimitState::replaced);
        ofLimits(
                "rpcward_limiter_refused_total",
                Family.Type.COUNTER,
                "Sources or prefixes for which there was no place, so that they shared a bucket",
                LimitState::refused);
    }

    private interface OfLimit {
        long value(LimitState state);
    }

    private void ofLimits(String name, Family.Type type, String help, OfLimit value) {
        add(
                name,
                type,
                help,
                List.of("limit"),
                sink -> limitStates()
                        .forEach(state ->
                                sink.count(value.value(state), state.limit().name())));
    }

    /** No more than a policy can sensibly have. */
    private List<LimitState> limitStates() {
        List<LimitState> states = sources.limits();
        return states.subList(0, Math.min(states.size(), MAX_LIMITS));
    }

    private void bans() {
        ofBans("rpcward_bans_active", Family.Type.GAUGE, "Bans in force", (bans, kind) -> bans.active(kind));
        ofBans("rpcward_bans_total", Family.Type.COUNTER, "Bans that began", Bans::started);
        add("rpcward_ban_drops_total", Family.Type.COUNTER, "What bans kept out", List.of("what"), sink -> {
            sink.count(sources.bans().callsTurnedAway(), "call");
            sink.count(sources.bans().connectionsTurnedAway(), "connection");
        });
        single(
                "rpcward_bans_evicted_total",
                Family.Type.COUNTER,
                "Automatic bans that ended early because there were too many",
                () -> sources.bans().evicted());
    }

    private interface OfBans {
        long value(Bans bans, Ban.Kind kind);
    }

    private void ofBans(String name, Family.Type type, String help, OfBans value) {
        add(name, type, help, List.of("kind"), sink -> {
            for (Ban.Kind kind : Ban.Kind.values()) {
                sink.count(value.value(sources.bans(), kind), kind.word());
            }
        });
    }

    private void scans() {
        single(
                "rpcward_scanners_total",
                Family.Type.COUNTER,
                "How often a source was taken for a scanner",
                () -> sources.scans().scanners());
        ofScans(
                "rpcward_scan_throttled_total",
                Family.Type.COUNTER,
                "Calls of scanners that were hindered",
                Scans::throttled);
        ofScans("rpcward_scan_entries", Family.Type.GAUGE, "Sources whose points are kept", Scans::entries);
        ofScans("rpcward_scan_capacity", Family.Type.GAUGE, "Sources whose points can be kept", Scans::capacity);
        ofScans(
                "rpcward_scan_untracked_total",
                Family.Type.COUNTER,
                "Calls that were not scored because every place was a scanner's",
                Scans::untracked);
    }

    private interface OfScans {
        long value(Scans scans, Transport transport);
    }

    private void ofScans(String name, Family.Type type, String help, OfScans value) {
        add(name, type, help, List.of("transport"), byTransport(t -> value.value(sources.scans(), t)));
    }

    private void overload() {
        single(
                "rpcward_overload_level",
                Family.Type.GAUGE,
                "How far calls and connections are shed: 0 for not at all, to 4",
                () -> sources.overload().level());
        add(
                "rpcward_overload_level_seconds_total",
                Family.Type.COUNTER,
                "How long each level of overload was held",
                List.of("level"),
                sink -> {
                    List<Double> seconds = sources.overload().state().secondsIn();
                    for (int level = 0; level < seconds.size(); level++) {
                        sink.value(seconds.get(level), String.valueOf(level));
                    }
                });
        add(
                "rpcward_overload_shed_total",
                Family.Type.COUNTER,
                "Calls that were turned away because there was more to do than can be done",
                List.of("reason"),
                sink -> {
                    for (Shed reason : Shed.values()) {
                        long sum = 0;
                        for (int level = 0; level <= Overload.TOP; level++) {
                            sum += sources.overload().shed(level, reason);
                        }
                        sink.count(sum, reason.word());
                    }
                });
        add(
                "rpcward_event_loop_lag_seconds",
                Family.Type.GAUGE,
                "By how much the last beats of the event loop that lags most came late",
                List.of(),
                sink -> sink.value(sources.overload().signal(Signal.EVENT_LOOP_LAG) / 1e3));
    }

    private void drops() {
        add(
                "rpcward_udp_socket_drops_total",
                Family.Type.COUNTER,
                "Datagrams that the kernel dropped: by the filter made of the policy, which spares known sources, or for"
                        + " want of room in the queue",
                List.of("listener", "lane"),
                sink -> drops(Transport.UDP).forEach(d -> sink.count(d.dropped(), d.listener(), d.lane())));
        add(
                "rpcward_tcp_socket_drops_total",
                Family.Type.COUNTER,
                "Packets of TCP connections to be that the kernel dropped",
                List.of("listener", "lane"),
                sink -> drops(Transport.TCP).forEach(d -> sink.count(d.dropped(), d.listener(), d.lane())));
    }

    private List<Sources.Drops> drops(Transport transport) {
        return sources.drops().stream()
                .filter(d -> d.transport() == transport)
                .limit(MAX_LANES)
                .toList();
    }

    private void caches() {
        add(
                "rpcward_cache_requests_total",
                Family.Type.COUNTER,
                "Questions to what is remembered of backends",
                List.of("cache", "result"),
                sink -> {
                    for (CacheObserver.Cache cache : CacheObserver.Cache.values()) {
                        for (CacheObserver.Result result : CacheObserver.Result.values()) {
                            sink.count(counters.caches().of(cache, result), cache.word(), result.word());
                        }
                    }
                    CacheStats listings = sources.listings();
                    sink.count(listings.hitCount(), LISTING, CacheObserver.Result.HIT.word());
                    sink.count(listings.missCount(), LISTING, CacheObserver.Result.MISS.word());
                });
        add(
                "rpcward_cache_entries",
                Family.Type.GAUGE,
                "What is remembered: registrations, answers of backends, encoded listings",
                List.of("cache"),
                sink -> {
                    long registrations = 0;
                    long answers = 0;
                    for (Directory directory : sources.directories().values()) {
                        RegistryStore.Kept known = directory.known();
                        registrations += known == null ? 0 : known.rows().size();
                        answers += directory instanceof ForwardDirectory forward ? forward.remembered() : 0;
                    }
                    sink.count(registrations, CacheObserver.Cache.MIRROR.word());
                    sink.count(answers, CacheObserver.Cache.FORWARD.word());
                    sink.count(sources.listingEntries(), LISTING);
                });
        add(
                "rpcward_cache_weight_bytes",
                Family.Type.GAUGE,
                "Memory of encoded listings",
                List.of("cache"),
                sink -> sink.count(sources.listingBytes(), LISTING));
        add(
                "rpcward_cache_evictions_total",
                Family.Type.COUNTER,
                "Encoded listings that were forgotten, for want of room or of anybody who asked",
                List.of("cache"),
                sink -> sink.count(sources.listings().evictionCount(), LISTING));
    }

    private void backends() {
        add(
                "rpcward_backend_up",
                Family.Type.GAUGE,
                "Whether a portmapper is taken to be up; 0 until it has answered",
                ENDPOINT,
                ofEndpoints((sink, counts, backend, endpoint) -> sink.count(counts.isUp() ? 1 : 0, backend, endpoint)));
        add(
                "rpcward_backend_transitions_total",
                Family.Type.COUNTER,
                "How often a portmapper was taken to be up or down from then on",
                List.of("backend", "endpoint", "to"),
                ofEndpoints((sink, counts, backend, endpoint) -> {
                    sink.count(counts.turns(true), backend, endpoint, "up");
                    sink.count(counts.turns(false), backend, endpoint, "down");
                }));
        add(
                "rpcward_backend_down_seconds_total",
                Family.Type.COUNTER,
                "How long a portmapper was taken to be down",
                ENDPOINT,
                ofEndpoints((sink, counts, backend, endpoint) -> sink.value(counts.downSeconds(), backend, endpoint)));
        add(
                "rpcward_backend_requests_total",
                Family.Type.COUNTER,
                "Questions to a portmapper, by how they ended",
                List.of("backend", "endpoint", "transport", "result"),
                ofEndpoints((sink, counts, backend, endpoint) -> {
                    for (Transport transport : Transport.values()) {
                        for (BackendResult.Status result : BackendResult.Status.values()) {
                            sink.count(
                                    counts.questions(transport, result),
                                    backend,
                                    endpoint,
                                    transport.word(),
                                    result.word());
                        }
                    }
                }));
        add(
                "rpcward_backend_duration_seconds",
                Family.Type.HISTOGRAM,
                "Time from a question to a portmapper to its end",
                List.of("backend", "endpoint", "transport"),
                ofEndpoints((sink, counts, backend, endpoint) -> {
                    for (Transport transport : Transport.values()) {
                        sink.durations(counts.durations(transport), backend, endpoint, transport.word());
                    }
                }));
        add(
                "rpcward_backend_inflight",
                Family.Type.GAUGE,
                "Questions to a portmapper that wait for their answers",
                ENDPOINT,
                ofEndpoints((sink, counts, backend, endpoint) -> sink.count(counts.inFlight(), backend, endpoint)));
        add(
                "rpcward_registry_age_seconds",
                Family.Type.GAUGE,
                "Time since the registry of a backend was read; NaN as long as nothing is known",
                List.of("backend"),
                sink -> sources.policy().backends().values().stream()
                        .filter(backend -> !backend.endpoints().isEmpty())
                        .forEach(backend -> sink.value(age(backend.name()), backend.name())));
        add(
                "rpcward_registry_changes_total",
                Family.Type.COUNTER,
                "Changes between two readings of a backend's registry",
                List.of("change"),
                sink -> {
                    for (RegistryChange.Kind kind : RegistryChange.Kind.values()) {
                        sink.count(counters.backends().registryChanges(kind), kind.word());
                    }
                });
    }

    private double age(String backend) {
        Directory directory = sources.directories().get(backend);
        RegistryStore.Kept known = directory == null ? null : directory.known();
        return known == null ? Double.NaN : known.age().toNanos() / 1e9;
    }

    private interface OfEndpoint {
        void read(Family.Sink sink, EndpointCounts counts, String backend, String endpoint);
    }

    private Reader ofEndpoints(OfEndpoint reader) {
        return sink -> counters.backends().endpoints().entrySet().stream()
                .limit(MAX_ENDPOINTS)
                .forEach(entry -> reader.read(
                        sink,
                        entry.getValue(),
                        entry.getKey().backend(),
                        entry.getKey().endpoint()));
    }

    private void connections() {
        add(
                "rpcward_tcp_connections_open",
                Family.Type.GAUGE,
                "TCP connections that are open",
                List.of("listener"),
                sink -> {
                    Map<String, Integer> open = sources.connections();
                    listeners().forEach(listener -> sink.count(open.getOrDefault(listener.name(), 0), listener.name()));
                });
        add(
                "rpcward_tcp_connections_limit",
                Family.Type.GAUGE,
                "TCP connections that the policy lets a listener have",
                List.of("listener"),
                sink -> listeners()
                        .forEach(listener -> sink.count(listener.tcp().maxConnections(), listener.name())));
        add(
                "rpcward_tcp_connections_total",
                Family.Type.COUNTER,
                "TCP connections that came, by what became of them at the door",
                List.of("result"),
                sink -> sources.admissions().forEach((result, count) -> sink.count(count, result)));
        add(
                "rpcward_tcp_closed_total",
                Family.Type.COUNTER,
                "TCP connections that ended, by why",
                List.of("reason"),
                sink -> sources.closes().forEach((reason, count) -> sink.count(count, reason)));
    }

    private List<ListenerPolicy> listeners() {
        return sources.policy().listeners().values().stream()
                .limit(CallCounts.MAX_LISTENERS)
                .toList();
    }

    private interface Single {
        long count();
    }

    /** A family of one series. */
    private void single(String name, Family.Type type, String help, Single value) {
        add(name, type, help, List.of(), sink -> sink.count(value.count()));
    }

    private void log() {
        add(
                "rpcward_log_suppressed_total",
                Family.Type.COUNTER,
                "What the log does not tell: denials like one told a moment before (repeated), denials beyond so many a"
                        + " second (rate), events that nobody took in time (lost)",
                List.of("kind"),
                sink -> {
                    sink.count(counters.log().notToldAgain(), "repeated");
                    sink.count(counters.log().notTold(), "rate");
                    sink.count(sources.lostEvents(), "lost");
                });
    }

    private void policy() {
        add(
                "rpcward_config_info",
                Family.Type.INFO,
                "The policy in force",
                List.of("revision", "mode"),
                sink -> sink.value(
                        1, sources.policy().revision(), sources.policy().mode().word()));
        add(
                "rpcward_audit_rules",
                Family.Type.GAUGE,
                "Rules of the policy that are on trial",
                List.of(),
                sink -> sink.count(auditRules(sources.policy())));
        add(
                "rpcward_config_reloads_total",
                Family.Type.COUNTER,
                "Reloads of the policy, by how they ended",
                List.of("result"),
                sink -> {
                    for (ReloadCounts.Result result : ReloadCounts.Result.values()) {
                        sink.count(counters.reloads().of(result), result.word());
                    }
                });
        single(
                "rpcward_config_last_reload_successful",
                Family.Type.GAUGE,
                "Whether the policy that was read last is the one in force",
                () -> counters.reloads().lastWorked() ? 1 : 0);
        add(
                "rpcward_config_last_reload_success_timestamp_seconds",
                Family.Type.GAUGE,
                "When the policy in force began to serve, in seconds since 1970",
                List.of(),
                sink -> sink.value(counters.reloads().inForceSince()));
        add(
                "rpcward_build_info",
                Family.Type.INFO,
                "What runs",
                List.of("version", "java", "transport"),
                sink -> sink.value(
                        1,
                        String.valueOf(Families.class.getPackage().getImplementationVersion()),
                        System.getProperty("java.version"),
                        sources.transport()));
    }

    /** All of them, when the whole policy is. */
    private static long auditRules(Policy policy) {
        return policy.rules().rules().stream()
                .filter(rule -> !rule.isBuiltin() && (rule.isAudit() || policy.mode() == Mode.AUDIT))
                .count();
    }

    private void process() {
        add(
                "jvm_gc_collections_total",
                Family.Type.COUNTER,
                "Collections of garbage",
                List.of("gc"),
                sink -> ManagementFactory.getGarbageCollectorMXBeans()
                        .forEach(gc -> sink.count(Math.max(0, gc.getCollectionCount()), gc.getName())));
        add(
                "jvm_gc_collection_seconds_total",
                Family.Type.COUNTER,
                "Time that collections of garbage took",
                List.of("gc"),
                sink -> ManagementFactory.getGarbageCollectorMXBeans()
                        .forEach(gc -> sink.value(Math.max(0, gc.getCollectionTime()) / 1e3, gc.getName())));
        add(
                "process_cpu_seconds_total",
                Family.Type.COUNTER,
                "Processor time of the process, in user and in system mode",
                List.of(),
                sink -> sink.value(ProcessStatus.cpuSeconds()));
        add(
                "process_resident_memory_bytes",
                Family.Type.GAUGE,
                "Memory of the process that is in RAM",
                List.of(),
                sink -> sink.value(ProcessStatus.residentBytes()));
    }
}
