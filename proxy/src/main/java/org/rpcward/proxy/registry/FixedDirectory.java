package org.rpcward.proxy.registry;

import io.netty.util.concurrent.EventExecutor;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.BackendPolicy;

/** A registry that the policy writes out: rpcward is the portmapper, and nobody is behind it. */
public final class FixedDirectory implements Directory {
    private final Registry registry;

    public FixedDirectory(List<BackendPolicy.Row> rows) {
        this.registry = Registry.of(List.of(), rows);
    }

    @Override
    public Answer find(Question question, RowFilter shown, long now, EventExecutor executor, Consumer<Answer> then) {
        return Answer.of(registry.select(question, shown));
    }

    @Override
    public void list(EventExecutor executor, Consumer<@Nullable Registry> then) {
        then.accept(registry);
    }

    @Override
    public Answer recall(Question question, RowFilter shown) {
        return Answer.of(registry.select(question, shown));
    }

    @Override
    public Registry recallAll() {
        return registry;
    }
}
