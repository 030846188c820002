package org.rpcward.proxy.observe;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.LogPolicy;

/**
 * The log. One thread, fed by a bounded queue, turns events into text and writes them, so that a slow disk or a full
 * pipe delays nobody. What does not fit into the queue is left out, counted, and reported as soon as there is room
 * again.
 */
public final class EventLog {
    private static final int QUEUE = 8192;
    private static final Duration PATIENCE_AT_END = Duration.ofSeconds(2);
    private static final int POLL_MILLIS = 100;
    private static final long REST_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final BlockingQueue<Map<String, Object>> queue = new ArrayBlockingQueue<>(QUEUE);
    private final LongAdder lost = new LongAdder();
    private final OutputStream standardOutput;
    private final Journal.Opener journal;
    private final InstantSource clock;
    private final Thread writer = new Thread(this::writeAll, "rpcward-log");
    private volatile boolean closing;

    /** Where events go. The writer's own, once it runs: it closes what it leaves. */
    private EventSink sink;

    /** Where they are to go instead, until the writer takes it; null afterwards. */
    private final AtomicReference<@Nullable EventSink> next = new AtomicReference<>();

    /** Guarded by this. */
    private LogPolicy followed = LogPolicy.DEFAULT;

    /** A log that cannot go to the journal. */
    public EventLog(OutputStream standardOutput, InstantSource clock) {
        this(
                standardOutput,
                () -> {
                    throw new IOException("no journal here");
                },
                clock);
    }

    /**
     * @param standardOutput where lines go unless the policy says otherwise, UTF-8; not closed
     * @param journal asked when a policy wants the log in the journal
     */
    public EventLog(OutputStream standardOutput, Journal.Opener journal, InstantSource clock) {
        this.standardOutput = standardOutput;
        this.journal = journal;
        this.clock = clock;
        this.sink = LineSink.to(standardOutput, EventText::json);
        writer.setDaemon(true);
    }

    public void start() {
        writer.start();
    }

    /**
     * Goes on where and how a policy says.
     *
     * @throws IOException when that cannot be written to; the log stays as it was then
     */
    public synchronized void follow(LogPolicy policy) throws IOException {
        if (!policy.to().equals(followed.to()) || policy.format() != followed.format()) {
            goTo(open(policy));
        }
        followed = policy;
    }

    /**
     * Opens the file anew, for whoever has moved the old one away.
     *
     * @throws IOException when that fails; the log stays as it was then
     */
    public synchronized void reopen() throws IOException {
        goTo(open(followed));
    }

    /** What the writer never saw is closed here: a reload that fails goes there and back in less than a moment. */
    private void goTo(EventSink other) {
        EventSink untaken = next.getAndSet(other);
        if (untaken != null) {
            untaken.close();
        }
    }

    private EventSink open(LogPolicy policy) throws IOException {
        Function<Map<String, Object>, String> form =
                policy.format() == LogPolicy.Format.JSON ? EventText::json : EventText::words;
        return switch (policy.to()) {
            case LogPolicy.STDOUT -> LineSink.to(standardOutput, form);
            case LogPolicy.JOURNALD -> new JournalSink(journal.open());
            default -> LineSink.to(Path.of(policy.to()), form);
        };
    }

    /** An event with its time; its fields keep their order. Values are strings, numbers, booleans or maps of these. */
    public Map<String, Object> event(String name) {
        Map<String, Object> event = new LinkedHashMap<>();
        event.put("time", now());
        event.put("event", name);
        return event;
    }

    /** The time as events have it. */
    String now() {
        return clock.instant().truncatedTo(ChronoUnit.MILLIS).toString();
    }

    /** Queues one of the {@link LogEvent}s, which is not to be changed any more. Never waits. */
    public void write(Map<String, Object> event) {
        assert LogEvent.flawOf(event).isEmpty() : LogEvent.flawOf(event).orElseThrow();
        queue(event);
    }

    /** Queues whatever it is. */
    void queue(Map<String, Object> event) {
        if (!queue.offer(event)) {
            lost.increment();
        }
    }

    /** How many events were lost, because the queue was full or they could not be written. */
    public long lost() {
        return lost.sum();
    }

    private void writeAll() {
        Pace pace = new Pace(System.nanoTime());
        long told = 0;
        try {
            while (true) {
                Map<String, Object> event = queue.poll(POLL_MILLIS, TimeUnit.MILLISECONDS);
                if (event == null && closing) {
                    break;
                }
                moveOn();
                if (event != null && !isWritten(event)) {
                    lost.increment();
                }
                if (event != null && pace.isQuick(System.nanoTime()) && queue.isEmpty() && !closing) {
                    // So the next event need not wake this thread, and several of them share one system call.
                    LockSupport.parkNanos(REST_NANOS);
                }
                long missing = lost.sum() - told;
                if (missing > 0 && queue.size() < QUEUE / 2 && isWritten(lossOf(missing))) {
                    told += missing;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        sink.close();
    }

    private void moveOn() {
        EventSink other = next.getAndSet(null);
        if (other != null) {
            sink.close();
            sink = other;
        }
    }

    private Map<String, Object> lossOf(long events) {
        Map<String, Object> loss = event("log");
        loss.put("suppressed", events);
        loss.put("reason", "the log could not be written fast enough");
        return loss;
    }

    /**
     * False for an event that is lost. A disk that is full now may have room later, and what is wrong with one event is
     * not wrong with the next: the writer goes on.
     */
    private boolean isWritten(Map<String, Object> event) {
        try {
            sink.write(event);
            if (queue.isEmpty()) {
                sink.flush();
            }
            return true;
        } catch (IOException | RuntimeException e) {
            return false;
        }
    }

    /** Writes what is queued, for a moment, and ends. */
    public void stop() {
        closing = true;
        try {
            writer.join(PATIENCE_AT_END.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
