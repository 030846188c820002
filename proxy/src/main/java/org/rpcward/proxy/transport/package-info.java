/**
 * How bytes move.
 *
 * <pre>
 *   TransportType   which of Netty's transports is used: epoll or NIO
 *   RecordDecoder   where records begin and end on a stream
 *   DatagramPort    a UDP socket under epoll, read and written without Netty's channels:
 *                     DatagramBatch, many datagrams with one system call; ReplyBatch, many replies
 *                     SystemCalls, which receive and send them so, and Messages, what they take
 *   OpenSocket      a socket that listens, that one or one of Netty's
 *   SocketPrograms  programs that the kernel runs for a socket
 *   OwnConnections  the local ends of rpcward's own connections to backends, so that none of them is taken for a client
 * </pre>
 */
@NullMarked
package org.rpcward.proxy.transport;

import org.jspecify.annotations.NullMarked;
