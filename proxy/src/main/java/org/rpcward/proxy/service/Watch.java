package org.rpcward.proxy.service;

import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.CallClass;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.ban.Ban;
import org.rpcward.proxy.ban.Bans;
import org.rpcward.proxy.rpc.Call;
import org.rpcward.proxy.rpc.Fault;
import org.rpcward.proxy.scan.Fingerprint;
import org.rpcward.proxy.scan.Scans;
import org.rpcward.proxy.scan.Standing;
import org.rpcward.proxy.scan.Trait;

/**
 * Sees who is banned, and who goes through the programs; a scanner over TCP it bans. In a policy in audit mode it sees the
 * same, tells it, and hinders nobody.
 *
 * <p>A throttled call is dropped over UDP. Over TCP it is refused: who was taken for a scanner by mistake hears at once
 * that he is denied, instead of losing his connection and beginning again, and a scanner's library stops there instead of
 * trying other versions.
 */
final class Watch {
    static final Hindrance BANNED = new Hindrance(Hindrance.Kind.BAN, "", Verdict.DROP);
    private static final Hindrance THROTTLED_UDP = new Hindrance(Hindrance.Kind.ENUMERATION, "", Verdict.DROP);
    private static final Hindrance THROTTLED_TCP = new Hindrance(Hindrance.Kind.ENUMERATION, "", Verdict.REFUSE);

    private static final int BYTE = 8;

    private final CallObserver observer;
    private final Bans bans;
    private final Scans scans;

    Watch(CallObserver observer, Bans bans, Scans scans) {
        this.observer = observer;
        this.bans = bans;
        this.scans = scans;
    }

    /** Whether a new connection may stay; if not, it is counted. */
    boolean welcomes(IpAddress source, Serving serving) {
        Ban.Kind kind = bans.covering(source);
        if (kind == null || serving.isAudit()) {
            return true;
        }
        bans.countConnection(kind);
        return false;
    }

    /** Whether a call is turned away because its source is banned: the first question of all. */
    boolean turnsAway(Exchange exchange, Serving serving) {
        Ban.Kind kind = bans.covering(exchange.source());
        if (kind == null) {
            return false;
        }
        if (serving.isAudit()) {
            observer.wouldHinder(exchange, null, BANNED, serving.policy());
            return false;
        }
        bans.countCall(kind);
        observer.turnedAway(exchange, BANNED, serving.policy());
        return true;
    }

    /** What hinders a call for which the policy has this, or null. */
    @Nullable
    Hindrance hindrance(Turn turn, Procedure procedure, Verdict verdict) {
        boolean denied = verdict != Verdict.ALLOW;
        boolean answerable = verdict == Verdict.ALLOW || verdict == Verdict.HIDE;
        CallClass asks = procedure.callClass();
        if (asks == CallClass.LIST || asks == CallClass.STATS) {
            int number = (procedure.number() << BYTE) | turn.call().protocol();
            return hindrance(
                    turn,
                    denied ? Trait.LIST_DENIED : Trait.LISTED,
                    number,
                    print(turn, procedure, denied),
                    answerable);
        }
        if (!asks.namesProgram()) {
            return null;
        }
        boolean vain = !answerable || asks != CallClass.LOOKUP;
        return hindrance(
                turn,
                vain ? Trait.ASKED_IN_VAIN : Trait.ASKED,
                turn.call().arguments().program(),
                print(turn, procedure, denied),
                !vain);
    }

    /** What hinders a faulty call, or null. */
    @Nullable
    Hindrance hindrance(Turn turn, Fault fault, Verdict verdict) {
        Call.Arguments called = turn.call().arguments();
        boolean answerable = verdict == Verdict.ALLOW || verdict == Verdict.HIDE;
        return switch (fault) {
            case UNKNOWN_PROGRAM -> hindrance(turn, Trait.FOREIGN_PROGRAM, called.program(), print(called), answerable);
            case UNKNOWN_VERSION -> hindrance(turn, Trait.ODD_VERSION, called.version(), print(called), answerable);
            case UNKNOWN_PROCEDURE ->
                hindrance(turn, Trait.UNKNOWN_PROCEDURE, called.protocol(), print(called), answerable);
            default -> hindrance(turn, Trait.MALFORMED, fault.word().hashCode(), null, answerable);
        };
    }

    /** A lookup found nothing. */
    void missed(Turn turn) {
        hindrance(turn, Trait.MISSED, turn.call().arguments().program(), null, false);
    }

    private static @Nullable Fingerprint print(Call.Arguments called) {
        return Fingerprint.ofStranger(called.program(), called.version(), called.protocol());
    }

    private static @Nullable Fingerprint print(Turn turn, Procedure procedure, boolean denied) {
        Call call = turn.call();
        return Fingerprint.of(
                procedure,
                call.protocol(),
                turn.exchange().transport(),
                denied,
                call.arguments().program(),
                call.arguments().version());
    }

    private @Nullable Hindrance hindrance(
            Turn turn, Trait trait, int number, @Nullable Fingerprint print, boolean answerable) {
        Exchange exchange = turn.exchange();
        Policy policy = turn.serving().policy();
        Standing standing = scans.judge(
                policy.enumeration(),
                exchange.transport(),
                exchange.source(),
                trait,
                number,
                print,
                answerable,
                exchange.arrivedAt());
        return switch (standing) {
            case CLEAR -> null;
            case HINDERED -> throttled(turn);
            case OFFENDING -> offending(turn, answerable);
        };
    }

    private @Nullable Hindrance throttled(Turn turn) {
        Transport transport = turn.exchange().transport();
        Hindrance hindrance = transport == Transport.UDP ? THROTTLED_UDP : THROTTLED_TCP;
        if (turn.isAudit()) {
            observer.wouldHinder(
                    turn.exchange(), null, hindrance, turn.serving().policy());
            return null;
        }
        scans.countThrottled(transport);
        return hindrance;
    }

    /** A source that is not to be banned, or not again so soon, is throttled all the same. */
    private @Nullable Hindrance offending(Turn turn, boolean answerable) {
        Exchange exchange = turn.exchange();
        if (!turn.isAudit()) {
            String evidence = scans.sighting(Transport.TCP, exchange.source()).evidence();
            if (bans.offended(
                            exchange.source(), evidence, turn.serving().policy().bans())
                    != null) {
                // What brought the ban is paid for by it: the next ban wants new evidence.
                scans.forgive(exchange.source(), exchange.arrivedAt() + exchange.nanosSinceArrival());
                return BANNED;
            }
        }
        return answerable ? throttled(turn) : null;
    }
}
