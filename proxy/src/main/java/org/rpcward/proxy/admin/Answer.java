package org.rpcward.proxy.admin;

import java.util.Map;

/**
 * What is said to one request.
 *
 * @param status of HTTP
 * @param type the media type of the body
 */
public record Answer(int status, String type, String body) {
    public static final String JSON = "application/json";
    public static final String TEXT = "text/plain; charset=utf-8";

    public static final int OK = 200;
    static final int BAD_REQUEST = 400;
    static final int FORBIDDEN = 403;
    static final int NOT_FOUND = 404;
    static final int METHOD_NOT_ALLOWED = 405;
    static final int CONFLICT = 409;
    static final int TOO_LARGE = 413;
    static final int LINE_TOO_LONG = 414;
    static final int HEADERS_TOO_LONG = 431;
    static final int INVALID = 422;
    static final int FAILED = 500;
    static final int UNAVAILABLE = 503;

    /** A record of the model, or a map or list of such. */
    public static Answer json(Object body) {
        return json(OK, body);
    }

    static Answer json(int status, Object body) {
        return new Answer(status, JSON, Json.text(body) + "\n");
    }

    public static Answer text(int status, String type, String text) {
        return new Answer(status, type, text);
    }

    /** Something that cannot be done, with the reason. */
    static Answer error(int status, String reason) {
        return json(status, Map.of("error", reason));
    }
}
