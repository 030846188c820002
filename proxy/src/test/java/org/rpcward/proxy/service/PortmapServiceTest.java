package org.rpcward.proxy.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.rpcward.proxy.fixture.CallBytes.call;
import static org.rpcward.proxy.fixture.RecordingExchange.DROP;
import static org.rpcward.proxy.fixture.RecordingExchange.SILENCE;

import io.netty.util.concurrent.EventExecutor;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.rpcward.policy.Policy;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.fixture.CallBytes;
import org.rpcward.proxy.fixture.FakeDirectory;
import org.rpcward.proxy.fixture.Hex;
import org.rpcward.proxy.fixture.Policies;
import org.rpcward.proxy.fixture.RecordingExchange;
import org.rpcward.proxy.fixture.RecordingObserver;
import org.rpcward.proxy.fixture.Services;
import org.rpcward.proxy.registry.Answer;
import org.rpcward.proxy.registry.Directory;
import org.rpcward.proxy.registry.Question;
import org.rpcward.proxy.registry.Registry;
import org.rpcward.proxy.registry.RowFilter;
import org.rpcward.proxy.rpc.Fault;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;

class PortmapServiceTest {
    private static final int PORTMAPPER = 100_000;
    private static final int NFS = 100_003;
    private static final int MOUNTD = 100_005;
    private static final String STRANGER = "203.0.113.9";
    private static final String XID = Hex.word(CallBytes.XID);
    private static final String ACCEPTED = XID + " 00000001 00000000 00000000 00000000 ";
    private static final String EMPTY = ACCEPTED + "00000000 00000000";
    private static final String SYSTEM_ERR = ACCEPTED + "00000005";
    private static final String TOOWEAK = XID + " 00000001 00000001 00000001 00000005";

    private static final Mapping NFS_TCP = Mapping.anywhere(NFS, 3, Netid.TCP, 2049);
    private static final Mapping NFS_UDP = Mapping.anywhere(NFS, 3, Netid.UDP, 2049);
    private static final Mapping MOUNTD_TCP = Mapping.anywhere(MOUNTD, 3, Netid.TCP, 20048);

    private static final String CLIENTS_MAY_LOOK_UP = """
            rules:
              - { name: clients look up, from: 198.51.100.0/24, call: [lookup, list], then: allow }
            """;

    private final RecordingObserver observer = new RecordingObserver();
    private FakeDirectory directory = FakeDirectory.of(NFS_TCP, NFS_UDP, MOUNTD_TCP);

    // Faulty calls.

    static final String[] FAULTS = {
        "PROG_UNAVAIL", "PROG_MISMATCH", "PROC_UNAVAIL", "GARBAGE_ARGS", "BADCRED", "REJECTEDCRED", "BADVERF"
    };

    private static CallBytes faulty(String kind) {
        return switch (kind) {
            case "PROG_UNAVAIL" -> call(3, 0).program(NFS);
            case "PROG_MISMATCH" -> call(104_316, 0);
            case "PROC_UNAVAIL" -> call(4, 99);
            case "GARBAGE_ARGS" -> call(4, 3).uint(NFS);
            case "BADCRED" -> call(4, 0).credential(1, new byte[0]);
            case "REJECTEDCRED" -> call(4, 0).credential(7, new byte[0]);
            case "BADVERF" -> call(4, 0).verifier(0, new byte[4]);
            default -> throw new AssertionError(kind);
        };
    }

    private static String told(String kind) {
        return switch (kind) {
            case "PROG_UNAVAIL" -> ACCEPTED + "00000001";
            case "PROG_MISMATCH" -> ACCEPTED + "00000002 00000002 00000004";
            case "PROC_UNAVAIL" -> ACCEPTED + "00000003";
            case "GARBAGE_ARGS" -> ACCEPTED + "00000004";
            case "BADCRED" -> XID + " 00000001 00000001 00000001 00000001";
            case "REJECTEDCRED" -> XID + " 00000001 00000001 00000001 00000002";
            case "BADVERF" -> XID + " 00000001 00000001 00000001 00000003";
            default -> throw new AssertionError(kind);
        };
    }

