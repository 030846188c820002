package org.rpcward.proxy.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;
import static org.rpcward.proxy.fixture.CallBytes.NFS;
import static org.rpcward.proxy.fixture.CallBytes.XID;
import static org.rpcward.proxy.fixture.CallBytes.call;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.rpcward.policy.rpc.CallClass;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.proxy.fixture.CallBytes;
import org.rpcward.proxy.fixture.GoldenFile;
import org.rpcward.proxy.fixture.Hex;

class CallDecoderTest {
    private static final int SHORTEST_HEADER = 40;
    private static final long SEED = 5531;

    static List<CallBytes> everyKind() {
        return CallBytes.everyKind();
    }

    /** Those whose arguments are read: all but the ones that are judged before. */
    static List<CallBytes> everyStrictKind() {
        return CallBytes.everyKind().stream().filter(c -> !isJudgedEarly(c)).toList();
    }

    private static boolean isJudgedEarly(CallBytes call) {
        Procedure procedure = CallDecoder.decode(call.buffer()).procedure();
        return procedure != null && !procedure.callClass().allowable();
    }

    @ParameterizedTest
    @MethodSource
    void everyKind(CallBytes written) {
        ByteBuf message = written.buffer();
        Call call = CallDecoder.decode(message);

        assertThat(call.fault()).isNull();
        assertThat(call.xid()).isEqualTo(XID);
        assertThat(written).hasToString(call.procedure() + " v" + call.protocol());
        if (call.procedure() != null && call.procedure().callClass().namesProgram()) {
            assertThat(call.arguments().program()).isEqualTo(NFS);
            assertThat(call.arguments().version()).isEqualTo(3);
        } else {
            assertThat(call.arguments().program()).isZero();
        }
    }

    @Test
    void readsBackWhatWasWritten() {
        Random random = new Random(SEED);
        for (int i = 0; i < 2000; i++) {
            int xid = random.nextInt();
            int program = random.nextInt();
            int version = random.nextInt();
            int ipProtocol = random.nextInt();
            byte[] address = new byte[random.nextInt(60)];
            random.nextBytes(address);
            String netid = "n".repeat(random.nextInt(CallDecoder.MAX_NETID + 1));

            assertThat(CallDecoder.decode(call(2, 3)
                            .xid(xid)
                            .mapping(program, version, ipProtocol, random.nextInt())
                            .buffer()))
                    .usingRecursiveComparison()
                    .isEqualTo(new Call(
                            xid, null, 2, Procedure.GETPORT, Call.Arguments.program(program, version, ipProtocol)));
            CallBytes rpcb = call(4, 9)
                    .xid(xid)
                    .uint(program, version)
                    .string(netid)
                    .opaque(address)
                    .opaque(address);
            assertThat(CallDecoder.decode(rpcb.buffer()))
                    .usingRecursiveComparison()
                    .isEqualTo(new Call(xid, null, 4, Procedure.GETVERSADDR, Call.Arguments.program(program, version)));
            assertThat(CallDecoder.decode(call(3, 7).opaque(address).buffer())
                            .arguments()
                            .address())
                    .isEqualTo(address);
            assertThat(CallDecoder.decode(call(4, 8)
                                    .uint(address.length + random.nextInt(9))
                                    .opaque(address)
                                    .buffer())
                            .arguments()
                            .address())
                    .isEqualTo(address);
        }
    }

