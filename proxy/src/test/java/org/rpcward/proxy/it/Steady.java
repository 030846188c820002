package org.rpcward.proxy.it;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A {@link SteadyClient} at work. */
final class Steady implements AutoCloseable {
    private final Running client;
    private final BufferedReader said;

    Steady(Host host, String server, int sockets, int connections, int pauseMillis, List<String> programs) {
        List<String> arguments = new ArrayList<>(List.of(
                server,
                "111",
                Integer.toString(sockets),
                Integer.toString(connections),
                Integer.toString(pauseMillis)));
        arguments.addAll(programs);
        client = host.converse(Programs.labProgram(SteadyClient.class, arguments.toArray(String[]::new)));
        said = client.process().inputReader(StandardCharsets.US_ASCII);
        try {
            if (!"ready".equals(said.readLine())) {
                throw new IllegalStateException(client.diagnostics());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Lets it end, and returns what it counted. */
    Map<String, Long> stop() {
        try {
            client.process().getOutputStream().close();
            Map<String, Long> counts = new TreeMap<>();
            for (String line = said.readLine(); line != null; line = said.readLine()) {
                int equals = line.lastIndexOf('=');
                counts.put(line.substring(0, equals), Long.valueOf(line.substring(equals + 1)));
            }
            return counts;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        client.close();
    }
}
