package org.rpcward.proxy.kernel;

import static org.rpcward.proxy.kernel.Instruction.AND;
import static org.rpcward.proxy.kernel.Instruction.JUMP_EQUAL;
import static org.rpcward.proxy.kernel.Instruction.LOAD_HALF;
import static org.rpcward.proxy.kernel.Instruction.LOAD_WORD;
import static org.rpcward.proxy.kernel.Instruction.RETURN;

import java.util.ArrayList;
import java.util.List;
import org.rpcward.policy.net.AddressSet;

/** Programs that drop what comes from sources in a set, before it takes room in a queue. */
public final class SourceFilter {
    /** One packet or connection in so many passes all the same, to be counted and logged. A power of two. */
    public static final int SAMPLE = 1024;

    private static final int PASS = -1;
    private static final int DROP = 0;

    /** Where the kernel gives a random word, other for each packet (SKF_AD_RANDOM). */
    private static final int RANDOM = -0x1000 + 56;

    /** TCP's own header begins with the port that a packet comes from. */
    private static final int SOURCE_PORT = 0;

    private SourceFilter() {}

    /** A filter for a UDP socket of one family. One datagram in {@link #SAMPLE} passes, at random. */
    public static Fitted ofDatagrams(AddressSet silenced, boolean v4, int most) {
        Header header = Header.of(v4);
        return Fitted.of(header.ranges(silenced), most, ranges -> {
            Assembler program = new Assembler();
            int drop = program.end(RETURN, DROP);
            int pass = program.end(RETURN, PASS);
            int sample = program.branch(JUMP_EQUAL, 0, pass, drop);
            sample = program.block(sample, Instruction.of(LOAD_WORD, RANDOM), Instruction.of(AND, SAMPLE - 1));
            return finish(program, header, ranges, sample, pass);
        });
    }

    /**
     * A filter for a listening TCP socket of one family. A connection passes or does not as a whole: its packets are
     * told by the hash of where they come from, address and port.
     */
    public static Fitted ofConnections(AddressSet silenced, boolean v4, HashKeys keys, int most) {
        Header header = Header.of(v4);
        List<List<Instruction>> peer = new ArrayList<>(header.source());
        peer.add(List.of(Instruction.of(LOAD_HALF, SOURCE_PORT)));
        return Fitted.of(header.ranges(silenced), most, ranges -> {
            Assembler program = new Assembler();
            int drop = program.end(RETURN, DROP);
            int pass = program.end(RETURN, PASS);
            int sample = program.branch(JUMP_EQUAL, 0, pass, drop);
            sample = program.block(sample, Instruction.of(AND, SAMPLE - 1));
            sample = program.block(sample, keys.hash(peer));
            return finish(program, header, ranges, sample, pass);
        });
    }

    private static Program finish(
            Assembler program, Header header, List<AddressSet.Range> ranges, int inside, int outside) {
        header.check(program, SourceSearch.of(program, header, ranges, inside, outside), outside);
        return program.program();
    }
}
