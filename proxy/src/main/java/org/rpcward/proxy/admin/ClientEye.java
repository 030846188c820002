package org.rpcward.proxy.admin;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.concurrent.EventExecutor;
import java.time.InstantSource;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Decision;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Query;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.ban.Ban;
import org.rpcward.proxy.ban.BanObserver;
import org.rpcward.proxy.ban.Bans;
import org.rpcward.proxy.limit.Limits;
import org.rpcward.proxy.overload.Overload;
import org.rpcward.proxy.rpc.Fault;
import org.rpcward.proxy.rpc.ReplyStatus;
import org.rpcward.proxy.rpcbind.BackendCalls;
import org.rpcward.proxy.rpcbind.BackendReply;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Results;
import org.rpcward.proxy.scan.Scans;
import org.rpcward.proxy.service.AnswerPath;
import org.rpcward.proxy.service.CallObserver;
import org.rpcward.proxy.service.Exchange;
import org.rpcward.proxy.service.Hindrance;
import org.rpcward.proxy.service.Outcome;
import org.rpcward.proxy.service.PortmapService;
import org.rpcward.proxy.service.Serving;

/**
 * Sees the registry as a client does: a DUMP is written as that client would send it, and goes the way of every call; the
 * reply is decoded. Nobody is told of it, and it is charged to no limit.
 */
final class ClientEye {
    private static final int XID = 1;

    private final InstantSource clock;
    private final EventExecutor executor;
    private final Bans nobodyBanned;

    /** Its level is always 0. One for all looks, because it is large. */
    private final Overload noOverload = new Overload(System::nanoTime);

    ClientEye(InstantSource clock, EventExecutor executor) {
        this.clock = clock;
        this.executor = executor;
        this.nobodyBanned = new Bans(System::nanoTime, clock, new Random(), address -> false, Unseen.INSTANCE);
    }

    /**
     * What a client sees.
     *
     * @param outcome {@code answered}, {@code refused} and so on as in the log, or {@code silence} or {@code closed}
     * @param rows null when there was no list
     */
    record Seen(String outcome, @Nullable List<Mapping> rows) {}

    /** Lets a client look. */
    CompletionStage<Seen> look(Serving serving, IpAddress client, Door door, int protocol) {
        Serving unlimited = new Serving(serving.policy(), serving.directories(), Limits.none(serving.policy()));
        Unseen observer = new Unseen();
        Asking exchange = new Asking(client, door, protocol, observer);
        PortmapService service =
                new PortmapService(unlimited, clock, observer, nobodyBanned, Scans.ofFew(), noOverload);
        executor.execute(() -> service.handle(exchange));
        return exchange.seen;
    }

    /** The call, and its one outcome. */
    private final class Asking implements Exchange {
        private final CompletableFuture<Seen> seen = new CompletableFuture<>();
        private final IpAddress client;
        private final Door door;
        private final int protocol;
        private final Unseen observer;
        private final ByteBuf call = Unpooled.buffer();

        Asking(IpAddress client, Door door, int protocol, Unseen observer) {
            this.client = client;
            this.door = door;
            this.protocol = protocol;
            this.observer = observer;
            BackendCalls.dump(call, XID, protocol);
        }

        @Override
        public String listener() {
            return door.listener();
        }

        @Override
        public Transport transport() {
            return door.transport();
        }

        @Override
        public IpAddress source() {
            return client;
        }

        @Override
        public IpAddress asked() {
            return door.asked();
        }

        @Override
        public Results.Asked answerAddresses() {
            return door.answers();
        }

        @Override
        public EventExecutor executor() {
            return executor;
        }

        @Override
        public ByteBuf message() {
            return call;
        }

        @Override
        public int callBytes() {
            return call.writerIndex();
        }

        @Override
        public @Nullable Fault fault() {
            return null;
        }

        @Override
        public boolean waited() {
            return false;
        }

        @Override
        public long arrivedAt() {
            return System.nanoTime();
        }

        @Override
        public long nanosSinceArrival() {
            return 0;
        }

        @Override
        public @Nullable Object note() {
            return null;
        }

        @Override
        public void keep(Object note) {}

        @Override
        public ByteBuf newReply() {
            return Unpooled.buffer();
        }

        @Override
        public int replyBytes(ByteBuf reply) {
            return reply.readableBytes();
        }

        @Override
        public boolean reply(ByteBuf reply) {
            List<Mapping> rows = BackendReply.header(reply) == BackendReply.Status.SUCCESS
                    ? BackendReply.rows(reply, protocol)
                    : null;
            // The outcome is told when this has returned.
            executor.execute(() -> seen.complete(new Seen(observer.outcome, rows)));
            return true;
        }

        @Override
        public void keepSilent() {
            seen.complete(new Seen("silence", null));
        }

        @Override
        public void drop() {
            seen.complete(new Seen(door.transport() == Transport.UDP ? "silence" : "closed", null));
        }
    }

    /** Tells nobody. */
    private static final class Unseen implements CallObserver, BanObserver {
        private static final Unseen INSTANCE = new Unseen();

        private String outcome = "";

        @Override
        public void turnedAway(Exchange exchange, Hindrance hindrance, Policy policy) {}

        @Override
        public void decided(
                Exchange exchange, Query query, Decision decision, @Nullable Hindrance hindrance, Policy policy) {}

        @Override
        public void wouldHinder(Exchange exchange, @Nullable Query query, Hindrance hindrance, Policy policy) {}

        @Override
        public void malformed(
                Exchange exchange, Fault fault, Verdict verdict, @Nullable Hindrance hindrance, Policy policy) {}

        @Override
        public void replied(Exchange exchange, Outcome told, ReplyStatus status, AnswerPath path, int bytes) {
            outcome = told.word();
        }

        @Override
        public void silent(Exchange exchange) {}

        @Override
        public void unsent(Exchange exchange) {}

        @Override
        public void unsent(int replies) {}

        @Override
        public void overBudget(Exchange exchange, @Nullable Procedure procedure) {}

        @Override
        public void batchSent(long nanos) {}

        @Override
        public void listed(String view, int hidden) {}

        @Override
        public void unavailable(Exchange exchange) {}

        @Override
        public void failed(Exchange exchange, Throwable mistake) {
            outcome = "failed";
        }

        @Override
        public int calls(int protocolAndProcedure) {
            return 0;
        }

        @Override
        public void banned(Ban ban) {}

        @Override
        public void pardoned(AddressPrefix prefix) {}

        @Override
        public void unbanned(Ban ban, Ban.End end) {}
    }
}
