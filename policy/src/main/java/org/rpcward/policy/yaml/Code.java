package org.rpcward.policy.yaml;

/** The kinds of problems. Their numbers are part of the interface and keep their meaning. */
public enum Code {
    EMPTY_FILE(101, "the file has no policy in it"),
    TOO_LONG(102, "a file is longer than is read"),
    NOT_TEXT(103, "a file is not UTF-8 text"),
    YAML_SYNTAX(104, "the text is not YAML"),
    TOO_NESTED(105, "the text is nested or repeated beyond the bounds of a policy"),
    YAML_FEATURE(106, "a feature of YAML that a policy has no use for: tags, merge keys, several documents"),
    MORE_ERRORS(108, "more errors than are shown"),
    UNKNOWN_KEY(110, "a key that does not exist at this place"),
    DUPLICATE_KEY(111, "a key that stands twice"),
    UNKNOWN_PROCEDURE(112, "neither a class of calls nor a procedure"),
    MISSING_KEY(113, "a key that must be there is missing"),
    WRONG_TYPE(114, "a list, a mapping or a single value stands where another of them is wanted"),
    BAD_WORD(115, "not one of the words that this key knows"),
    BAD_NUMBER(116, "not a number of the wanted form"),
    BAD_UNIT(117, "a time or a size without a unit, or with an unknown one"),
    OUT_OF_BOUNDS(118, "a value outside of its bounds"),
    BAD_NAME(119, "a name that cannot be used"),
    BAD_VERSION(120, "a policy of another version"),
    TOO_MANY(121, "more entries than are allowed"),
    BAD_ADDRESS(130, "not an address or prefix"),
    HOST_NAME(131, "a host name where an address is wanted"),
    UNKNOWN_GROUP(132, "a group that is not defined"),
    CYCLE(133, "a group or a set of programs that contains itself, or is nested too deep"),
    GROUP_FILE(134, "a file of a group that cannot be read"),
    UNFIT_ADDRESS(135, "an address that cannot serve for this purpose"),
    UNKNOWN_PROGRAM(140, "neither a program of the table nor a set of programs"),
    BAD_VERSIONS(141, "not a version or a range of versions"),
    UNKNOWN_BACKEND(150, "a backend that is not defined"),
    BACKEND_KIND(151, "a backend that has both an address and a registry, or neither"),
    LOOP(152, "a listener that would ask itself"),
    BOUND_TWICE(153, "two listeners on one address and port"),
    UNKNOWN_VIEW(160, "a view that is not defined"),
    MISPLACED_VIEW(161, "a view on a rule that shows nothing"),
    NEVER_ALLOWED(162, "calls that no policy can allow"),
    DUPLICATE_RULE(163, "two rules of one name"),
    UNKNOWN_LIMIT(164, "a limit that is not defined"),
    MISPLACED_LIMIT(165, "a limit on a rule that drops"),
    BAD_PATH(170, "a path that cannot be used"),
    HOST_BITS(201, "a prefix with bits set beyond its length"),
    DUPLICATE_VALUE(202, "a value that stands twice"),
    UNUSED(203, "something that is defined and never used"),
    UNREACHABLE(204, "a rule whose calls are all decided by rules before it"),
    NEVER_MATCHES(205, "a rule that no call can match"),
    OPEN_TO_ALL(206, "an allow rule without any limit to who may ask"),
    DEFAULT_ALLOW(207, "what no rule matches is allowed"),
    LIST_OVER_UDP(208, "listings over UDP for many sources"),
    AMPLIFICATION(209, "UDP replies may be larger than their calls"),
    NO_RULES(210, "a policy without rules"),
    SAME_PORT(211, "a listener on all addresses with its backend on the same port of this host"),
    RPCINFO(212, "clients that may list but not look up the portmapper, which rpcinfo -p does first"),
    TRIAL_WITHOUT_END(213, "a rule in audit mode with nothing but the default behind it"),
    NO_EFFECT(214, "a value that has no effect"),
    LISTS_NOTHING(215, "clients that may list, and would see an empty list"),
    ADMIN_OPEN(230, "an admin address that other hosts can reach"),
    UNLIMITED(216, "an allow rule without a limit to how much may be asked"),
    CANNOT_FIRE(217, "a limit that cannot fire"),
    LESS_THAN_ONE(218, "a limit that holds less than one answer"),
    MORE_WARNINGS(299, "more warnings than are shown");

    private final int number;
    private final String meaning;

    Code(int number, String meaning) {
        this.number = number;
        this.meaning = meaning;
    }

    /** The code as reports write it: {@code E112}, {@code W204}. */
    public String text() {
        return (severity() == Severity.ERROR ? "E" : "W") + number;
    }

    /** What it stands for, in one line. */
    public String meaning() {
        return meaning;
    }

    /** Errors have the numbers below 200. */
    public Severity severity() {
        return number < 200 ? Severity.ERROR : Severity.WARNING;
    }
}
