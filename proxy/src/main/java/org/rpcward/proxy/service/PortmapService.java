package org.rpcward.proxy.service;

import com.github.benmanes.caffeine.cache.stats.CacheStats;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Decision;
import org.rpcward.policy.Query;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.ban.Bans;
import org.rpcward.proxy.limit.Limit;
import org.rpcward.proxy.limit.LimitSet;
import org.rpcward.proxy.overload.Overload;
import org.rpcward.proxy.overload.Shed;
import org.rpcward.proxy.registry.Answer;
import org.rpcward.proxy.registry.Directory;
import org.rpcward.proxy.registry.Question;
import org.rpcward.proxy.registry.Registry;
import org.rpcward.proxy.registry.RowFilter;
import org.rpcward.proxy.rpc.Call;
import org.rpcward.proxy.rpc.CallDecoder;
import org.rpcward.proxy.rpc.Fault;
import org.rpcward.proxy.rpc.Replies;
import org.rpcward.proxy.rpc.ReplyStatus;
import org.rpcward.proxy.rpc.Rpc;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netbuf;
import org.rpcward.proxy.rpcbind.Netid;
import org.rpcward.proxy.rpcbind.Results;
import org.rpcward.proxy.rpcbind.Results.Asked;
import org.rpcward.proxy.scan.Scans;
import org.rpcward.proxy.service.ListingCache.Listing;
import org.rpcward.proxy.service.Serving.Listening;

/**
 * Takes calls to their outcome. One policy serves a call from end to end. Thread-safe: each call stays on the event loop
 * that it came by.
 */
public final class PortmapService {
    /** The longest reply over UDP, in bytes: rpcbind's own bound, which clients have buffers for. */
    private static final int MAX_DATAGRAM = 9000;

    private static final Map<Shed, Hindrance> OVERLOAD = new EnumMap<>(Shed.class);

    static {
        for (Shed why : Shed.values()) {
            OVERLOAD.put(why, new Hindrance(Hindrance.Kind.OVERLOAD, why.word(), Verdict.DROP));
        }
    }

    private volatile Serving current;
    private final InstantSource clock;
    private final CallObserver observer;
    private final Watch watch;
    private final Overload overload;
    private final ListingCache listings = new ListingCache();

    public PortmapService(
            Serving first, InstantSource clock, CallObserver observer, Bans bans, Scans scans, Overload overload) {
        this.watch = new Watch(observer, bans, scans);
        this.overload = overload;
        this.current = first;
        this.clock = clock;
        this.observer = observer;
    }

    /** Replies to a batch of datagrams have left, so long after it arrived. */
    public void batchSent(long nanos) {
        observer.batchSent(nanos);
    }

    /** The kernel did not take so many replies that were ready. */
    public void unsent(int replies) {
        observer.unsent(replies);
    }

    /** How often a listing was found encoded. */
    public CacheStats listingStats() {
        return listings.stats();
    }

    /** How many encoded listings were forgotten for want of room. */
    public long listingsWithoutRoom() {
        return listings.evictions().size();
    }

    /** How many encoded listings were forgotten because nobody asked for them. */
    public long listingsExpired() {
        return listings.evictions().expired();
    }

    /** How many encoded listings are kept. */
    public long listingEntries() {
        return listings.entries();
    }

    /** How many bytes they have. */
    public long listingBytes() {
        return listings.bytes();
    }

    public Serving current() {
        return current;
    }

    /** From the next call on, this serves. */
    public void replace(Serving next) {
        current = next;
    }

    /** Whether a new connection of this source may stay; if not, it is counted. */
    public boolean welcomes(IpAddress source) {
        return watch.welcomes(source, current);
    }

    /** Takes one call to its one outcome, at once unless the backend has to be asked. Never throws. */
    public void handle(Exchange exchange) {
        try {
            take(exchange);
        } catch (RuntimeException | Error mistake) {
            failed(exchange, mistake);
        }
    }

