package org.rpcward.proxy.kernel;

import static org.rpcward.proxy.kernel.Instruction.AND;
import static org.rpcward.proxy.kernel.Instruction.JUMP_EQUAL;
import static org.rpcward.proxy.kernel.Instruction.LOAD_BYTE;
import static org.rpcward.proxy.kernel.Instruction.LOAD_WORD;

import java.util.ArrayList;
import java.util.List;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.net.IpAddress;

/** Where the network header of a packet has its source, by family. */
enum Header {
    V4(0x40, 12, 1, 1) {
        @Override
        List<AddressSet.Range> ranges(AddressSet set) {
            return set.v4();
        }
    },
    V6(0x60, 8, 4, 2) {
        /** What has a mapped address for its source is taken for IPv4 further up, and not for these programs to judge. */
        @Override
        List<AddressSet.Range> ranges(AddressSet set) {
            return set.minus(MAPPED).v6();
        }
    };

    private static final AddressSet MAPPED =
            AddressSet.of(List.of(), List.of(new AddressSet.Range(IpAddress.v4(0), IpAddress.v4(-1))));

    /** Loads from here on read the network header, wherever the packet's data begins (SKF_NET_OFF). */
    static final int NETWORK = -0x100000;

    private static final int VERSION_BITS = 0xf0;
    private static final int ALL_BUT_A_BYTE = 0xffff_ff00;

    private final int version;
    private final int sourceOffset;
    private final int words;
    private final int prefixWords;

    Header(int version, int sourceOffset, int words, int prefixWords) {
        this.version = version;
        this.sourceOffset = sourceOffset;
        this.words = words;
        this.prefixWords = prefixWords;
    }

    static Header of(boolean v4) {
        return v4 ? V4 : V6;
    }

    /** The ranges of a set that are of this family. */
    abstract List<AddressSet.Range> ranges(AddressSet set);

    /** How many words a source has. */
    int words() {
        return words;
    }

    /** Loads a word of the source. */
    Instruction load(int word) {
        return Instruction.of(LOAD_WORD, NETWORK + sourceOffset + 4 * word);
    }

    /** Loads each word of the source. */
    List<List<Instruction>> source() {
        List<List<Instruction>> words = new ArrayList<>();
        for (int word = 0; word < this.words; word++) {
            words.add(List.of(load(word)));
        }
        return words;
    }

    /** Loads each word of what the hosts of one site have in common: the first 24 bits of IPv4, 56 of IPv6. */
    List<List<Instruction>> prefix() {
        List<List<Instruction>> words = new ArrayList<>(source().subList(0, prefixWords));
        words.set(prefixWords - 1, List.of(load(prefixWords - 1), Instruction.of(AND, ALL_BUT_A_BYTE)));
        return words;
    }

    /** Goes one way when the packet is of this family, and another when it is not. */
    int check(Assembler program, int ours, int notOurs) {
        int branch = program.branch(JUMP_EQUAL, version, ours, notOurs);
        return program.block(branch, Instruction.of(LOAD_BYTE, NETWORK), Instruction.of(AND, VERSION_BITS));
    }

    /** A word of an address. */
    int word(IpAddress address, int word) {
        if (this == V4) {
            return address.v4Bits();
        }
        long half = word < 2 ? address.high() : address.low();
        return (int) (half >>> (32 * (1 - (word & 1))));
    }
}
