package org.rpcward.policy;

/**
 * Where in a policy's text something stands.
 *
 * @param file the file's name as it was given
 * @param line from 1
 * @param column from 1, in characters
 */
public record Place(String file, int line, int column) {
    /** For what rpcward brings along. */
    public static final Place BUILTIN = new Place("builtin", 1, 1);

    @Override
    public String toString() {
        return file + ":" + line + ":" + column;
    }
}
