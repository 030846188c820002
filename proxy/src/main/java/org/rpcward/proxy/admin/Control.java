package org.rpcward.proxy.admin;

import io.netty.util.concurrent.EventExecutor;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.ListenerPolicy;
import org.rpcward.policy.Policy;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.policy.yaml.Quantity;
import org.rpcward.proxy.admin.Request.BadRequest;
import org.rpcward.proxy.ban.Ban;
import org.rpcward.proxy.ban.BanRefusedException;
import org.rpcward.proxy.ban.Bans;
import org.rpcward.proxy.registry.Directory;
import org.rpcward.proxy.registry.Registry;
import org.rpcward.proxy.registry.RegistryStore;
import org.rpcward.proxy.service.Serving;

/** What is behind each path of the admin server: everything that can be seen of rpcward, and done to it. */
public final class Control {
    /** All that is to be read or done has this before it. */
    static final String API = "/api/v1/";

    private static final int MOST_TOP = 1000;
    private static final int USUAL_TOP = 20;

    private final Views views;
    private final Pulse pulse;
    private final Onlooker onlooker;
    private final Operator operator;
    private final Bans bans;
    private final BiConsumer<String, String> journal;
    private final EventExecutor executor;
    private final ClientEye eye;

    /**
     * Puts it together.
     *
     * @param executor on which requests are answered
     * @param journal is told what was done here, and to what
     */
    public Control(
            Views views,
            Pulse pulse,
            Onlooker onlooker,
            Operator operator,
            Bans bans,
            EventExecutor executor,
            BiConsumer<String, String> journal) {
        this.views = views;
        this.pulse = pulse;
        this.onlooker = onlooker;
        this.operator = operator;
        this.bans = bans;
        this.journal = journal;
        this.executor = executor;
        this.eye = new ClientEye(InstantSource.system(), executor);
        pulse.each(onlooker::tick);
        pulse.each(views::tick);
    }

    /** All routes but those that other parts add. */
    public Routes routes() {
        Routes routes = new Routes();
        return routes
                .get("/", request -> Answer.text(Answer.OK, Answer.TEXT, "rpcward\n\n" + routes.list()))
                .get("/healthz", request -> healthz())
                .get("/readyz", request -> readyz())
                .get(API + "status", request -> Answer.json(views.status()))
                .get(API + "backends", request -> Answer.json(views.backends()))
                .get(API + "rules", request -> Answer.json(views.rules()))
                .get(API + "sources", top(onlooker.top::sources))
                .get(API + "programs", top(onlooker.top::programs))
                .get(
                        API + "bans",
                        request -> Answer.json(
                                bans.list().stream().map(BanView::of).toList()))
                .get(
                        API + "limits",
                        request -> Answer.json(views.serving().limits().states().stream()
                                .map(LimitView::of)
                                .toList()))
                .get(API + "cache", request -> Answer.json(views.cache()))
                .get(API + "errors", request -> Answer.json(onlooker.faults.list()))
                .get(API + "explain", request -> explain(request))
                .getLater(API + "registry", this::registry)
                .stream(API + "tail", this::tail)
                .post(API + "reload", request -> operator.reload().thenApply(Control::told))
                .post(API + "ban", request -> now(ban(request)))
                .post(API + "unban", request -> now(unban(request)))
                .post(API + "backend", request -> now(rest(request)))
                .post(API + "drain", request -> now(drain(request)));
    }

    private static CompletionStage<Answer> now(Answer answer) {
        return CompletableFuture.completedFuture(answer);
    }

    private Answer healthz() {
        int stuck = pulse.stuck();
        return stuck == 0
                ? Answer.text(Answer.OK, Answer.TEXT, "ok\n")
                : Answer.text(
                        Answer.UNAVAILABLE, Answer.TEXT, stuck + " of " + pulse.loops() + " event loops are stuck\n");
    }

    private Answer readyz() {
        List<String> missing = views.missing();
        return missing.isEmpty()
                ? Answer.text(Answer.OK, Answer.TEXT, "ready\n")
                : Answer.text(Answer.UNAVAILABLE, Answer.TEXT, String.join("\n", missing) + "\n");
    }

    private static Answer told(Reloaded reload) {
        return Answer.json(
                switch (reload.result()) {
                    case OK -> Answer.OK;
                    case INVALID -> Answer.INVALID;
                    case IO -> Answer.FAILED;
                },
                reload);
    }

    private static Function<Request, Answer> top(Function<Integer, List<?>> most) {
        return request -> Answer.json(most.apply(request.number("most", USUAL_TOP, 1, MOST_TOP)));
    }

