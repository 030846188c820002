package org.rpcward.policy.yaml;

import org.jspecify.annotations.Nullable;

/** Hands in the files that groups name, so that reading a policy touches no file system itself. */
@FunctionalInterface
public interface GroupFiles {
    /** For policies that stand alone. */
    GroupFiles NONE = path -> Content.failed("files are not read here");

    /**
     * The content of a file, or why there is none. It is asked once for each path in a policy.
     *
     * @param path as the policy writes it; relative to the policy's own directory
     */
    Content read(String path);

    /** Bytes, or a reason why there are none. */
    final class Content {
        private final byte @Nullable [] bytes;
        private final String failure;

        private Content(byte @Nullable [] bytes, String failure) {
            this.bytes = bytes;
            this.failure = failure;
        }

        /** A file's content. One that is longer than {@link PolicyLoader#LONGEST_GROUP_FILE} is refused anyway. */
        public static Content of(byte[] bytes) {
            return new Content(bytes.clone(), "");
        }

        /** No content. The reason continues the sentence "cannot read meters.txt: ...". */
        public static Content failed(String reason) {
            return new Content(null, reason);
        }

        byte @Nullable [] bytes() {
            return bytes;
        }

        String failure() {
            return failure;
        }
    }
}
