package org.rpcward.policy;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.ProgramSet;
import org.rpcward.policy.rpc.Slot;
import org.rpcward.policy.rpc.Transport;

/** Rules and queries at random, crowded round the ends of ranges. */
public final class RandomRules {
    private static final String[] ADDRESSES = {
        "0.0.0.0",
        "0.0.0.1",
        "9.255.255.255",
        "10.0.0.0",
        "10.0.0.1",
        "10.0.0.255",
        "10.0.1.0",
        "10.255.255.255",
        "11.0.0.0",
        "127.0.0.1",
        "255.255.255.254",
        "255.255.255.255",
        "::",
        "::1",
        "::fffe:ffff:ffff",
        "::1:0:0:0",
        "2001:db8::",
        "2001:db8::1",
        "2001:db8::ffff:ffff:ffff:ffff",
        "2001:db8:0:1::",
        "2001:db7:ffff::",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    };
    private static final int[] NUMBERS = {
        0, 1, 2, 3, 4, 100_000, 100_003, 100_005, Integer.MAX_VALUE, Integer.MIN_VALUE, -2, -1
    };

    private final Random random;

    public RandomRules(long seed) {
        this.random = new Random(seed);
    }

    public List<Rule> rules(int most) {
        List<Rule> rules = new ArrayList<>();
        int count = random.nextInt(most + 1);
        for (int i = 0; i < count; i++) {
            Mode mode = random.nextInt(5) == 0 ? Mode.AUDIT : Mode.ENFORCE;
            rules.add(new Rule("r" + i, Place.BUILTIN, clauses(), verdict(), mode, null));
        }
        return rules;
    }

    private <T> T pick(List<T> from) {
        return from.get(random.nextInt(from.size()));
    }

    public Verdict verdict() {
        return pick(List.of(Verdict.values()));
    }

    private List<Clause> clauses() {
        List<Clause> clauses = new ArrayList<>();
        for (int i = random.nextInt(5); i > 0; i--) {
            clauses.add(clause());
        }
        return clauses;
    }

    private Clause clause() {
        int kind = random.nextInt(8);
        if (kind < 3) {
            AddressSet set = random.nextInt(10) == 0 ? AddressSet.ALL : addresses();
            return new Clause.Source("from", "", random.nextInt(3) == 0 ? set.complement() : set);
        }
        if (kind < 5) {
            BitSet slots = new BitSet();
            for (int slot = 0; slot < Slot.COUNT; slot++) {
                slots.set(slot, random.nextInt(3) != 0);
            }
            return new Clause.Asked("call", "", slots);
        }
        return new Clause.Program("program", "", programs(), random.nextInt(3) == 0);
    }

    private AddressSet addresses() {
        List<AddressPrefix> prefixes = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            IpAddress address = address();
            prefixes.add(new AddressPrefix(address, random.nextInt(address.bits() + 1)));
        }
        return AddressSet.of(prefixes);
    }

    private ProgramSet programs() {
        ProgramSet set = random.nextInt(10) == 0 ? ProgramSet.ALL : ProgramSet.NONE;
        for (int i = random.nextInt(4); i > 0; i--) {
            int first = number();
            int last = number();
            boolean ordered = Integer.compareUnsigned(first, last) <= 0;
            set = set.union(
                    random.nextBoolean()
                            ? ProgramSet.of(number())
                            : ProgramSet.of(number(), ordered ? first : last, ordered ? last : first));
        }
        return set;
    }

    public IpAddress address() {
        return random.nextInt(10) == 0
                ? IpAddress.v4(random.nextInt())
                : IpAddress.parse(ADDRESSES[random.nextInt(ADDRESSES.length)]).orElseThrow();
    }

    private int number() {
        return random.nextInt(10) == 0 ? random.nextInt() : NUMBERS[random.nextInt(NUMBERS.length)];
    }

    public Query query() {
        Procedure procedure = pick(List.of(Procedure.values()));
        int protocol = procedure.oldestProtocol()
                + random.nextInt(procedure.newestProtocol() - procedure.oldestProtocol() + 1);
        Transport transport = random.nextBoolean() ? Transport.UDP : Transport.TCP;
        return new Query(address(), transport, protocol, procedure, number(), number());
    }
}
