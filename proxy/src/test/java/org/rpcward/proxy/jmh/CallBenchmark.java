package org.rpcward.proxy.jmh;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.OutputStream;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.policy.Decision;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Query;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.fixture.CallBytes;
import org.rpcward.proxy.fixture.Policies;
import org.rpcward.proxy.fixture.Services;
import org.rpcward.proxy.fixture.SteadyExchange;
import org.rpcward.proxy.observe.CallLog;
import org.rpcward.proxy.observe.Counters;
import org.rpcward.proxy.observe.EventLog;
import org.rpcward.proxy.registry.FixedDirectory;
import org.rpcward.proxy.registry.Question;
import org.rpcward.proxy.registry.Registry;
import org.rpcward.proxy.registry.RowFilter;
import org.rpcward.proxy.rpc.Call;
import org.rpcward.proxy.rpc.CallDecoder;
import org.rpcward.proxy.rpc.Replies;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;
import org.rpcward.proxy.rpcbind.Results;
import org.rpcward.proxy.service.PortmapService;

/** One cached GETPORT over UDP, in its parts and as a whole. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public class CallBenchmark {
    private static final IpAddress CLIENT = IpAddress.v4(0x0a140304);
    private static final int VERSION = 3;
    private static final BackendPolicy.Row ROW = new BackendPolicy.Row(CallBytes.NFS, VERSION, "tcp", 2049);
    private static final EventLog NO_LOG = new EventLog(OutputStream.nullOutputStream(), InstantSource.system());

    /** How many rules stand in front that do not match. */
    @Param({"0", "1000"})
    public int rules;

    private final ByteBuf message = Unpooled.directBuffer().writeBytes(getport());
    private final ByteBuf reply = Unpooled.directBuffer(128);
    private final Mapping row = Mapping.anywhere(CallBytes.NFS, VERSION, Netid.TCP, 2049);
    private final List<Mapping> found = List.of(row);
    private final Question question = new Question(Question.Kind.ANY_VERSION, CallBytes.NFS, VERSION, Netid.TCP);
    private final RowFilter everything = r -> true;
    private final SteadyExchange limited = new SteadyExchange(CLIENT, getport());
    private final SteadyExchange unlimited = new SteadyExchange(CLIENT, getport());
    private Policy policy = policy(0, "");
    private Registry registry = Registry.of(List.of(row), List.of());
    private PortmapService withLimit = service(policy);
    private PortmapService withoutLimit = service(policy);

    @Setup
    public void prepare() {
        policy = policy(rules, "");
        withoutLimit = service(policy);
        withLimit = service(policy(rules, ", limit: lookups"));
        List<Mapping> rows = new ArrayList<>();
        for (int program = 0; program < 30; program++) {
            rows.add(Mapping.anywhere(CallBytes.NFS + program, VERSION, Netid.TCP, 2049 + program));
        }
        registry = Registry.of(rows, List.of());
    }

    private static byte[] getport() {
        return CallBytes.of(Procedure.GETPORT, 2, CallBytes.NFS, VERSION).bytes();
    }

    private static Policy policy(int rulesInFront, String limit) {
        StringBuilder text = new StringBuilder(
                "log: { allow: none }\nlimits: { lookups: { rate: 50000000/s, burst: 50000000, per: source } }\nrules:\n");
        for (int i = 0; i < rulesInFront; i++) {
            text.append("  - { name: r%d, from: 10.%d.%d.0/24, call: lookup, program: %d, then: hide }\n"
                    .formatted(i, i >> 8, i & 255, 400_000 + i));
        }
        return Policies.of(text.append("  - { name: find, from: 10.20.0.0/16, call: lookup, then: allow")
                .append(limit)
                .append(" }\n")
                .toString());
    }

    private PortmapService service(Policy of) {
        return Services.of(
                Policies.serving(of, new FixedDirectory(List.of(ROW))),
                InstantSource.system(),
                new CallLog(NO_LOG, new Counters(System::nanoTime, InstantSource.system()), System::nanoTime));
    }

    @Benchmark
    public Call decode() {
        return CallDecoder.decode(message.readerIndex(0));
    }

    @Benchmark
    public Decision decide() {
        return policy.rules().decide(new Query(CLIENT, Transport.UDP, 2, Procedure.GETPORT, CallBytes.NFS, VERSION));
    }

    @Benchmark
    public List<Mapping> lookup() {
        return registry.select(question, everything);
    }

    @Benchmark
    public ByteBuf encode() {
        ByteBuf out = reply.clear();
        Replies.success(out, CallBytes.XID);
        Results.port(out, found);
        return out;
    }

    /** From the message to the reply, without a limit. */
    @Benchmark
    public long call() {
        withoutLimit.handle(unlimited.again());
        return unlimited.replies();
    }

    /** The same with a bucket of the source to be charged. */
    @Benchmark
    public long callWithLimit() {
        withLimit.handle(limited.again());
        return limited.replies();
    }
}