    /** A mistake of ours costs the call that met it, and no other; so does memory that there is not for its reply. */
    private void failed(Exchange exchange, Throwable mistake) {
        observer.failed(exchange, mistake);
        drop(exchange);
    }

    private void take(Exchange exchange) {
        Serving serving = current;
        if (watch.turnsAway(exchange, serving) || isShed(exchange, serving)) {
            drop(exchange);
            return;
        }
        Listening listening = serving.listener(exchange.listener());
        if (listening == null) {
            drop(exchange);
            return;
        }
        Fault broken = exchange.fault();
        Call call = broken == null ? CallDecoder.decode(exchange.message()) : Call.of(broken);
        if (call.fault() != null) {
            handleFaulty(Turn.ofFaulty(exchange, call, serving, listening), call.fault());
        } else if (call.procedure() != null) {
            Call.Arguments asked = call.arguments();
            Query query = Turn.query(exchange, call, call.procedure(), asked.program(), asked.version());
            Decision decision = serving.policy().rules().decide(query);
            handleGood(Turn.decidedBy(decision.rule(), exchange, call, serving, listening), query, decision);
        }
    }

    /**
     * Whether a call is turned away, before it is so much as decoded, because there is too much to do. In audit mode none
     * is, short of the level at which the process would end.
     */
    private boolean isShed(Exchange exchange, Serving serving) {
        int level = overload.level();
        if (level == 0 || (serving.isAudit() && level < Overload.TOP)) {
            return false;
        }
        boolean named = serving.policy().rules().isNamed(exchange.source());
        Shed why = overload.shed(exchange.source(), exchange.transport(), named);
        Hindrance hindrance = why == null ? null : OVERLOAD.get(why);
        if (hindrance == null) {
            return false;
        }
        observer.turnedAway(exchange, hindrance, serving.policy());
        return true;
    }

    /**
     * Known sources hear what is wrong, as rpcbind tells it, as long as their limits let them; the others get what the
     * policy has for strangers.
     */
    private void handleFaulty(Turn turn, Fault fault) {
        Exchange exchange = turn.exchange();
        Verdict wanted = verdictOnFault(turn, fault);
        Hindrance hindrance = watch.hindrance(turn, fault, wanted);
        if (hindrance == null) {
            hindrance = overLimit(turn, null);
        }
        Verdict verdict = hindrance == null ? wanted : hindrance.then();
        observer.malformed(exchange, fault, verdict, hindrance, turn.serving().policy());
        // In audit mode a stranger hears too what is wrong; what is told is what would be done.
        boolean spared = hindrance == null && turn.isAudit() && fault.answer() != Fault.Answer.NONE;
        switch (spared ? Verdict.ALLOW : verdict) {
            case ALLOW, HIDE -> {
                ByteBuf out = exchange.newReply();
                Replies.fault(out, turn.call().xid(), fault);
                send(turn, out, Outcome.FAULT);
            }
            case REFUSE -> refuse(turn);
            case DROP -> drop(exchange);
        }
    }

    private static Verdict verdictOnFault(Turn turn, Fault fault) {
        if (fault.answer() == Fault.Answer.NONE) {
            return Verdict.DROP;
        }
        return turn.rules().isNamed(turn.exchange().source())
                ? Verdict.ALLOW
                : turn.rules().defaultRule().then();
    }

    private void handleGood(Turn turn, Query query, Decision decision) {
        Exchange exchange = turn.exchange();
        Procedure procedure = query.procedure();
        Hindrance hindrance = watch.hindrance(turn, procedure, decision.verdict());
        if (hindrance == null) {
            hindrance = overLimit(turn, query);
        }
        observer.decided(exchange, query, decision, hindrance, turn.serving().policy());
        boolean enforced = !(turn.isAudit() && procedure.callClass().allowable());
        Verdict verdict = enforced ? decision.verdict() : Verdict.ALLOW;
        switch (hindrance == null ? verdict : hindrance.then()) {
            case ALLOW -> answer(turn, procedure, enforced ? Sight.of(turn.view()) : Sight.EVERYTHING);
            case HIDE -> hide(turn, procedure);
            case REFUSE -> refuse(turn);
            case DROP -> drop(exchange);
        }
    }

