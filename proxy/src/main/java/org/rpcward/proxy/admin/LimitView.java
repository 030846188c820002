package org.rpcward.proxy.admin;

import java.util.Locale;
import org.rpcward.policy.yaml.Quantity;
import org.rpcward.proxy.limit.LimitState;

/**
 * A limit.
 *
 * @param per who shares a bucket: {@code source}, {@code prefix}, {@code listener} or {@code rule}
 * @param mode {@code audit} when it only tells
 * @param exceeded calls that it turned away
 * @param exceededInAudit calls that it would have turned away
 * @param held buckets in use, of {@code capacity}
 * @param shared calls charged to a bucket that newcomers of a prefix share
 * @param refused how often there was no bucket for somebody
 */
public record LimitView(
        String name,
        String rate,
        String burst,
        String per,
        String over,
        String mode,
        long exceeded,
        long exceededInAudit,
        long held,
        int capacity,
        long shared,
        long refused) {
    static LimitView of(LimitState state) {
        return new LimitView(
                state.limit().name(),
                Quantity.rate(state.limit()),
                Quantity.burst(state.limit()),
                state.limit().per().name().toLowerCase(Locale.ROOT),
                state.limit().over().word(),
                state.enforced() ? "enforce" : "audit",
                state.exceeded(),
                state.exceededInAudit(),
                state.held(),
                state.capacity(),
                state.shared(),
                state.refused());
    }
}
