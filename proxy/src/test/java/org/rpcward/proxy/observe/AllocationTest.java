package org.rpcward.proxy.observe;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.netty.buffer.ByteBufUtil;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.proxy.fixture.CallBytes;
import org.rpcward.proxy.fixture.Policies;
import org.rpcward.proxy.fixture.Services;
import org.rpcward.proxy.fixture.SteadyExchange;
import org.rpcward.proxy.registry.FixedDirectory;
import org.rpcward.proxy.service.PortmapService;

/**
 * What a call costs the garbage collector, from the whole message to the reply, counters and limits included. Counted as
 * the interpreter allocates; compiled code allocates less.
 */
class AllocationTest {
    private static final IpAddress CLIENT = IpAddress.v4(0x0a140304);
    private static final int CALLS = 2_000;

    @ParameterizedTest
    @CsvSource({
        // the call, the limit of the rule, bytes
        "GETPORT, '', 304",
        "GETPORT, ', limit: lookups', 304",
        "NULL, '', 160",
    })
    void isBounded(Procedure procedure, String limit, long bytes) {
        SteadyExchange exchange = new SteadyExchange(
                CLIENT, CallBytes.of(procedure, 2, CallBytes.NFS, 3).bytes());
        PortmapService service = service(limit);
        long before = 0;
        for (int i = 0; i < 2 * CALLS; i++) {
            // Classes are loaded and tables grown by then.
            before = i == CALLS ? allocated() : before;
            service.handle(exchange.again());
        }
        long each = (allocated() - before) / CALLS;

        assertThat(exchange.replies()).isEqualTo(2 * CALLS);
        assertThat(ByteBufUtil.hexDump(exchange.lastReply(), 20, 4)).isEqualTo("00000000");
        assertThat(each).as("bytes allocated for a call").isLessThanOrEqualTo(bytes);
    }

    private static long allocated() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }

    private static PortmapService service(String limit) {
        return Services.of(
                Policies.serving(
                        Policies.of("""
                                log: { allow: none }
                                limits: { lookups: { rate: 1000000/s, burst: 1000000, per: source } }
                                rules:
                                  - { name: find, from: 10.20.0.0/16, call: [ping, lookup], then: allow%s }
                                """.formatted(limit)),
                        new FixedDirectory(List.of(new BackendPolicy.Row(CallBytes.NFS, 3, "tcp", 2049)))),
                InstantSource.system(),
                new CallLog(
                        new EventLog(OutputStream.nullOutputStream(), InstantSource.system()),
                        new Counters(System::nanoTime, InstantSource.system()),
                        System::nanoTime));
    }
}
