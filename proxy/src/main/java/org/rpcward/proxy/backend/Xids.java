package org.rpcward.proxy.backend;

import java.nio.ByteBuffer;
import java.security.SecureRandom;

/** Transaction numbers that nobody can guess. For one thread. */
final class Xids {
    private static final int BATCH_BYTES = 1024;

    private final SecureRandom random = new SecureRandom();
    private final byte[] bytes = new byte[BATCH_BYTES];
    private ByteBuffer batch = ByteBuffer.wrap(bytes, 0, 0);

    int next() {
        if (!batch.hasRemaining()) {
            random.nextBytes(bytes);
            batch = ByteBuffer.wrap(bytes);
        }
        return batch.getInt();
    }
}
