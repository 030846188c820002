package org.rpcward.policy.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgramsTest {
    @ParameterizedTest
    @CsvSource({
        "nfs, 100003",
        "mountd, 100005",
        "mount, 100005",
        "nlockmgr, 100021",
        "status, 100024",
        "statd, 100024",
        "portmapper, 100000",
        "rpcbind, 100000",
        "sunrpc, 100000",
        "ypserv, 100004",
        "ypbind, 100007",
        "rquotad, 100011",
        "nfs_acl, 100227",
        "vxi11_core, 395183",
        "VXI11_Core, 395183",
        "bwnfsd, 788585389",
        "snmpXdmid, 100249",
    })
    void findsProgramsByNameAndAlias(String name, int number) {
        assertThat(Programs.byName(name)).map(Programs.Entry::number).contains(number);
        Programs.Entry entry = Programs.byNumber(number);
        assertThat(entry).isNotNull().isEqualTo(Programs.byName(name).orElseThrow());
    }

    @Test
    void knowsNoOthers() {
        assertThat(Programs.byName("nfs3")).isEmpty();
        assertThat(Programs.byName("")).isEmpty();
        assertThat(Programs.byNumber(0)).isNull();
        assertThat(Programs.byNumber(-1)).isNull();
    }

    @Test
    void isInOrderAndComplete() {
        assertThat(Programs.all()).hasSizeGreaterThan(120);
        assertThat(Programs.all())
                .isSortedAccordingTo((a, b) -> Integer.compareUnsigned(a.number(), b.number()))
                .allSatisfy(e -> {
                    assertThat(e.name()).matches("[A-Za-z0-9_.-]+");
                    assertThat(e.aliases()).allSatisfy(a -> assertThat(a).matches("[A-Za-z0-9_.-]+"));
                    assertThat(e.versions()).matches("[0-9]+([-,][0-9]+)*");
                    assertThat(e.danger()).isBetween(0, 5);
                    assertThat(e.story()).isNotBlank().hasSizeLessThan(80).doesNotEndWith(".");
                });
    }

    @Test
    void dangerousProgramsAreThoseNobodyShouldBeShown() {
        for (String name : new String[] {"rexd", "sadmind", "ttdbserverd", "cmsd", "sprayd", "nsrexec", "pcnfsd"}) {
            assertThat(Programs.dangerous()
                            .contains(Programs.byName(name).orElseThrow().number(), 1))
                    .as(name)
                    .isTrue();
        }
        for (String name :
                new String[] {"nfs", "mountd", "status", "nlockmgr", "ypserv", "ypxfrd", "vxi11_core", "portmapper"}) {
            assertThat(Programs.dangerous()
                            .contains(Programs.byName(name).orElseThrow().number(), 1))
                    .as(name)
                    .isFalse();
        }
    }

    @Test
    void describesNumbersByNameOrRange() {
        assertThat(Programs.describe(100_003)).isEqualTo("nfs (100003)");
        assertThat(Programs.describe(99)).isEqualTo("99 (assigned, not in the table)");
        assertThat(Programs.describe(0x2000_0042)).isEqualTo("536870978 (site-defined)");
        assertThat(Programs.describe(0x3fff_ffff)).isEqualTo("1073741823 (site-defined)");
        assertThat(Programs.describe(0x4000_0000)).isEqualTo("1073741824 (transient)");
        assertThat(Programs.describe(0x5fff_ffff)).isEqualTo("1610612735 (transient)");
        assertThat(Programs.describe(0x6000_0000)).isEqualTo("1610612736 (reserved)");
        assertThat(Programs.describe(-1)).isEqualTo("4294967295 (reserved)");
    }
}