    /**
     * Charges a call to its limits, and tells of those in audit mode that it is over.
     *
     * @param query the call, or null for one that is malformed
     * @return what hinders it, or null
     */
    private @Nullable Hindrance overLimit(Turn turn, @Nullable Query query) {
        Exchange exchange = turn.exchange();
        LimitSet limits = turn.limits();
        long exceeded =
                limits.charge(exchange.source(), exchange.transport(), exchange.listener(), exchange.arrivedAt());
        for (long rest = exceeded; rest != 0; rest &= rest - 1) {
            Limit limit = limits.limit(Long.numberOfTrailingZeros(rest));
            Hindrance hindrance = turn.serving().overLimit(limit, query != null);
            if (limit.isEnforced()) {
                return hindrance;
            }
            observer.wouldHinder(exchange, query, hindrance, turn.serving().policy());
        }
        return null;
    }

    private void answer(Turn turn, Procedure procedure, Sight sight) {
        switch (procedure) {
            case NULL -> reply(turn);
            case GETPORT, GETADDR, GETVERSADDR, GETADDRLIST -> find(turn, procedure, sight);
            case DUMP -> list(turn, sight);
            case GETTIME ->
                send(turn, success(turn).writeInt((int) clock.instant().getEpochSecond()), Outcome.ANSWERED);
            case UADDR2TADDR, TADDR2UADDR -> convert(turn, procedure);
            case GETSTAT -> statistics(turn);
            case SET, UNSET, CALLIT, BCAST, INDIRECT ->
                // No policy can allow these: the loader refuses it, and this is the place behind it.
                refuse(turn);
        }
    }

    /** What is said of something that is not there. For lookups and lists it takes the way of every other answer. */
    private void hide(Turn turn, Procedure procedure) {
        switch (procedure.callClass()) {
            case PING -> reply(turn);
            case LOOKUP -> find(turn, procedure, Sight.NOTHING);
            case LIST -> list(turn, Sight.NOTHING);
            case TIME, CONVERT, STATS -> error(turn, Rpc.PROC_UNAVAIL, Outcome.HIDDEN);
            case REGISTER -> send(turn, success(turn).writeInt(0), Outcome.HIDDEN);
            case INDIRECT -> {
                if (procedure == Procedure.INDIRECT) {
                    error(turn, Rpc.PROG_UNAVAIL, Outcome.HIDDEN);
                } else {
                    keepSilent(turn.exchange());
                }
            }
        }
    }

    private void find(Turn turn, Procedure procedure, Sight sight) {
        Question question = question(turn, procedure);
        if (question == null) {
            found(turn, procedure, Answer.ABSENT);
            return;
        }
        Directory directory = turn.listening().directory();
        Lookup lookup = new Lookup(turn, procedure, sight);
        if (answersFromMemory(turn)) {
            found(turn, procedure, directory.recall(question, lookup));
            return;
        }
        Exchange exchange = turn.exchange();
        Answer known = directory.find(question, lookup, exchange.arrivedAt(), exchange.executor(), lookup);
        if (known != null) {
            found(turn, procedure, known);
        }
    }

    /** What one lookup may see, and what becomes of an answer that comes later. */
    private final class Lookup implements RowFilter, Consumer<Answer> {
        private final Turn turn;
        private final Procedure procedure;
        private final Sight sight;

        Lookup(Turn turn, Procedure procedure, Sight sight) {
            this.turn = turn;
            this.procedure = procedure;
            this.sight = sight;
        }

        @Override
        public boolean shows(Mapping row) {
            return sight.shows(turn, row);
        }

