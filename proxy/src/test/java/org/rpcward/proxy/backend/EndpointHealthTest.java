package org.rpcward.proxy.backend;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.proxy.backend.EndpointHealth.Transition;

class EndpointHealthTest {
    private final EndpointHealth health = new EndpointHealth(new BackendPolicy.Health(2, 3));

    @Test
    void isUpUntilItIsKnownOtherwise() {
        assertThat(health.isUp()).isTrue();
    }

    @Test
    void theFirstAnswerTellsThatItIsUp() {
        assertThat(health.answered()).isEqualTo(Transition.UP);
        assertThat(health.answered()).isEqualTo(Transition.NONE);
    }

    @Test
    void theFirstFailureOfOneThatNeverAnsweredTakesItDown() {
        assertThat(health.failed()).isEqualTo(Transition.DOWN);
        assertThat(health.isUp()).isFalse();
        assertThat(health.failed()).isEqualTo(Transition.NONE);
    }

    @Test
    void onlyFailuresInARowTakeItDown() {
        health.answered();
        for (int i = 0; i < 5; i++) {
            assertThat(health.failed()).isEqualTo(Transition.NONE);
            assertThat(health.failed()).isEqualTo(Transition.NONE);
            assertThat(health.answered()).isEqualTo(Transition.NONE);
        }
        health.failed();
        health.failed();
        assertThat(health.failed()).isEqualTo(Transition.DOWN);
        assertThat(health.isUp()).isFalse();
    }

    @Test
    void onlyAnswersInARowBringItUp() {
        health.failed();
        for (int i = 0; i < 5; i++) {
            assertThat(health.answered()).isEqualTo(Transition.NONE);
            assertThat(health.failed()).isEqualTo(Transition.NONE);
        }
        health.answered();
        assertThat(health.answered()).isEqualTo(Transition.UP);
        assertThat(health.isUp()).isTrue();
    }
}
