package org.rpcward.proxy.limit;

import java.security.SecureRandom;

/**
 * SipHash-1-3 of an address (Aumasson and Bernstein, 2012): without the key nobody can choose addresses that fall
 * together.
 */
final class KeyedHash {
    /** The last word of a message of sixteen bytes: its length in the top byte. */
    private static final long LENGTH = 16L << 56;

    private final long key0;
    private final long key1;

    KeyedHash(long key0, long key1) {
        this.key0 = key0;
        this.key1 = key1;
    }

    /** One with a key that nobody knows. */
    static KeyedHash random() {
        SecureRandom random = new SecureRandom();
        return new KeyedHash(random.nextLong(), random.nextLong());
    }

    /** The hash of an address of two words. */
    long of(long high, long low) {
        long v0 = key0 ^ 0x736f6d6570736575L;
        long v1 = key1 ^ 0x646f72616e646f6dL;
        long v2 = key0 ^ 0x6c7967656e657261L;
        long v3 = key1 ^ 0x7465646279746573L;
        // The three words of the message, then three times nothing.
        for (int round = 0; round < 6; round++) {
            long word = round == 0 ? high : round == 1 ? low : round == 2 ? LENGTH : 0;
            v3 ^= word;
            v0 += v1;
            v2 += v3;
            v1 = Long.rotateLeft(v1, 13) ^ v0;
            v3 = Long.rotateLeft(v3, 16) ^ v2;
            v0 = Long.rotateLeft(v0, 32);
            v2 += v1;
            v0 += v3;
            v1 = Long.rotateLeft(v1, 17) ^ v2;
            v3 = Long.rotateLeft(v3, 21) ^ v0;
            v2 = Long.rotateLeft(v2, 32);
            v0 ^= word;
            v2 ^= round == 2 ? 0xff : 0;
        }
        return v0 ^ v1 ^ v2 ^ v3;
    }
}