        /** What a directory calls back, perhaps long after the call was taken. */
        @Override
        public void accept(Answer answer) {
            try {
                found(turn, procedure, answer);
            } catch (RuntimeException | Error mistake) {
                failed(turn.exchange(), mistake);
            }
        }
    }

    /** What the directory is asked; null when no registration can match. */
    private static @Nullable Question question(Turn turn, Procedure procedure) {
        Exchange exchange = turn.exchange();
        Call.Arguments asked = turn.call().arguments();
        Netid netid = procedure == Procedure.GETPORT
                ? Netid.ofIpProtocol(asked.protocol())
                : Netid.of(exchange.transport(), exchange.asked());
        if (netid == null) {
            return null;
        }
        Question.Kind kind = switch (procedure) {
            case GETADDRLIST -> Question.Kind.FAMILY;
            case GETVERSADDR -> Question.Kind.EXACT_VERSION;
            default -> Question.Kind.ANY_VERSION;
        };
        return new Question(kind, asked.program(), asked.version(), netid);
    }

    private void found(Turn turn, Procedure procedure, Answer answer) {
        if (!answer.available()) {
            unavailable(turn);
            return;
        }
        ByteBuf out = success(turn);
        List<Mapping> rows = answer.rows();
        if (rows.isEmpty()) {
            watch.missed(turn);
        }
        switch (procedure) {
            case GETPORT -> Results.port(out, rows);
            case GETADDRLIST -> Results.addressList(out, rows, turn.answerAddresses());
            default -> Results.address(out, rows, turn.answerAddresses());
        }
        send(turn, out, rows.isEmpty() ? Outcome.ABSENT : Outcome.ANSWERED);
    }

    private void list(Turn turn, Sight sight) {
        Directory directory = turn.listening().directory();
        if (answersFromMemory(turn)) {
            listed(turn, sight, directory.recallAll());
            return;
        }
        directory.list(turn.exchange().executor(), registry -> registryRead(turn, sight, registry));
    }

    private boolean answersFromMemory(Turn turn) {
        Exchange exchange = turn.exchange();
        return !turn.isAudit() && overload.answersFromMemory(exchange.source(), exchange.transport());
    }

    /** What a directory calls back, like {@link Lookup#accept}. */
    private void registryRead(Turn turn, Sight sight, @Nullable Registry registry) {
        try {
            listed(turn, sight, registry);
        } catch (RuntimeException | Error mistake) {
            failed(turn.exchange(), mistake);
        }
    }

    private void listed(Turn turn, Sight sight, @Nullable Registry registry) {
        if (registry == null) {
            unavailable(turn);
            return;
        }
        Exchange exchange = turn.exchange();
        int protocol = turn.call().protocol();
        Asked addresses = turn.answerAddresses();
        ListingCache.Key key = new ListingCache.Key(
                turn.serving().policy().revision(),
                sight.dependsOnSource() ? turn.rules().sourceClass(exchange.source()) : null,
                sight.name(),
                protocol,
                exchange.transport(),
                turn.listening().policy().transports(),
                addresses);
        Listing listing = listings.get(registry, key, () -> encode(turn, sight, registry, protocol, addresses));
        observer.listed(sight.word(), listing.hidden());
        // Not copied: a client that does not read costs no copy of a long listing for each of its calls.
        send(turn, Unpooled.wrappedBuffer(success(turn), Unpooled.wrappedBuffer(listing.results())), Outcome.ANSWERED);
    }

    /** Only rows that will stand in the listing count towards its longest length. */
    private static Listing encode(Turn turn, Sight sight, Registry registry, int protocol, Asked addresses) {
        List<Mapping> all = registry.select(
                row -> Results.isListed(row, protocol, addresses) && Sight.EVERYTHING.shows(turn, row),
                Integer.MAX_VALUE);
        List<Mapping> rows = all.stream()
                .filter(row -> sight.shows(turn, row))
                .limit(sight.mostRows())
                .toList();
        return new Listing(Results.listing(rows, protocol, addresses), all.size() - rows.size());
    }

