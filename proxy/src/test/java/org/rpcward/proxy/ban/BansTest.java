package org.rpcward.proxy.ban;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.rpcward.policy.BanPolicy;
import org.rpcward.policy.net.AddressPrefix;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.proxy.fixture.FakeClock;

class BansTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final Duration INSTANT = Duration.ofNanos(1);
    private static final String SCANNER = "203.0.113.9";
    private static final String OWN = "192.0.2.1";
    private static final BanPolicy POLICY = new BanPolicy(set("10.0.0.0/8"), MINUTE, 4, Duration.ofHours(24));

    private final FakeClock clock = new FakeClock();
    private final List<String> events = new ArrayList<>();
    private final Bans bans = bans(1);

    private Bans bans(int seed) {
        return new Bans(clock, clock, new Random(seed), address -> address.equals(address(OWN)), new BanObserver() {
            @Override
            public void banned(Ban ban) {
                events.add("ban " + ban.prefix() + " " + ban.kind().word() + " " + ban.offence());
            }

            @Override
            public void pardoned(AddressPrefix prefix) {
                events.add("pardon " + prefix);
            }

            @Override
            public void unbanned(Ban ban, Ban.End end) {
                events.add("unban " + ban.prefix() + " " + end.word());
            }
        });
    }

    private static IpAddress address(String text) {
        return IpAddress.parse(text).orElseThrow();
    }

    private static AddressPrefix prefix(String text) {
        return AddressPrefix.parse(text).orElseThrow();
    }

    private static AddressSet set(String... prefixes) {
        List<AddressPrefix> all = new ArrayList<>();
        for (String text : prefixes) {
            all.add(prefix(text));
        }
        return AddressSet.of(all);
    }

    private boolean isBanned(String source) {
        return bans.covers(address(source));
    }

    private Ban ban(String prefix, Duration length) {
        try {
            return bans.ban(prefix(prefix), length, "because", false);
        } catch (BanRefusedException e) {
            throw new AssertionError(e);
        }
    }

    private @Nullable Ban offend(String source) {
        return bans.offended(address(source), "61 points", POLICY);
    }

    private Duration offendAndServe(String source) {
        Ban ban = Objects.requireNonNull(offend(source));
        clock.pass(ban.length());
        return ban.length();
    }

    @Test
    void aBanHoldsFromTheNextCallToItsLastInstant() {
        ban("198.51.100.0/24", MINUTE);
        ban("2001:db8:b::/48", MINUTE);

        assertThat(isBanned("198.51.100.0")).isTrue();
        assertThat(isBanned("198.51.100.255")).isTrue();
        assertThat(isBanned("198.51.101.0")).isFalse();
        assertThat(isBanned("2001:db8:b:ffff::1")).isTrue();
        assertThat(isBanned("2001:db8:c::1")).isFalse();
        assertThat(isBanned("::ffff:198.51.100.7")).isTrue();

        clock.pass(MINUTE.minus(INSTANT));
        assertThat(isBanned("198.51.100.0")).isTrue();
        clock.pass(INSTANT);
        assertThat(isBanned("198.51.100.0")).isFalse();
        assertThat(bans.list()).isEmpty();
        assertThat(bans.active(Ban.Kind.MANUAL)).isEqualTo(2);
        bans.tick();
        assertThat(bans.active(Ban.Kind.MANUAL)).isZero();
        assertThat(events)
                .containsExactly(
                        "ban 198.51.100.0/24 manual 0",
                        "ban 2001:db8:b::/48 manual 0",
                        "unban 198.51.100.0/24 expired",
                        "unban 2001:db8:b::/48 expired");
    }

    @Test
    void aNarrowBanThatHasEndedDoesNotHideAWiderOne() {
        ban("198.51.100.0/24", MINUTE.multipliedBy(2));
        ban("198.51.100.7/32", MINUTE);
        clock.pass(MINUTE);

        assertThat(isBanned("198.51.100.7")).isTrue();
    }

    @Test
    void theWholeOfAFamilyIsOneAndNotTheOther() throws BanRefusedException {
        bans.ban(prefix("0.0.0.0/0"), MINUTE, "", true);

        assertThat(isBanned("127.0.0.1")).isTrue();
        assertThat(isBanned("::1")).isFalse();
        bans.unban(prefix("0.0.0.0/0"));
        bans.ban(prefix("::/0"), MINUTE, "", true);
        assertThat(isBanned("127.0.0.1")).isFalse();
        assertThat(isBanned("::1")).isTrue();
    }

    @Test
    void whatAnAdministratorMustHaveMistypedIsRefused() {
        assertThatThrownBy(() -> bans.ban(prefix("8.0.0.0/7"), MINUTE, "", false))
                .hasMessageContaining("wider than /8");
        assertThatThrownBy(() -> bans.ban(prefix("2000::/15"), MINUTE, "", false))
                .hasMessageContaining("wider than /16");
        assertThatThrownBy(() -> bans.ban(prefix("1.2.3.4"), Duration.ofMillis(999), "", false))
                .hasMessage("a ban lasts from 1s to 365d");
        assertThatThrownBy(() -> bans.ban(prefix("1.2.3.4"), Duration.ofDays(366), "", false))
                .hasMessage("a ban lasts from 1s to 365d");
        assertThat(bans.list()).isEmpty();
    }

    @Test
    void aBanByHandTakesThePlaceOfTheOneThatIsThere() {
        offend(SCANNER);
        ban(SCANNER, Duration.ofDays(1));

        assertThat(bans.list()).singleElement().satisfies(b -> {
            assertThat(b.kind()).isEqualTo(Ban.Kind.MANUAL);
            assertThat(b.until()).isEqualTo(clock.instant().plus(Duration.ofDays(1)));
        });
        assertThat(bans.active(Ban.Kind.AUTOMATIC)).isZero();
        clock.pass(Duration.ofHours(1));
        bans.tick();
        assertThat(isBanned(SCANNER)).isTrue();
        assertThat(events).hasSize(2);
    }

    @Test
    void theLadderRisesByTheFactorUpToTheLongest() {
        double wanted = 60;
        for (int offence = 1; offence <= 8; offence++) {
            assertThat(offendAndServe(SCANNER).toNanos() / 1e9)
                    .as("offence " + offence)
                    .isBetween(0.9 * wanted, Math.min(1.1 * wanted, 86_400));
            wanted = Math.min(4 * wanted, 86_400);
        }
    }

    @Test
    void lengthsVaryAroundTheLadder() {
        long shorter = 0;
        for (int i = 0; i < 1000; i++) {
            Ban ban = offend("203.0.113." + (i % 250 + 1));
            if (ban != null && ban.length().compareTo(MINUTE) < 0) {
                shorter++;
            }
            bans.unban(prefix("203.0.113.0/24"));
            clock.pass(Bans.PARDON);
        }
        assertThat(shorter).isBetween(400L, 600L);
    }

    @Test
    void whoKeepsQuietForAsLongAsTheLongestBanBeginsAnew() {
        offendAndServe(SCANNER);
        offendAndServe(SCANNER);
        clock.pass(Duration.ofHours(24).minus(MINUTE));
        assertThat(offendAndServe(SCANNER)).isBetween(MINUTE.multipliedBy(14), MINUTE.multipliedBy(18));
        clock.pass(Duration.ofHours(24));
        assertThat(offendAndServe(SCANNER)).isBetween(Duration.ofSeconds(54), Duration.ofSeconds(66));
    }

    @Test
    void someAreNeverBannedOfThemselves() {
        for (String spared : List.of("10.1.2.3", OWN)) {
            assertThat(offend(spared)).as(spared).isNull();
            assertThat(isBanned(spared)).as(spared).isFalse();
            ban(spared, MINUTE);
            assertThat(isBanned(spared)).as(spared).isTrue();
        }
    }

    @Test
    void whoIsBannedAlreadyIsNotBannedAgain() {
        ban("203.0.113.0/24", MINUTE);

        assertThat(offend(SCANNER)).isNull();
        assertThat(bans.list()).hasSize(1);
    }

    @Test
    void liftingEndsTheBanItselfAndAutomaticOnesInsideAndTellsWhatStays() throws BanRefusedException {
        bans.ban(prefix("203.0.0.0/16"), MINUTE, "", false);
        bans.ban(prefix("203.0.113.0/24"), MINUTE.multipliedBy(2), "", false);
        bans.ban(prefix("203.0.113.7/32"), MINUTE.multipliedBy(3), "", false);
        bans.unban(prefix("203.0.0.0/16"));
        clock.pass(Bans.PARDON);
        assertThat(offend("203.0.113.9")).isNotNull();
        assertThat(offend("203.0.114.9")).isNotNull();
        bans.ban(prefix("203.0.0.0/16"), MINUTE, "", false);
        bans.ban(prefix("203.0.113.0/24"), MINUTE.multipliedBy(2), "", false);
        bans.ban(prefix("203.0.113.7/32"), MINUTE.multipliedBy(3), "", false);

        Bans.Unbanned done = bans.unban(prefix("203.0.113.0/24"));

        assertThat(done.lifted())
                .extracting(b -> b.prefix().toString())
                .containsExactlyInAnyOrder("203.0.113.0/24", "203.0.113.9/32");
        assertThat(done.staying())
                .extracting(b -> b.prefix().toString())
                .containsExactly("203.0.0.0/16", "203.0.113.7/32");
        assertThat(isBanned("203.0.113.9")).isTrue();
        assertThat(bans.unban(prefix("203.0.0.0/16")).lifted()).hasSize(2);
        assertThat(isBanned("203.0.113.9")).isFalse();
        assertThat(isBanned("203.0.113.7")).isTrue();
    }

    @Test
    void whoWasUnbannedIsNotBannedAgainForAWhileAndBeginsAtTheFootOfTheLadder() {
        offendAndServe(SCANNER);
        offend(SCANNER);
        bans.unban(prefix("203.0.113.0/24"));

        assertThat(isBanned(SCANNER)).isFalse();
        clock.pass(Bans.PARDON.minus(INSTANT));
        assertThat(offend(SCANNER)).isNull();
        assertThat(offend("203.0.114.9")).isNotNull();
        clock.pass(INSTANT);
        Ban again = Objects.requireNonNull(offend(SCANNER));
        assertThat(again.offence()).isEqualTo(1);
    }

    @Test
    void aPolicyThatNeverBansASourceLiftsItsAutomaticBanOnly() {
        offend(SCANNER);
        offend("203.0.113.10");
        ban("203.0.113.0/28", MINUTE);

        bans.spare(set(SCANNER + "/32", "203.0.113.0/28"));

        assertThat(bans.list()).extracting(b -> b.prefix().toString()).containsExactly("203.0.113.0/28");
        assertThat(events).contains("unban 203.0.113.9/32 never", "unban 203.0.113.10/32 never");
    }

    @Test
    void beyondTheCapacityTheBanThatEndsFirstGoes() {
        for (int i = 0; i < Bans.MAX_AUTOMATIC; i++) {
            assertThat(bans.offended(IpAddress.v4(0x01000000 + i), "", POLICY)).isNotNull();
        }
        Ban first = bans.list().get(0);
        assertThat(bans.offended(IpAddress.v4(0x02000000), "", POLICY)).isNotNull();

        assertThat(bans.active(Ban.Kind.AUTOMATIC)).isEqualTo(Bans.MAX_AUTOMATIC);
        assertThat(bans.evicted()).isEqualTo(1);
        assertThat(bans.covers(first.prefix().first())).isFalse();
        assertThat(bans.covers(IpAddress.v4(0x02000000))).isTrue();
        assertThat(events).endsWith("unban " + first.prefix() + " full", "ban 2.0.0.0/32 automatic 1");
    }

    @Test
    void beyondTheirCapacityBansByHandAreRefused() {
        for (int i = 0; i < Bans.MAX_MANUAL; i++) {
            ban(IpAddress.v4(0x01000000 + i) + "/32", MINUTE);
        }
        assertThatThrownBy(() -> bans.ban(prefix("9.9.9.9"), MINUTE, "", false))
                .isInstanceOf(BanRefusedException.class);
        ban(IpAddress.v4(0x01000000) + "/32", MINUTE);
        clock.pass(MINUTE);
        ban("9.9.9.9", MINUTE);
    }

    @Test
    void whatIsKeptOverARestartIsThere() {
        offendAndServe(SCANNER);
        offend(SCANNER);
        ban("198.51.100.0/24", Duration.ofDays(1));
        bans.unban(prefix("192.0.2.0/24"));
        isBanned(SCANNER);
        List<Ban> before = bans.list();
        BanStore.Kept kept = Objects.requireNonNull(bans.changes());
        assertThat(bans.changes()).isNull();

        Bans after = bans(2);
        after.restore(kept);

        assertThat(after.list()).isEqualTo(before);
        assertThat(after.covers(address(SCANNER))).isTrue();
        assertThat(after.offended(address("192.0.2.9"), "", POLICY)).isNull();
        clock.pass(Duration.ofMinutes(5));
        Ban third = Objects.requireNonNull(after.offended(address(SCANNER), "", POLICY));
        assertThat(third.offence()).isEqualTo(3);
    }

    @Test
    void aClockSetBackMakesNoBanLonger() {
        Instant nextYear = clock.instant().plus(Duration.ofDays(365));
        Ban kept = new Ban(prefix(SCANNER), Ban.Kind.AUTOMATIC, "enumeration", "", MINUTE, nextYear, 1, 0);
        bans.restore(new BanStore.Kept(List.of(kept), List.of(), List.of()));

        assertThat(isBanned(SCANNER)).isTrue();
        clock.pass(MINUTE);
        assertThat(isBanned(SCANNER)).isFalse();
    }

    @Test
    void callsAreCountedWithTheBanThatTheyMet() {
        ban("198.51.100.0/24", MINUTE);
        isBanned("198.51.100.7");
        isBanned("198.51.100.8");
        isBanned("198.51.101.8");

        assertThat(bans.list())
                .singleElement()
                .satisfies(b -> assertThat(b.hits()).isEqualTo(2));
    }
}
