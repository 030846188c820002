package org.rpcward.proxy.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.ImmediateEventExecutor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.proxy.backend.BackendResult.Status;
import org.rpcward.proxy.backend.Reading;
import org.rpcward.proxy.fixture.BackendBuilder;
import org.rpcward.proxy.fixture.Lookups;
import org.rpcward.proxy.fixture.ManualExecutor;
import org.rpcward.proxy.registry.Question.Kind;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;

class MirrorDirectoryTest {
    private static final int NFS = 100_003;
    private static final int LATER = 100_021;
    private static final int MAX_WAITING = 8_192;
    private static final RowFilter ALL = row -> true;

    private static final Duration FRESH = Duration.ofSeconds(8);
    private static final Duration AHEAD = Duration.ofSeconds(6);
    private static final Duration STALE = Duration.ofSeconds(60);
    private static final Duration RETRY = Duration.ofSeconds(1);
    private static final Duration A_MOMENT = Duration.ofMillis(1);

    private static final Mapping ROW = Mapping.anywhere(NFS, 3, Netid.TCP, 2049);
    private static final Mapping MOVED = Mapping.anywhere(NFS, 3, Netid.TCP, 2050);
    private static final Mapping NEW_ROW = Mapping.anywhere(LATER, 4, Netid.TCP, 4045);
    private static final Question PRESENT = new Question(Kind.ANY_VERSION, NFS, 3, Netid.TCP);
    private static final Question ABSENT = new Question(Kind.ANY_VERSION, LATER, 4, Netid.TCP);

    private final FakePortmapper portmapper = new FakePortmapper();
    private final RecordedEvents observer = new RecordedEvents();
    private final RecordedCache cache = new RecordedCache();
    private final MirrorDirectory mirror = mirror(policy(FRESH, STALE), portmapper);

    /** The first answer is that of a reading. */
    @Test
    void whoAsksFirstWaitsForAReading() {
        Asker asker = ask(PRESENT);
        assertThat(asker.answers).isEmpty();
        assertThat(portmapper.dumps()).isEqualTo(1);

        portmapper.answerDump(ROW);

        asker.got(ROW);
        assertThat(observer.events).isEmpty();
    }

    @Test
    void whatIsFreshIsAnsweredAtOnceAndAsksNobody() {
        read(ROW);
        portmapper.pass(AHEAD.minus(A_MOMENT));

        ask(PRESENT).got(ROW);
        assertThat(list()).hasSize(11);
        assertThat(portmapper.dumps()).isEqualTo(1);
    }

    @Test
    void whatIsNoLongerFreshIsReadAgainAndWaitedFor() {
        read(ROW);
        portmapper.pass(FRESH);

        Asker asker = ask(PRESENT);
        assertThat(asker.answers).isEmpty();
        portmapper.answerDump(MOVED);

        asker.got(MOVED);
        assertThat(portmapper.dumps()).isEqualTo(2);
    }

    @Test
    void nearTheEndItIsReadAheadWhileTheCopyAnswers() {
        read(ROW);
        portmapper.pass(AHEAD);

        ask(PRESENT).got(ROW);
        assertThat(portmapper.dumps()).isEqualTo(2);
        ask(PRESENT).got(ROW);
        assertThat(portmapper.dumps()).isEqualTo(2);

        portmapper.answerDump(MOVED);
        ask(PRESENT).got(MOVED);
        portmapper.pass(AHEAD.minus(A_MOMENT));
        ask(PRESENT).got(MOVED);
        assertThat(portmapper.dumps()).isEqualTo(2);
    }

    /** One of them is so slow that the reading which another began has ended by then. */
    @Test
    void severalWhoFindAtTheSameTimeThatAReadingIsDueBeginOne() {
        read(ROW);
        portmapper.pass(AHEAD);
        for (int i = 0; i < 2; i++) {
            Lookups.find(
                    mirror, PRESENT, ALL, portmapper.clock.getAsLong(), ImmediateEventExecutor.INSTANCE, new Asker());
        }
        portmapper.answerAtOnce(ROW);

        portmapper.turn();

        assertThat(portmapper.dumps()).isEqualTo(2);
    }

