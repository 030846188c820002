package org.rpcward.proxy.registry;

import java.util.ArrayList;
import java.util.List;

/** Keeps what is told of questions, as text. */
final class RecordedCache implements CacheObserver {
    private final List<String> results = new ArrayList<>();

    /** What was told since this was asked last. */
    List<String> take() {
        List<String> taken = List.copyOf(results);
        results.clear();
        return taken;
    }

    @Override
    public void asked(Cache which, Result result) {
        results.add(which.word() + " " + result.word());
    }
}