    private void tail(Request request, LineStream lines) {
        try {
            onlooker.tails.add(TailFilter.parse(request.parameter("filter", "")), lines);
        } catch (IllegalArgumentException e) {
            throw new BadRequest(String.valueOf(e.getMessage()));
        }
    }

    private static Transport transport(Request request, Transport absent) {
        return switch (request.parameter("over", absent.word())) {
            case "udp" -> Transport.UDP;
            case "tcp" -> Transport.TCP;
            default -> throw new BadRequest("'over' is udp or tcp");
        };
    }

    private static @Nullable Integer protocol(Request request) {
        int protocol = request.number("protocol", 0, 0, Procedure.HIGHEST_PROTOCOL);
        return protocol == 0 ? null : Integer.valueOf(protocol);
    }

    private Answer explain(Request request) {
        CallText call = new CallText(
                request.required("from"),
                transport(request, Transport.UDP),
                protocol(request),
                request.required("call"),
                request.parameter("program"));
        Explanation explanation;
        try {
            explanation = Explanation.of(views.serving().policy(), call.query());
        } catch (IllegalArgumentException e) {
            throw new BadRequest(String.valueOf(e.getMessage()));
        }
        Optional<Ban> ban = IpAddress.parse(call.from()).flatMap(this::banOf);
        Map<String, @Nullable Object> told = new LinkedHashMap<>();
        told.put("explanation", explanation);
        told.put("ban", ban.map(BanView::of).orElse(null));
        told.put("text", explanation.text());
        return Answer.json(told);
    }

    private Optional<Ban> banOf(IpAddress source) {
        return bans.list().stream().filter(b -> b.prefix().contains(source)).findFirst();
    }

    private CompletionStage<Answer> registry(Request request) {
        Serving serving = views.serving();
        String client = request.parameter("for");
        return client == null ? asBackend(request, serving) : asClient(request, serving, client);
    }

    private CompletionStage<Answer> asBackend(Request request, Serving serving) {
        String name = backend(request, serving);
        Directory directory = serving.directories().get(name);
        if (directory == null) {
            throw new BadRequest("no backend '" + name + "' is asked");
        }
        RegistryStore.Kept known = directory.known();
        if (known != null) {
            double age = known.age().toMillis() / 1000.0;
            return now(Answer.json(RegistryView.asBackend(name, "answered", age, known.rows())));
        }
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        directory.list(executor, registry -> answer.complete(Answer.json(listed(name, registry))));
        return answer;
    }

    private static RegistryView listed(String backend, @Nullable Registry registry) {
        return registry == null
                ? RegistryView.asBackend(backend, "unavailable", null, List.of())
                : RegistryView.asBackend(backend, "answered", null, registry.rows());
    }

    private static String backend(Request request, Serving serving) {
        Policy policy = serving.policy();
        String name = known(request, "backend", policy.backends().keySet());
        if (name != null) {
            return name;
        }
        if (policy.backends().size() > 1) {
            throw new BadRequest(
                    "which backend? " + String.join(", ", policy.backends().keySet()));
        }
        return policy.backends().keySet().iterator().next();
    }

    private CompletionStage<Answer> asClient(Request request, Serving serving, String client) {
        IpAddress source = IpAddress.parse(client)
                .orElseThrow(() -> new BadRequest("'" + client + "' is not an IPv4 or IPv6 address"));
        int protocol = request.number(
                "protocol", Procedure.HIGHEST_PROTOCOL, Procedure.LOWEST_PROTOCOL, Procedure.HIGHEST_PROTOCOL);
        Door door = door(request, serving, source);
        ListenerPolicy listener = serving.policy().listeners().get(door.listener());
        String backend = listener == null ? "" : listener.backend();
        if (banOf(source).isPresent()) {
            return now(Answer.json(RegistryView.asClient(backend, source, door, "banned", List.of())));
        }
        return eye.look(serving, source, door, protocol)
                .thenApply(seen -> Answer.json(RegistryView.asClient(
                        backend, source, door, seen.outcome(), seen.rows() == null ? List.of() : seen.rows())));
    }

