package org.rpcward.proxy.it;

import java.util.LinkedHashSet;
import java.util.Set;

/** Reads what rpcbind tells of the calls that it got: the reply to GETSTAT. */
final class Statistics {
    private static final int HEADER_WORDS = 6;
    private static final int PROCEDURES = 13;

    /** Words of an entry before its netid, the one that says that there is an entry included. */
    private static final int LOOKUP_WORDS = 5;

    private static final int REMOTE_CALL_WORDS = 7;

    private Statistics() {}

    /** How often a procedure was called. */
    static int calls(byte[] reply, int version, int procedure) {
        return Calls.word(reply, ofVersion(reply, version) + procedure);
    }

    /** The programs that were ever looked up, registered or not. */
    static Set<Integer> programsLookedUp(byte[] reply) {
        Set<Integer> programs = new LinkedHashSet<>();
        for (int version = 2; version <= 4; version++) {
            int at = ofVersion(reply, version) + PROCEDURES + 2;
            while (Calls.word(reply, at) == 1) {
                programs.add(Calls.word(reply, at + 1));
                at = afterEntry(reply, at, LOOKUP_WORDS);
            }
        }
        return programs;
    }

    private static int ofVersion(byte[] reply, int version) {
        int at = HEADER_WORDS;
        for (int v = 2; v < version; v++) {
            // Calls of each procedure, SETs and UNSETs that were done, lookups, remote calls.
            at = afterList(reply, afterList(reply, at + PROCEDURES + 2, LOOKUP_WORDS), REMOTE_CALL_WORDS);
        }
        return at;
    }

    private static int afterList(byte[] reply, int at, int words) {
        int next = at;
        while (Calls.word(reply, next) == 1) {
            next = afterEntry(reply, next, words);
        }
        return next + 1;
    }

    private static int afterEntry(byte[] reply, int at, int words) {
        int netid = at + words;
        return netid + 1 + (Calls.word(reply, netid) + 3) / 4;
    }
}