    @Test
    void severalWhoWantItReadAnewAtTheSameTimeBeginOneReading() {
        read(ROW);
        portmapper.pass(RETRY);
        mirror.refresh();
        mirror.refresh();
        portmapper.answerAtOnce(ROW);

        portmapper.turn();

        assertThat(portmapper.dumps()).isEqualTo(2);
    }

    @Test
    void aReadingAheadThatTakesLongerThanTheCopyIsFreshIsWaitedFor() {
        read(ROW);
        portmapper.pass(AHEAD);
        ask(PRESENT).got(ROW);
        portmapper.pass(FRESH.minus(AHEAD));

        Asker asker = ask(PRESENT);
        assertThat(asker.answers).isEmpty();
        portmapper.answerDump(MOVED);
        asker.got(MOVED);
        assertThat(portmapper.dumps()).isEqualTo(2);
    }

    @Test
    void whatComesOfEachQuestionIsTold() {
        ask(PRESENT);
        ask(PRESENT);
        portmapper.turn();
        portmapper.answerDump(ROW);
        ask(PRESENT);
        portmapper.pass(FRESH);
        ask(PRESENT);
        portmapper.turn();
        portmapper.failDump(Status.TIMEOUT);
        ask(PRESENT);

        assertThat(cache.take())
                .containsExactly("mirror miss", "mirror coalesced", "mirror hit", "mirror miss", "mirror stale");
    }

    @Test
    void oneReadingServesHoweverManyWait() {
        List<Asker> askers = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            askers.add(ask(i % 2 == 0 ? PRESENT : ABSENT));
        }
        assertThat(portmapper.dumps()).isEqualTo(1);

        portmapper.answerDump(ROW);

