package org.rpcward.proxy.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.policy.Mode;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Verdict;
import org.rpcward.proxy.server.BackendState;
import org.rpcward.proxy.server.ProxyServer;
import org.rpcward.proxy.transport.TransportType;

/** What rpcward says when it has started: where it listens, what is behind it, what it does with strangers. */
final class StartPage {
    private StartPage() {}

    static void print(ProxyServer server, String policyFile, PrintWriter out) {
        Policy policy = server.policy();
        // All at the same time: the service manager waits, and each that is silent takes all of its time.
        Map<BackendPolicy, CompletableFuture<BackendState>> rows = new LinkedHashMap<>();
        policy.backends()
                .values()
                .forEach(b -> rows.put(
                        b,
                        server.askBackend(b.name(), b.timeout().multipliedBy(2).plusSeconds(2))));
        out.printf(
                "rpcward %s, Java %s, %s%n", Main.version(), Runtime.version().feature(), transport(server));
        out.printf(
                "  policy     %s, revision %s, mode %s, rules: %d%n",
                policyFile,
                policy.revision(),
                policy.mode().word(),
                policy.rules().rules().stream().filter(r -> !r.isBuiltin()).count());
        Map<String, List<String>> addresses = server.addresses();
        policy.listeners().values().forEach(l -> {
            out.printf("  listener   %s, for backend %s%n", l.name(), l.backend());
            addresses.getOrDefault(l.name(), List.of()).forEach(a -> out.printf("               %s%n", a));
        });
        rows.forEach((b, answer) -> out.printf("  backend    %s: %s%n", b.name(), backend(b, answer.join())));
        server.adminPlaces().forEach(place -> out.printf("  control    %s%n", place));
        // Whoever starts a second rpcward would look for this one with 'rpcward ctl', and find the first.
        server.adminRemarks().forEach(remark -> out.printf("  control    %s%n", remark));
        out.printf("  strangers  %s%n", strangers(policy));
        if (policy.mode() == Mode.AUDIT) {
            out.println(
                    "  audit      nothing is hindered; the log tells what would be. Set 'mode: enforce' to mean it.");
        }
        out.println("ready");
        out.flush();
    }

    private static String transport(ProxyServer server) {
        return server.transport() == TransportType.EPOLL
                ? "epoll"
                : "NIO, because epoll is not to be had: " + TransportType.whyNotEpoll();
    }

    private static String backend(BackendPolicy backend, BackendState state) {
        if (backend.endpoints().isEmpty()) {
            return "a table of the policy with " + backend.registry().size()
                    + " registrations; rpcward is the portmapper";
        }
        String address = backend.endpoints().stream().map(Object::toString).collect(Collectors.joining(", "));
        if (!state.answering() && state.registrations() >= 0) {
            return String.format(
                    "%s DOES NOT ANSWER.%n               %d registrations are known from before, and answered from.",
                    address, state.registrations());
        }
        if (!state.answering()) {
            return String.format(
                    "%s DOES NOT ANSWER.%n"
                            + "               Until it does, allowed calls get SYSTEM_ERR over TCP and silence over UDP.%n"
                            + "               Is it running? 'rpcinfo -p' on its host, or 'ss -lntu' there, tells.%n"
                            + "               Does its hosts.allow, or a firewall, let this host ask?",
                    address);
        }
        return address + (backend.endpoints().size() == 1 ? " answers, " : ": one answers, ") + state.registrations()
                + " registrations; answers: " + backend.answers().name().toLowerCase(java.util.Locale.ROOT);
    }

    private static String strangers(Policy policy) {
        Verdict verdict = policy.rules().defaultRule().then();

        String what = switch (verdict) {
            case DROP -> "silence over UDP, the end of the connection over TCP";
            case REFUSE -> "AUTH_TOOWEAK";
            case HIDE -> "the answer of an empty portmapper";
            default -> "THE ANSWER: this policy filters nothing that its rules do not name";
        };
        return String.format("a call that no rule matches gets (default: %s)%n               %s", verdict.word(), what);
    }
}
