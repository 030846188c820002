package org.rpcward.proxy.backend;

import org.rpcward.policy.BackendPolicy;

/**
 * Whether one portmapper is taken to be up: it goes down after so many failures in a row, and comes up after so many
 * answers in a row. Until its first failures it is up.
 */
final class EndpointHealth {
    /** What an answer or a failure brought about. */
    enum Transition {
        NONE,
        UP,
        DOWN
    }

    private final BackendPolicy.Health limits;
    private boolean up = true;
    private boolean known;
    private int inARow;

    EndpointHealth(BackendPolicy.Health limits) {
        this.limits = limits;
    }

    boolean isUp() {
        return up;
    }

    /** Whether it has begun to do otherwise than it did. */
    boolean isTurning() {
        return inARow > 0;
    }

    Transition answered() {
        if (!known) {
            known = true;
            inARow = 0;
            return Transition.UP;
        }
        if (up) {
            inARow = 0;
            return Transition.NONE;
        }
        return turns(limits.rise(), Transition.UP);
    }

    Transition failed() {
        if (!up) {
            inARow = 0;
            return Transition.NONE;
        }
        // A portmapper that never answered has nothing to lose.
        Transition turn = turns(known ? limits.fall() : 1, Transition.DOWN);
        known = true;
        return turn;
    }

    private Transition turns(int needed, Transition turn) {
        if (++inARow < needed) {
            return Transition.NONE;
        }
        up = !up;
        inARow = 0;
        return turn;
    }
}
