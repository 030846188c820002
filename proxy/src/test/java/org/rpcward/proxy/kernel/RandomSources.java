package org.rpcward.proxy.kernel;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.rpcward.policy.Builtin;
import org.rpcward.policy.Clause;
import org.rpcward.policy.Mode;
import org.rpcward.policy.Place;
import org.rpcward.policy.Query;
import org.rpcward.policy.Rule;
import org.rpcward.policy.RuleSet;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.ProgramSet;
import org.rpcward.policy.rpc.Slot;
import org.rpcward.policy.rpc.Transport;

/** Policies, addresses and calls at random; addresses crowd round the ends of the policies' ranges. */
final class RandomSources {
    private final Random random;
    private final List<IpAddress> ends = new ArrayList<>();

    RandomSources(long seed) {
        random = new Random(seed);
    }

    /** An address of one family, near the end of a range more often than not. */
    IpAddress address(boolean v4) {
        IpAddress any = anyAddress(v4);
        if (ends.isEmpty() || random.nextInt(4) == 0) {
            return any;
        }
        IpAddress end = ends.get(random.nextInt(ends.size()));
        return end.isV4() == v4 ? beside(end) : any;
    }

    private IpAddress anyAddress(boolean v4) {
        if (v4) {
            return IpAddress.v4(random.nextInt() & (random.nextBoolean() ? -1 : 0xff00_00ff));
        }
        long high = random.nextInt(3) == 0 ? 0x2001_0db8_0000_0000L | random.nextInt(1 << 24) : random.nextLong();
        long low = random.nextBoolean() ? random.nextLong() : random.nextInt(3);
        IpAddress address = new IpAddress(high, low);
        return address.isV4() ? new IpAddress(1, low) : address;
    }

    private IpAddress beside(IpAddress end) {
        int step = random.nextInt(3) - 1;
        if (end.isV4()) {
            return IpAddress.v4(end.v4Bits() + step);
        }
        long low = end.low() + step;
        long carry = step > 0 && low == 0 ? 1 : step < 0 && low == -1 ? -1 : 0;
        IpAddress address = new IpAddress(end.high() + carry, low);
        return address.isV4() ? end : address;
    }

    AddressSet sources(int most) {
        List<AddressPrefix> prefixes = new ArrayList<>();
        for (int i = random.nextInt(most + 1); i > 0; i--) {
            IpAddress address = anyAddress(random.nextBoolean());
            int bits = address.bits() - random.nextInt(random.nextBoolean() ? 12 : address.bits() + 1);
            AddressPrefix prefix = new AddressPrefix(address, bits);
            prefixes.add(prefix);
            ends.add(prefix.first());
            ends.add(prefix.last());
        }
        return AddressSet.of(prefixes);
    }

    /** A policy's rules, with the built-in ones round them. */
    RuleSet policy(int most) {
        List<Rule> own = new ArrayList<>();
        for (int i = random.nextInt(most + 1); i > 0; i--) {
            AddressSet from = sources(10);
            List<Clause> clauses = new ArrayList<>();
            clauses.add(new Clause.Source("from", "", random.nextInt(9) == 0 ? from.complement() : from));
            if (random.nextBoolean()) {
                clauses.add(new Clause.Asked("call", "", slots()));
            }
            if (random.nextInt(3) == 0) {
                clauses.add(new Clause.Program("program", "", ProgramSet.of(random.nextInt(4)), random.nextBoolean()));
            }
            Verdict then = pick(List.of(Verdict.values()));
            Mode mode = random.nextInt(6) == 0 ? Mode.AUDIT : Mode.ENFORCE;
            own.add(new Rule("r" + i, Place.BUILTIN, clauses, then, mode, null));
        }
        Map<String, Rule> replaced = random.nextBoolean()
                ? Map.of()
                : Map.of(
                        Builtin.STRANGERS,
                        new Rule(Builtin.STRANGERS, Place.BUILTIN, List.of(), Verdict.DROP, Mode.ENFORCE, null));
        return new RuleSet(Builtin.around(own, replaced), random.nextInt(9) == 0 ? Verdict.HIDE : Verdict.DROP);
    }

    private <T> T pick(List<T> from) {
        return from.get(random.nextInt(from.size()));
    }

    private BitSet slots() {
        BitSet slots = new BitSet();
        for (int slot = 0; slot < Slot.COUNT; slot++) {
            slots.set(slot, random.nextInt(3) != 0);
        }
        return slots;
    }

    Query query(IpAddress source, Transport transport) {
        Procedure procedure = pick(List.of(Procedure.values()));
        return new Query(
                source, transport, procedure.newestProtocol(), procedure, random.nextInt(5), random.nextInt(5));
    }
}
