package org.rpcward.proxy.admin;

import io.netty.handler.codec.http.HttpHeaders;
import java.util.List;

/**
 * What a browser says of the page that made it ask (W3C, Fetch Metadata Request Headers). A page can neither set nor leave
 * out these headers; what is no browser does not send them.
 */
final class FetchCheck {
    private static final String SITE = "sec-fetch-site";
    private static final String MODE = "sec-fetch-mode";
    private static final String DESTINATION = "sec-fetch-dest";

    private FetchCheck() {}

    /**
     * Whether a page made the request that is not of this very address. Somebody who follows a link is none, where there is
     * something to read: he sees the answer, and the page with the link does not.
     */
    static boolean isOfAnotherSite(HttpHeaders headers, boolean control) {
        List<String> sites = headers.getAll(SITE);
        boolean own = sites.stream().allMatch(s -> s.equals("same-origin") || s.equals("none"));
        boolean followsLink = !control
                && headers.getAll(MODE).equals(List.of("navigate"))
                && headers.getAll(DESTINATION).equals(List.of("document"));
        return !own && !followsLink;
    }
}
