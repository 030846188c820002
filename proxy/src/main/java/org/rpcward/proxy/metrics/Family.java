package org.rpcward.proxy.metrics;

import java.util.List;
import java.util.function.DoubleSupplier;
import org.rpcward.proxy.observe.Durations;

/**
 * A metric with all of its series.
 *
 * @param name as exposed
 * @param help one sentence, without a full stop at its end
 * @param labels the names of its labels, in order
 */
public record Family(String name, Type type, String help, List<String> labels, Reader reader) {
    /** What kind of metric it is. */
    public enum Type {
        COUNTER,
        GAUGE,
        HISTOGRAM,
        /** A gauge that is always 1, whose labels say something. */
        INFO
    }

    /** Reads the value of each series. */
    interface Reader {
        void read(Sink sink);
    }

    /** Takes the series of a family, each once. */
    interface Sink {
        /**
         * A series of a counter, a gauge or an info.
         *
         * @param labels one value for each label of the family
         */
        void value(double value, String... labels);

        /** The same for a whole number; no counter ever gets so large that a double could not hold it exactly. */
        default void count(long count, String... labels) {
            value((double) count, labels);
        }

        /** A series of a histogram. */
        void durations(Durations durations, String... labels);
    }

    public Family {
        labels = List.copyOf(labels);
    }

    static Family counter(String name, String help, List<String> labels, Reader reader) {
        return new Family(name, Type.COUNTER, help, labels, reader);
    }

    /** A counter of one series. */
    static Family counter(String name, String help, DoubleSupplier value) {
        return counter(name, help, List.of(), sink -> sink.value(value.getAsDouble()));
    }

    static Family gauge(String name, String help, List<String> labels, Reader reader) {
        return new Family(name, Type.GAUGE, help, labels, reader);
    }

    /** A gauge of one series. */
    static Family gauge(String name, String help, DoubleSupplier value) {
        return gauge(name, help, List.of(), sink -> sink.value(value.getAsDouble()));
    }

    static Family histogram(String name, String help, List<String> labels, Reader reader) {
        return new Family(name, Type.HISTOGRAM, help, labels, reader);
    }

    static Family info(String name, String help, List<String> labels, Reader reader) {
        return new Family(name, Type.INFO, help, labels, reader);
    }
}
