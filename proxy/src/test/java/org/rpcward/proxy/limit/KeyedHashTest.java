package org.rpcward.proxy.limit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeyedHashTest {
    /** As CPython 3.11 hashes sixteen bytes, with its key set to zeros (PYTHONHASHSEED=0). */
    @ParameterizedTest
    @CsvSource({
        "0, 0, 76be999e3e25b2a0",
        "1, 2, fb058313e6201d48",
        "20010db800000000, 1, a9a8cd2c1161987a",
        "0, ffffc6336407, 617a89f70736e2db"
    })
    void isSipHash13(String high, String low, String hash) {
        long of = new KeyedHash(0, 0).of(Long.parseUnsignedLong(high, 16), Long.parseUnsignedLong(low, 16));
        assertThat(Long.toHexString(of)).isEqualTo(hash);
    }
}
