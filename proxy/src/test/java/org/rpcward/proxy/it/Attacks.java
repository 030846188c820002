package org.rpcward.proxy.it;

import static org.rpcward.proxy.it.Calls.LAST_FRAGMENT;
import static org.rpcward.proxy.it.Calls.authSys;
import static org.rpcward.proxy.it.Calls.call;
import static org.rpcward.proxy.it.Calls.callOf;
import static org.rpcward.proxy.it.Calls.concat;
import static org.rpcward.proxy.it.Calls.fragment;
import static org.rpcward.proxy.it.Calls.none;
import static org.rpcward.proxy.it.Calls.opaque;
import static org.rpcward.proxy.it.Calls.record;
import static org.rpcward.proxy.it.Calls.rpcb;
import static org.rpcward.proxy.it.Calls.text;
import static org.rpcward.proxy.it.Calls.words;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What is done to portmappers, as bytes. Messages are sent as datagrams and as records; streams as they are. */
final class Attacks {
    static final int SOME_PROGRAM = 0x2000_0042;
    private static final int SET = 1;
    private static final int UNSET = 2;
    private static final int LOOKUP = 3;
    private static final int DUMP = 4;
    private static final int CALLIT = 5;
    private static final int GETTIME = 6;
    private static final int UADDR2TADDR = 7;
    private static final int TADDR2UADDR = 8;
    private static final int GETVERSADDR = 9;
    private static final int INDIRECT = 10;
    private static final int GETADDRLIST = 11;
    private static final int GETSTAT = 12;

    /** One message or one stream, by name. */
    @SuppressWarnings("ArrayRecordComponent") // never compared as a whole
    record Attack(String name, byte[] bytes) {
        @Override
        public String toString() {
            return name;
        }
    }

    private final List<Attack> messages = new ArrayList<>();
    private final List<Attack> streams = new ArrayList<>();
    private int xid = 0x5eed_0000;

    private Attacks() {}

    static List<Attack> messages() {
        return new Attacks().all().messages;
    }

    static List<Attack> streams() {
        return new Attacks().all().streams;
    }

    private Attacks all() {
        reflection();
        registrations();
        indirectCalls();
        bombs();
        cuts();
        credentials();
        ambiguities();
        fragments();
        otherProtocols();
        return this;
    }

    private void message(String name, byte[] bytes) {
        messages.add(new Attack(name, bytes));
    }

    private void stream(String name, byte[]... parts) {
        streams.add(new Attack(name, concat(parts)));
    }

    private byte[] ask(int version, int procedure, byte[]... arguments) {
        return call(++xid, version, procedure, arguments);
    }

    private byte[] set() {
        return ask(4, SET, rpcb(SOME_PROGRAM, 1, "udp", "192.0.2.1.8.1", "superuser"));
    }

    private byte[] setV2() {
        return ask(2, SET, words(SOME_PROGRAM, 1, 17, 2049));
    }

    private void reflection() {
        for (int version = 2; version <= 4; version++) {
            message("A01 DUMP version " + version, ask(version, DUMP));
        }
        message("A01 GETSTAT", ask(4, GETSTAT));
        message("A01 GETADDRLIST of the portmapper", ask(4, GETADDRLIST, rpcb(Calls.PROGRAM, 4, "", "", "")));
        for (int i = 0; i < 300; i++) {
            message("A02 absent program " + i, ask(4, LOOKUP, rpcb(0x3000_0000 + i, 1, "udp", "", "")));
        }
        message("A03 a reply", words(++xid, 1, 0, 0, 0, 0));
        message("A03 a reply as long as a call", words(++xid, 1, 2, Calls.PROGRAM, 4, DUMP, 0, 0, 0, 0));
        message("A23 GETTIME", ask(4, GETTIME));
    }

    private void registrations() {
        message("A15 SET version 2", setV2());
        message("A15 UNSET version 2", ask(2, UNSET, words(100_003, 3, 17, 0)));
        for (int version = 3; version <= 4; version++) {
            message("A15 SET version " + version, ask(version, SET, rpcb(SOME_PROGRAM, 1, "tcp", "10.6.6.6.8.1", "")));
            message("A15 UNSET version " + version, ask(version, UNSET, rpcb(100_003, 3, "", "", "superuser")));
            message(
                    "A15 UNSET of the portmapper itself, version " + version,
                    ask(version, UNSET, rpcb(Calls.PROGRAM, version, "udp", "", "superuser")));
        }
        message(
                "A15 SET as root of the host",
                callOf(
                        ++xid,
                        Calls.PROGRAM,
                        4,
                        SET,
                        authSys("localhost"),
                        none(),
                        rpcb(SOME_PROGRAM, 1, "udp", "192.0.2.1.8.1", "superuser")));
    }

