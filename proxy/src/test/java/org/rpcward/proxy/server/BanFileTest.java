package org.rpcward.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.proxy.ban.Ban;
import org.rpcward.proxy.ban.BanStore;
import org.rpcward.proxy.ban.BanStore.Kept;
import org.rpcward.proxy.ban.Bans;

class BanFileTest {
    private static final Instant END = Instant.parse("2026-11-05T09:30:00.123456789Z");
    private static final String GOOD = "ban 192.0.2.7/32 automatic " + END + " 240000000000 2 17 enumeration +";
    private static final Kept SOME =
            new Kept(List.of(), List.of(), List.of(new BanStore.Pardon(prefix("192.0.2.7"), END)));

    @TempDir
    Path directory = Path.of("");

    private final List<String> failures = new ArrayList<>();

    private static AddressPrefix prefix(String text) {
        return AddressPrefix.parse(text).orElseThrow();
    }

    private BanFile file() {
        return new BanFile(directory, failures::add);
    }

    private void write(String lines) throws Exception {
        byte[] sum = MessageDigest.getInstance("SHA-256").digest(lines.getBytes(StandardCharsets.US_ASCII));
        Files.writeString(
                directory.resolve("bans"), lines + "sha256 " + HexFormat.of().formatHex(sum) + "\n");
    }

    private void expectDisbelief() {
        assertThat(file().load()).isNull();
        assertThat(failures).singleElement().asString().startsWith(directory + "/bans ");
    }

    @Test
    void readsWhatItWrote() {
        Kept kept = new Kept(
                List.of(
                        new Ban(
                                prefix("192.0.2.7"),
                                Ban.Kind.AUTOMATIC,
                                "enumeration",
                                "61 points, 30 programs",
                                Duration.ofSeconds(240, 1),
                                END,
                                2,
                                17),
                        new Ban(
                                prefix("2001:db8::/32"),
                                Ban.Kind.MANUAL,
                                "a word\nfrom Zoë \u0000%20+ sha256 0",
                                "",
                                Duration.ofDays(365),
                                END,
                                0,
                                0)),
                List.of(new BanStore.Offences(prefix("192.0.2.7"), 2, END)),
                List.of(new BanStore.Pardon(prefix("0.0.0.0/0"), END)));
        file().save(kept);

        assertThat(file().load()).isEqualTo(kept);
        assertThat(failures).isEmpty();
    }

    @Test
    void nothingKeptIsNoFailure() {
        assertThat(file().load()).isNull();
        assertThat(failures).isEmpty();
    }

    @Test
    void theGoodLineOfTheseTestsIsBelieved() throws Exception {
        write("rpcward-bans 1\n" + GOOD + "\n");
        assertThat(file().load()).isNotNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "rpcward-bans 2\n",
                "\n",
                "rpcward-bans 1\nbann 192.0.2.7/32\n",
                "rpcward-bans 1\nban\n",
                "rpcward-bans 1\nban 192.0.2.7/33 manual 2026-11-05T09:30:00Z 1 0 0 + +\n",
                "rpcward-bans 1\nban 192.0.2.7 sometimes 2026-11-05T09:30:00Z 1 0 0 + +\n",
                "rpcward-bans 1\nban 192.0.2.7 manual noon 1 0 0 + +\n",
                "rpcward-bans 1\nban 192.0.2.7 manual 2026-11-05T09:30:00Z 0 0 0 + +\n",
                "rpcward-bans 1\nban 192.0.2.7 manual 2026-11-05T09:30:00Z 99999999999999999 0 0 + +\n",
                "rpcward-bans 1\nban 192.0.2.7 manual 2026-11-05T09:30:00Z 1 0 -1 + +\n",
                "rpcward-bans 1\nban 192.0.2.7 manual 2026-11-05T09:30:00Z 1 0 0 %zz +\n",
                "rpcward-bans 1\nban 192.0.2.7 manual 2026-11-05T09:30:00Z 1 0 0 + + +\n",
                "rpcward-bans 1\noffences 192.0.2.7 0 2026-11-05T09:30:00Z\n",
                "rpcward-bans 1\npardon 192.0.2.7\n",
            })
    void doesNotBelieveWhatItWouldNotWrite(String lines) throws Exception {
        write(lines);
        expectDisbelief();
    }

    @Test
    void doesNotBelieveAFileThatWasCutAnywhere() throws IOException {
        file().save(new Kept(List.of(), List.of(), List.of(new BanStore.Pardon(prefix("192.0.2.7"), END))));
        byte[] whole = Files.readAllBytes(directory.resolve("bans"));
        for (int length = 0; length < whole.length; length++) {
            Files.write(directory.resolve("bans"), java.util.Arrays.copyOf(whole, length));
            failures.clear();
            expectDisbelief();
        }
    }

    @Test
    void tellsThatItCannotWrite() throws IOException {
        Files.createDirectory(directory.resolve("bans.new"));
        BanFile file = file();
        assertThat(file.save(SOME)).isFalse();
        assertThat(failures).singleElement().asString().contains("bans cannot be written: ");

        // Once, as long as that is so.
        assertThat(file.save(SOME)).isFalse();
        assertThat(failures).hasSize(1);
        Files.delete(directory.resolve("bans.new"));
        assertThat(file.save(SOME)).isTrue();
        Files.createDirectory(directory.resolve("bans.new"));
        assertThat(file.save(SOME)).isFalse();
        assertThat(failures).hasSize(2);
    }

    @Test
    @Timeout(value = 10, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void waitsForNobodyWhereAPipeIsInTheWay() throws Exception {
        for (String name : List.of("bans", "bans.new")) {
            Process made = new ProcessBuilder("mkfifo", directory.resolve(name).toString()).start();
            assertThat(made.waitFor()).isZero();
        }
        expectDisbelief();

        file().save(SOME);
        assertThat(file().load()).isEqualTo(SOME);
    }

    @Test
    void nobodyElseReadsWhatItWrote() throws IOException {
        file().save(SOME);

        assertThat(Files.getPosixFilePermissions(directory.resolve("bans")))
                .containsExactlyInAnyOrder(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);
    }

    @Test
    void writesNotWhereALinkLeads() throws IOException {
        Path precious = Files.writeString(directory.resolve("precious"), "as it was");
        Files.createSymbolicLink(directory.resolve("bans.new"), precious);
        Files.createSymbolicLink(directory.resolve("bans"), precious);

        file().save(SOME);
        assertThat(precious).hasContent("as it was");
        assertThat(file().load()).isEqualTo(SOME);
    }

    /** A reason of 200 characters that take nine each. */
    @Test
    void readsAsMuchAsCanBeWritten() {
        List<Ban> bans = new ArrayList<>();
        for (int i = 0; i < Bans.MAX_MANUAL; i++) {
            IpAddress source = new IpAddress(0x2001_0db8_ffff_ffffL, i);
            bans.add(new Ban(
                    new AddressPrefix(source, 128),
                    Ban.Kind.MANUAL,
                    "\u20ac".repeat(200),
                    "",
                    Duration.ofDays(365),
                    END,
                    0,
                    Long.MAX_VALUE));
        }
        Kept kept = new Kept(bans, List.of(), List.of());
        file().save(kept);

        assertThat(file().load()).isEqualTo(kept);
    }
}
