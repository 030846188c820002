package org.rpcward.policy.yaml;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.AdminPolicy;
import org.rpcward.policy.BackendPolicy;
import org.yaml.snakeyaml.nodes.ScalarNode;

/** Reads {@code admin:}. */
record AdminReader(Problems problems) {
    private static final int USUAL_PORT = 9111;

    AdminPolicy read(Mapping top) {
        Mapping admin = top.map("admin", Keys.ADMIN);
        return admin == null
                ? AdminPolicy.DEFAULT
                : new AdminPolicy(http(admin.text("http")), socket(admin.text("socket")));
    }

    private BackendPolicy.@Nullable Endpoint http(@Nullable ScalarNode node) {
        if (node == null) {
            return null;
        }
        String example = Keys.ADMIN.get("http").example();
        BackendPolicy.Endpoint http = new EndpointReader(USUAL_PORT, example, problems).read(node);
        if (http != null && http.address().isMulticast()) {
            problems.at(node, Code.UNFIT_ADDRESS, "a multicast address cannot be bound");
            return null;
        }
        if (http != null && !http.address().isLoopback()) {
            problems.at(
                    node,
                    Code.ADMIN_OPEN,
                    "whoever reaches " + http + " can read who asks what here, without a password",
                    "bind loopback, or let a packet filter say who may reach it");
        }
        return http;
    }

    private String socket(@Nullable ScalarNode node) {
        if (node == null) {
            return AdminPolicy.SOCKET_BY_DEFAULT;
        }
        String path = node.getValue();
        if (path.equals(AdminPolicy.SOCKET_OFF)) {
            return path;
        }
        String wrong = mistakeIn(path);
        if (wrong != null) {
            problems.at(
                    node,
                    Code.BAD_PATH,
                    PlainText.quoted(path) + " " + wrong,
                    "for example " + Keys.ADMIN.get("socket").example());
            return AdminPolicy.SOCKET_BY_DEFAULT;
        }
        return path;
    }

    private static @Nullable String mistakeIn(String path) {
        if (!path.startsWith("/")) {
            return "is not an absolute path";
        }
        if (path.endsWith("/") || path.endsWith("/.") || path.endsWith("/..")) {
            return "is the path of a directory, not of a socket";
        }
        if (!path.codePoints().allMatch(PlainText::isPlain)) {
            return "has characters that no path of a socket needs";
        }
        return path.getBytes(StandardCharsets.UTF_8).length > AdminPolicy.LONGEST_SOCKET
                ? "is longer than the " + AdminPolicy.LONGEST_SOCKET + " bytes that the path of a socket may have"
                : null;
    }
}