    /** The first table of section 9 of RFC 5531 as rpcbind treats it. */
    static Stream<Arguments> messageConditions() {
        return Stream.of(
                arguments(call(4, 0).messageType(1), Fault.NOT_A_CALL),
                arguments(call(4, 0).messageType(2), Fault.NOT_A_CALL),
                arguments(call(4, 0).messageType(-1), Fault.NOT_A_CALL),
                arguments(call(4, 0).rpcVersion(0), Fault.BAD_RPCVERS),
                arguments(call(4, 0).rpcVersion(1), Fault.BAD_RPCVERS),
                arguments(call(4, 0).rpcVersion(3), Fault.BAD_RPCVERS),
                arguments(call(4, 0).rpcVersion(-1), Fault.BAD_RPCVERS),
                arguments(call(4, 0).credential(0, new byte[401]), Fault.AUTH_TOO_LONG),
                arguments(call(4, 0).credential(1, new byte[404]), Fault.AUTH_TOO_LONG),
                arguments(call(4, 0).verifier(0, new byte[401]), Fault.AUTH_TOO_LONG),
                arguments(call(4, 0).credential(0, new byte[7]).verifier(0, new byte[401]), Fault.AUTH_TOO_LONG),
                arguments(call(4, 0).program(99_999), Fault.UNKNOWN_PROGRAM),
                arguments(call(2, 0).program(0), Fault.UNKNOWN_PROGRAM),
                arguments(call(3, 4).program(-1), Fault.UNKNOWN_PROGRAM),
                arguments(call(104_316, 99).program(12_345_678), Fault.UNKNOWN_PROGRAM),
                arguments(call(0, 0), Fault.UNKNOWN_VERSION),
                arguments(call(1, 0), Fault.UNKNOWN_VERSION),
                arguments(call(5, 0), Fault.UNKNOWN_VERSION),
                arguments(call(104_316, 99), Fault.UNKNOWN_VERSION),
                arguments(call(-1, 0), Fault.UNKNOWN_VERSION),
                arguments(call(2, 6), Fault.UNKNOWN_PROCEDURE),
                arguments(call(2, 12), Fault.UNKNOWN_PROCEDURE),
                arguments(call(3, 9), Fault.UNKNOWN_PROCEDURE),
                arguments(call(3, 12), Fault.UNKNOWN_PROCEDURE),
                arguments(call(4, 13), Fault.UNKNOWN_PROCEDURE),
                arguments(call(4, -1), Fault.UNKNOWN_PROCEDURE),
                arguments(call(4, Integer.MIN_VALUE), Fault.UNKNOWN_PROCEDURE));
    }

    @ParameterizedTest
    @MethodSource
    void messageConditions(CallBytes written, Fault fault) {
        Call call = CallDecoder.decode(written.buffer());

        assertThat(call.fault()).isEqualTo(fault);
        assertThat(call.xid()).isEqualTo(XID);
        assertThat(call.procedure()).isNull();
    }

    @Test
    void aMessageShorterThanAHeaderIsTooShortWhateverItSays() {
        byte[] whole = call(4, 0).bytes();
        assertThat(whole).hasSize(SHORTEST_HEADER);
        for (int length = 0; length < SHORTEST_HEADER; length++) {
            assertThat(CallDecoder.decode(Unpooled.wrappedBuffer(whole, 0, length)))
                    .isEqualTo(Call.of(Fault.SHORT));
        }
    }

    @Test
    void faultsAreFoundInRpcbindsOrder() {
        byte[] tooLong = new byte[500];
        byte[] badSys = new byte[3];
        CallBytes allWrong = call(9, 99)
                .messageType(1)
                .rpcVersion(3)
                .program(5)
                .credential(1, tooLong)
                .raw((byte) 1);
        assertFault(allWrong, Fault.NOT_A_CALL);
        assertFault(allWrong.messageType(0), Fault.BAD_RPCVERS);
        assertFault(allWrong.rpcVersion(2), Fault.AUTH_TOO_LONG);
        assertFault(allWrong.credential(1, badSys).verifier(1, badSys), Fault.BAD_CREDENTIAL);
        assertFault(allWrong.credential(0, badSys), Fault.BAD_VERIFIER);
        assertFault(allWrong.verifier(0, new byte[0]), Fault.UNKNOWN_PROGRAM);
        assertFault(allWrong.program(100_000), Fault.UNKNOWN_VERSION);
        assertFault(call(4, 99).raw((byte) 1), Fault.UNKNOWN_PROCEDURE);
        assertFault(call(4, 3).raw((byte) 1), Fault.BAD_XDR);
    }

    static Stream<Arguments> credentials() {
        return Stream.of(
                arguments(0, new byte[0], null),
                arguments(0, new byte[1], null),
                arguments(0, new byte[400], null),
                arguments(1, CallBytes.authSys(0, 0), null),
                arguments(1, CallBytes.authSys(6, 1), null),
                arguments(1, CallBytes.authSys(255, 16), null),
                arguments(1, CallBytes.authSys(255, 0), null),
                arguments(1, CallBytes.authSys(256, 0), Fault.BAD_CREDENTIAL),
                arguments(1, CallBytes.authSys(6, 17), Fault.BAD_CREDENTIAL),
                arguments(1, new byte[0], Fault.BAD_CREDENTIAL),
                arguments(1, new byte[12], Fault.BAD_CREDENTIAL),
                arguments(1, Arrays.copyOf(CallBytes.authSys(6, 1), 28), Fault.BAD_CREDENTIAL),
                arguments(1, Arrays.copyOf(CallBytes.authSys(6, 1), 36), Fault.BAD_CREDENTIAL),
                arguments(1, Hex.bytes("00000000 00000000 00000000 00000000 ffffffff"), Fault.BAD_CREDENTIAL),
                arguments(1, Hex.bytes("00000000 ffffffff 00000000 00000000 00000000"), Fault.BAD_CREDENTIAL),
                arguments(2, new byte[0], Fault.REJECTED_CREDENTIAL),
                arguments(2, new byte[4], Fault.REJECTED_CREDENTIAL),
                arguments(3, new byte[8], Fault.FAILED_CREDENTIAL),
                arguments(4, new byte[8], Fault.REJECTED_CREDENTIAL),
                arguments(6, new byte[0], Fault.BAD_CREDENTIAL),
                arguments(6, new byte[20], Fault.FAILED_CREDENTIAL),
                arguments(7, new byte[0], Fault.REJECTED_CREDENTIAL),
                arguments(99, new byte[0], Fault.REJECTED_CREDENTIAL),
                arguments(-1, new byte[0], Fault.REJECTED_CREDENTIAL));
    }

