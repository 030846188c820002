package org.rpcward.proxy.admin;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.Query;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.CallClass;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Programs;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.policy.yaml.Spelling;
import org.rpcward.proxy.rpcbind.Netid;

/**
 * A call as people write it.
 *
 * @param from who asks
 * @param protocol the version of the portmapper protocol; null for the newest that has the procedure
 * @param call a procedure or a class of them
 * @param program {@code PROGRAM[/VERSION[/NETID]]}; null for none
 */
public record CallText(
        String from,
        Transport transport,
        @Nullable Integer protocol,
        String call,
        @Nullable String program) {

    /**
     * The call that is meant.
     *
     * @throws IllegalArgumentException when it is none; the message says why
     */
    public Query query() {
        IpAddress source = IpAddress.parse(from)
                .orElseThrow(() -> wrong("--from wants an IPv4 or IPv6 address, '" + from + "' is none"));
        Procedure procedure = procedure();
        int spoken = protocol == null ? procedure.newestProtocol() : protocol;
        if (!procedure.existsIn(spoken)) {
            throw wrong("version " + spoken + " of the protocol has no " + procedure.word());
        }
        boolean named = procedure.callClass().namesProgram();
        if (named == (program == null)) {
            throw wrong(
                    procedure.word() + (named ? " needs a program: nfs, nfs/3, 100003/3/tcp" : " names no program"));
        }
        if (program == null) {
            return new Query(source, transport, spoken, procedure);
        }
        String[] parts = program.split("/", -1);
        if (parts.length > 3) {
            throw wrong("'" + program + "' is not PROGRAM[/VERSION[/NETID]]");
        }
        if (parts.length == 3 && Netid.ofWord(parts[2]) == null) {
            throw wrong("'" + parts[2] + "' is no netid: udp, tcp, udp6 and tcp6 are");
        }
        int version = parts.length > 1 ? number(parts[1], "a version") : usualVersion(parts[0]);
        return new Query(source, transport, spoken, procedure, programNumber(parts[0]), version);
    }

    private Procedure procedure() {
        Optional<Procedure> byName = Procedure.ofWord(call);
        if (byName.isPresent()) {
            return byName.get();
        }
        CallClass wanted = CallClass.ofWord(call).orElseThrow(() -> {
            List<String> words = new ArrayList<>();
            for (Procedure p : Procedure.values()) {
                words.add(p.word());
            }
            for (CallClass c : CallClass.values()) {
                words.add(c.word());
            }
            return wrong("no call '" + call + "'" + suggestion(call, words));
        });
        for (Procedure p : Procedure.values()) {
            if (p.callClass() == wanted && (protocol == null || p.existsIn(protocol))) {
                return p;
            }
        }
        throw wrong("version " + protocol + " of the protocol has no call of class " + wanted.word());
    }

    private static int programNumber(String text) {
        Optional<Programs.Entry> known = Programs.byName(text);
        if (known.isPresent()) {
            return known.get().number();
        }
        if (text.isEmpty() || !Character.isDigit(text.charAt(0))) {
            List<String> names =
                    Programs.all().stream().map(Programs.Entry::name).toList();
            throw wrong("no program '" + text + "' is known; 'rpcward show programs' lists them, and a number does too"
                    + suggestion(text, names));
        }
        return number(text, "a program");
    }

    /** The newest of the usual versions, so that a call without one is a likely one. */
    private static int usualVersion(String program) {
        String versions = Programs.byName(program).map(Programs.Entry::versions).orElse("1");
        String newest = versions.replaceAll("^.*?([0-9]+)[^0-9]*$", "$1");
        return newest.matches("[0-9]{1,9}") ? Integer.parseInt(newest) : 1;
    }

    private static int number(String text, String what) {
        try {
            return text.startsWith("0x")
                    ? Integer.parseUnsignedInt(text.substring(2), 16)
                    : Integer.parseUnsignedInt(text);
        } catch (NumberFormatException e) {
            throw wrong("'" + text + "' is not " + what + ": a number from 0 to 4294967295 is");
        }
    }

    private static String suggestion(String word, List<String> known) {
        String nearest = Spelling.nearest(word, known);
        return nearest == null ? "" : "; did you mean '" + nearest + "'?";
    }

    private static IllegalArgumentException wrong(String message) {
        return new IllegalArgumentException(message);
    }
}
