package org.rpcward.proxy.service;

import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.EventExecutor;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.net.IpAddress;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.rpc.Fault;
import org.rpcward.proxy.rpcbind.Results;

/**
 * One call from its arrival to its single outcome: exactly one of {@link #reply}, {@link #keepSilent} and {@link #drop}
 * is called, once, on {@link #executor}. The message belongs to the frontend, and is good until {@link
 * PortmapService#handle} returns.
 */
public interface Exchange {
    /** The name of the listener that the call came by. */
    String listener();

    Transport transport();

    /** Who asks. Over UDP this is what the datagram says. */
    IpAddress source();

    /** The address that was asked. */
    IpAddress asked();

    /** The addresses that stand in answers when the policy names none. */
    Results.Asked answerAddresses();

    EventExecutor executor();

    /** One whole message. */
    ByteBuf message();

    /** How many bytes the call had. */
    int callBytes();

    /** What the transport found wrong with the message, or null. */
    @Nullable
    Fault fault();

    /** Whether its outcome was not known when {@link PortmapService#handle} returned: somebody had to be asked. */
    boolean waited();

    /** When it arrived, by {@link System#nanoTime}; calls that were read together arrived together. */
    long arrivedAt();

    /** How long ago it arrived. */
    long nanosSinceArrival();

    /** What an observer keeps with the call until it ends, or null. */
    @Nullable
    Object note();

    /** Keeps something with the call in the place of what was kept before. */
    void keep(Object note);

    /** A buffer for {@link #reply}, with what the transport puts before a reply already in it. */
    ByteBuf newReply();

    /** How many bytes of a reply from {@link #newReply} are the message itself. */
    int replyBytes(ByteBuf reply);

    /**
     * Sends a reply, and takes it over.
     *
     * @return false when there is no room for it and it is let go, which only happens over UDP
     */
    boolean reply(ByteBuf reply);

    /** No reply, and nothing else happens. */
    void keepSilent();

    /** No reply over UDP; over TCP the connection ends, after the replies to the calls before this one. */
    void drop();
}
