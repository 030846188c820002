package org.rpcward.proxy.observe;

import java.util.LinkedHashMap;
import java.util.Map;
import org.rpcward.policy.rpc.Programs;

/** A program as events have it: its number, and its name where it is known. */
final class ProgramField {
    private ProgramField() {}

    static Map<String, Object> of(int number) {
        Map<String, Object> program = new LinkedHashMap<>();
        Programs.Entry known = Programs.byNumber(number);
        program.put("name", known == null ? "" : known.name());
        program.put("number", Integer.toUnsignedLong(number));
        return program;
    }
}
