package org.rpcward.proxy.admin;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.rpc.Fault;
import org.rpcward.proxy.service.Exchange;

/**
 * The last malformed message of each kind, with its beginning. In a flood of them it is one of the last second. Thread-safe.
 */
@SuppressWarnings("EnumOrdinal") // places of this run, which nothing outside of it knows
final class Faults {
    /** Bytes of a message that are kept. */
    static final int KEPT = 128;

    /** Messages that are looked at in a second. */
    private static final int A_SECOND = 100;

    private final InstantSource clock;
    private final AtomicReferenceArray<@Nullable Seen> last = new AtomicReferenceArray<>(Fault.values().length);
    private final AtomicInteger left = new AtomicInteger(A_SECOND);

    private record Seen(
            Instant time, IpAddress source, Transport transport, String listener, int bytes, int offset, String hex) {}

    Faults(InstantSource clock) {
        this.clock = clock;
    }

    void saw(Exchange exchange, Fault fault) {
        if (left.get() <= 0 || left.getAndDecrement() <= 0) {
            return;
        }
        int bytes = exchange.callBytes();
        boolean read = exchange.fault() == null;
        int offset = -1;
        String hex = "";
        if (read || bytes > 0) {
            ByteBuf message = exchange.message();
            int start = message.writerIndex() - bytes;
            offset = read ? message.readerIndex() - start : -1;
            hex = ByteBufUtil.hexDump(message, start, Math.min(bytes, KEPT));
        }
        last.set(
                fault.ordinal(),
                new Seen(
                        clock.instant(),
                        exchange.source(),
                        exchange.transport(),
                        exchange.listener(),
                        bytes,
                        offset,
                        hex));
    }

    /** A second is over. */
    void tick() {
        left.set(A_SECOND);
    }

    List<FaultView> list() {
        List<FaultView> views = new ArrayList<>();
        for (Fault fault : Fault.values()) {
            Seen seen = last.get(fault.ordinal());
            if (seen != null) {
                views.add(new FaultView(
                        fault.word(),
                        Views.time(seen.time()),
                        seen.source().toString(),
                        seen.transport().word(),
                        seen.listener(),
                        seen.bytes(),
                        seen.offset() < 0 ? null : seen.offset(),
                        seen.hex()));
            }
        }
        return views;
    }
}