    /** Where such a client asks: of the places that are meant, the one whose address is most like its own. */
    private Door door(Request request, Serving serving, IpAddress client) {
        Transport transport = transport(request, Transport.TCP);
        Map<String, ListenerPolicy> listeners = serving.policy().listeners();
        String name = known(request, "listener", listeners.keySet());
        String backend = known(request, "backend", serving.policy().backends().keySet());
        String at = request.parameter("at");
        IpAddress asked = at == null
                ? null
                : IpAddress.parse(at).orElseThrow(() -> new BadRequest("'" + at + "' is not an IPv4 or IPv6 address"));
        return views.doors().stream()
                .filter(door -> door.transport() == transport && door.asked().isV4() == client.isV4())
                .filter(door -> name == null || door.listener().equals(name))
                .filter(door -> asked == null || door.asked().equals(asked))
                .filter(door -> {
                    ListenerPolicy listener = listeners.get(door.listener());
                    return listener != null
                            && (backend == null || listener.backend().equals(backend));
                })
                .max(Comparator.comparingInt(door -> door.bitsInCommon(client)))
                .orElseThrow(() -> new BadRequest("nobody listens where such a client could ask over "
                        + transport.word() + ": 'rpcward ctl status' has the addresses"));
    }

    /** A parameter that is one of these names; null when it is missing. */
    private static @Nullable String known(Request request, String what, Set<String> names) {
        String name = request.parameter(what);
        if (name != null && !names.contains(name)) {
            throw new BadRequest("no " + what + " '" + name + "'; there is " + String.join(", ", names));
        }
        return name;
    }

    private static AddressPrefix prefix(Request request) {
        String text = request.required("prefix");
        return AddressPrefix.parse(text)
                .orElseThrow(() -> new BadRequest("'" + text + "' is not an address or prefix"));
    }

    private Answer ban(Request request) {
        String length = request.required("duration");
        long millis = Quantity.parseDuration(length);
        if (millis <= 0) {
            throw new BadRequest("'" + length + "' is not a time: 30s, 10m, 24h and 7d are");
        }
        try {
            Ban ban = bans.ban(
                    prefix(request),
                    Duration.ofMillis(millis),
                    request.parameter("reason", ""),
                    request.parameter("force", "").equals("true"));
            return Answer.json(BanView.of(ban));
        } catch (BanRefusedException e) {
            return Answer.error(Answer.CONFLICT, String.valueOf(e.getMessage()));
        }
    }

    private Answer unban(Request request) {
        AddressPrefix prefix = prefix(request);
        Bans.Unbanned unbanned = bans.unban(prefix);
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("lifted", unbanned.lifted().stream().map(BanView::of).toList());
        told.put("staying", unbanned.staying().stream().map(BanView::of).toList());
        if (unbanned.lifted().isEmpty()) {
            String wider = unbanned.staying().stream()
                    .map(ban -> ban.prefix().toString())
                    .collect(Collectors.joining(", "));
            told.put(
                    "error",
                    "there is no ban of " + prefix
                            + (wider.isEmpty() ? "" : "; its addresses stay banned by that of " + wider));
            return Answer.json(Answer.NOT_FOUND, told);
        }
        return Answer.json(told);
    }

    /** Lets a backend, or one of its portmappers, rest, or takes it back. */
    private Answer rest(Request request) {
        String name = request.required("name");
        String state = request.required("state");
        boolean drained = switch (state) {
            case "drain" -> true;
            case "ready" -> false;
            default -> throw new BadRequest("'" + state + "' is neither drain nor ready");
        };
        Directory directory = views.serving().directories().get(name);
        if (directory == null) {
            List<String> names = new ArrayList<>(views.serving().directories().keySet());
            return Answer.error(Answer.NOT_FOUND, "no backend '" + name + "'; there is " + String.join(", ", names));
        }
        String endpoint = request.parameter("endpoint");
        if (!directory.drain(endpoint, drained)) {
            return Answer.error(
                    Answer.NOT_FOUND,
                    endpoint == null
                            ? "backend '" + name + "' is a table of the policy, which nobody is asked for"
                            : "backend '" + name + "' has no portmapper at " + endpoint);
        }
        journal.accept(drained ? "backend drain" : "backend ready", endpoint == null ? name : name + " " + endpoint);
        return Answer.json(views.backends().stream()
                .filter(b -> b.name().equals(name))
                .findFirst()
                .orElseThrow());
    }

    private Answer drain(Request request) {
        boolean undo = request.parameter("undo", "").equals("true");
        boolean stop = request.parameter("stop", "").equals("true");
        views.draining(!undo);
        journal.accept(undo ? "drain undone" : "drain", stop ? "and stop" : "");
        if (stop) {
            operator.stop();
        }
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("draining", !undo);
        told.put("stopping", stop);
        return Answer.json(told);
    }
}
