package org.rpcward.proxy.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class GuardTest {
    private final Connections connections = new Connections();
    private final Guard guard = new Guard(connections);
    private final EmbeddedChannel channel = new EmbeddedChannel(guard);

    GuardTest() {
        channel.freezeTime();
    }

    private void pass(Duration time) {
        channel.advanceTimeBy(time.toNanos(), TimeUnit.NANOSECONDS);
        channel.runScheduledPendingTasks();
    }

    @Test
    void whoDoesNotTakeHisAnswerIsCut() {
        guard.answering();
        pass(Guard.ANSWER.minusMillis(1));
        guard.sending();
        pass(Guard.TAKEN_AT_LEAST);

        pass(Guard.TAKEN.minus(Guard.TAKEN_AT_LEAST).minusMillis(1));
        assertThat(channel.isOpen()).isTrue();

        pass(Duration.ofMillis(1));
        assertThat(channel.isOpen()).isFalse();
        assertThat(connections.size()).isZero();
    }

    @Test
    void anAnswerIsGivenAMomentAndThenMakesRoom() {
        guard.answering();
        guard.sending();
        pass(Guard.TAKEN_AT_LEAST.minusMillis(1));
        assertThat(guard.isExpendable()).isFalse();
        assertThat(guard.isUnread()).isFalse();

        pass(Duration.ofMillis(1));
        assertThat(guard.isExpendable()).isFalse();
        assertThat(guard.isUnread()).isTrue();
    }

    @Test
    void oneThatIsReadLateGoesOn() {
        guard.answering();
        guard.sending();
        pass(Guard.TAKEN_AT_LEAST);
        guard.answered();

        pass(Guard.IDLE.minusMillis(1));

        assertThat(guard.isUnread()).isFalse();
        assertThat(guard.isExpendable()).isTrue();
        assertThat(channel.isOpen()).isTrue();
    }

    @Test
    void whoWaitsForAnAnswerStaysWhereThereIsAnotherToGo() {
        EmbeddedChannel[] others = new EmbeddedChannel[Connections.MOST - 1];
        Guard[] guards = new Guard[others.length];
        guard.answering();
        for (int i = 0; i < others.length; i++) {
            guards[i] = new Guard(connections);
            others[i] = new EmbeddedChannel(guards[i]);
            others[i].freezeTime();
            guards[i].answering();
        }
        guards[1].sending();
        others[1].advanceTimeBy(Guard.TAKEN_AT_LEAST.toNanos(), TimeUnit.NANOSECONDS);
        others[1].runScheduledPendingTasks();

        EmbeddedChannel next = new EmbeddedChannel(new Guard(connections));
        assertThat(next.isOpen()).isTrue();
        assertThat(others[1].isOpen()).isFalse();

        guards[0].answered();
        EmbeddedChannel another = new EmbeddedChannel(new Guard(connections));
        assertThat(another.isOpen()).isTrue();
        assertThat(others[0].isOpen()).isFalse();
        assertThat(channel.isOpen()).isTrue();
        assertThat(connections.size()).isEqualTo(Connections.MOST);
    }
}