    @ParameterizedTest
    @CsvSource({"drop", "refuse", "hide", "allow"})
    void aKnownSourceHearsWhatIsWrongWhateverStrangersHear(String byDefault) {
        Policy policy = Policies.of(CLIENTS_MAY_LOOK_UP + "default: " + byDefault + "\n");
        for (Transport transport : Transport.values()) {
            for (String kind : FAULTS) {
                assertThat(ask(policy, transport, faulty(kind))).as(kind).isEqualTo(told(kind));
                assertThat(observer.take()).first().asString().endsWith(" allow");
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"drop", "refuse", "hide", "allow"})
    void aStrangerHearsTheDefault(String byDefault) {
        Policy policy = Policies.of(CLIENTS_MAY_LOOK_UP + "default: " + byDefault + "\n");
        for (Transport transport : Transport.values()) {
            for (String kind : FAULTS) {
                String wanted = switch (byDefault) {
                    case "drop" -> DROP;
                    case "refuse" -> TOOWEAK;
                    default -> told(kind);
                };
                assertThat(askFrom(STRANGER, policy, transport, faulty(kind)))
                        .as(kind)
                        .isEqualTo(wanted);
                assertThat(observer.take()).first().asString().endsWith(" " + byDefault);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Fault.class,
            names = {"OVERSIZED", "RECORD_TOO_BIG", "EMPTY_FRAGMENT", "FRAGMENT_LIMIT"})
    void whatTheTransportFindsFaultWithIsDroppedForEverybody(Fault fault) {
        Policy policy = Policies.of(CLIENTS_MAY_LOOK_UP + "default: hide\nmode: audit\n");
        for (Transport transport : Transport.values()) {
            RecordingExchange exchange =
                    RecordingExchange.of(transport, call(4, 0)).faulty(fault);
            service(policy).handle(exchange);
            assertThat(exchange.outcome()).isEqualTo(DROP);
            assertThat(observer.take()).containsExactly("malformed " + fault.word() + " drop");
        }
    }

    @Test
    void whatIsNoCallIsDroppedForEverybody() {
        Policy policy = Policies.of(CLIENTS_MAY_LOOK_UP + "default: hide\n");
        for (Transport transport : Transport.values()) {
            assertThat(ask(policy, transport, call(4, 0).messageType(1))).isEqualTo(DROP);
            assertThat(ask(policy, transport, call(4, 0).rpcVersion(3))).isEqualTo(DROP);
            assertThat(ask(policy, transport, call(4, 0).credential(0, new byte[404])))
                    .isEqualTo(DROP);
            RecordingExchange cut = new RecordingExchange(transport, new byte[39]);
            service(policy).handle(cut);
            assertThat(cut.outcome()).isEqualTo(DROP);
        }
    }

    @Test
    void whoIsNamedOnlyToBeDroppedIsAStranger() {
        Policy policy = Policies.of("""
                rules:
                  - { name: scanners, from: 198.51.100.0/24, call: any, then: drop }
                """);

        assertThat(ask(policy, Transport.UDP, faulty("PROG_UNAVAIL"))).isEqualTo(DROP);
    }

    // Registrations and indirect calls.

    @Test
    void aKnownSourceMayNeverRegisterAndHearsSoBeforeItsArgumentsAreRead() {
        Policy policy = Policies.of(CLIENTS_MAY_LOOK_UP);
        for (Transport transport : Transport.values()) {
            for (Procedure procedure :
                    List.of(Procedure.SET, Procedure.UNSET, Procedure.CALLIT, Procedure.BCAST, Procedure.INDIRECT)) {
                assertThat(ask(policy, transport, call(procedure.newestProtocol(), procedure.number())))
                        .isEqualTo(TOOWEAK);
            }
        }
        assertThat(directory.questions()).isEmpty();
    }

    @Test
    void aStrangerThatRegistersHearsNothingOverUdpAndARefusalOverTcp() {
        Policy policy = Policies.of(CLIENTS_MAY_LOOK_UP);
        CallBytes set = CallBytes.of(Procedure.SET, 2);

        assertThat(askFrom(STRANGER, policy, Transport.UDP, set)).isEqualTo(DROP);
        assertThat(observer.take()).contains("decided set drop by builtin/strangers");
        assertThat(askFrom(STRANGER, policy, Transport.TCP, set)).isEqualTo(TOOWEAK);
        assertThat(observer.take()).contains("decided set refuse by builtin/register");
    }

    // Audit mode.

    @Test
    void inAuditModeNothingIsHinderedAndEverythingIsDecided() {
        Policy policy = Policies.of(CLIENTS_MAY_LOOK_UP + "mode: audit\n");
        String answer = ACCEPTED + "00000000 00004e50";

        assertThat(askFrom(STRANGER, policy, Transport.TCP, CallBytes.of(Procedure.GETPORT, 2, MOUNTD, 3)))
                .isEqualTo(answer);
        assertThat(observer.take()).first().isEqualTo("decided getport drop by default");
        assertThat(askFrom(STRANGER, policy, Transport.TCP, call(4, 0))).isEqualTo(ACCEPTED + "00000000");
        assertThat(askFrom(STRANGER, policy, Transport.TCP, call(2, 4)).split(" ", -1))
                .hasSizeGreaterThan(6 * 5);
        observer.take();
        assertThat(askFrom(STRANGER, policy, Transport.UDP, faulty("PROG_UNAVAIL")))
                .isEqualTo(told("PROG_UNAVAIL"));
        assertThat(observer.take()).first().isEqualTo("malformed unknown_program drop");
    }

    @Test
    void inAuditModeTooNobodyRegistersAndNoReplyIsLargerThanItsBudget() {
        Policy policy = Policies.of(CLIENTS_MAY_LOOK_UP + "mode: audit\n");

        assertThat(ask(policy, Transport.UDP, CallBytes.of(Procedure.SET, 2))).isEqualTo(TOOWEAK);
        assertThat(askFrom(STRANGER, policy, Transport.UDP, CallBytes.of(Procedure.SET, 2)))
                .isEqualTo(DROP);
        assertThat(askFrom(STRANGER, policy, Transport.UDP, call(4, 4))).isEqualTo(SYSTEM_ERR);
    }

    @Test
    void aRuleOnTrialHindersNothing() {
        Policy policy = Policies.of("""
                rules:
                  - { name: trial, from: any, call: lookup, then: drop, mode: audit }
                  - { name: all, from: any, call: lookup, then: allow }
                """);

        assertThat(ask(policy, Transport.UDP, CallBytes.of(Procedure.GETPORT, 2)))
                .isEqualTo(ACCEPTED + "00000000 00000801");
    }

    // The budget of replies over UDP.

    @Test
    void aReplyOverUdpIsNoLargerThanItsCall() {
        Policy policy = Policies.of(CLIENTS_MAY_LOOK_UP);
        for (int protocol = 2; protocol <= 4; protocol++) {
            assertThat(ask(policy, Transport.UDP, call(protocol, 4))).isEqualTo(SYSTEM_ERR);
            assertThat(observer.take()).endsWith("over budget", "replied over_budget 24");
            assertThat(ask(policy, Transport.TCP, call(protocol, 4))).isNotEqualTo(SYSTEM_ERR);
        }
        assertThat(ask(policy, Transport.UDP, CallBytes.of(Procedure.GETADDRLIST, 4)))
                .isEqualTo(SYSTEM_ERR);
    }

    @Test
    void whatAReplySaysAndWhereItCameFromIsTold() {
        Policy policy = Policies.of("""
                rules:
                  - { name: look up, from: 198.51.100.0/24, call: [ping, lookup, list], then: allow }
                  - { name: no time, from: 198.51.100.0/24, call: time, then: hide }
                """);

        ask(policy, Transport.TCP, CallBytes.of(Procedure.NULL, 2));
        ask(policy, Transport.TCP, CallBytes.of(Procedure.GETPORT, 2));
        ask(policy, Transport.TCP, call(4, 4));
        ask(policy, Transport.UDP, call(4, 4));
        ask(policy, Transport.UDP, CallBytes.of(Procedure.SET, 2));
        ask(policy, Transport.UDP, CallBytes.of(Procedure.GETTIME, 3));
        ask(policy, Transport.TCP, call(4, 99));

        assertThat(observer.replies())
                .containsExactly(
                        "success from local",
                        "success from cache",
                        "success from cache",
                        "system_err from cache",
                        "denied from local",
                        "proc_unavail from local",
                        "proc_unavail from local");
    }

    @Test
    void whatAListingHidesIsTold() {
        String views = "views: { nothing-much: { programs: [100999] } }\n";
        Policy through = Policies.of(views + "rules: [{ name: list, from: any, call: list, then: allow, "
                + "view: nothing-much }, { name: look up, from: any, call: lookup, then: allow }]\n");
        Policy all = Policies.of("rules: [{ name: all, from: any, call: [list, lookup], then: allow }]\n");

        ask(through, Transport.TCP, call(2, 4));
        ask(all, Transport.TCP, call(2, 4));

        assertThat(observer.listings()).element(0).asString().matches("nothing-much hides [1-9]\\d*");
        assertThat(observer.listings()).element(1).isEqualTo("builtin/lookups hides 0");
    }

    @Test
    void theBudgetIsMetExactly() {
        CallBytes call = call(4, 3).rpcb(NFS, 3, "udp", "192.0.2.1.0.111", "");
        assertThat(call.bytes()).hasSize(80);

        assertThat(ask(budget("0.55"), Transport.UDP, call))
                .isEqualTo(ACCEPTED + "00000000 0000000d 3139322e 302e322e 312e382e 31000000")
                .hasSize(44 * 2 + 10);
        assertThat(ask(budget("0.549"), Transport.UDP, call)).isEqualTo(SYSTEM_ERR);
    }

    @Test
    void thereIsSilenceWhenEvenTheErrorIsTooLarge() {
        Policy half = budget("0.5");

        assertThat(ask(half, Transport.UDP, call(4, 4))).isEqualTo(SILENCE);
        assertThat(observer.take()).containsExactly("decided dump allow by clients look up", "over budget");
        assertThat(ask(half, Transport.UDP, CallBytes.of(Procedure.SET, 2))).isEqualTo(TOOWEAK);
        assertThat(ask(half, Transport.TCP, call(4, 4))).startsWith(ACCEPTED + "00000000");
    }

    private static Policy budget(String factor) {
        return Policies.of(CLIENTS_MAY_LOOK_UP + "amplification: { udp: " + factor + " }\n");
    }

    @Test
    void aRuleMayGiveItsClientsFullAnswersOverUdpUpToRpcbindsOwnBound() {
        Policy policy = Policies.of("""
                rules:
                  - { name: all, from: any, call: list, then: allow, view: everything, over_udp: full }
                """);
        assertThat(ask(policy, Transport.UDP, call(2, 4)).split(" ", -1)).hasSizeGreaterThan(6 * 5);

        directory = FakeDirectory.of(manyRows(500));
        assertThat(ask(policy, Transport.UDP, call(2, 4))).isEqualTo(SYSTEM_ERR);
        assertThat(ask(policy, Transport.TCP, call(2, 4)).split(" ", -1)).hasSize(6 + 5 * 506 + 1);
    }

    // What is shown.

    @Test
    void aViewHidesTheRestFromLookupsAndListingsAlike() {
        Policy policy = Policies.of("""
                views: { nfs-only: { programs: nfs } }
                rules:
                  - { name: all, from: any, call: [lookup, list], then: allow, view: nfs-only }
                """);

        assertThat(ask(policy, Transport.TCP, CallBytes.of(Procedure.GETPORT, 2, NFS, 3)))
                .isEqualTo(ACCEPTED + "00000000 00000801");
        assertThat(ask(policy, Transport.TCP, CallBytes.of(Procedure.GETPORT, 2, MOUNTD, 3)))
                .isEqualTo(EMPTY);
        assertThat(listed(policy)).containsExactly("100003/3/6", "100003/3/17");
    }

    @Test
    void aViewMayShowSomeTransportsOnlyAndSoManyRows() {
        Policy policy = Policies.of("""
                views: { few: { programs: any, netids: tcp, max_rows: 4 } }
                rules:
                  - { name: all, from: any, call: [lookup, list], then: allow, view: few }
                """);

        assertThat(listed(policy)).containsExactly("100000/4/6", "100000/3/6", "100000/2/6", "100003/3/6");
        assertThat(ask(policy, Transport.UDP, CallBytes.of(Procedure.GETADDR, 4, NFS, 3)))
                .isEqualTo(EMPTY);
    }

    @Test
    void withoutAViewAListingShowsWhatTheSameClientMayLookUp() {
        Policy policy = Policies.of("""
                rules:
                  - { name: dangerous, from: any, call: lookup, program: mountd, then: hide }
                  - { name: all, from: any, call: [lookup, list], then: allow }
                """);

        assertThat(listed(policy))
                .containsExactly(
                        "100000/4/6",
                        "100000/3/6",
                        "100000/2/6",
                        "100000/4/17",
                        "100000/3/17",
                        "100000/2/17",
                        "100003/3/6",
                        "100003/3/17");
    }

    @Test
    void aListingDoesNotShowWhatTheViewOfTheLookupHides() {
        Policy policy = Policies.of("""
                views: { nfs-only: { programs: nfs } }
                rules:
                  - { name: look up, from: any, call: lookup, then: allow, view: nfs-only }
                  - { name: list, from: any, call: list, then: allow }
                """);

        assertThat(ask(policy, Transport.TCP, CallBytes.of(Procedure.GETPORT, 2, MOUNTD, 3)))
                .isEqualTo(EMPTY);
        assertThat(listed(policy)).containsExactly("100003/3/6", "100003/3/17");
    }

    @Test
    void aLookupFallsBackToAVersionThatMayBeLookedUpOnly() {
        directory = FakeDirectory.of(
                Mapping.anywhere(NFS, 2, Netid.TCP, 2042), NFS_TCP, Mapping.anywhere(NFS, 4, Netid.TCP, 2044));
        Policy policy = Policies.of("""
                rules:
                  - { name: not four, from: any, call: lookup, program: nfs/4, then: hide }
                  - { name: all, from: any, call: lookup, then: allow }
                """);

        assertThat(ask(policy, Transport.TCP, CallBytes.of(Procedure.GETPORT, 2, NFS, 9)))
                .isEqualTo(ACCEPTED + "00000000 00000801");
        assertThat(ask(policy, Transport.TCP, CallBytes.of(Procedure.GETPORT, 2, NFS, 4)))
                .isEqualTo(EMPTY);
    }

    @Test
    void thePortmapperIsShownOnTheTransportsAndFamiliesThatAreServed() {
        String rules = """
                rules:
                  - { name: all, from: any, call: [lookup, list], then: allow }
                """;
        Policy tcpOnly = Policies.ofListener("transports: tcp", rules);
        directory = FakeDirectory.of();

        assertThat(listed(tcpOnly)).containsExactly("100000/4/6", "100000/3/6", "100000/2/6");
        assertThat(ask(tcpOnly, Transport.TCP, call(2, 3).mapping(PORTMAPPER, 2, 17, 0)))
                .isEqualTo(EMPTY);
        assertThat(ask(tcpOnly, Transport.TCP, CallBytes.of(Procedure.GETPORT, 2, PORTMAPPER, 2)))
                .isEqualTo(ACCEPTED + "00000000 0000006f");

        RecordingExchange both =
                RecordingExchange.of(Transport.TCP, call(3, 4)).answeringAt("192.0.2.1", "2001:db8::1");
        service(Policies.of(rules)).handle(both);
        assertThat(both.outcome()).contains(" 00000004 74637036 ").contains(" 00000003 75647000 ");
        RecordingExchange v4 = RecordingExchange.of(Transport.TCP, call(3, 4));
        service(Policies.of(rules)).handle(v4);
        assertThat(v4.outcome()).doesNotContain(" 00000004 74637036 ");
    }

    // Addresses.

    @Test
    void anAddressIsTheOneThatWasAsked() {
        Policy policy = Policies.of(CLIENTS_MAY_LOOK_UP);
        RecordingExchange exchange = RecordingExchange.of(Transport.TCP, CallBytes.of(Procedure.GETADDR, 4))
                .at("192.0.2.2");
        service(policy).handle(exchange);

        assertThat(exchange.outcome()).endsWith(" 0000000d 3139322e 302e322e 322e382e 31000000");
    }

    @Test
    void anAddressIsTheAdvertisedOneWhereThePolicySaysSo() {
        Policy policy = Policies.ofListener("advertise: 203.0.113.1", CLIENTS_MAY_LOOK_UP);

        assertThat(ask(policy, Transport.TCP, CallBytes.of(Procedure.GETADDR, 4)))
                .endsWith(" 0000000f 3230332e 302e3131 332e312e 382e3100");
    }

    @Test
    void overIpv6TheQuestionIsAboutIpv6() {
        directory = FakeDirectory.of(NFS_TCP, Mapping.anywhere(NFS, 3, Netid.TCP6, 2066));
        Policy policy = Policies.of("""
                rules:
                  - { name: all, from: any, call: lookup, then: allow }
                """);
        RecordingExchange exchange = RecordingExchange.of(Transport.TCP, CallBytes.of(Procedure.GETADDR, 4))
                .from("2001:db8::7")
                .at("2001:db8::1");
        service(policy).handle(exchange);

        assertThat(exchange.outcome()).endsWith(" 00000010 32303031 3a646238 3a3a312e 382e3138");
        assertThat(directory.questions()).containsExactly(new Question(Question.Kind.ANY_VERSION, NFS, 3, Netid.TCP6));
    }

    @Test
    void eachLookupIsItsOwnQuestion() {
        Policy policy = Policies.of(CLIENTS_MAY_LOOK_UP);
        ask(policy, Transport.UDP, call(2, 3).mapping(NFS, 3, 6, 0));
        ask(policy, Transport.UDP, CallBytes.of(Procedure.GETADDR, 3));
        ask(policy, Transport.TCP, CallBytes.of(Procedure.GETVERSADDR, 4));
        ask(policy, Transport.TCP, CallBytes.of(Procedure.GETADDRLIST, 4));

        assertThat(directory.questions())
                .containsExactly(
                        new Question(Question.Kind.ANY_VERSION, NFS, 3, Netid.TCP),
                        new Question(Question.Kind.ANY_VERSION, NFS, 3, Netid.UDP),
                        new Question(Question.Kind.EXACT_VERSION, NFS, 3, Netid.TCP),
                        new Question(Question.Kind.FAMILY, NFS, 3, Netid.TCP));
    }

    @Test
    void anIpProtocolThatNoRegistrationCanHaveIsAnsweredWithoutAsking() {
        Policy policy = Policies.of(CLIENTS_MAY_LOOK_UP);

        assertThat(ask(policy, Transport.UDP, call(2, 3).mapping(NFS, 3, 132, 0)))
                .isEqualTo(EMPTY);
        assertThat(directory.questions()).isEmpty();
    }

    // Law: hidden is absent.

    @Test
    void whatIsHiddenHasTheBytesAndThePathOfWhatIsAbsent() {
        Policy policy = Policies.of("""
                rules:
                  - { name: hidden, from: any, call: lookup, program: mountd, then: hide }
                  - { name: all, from: any, call: lookup, then: allow }
                """);
        int absent = 100_099;
        for (Transport transport : Transport.values()) {
            for (Procedure procedure : Procedure.values()) {
                for (int protocol = 2; protocol <= 4; protocol++) {
                    if (procedure.existsIn(protocol)
                            && procedure.callClass() == org.rpcward.policy.rpc.CallClass.LOOKUP) {
                        FakeDirectory first = FakeDirectory.of(NFS_TCP, MOUNTD_TCP);
                        FakeDirectory second = FakeDirectory.of(NFS_TCP, MOUNTD_TCP);
                        String hidden = ask(policy, first, transport, CallBytes.of(procedure, protocol, MOUNTD, 3));
                        List<String> hiddenEvents = observer.take();
                        String gone = ask(policy, second, transport, CallBytes.of(procedure, protocol, absent, 3));

                        assertThat(hidden).isEqualTo(gone).isEqualTo(EMPTY);
                        assertThat(first.questions()).hasSize(1).hasSameSizeAs(second.questions());
                        assertThat(observer.take().subList(1, 2)).isEqualTo(hiddenEvents.subList(1, 2));
                    }
                }
            }
        }
    }

    @Test
    void aHiddenListingIsAnEmptyOneAndTakesItsPath() {
        Policy hiding = Policies.of("rules:\n  - { name: all, from: any, call: list, then: hide }\n");
        for (int protocol = 2; protocol <= 4; protocol++) {
            FakeDirectory asked = FakeDirectory.of(NFS_TCP);
            assertThat(ask(hiding, asked, Transport.TCP, call(protocol, 4))).isEqualTo(EMPTY);
            assertThat(asked.listings()).isEqualTo(1);
        }
    }

    // The backend is away.

    @Test
    void whileTheBackendIsAwayStreamClientsAreToldAndDatagramClientsAskAgain() {
        directory = FakeDirectory.unavailable();
        Policy policy = Policies.of(CLIENTS_MAY_LOOK_UP);
        for (CallBytes call : List.of(
                CallBytes.of(Procedure.GETPORT, 2),
                CallBytes.of(Procedure.GETADDR, 3),
                CallBytes.of(Procedure.GETADDRLIST, 4),
                call(2, 4),
                call(4, 4))) {
            assertThat(ask(policy, Transport.TCP, call)).isEqualTo(SYSTEM_ERR);
            assertThat(observer.take()).endsWith("unavailable", "replied unavailable 24");
            assertThat(ask(policy, Transport.UDP, call)).isEqualTo(SILENCE);
            assertThat(observer.take()).endsWith("unavailable");
        }
    }

    @Test
    void whileTheBackendIsAwayWhatIsHiddenIsAwayToo() {
        directory = FakeDirectory.unavailable();
        Policy policy = Policies.of("rules:\n  - { name: all, from: any, call: [lookup, list], then: hide }\n");

        assertThat(ask(policy, Transport.TCP, CallBytes.of(Procedure.GETPORT, 2)))
                .isEqualTo(SYSTEM_ERR);
        assertThat(ask(policy, Transport.TCP, call(4, 4))).isEqualTo(SYSTEM_ERR);
        assertThat(ask(policy, Transport.UDP, CallBytes.of(Procedure.GETPORT, 2)))
                .isEqualTo(SILENCE);
    }

    // One policy from end to end, and mistakes.

    @Test
    void aCallIsServedByThePolicyThatItBeganWith() {
        directory.delaying();
        PortmapService service = service(Policies.of(CLIENTS_MAY_LOOK_UP));
        RecordingExchange before = RecordingExchange.of(Transport.TCP, CallBytes.of(Procedure.GETPORT, 2));
        service.handle(before);
        assertThat(before.hasOutcome()).isFalse();

        service.replace(Policies.serving(Policies.of("rules: []\n"), FakeDirectory.of()));
        RecordingExchange after = RecordingExchange.of(Transport.TCP, CallBytes.of(Procedure.GETPORT, 2));
        service.handle(after);
        assertThat(after.outcome()).isEqualTo(DROP);
        directory.answerFirst();
        assertThat(before.outcome()).isEqualTo(ACCEPTED + "00000000 00000801");
    }

    @Test
    void aCallByAListenerThatIsGoneIsDropped() {
        RecordingExchange exchange =
                RecordingExchange.of(Transport.TCP, call(4, 0)).by("gone");
        service(Policies.of(CLIENTS_MAY_LOOK_UP)).handle(exchange);

        assertThat(exchange.outcome()).isEqualTo(DROP);
    }

    @Test
    void aMistakeCostsTheCallThatMetItAndNoOther() {
        Directory broken = new Directory() {
            @Override
            public Answer recall(Question question, RowFilter shown) {
                throw new IllegalStateException("nobody asks for what is remembered");
            }

            @Override
            public @Nullable Registry recallAll() {
                throw new IllegalStateException("nobody asks for what is remembered");
            }

            @Override
            public Answer find(
                    Question question, RowFilter shown, long now, EventExecutor executor, Consumer<Answer> then) {
                throw new IllegalStateException("a mistake");
            }

            @Override
            public void list(EventExecutor executor, Consumer<@Nullable Registry> then) {
                throw new AssertionError("another");
            }
        };
        PortmapService service = Services.of(
                Policies.serving(Policies.of(CLIENTS_MAY_LOOK_UP), broken),
                InstantSource.fixed(Instant.EPOCH),
                observer);
        RecordingExchange lookup = RecordingExchange.of(Transport.TCP, CallBytes.of(Procedure.GETPORT, 2));
        service.handle(lookup);
        RecordingExchange listing = RecordingExchange.of(Transport.TCP, CallBytes.of(Procedure.DUMP, 2));
        service.handle(listing);
        RecordingExchange ping = RecordingExchange.of(Transport.TCP, call(4, 0));
        service.handle(ping);

        assertThat(lookup.outcome()).isEqualTo(DROP);
        assertThat(listing.outcome()).isEqualTo(DROP);
        assertThat(ping.outcome()).isEqualTo(ACCEPTED + "00000000");
        assertThat(observer.events())
                .contains(
                        "failed java.lang.IllegalStateException: a mistake",
                        "failed java.lang.AssertionError: another");
    }

    private static Mapping[] manyRows(int count) {
        List<Mapping> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            rows.add(Mapping.anywhere(200_000 + i, 1, Netid.TCP, 1000 + i));
        }
        return rows.toArray(Mapping[]::new);
    }

    /** What a version 2 listing over TCP shows: program/version/protocol. */
    private List<String> listed(Policy policy) {
        String[] words = ask(policy, Transport.TCP, call(2, 4)).split(" ", -1);
        List<String> rows = new ArrayList<>();
        for (int i = 6; words[i].equals("00000001"); i += 5) {
            rows.add(Integer.parseUnsignedInt(words[i + 1], 16) + "/" + Integer.parseUnsignedInt(words[i + 2], 16) + "/"
                    + Integer.parseUnsignedInt(words[i + 3], 16));
        }
        return rows;
    }

    private String ask(Policy policy, Transport transport, CallBytes call) {
        return ask(policy, directory, transport, call);
    }

    private String ask(Policy policy, FakeDirectory of, Transport transport, CallBytes call) {
        RecordingExchange exchange = RecordingExchange.of(transport, call);
        service(policy, of).handle(exchange);
        return exchange.outcome();
    }

    private String askFrom(String source, Policy policy, Transport transport, CallBytes call) {
        RecordingExchange exchange = RecordingExchange.of(transport, call).from(source);
        service(policy).handle(exchange);
        return exchange.outcome();
    }

    private PortmapService service(Policy policy) {
        return service(policy, directory);
    }

    private PortmapService service(Policy policy, FakeDirectory of) {
        return Services.of(Policies.serving(policy, of), InstantSource.fixed(Instant.EPOCH), observer);
    }
}
