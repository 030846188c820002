/**
 * What a policy is and how it decides. No input or output, no clock, no threads: text comes in as text, a question is
 * answered from memory.
 *
 * <pre>
 *   yaml.PolicyLoader -> Policy -> RuleSet.decide(Query) -> Decision(verdict, rule)
 *                          |
 *                          +-- listeners, backends, log: what the proxy is told to do
 * </pre>
 */
@NullMarked
package org.rpcward.policy;

import org.jspecify.annotations.NullMarked;
