package org.rpcward.policy.yaml;

import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Policy;

/**
 * A whole policy or none, with everything there is to say about its text.
 *
 * @param policy null exactly when some problem is an error
 * @param problems by place, about a hundred at most; the last ones then say how many more there are
 * @param effective gives the text of the policy with every default filled in, which loads to the same policy; nothing for
 *     a policy with errors
 */
public record LoadResult(@Nullable Policy policy, List<Problem> problems, Supplier<String> effective) {
    public LoadResult {
        problems = List.copyOf(problems);
        boolean failed = problems.stream().anyMatch(p -> p.severity() == Severity.ERROR);
        if (failed != (policy == null)) {
            throw new IllegalArgumentException("a policy is given exactly when there is no error");
        }
    }

    static LoadResult failed(List<Problem> problems) {
        return new LoadResult(null, problems, () -> "");
    }
}
