package org.rpcward.policy.yaml;

import java.util.List;

/** Writes problems for people and for the annotations of GitHub. Every line ends with a line feed. */
public final class ProblemReport {
    private ProblemReport() {}

    /**
     * Every problem with its place, the line of the file and a caret; then one line with the counts. Of a file that is no
     * policy at all there is one line to say, and no more.
     */
    public static String text(List<Problem> problems) {
        StringBuilder out = new StringBuilder();
        problems.forEach(p -> out.append(p.render()));
        boolean oneLine = out.indexOf("\n") == out.length() - 1;
        return oneLine
                ? out.toString()
                : out.append(counts(problems)).append('\n').toString();
    }

    /** {@code 2 errors, 1 warning}. */
    public static String counts(List<Problem> problems) {
        return count(problems, Severity.ERROR) + ", " + count(problems, Severity.WARNING);
    }

    private static String count(List<Problem> problems, Severity severity) {
        long count = problems.stream().filter(p -> p.severity() == severity).count();
        return count + " " + severity.word() + (count == 1 ? "" : "s");
    }

    /** Workflow commands of GitHub Actions, one line a problem. */
    public static String github(List<Problem> problems) {
        StringBuilder out = new StringBuilder();
        for (Problem p : problems) {
            out.append("::").append(p.severity().word());
            out.append(" file=").append(property(p.place().file()));
            out.append(",line=").append(p.place().line());
            out.append(",col=").append(p.place().column());
            out.append(",title=").append(property(p.code()));
            out.append("::").append(message(p.hint() == null ? p.text() : p.text() + "; " + p.hint()));
            out.append('\n');
        }
        return out.toString();
    }

    private static String message(String text) {
        return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A");
    }

    private static String property(String text) {
        return message(text).replace(":", "%3A").replace(",", "%2C");
    }
}
