package org.rpcward.policy.yaml;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.rpcward.policy.AdminPolicy;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.policy.BanPolicy;
import org.rpcward.policy.Builtin;
import org.rpcward.policy.EnumerationPolicy;
import org.rpcward.policy.ListenerPolicy;
import org.rpcward.policy.LogPolicy;
import org.rpcward.policy.Mode;
import org.rpcward.policy.Policy;
import org.rpcward.policy.Rule;
import org.rpcward.policy.RuleSet;
import org.rpcward.policy.Verdict;
import org.rpcward.policy.View;
import org.rpcward.policy.rpc.ProgramSet;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;

/** Reads a policy, or says everything that is wrong with it. Never throws for what is in a file. */
public final class PolicyLoader {
    /** The longest policy that is read, in bytes: 1 MiB. */
    public static final int LONGEST_POLICY = 1 << 20;

    /** The longest file of a group that is read, in bytes: 8 MiB. */
    public static final int LONGEST_GROUP_FILE = 8 << 20;

    /** How many prefixes all groups together may have, those in files included. */
    public static final int MOST_PREFIXES = GroupFileReader.MOST_PREFIXES;

    private static final Pattern ONE_IN = Pattern.compile("1/([1-9][0-9]{0,8})");
    private static final int REVISION_BYTES = 4;
    private static final long NO_AMPLIFICATION = 1000;

    private final Problems problems;
    private final GroupFileReader files;

    private PolicyLoader(Problems problems, GroupFiles files) {
        this.problems = problems;
        this.files = new GroupFileReader(files, problems);
    }

    /**
     * Reads a policy.
     *
     * @param fileName for places and messages
     * @param text at most {@link #LONGEST_POLICY} bytes of UTF-8; more is one error
     * @param files where groups' files come from
     */
    public static LoadResult load(String fileName, byte[] text, GroupFiles files) {
        PolicyText.Decoded decoded = PolicyText.decode(text, LONGEST_POLICY);
        Problems problems = new Problems(new Source(fileName, decoded.text()));
        if (decoded.failed()) {
            problems.whole(decoded.code(), decoded.failure());
        } else if (decoded.text().isBlank()) {
            problems.whole(Code.EMPTY_FILE, "the file is empty; a policy begins with 'version: 1'");
        } else if (PolicyText.isPrintable(problems.source(), problems)) {
            Node root = YamlTree.compose(problems);
            if (root != null) {
                return new PolicyLoader(problems, files).read(root, text);
            }
        }
        return LoadResult.failed(problems.sorted());
    }

    private LoadResult read(Node root, byte[] text) {
        if (!isVersionOne(root)) {
            return LoadResult.failed(problems.sorted());
        }
        Mapping top = new Mapping(root, Keys.TOP, "the policy", null, problems);
        GroupsReader groups = new GroupsReader(top, files);
        groups.readAll();
        ProgramsReader programs = new ProgramsReader(top);
        programs.readAll();
        Map<String, Mapping.Named> viewNames = new LinkedHashMap<>();
        Map<String, View> views = views(top, programs, viewNames);
        Map<String, BackendPolicy> backends = new BackendsReader(programs, problems).read(top);
        ListenersReader listenersReader = new ListenersReader(backends, problems);
        Map<String, ListenerPolicy> listeners = listenersReader.read(top);
        LimitsReader limits = new LimitsReader(top);
        RulesReader rulesReader = new RulesReader(groups, programs, views, limits, problems);
        List<RulesReader.Written> written = rulesReader.read(top);
        Verdict byDefault = Verdict.ofWord(top.word("default")).orElse(Verdict.DROP);
        checkDefault(top, byDefault, written);
        Mode mode = Mode.valueOf(top.word("mode").toUpperCase(Locale.ROOT));
        double amplification = amplification(top);
        ScansReader scans = new ScansReader(top, groups);
        EnumerationPolicy enumeration = scans.enumeration();
        BanPolicy bans = scans.bans(enumeration);
        LogPolicy log = log(top);
        AdminPolicy admin = new AdminReader(problems).read(top);
        if (problems.hasErrors()) {
            return LoadResult.failed(problems.sorted());
        }

        List<Rule> own = new ArrayList<>();
        written.stream()
                .map(RulesReader.Written::rule)
                .filter(r -> !r.isBuiltin())
                .forEach(own::add);
        RuleSet rules = new RuleSet(Builtin.around(own, RulesReader.replacements(written)), byDefault);
        Lints lints = new Lints(problems);
        lints.unused(groups.unused(), "group");
        lints.unused(programs.unused(), "set");
        lints.unused(unused(viewNames, rulesReader.usedViews()), "view");
        lints.unused(limits.unused(), "limit");
        lints.unused(unused(backendNames(top), listenersReader.usedBackends()), "backend");
        Set<String> idle = lints.rules(Objects.requireNonNull(top.value("rules")), written, rules, mode);
        new LimitLints(problems, written, idle).check(limits.written());
        Policy policy = new Policy(
                revision(text),
                mode,
                listeners,
                backends,
                views,
                rules,
                amplification,
                limits.limits(),
                enumeration,
                bans,
                log,
                admin);
        return new LoadResult(policy, problems.sorted(), () -> EffectiveText.of(root, policy));
    }

    private static Map<String, Mapping.Named> backendNames(Mapping top) {
        Map<String, Mapping.Named> names = new LinkedHashMap<>();
        top.named("backends", "a backend").forEach(named -> names.put(named.name(), named));
        return names;
    }

    private static List<Mapping.Named> unused(Map<String, Mapping.Named> all, Set<String> used) {
        return all.values().stream().filter(n -> !used.contains(n.name())).toList();
    }

