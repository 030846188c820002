package org.rpcward.proxy.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.ImmediateEventExecutor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.proxy.backend.BackendResult.Status;
import org.rpcward.proxy.fixture.BackendBuilder;
import org.rpcward.proxy.fixture.Lookups;
import org.rpcward.proxy.fixture.ManualExecutor;
import org.rpcward.proxy.registry.Question.Kind;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;

class ForwardDirectoryTest {
    private static final int PORTMAPPER = 100_000;
    private static final int NFS = 100_003;
    private static final int MOUNTD = 100_005;
    private static final int STATUS = 100_024;
    private static final int MAX_WAITING = 8_192;
    private static final RowFilter ALL = row -> true;
    private static final Duration FRESH = Duration.ofSeconds(8);
    private static final Duration RETRY = Duration.ofSeconds(1);

    private static final Mapping ROW = Mapping.anywhere(NFS, 3, Netid.TCP, 2049);
    private static final Mapping OLDER = Mapping.anywhere(NFS, 2, Netid.TCP, 2042);
    private static final Mapping UDP_ROW = Mapping.anywhere(NFS, 3, Netid.UDP, 2049);
    private static final Mapping ROW6 = Mapping.anywhere(NFS, 3, Netid.TCP6, 2049);
    private static final Mapping[] ROWS = {
        OLDER,
        ROW,
        UDP_ROW,
        ROW6,
        Mapping.anywhere(MOUNTD, 3, Netid.TCP, 999),
        Mapping.anywhere(STATUS, 1, Netid.UDP6, 6)
    };

    private final FakePortmapper portmapper = new FakePortmapper();
    private final RecordedEvents observer = new RecordedEvents();
    private final RecordedCache cache = new RecordedCache();
    private final BackendPolicy policy = new BackendBuilder()
            .forward()
            .fresh(FRESH)
            .retry(RETRY)
            .pin(MOUNTD, 3, "tcp", 20048)
            .expect(STATUS, 1, "udp", 32765, true)
            .build();
    private final ForwardDirectory directory = new ForwardDirectory(
            policy,
            new MirrorDirectory(policy, portmapper, portmapper.clock, observer, cache, RegistryStore.NONE),
            portmapper,
            portmapper.clock,
            cache);

    @Test
    void whatTheMirrorShowsIsAskedOfTheBackendOverTheSameTransport() {
        know();
        List<Answer> answer = ask(NFS, 3, Netid.TCP);
        assertThat(answer).isEmpty();
        portmapper.answerPort(2049);
        assertThat(answer).containsExactly(Answer.of(List.of(ROW)));

        ask(NFS, 3, Netid.UDP);
        portmapper.answerPort(2049);
        assertThat(asked()).containsExactly("port of 100003/3/tcp over tcp", "port of 100003/3/udp over udp");
    }

    @Test
    void aMistakeInAskingIsAnsweredFromTheMirrorAndAskedAnewLater() {
        know();
        portmapper.mistake = new IllegalStateException("a mistake");
        assertThat(ask(NFS, 3, Netid.TCP)).containsExactly(Answer.of(List.of(ROW)));
        assertThat(directory.waiting()).isZero();

        portmapper.mistake = null;
        portmapper.pass(RETRY);
        List<Answer> later = ask(NFS, 3, Netid.TCP);
        portmapper.answerPort(2050);
        assertThat(later).containsExactly(Answer.of(List.of(ROW.withPort(2050))));
    }

    @Test
    void whatComesOfEachQuestionIsTold() {
        know();
        cache.take();
        ask(NFS, 3, Netid.TCP);
        ask(NFS, 3, Netid.TCP);
        portmapper.answerPort(2049);
        ask(NFS, 3, Netid.TCP);

        assertThat(cache.take())
                .filteredOn(result -> result.startsWith("forward"))
                .containsExactly("forward miss", "forward coalesced", "forward hit");
        assertThat(directory.remembered()).isEqualTo(1);
    }

    @Test
    void whatTheMirrorDoesNotShowIsAbsentWithoutAsking() {
        know();

        assertThat(ask(STATUS, 1, Netid.TCP)).containsExactly(Answer.ABSENT);
        assertThat(ask(new Question(Kind.EXACT_VERSION, NFS, 4, Netid.TCP), ALL))
                .containsExactly(Answer.ABSENT);
        assertThat(asked()).isEmpty();
    }

    @Test
    void whatIsHiddenIsAbsentWithoutAsking() {
        know();

        assertThat(ask(new Question(Kind.ANY_VERSION, NFS, 3, Netid.TCP), row -> false))
                .containsExactly(Answer.ABSENT);
        assertThat(asked()).isEmpty();
    }

    @Test
    void theVersionThatIsThereIsAskedForWhereTheOneWantedIsNot() {
        know();
        ask(NFS, 9, Netid.TCP);

        assertThat(asked()).containsExactly("port of 100003/3/tcp over tcp");
        portmapper.answerPort(2049);
    }

