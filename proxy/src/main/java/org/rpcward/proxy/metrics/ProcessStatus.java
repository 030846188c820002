package org.rpcward.proxy.metrics;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** What the operating system says of this process. */
final class ProcessStatus {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final String RESIDENT = "VmRSS:";

    private ProcessStatus() {}

    /** Processor time since the start; NaN when it cannot be told. */
    static double cpuSeconds() {
        if (ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system) {
            long nanos = system.getProcessCpuTime();
            return nanos < 0 ? Double.NaN : (double) nanos / TimeUnit.SECONDS.toNanos(1);
        }
        return Double.NaN;
    }

    /** Memory in RAM; NaN when it cannot be told. */
    static double residentBytes() {
        try {
            for (String line : Files.readAllLines(STATUS)) {
                if (line.startsWith(RESIDENT)) {
                    return Long.parseLong(line.replaceAll("\\D", "")) * 1024.0;
                }
            }
        } catch (IOException | NumberFormatException e) {
            // Not Linux, or /proc is hidden.
            return Double.NaN;
        }
        return Double.NaN;
    }
}
