package org.rpcward.proxy.ban;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.proxy.ban.BanTable.Entry;

class BanTableTest {
    private final Random random = new Random(7);
    private final BanTable table = new BanTable(11);

    private static Entry entry(AddressPrefix prefix) {
        return new Entry(prefix, Ban.Kind.MANUAL, "", "", 1, 1, 0);
    }

    /** Addresses of few enough networks that prefixes meet. */
    private IpAddress address() {
        return random.nextBoolean()
                ? IpAddress.v4(0x0a000000 | random.nextInt(1 << 12) << random.nextInt(12))
                : new IpAddress(0x20010db8L << 32 | random.nextInt(64), random.nextInt(1 << 12));
    }

    private AddressPrefix prefix() {
        IpAddress address = address();
        int bits = address.bits();
        return new AddressPrefix(address, random.nextInt(4) == 0 ? random.nextInt(bits + 1) : bits - random.nextInt(9));
    }

    @Test
    void findsWhatASearchThroughAllPrefixesFinds() {
        Map<AddressPrefix, Entry> model = new HashMap<>();
        for (int step = 0; step < 20_000; step++) {
            AddressPrefix prefix = prefix();
            if (random.nextInt(3) > 0) {
                Entry entry = entry(prefix);
                model.put(prefix, entry);
                table.put(entry);
            } else {
                List<AddressPrefix> there = new ArrayList<>(model.keySet());
                AddressPrefix gone = there.isEmpty() ? prefix : there.get(random.nextInt(there.size()));
                model.remove(gone);
                table.remove(gone);
            }
            if (model.size() > 300) {
                model.keySet().forEach(table::remove);
                model.clear();
            }
            assertThat(table.size()).isEqualTo(model.size());
            IpAddress source = address();
            Entry expected = null;
            for (Entry entry : model.values()) {
                if (entry.prefix.contains(source)
                        && (expected == null || entry.prefix.length() > expected.prefix.length())) {
                    expected = entry;
                }
            }
            assertThat(table.find(source, 0)).isSameAs(expected);
        }
    }

    @Test
    void whatStaysIsFoundAtEveryMomentWhileOthersComeAndGo() throws InterruptedException {
        AddressPrefix staying = AddressPrefix.parse("192.0.2.0/24").orElseThrow();
        IpAddress source = IpAddress.parse("192.0.2.77").orElseThrow();
        table.put(entry(staying));
        AtomicBoolean over = new AtomicBoolean();
        List<Thread> writers = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            int seed = i;
            Thread writer = new Thread(() -> {
                Random own = new Random(seed);
                while (!over.get()) {
                    AddressPrefix other = new AddressPrefix(IpAddress.v4(own.nextInt(200)), 32 - own.nextInt(8));
                    if (own.nextBoolean()) {
                        table.put(entry(other));
                    } else {
                        table.remove(other);
                    }
                }
            });
            writers.add(writer);
            writer.start();
        }
        int missed = 0;
        for (int i = 0; i < 300_000; i++) {
            missed += table.find(source, 0) == null ? 1 : 0;
        }
        over.set(true);
        for (Thread writer : writers) {
            writer.join();
        }
        assertThat(missed).isZero();
    }
}
