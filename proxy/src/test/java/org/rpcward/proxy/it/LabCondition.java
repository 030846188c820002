package org.rpcward.proxy.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;

/**
 * Leaves out the tests of a lab where there can be none, and says why. Where the environment has {@code CI}, nothing is
 * left out: that is a failure there.
 */
final class LabCondition implements ExecutionCondition {
    private static final List<String> ALWAYS = List.of("ip", "unshare", "nsenter", "mount", "sh");

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        return AnnotationSupport.findAnnotation(context.getTestClass(), RequiresLab.class)
                .map(wanted -> evaluate(List.of(wanted.programs())))
                .orElseGet(() -> ConditionEvaluationResult.enabled("needs no lab"));
    }

    private static ConditionEvaluationResult evaluate(List<String> programs) {
        List<String> missing = missing(programs);
        if (missing.isEmpty()) {
            return ConditionEvaluationResult.enabled("everything is there");
        }
        String reason = "the lab lacks " + String.join(", ", missing);
        if (System.getenv("CI") != null) {
            throw new ExtensionConfigurationException(reason + ", and CI is set");
        }
        return ConditionEvaluationResult.disabled(reason);
    }

    private static List<String> missing(List<String> programs) {
        List<String> missing = new ArrayList<>();
        ALWAYS.stream().filter(p -> Programs.find(p).isEmpty()).forEach(missing::add);
        programs.stream().filter(p -> Programs.find(p).isEmpty()).forEach(missing::add);
        if (missing.isEmpty() && !isRoot()) {
            missing.add("root");
        }
        if (missing.isEmpty() && !Namespaces.CAN_BE_MADE) {
            missing.add("the right to make namespaces");
        }
        return missing;
    }

    private static boolean isRoot() {
        try {
            return Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }

    /** Tried out once: conditions are evaluated anew for each test, and for each of its invocations. */
    private static final class Namespaces {
        static final boolean CAN_BE_MADE = canMakeNamespaces();
    }

    private static boolean canMakeNamespaces() {
        try {
            Process process = new ProcessBuilder(
                            Programs.path("unshare"), "--net", "--mount", "--pid", "--fork", "--mount-proc", "true")
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.waitFor(60, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