    /** The backend does not answer and nothing is known: a stream client is told so, a datagram client asks again. */
    private void unavailable(Turn turn) {
        observer.unavailable(turn.exchange());
        if (turn.exchange().transport() == Transport.TCP) {
            error(turn, Rpc.SYSTEM_ERR, Outcome.UNAVAILABLE);
        } else {
            keepSilent(turn.exchange());
        }
    }

    private void convert(Turn turn, Procedure procedure) {
        ByteBuf out = success(turn);
        byte[] address = turn.call().arguments().address();
        boolean v4 = turn.exchange().asked().isV4();
        if (procedure == Procedure.UADDR2TADDR) {
            Netbuf.write(out, address, v4);
        } else {
            Netbuf.writeText(out, address, v4);
        }
        send(turn, out, Outcome.ANSWERED);
    }

    private void statistics(Turn turn) {
        ByteBuf out = success(turn);
        Results.statistics(out, observer::calls);
        send(turn, out, Outcome.ANSWERED);
    }

    private void reply(Turn turn) {
        send(turn, success(turn), Outcome.ANSWERED);
    }

    private void refuse(Turn turn) {
        ByteBuf out = turn.exchange().newReply();
        Replies.denied(out, turn.call().xid(), Rpc.AUTH_TOOWEAK);
        send(turn, out, Outcome.REFUSED);
    }

    private void error(Turn turn, int acceptStat, Outcome outcome) {
        ByteBuf out = turn.exchange().newReply();
        Replies.error(out, turn.call().xid(), acceptStat);
        send(turn, out, outcome);
    }

    private static ByteBuf success(Turn turn) {
        ByteBuf out = turn.exchange().newReply();
        Replies.success(out, turn.call().xid());
        return out;
    }

    /**
     * The one way out for replies. Over UDP none is larger than its call times the budget: what does not fit is a
     * SYSTEM_ERR, as rpcbind says it of a reply too long for a datagram.
     */
    private void send(Turn turn, ByteBuf out, Outcome outcome) {
        Exchange exchange = turn.exchange();
        if (exchange.transport() == Transport.TCP || fits(turn, out)) {
            deliver(turn, out, outcome);
            return;
        }
        observer.overBudget(exchange, turn.call().procedure());
        out.release();
        ByteBuf error = exchange.newReply();
        Replies.error(error, turn.call().xid(), Rpc.SYSTEM_ERR);
        if (fits(turn, error)) {
            deliver(turn, error, Outcome.OVER_BUDGET);
        } else {
            error.release();
            keepSilent(exchange);
        }
    }

    private void keepSilent(Exchange exchange) {
        observer.silent(exchange);
        exchange.keepSilent();
    }

    private void drop(Exchange exchange) {
        observer.silent(exchange);
        exchange.drop();
    }

    private void deliver(Turn turn, ByteBuf out, Outcome outcome) {
        Exchange exchange = turn.exchange();
        int bytes = exchange.replyBytes(out);
        ReplyStatus status = ReplyStatus.of(out, bytes);
        if (exchange.reply(out)) {
            AnswerPath path = AnswerPath.of(exchange, turn.call().procedure(), outcome);
            observer.replied(exchange, outcome, status, path, bytes);
            if (exchange.transport() == Transport.UDP) {
                overload.answered(exchange.source());
            }
            turn.limits()
                    .settle(bytes, exchange.source(), exchange.transport(), exchange.listener(), exchange.arrivedAt());
        } else {
            observer.unsent(exchange);
        }
    }

    private static boolean fits(Turn turn, ByteBuf reply) {
        Exchange exchange = turn.exchange();
        int bytes = exchange.replyBytes(reply);
        boolean withinBudget = turn.rule().fullOverUdp()
                || bytes <= exchange.callBytes() * turn.serving().policy().amplification();
        return withinBudget && bytes <= MAX_DATAGRAM;
    }
}
