package org.rpcward.proxy.metrics;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.metrics.Family.Reader;

/** Values of the labels that several groups of families have. */
final class LabelValues {
    static final List<String> TRANSPORT = List.of("transport");

    /** The procedure of calls that were not decoded, or were none for a portmapper. */
    private static final String OTHER = "other";

    private LabelValues() {}

    /** A series for each transport. */
    static Reader byTransport(ToLongFunction<Transport> counts) {
        return sink -> {
            for (Transport transport : Transport.values()) {
                sink.count(counts.applyAsLong(transport), transport.word());
            }
        };
    }

    /** All procedures, and null for none of them. */
    static List<@Nullable Procedure> procedures() {
        List<@Nullable Procedure> all = new ArrayList<>(Arrays.asList(Procedure.values()));
        all.add(null);
        return all;
    }

    static String word(@Nullable Procedure procedure) {
        return procedure == null ? OTHER : procedure.word();
    }
}
