package org.rpcward.proxy.it;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Where programs are. An ordinary PATH lacks the directories of root's. */
final class Programs {
    private Programs() {}

    static Optional<Path> find(String program) {
        List<String> directories = new ArrayList<>(List.of("/usr/sbin", "/sbin", "/usr/bin", "/bin"));
        String path = System.getenv("PATH");
        if (path != null) {
            directories.addAll(List.of(path.split(":", -1)));
        }
        return directories.stream()
                .filter(d -> !d.isEmpty())
                .map(d -> Path.of(d, program))
                .filter(Files::isExecutable)
                .findFirst();
    }

    static String path(String program) {
        return find(program)
                .orElseThrow(() -> new IllegalStateException("no program=" + program))
                .toString();
    }

    /** The JVM that runs the tests. */
    static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    /** The directory of the distribution that is tested. */
    static Path distribution() {
        return Path.of(System.getProperty("rpcward.distribution"));
    }

    /** The command line of a program of the lab itself, which needs nothing but these classes. */
    static List<String> labProgram(Class<?> main, String... arguments) {
        String classes = Path.of(
                        main.getProtectionDomain().getCodeSource().getLocation().getPath())
                .toString();
        return javaProgram(classes, main, arguments);
    }

    /** The command line of a program of the lab that needs all that the tests have. */
    static List<String> testProgram(Class<?> main, String... arguments) {
        return javaProgram(
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), main, arguments);
    }

    private static List<String> javaProgram(String classPath, Class<?> main, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                java(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-XX:-UsePerfData",
                "-Xshare:auto",
                "-Xmx128m",
                "-cp",
                classPath,
                main.getName()));
        command.addAll(List.of(arguments));
        return command;
    }
}
