package org.rpcward.proxy.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.ban.Ban;
import org.rpcward.proxy.fixture.FakeClock;
import org.rpcward.proxy.scan.Sighting;

class GuardLogTest {
    private static final int LINES_PER_SECOND = 100;
    private static final String BAN = "\"event\":\"ban\"";
    private static final String UNBAN = "\"event\":\"unban\"";
    private static final String OVER_UDP = "\"transport\":\"udp\"";
    private static final String OVER_TCP = "\"transport\":\"tcp\"";

    private final FakeClock clock = new FakeClock();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final EventLog log = new EventLog(out, clock);
    private final GuardLog guard = new GuardLog(log, clock);

    GuardLogTest() {
        log.start();
    }

    /** Over UDP a source costs nothing. */
    @Test
    void manyScannersOverUdpSilenceNoBanAndNoScannerOverTcp() {
        for (int i = 0; i < 1000; i++) {
            scan(Transport.UDP, i);
        }
        scan(Transport.TCP, 7);
        guard.banned(ban(7));
        guard.unbanned(ban(7), Ban.End.EXPIRED);

        assertThat(lines(OVER_UDP)).hasSize(LINES_PER_SECOND);
        assertThat(lines(OVER_TCP)).singleElement().asString().doesNotContain("suppressed");
        assertThat(lines(BAN)).singleElement().asString().doesNotContain("suppressed");
        assertThat(lines(UNBAN)).hasSize(1);
    }

    @Test
    void manyBansSilenceNoScanner() {
        for (int i = 0; i < 1000; i++) {
            guard.banned(ban(i));
        }
        scan(Transport.UDP, 7);
        scan(Transport.TCP, 7);

        assertThat(lines(BAN)).hasSize(LINES_PER_SECOND);
        assertThat(lines(OVER_UDP)).hasSize(1);
        assertThat(lines(OVER_TCP)).hasSize(1);
    }

    @Test
    void whatWasLeftOutOfAKindIsToldWithTheNextOfThatKind() {
        for (int i = 0; i < LINES_PER_SECOND + 3; i++) {
            scan(Transport.UDP, i);
        }
        clock.pass(Duration.ofSeconds(1));
        guard.banned(ban(7));
        scan(Transport.UDP, 7);
        scan(Transport.UDP, 8);

        assertThat(lines(BAN)).singleElement().asString().doesNotContain("suppressed");
        assertThat(lines("\"suppressed\"")).singleElement().asString().contains(OVER_UDP, "\"suppressed\":3");
    }

    private void scan(Transport transport, int source) {
        guard.scanning(new Sighting(IpAddress.v4(source), transport, 20, 10, 10, List.of()), Sighting.Bound.THROTTLE);
    }

    private Ban ban(int source) {
        AddressPrefix prefix =
                AddressPrefix.parse(IpAddress.v4(source).toString()).orElseThrow();
        return new Ban(
                prefix,
                Ban.Kind.AUTOMATIC,
                "enumeration",
                "",
                Duration.ofMinutes(1),
                clock.instant().plusSeconds(60),
                1,
                0);
    }

    /** To be called once all is told. */
    private List<String> lines(String with) {
        log.stop();
        return out.toString(StandardCharsets.UTF_8)
                .lines()
                .filter(line -> line.contains(with))
                .toList();
    }
}
