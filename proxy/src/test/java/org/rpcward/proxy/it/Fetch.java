package org.rpcward.proxy.it;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;

/** Prints what is at a URL, for a host of the lab that has no other program that does. */
final class Fetch {
    private Fetch() {}

    /**
     * Asks for it once.
     *
     * @param arguments the URL, and what is said to be accepted
     */
    public static void main(String[] arguments) throws IOException {
        HttpURLConnection connection =
                (HttpURLConnection) URI.create(arguments[0]).toURL().openConnection();
        connection.setRequestProperty("Accept", arguments[1]);
        connection.getInputStream().transferTo(System.out);
        System.out.flush();
    }
}