    private void indirectCalls() {
        byte[] inner = opaque(rpcb(SOME_PROGRAM, 1, "udp", "192.0.2.1.8.1", "superuser"));
        for (int version = 2; version <= 4; version++) {
            message("A11 CALLIT of SET, version " + version, ask(version, CALLIT, words(Calls.PROGRAM, 4, SET), inner));
            message("A11 CALLIT of mountd, version " + version, ask(version, CALLIT, words(100_005, 3, 5, 0)));
            message("A11 CALLIT of NULL, version " + version, ask(version, CALLIT, words(100_003, 3, 0, 0)));
        }
        message("A11 INDIRECT of SET", ask(4, INDIRECT, words(Calls.PROGRAM, 4, SET), inner));
        message("A12 INDIRECT of an absent program", ask(4, INDIRECT, words(SOME_PROGRAM, 1, 0, 0)));
        message(
                "A14 CALLIT with credentials",
                callOf(++xid, Calls.PROGRAM, 2, CALLIT, authSys("client"), none(), words(100_005, 3, 5, 0)));
        message("A14 CALLIT with a length of 4 GiB", ask(2, CALLIT, words(100_005, 3, 5, -1)));
    }

    private void bombs() {
        for (int length : new int[] {-1, 0x7fff_ffff, 0x0fff_ffff, 9000, 401, 65}) {
            String what = " with a length of " + Integer.toUnsignedString(length);
            message("A04 netid" + what, ask(4, LOOKUP, words(100_003, 3, length)));
            message("A04 address" + what, ask(4, GETVERSADDR, words(100_003, 3, 0, length)));
            message("A04 owner" + what, ask(3, LOOKUP, words(100_003, 3, 0, 0, length)));
            message("A04 UADDR2TADDR" + what, ask(4, UADDR2TADDR, words(length)));
            message("A04 TADDR2UADDR" + what, ask(4, TADDR2UADDR, words(length, length)));
            message("A34 credential" + what, words(++xid, 0, 2, Calls.PROGRAM, 2, LOOKUP, 1, length, 0, 0, 0, 0));
            message("A34 verifier" + what, words(++xid, 0, 2, Calls.PROGRAM, 2, LOOKUP, 0, 0, 0, length, 0, 0));
            stream("A08 a record" + what, words(length), ask(4, 0));
            stream("A08 a last fragment" + what, words(length | LAST_FRAGMENT), ask(4, 0));
        }
        byte[] empty = words(0);
        byte[][] many = new byte[2000][];
        Arrays.fill(many, empty);
        stream("A08 two thousand empty fragments", concat(many), record(set()));
        byte[][] tiny = new byte[2000][];
        Arrays.fill(tiny, fragment(new byte[1], false));
        stream("A08 two thousand fragments of one byte", concat(tiny), record(set()));
        byte[][] large = new byte[8][];
        Arrays.fill(large, fragment(new byte[1000], false));
        stream("A08 fragments beyond the limit together", concat(large), record(set()));
    }

    private void cuts() {
        byte[] whole = Calls.getPort(++xid, 100_003, 3, 17);
        for (int length = 0; length < whole.length; length++) {
            message("A05 GETPORT cut to " + length, Arrays.copyOf(whole, length));
        }
        byte[] dump = ask(4, DUMP);
        for (int length = 16; length < dump.length; length += 4) {
            message("A05 DUMP cut to " + length, Arrays.copyOf(dump, length));
        }
        byte[] set = set();
        for (int length = 24; length < set.length; length += 4) {
            message("A05 SET cut to " + length, Arrays.copyOf(set, length));
        }
        for (int extra : new int[] {1, 4, 56, 400, 1400, 1992, 2048, 8000}) {
            message("A05 GETPORT with bytes behind: " + extra, Arrays.copyOf(whole, whole.length + extra));
        }
        message("A05 GETPORT with a SET behind it", concat(whole, set()));
        message("A05 NULL with a SET behind it", concat(ask(4, 0), set()));
        message("A05 NULL with a record with a SET behind it", concat(ask(4, 0), record(set())));
    }

    private void credentials() {
        byte[] question = words(100_003, 3, 17, 0);
        for (int flavor : new int[] {1, 2, 3, 4, 6, 7, 99, 390_003, -1}) {
            byte[] credential = words(flavor, 0);
            message(
                    "A34 credential of flavor " + Integer.toUnsignedString(flavor),
                    callOf(++xid, Calls.PROGRAM, 2, LOOKUP, credential, none(), question));
            message(
                    "A34 verifier of flavor " + Integer.toUnsignedString(flavor),
                    callOf(++xid, Calls.PROGRAM, 2, LOOKUP, authSys("client"), credential, question));
        }
        for (int length : new int[] {4, 399, 400, 401, 404, 1000}) {
            byte[] body = opaque(new byte[length]);
            message(
                    "A34 credential of " + length + " bytes",
                    callOf(++xid, Calls.PROGRAM, 2, LOOKUP, concat(words(0), body), none(), question));
            message(
                    "A34 verifier of " + length + " bytes",
                    callOf(++xid, Calls.PROGRAM, 2, LOOKUP, authSys("client"), concat(words(1), body), question));
        }
        message(
                "A35 a context is asked for",
                callOf(++xid, Calls.PROGRAM, 2, 0, concat(words(6), opaque(words(1, 1, 0, 1, 0))), none(), words(0)));
        message(
                "A35 STARTTLS is asked for",
                callOf(
                        ++xid,
                        Calls.PROGRAM,
                        2,
                        0,
                        words(7, 0),
                        concat(words(7), opaque("STARTTLS".getBytes(StandardCharsets.US_ASCII))),
                        new byte[0]));
        for (int version : new int[] {0, 1, 3, -1}) {
            message(
                    "A36 RPC version " + Integer.toUnsignedString(version),
                    words(++xid, 0, version, Calls.PROGRAM, 4, DUMP, 0, 0, 0, 0));
        }
    }

