package org.rpcward.proxy.it;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.rpcward.proxy.it.Pcap.Packet;

/** What a portmapper was asked, as a capture beside it shows. */
final class Questions {
    private static final int PORT = 111;
    private static final int CALL_BYTES = 40;
    private static final int LOOKUP = 3;
    private static final int DUMP = 4;

    /**
     * One call.
     *
     * @param program that a lookup is about; 0 for other calls
     */
    record Question(long micros, boolean isTcp, int version, int procedure, int program) {
        boolean isDump() {
            return procedure == DUMP;
        }

        boolean isLookup() {
            return procedure == LOOKUP;
        }
    }

    private Questions() {}

    /** All calls to port 111, in order. Whatever is no whole call there fails the test. */
    static List<Question> of(List<Packet> packets) {
        List<Question> questions = new ArrayList<>();
        Set<String> segments = new HashSet<>();
        for (Packet p : packets) {
            if (p.to().getPort() != PORT || p.payload().length == 0) {
                continue;
            }
            if (!p.isTcp()) {
                questions.add(question(p, p.payload()));
                continue;
            }
            // What a kernel sends twice, because an acknowledgement was late, was asked once: xids do not come again.
            if (!segments.add(p.from() + " " + HexFormat.of().formatHex(p.payload()))) {
                continue;
            }
            byte[] again = {};
            for (byte[] call : Calls.records(p.payload())) {
                questions.add(question(p, call));
                again = Calls.concat(again, Calls.record(call));
            }
            if (again.length != p.payload().length) {
                throw new AssertionError("a segment without whole calls, from " + p.from());
            }
        }
        return questions;
    }

    private static Question question(Packet p, byte[] call) {
        if (call.length < CALL_BYTES || Calls.word(call, 1) != 0 || Calls.word(call, 3) != Calls.PROGRAM) {
            throw new AssertionError("no call of a portmapper, from " + p.from());
        }
        int procedure = Calls.word(call, 5);
        int program = procedure == LOOKUP ? Calls.word(call, CALL_BYTES / 4) : 0;
        return new Question(p.micros(), p.isTcp(), Calls.word(call, 4), procedure, program);
    }

    /** The shortest time between two of these. */
    static long shortestGapMicros(List<Question> questions) {
        long shortest = Long.MAX_VALUE;
        for (int i = 1; i < questions.size(); i++) {
            shortest = Math.min(
                    shortest, questions.get(i).micros() - questions.get(i - 1).micros());
        }
        return shortest;
    }
}