        for (int i = 0; i < 100; i++) {
            askers.get(i).got(i % 2 == 0 ? new Mapping[] {ROW} : new Mapping[0]);
        }
        assertThat(portmapper.dumps()).isEqualTo(1);
    }

    @Test
    void aMissIsLookedUpAgainSoThatANewServiceIsFound() {
        read(ROW);
        portmapper.pass(RETRY);

        Asker asker = ask(ABSENT);
        assertThat(asker.answers).isEmpty();
        portmapper.answerDump(ROW, NEW_ROW);

        asker.got(NEW_ROW);
        assertThat(portmapper.dumps()).isEqualTo(2);
    }

    @Test
    void missesReadNoMoreOftenThanOnceARetry() {
        read(ROW);
        portmapper.pass(RETRY.minus(A_MOMENT));
        for (int program = 0; program < 1000; program++) {
            ask(new Question(Kind.ANY_VERSION, 200_000 + program, 1, Netid.TCP)).gotNothing();
        }
        assertThat(portmapper.dumps()).isEqualTo(1);

        for (int second = 0; second < 10; second++) {
            portmapper.pass(RETRY);
            for (int program = 0; program < 100; program++) {
                ask(new Question(Kind.EXACT_VERSION, 200_000 + program, 1, Netid.TCP));
            }
            portmapper.answerDump(ROW);
        }
        assertThat(portmapper.dumps()).isEqualTo(11);
    }

    @Test
    void aMissDuringAReadingWaitsForIt() {
        read(ROW);
        portmapper.pass(RETRY);
        Asker first = ask(ABSENT);
        portmapper.pass(RETRY.multipliedBy(3));
        Asker second = ask(ABSENT);
        ask(PRESENT).got(ROW);
        assertThat(second.answers).isEmpty();

        portmapper.answerDump(ROW, NEW_ROW);

        first.got(NEW_ROW);
        second.got(NEW_ROW);
        assertThat(portmapper.dumps()).isEqualTo(2);
    }

    @Test
    void howLongAReadingTookDoesNotMakeTheCopyYounger() {
        Asker asker = ask(PRESENT);
        portmapper.pass(Duration.ofSeconds(3));
        portmapper.answerDump(ROW);
        asker.got(ROW);

        // Misses count from the beginning of the last reading, not from its end.
        Asker missing = ask(ABSENT);
        assertThat(missing.answers).isEmpty();
        assertThat(portmapper.dumps()).isEqualTo(2);
    }

    @Test
    void aListingIsNoMissHoweverLittleThereIs() {
        read();
        portmapper.pass(RETRY);

        assertThat(list()).hasSize(10);
        assertThat(portmapper.dumps()).isEqualTo(1);
    }

    /** Law: hidden is absent, by the same path. */
    @Test
    void whatIsHiddenTakesThePathOfWhatIsAbsent() {
        for (Kind kind : List.of(Kind.ANY_VERSION, Kind.EXACT_VERSION, Kind.FAMILY)) {
            List<String> absent = pathOf(new Question(kind, LATER, 4, Netid.TCP), ALL);
            assertThat(absent).contains("dump", "failed", "answer " + Answer.ABSENT, "answer " + Answer.UNAVAILABLE);
            assertThat(pathOf(new Question(kind, NFS, 3, Netid.TCP), row -> false))
                    .isEqualTo(absent);
            assertThat(pathOf(new Question(kind, NFS, 3, Netid.TCP), row -> row.program() != NFS))
                    .isEqualTo(absent);
        }
    }

    /** Everything that happens to one question in all ages of the copy, step by step. */
    private static List<String> pathOf(Question question, RowFilter shown) {
        FakePortmapper asked = new FakePortmapper();
        MirrorDirectory directory = new MirrorDirectory(
                policy(FRESH, STALE), asked, asked.clock, new RecordedEvents(), CacheObserver.NONE, RegistryStore.NONE);
        List<String> path = new ArrayList<>();
        Runnable step = () -> {
            path.add("at " + asked.clock.getAsLong());
            Lookups.find(
                    directory,
                    question,
                    shown,
                    asked.clock.getAsLong(),
                    ImmediateEventExecutor.INSTANCE,
                    answer -> path.add("answer " + answer));
            path.add("returned");
            asked.turn();
            path.addAll(asked.asked);
            asked.asked.clear();
        };
        step.run();
        asked.answerDump(ROW);
        for (Duration pause : List.of(A_MOMENT, RETRY, A_MOMENT, RETRY, AHEAD, FRESH, A_MOMENT)) {
            asked.pass(pause);
            step.run();
            if (asked.isReading()) {
                asked.pass(A_MOMENT);
                step.run();
                asked.answerDump(ROW);
            }
        }
        for (Duration pause : List.of(FRESH, RETRY, AHEAD, STALE, RETRY)) {
            asked.pass(pause);
            step.run();
            if (asked.isReading()) {
                asked.failDump(Status.TIMEOUT);
                path.add("failed");
                step.run();
            }
        }
        return path;
    }

    @Test
    void whileTheBackendIsDownTheLastCopyAnswers() {
        read(ROW);
        portmapper.pass(FRESH);
        Asker asker = ask(PRESENT);
        portmapper.failDump(Status.TIMEOUT);
        asker.got(ROW);

        portmapper.pass(STALE.minus(FRESH).minus(A_MOMENT));
        ask(PRESENT).got(ROW);
        ask(ABSENT).gotNothing();
    }

    @Test
    void whileTheBackendIsDownItIsTriedAgainOnceARetry() {
        read(ROW);
        portmapper.pass(FRESH);
        ask(PRESENT);
        portmapper.failDump(Status.TIMEOUT);
        portmapper.pass(RETRY.minus(A_MOMENT));
        ask(PRESENT).got(ROW);
        assertThat(portmapper.dumps()).isEqualTo(2);

        portmapper.pass(A_MOMENT);
        ask(PRESENT).got(ROW);
        assertThat(portmapper.dumps()).isEqualTo(3);
        ask(PRESENT).got(ROW);
        assertThat(portmapper.dumps()).isEqualTo(3);
        portmapper.failDump(Status.UNREACHABLE);
    }

    @Test
    void aBackendThatIsBackIsBelievedAtOnce() {
        read(ROW);
        portmapper.pass(FRESH);
        ask(PRESENT);
        portmapper.failDump(Status.TIMEOUT);
        portmapper.pass(RETRY);
        ask(PRESENT).got(ROW);
        portmapper.answerDump(MOVED, NEW_ROW);

        ask(PRESENT).got(MOVED);
        portmapper.pass(FRESH);
        assertThat(ask(PRESENT).answers).isEmpty();
        portmapper.answerDump(MOVED);
    }

    @Test
    void afterStaleThereIsNoAnswerUntilTheBackendIsBack() {
        read(ROW);
        portmapper.pass(STALE);

        Asker asker = ask(PRESENT);
        portmapper.failDump(Status.TIMEOUT);
        asker.gotUnavailable();
        ask(PRESENT).gotUnavailable();
        portmapper.pass(RETRY);
        Asker later = ask(PRESENT);
        assertThat(later.answers).isEmpty();
        portmapper.answerDump(ROW);
        later.got(ROW);
    }

    @Test
    void aBackendThatNeverAnsweredIsUnavailable() {
        Asker first = ask(PRESENT);
        Asker second = ask(ABSENT);
        portmapper.failDump(Status.UNREACHABLE);
        first.gotUnavailable();
        second.gotUnavailable();

        portmapper.pass(RETRY.minus(A_MOMENT));
        ask(PRESENT).gotUnavailable();
        assertThat(portmapper.dumps()).isEqualTo(1);
        portmapper.pass(A_MOMENT);
        ask(PRESENT);
        assertThat(portmapper.dumps()).isEqualTo(2);
    }

    @Test
    void everyKindOfFailureIsOne() {
        for (Status status : Status.values()) {
            if (status != Status.OK) {
                portmapper.pass(STALE);
                Asker asker = ask(PRESENT);
                portmapper.failDump(status);
                asker.gotUnavailable();
            }
        }
    }

    @Test
    void aCopyStaysGoodForFreshWhenStaleIsShorter() {
        MirrorDirectory odd = mirror(policy(FRESH, Duration.ofSeconds(1)), portmapper);
        Asker first = new Asker();
        Lookups.find(odd, PRESENT, ALL, portmapper.clock.getAsLong(), ImmediateEventExecutor.INSTANCE, first);
        portmapper.turn();
        portmapper.answerDump(ROW);
        portmapper.pass(AHEAD.minus(A_MOMENT));

        Asker asker = new Asker();
        Lookups.find(odd, PRESENT, ALL, portmapper.clock.getAsLong(), ImmediateEventExecutor.INSTANCE, asker);
        asker.got(ROW);
    }

    @Test
    void noMoreThanSoManyWait() {
        List<Asker> askers = new ArrayList<>();
        for (int i = 0; i < MAX_WAITING; i++) {
            askers.add(ask(PRESENT));
        }
        assertThat(askers).allMatch(a -> a.answers.isEmpty());

        ask(PRESENT).gotUnavailable();
        portmapper.answerDump(ROW);
        askers.forEach(a -> a.got(ROW));
    }

    @Test
    void answersAreGivenOnTheAskersOwnLoop() {
        ManualExecutor loop = new ManualExecutor();
        Asker asker = ask(PRESENT, ALL, loop);
        portmapper.answerDump(ROW);
        assertThat(asker.answers).isEmpty();

        loop.runAll();

        asker.got(ROW);
    }

    @Test
    void theViewOfEachAskerIsAppliedToWhatWasRead() {
        Asker seeing = ask(PRESENT);
        Asker blind = ask(PRESENT, row -> false);
        portmapper.answerDump(ROW);

        seeing.got(ROW);
        blind.gotNothing();
    }

    @Test
    void pinsLieOverEveryReading() {
        MirrorDirectory directory =
                mirror(new BackendBuilder().pin(NFS, 3, "tcp", 20049).build(), portmapper);
        Asker asker = new Asker();
        Lookups.find(directory, PRESENT, ALL, portmapper.clock.getAsLong(), ImmediateEventExecutor.INSTANCE, asker);
        portmapper.turn();
        portmapper.answerDump(ROW);

        asker.got(ROW.withPort(20049));
    }

    @Test
    void whoWaitsAtTheEndIsAnswered() {
        Asker asker = ask(PRESENT);
        mirror.close();
        portmapper.turn();

        asker.gotUnavailable();
        assertThat(portmapper.asked).containsExactly("dump", "close");
    }

    @Test
    void whoAsksAfterTheEndIsAnsweredFromTheCopyOrNotAtAll() {
        portmapper.endLoop();
        ask(PRESENT).gotUnavailable();
        mirror.close();

        FakePortmapper other = new FakePortmapper();
        MirrorDirectory known = mirror(policy(FRESH, STALE), other);
        Lookups.find(known, PRESENT, ALL, other.clock.getAsLong(), ImmediateEventExecutor.INSTANCE, new Asker());
        other.turn();
        other.answerDump(ROW);
        other.endLoop();
        other.clock.pass(AHEAD);
        Asker asker = new Asker();
        Lookups.find(known, PRESENT, ALL, other.clock.getAsLong(), ImmediateEventExecutor.INSTANCE, asker);
        asker.got(ROW);
    }

    @Test
    void aRefreshReadsAtOnceButNotTwiceARetry() {
        read(ROW);
        portmapper.pass(RETRY);
        for (int i = 0; i < 10; i++) {
            mirror.refresh();
        }
        portmapper.turn();
        assertThat(portmapper.dumps()).isEqualTo(2);
        portmapper.answerDump(MOVED);
        ask(PRESENT).got(MOVED);

        mirror.refresh();
        portmapper.turn();
        assertThat(portmapper.dumps()).isEqualTo(2);
        portmapper.pass(RETRY);
        mirror.refresh();
        portmapper.turn();
        assertThat(portmapper.dumps()).isEqualTo(3);
    }

    @Test
    void aListingWaitsForAReadingLikeALookup() {
        List<Mapping> rows = list();
        assertThat(rows).isEmpty();
        portmapper.answerDump(ROW);
        assertThat(rows).hasSize(11).endsWith(ROW);

        portmapper.pass(AHEAD);
        assertThat(list()).hasSize(11);
        assertThat(portmapper.dumps()).isEqualTo(2);
        portmapper.answerDump(ROW, NEW_ROW);
        assertThat(list()).endsWith(NEW_ROW);
    }

    @Test
    void aListingOfABackendThatNeverAnsweredIsNone() {
        List<@Nullable Registry> answers = new ArrayList<>();
        mirror.list(ImmediateEventExecutor.INSTANCE, answers::add);
        portmapper.turn();
        portmapper.failDump(Status.TIMEOUT);

        assertThat(answers).containsExactly((Registry) null);
    }

    @Test
    void theSameRowsAreTheSameRegistry() {
        Registry first = listed();
        portmapper.pass(AHEAD);
        list();
        portmapper.answerDump(ROW);
        assertThat(listed()).isSameAs(first);

        portmapper.pass(AHEAD);
        list();
        portmapper.answerDump(MOVED);
        assertThat(listed()).isNotSameAs(first);
    }

    private Registry listed() {
        List<Registry> answers = new ArrayList<>();
        mirror.list(ImmediateEventExecutor.INSTANCE, registry -> {
            if (registry != null) {
                answers.add(registry);
            }
        });
        portmapper.turn();
        if (portmapper.isReading()) {
            portmapper.answerDump(ROW);
        }
        assertThat(answers).hasSize(1);
        return answers.get(0);
    }

    @Test
    void whatWasKeptAnswersWhileTheBackendIsAway() {
        KeptRows store = new KeptRows(Duration.ofSeconds(30), ROW);
        MirrorDirectory restarted =
                new MirrorDirectory(policy(FRESH, STALE), portmapper, portmapper.clock, observer, cache, store);
        Asker first = new Asker();
        Lookups.find(restarted, PRESENT, ALL, portmapper.clock.getAsLong(), ImmediateEventExecutor.INSTANCE, first);
        portmapper.turn();
        assertThat(first.answers).isEmpty();
        portmapper.failDump(Status.UNREACHABLE);
        first.got(ROW);

        portmapper.pass(STALE.minusSeconds(30).minus(A_MOMENT));
        Asker second = new Asker();
        Lookups.find(restarted, PRESENT, ALL, portmapper.clock.getAsLong(), ImmediateEventExecutor.INSTANCE, second);
        second.got(ROW);
        portmapper.turn();
        portmapper.failDump(Status.UNREACHABLE);
        portmapper.pass(A_MOMENT);
        Asker third = new Asker();
        Lookups.find(restarted, PRESENT, ALL, portmapper.clock.getAsLong(), ImmediateEventExecutor.INSTANCE, third);
        portmapper.turn();
        third.gotUnavailable();
        assertThat(store.saved).isEmpty();
    }

    @Test
    void everyReadingIsKept() {
        KeptRows store = new KeptRows(Duration.ZERO);
        MirrorDirectory directory =
                new MirrorDirectory(policy(FRESH, STALE), portmapper, portmapper.clock, observer, cache, store);
        portmapper.pass(FRESH);
        Lookups.find(
                directory, PRESENT, ALL, portmapper.clock.getAsLong(), ImmediateEventExecutor.INSTANCE, new Asker());
        portmapper.turn();
        portmapper.answerDump(ROW);

        assertThat(store.saved).containsExactly(List.of(ROW));
        assertThat(observer.events).containsExactly("appeared 100003 at 2049");
    }

    @Test
    void whatChangedBetweenTwoReadingsIsTold() {
        read(ROW);
        assertThat(observer.events).isEmpty();
        portmapper.pass(FRESH);
        ask(PRESENT);
        portmapper.answerDump(MOVED, NEW_ROW);

        assertThat(observer.events).containsExactly("moved 100003 at 2050", "appeared 100021 at 4045");
    }

    @Test
    void whatThePolicyExpectsIsToldWhenItIsNotThereAndWhenItIsBack() {
        MirrorDirectory directory = mirror(
                new BackendBuilder()
                        .fresh(FRESH)
                        .expect(NFS, 3, "tcp", 2049, false)
                        .build(),
                portmapper);
        Mapping[][] readings = {{MOVED}, {MOVED}, {ROW}, {ROW}, {}};
        for (Mapping[] rows : readings) {
            Lookups.find(
                    directory,
                    PRESENT,
                    ALL,
                    portmapper.clock.getAsLong(),
                    ImmediateEventExecutor.INSTANCE,
                    new Asker());
            portmapper.turn();
            portmapper.answerDump(rows);
            portmapper.pass(FRESH);
        }

        assertThat(observer.events)
                .filteredOn(e -> !e.startsWith("moved") && !e.startsWith("gone"))
                .containsExactly("deviates 100003", "settled 100003", "deviates 100003");
    }

    @Test
    void whatIsServedAsExpectedLiesOverTheReading() {
        MirrorDirectory directory =
                mirror(new BackendBuilder().expect(NFS, 3, "tcp", 2049, true).build(), portmapper);
        Asker asker = new Asker();
        Lookups.find(directory, PRESENT, ALL, portmapper.clock.getAsLong(), ImmediateEventExecutor.INSTANCE, asker);
        portmapper.turn();
        portmapper.answerDump(MOVED);

        asker.got(ROW);
    }

    @Test
    void withoutTrafficItIsReadOnceAMinute() {
        mirror.start();
        portmapper.turn();
        assertThat(portmapper.dumps()).isEqualTo(1);
        portmapper.answerDump(ROW);

        for (int second = 0; second < 600; second++) {
            portmapper.pass(Duration.ofSeconds(1));
            if (portmapper.isReading()) {
                portmapper.answerDump(ROW);
            }
        }
        assertThat(portmapper.dumps()).isBetween(9, 11);
    }

    @Test
    void withoutTrafficABackendThatIsAwayIsTriedAsOftenAsRetry() {
        mirror.start();
        portmapper.turn();
        portmapper.failDump(Status.TIMEOUT);
        for (int second = 0; second < 80; second++) {
            portmapper.pass(Duration.ofSeconds(1));
            if (portmapper.isReading()) {
                portmapper.failDump(Status.TIMEOUT);
            }
        }
        assertThat(portmapper.dumps()).isBetween(70, 81);
    }

    @Test
    void aMistakeInAskingCostsOneReading() {
        portmapper.mistake = new IllegalStateException("a mistake");
        ask(PRESENT).gotUnavailable();
        assertThat(observer.events).containsExactly("failed a mistake");

        portmapper.mistake = null;
        portmapper.pass(RETRY);
        Asker asker = ask(PRESENT);
        portmapper.answerDump(ROW);
        asker.got(ROW);
    }

    @Test
    void andLeavesTheClockRunning() {
        portmapper.mistake = new IllegalStateException("a mistake");
        mirror.start();
        portmapper.turn();
        portmapper.pass(RETRY);
        assertThat(observer.events).containsExactly("failed a mistake", "failed a mistake");

        portmapper.mistake = null;
        portmapper.pass(RETRY);
        portmapper.answerDump(ROW);
        ask(PRESENT).got(ROW);
    }

    @Test
    void aMistakeInKeepingAReadingLeavesTheReading() {
        RegistryStore broken = new RegistryStore() {
            @Override
            public @Nullable Kept load(BackendPolicy backend) {
                return null;
            }

            @Override
            public void save(BackendPolicy backend, List<Mapping> rows) {
                throw new IllegalStateException("a mistake");
            }
        };
        MirrorDirectory directory =
                new MirrorDirectory(policy(FRESH, STALE), portmapper, portmapper.clock, observer, cache, broken);
        Asker asker = new Asker();
        Lookups.find(directory, PRESENT, ALL, portmapper.clock.getAsLong(), ImmediateEventExecutor.INSTANCE, asker);
        portmapper.turn();
        portmapper.answerDump(ROW);

        asker.got(ROW);
        assertThat(observer.events).containsExactly("failed a mistake");
    }

    @Test
    void anAskerWhoFailsOrWhoseLoopHasEndedTakesNothingFromTheOthers() {
        ManualExecutor ended = new ManualExecutor();
        ask(PRESENT, ALL, ended);
        ended.close();
        mirror.list(ImmediateEventExecutor.INSTANCE, registry -> {
            throw new IllegalStateException("a mistake");
        });
        Asker asker = ask(PRESENT);
        portmapper.answerDump(ROW);

        asker.got(ROW);
        assertThat(observer.events).containsExactly("failed a mistake");
    }

    @Test
    void afterTheEndItIsReadNoMore() {
        mirror.start();
        portmapper.turn();
        portmapper.answerDump(ROW);
        mirror.close();
        portmapper.turn();
        portmapper.pass(Duration.ofMinutes(10));

        assertThat(portmapper.asked).containsExactly("dump", "close");
    }

    /** A store with rows in it, which it does not give up. */
    private static final class KeptRows implements RegistryStore {
        private final List<List<Mapping>> saved = new ArrayList<>();
        private final Kept kept;

        KeptRows(Duration age, Mapping... rows) {
            kept = new Kept(List.of(rows), age);
        }

        @Override
        public Kept load(BackendPolicy backend) {
            return kept;
        }

        @Override
        public void save(BackendPolicy backend, List<Mapping> rows) {
            saved.add(rows);
        }
    }

    @Test
    void whatTheAgeOfTheCopyMeansIsTold() {
        assertThat(mirror.mirror()).isEqualTo(new MirrorState(MirrorState.Freshness.EMPTY, 0, null, null));
        read(ROW);
        assertThat(mirror.mirror())
                .isEqualTo(new MirrorState(
                        MirrorState.Freshness.FRESH, 1, Duration.ZERO, new Reading("192.0.2.3:111", 4)));
        portmapper.pass(FRESH);
        assertThat(mirror.mirror().freshness()).isEqualTo(MirrorState.Freshness.AGED);
        assertThat(mirror.mirror().age()).isEqualTo(FRESH);

        ask(PRESENT);
        portmapper.failDump(Status.TIMEOUT);
        assertThat(mirror.mirror().freshness()).isEqualTo(MirrorState.Freshness.STALE);
        portmapper.pass(STALE.minus(FRESH).minus(A_MOMENT));
        assertThat(mirror.mirror().freshness()).isEqualTo(MirrorState.Freshness.STALE);
        portmapper.pass(A_MOMENT);
        assertThat(mirror.mirror().freshness()).isEqualTo(MirrorState.Freshness.EXPIRED);
        assertThat(mirror.mirror().rows()).isEqualTo(1);
    }

    private void read(Mapping... rows) {
        ask(PRESENT);
        portmapper.answerDump(rows);
        assertThat(portmapper.dumps()).isEqualTo(1);
    }

    private Asker ask(Question question) {
        return ask(question, ALL);
    }

    private Asker ask(Question question, RowFilter shown) {
        return ask(question, shown, ImmediateEventExecutor.INSTANCE);
    }

    private Asker ask(Question question, RowFilter shown, EventExecutor executor) {
        Asker asker = new Asker();
        Lookups.find(mirror, question, shown, portmapper.clock.getAsLong(), executor, asker);
        portmapper.turn();
        return asker;
    }

    private List<Mapping> list() {
        List<Mapping> rows = new ArrayList<>();
        mirror.list(ImmediateEventExecutor.INSTANCE, registry -> {
            if (registry != null) {
                rows.addAll(registry.rows());
            }
        });
        portmapper.turn();
        return rows;
    }

    private static BackendPolicy policy(Duration fresh, Duration stale) {
        return new BackendBuilder().fresh(fresh).stale(stale).retry(RETRY).build();
    }

    private MirrorDirectory mirror(BackendPolicy policy, FakePortmapper asked) {
        return new MirrorDirectory(policy, asked, asked.clock, observer, cache, RegistryStore.NONE);
    }

    /** Whoever asked: has exactly one answer in the end. */
    private static final class Asker implements Consumer<Answer> {
        private final List<Answer> answers = new ArrayList<>();

        @Override
        public void accept(Answer answer) {
            answers.add(answer);
        }

        void got(Mapping... rows) {
            assertThat(answers).hasSize(1);
            assertThat(answers.get(0).available()).isTrue();
            assertThat(answers.get(0).rows()).containsExactly(rows);
        }

        void gotNothing() {
            assertThat(answers).containsExactly(Answer.ABSENT);
        }

        void gotUnavailable() {
            assertThat(answers).containsExactly(Answer.UNAVAILABLE);
        }
    }
}