    private void ambiguities() {
        for (String netid :
                List.of("udp", "UDP", "tcp6", "local", "udp\0x", "\0", "", "u d p", "\u00fcdp", "x".repeat(33))) {
            message("A37 netid " + netid.replace('\0', '0'), ask(4, LOOKUP, rpcb(100_003, 3, netid, "", "")));
        }
        byte[] padded = ask(4, LOOKUP, rpcb(100_003, 3, "udp", "", ""));
        padded[40 + 8 + 4 + 3] = 1;
        message("A37 padding that is not zero", padded);
        for (String hint : List.of("1.2.3.4.256.1", "127.0.0.1.0.111", "::1.0.111", "zzz", "/run/rpcbind.sock")) {
            message("A21 hint " + hint, ask(4, LOOKUP, rpcb(100_003, 3, "udp", hint, "")));
            message("A23 UADDR2TADDR of " + hint, ask(4, UADDR2TADDR, text(hint)));
        }
        message("A23 TADDR2UADDR of ones", ask(4, TADDR2UADDR, words(16), opaque(words(-1, -1, -1, -1))));
        for (int program : new int[] {0, -1, 0x8000_0000, 0x7fff_ffff, Calls.PROGRAM}) {
            String number = Integer.toUnsignedString(program);
            message("A20 GETPORT of " + number, ask(2, LOOKUP, words(program, -1, 17, -1)));
            message("A22 GETADDRLIST of " + number, ask(4, GETADDRLIST, rpcb(program, 99, "", "", "")));
            message("A20 a call of " + number, callOf(++xid, program, 104_316, 0, none(), none(), new byte[0]));
        }
        for (int protocol : new int[] {0, 1, 6, 17, 132, -1}) {
            message("A37 GETPORT over " + protocol, ask(2, LOOKUP, words(100_003, 3, protocol, 0)));
        }
        for (int version = 0; version <= 6; version++) {
            for (int procedure = 0; procedure <= 14; procedure++) {
                message("A38 version " + version + ", procedure " + procedure, ask(version, procedure));
            }
        }
    }

    /** The first direction: one call, and another that only a careless parser sees. The second: one call in pieces. */
    private void fragments() {
        stream("A33 a SET in the last fragment", fragment(ask(4, 0), false), fragment(set(), true));
        stream("A33 a SET in a fragment before the last", fragment(set(), false), fragment(ask(4, 0), true));
        stream("A33 a SET in a fragment that is never the last", fragment(set(), false));
        stream("A33 a SET between two pieces", fragment(new byte[0], false), fragment(set(), true));
        stream("A33 version 2", fragment(ask(2, 0), false), fragment(setV2(), true));
        stream(
                "A33 as a record within the arguments",
                record(ask(2, CALLIT, words(100_005, 3, 5), opaque(record(set())))));
        byte[] set = set();
        for (int cut = 4; cut < set.length; cut += 4) {
            stream(
                    "A33 a SET in two pieces, cut at " + cut,
                    fragment(Arrays.copyOf(set, cut), false),
                    fragment(Arrays.copyOfRange(set, cut, set.length), true));
        }
        stream("A33 pipelined", record(ask(4, 0)), record(set()), record(ask(4, DUMP)), record(setV2()));
        stream(
                "A33 behind a wrong RPC version",
                record(words(++xid, 0, 3, Calls.PROGRAM, 4, 0, 0, 0, 0, 0)),
                record(set()));
    }

    private void otherProtocols() {
        for (String said : List.of(
                "GET / HTTP/1.1\r\nHost: 192.0.2.1:111\r\n\r\n",
                "POST / HTTP/1.1\r\nContent-Length: 60\r\n\r\n",
                "SSH-2.0-OpenSSH_9.2\r\n",
                "\u0016\u0003\u0001\u0001\u0000",
                "\r\n\r\n")) {
            byte[] bytes = said.getBytes(StandardCharsets.ISO_8859_1);
            stream("A32 " + said.substring(0, 3), bytes);
            stream("A32 with a SET behind " + said.substring(0, 3), bytes, record(set()));
        }
    }
}
