package org.rpcward.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.rpc.CallClass;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.ProgramSet;
import org.rpcward.policy.rpc.Slot;
import org.rpcward.policy.rpc.Transport;

/** The rules that stand around a policy's own. A rule of a policy with the name of one of them takes its place. */
public final class Builtin {
    /** Strangers get no answer over UDP, whatever is refused to others: a forged source would get it instead. */
    public static final String STRANGERS = "builtin/strangers";

    /** Registrations are local business of the backend's host. */
    public static final String REGISTER = "builtin/register";

    /** Indirect calls hide who calls. */
    public static final String INDIRECT = "builtin/indirect";

    /** A source that may ask anything may ask whether anybody is there. */
    public static final String PING = "builtin/ping";

    /** {@code rpcinfo -p} looks up the portmapper before it lists. */
    public static final String PORTMAPPER = "builtin/portmapper";

    /** All names, in the order of their rules. */
    public static final List<String> NAMES = List.of(STRANGERS, REGISTER, INDIRECT, PING, PORTMAPPER);

    private Builtin() {}

    /**
     * The whole list of rules: the built-in ones that stand before, the policy's own, and those that stand after.
     *
     * @param own the policy's own rules in order, without those that replace a built-in one
     * @param replacements rules of the policy by the name of the built-in rule whose place they take
     */
    public static List<Rule> around(List<Rule> own, Map<String, Rule> replacements) {
        AddressSet named = sources(own.stream().filter(Rule::namesItsSources));
        AddressSet allowed =
                sources(own.stream().filter(rule -> rule.namesItsSources() && rule.then() == Verdict.ALLOW));
        List<Rule> all = new ArrayList<>();
        List<Rule> before = List.of(
                rule(
                        STRANGERS,
                        Verdict.DROP,
                        new Clause.Source("not.from", "sources that a rule names", named.complement()),
                        asked("call", "register, indirect", CallClass.REGISTER, CallClass.INDIRECT),
                        over(Transport.UDP)),
                rule(REGISTER, Verdict.REFUSE, asked("call", "register", CallClass.REGISTER)),
                rule(INDIRECT, Verdict.REFUSE, asked("call", "indirect", CallClass.INDIRECT)));
        Clause fromAllowed = new Clause.Source("from", "sources that an allow rule names", allowed);
        List<Rule> after = List.of(
                rule(PING, Verdict.ALLOW, fromAllowed, asked("call", "ping", CallClass.PING)),
                rule(
                        PORTMAPPER,
                        Verdict.ALLOW,
                        fromAllowed,
                        asked("call", "lookup", CallClass.LOOKUP),
                        new Clause.Program("program", "portmapper", ProgramSet.of(Procedure.PROGRAM), false)));
        before.forEach(r -> all.add(replacements.getOrDefault(r.name(), r)));
        all.addAll(own);
        after.forEach(r -> all.add(replacements.getOrDefault(r.name(), r)));
        return all;
    }

    /** The sources of all of these rules, of which many may have the same. */
    private static AddressSet sources(Stream<Rule> rules) {
        return AddressSet.unionOf(rules.map(RuleSet::sourcesOf).collect(Collectors.toSet()));
    }

    private static Rule rule(String name, Verdict then, Clause... clauses) {
        return new Rule(name, Place.BUILTIN, List.of(clauses), then, Mode.ENFORCE, null);
    }

    private static Clause over(Transport transport) {
        return new Clause.Asked("over", transport.word(), Slot.where((p, protocol, t) -> t == transport));
    }

    private static Clause asked(String key, String text, CallClass... classes) {
        List<CallClass> wanted = List.of(classes);
        return new Clause.Asked(key, text, Slot.where((p, protocol, t) -> wanted.contains(p.callClass())));
    }
}
