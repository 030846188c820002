package org.rpcward.proxy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher of the built distribution, with this JVM and with pretended ones that print their arguments. */
class LauncherIT {
    private static final Path DISTRIBUTION = Path.of(System.getProperty("rpcward.distribution"));
    private static final Path LAUNCHER = DISTRIBUTION.resolve("bin").resolve("rpcward");
    private static final String NO_OPTIONS = "";

    @TempDir
    Path directory;

    /** JUnit warns of links that lead out of its directory. */
    @AfterEach
    void removeLinks() throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            for (Path link : entries.filter(Files::isSymbolicLink).toList()) {
                Files.delete(link);
            }
        }
    }

    @Test
    void startsThroughASymbolicLinkAndWarnsOfNothing() throws Exception {
        Path link = Files.createSymbolicLink(directory.resolve("linked"), LAUNCHER);
        Path relative = Files.createSymbolicLink(directory.resolve("again"), Path.of("linked"));

        Outcome outcome = launch(relative, Map.of("JAVA_HOME", System.getProperty("java.home")), "--version");

        assertThat(Files.isSymbolicLink(link)).isTrue();
        assertThat(outcome.diagnostics()).isEmpty();
        assertThat(outcome.output()).startsWith("rpcward ");
        assertThat(outcome.status()).isZero();
    }

    @Test
    void saysThatJavaHomeHoldsNoJava() throws Exception {
        Outcome outcome = launch(LAUNCHER, Map.of("JAVA_HOME", directory.toString()), "--version");

        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.diagnostics())
                .isEqualTo("rpcward: JAVA_HOME is " + directory + ", but there is no bin/java in it\n");
    }

    @Test
    void saysThatThereIsNoJavaOnPath() throws Exception {
        for (String tool : List.of("dirname", "readlink", "sed", "head")) {
            Files.createSymbolicLink(directory.resolve(tool), Path.of("/usr/bin", tool));
        }

        Outcome outcome = launch(LAUNCHER, Map.of("PATH", directory.toString()), "--version");

        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.diagnostics())
                .isEqualTo("rpcward: no java on PATH: install Java 17 or newer, or set JAVA_HOME\n");
    }

    @Test
    void refusesAnOldJava() throws Exception {
        Outcome outcome =
                launch(LAUNCHER, Map.of("JAVA_HOME", pretendJava("11.0.27").toString()), "--version");

        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.diagnostics()).endsWith("/bin/java is Java 11.0.27, and Java 17 or newer is needed\n");
    }

    @Test
    void asksTheJvmForItsVersionWhereNoFileTells() throws Exception {
        Path home = pretendJava("1.8.0_452");
        Files.delete(home.resolve("release"));

        Outcome outcome = launch(LAUNCHER, Map.of("JAVA_HOME", home.toString()), "--version");

        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.diagnostics()).endsWith("/bin/java is Java 1.8.0_452, and Java 17 or newer is needed\n");
    }

    @Test
    void passesArgumentsOnAsTheyAre() throws Exception {
        List<String> arguments = arguments("17.0.15", NO_OPTIONS, "explain", "two words", "*", "");

        assertThat(arguments).endsWith("explain", "two words", "*", "");
    }

    @Test
    void letsTheServerCompileFully() throws Exception {
        assertThat(arguments("17.0.15", NO_OPTIONS, "run", "--policy", "p.yaml"))
                .contains("-Xmx192m", "-XX:+UseSerialGC", "-XX:+CrashOnOutOfMemoryError")
                .doesNotContain("-XX:TieredStopAtLevel=1");
        assertThat(arguments("17.0.15", NO_OPTIONS, "check", "run")).contains("-XX:TieredStopAtLevel=1");
        assertThat(arguments("17.0.15", NO_OPTIONS)).contains("-XX:TieredStopAtLevel=1");
    }

    /** Netty logs a warning on a host without network cards, and the log of rpcward took it for a failure. */
    @Test
    void asksForNoHardwareAddress() throws Exception {
        assertThat(arguments("17.0.15", NO_OPTIONS, "run")).anyMatch(a -> a.startsWith("-Dio.netty.machineId="));
    }

    @Test
    void letsOptionsOfTheEnvironmentWin() throws Exception {
        List<String> arguments = arguments("17.0.15", "-Xmx64m  -Dpattern=*", "run");

        assertThat(arguments.indexOf("-Xmx64m")).isGreaterThan(arguments.indexOf("-Xmx192m"));
        assertThat(arguments).contains("-Dpattern=*");
    }

    @Test
    void beginsWithASmallHeapUnlessItsSizeIsChosen() throws Exception {
        assertThat(arguments("17.0.15", NO_OPTIONS, "run")).contains("-Xms64m");
        assertThat(arguments("17.0.15", "-Dpattern=-Xmx", "run")).contains("-Xms64m");
        assertThat(arguments("17.0.15", "-Xmx48m", "run")).doesNotContain("-Xms64m");
        assertThat(arguments("17.0.15", "-Da=b\t-Xmx48m", "run")).doesNotContain("-Xms64m");
        assertThat(arguments("17.0.15", "-Da=b -XX:MaxHeapSize=48m", "run")).doesNotContain("-Xms64m");
    }

    @Test
    void allowsMemoryAccessOnlyWhereTheOptionExists() throws Exception {
        String option = "--sun-misc-unsafe-memory-access=allow";

        assertThat(arguments("17.0.15", NO_OPTIONS, "run")).doesNotContain(option);
        assertThat(arguments("21.0.8", NO_OPTIONS, "run")).doesNotContain(option);
        assertThat(arguments("25", NO_OPTIONS, "run")).contains(option);
    }

    @Test
    void takesAnArchiveByTheVersionOfJava() throws Exception {
        Path archive = Files.write(directory.resolve("archive"), new byte[] {1});
        Map<String, String> environment = Map.of("RPCWARD_ARCHIVE", archive.toString());

        assertThat(arguments("17.0.15", environment, "run")).contains("-XX:SharedArchiveFile=" + archive);
        assertThat(arguments("24.0.2", environment, "check")).contains("-XX:SharedArchiveFile=" + archive);
        assertThat(arguments("25.0.3", environment, "run")).contains("-XX:AOTCache=" + archive);
        Files.write(archive, new byte[0]);
        assertThat(arguments("17.0.15", environment, "run")).noneMatch(a -> a.contains("Archive"));
        Files.delete(archive);
        assertThat(arguments("25.0.3", environment, "run")).noneMatch(a -> a.contains("AOT"));
    }

    @Test
    void makesAnArchiveUsesItAndGoesOnWithoutOneThatDoesNotFit() throws Exception {
        Path installation = copy(DISTRIBUTION, directory.resolve("installed"));
        Path launcher = installation.resolve("bin").resolve("rpcward");
        Map<String, String> java = Map.of("JAVA_HOME", System.getProperty("java.home"));

        Outcome made = launch(launcher, java, "--make-archive");

        assertThat(made.status()).as(made.diagnostics()).isZero();
        Path archive;
        try (Stream<Path> files = Files.list(installation.resolve("lib").resolve("archive"))) {
            List<Path> found = files.toList();
            assertThat(found).hasSize(1);
            archive = found.get(0);
        }
        assertThat(made.diagnostics()).isEqualTo("rpcward: made " + archive + "\n");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(archive)))
                .isEqualTo("rw-r--r--");
        assertThat(sourceOfMain(launcher)).startsWith("shared objects file");

        Path jar = installation.resolve("lib").resolve(jarName(installation));
        Files.setLastModifiedTime(jar, FileTime.fromMillis(0));
        assertThat(sourceOfMain(launcher)).as("with another jar").startsWith("file:");

        Files.write(archive, new byte[100_000]);
        assertThat(sourceOfMain(launcher)).as("with a broken archive").startsWith("file:");

        Files.delete(archive);
        Files.createDirectory(archive);
        assertThat(sourceOfMain(launcher)).as("with a directory").startsWith("file:");
    }

    @Test
    void leavesNothingWhereNoArchiveCanBeMade() throws Exception {
        Map<String, String> environment = Map.of(
                "JAVA_HOME", pretendJava("17.0.15").toString(),
                "RPCWARD_ARCHIVE", directory.resolve("archives").resolve("one").toString());

        Outcome outcome = launch(LAUNCHER, environment, "--make-archive");

        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.diagnostics())
                .contains("-XX:ArchiveClassesAtExit=")
                .endsWith("rpcward: the run that the archive is made from failed\n");
        assertThat(directory.resolve("archives")).isEmptyDirectory();
    }

    @Test
    void keepsNoProfilesInAnArchive() throws Exception {
        String option = "-XX:-AOTRecordTraining";

        assertThat(makingAnArchive("25.0.1")).contains("-XX:AOTCacheOutput=", option);
        assertThat(makingAnArchive("24.0.2")).doesNotContain(option);
    }

    private String makingAnArchive(String version) throws Exception {
        Map<String, String> environment = Map.of(
                "JAVA_HOME", pretendJava(version).toString(),
                "RPCWARD_ARCHIVE", directory.resolve("archives").resolve("one").toString());
        return launch(LAUNCHER, environment, "--make-archive").diagnostics();
    }

    @Test
    void aFullDiskIsNoSuccess() throws Exception {
        Outcome outcome = launch(
                Path.of("/bin/sh"),
                Map.of("JAVA_HOME", System.getProperty("java.home")),
                "-c",
                "'" + LAUNCHER + "' show programs >/dev/full");

        assertThat(outcome.status()).isEqualTo(ExitCode.FAILED);
        assertThat(outcome.diagnostics()).isEqualTo("rpcward: standard output cannot be written\n");
    }

    @Test
    void whoReadsNoMoreOfAPipeIsNotTold() throws Exception {
        Outcome outcome = launch(
                Path.of("/bin/sh"),
                Map.of("JAVA_HOME", System.getProperty("java.home")),
                "-c",
                "{ '" + LAUNCHER + "' show programs; echo $? >&2; } | true");

        assertThat(outcome.diagnostics()).isEqualTo("0\n");
    }

    @Test
    void makingAnArchiveTakesNoArgument() throws Exception {
        Map<String, String> environment =
                Map.of("JAVA_HOME", pretendJava("17.0.15").toString());

        Outcome outcome = launch(LAUNCHER, environment, "--make-archive", "x");

        assertThat(outcome.status()).isEqualTo(ExitCode.USAGE);
        assertThat(outcome.diagnostics())
                .isEqualTo("rpcward: --make-archive takes no argument; RPCWARD_ARCHIVE may name the file\n");
        assertThat(outcome.output()).isEmpty();
    }

    /** Where the JVM has the first class from; whatever it is, nothing may be said. */
    private String sourceOfMain(Path launcher) throws Exception {
        Path log = directory.resolve("classes");
        Outcome outcome = launch(
                launcher,
                Map.of(
                        "JAVA_HOME",
                        System.getProperty("java.home"),
                        "RPCWARD_JAVA_OPTS",
                        "-Xlog:class+load:file=" + log),
                "--version");
        assertThat(outcome.diagnostics()).isEmpty();
        assertThat(outcome.output()).startsWith("rpcward ").hasLineCount(1);
        assertThat(outcome.status()).isZero();
        return Files.readAllLines(log).stream()
                .filter(line -> line.contains(" org.rpcward.proxy.cli.Main source: "))
                .map(line -> line.substring(line.indexOf("source: ") + "source: ".length()))
                .findFirst()
                .orElseThrow();
    }

    private static String jarName(Path installation) throws IOException {
        try (Stream<Path> files = Files.list(installation.resolve("lib"))) {
            return files.map(f -> f.getFileName().toString())
                    .filter(name -> name.startsWith("rpcward-proxy-"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static Path copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file :
                    files.filter(f -> !f.toString().contains("/lib/archive")).toList()) {
                Files.copy(file, to.resolve(from.relativize(file).toString()));
            }
        }
        return to;
    }

    private List<String> arguments(String javaVersion, String options, String... arguments) throws Exception {
        return arguments(javaVersion, Map.of("RPCWARD_JAVA_OPTS", options), arguments);
    }

    private List<String> arguments(String javaVersion, Map<String, String> more, String... arguments) throws Exception {
        Map<String, String> environment = new HashMap<>(more);
        environment.put("JAVA_HOME", pretendJava(javaVersion).toString());
        Outcome outcome = launch(LAUNCHER, environment, arguments);
        assertThat(outcome.diagnostics()).isEmpty();
        return List.of(outcome.output().split("\n", -1)).subList(0, outcome.lines());
    }

    /** A Java home whose JVM prints each of its arguments on a line. */
    private Path pretendJava(String version) throws IOException {
        Path home = directory.resolve("jvm " + version);
        Path java = home.resolve("bin").resolve("java");
        Files.createDirectories(java.getParent());
        Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"nobody\"\nJAVA_VERSION=\"" + version + "\"\n");
        Files.writeString(java, """
                #!/bin/sh
                if [ "$*" = -version ]; then
                    echo 'openjdk version "%s" 2026-01-20' >&2
                    exit
                fi
                printf '%%s\\n' "$@"
                """.formatted(version));
        Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));
        return home;
    }

    private Outcome launch(Path launcher, Map<String, String> environment, String... arguments) throws Exception {
        Path output = directory.resolve("output");
        Path diagnostics = directory.resolve("diagnostics");
        ProcessBuilder builder = new ProcessBuilder(Stream.concat(Stream.of(launcher.toString()), Stream.of(arguments))
                        .toList())
                .redirectOutput(output.toFile())
                .redirectError(diagnostics.toFile());
        builder.environment()
                .keySet()
                .removeAll(List.of("JAVA_HOME", "RPCWARD_JAVA_OPTS", "RPCWARD_ARCHIVE", "JAVA_TOOL_OPTIONS"));
        builder.environment().putAll(environment);
        Process process = builder.start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Outcome(
                process.exitValue(),
                Files.readString(output, StandardCharsets.UTF_8),
                Files.readString(diagnostics, StandardCharsets.UTF_8));
    }

    private record Outcome(int status, String output, String diagnostics) {
        int lines() {
            return (int) output.lines().count();
        }
    }
}
