package org.rpcward.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 1, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PolicyFileTest {
    private static final String POLICY = """
            version: 1
            listeners: { lan: { bind: 192.0.2.1 } }
            backends: { legacy: { address: 127.0.0.1 } }
            groups: { lan: { file: %s } }
            rules: [{ name: a, from: lan, then: hide }]
            """;

    @TempDir
    private Path directory;

    private Path pipe() throws Exception {
        Path pipe = directory.resolve("pipe");
        Process made = new ProcessBuilder("mkfifo", pipe.toString()).start();
        assertThat(made.waitFor()).isZero();
        return pipe;
    }

    @Test
    void doesNotWaitForAPipe() throws Exception {
        Path pipe = pipe();
        assertThat(PolicyFile.load(pipe.toString()).failure()).isEqualTo(pipe + ": not a regular file");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/dev/null", "/dev/zero"})
    void readsNoDevice(String device) {
        assertThat(PolicyFile.load(device).failure()).isEqualTo(device + ": not a regular file");
    }

    @Test
    void readsNoPipeAsAGroup() throws Exception {
        Path policy = directory.resolve("policy.yaml");
        Files.writeString(policy, String.format(POLICY, pipe().getFileName()));
        assertThat(Objects.requireNonNull(PolicyFile.load(policy.toString()).result())
                        .problems())
                .singleElement()
                .satisfies(p -> assertThat(p.render()).contains("error[E134]", "'pipe': not a regular file"));
    }

    @Test
    void readsWhatALinkPointsTo() throws Exception {
        Path policy = directory.resolve("policy.yaml");
        Files.writeString(directory.resolve("lan.txt"), "10.0.0.0/8\n");
        Files.writeString(policy, String.format(POLICY, "lan.txt"));
        Path link = Files.createSymbolicLink(directory.resolve("link.yaml"), policy);
        assertThat(Objects.requireNonNull(PolicyFile.load(link.toString()).result())
                        .policy())
                .isNotNull();
    }

    @Test
    void tellsThatADirectoryIsOne() {
        assertThat(PolicyFile.load(directory.toString()).failure()).isEqualTo(directory + ": is a directory");
    }
}
