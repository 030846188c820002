/**
 * What is registered, and how it is found out.
 *
 * <pre>
 *   Question, RowFilter -> Directory -> rows
 *                            |
 *                            +-- FixedDirectory    a table in the policy
 *                            +-- MirrorDirectory   a copy of a backend's registry, read by DUMP
 *                            +-- ForwardDirectory  the backend itself, once the copy shows that the program is there
 * </pre>
 *
 * Every answer passes the filter, and what the filter hides takes the path of what is absent.
 */
@NullMarked
package org.rpcward.proxy.registry;

import org.jspecify.annotations.NullMarked;
