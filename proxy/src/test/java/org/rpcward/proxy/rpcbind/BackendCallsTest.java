package org.rpcward.proxy.rpcbind;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.proxy.fixture.Hex;
import org.rpcward.proxy.rpc.Call;
import org.rpcward.proxy.rpc.CallDecoder;

class BackendCallsTest {
    private static final int XID = 0x01020304;
    private static final int NFS = 100_003;
    private static final Set<Procedure> QUESTIONS =
            EnumSet.of(Procedure.NULL, Procedure.GETPORT, Procedure.GETADDR, Procedure.DUMP);

    @Test
    void writesAPing() {
        assertThat(written(out -> BackendCalls.ping(out, XID, 4))).isEqualTo(header(4, 0));
    }

    @Test
    void writesADumpInEveryVersion() {
        for (int protocol = 2; protocol <= 4; protocol++) {
            int spoken = protocol;
            assertThat(written(out -> BackendCalls.dump(out, XID, spoken))).isEqualTo(header(protocol, 4));
        }
    }

    @Test
    void writesALookupOfAPortWithoutAPort() {
        assertThat(written(out -> BackendCalls.getPort(out, XID, NFS, 3, Netid.TCP)))
                .isEqualTo(header(2, 3) + " 000186a3 00000003 00000006 00000000");
        assertThat(written(out -> BackendCalls.getPort(out, XID, -1, -1, Netid.UDP)))
                .isEqualTo(header(2, 3) + " ffffffff ffffffff 00000011 00000000");
    }

    @Test
    void writesALookupOfAnAddressWithoutHintAndOwner() {
        assertThat(written(out -> BackendCalls.getAddress(out, XID, NFS, 3, Netid.TCP6)))
                .isEqualTo(header(3, 3) + " 000186a3 00000003 00000004 74637036 00000000 00000000");
    }

    /** Whoever adds a method here has to answer for what it can make a backend do. */
    @Test
    void hasAMethodForEachQuestionAndNoOther() {
        List<String> methods = Arrays.stream(BackendCalls.class.getDeclaredMethods())
                .filter(m -> !Modifier.isPrivate(m.getModifiers()) && !m.isSynthetic())
                .map(Method::getName)
                .toList();

        assertThat(methods).containsExactlyInAnyOrder("ping", "dump", "getPort", "getAddress");
    }

    @Test
    void noMethodWritesAnythingButAQuestionWhateverItIsGiven() throws ReflectiveOperationException {
        int[] numbers = {Integer.MIN_VALUE, -1, 0, 1, 2, 3, 4, 5, 6, 9, 10, 12, 100_000, Integer.MAX_VALUE};
        for (Method method : BackendCalls.class.getDeclaredMethods()) {
            if (Modifier.isPrivate(method.getModifiers()) || method.isSynthetic()) {
                continue;
            }
            for (int number : numbers) {
                for (Netid netid : Netid.values()) {
                    ByteBuf out = Unpooled.buffer();
                    Object[] arguments = Stream.of(method.getParameterTypes())
                            .map(type -> type == ByteBuf.class ? out : type == Netid.class ? netid : (Object) number)
                            .toArray();
                    method.invoke(null, arguments);
                    int procedure = out.getInt(20);
                    assertThat(QUESTIONS.stream().map(Procedure::number))
                            .as("%s(%d)", method.getName(), number)
                            .contains(procedure);
                    Call call = CallDecoder.decode(out);
                    if (call.fault() == null) {
                        assertThat(call.procedure()).isIn(QUESTIONS);
                    }
                }
            }
        }
    }

    private static String header(int protocol, int procedure) {
        return "01020304 00000000 00000002 000186a0 " + Hex.word(protocol) + " " + Hex.word(procedure)
                + " 00000000 00000000 00000000 00000000";
    }

    private static String written(Consumer<ByteBuf> writer) {
        ByteBuf out = Unpooled.buffer();
        writer.accept(out);
        return Hex.of(out);
    }
}
