package org.rpcward.proxy.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.proxy.backend.BackendResult;
import org.rpcward.proxy.backend.Deviation;
import org.rpcward.proxy.backend.RegistryChange;
import org.rpcward.proxy.fixture.FakeClock;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;

class BackendLogTest {
    private static final int NFS = 100_003;

    private final FakeClock clock = new FakeClock();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final EventLog log = new EventLog(out, clock);
    private final BackendCounts counts = new BackendCounts(clock);
    private final BackendLog backends = new BackendLog(log, counts, (where, mistake) -> {});

    @Test
    void backendsAreToldWhenTheyComeAndGo() {
        backends.up("legacy", "127.0.0.1:111");
        backends.down("legacy", "127.0.0.1:111", BackendResult.Status.TIMEOUT);

        assertThat(lines())
                .satisfiesExactly(
                        line -> assertThat(line)
                                .endsWith("\"event\":\"backend\",\"backend\":\"legacy\",\"endpoint\":\"127.0.0.1:111\","
                                        + "\"state\":\"up\"}"),
                        line -> assertThat(line).endsWith("\"state\":\"down\",\"reason\":\"timeout\"}"));
    }

    @Test
    void changesOfARegistryAreToldUpToABound() {
        List<RegistryChange> changes = new ArrayList<>();
        Mapping row = new Mapping(NFS, 3, "tcp", Netid.TCP, IpAddress.v4(0), 2049, "root");
        changes.add(new RegistryChange(RegistryChange.Kind.MOVED, row, row.withPort(2050)));
        for (int i = 0; i < 149; i++) {
            changes.add(new RegistryChange(RegistryChange.Kind.APPEARED, null, row.withPort(3000 + i)));
        }
        backends.changed("legacy", changes);

        List<String> lines = lines();
        assertThat(lines).hasSize(101);
        assertThat(lines.get(0))
                .endsWith(
                        "\"event\":\"registry\",\"backend\":\"legacy\",\"program\":{\"name\":\"nfs\",\"number\":100003},"
                                + "\"version\":3,\"netid\":\"tcp\",\"address\":\"0.0.0.0.8.2\",\"owner\":\"root\","
                                + "\"change\":\"moved\",\"was\":\"0.0.0.0.8.1 root\"}");
        assertThat(lines.get(100)).endsWith("\"event\":\"registry\",\"backend\":\"legacy\",\"suppressed\":50}");
    }

    @Test
    void expectationsAreToldWhenTheyAreNotMetAndWhenTheyAre() {
        BackendPolicy.Expectation expected =
                new BackendPolicy.Expectation(new BackendPolicy.Row(NFS, 3, "tcp", 2049), true);
        Deviation missing = new Deviation(expected, null);
        Deviation moved = new Deviation(expected, Mapping.anywhere(NFS, 3, Netid.TCP, 2050));
        backends.deviates("legacy", List.of(missing), List.of());
        backends.deviates("legacy", List.of(moved), List.of(missing));

        assertThat(lines())
                .satisfiesExactly(
                        line -> assertThat(line)
                                .contains("\"state\":\"missing\"")
                                .endsWith("\"port\":2049,\"served\":true}"),
                        line -> assertThat(line).contains("\"state\":\"settled\""),
                        line -> assertThat(line)
                                .contains("\"state\":\"moved\"")
                                .endsWith("\"port\":2049,\"found\":2050,\"served\":true}"));
    }

    private List<String> lines() {
        log.start();
        log.stop();
        return out.toString(StandardCharsets.UTF_8).lines().toList();
    }
}
