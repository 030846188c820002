package org.rpcward.proxy.backend;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.util.Arrays;
import org.rpcward.proxy.fixture.Hex;

/** A portmapper at a UDP port of loopback, played by a test line by line. */
final class UdpPeer implements AutoCloseable {
    static final int PATIENCE_MILLIS = 5000;

    private final DatagramSocket socket;
    private InetSocketAddress asker = new InetSocketAddress(0);

    UdpPeer() throws IOException {
        this(0);
    }

    UdpPeer(int port) throws IOException {
        socket = new DatagramSocket(port, InetAddress.getLoopbackAddress());
        socket.setSoTimeout(PATIENCE_MILLIS);
    }

    InetSocketAddress address() {
        return new InetSocketAddress(socket.getLocalAddress(), socket.getLocalPort());
    }

    /** The next datagram. */
    byte[] receive() throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[65_535], 65_535);
        socket.receive(packet);
        asker = (InetSocketAddress) packet.getSocketAddress();
        return Arrays.copyOf(packet.getData(), packet.getLength());
    }

    /** Whether nothing arrives for so long. */
    boolean hearsNothingFor(int millis) throws IOException {
        socket.setSoTimeout(millis);
        try {
            receive();
            return false;
        } catch (SocketTimeoutException silence) {
            return true;
        } finally {
            socket.setSoTimeout(PATIENCE_MILLIS);
        }
    }

    /** Where the last datagram came from. */
    InetSocketAddress asker() {
        return asker;
    }

    void send(byte[] message) throws IOException {
        sendTo(asker, message);
    }

    void sendTo(InetSocketAddress to, byte[] message) throws IOException {
        socket.send(new DatagramPacket(message, message.length, to));
    }

    /** A reply to a call: its xid, and then these bytes. */
    static byte[] reply(byte[] call, String rest) {
        return Hex.bytes(Hex.of(Arrays.copyOf(call, 4)), rest);
    }

    @Override
    public void close() {
        socket.close();
    }
}
