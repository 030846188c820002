package org.rpcward.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rpcward.proxy.ban.BanStore;
import org.rpcward.proxy.fixture.FakeClock;
import org.rpcward.proxy.observe.EventLog;

class RunLogTest {
    @TempDir
    private Path directory;

    private final ByteArrayOutputStream logged = new ByteArrayOutputStream();
    private final AtomicInteger failures = new AtomicInteger();
    private final EventLog log = new EventLog(logged, new FakeClock());
    private final RunLog runLog = new RunLog(log, failures::incrementAndGet);

    private String logged() {
        log.start();
        log.stop();
        return logged.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aStateThatCannotBeReadIsToldAndCounted() throws Exception {
        Files.createDirectory(directory.resolve("bans"));
        try (StateDirectory state = new StateDirectory(directory.toString(), runLog::state)) {
            BanStore.Kept kept = state.bans().load();

            assertThat(kept).isNull();
        }
        assertThat(failures).hasValue(1);
        assertThat(logged()).contains("\"event\":\"state\"").contains("bans");
    }

    @Test
    void whatIsNoFailureIsNotCounted() {
        runLog.ordered("drain", "");
        runLog.kernel("no lanes");

        assertThat(failures).hasValue(0);
        assertThat(logged()).contains("\"event\":\"control\"", "\"event\":\"kernel\"");
    }
}
