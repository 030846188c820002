package org.rpcward.proxy.admin;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Clause;
import org.rpcward.policy.Decision;
import org.rpcward.policy.Mode;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Query;
import org.rpcward.policy.Rule;
import org.rpcward.policy.RuleSet;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.rpc.CallClass;
import org.rpcward.policy.rpc.Programs;

/**
 * What a policy says to one call, and why.
 *
 * @param call the call in words
 * @param rules those that were tried, in order; the last one decides
 * @param verdict what is decided
 * @param rule the name of the rule that decides
 * @param limits what bounds how often, a line each
 * @param view what the answer shows
 * @param client what the client sees
 * @param scans what becomes of a client that asks for one thing after another
 * @param audit what the mode of the policy makes of it; null when it enforces
 */
public record Explanation(
        String revision,
        String call,
        List<Tried> rules,
        String verdict,
        String rule,
        List<String> limits,
        String view,
        String client,
        String scans,
        @Nullable String audit) {

    /**
     * A rule as it was tried.
     *
     * @param place {@code file:line:column}; null for built-in rules and the default
     * @param outcome {@code no} with the first clause that did not hold, or what the rule does
     */
    public record Tried(String name, @Nullable String place, String outcome) {
        String title() {
            return place == null ? name : name + " (" + place + ")";
        }
    }

    public static Explanation of(Policy policy, Query query) {
        List<Tried> tried = new ArrayList<>();
        policy.rules().explain(query).forEach(step -> tried.add(tried(step)));
        Decision decision = policy.rules().decide(query);
        Rule rule = decision.rule();
        String audit = query.procedure().callClass().allowable()
                ? "the client gets the answer, and the log tells the verdict"
                : "but this call is never allowed, in audit mode neither";
        return new Explanation(
                policy.revision(),
                describe(query),
                tried,
                decision.verdict().word(),
                rule.name(),
                LimitText.of(rule, query.source()),
                view(query, decision),
                Effects.of(query, decision.verdict()),
                LimitText.onScans(policy, query),
                policy.mode() == Mode.AUDIT ? "nothing is hindered: " + audit : null);
    }

    /** For people, in several lines. */
    public String text() {
        StringBuilder out = new StringBuilder();
        line(out, "call", call);
        out.append("rules\n");
        for (Tried step : rules) {
            out.append(String.format("  %-40s %s%n", step.title(), step.outcome()));
        }
        line(out, "verdict", verdict + ", by rule '" + rule + "'" + placeOfDecider());
        String heading = "limits";
        for (String limit : limits) {
            line(out, heading, limit);
            heading = "";
        }
        line(out, "view", view);
        line(out, "client", client);
        line(out, "scans", scans);
        if (audit != null) {
            line(out, "audit", audit);
        }
        return out.toString();
    }

    private static void line(StringBuilder out, String key, String text) {
        out.append(String.format("%-8s %s%n", key, text));
    }

    private String placeOfDecider() {
        String place = rules.get(rules.size() - 1).place();
        return place == null ? "" : " (" + place + ")";
    }

    private static String describe(Query query) {
        String asked = query.namesProgram()
                ? " " + Programs.describe(query.program()) + " version " + Integer.toUnsignedString(query.version())
                : "";
        return query.procedure().word() + " (class "
                + query.procedure().callClass().word() + ", protocol version " + query.protocol() + ")" + asked
                + " over " + query.transport().word() + " from " + query.source();
    }

    private static Tried tried(RuleSet.Step step) {
        Rule rule = step.rule();
        Clause failed = step.failed();
        String what;
        if (failed != null) {
            what = "no: " + failed.key() + ": " + failed.text();
        } else if (rule.isAudit()) {
            what = "would " + rule.then().word() + " (mode: audit), goes on";
        } else {
            what = rule.then().word();
        }
        boolean written = !rule.isBuiltin() && !rule.name().equals(Rule.DEFAULT_NAME);
        return new Tried(rule.name(), written ? rule.place().toString() : null, what);
    }

    private static String view(Query query, Decision decision) {
        CallClass asked = query.procedure().callClass();
        if (decision.verdict() != Verdict.ALLOW || (asked != CallClass.LOOKUP && asked != CallClass.LIST)) {
            return "none";
        }
        String view = decision.rule().view();
        return view == null ? "what this client may look up one by one" : view;
    }
}
