package org.rpcward.proxy.kernel;

import static org.rpcward.proxy.kernel.Instruction.ADD;
import static org.rpcward.proxy.kernel.Instruction.ADD_X;
import static org.rpcward.proxy.kernel.Instruction.A_TO_X;
import static org.rpcward.proxy.kernel.Instruction.DIVIDE;
import static org.rpcward.proxy.kernel.Instruction.LOAD_X_MEMORY;
import static org.rpcward.proxy.kernel.Instruction.MODULO;
import static org.rpcward.proxy.kernel.Instruction.MULTIPLY;
import static org.rpcward.proxy.kernel.Instruction.RETURN_A;
import static org.rpcward.proxy.kernel.Instruction.STORE;
import static org.rpcward.proxy.kernel.Instruction.X_TO_A;

import java.util.List;
import org.rpcward.policy.net.AddressSet;

/*
 * The sockets of a group are known to the kernel by the order in which they were bound, and what a program returns is
 * such a number. Each worker has as many sockets, of both lanes, in the same order; so a worker more means sockets at the
 * end, a worker less takes them away there, and none changes its number or its lane.
 *
 *   worker 0                          worker 1
 *   0  1  2  3 | 4  5  6  7           8  9 10 11 | 12 13 14 15
 *      known       other                  known       other
 *
 * A flood in the names of known sources comes by the known lane, and what overflows there is lost, whoever sent it. So while
 * there is too much to do, the regulars among the known have the first socket of each worker for themselves.
 */
/** Which of the sockets at one address a datagram goes to. */
public enum Lanes {
    /** Known sources and others each have sockets of their own. */
    TWO,
    /** Everybody is known: sources spread over all sockets. */
    ALL_KNOWN,
    /** Nobody is known: prefixes spread over all sockets. */
    ALL_OTHERS;

    /** How many sockets each worker has at an address. */
    public static final int SOCKETS_PER_WORKER = 8;

    /** How many of them, the first ones, are the known lane's. */
    public static final int KNOWN_PER_WORKER = 4;

    /** How many of those, the first ones, are the regulars', while there are any. */
    private static final int REGULARS_PER_WORKER = 1;

    /** More regulars make a program too long for many a kernel: a source of IPv6 takes four times as much of it. */
    public static final int MOST_REGULARS_V4 = 512;

    public static final int MOST_REGULARS_V6 = 128;

    /** The lanes for a set of known sources. */
    public static Lanes of(AddressSet known, boolean v4) {
        List<AddressSet.Range> ours = v4 ? known.v4() : known.v6();
        AddressSet all = AddressSet.ALL;
        return ours.isEmpty() ? ALL_OTHERS : ours.equals(v4 ? all.v4() : all.v6()) ? ALL_KNOWN : TWO;
    }

    /** Whether a socket with this number is of the known lane. */
    public boolean isKnown(int socket) {
        return switch (this) {
            case TWO -> socket % SOCKETS_PER_WORKER < KNOWN_PER_WORKER;
            case ALL_KNOWN -> true;
            case ALL_OTHERS -> false;
        };
    }

    /** Whether a socket with this number is the regulars', while there are any. */
    public boolean isOfRegulars(int socket) {
        return this != ALL_OTHERS && socket % SOCKETS_PER_WORKER < REGULARS_PER_WORKER;
    }

    /**
     * A program for a group of UDP sockets of one family, which returns the number of the socket.
     *
     * @param regulars known sources that share no socket with the other known ones
     * @param workers how many workers' sockets are in the group
     */
    public static Fitted program(
            AddressSet known, AddressSet regulars, boolean v4, int workers, HashKeys keys, int most) {
        Header header = Header.of(v4);
        Lanes lanes = of(known, v4);
        List<AddressSet.Range> others = header.ranges(known.complement());
        return Fitted.of(others, most, ranges -> {
            Assembler program = new Assembler();
            int prefix = spread(program, otherSockets(lanes, workers), keys.hash(header.prefix()));
            int source = known(program, header, lanes, header.ranges(regulars), workers, keys);
            // A packet of the other family, if there could be one, is nobody's whom we know.
            header.check(program, SourceSearch.of(program, header, ranges, prefix, source), prefix);
            return program.program();
        });
    }

    private static int known(
            Assembler program,
            Header header,
            Lanes lanes,
            List<AddressSet.Range> regulars,
            int workers,
            HashKeys keys) {
        Part all = knownSockets(lanes, workers);
        if (regulars.isEmpty()) {
            return spread(program, all, keys.hash(header.source()));
        }
        Part first = new Part(0, REGULARS_PER_WORKER, workers);
        Part rest = new Part(REGULARS_PER_WORKER, all.perWorker() - REGULARS_PER_WORKER, workers);
        int apart = spread(program, first, keys.hash(header.source()));
        int others = spread(program, rest, keys.hash(header.source()));
        return SourceSearch.of(program, header, regulars, apart, others);
    }

    /** A part of each worker's sockets. */
    private record Part(int first, int perWorker, int workers) {}

    private static Part knownSockets(Lanes lanes, int workers) {
        return lanes == TWO ? new Part(0, KNOWN_PER_WORKER, workers) : new Part(0, SOCKETS_PER_WORKER, workers);
    }

    private static Part otherSockets(Lanes lanes, int workers) {
        return lanes == TWO
                ? new Part(KNOWN_PER_WORKER, SOCKETS_PER_WORKER - KNOWN_PER_WORKER, workers)
                : new Part(0, SOCKETS_PER_WORKER, workers);
    }

    private static int spread(Assembler program, Part part, Instruction[] hash) {
        program.end(RETURN_A, 0);
        int number = program.block(
                program.size(),
                Instruction.of(MODULO, part.perWorker() * part.workers()),
                // Of the part's sockets, this one: A. In the group it is A / n * 8 + A % n + first.
                Instruction.of(A_TO_X),
                Instruction.of(DIVIDE, part.perWorker()),
                Instruction.of(MULTIPLY, SOCKETS_PER_WORKER),
                Instruction.of(STORE),
                Instruction.of(X_TO_A),
                Instruction.of(MODULO, part.perWorker()),
                Instruction.of(LOAD_X_MEMORY),
                Instruction.of(ADD_X),
                Instruction.of(ADD, part.first()));
        return program.block(number, hash);
    }
}
