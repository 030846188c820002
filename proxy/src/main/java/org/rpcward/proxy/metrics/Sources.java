package org.rpcward.proxy.metrics;

import com.github.benmanes.caffeine.cache.stats.CacheStats;
import java.util.List;
import java.util.Map;
import org.rpcward.policy.Policy;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.ban.Bans;
import org.rpcward.proxy.limit.LimitState;
import org.rpcward.proxy.overload.Overload;
import org.rpcward.proxy.registry.Directory;
import org.rpcward.proxy.scan.Scans;

/** What there is to be measured besides what is counted. Asked at each scrape, by the thread that scrapes. */
public interface Sources {
    /** The policy in force. */
    Policy policy();

    /** {@code epoll} or {@code nio}. */
    String transport();

    /** How many TCP connections are open, by listener. */
    Map<String, Integer> connections();

    /** What became of TCP connections at the door of a listener. */
    Map<String, Long> admissions(String listener);

    /** Why TCP connections ended. */
    Map<String, Long> closes();

    /** What the kernel did not give to sockets. */
    List<Drops> drops();

    /**
     * What the kernel did not give to the sockets of a listener, because a filter dropped it or the queue was full.
     *
     * @param lane whom the sockets are for
     */
    record Drops(String listener, Transport transport, String lane, long dropped) {}

    /** Who is banned. */
    Bans bans();

    /** What is noted of sources that ask for one thing after another. */
    Scans scans();

    /** Whether there is more to do than can be done. */
    Overload overload();

    /** Every limit that some rule charges. */
    List<LimitState> limits();

    /** How often a listing was found encoded. */
    CacheStats listings();

    /** How many encoded listings were forgotten for want of room. */
    long listingsWithoutRoom();

    /** How many encoded listings were forgotten because nobody asked for them. */
    long listingsExpired();

    /** How many encoded listings are kept. */
    long listingEntries();

    /** How many bytes they have. */
    long listingBytes();

    /** What is known of each backend, by its name. */
    Map<String, Directory> directories();

    /** How many events the log lost. */
    long lostEvents();
}
