package org.rpcward.proxy.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.rpcward.proxy.admin.ControlClient;
import org.rpcward.proxy.admin.Json;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** The way to a running rpcward, and back to whoever asks. */
final class ControlSocket {
    private static final int BAD_REQUEST = 400;

    static final String SERVICE_SOCKET = "/run/rpcward/admin.sock";

    private final @Nullable String socket;
    private final boolean json;
    private final CommandLine commandLine;

    /**
     * The way that a command line names.
     *
     * @param socket null for the usual places
     * @param json whether answers are printed as they are
     */
    ControlSocket(@Nullable String socket, boolean json, CommandLine commandLine) {
        this.socket = socket;
        this.json = json;
        this.commandLine = commandLine;
    }

    /** Nobody answers at the control socket. */
    static final class UnreachableException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        UnreachableException(String reason) {
            super(reason);
        }
    }

    /** What is printed of an answer. */
    interface Printer {
        void print(Tree answer, Screen screen);
    }

    boolean isJson() {
        return json;
    }

    PrintWriter out() {
        return commandLine.getOut();
    }

    /** Whether anybody still takes what is printed. Only the stream below the writer of the command line comes to know. */
    boolean isHeard() {
        return !out().checkError() && !System.out.checkError();
    }

    Screen screen() {
        return Screen.of(commandLine);
    }

    ParameterException wrong(String text) {
        return new ParameterException(commandLine, text);
    }

    /** Asks for something, prints it, and says how that ended. */
    int show(String verb, Map<String, String> parameters, Printer printer) {
        return run("GET", verb, parameters, printer);
    }

    /** Lets something be done, prints what came of it, and says how that ended. */
    int order(String verb, Map<String, String> parameters, Printer printer) {
        return run("POST", verb, parameters, printer);
    }

    private int run(String method, String verb, Map<String, String> parameters, Printer printer) {
        ControlClient.Reply reply = ask(method, verb, parameters);
        Tree answer = tree(reply);
        Screen screen = screen();
        if (json) {
            out().print(reply.body());
            out().flush();
        } else if (reply.status() == 200 || answer.get("error") == null) {
            printer.print(answer, screen);
            screen.flush();
        }
        if (reply.status() == 200) {
            return ExitCode.DONE;
        }
        if (answer.text("result").equals("invalid")) {
            return ExitCode.POLICY_INVALID;
        }
        int code = failed(answer);
        return reply.status() == BAD_REQUEST ? ExitCode.USAGE : code;
    }

    /** Tells why something could not be done. */
    int failed(Tree answer) {
        if (answer.get("error") != null && !json) {
            tell(Screen.plain(answer.text("error")));
        }
        return ExitCode.FAILED;
    }

    void tell(String plainText) {
        PrintWriter err = commandLine.getErr();
        err.println("rpcward: " + plainText);
        err.flush();
    }

    ControlClient.Reply ask(String method, String verb, Map<String, String> parameters) {
        try (ControlClient client = connect()) {
            return client.ask(method, verb, parameters);
        } catch (IOException e) {
            throw new UnreachableException("the control socket broke off: " + e.getMessage());
        }
    }

    private static Tree tree(ControlClient.Reply reply) {
        try {
            // A list is an object with one entry here, so that all answers are read alike.
            String body = reply.body().startsWith("[") ? "{\"list\":" + reply.body() + "}" : reply.body();
            return Tree.of(Json.object(body));
        } catch (IOException e) {
            throw new UncheckedIOException("what answers there is not rpcward", e);
        }
    }

    ControlClient connect() {
        List<String> tried = new ArrayList<>();
        for (Path path : candidates()) {
            try {
                return ControlClient.connect(path);
            } catch (IOException e) {
                tried.add(path + ": " + e.getMessage());
            }
        }
        throw new UnreachableException("nobody answers at the control socket\n  "
                + String.join("\n  ", tried)
                + "\n  Is rpcward running, and with a control socket? Only its own user and root may open it.");
    }

    private List<Path> candidates() {
        if (socket != null) {
            try {
                return List.of(Path.of(socket));
            } catch (InvalidPathException e) {
                throw wrong("--socket is not the name of a file");
            }
        }
        List<Path> paths = new ArrayList<>();
        paths.add(Path.of(SERVICE_SOCKET));
        String own = System.getenv("XDG_RUNTIME_DIR");
        if (own != null && own.startsWith("/")) {
            paths.add(Path.of(own, "rpcward", "admin.sock"));
        }
        paths.add(Path.of(System.getProperty("user.home"), ".rpcward", "admin.sock"));
        return paths;
    }
}
