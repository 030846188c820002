package org.rpcward.policy.yaml;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.rpcward.policy.AdminPolicy;

class AdminReaderTest {
    private static final String RULES = """
            rules:
              - name: lan looks up
                from: 10.1.0.0/24
                call: lookup
                then: allow
            """;

    private static AdminPolicy admin(String text) {
        return TestFiles.policy(TestFiles.FRAME + RULES + text).admin();
    }

    @Test
    void withoutTheKeyOnlyTheServiceManagerSaysWhere() {
        assertThat(admin("")).isEqualTo(new AdminPolicy(null, AdminPolicy.SOCKET_BY_DEFAULT));
        assertThat(admin("admin: {}")).isEqualTo(AdminPolicy.DEFAULT);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "127.0.0.1:9111   | 127.0.0.1:9111",
                "127.0.0.1        | 127.0.0.1:9111",
                "\"[::1]:80\"      | [::1]:80",
                "\"::1\"           | [::1]:9111",
                "10.1.5.7:65535   | 10.1.5.7:65535",
            })
    void theAddressMayHaveAPort(String written, String meant) {
        assertThat(admin("admin: { http: " + written + " }").http()).hasToString(meant);
    }

    @Test
    void theSocketHasAPathOrIsOff() {
        assertThat(admin("admin: { socket: /run/x/admin.sock }").socket()).isEqualTo("/run/x/admin.sock");
        assertThat(admin("admin: { socket: off }").socket()).isEqualTo(AdminPolicy.SOCKET_OFF);
    }

    @Test
    void thePathMayBeAsLongAsTheKernelTakesAndNoLonger() {
        String longest = "/" + "x".repeat(AdminPolicy.LONGEST_SOCKET - 1);
        assertThat(admin("admin: { socket: " + longest + " }").socket()).isEqualTo(longest);
        assertThat(TestFiles.report(TestFiles.FRAME + RULES + "admin: { socket: " + longest + "x }"))
                .contains("error[E170]");
    }
}