    @Test
    void aHiddenVersionIsNotAskedForInPlaceOfAnother() {
        know();
        ask(new Question(Kind.ANY_VERSION, NFS, 3, Netid.TCP), row -> row.version() == 2);

        assertThat(asked()).containsExactly("port of 100003/2/tcp over tcp");
        portmapper.answerPort(2042);
    }

    @Test
    void oneQuestionServesAllWhoAskTheSame() {
        know();
        List<List<Answer>> answers = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            answers.add(ask(NFS, 3, Netid.TCP));
        }
        List<Answer> other = ask(NFS, 2, Netid.TCP);
        assertThat(asked()).hasSize(2);

        portmapper.answerPort(2050);
        assertThat(answers).allMatch(a -> a.equals(List.of(Answer.of(List.of(ROW.withPort(2050))))));
        assertThat(other).isEmpty();
        portmapper.answerPort(2042);
        assertThat(other).containsExactly(Answer.of(List.of(OLDER)));

        portmapper.pass(FRESH);
        refresh();
        ask(NFS, 3, Netid.TCP);
        assertThat(asked()).hasSize(3);
        portmapper.answerPort(2049);
    }

    @Test
    void anAnswerIsRememberedForAsLongAsFresh() {
        know();
        ask(NFS, 3, Netid.TCP);
        portmapper.answerPort(2050);

        portmapper.pass(FRESH.minusMillis(1));
        assertThat(ask(NFS, 3, Netid.TCP)).containsExactly(Answer.of(List.of(ROW.withPort(2050))));
        assertThat(asked()).hasSize(1);
        portmapper.answerDump(ROWS);
        portmapper.pass(Duration.ofMillis(1));
        assertThat(ask(NFS, 3, Netid.TCP)).isEmpty();
        assertThat(asked()).hasSize(2);
        portmapper.answerPort(2049);
    }

    @Test
    void thatAProgramIsGoneIsRememberedForAsLongAsRetry() {
        know();
        ask(NFS, 3, Netid.TCP);
        portmapper.answerPort(0);

        portmapper.pass(RETRY.minusMillis(1));
        assertThat(ask(NFS, 3, Netid.TCP)).containsExactly(Answer.ABSENT);
        portmapper.pass(Duration.ofMillis(1));
        ask(NFS, 3, Netid.TCP);
        assertThat(asked()).hasSize(2);
        portmapper.answerPort(2049);
    }

    @Test
    void thatTheBackendDidNotAnswerIsRememberedForAsLongAsRetry() {
        know();
        ask(NFS, 3, Netid.TCP);
        portmapper.failPort(Status.TIMEOUT);
        portmapper.pass(RETRY.minusMillis(1));
        assertThat(ask(NFS, 3, Netid.TCP)).containsExactly(Answer.of(List.of(ROW)));
        assertThat(asked()).hasSize(1);
        portmapper.pass(Duration.ofMillis(1));
        ask(NFS, 3, Netid.TCP);

        assertThat(asked()).hasSize(2);
        portmapper.answerPort(2049);
    }

    @Test
    void anotherPortIsBelievedAndMakesTheMirrorReadAgain() {
        know();
        portmapper.pass(RETRY);
        List<Answer> answer = ask(NFS, 3, Netid.TCP);
        portmapper.answerPort(4711);

        assertThat(answer).containsExactly(Answer.of(List.of(ROW.withPort(4711))));
        assertThat(portmapper.dumps()).isEqualTo(2);
    }

    @Test
    void aProgramThatIsGoneIsAbsentAndMakesTheMirrorReadAgain() {
        know();
        portmapper.pass(RETRY);
        List<Answer> answer = ask(NFS, 3, Netid.TCP);
        portmapper.answerPort(0);

        assertThat(answer).containsExactly(Answer.ABSENT);
        assertThat(portmapper.dumps()).isEqualTo(2);
    }

    @Test
    void aBackendThatContradictsItselfIsNotReadMoreOftenThanOnceARetry() {
        know();
        for (Mapping row : ROWS) {
            ask(row.program(), row.version(), Netid.TCP);
            if (portmapper.isAsked()) {
                portmapper.answerPort(1);
            }
        }
        assertThat(asked()).hasSizeGreaterThan(1);
        assertThat(portmapper.dumps()).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource(value = Status.class, mode = EnumSource.Mode.EXCLUDE, names = "OK")
    void whenTheBackendDoesNotAnswerTheMirrorDoes(Status status) {
        know();
        List<Answer> answer = ask(NFS, 3, Netid.TCP);
        portmapper.failPort(status);

        assertThat(answer).containsExactly(Answer.of(List.of(ROW)));
        assertThat(portmapper.dumps()).isEqualTo(1);
    }

    @Test
    void listsComeFromTheMirror() {
        know();

        List<Mapping> listed = new ArrayList<>();
        directory.list(ImmediateEventExecutor.INSTANCE, registry -> {
            if (registry != null) {
                listed.addAll(registry.rows());
            }
        });
        // The pin takes the place of a row, what is expected is added.
        assertThat(listed).hasSize(10 + ROWS.length + 1);
        assertThat(ask(new Question(Kind.FAMILY, NFS, 3, Netid.TCP), ALL))
                .containsExactly(Answer.of(List.of(ROW, UDP_ROW)));
        assertThat(asked()).isEmpty();
    }

    @Test
    void thePortmapperItselfIsNotAskedFor() {
        know();

        assertThat(ask(PORTMAPPER, 2, Netid.TCP))
                .containsExactly(Answer.of(List.of(Mapping.anywhere(PORTMAPPER, 2, Netid.TCP, 111))));
        assertThat(asked()).isEmpty();
    }

    @Test
    void aPinAndWhatIsServedAsExpectedAreThePolicysWord() {
        know();

        assertThat(ask(MOUNTD, 3, Netid.TCP))
                .containsExactly(Answer.of(List.of(Mapping.anywhere(MOUNTD, 3, Netid.TCP, 20048))));
        assertThat(ask(STATUS, 1, Netid.UDP))
                .containsExactly(Answer.of(List.of(Mapping.anywhere(STATUS, 1, Netid.UDP, 32765))));
        assertThat(asked()).isEmpty();
    }

    @Test
    void aBackendAtAnIpv4AddressIsNotAskedForIpv6() {
        know();

        assertThat(ask(NFS, 3, Netid.TCP6)).containsExactly(Answer.of(List.of(ROW6)));
        assertThat(asked()).isEmpty();
    }

    @Test
    void aBackendAtAnIpv6AddressIsAskedForBoth() {
        portmapper.v6 = true;
        know();
        ask(NFS, 3, Netid.TCP6);
        ask(NFS, 3, Netid.TCP);

        assertThat(asked()).containsExactly("port of 100003/3/tcp6 over tcp", "port of 100003/3/tcp over tcp");
        portmapper.answerPort(2049);
        portmapper.answerPort(2049);
    }

    @Test
    void noMoreThanSoManyWaitForOneAnswer() {
        know();
        List<List<Answer>> waiting = new ArrayList<>();
        for (int i = 0; i < MAX_WAITING; i++) {
            waiting.add(ask(NFS, 3, Netid.TCP));
        }
        assertThat(waiting).allMatch(List::isEmpty);

        assertThat(ask(NFS, 3, Netid.TCP)).containsExactly(Answer.of(List.of(ROW)));
        portmapper.answerPort(2049);
        assertThat(waiting).allMatch(a -> a.size() == 1);
        assertThat(asked()).hasSize(1);
    }

    @Test
    void answersAreGivenOnTheAskersOwnLoop() {
        know();
        ManualExecutor loop = new ManualExecutor();
        List<Answer> answer = ask(new Question(Kind.ANY_VERSION, NFS, 3, Netid.TCP), ALL, loop);
        portmapper.answerPort(2049);
        assertThat(answer).isEmpty();

        loop.runAll();
        assertThat(answer).hasSize(1);
    }

    @Test
    void aBackendThatWasNeverReadIsUnavailable() {
        List<Answer> answer = ask(NFS, 3, Netid.TCP);
        portmapper.failDump(Status.TIMEOUT);

        assertThat(answer).containsExactly(Answer.UNAVAILABLE);
        assertThat(asked()).isEmpty();
    }

    @Test
    void whoWaitsAtTheEndIsAnswered() {
        know();
        List<Answer> answer = ask(NFS, 3, Netid.TCP);
        directory.close();
        portmapper.turn();
        assertThat(answer).containsExactly(Answer.of(List.of(ROW)));

        portmapper.endLoop();
        assertThat(ask(NFS, 3, Netid.TCP)).containsExactly(Answer.of(List.of(ROW)));
    }

    @Test
    void whatIsRememberedAndForgottenIsCounted() {
        know();
        ask(NFS, 3, Netid.TCP);
        portmapper.answerPort(2049);
        assertThat(directory.remembered()).isEqualTo(1);
        assertThat(directory.forgotten()).isZero();

        portmapper.pass(FRESH);
        ask(NFS, 3, Netid.UDP);
        portmapper.turn();
        portmapper.answerDump(ROWS);
        portmapper.answerPort(2049);

        assertThat(directory.remembered()).isEqualTo(1);
        assertThat(directory.forgotten()).isEqualTo(1);
    }

    private void know() {
        directory.list(ImmediateEventExecutor.INSTANCE, registry -> {});
        portmapper.turn();
        portmapper.answerDump(ROWS);
    }

    private void refresh() {
        directory.list(ImmediateEventExecutor.INSTANCE, registry -> {});
        portmapper.turn();
        portmapper.answerDump(ROWS);
    }

    private List<String> asked() {
        return portmapper.asked.stream().filter(q -> q.startsWith("port")).toList();
    }

    private List<Answer> ask(int program, int version, Netid netid) {
        return ask(new Question(Kind.ANY_VERSION, program, version, netid), ALL);
    }

    private List<Answer> ask(Question question, RowFilter shown) {
        return ask(question, shown, ImmediateEventExecutor.INSTANCE);
    }

    private List<Answer> ask(Question question, RowFilter shown, EventExecutor executor) {
        List<Answer> answers = new ArrayList<>();
        Lookups.find(directory, question, shown, portmapper.clock.getAsLong(), executor, answers::add);
        portmapper.turn();
        return answers;
    }
}
