/**
 * From the text of a policy to a {@link org.rpcward.policy.Policy}, or to a list of everything that is wrong with it.
 *
 * <pre>
 *   bytes -> PolicyText -> Source -> YamlTree -> Mapping ... -> GroupsReader, ProgramsReader, ListenersReader,
 *            (UTF-8,       (lines,   (nodes      (known          BackendsReader, RulesReader -> Policy
 *             bounds)       places)   with        keys only)                                     |
 *                                     places)                                                  Lints
 *                                        \________________________ Problems _____________________/
 * </pre>
 *
 * Nothing here throws for a bad policy. A reader that meets a mistake notes a problem, takes a value that lets it go
 * on, and the loader gives no policy in the end.
 */
@NullMarked
package org.rpcward.policy.yaml;

import org.jspecify.annotations.NullMarked;
