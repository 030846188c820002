package org.rpcward.policy.yaml;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Place;
import org.yaml.snakeyaml.nodes.Node;

/** Collects what is wrong with one policy. */
final class Problems {
    /** How many problems a report shows. */
    static final int SHOWN = 100;

    /** How many are held; more are only counted. */
    private static final int HELD = 2000;

    private final Source source;
    private final Set<Problem> errors = new LinkedHashSet<>();
    private final Set<Problem> warnings = new LinkedHashSet<>();
    private int errorsLeftOut;
    private int warningsLeftOut;

    Problems(Source source) {
        this.source = source;
    }

    Source source() {
        return source;
    }

    void at(Node node, Code code, String text) {
        at(node, code, text, null);
    }

    void at(Node node, Code code, String text, @Nullable String hint) {
        at(source, source.placeOf(node), source.widthOf(node), code, text, hint);
    }

    void at(Source file, Place place, int width, Code code, String text, @Nullable String hint) {
        if (isFull(code.severity())) {
            return;
        }
        String excerpt = Problem.excerptOf(file.line(place.line()), place.column());
        add(new Problem(place, width, code.severity(), code.text(), text, hint, excerpt));
    }

    /** A problem of the file as a whole. */
    void whole(Code code, String text) {
        whole(source.file(), code, text);
    }

    void whole(String file, Code code, String text) {
        add(new Problem(new Place(file, 1, 1), 0, code.severity(), code.text(), text, null, ""));
    }

    private void add(Problem problem) {
        if (!isFull(problem.severity())) {
            (problem.severity() == Severity.ERROR ? errors : warnings).add(problem);
        }
    }

    /** Whether no more are held of a kind; then one more is counted. */
    private boolean isFull(Severity severity) {
        boolean error = severity == Severity.ERROR;
        boolean full = (error ? errors : warnings).size() >= HELD;
        errorsLeftOut += full && error ? 1 : 0;
        warningsLeftOut += full && !error ? 1 : 0;
        return full;
    }

    boolean hasErrors() {
        return !errors.isEmpty();
    }

    /** Whether more problems would not be shown anyway, so that no work should go into their hints. */
    boolean areManyAlready() {
        return errors.size() + warnings.size() >= SHOWN * 2;
    }

    /** At most {@link #SHOWN}, by place; errors are shown rather than warnings. What is left out is counted at the end. */
    List<Problem> sorted() {
        List<Problem> shown = new ArrayList<>();
        int moreErrors = errorsLeftOut + take(errors, shown);
        int moreWarnings = warningsLeftOut + take(warnings, shown);
        shown.sort(policyFirst());
        if (moreErrors > 0) {
            shown.add(more(Code.MORE_ERRORS, moreErrors, "error"));
        }
        if (moreWarnings > 0) {
            shown.add(more(Code.MORE_WARNINGS, moreWarnings, "warning"));
        }
        return List.copyOf(shown);
    }

    /** By place; the policy itself comes before the files that it names. */
    private Comparator<Problem> policyFirst() {
        return Comparator.comparing((Problem p) -> !p.place().file().equals(source.file()))
                .thenComparing(Problem.BY_PLACE);
    }

    private int take(Set<Problem> from, List<Problem> to) {
        List<Problem> sorted = new ArrayList<>(from);
        sorted.sort(policyFirst());
        int room = Math.min(SHOWN - to.size(), sorted.size());
        to.addAll(sorted.subList(0, room));
        return sorted.size() - room;
    }

    private Problem more(Code code, int count, String noun) {
        String text = "and " + count + " more " + noun + (count == 1 ? "" : "s");
        return new Problem(new Place(source.file(), 1, 1), 0, code.severity(), code.text(), text, null, "");
    }
}