    /** Looks at the version before anything else: the keys of another version would only be misunderstood. */
    private boolean isVersionOne(Node root) {
        if (!(root instanceof MappingNode mapping)) {
            return true;
        }
        for (NodeTuple entry : mapping.getValue()) {
            boolean version = entry.getKeyNode() instanceof ScalarNode key
                    && key.getValue().equals("version");
            if (version && entry.getValueNode() instanceof ScalarNode value && !YamlTree.isNull(value)) {
                return isVersionOne(value);
            }
        }
        return true;
    }

    private boolean isVersionOne(ScalarNode value) {
        String text = value.getValue();
        if (text.equals("1")) {
            return true;
        }
        boolean number = Quantity.parseCount(text) >= 0;
        if (number) {
            problems.at(
                    value, Code.BAD_VERSION, "this is a policy of version " + text + ", and only version 1 is known");
        } else {
            String said = "'version' is the version of the policy's form, which is 1, not " + PlainText.quoted(text);
            problems.at(value, Code.BAD_VERSION, said, "write version: 1");
        }
        return !number;
    }

    private Map<String, View> views(Mapping top, ProgramsReader programs, Map<String, Mapping.Named> names) {
        Map<String, View> views = new LinkedHashMap<>();
        views.put(View.EVERYTHING, new View(View.EVERYTHING, ProgramSet.ALL, Set.of(), View.MAX_ROWS_DEFAULT));
        for (Mapping.Named named : top.named("views", "a view")) {
            String owner = "view '" + named.name() + "'";
            Mapping mapping = new Mapping(named.value(), Keys.VIEW, owner, named.key(), problems);
            View view = new View(
                    named.name(),
                    programs.programs(mapping.texts("programs")),
                    new LinkedHashSet<>(mapping.words("netids")),
                    (int) mapping.quantity("max_rows"));
            if (view.programs().ranges().isEmpty() && !problems.hasErrors()) {
                problems.at(named.key(), Code.NO_EFFECT, owner + " shows no program");
            }
            if (named.name().equals(View.EVERYTHING)) {
                problems.at(
                        named.key(),
                        Code.BAD_NAME,
                        "'everything' is a view already, of the whole registry",
                        "use another name");
            }
            views.putIfAbsent(named.name(), view);
            names.putIfAbsent(named.name(), named);
        }
        return views;
    }

    private void checkDefault(Mapping top, Verdict byDefault, List<RulesReader.Written> rules) {
        ScalarNode node = top.text("default");
        if (node == null || byDefault != Verdict.ALLOW) {
            return;
        }
        Map<String, Rule> replacements = RulesReader.replacements(rules);
        if (replacements.containsKey(Builtin.REGISTER) || replacements.containsKey(Builtin.INDIRECT)) {
            problems.at(
                    node,
                    Code.NEVER_ALLOWED,
                    "with 'default: allow', the built-in rules against registrations and indirect calls cannot be replaced",
                    "write an allow rule with the calls that you mean");
        } else {
            problems.at(node, Code.DEFAULT_ALLOW, "whoever no rule names may ask everything", "did you mean 'drop'?");
        }
    }

    private double amplification(Mapping top) {
        Mapping mapping = top.map("amplification", Keys.AMPLIFICATION);
        if (mapping == null) {
            return 1.0;
        }
        long thousandths = mapping.quantity("udp");
        ScalarNode node = mapping.text("udp");
        if (node != null && thousandths > NO_AMPLIFICATION) {
            problems.at(
                    node,
                    Code.AMPLIFICATION,
                    "a forged UDP call may bring its victim up to " + Quantity.factor(thousandths)
                            + " times its own bytes",
                    "1.0 makes a reflector worthless");
        }
        return thousandths / 1000.0;
    }

    private LogPolicy log(Mapping top) {
        Mapping log = top.map("log", Keys.LOG);
        if (log == null) {
            return LogPolicy.DEFAULT;
        }
        Mapping deny = log.map("deny", Keys.DENY);
        return new LogPolicy(
                LogPolicy.Format.valueOf(log.word("format").toUpperCase(Locale.ROOT)),
                logTo(log),
                allowOneIn(log),
                deny == null ? LogPolicy.DEFAULT.denyOnePer() : Duration.ofMillis(deny.quantity("one_per")));
    }

    private String logTo(Mapping log) {
        ScalarNode node = log.text("to");
        String to = node == null ? LogPolicy.STDOUT : node.getValue();
        if (node != null && !to.startsWith("/") && !to.equals(LogPolicy.STDOUT) && !to.equals(LogPolicy.JOURNALD)) {
            String text = "'to' is stdout, journald or the absolute path of a file, not " + PlainText.quoted(to);
            problems.at(node, Code.BAD_WORD, text, Spelling.didYouMean(to, List.of("stdout", "journald")));
        }
        return to;
    }

    private int allowOneIn(Mapping log) {
        ScalarNode node = log.text("allow");
        if (node == null) {
            return LogPolicy.DEFAULT.allowOneIn();
        }
        Matcher oneIn = ONE_IN.matcher(node.getValue());
        if (oneIn.matches()) {
            return Integer.parseInt(oneIn.group(1));
        }
        if (node.getValue().equals("all")) {
            return 1;
        }
        if (!node.getValue().equals("none")) {
            String text = "'allow' is one in so many, none or all, not " + PlainText.quoted(node.getValue());
            problems.at(node, Code.BAD_WORD, text, "for example allow: 1/1000");
        }
        return 0;
    }

    private String revision(byte[] text) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(text);
            files.forEachContent((path, content) -> {
                digest.update((path + "\0" + content.length + "\0").getBytes(StandardCharsets.UTF_8));
                digest.update(content);
            });
            return HexFormat.of().formatHex(digest.digest(), 0, REVISION_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
