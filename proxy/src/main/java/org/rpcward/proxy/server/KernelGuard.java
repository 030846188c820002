package org.rpcward.proxy.server;

import io.netty.channel.unix.Socket;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Policy;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.kernel.Fitted;
import org.rpcward.proxy.kernel.HashKeys;
import org.rpcward.proxy.kernel.Lanes;
import org.rpcward.proxy.kernel.Program;
import org.rpcward.proxy.kernel.SourceFilter;
import org.rpcward.proxy.transport.SocketPrograms;

/**
 * Has the kernel do what it can for one policy: drop what could only be dropped, and give known sources sockets of their
 * own. Where the kernel does not take a program, the policy holds without it.
 */
final class KernelGuard {
    /** A program shorter than this is not worth having. */
    private static final int SHORTEST = 64;

    private static final String LANES = "program for lanes";
    private static final String LANES_APART = "program for lanes of regular clients";

    private final Policy policy;
    private final HashKeys keys;
    private final AddressSet known;
    private final Map<Transport, AddressSet> silenced = new HashMap<>();
    private final Map<Work, Integer> most = new HashMap<>();
    private final Map<Work, Ready> ready = new HashMap<>();
    private AddressSet regulars = AddressSet.NONE;
    private final Set<String> notices = new LinkedHashSet<>();

    /** What a program is for. */
    private record Work(String name, boolean v4, int workers) {}

    private record Ready(Fitted fitted, ByteBuffer instructions) {}

    private interface Attachment {
        void attach(ByteBuffer instructions) throws SocketPrograms.Refused;
    }

    KernelGuard(Policy policy, HashKeys keys) {
        this.policy = policy;
        this.keys = keys;
        this.known = policy.rules().known();
    }

    /** What an operator should know of what the kernel did not take, or not all of. */
    Set<String> notices() {
        return notices;
    }

    /** Known sources that are to have sockets of their own from now on; {@link #lanes} is to be called for that. */
    void setApart(AddressSet some) {
        regulars = some;
        ready.keySet().removeIf(work -> work.name().equals(LANES_APART));
    }

    /** Whether some known sources have sockets of their own, where there are lanes at all. */
    boolean setsApart() {
        return !regulars.isEmpty();
    }

    /**
     * Gives the sockets at one address their lanes.
     *
     * @param anyOfGroup one of them; those that were bound behind the workers' ones get nothing any more
     * @return the lanes, or null when the kernel goes on spreading the load by itself
     */
    @Nullable
    Lanes lanes(Socket anyOfGroup, boolean v4, int workers) {
        boolean attached = setsApart() && attachLanes(LANES_APART, regulars, anyOfGroup, v4, workers);
        if (!attached) {
            regulars = AddressSet.NONE;
            attached = attachLanes(LANES, regulars, anyOfGroup, v4, workers);
        }
        return attached ? Lanes.of(known, v4) : null;
    }

    private boolean attachLanes(String name, AddressSet apart, Socket anyOfGroup, boolean v4, int workers) {
        return attach(
                new Work(name, v4, workers),
                length -> Lanes.program(known, apart, v4, workers, keys, length),
                instructions -> SocketPrograms.attachLanes(anyOfGroup, instructions));
    }

    /**
     * Filters a socket, or takes its filter away when there is nothing to filter.
     *
     * @param filtered whether it has a filter
     * @return whether it has one now
     */
    boolean filter(Socket socket, Transport transport, boolean v4, boolean filtered) {
        AddressSet sources = silenced.computeIfAbsent(transport, policy::silencedOver);
        boolean nobody = v4 ? sources.v4().isEmpty() : sources.v6().isEmpty();
        Work work = new Work("filter for " + transport.word(), v4, 0);
        boolean attached = !nobody
                && attach(
                        work,
                        length -> transport == Transport.UDP
                                ? SourceFilter.ofDatagrams(sources, v4, length)
                                : SourceFilter.ofConnections(sources, v4, keys, length),
                        instructions -> replace(socket, instructions, filtered));
        if (filtered && !attached) {
            detach(socket);
        }
        return attached;
    }

    /** It may have gone already, to make room for one that had none all the same. */
    static void detach(Socket socket) {
        try {
            SocketPrograms.detachFilter(socket);
        } catch (SocketPrograms.Refused e) {
            // There is none.
            return;
        }
    }

    /** For a moment the kernel holds the old and the new filter; where that is too much, the old one goes first. */
    private static void replace(Socket socket, ByteBuffer instructions, boolean filtered)
            throws SocketPrograms.Refused {
        try {
            SocketPrograms.attachFilter(socket, instructions);
        } catch (SocketPrograms.Refused e) {
            if (!filtered) {
                throw e;
            }
            detach(socket);
            SocketPrograms.attachFilter(socket, instructions);
        }
    }

    /**
     * Tries shorter programs when the kernel does not take a long one: each socket has little memory for them
     * (net.core.optmem_max).
     */
    private boolean attach(Work work, IntFunction<Fitted> maker, Attachment attachment) {
        int length = most.getOrDefault(work, Program.LIMIT);
        String reason = "";
        while (length >= SHORTEST) {
            int limit = length;
            Ready program = ready.computeIfAbsent(work, w -> make(maker.apply(limit)));
            try {
                attachment.attach(program.instructions());
                most.put(work, length);
                tellWhatIsMissing(work, program.fitted());
                return true;
            } catch (SocketPrograms.Refused e) {
                reason = String.valueOf(e.getMessage());
                ready.remove(work);
                length = Math.min(length, program.fitted().program().length()) * 3 / 4;
            }
        }
        if (!Objects.equals(most.put(work, 0), 0)) {
            notices.add("the kernel does not take the " + name(work) + ": " + reason + "; the policy holds without it");
        }
        return false;
    }

    private static Ready make(Fitted fitted) {
        return new Ready(fitted, fitted.program().toBuffer());
    }

    private void tellWhatIsMissing(Work work, Fitted fitted) {
        if (!fitted.isWhole()) {
            notices.add("the kernel's " + name(work) + " has room for the " + fitted.kept() + " largest of "
                    + fitted.of() + " ranges of sources; the others are served as without it");
        }
    }

    private static String name(Work work) {
        return work.name() + " over " + (work.v4() ? "IPv4" : "IPv6");
    }
}