    @ParameterizedTest
    @MethodSource
    void credentials(int flavor, byte[] body, @org.jspecify.annotations.Nullable Fault fault) {
        assertThat(CallDecoder.decode(CallBytes.of(Procedure.GETPORT, 2)
                                .credential(flavor, body)
                                .buffer())
                        .fault())
                .isEqualTo(fault);
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "0, 400", "1, 0", "6, 16", "6, 392", "-1, 0"})
    void aVerifierThatIsNotEmptyIsDenied(int flavor, int length) {
        assertFault(call(4, 0).verifier(flavor, new byte[length]), Fault.BAD_VERIFIER);
        assertFault(
                call(4, 0).credential(1, CallBytes.authSys(6, 1)).verifier(flavor, new byte[length]),
                Fault.BAD_VERIFIER);
    }

    @Test
    void aCredentialWithPaddingOtherThanZerosIsNoMessage() {
        byte[] message = call(4, 0).credential(0, new byte[1]).bytes();
        message[35] = 1; // The credential begins at 24, its one byte is at 32.

        assertFault(message, Fault.SHORT);
    }

    @ParameterizedTest
    @MethodSource("everyStrictKind")
    void everyTruncationEndsInAFault(CallBytes written) {
        byte[] whole = written.credential(1, CallBytes.authSys(5, 2)).bytes();
        int argumentsAt =
                CallBytes.call(4, 0).credential(1, CallBytes.authSys(5, 2)).bytes().length;
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            Call call = CallDecoder.decode(Unpooled.wrappedBuffer(cut));
            assertThat(call.fault())
                    .as("%s cut to %d bytes", written, length)
                    .isEqualTo(length < argumentsAt ? Fault.SHORT : Fault.BAD_XDR);
        }
    }

    @ParameterizedTest
    @MethodSource("everyStrictKind")
    void whatStandsBehindTheArgumentsIsAFault(CallBytes written) {
        for (int added = 1; added <= 8; added++) {
            Call call = CallDecoder.decode(written.raw((byte) 0).buffer());
            assertThat(call.fault()).as("%s with %d bytes more", written, added).isEqualTo(Fault.TRAILING);
            assertThat(call.procedure()).isNotNull();
        }
    }

    @Test
    void aDatagramOfZerosBehindADumpIsNoDump() {
        assertFault(Arrays.copyOf(call(4, 4).bytes(), 1500), Fault.TRAILING);
    }

    @Test
    void registrationAndIndirectCallsAreJudgedBeforeTheirArgumentsAre() {
        for (CallBytes written : CallBytes.everyKind()) {
            if (isJudgedEarly(written)) {
                byte[] whole = written.bytes();
                for (int length = SHORTEST_HEADER; length < whole.length + 8; length++) {
                    Call call = CallDecoder.decode(Unpooled.wrappedBuffer(Arrays.copyOf(whole, length)));
                    assertThat(call.fault()).isNull();
                    assertThat(call.procedure()).isNotNull();
                    assertThat(call.arguments().program()).isEqualTo(length < SHORTEST_HEADER + 8 ? 0 : NFS);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "t", "tcp6", "bogus", "UDP-something_else/with.dots", "12345678901234567890123456789012"})
    void aNetidIsAnyShortWord(String netid) {
        assertThat(CallDecoder.decode(rpcb(netid).buffer()).fault()).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "123456789012345678901234567890123",
                "tc p",
                " ",
                "tcp\0",
                "\0",
                "tcp\n",
                "\u001b[2J",
                "tcp\u007f",
                "tcp\u0080",
                "t\u00e9l\u00e9",
            })
    void otherTextIsNoNetid(String netid) {
        assertFault(rpcb(netid), Fault.BAD_XDR);
    }

    private static CallBytes rpcb(String netid) {
        return call(4, 3).rpcb(NFS, 3, netid, "", "");
    }

    @Test
    void addressAndOwnerMayBeAnyBytes() {
        assertThat(CallDecoder.decode(call(3, 3)
                                .rpcb(NFS, 3, "udp", "\0\u00ff", "x".repeat(1700))
                                .buffer())
                        .fault())
                .isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // netid, address, owner: padding that is not zero, lengths beyond the message
                "00000003 74637001 00000000 00000000",
                "00000003 74637000 00000001 61000001 00000000",
                "00000003 74637000 00000000 00000002 61620100",
                "ffffffff 74637000 00000000 00000000",
                "00000003 74637000 ffffffff 00000000",
                "00000003 74637000 80000000 00000000",
                "00000003 74637000 7fffffff 00000000",
                "00000003 74637000 00000000 00000001",
            })
    void badlyPaddedOrBoundlessTextIsAFault(String text) {
        assertFault(call(4, 3).uint(NFS, 3).raw(Hex.bytes(text)), Fault.BAD_XDR);
    }

    @Test
    void aNetbufIsNoLongerThanItSays() {
        assertThat(CallDecoder.decode(call(3, 8).uint(16).opaque(new byte[16]).buffer())
                        .fault())
                .isNull();
        assertThat(CallDecoder.decode(call(3, 8).uint(9000).opaque(new byte[16]).buffer())
                        .fault())
                .isNull();
        assertFault(call(3, 8).uint(9001).opaque(new byte[16]), Fault.BAD_XDR);
        assertFault(call(3, 8).uint(-1).opaque(new byte[16]), Fault.BAD_XDR);
        assertFault(call(3, 8).uint(15).opaque(new byte[16]), Fault.BAD_XDR);
        assertFault(call(3, 8).uint(0).opaque(new byte[1]), Fault.BAD_XDR);
    }

    @Test
    void aMessageInTheMiddleOfABufferIsReadWithinItsBounds() {
        for (CallBytes written : CallBytes.everyKind()) {
            byte[] message = written.credential(1, CallBytes.authSys(3, 1)).bytes();
            ByteBuf buffer = Unpooled.buffer().writeLong(-1).writeBytes(message).writeLong(-1);
            buffer.readerIndex(8).writerIndex(8 + message.length);

            assertThat(CallDecoder.decode(buffer).fault()).isNull();
            assertThat(buffer.writerIndex()).isEqualTo(8 + message.length);
        }
        for (int length : new int[] {-1, 0x7fff_ffff, 401}) {
            ByteBuf buffer =
                    Unpooled.buffer().writeLong(-1).writeBytes(call(4, 0).bytes());
            buffer.readerIndex(8).setInt(8 + 28, length);
            assertThat(CallDecoder.decode(buffer).fault()).isEqualTo(Fault.AUTH_TOO_LONG);
        }
    }

    @Test
    void noBytesAreAnException() {
        Random random = new Random(SEED);
        List<CallBytes> kinds = CallBytes.everyKind();
        for (int i = 0; i < 20_000; i++) {
            byte[] message = kinds.get(random.nextInt(kinds.size())).bytes();
            for (int flips = random.nextInt(4); flips >= 0; flips--) {
                message[random.nextInt(message.length)] = (byte) random.nextInt();
            }
            ByteBuf buffer = Unpooled.wrappedBuffer(message);
            Call call = CallDecoder.decode(buffer);
            assertThat(call.fault() != null || call.procedure() != null).isTrue();
            assertThat(buffer.readerIndex()).isLessThanOrEqualTo(message.length);
        }
    }

    static Stream<Arguments> calls() {
        return GoldenFile.rows("calls.txt").map(row -> arguments(row.get(0), row.get(1), row.get(2)));
    }

    /** Calls that were sent to a real rpcbind, good and bad. */
    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource
    void calls(String name, String wanted, String message) {
        Call call = CallDecoder.decode(Hex.buffer(message));

        assertThat(
                        call.fault() == null
                                ? String.valueOf(call.procedure())
                                : call.fault().name())
                .as(name)
                .isEqualTo(wanted);
    }

    @Test
    void everyClassOfCallsHasItsArgumentsRead() {
        assertThat(IntStream.rangeClosed(2, 4)
                        .boxed()
                        .flatMap(v -> IntStream.range(0, 13).mapToObj(p -> Procedure.of(v, p)))
                        .filter(p -> p != null)
                        .map(Procedure::callClass))
                .contains(CallClass.values());
    }

    private static void assertFault(CallBytes written, Fault fault) {
        assertFault(written.bytes(), fault);
    }

    private static void assertFault(byte[] message, Fault fault) {
        assertThat(CallDecoder.decode(Unpooled.wrappedBuffer(message)).fault()).isEqualTo(fault);
    }
}
