package org.rpcward.proxy.server;

import io.netty.util.concurrent.EventExecutor;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.rpcward.proxy.admin.Answer;
import org.rpcward.proxy.admin.Request;
import org.rpcward.proxy.metrics.Metrics;
import org.rpcward.proxy.metrics.Scrape;
import org.rpcward.proxy.metrics.Sources;
import org.rpcward.proxy.observe.Counters;

/** What a scrape gets. Its metrics are made at the first one: at the start there are better things to do. Thread-safe. */
final class MetricsPage implements AutoCloseable {
    private final Counters counters;
    private final Sources sources;
    private final List<EventExecutor> loops;
    private @Nullable Metrics metrics;

    /** @param loops whose pending tasks are shown */
    MetricsPage(Counters counters, Sources sources, List<EventExecutor> loops) {
        this.counters = counters;
        this.sources = sources;
        this.loops = List.copyOf(loops);
    }

    Answer answer(Request request) {
        Scrape scrape = metrics().scrape(request.accept());
        return Answer.text(Answer.OK, scrape.contentType(), scrape.text());
    }

    private synchronized Metrics metrics() {
        Metrics made = metrics;
        if (made == null) {
            made = new Metrics(counters, sources, loops);
            metrics = made;
        }
        return made;
    }

    @Override
    public synchronized void close() {
        if (metrics != null) {
            metrics.close();
        }
    }
}
