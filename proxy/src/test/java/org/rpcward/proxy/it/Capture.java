package org.rpcward.proxy.it;

import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** tcpdump on an interface of a host. */
final class Capture implements AutoCloseable {
    /** A packet on a wire has 1,500 bytes at most; between two hosts of the lab, TCP may save itself the cutting. */
    private static final int LONGEST_PACKET = 1 << 17;

    private final Path file;
    private final Running tcpdump;

    /** Keeps packets whole. */
    Capture(Host host, String device, String filter) {
        this(host, device, filter, LONGEST_PACKET);
    }

    /** @param longest bytes of a packet that are kept; the longer, the fewer packets have room in the kernel's buffer */
    Capture(Host host, String device, String filter, int longest) {
        file = host.directory().resolve("capture-" + device + ".pcap");
        tcpdump = host.start(List.of(
                Programs.path("tcpdump"),
                "--immediate-mode",
                "--buffer-size=65536",
                "--snapshot-length=" + longest,
                "--relinquish-privileges=root",
                "--interface=" + device,
                "-w",
                file.toString(),
                filter));
        await().alias("tcpdump listens")
                .atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(10))
                .until(() -> tcpdump.diagnostics().contains("listening on"));
    }

    /** Ends the capture, and reads all of it. */
    List<Pcap.Packet> packets() {
        tcpdump.close();
        if (!tcpdump.diagnostics().contains("0 packets dropped by kernel") || !Files.exists(file)) {
            throw new AssertionError("the capture has gaps: " + tcpdump.diagnostics());
        }
        return Pcap.read(file);
    }

    @Override
    public void close() {
        tcpdump.close();
    }
}
