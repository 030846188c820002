package org.rpcward.proxy.backend;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import org.rpcward.proxy.fixture.CallBytes;

/** A portmapper at a TCP port of loopback, played by a test line by line. */
final class TcpPeer implements AutoCloseable {
    private final ServerSocket server;

    TcpPeer() throws IOException {
        server = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
        server.setSoTimeout(UdpPeer.PATIENCE_MILLIS);
    }

    InetSocketAddress address() {
        return new InetSocketAddress(server.getInetAddress(), server.getLocalPort());
    }

    Connection accept() throws IOException {
        Socket socket = server.accept();
        socket.setSoTimeout(UdpPeer.PATIENCE_MILLIS);
        socket.setTcpNoDelay(true);
        return new Connection(socket);
    }

    /** Whether nobody comes for so long. */
    boolean isLeftAloneFor(int millis) throws IOException {
        server.setSoTimeout(millis);
        try {
            server.accept().close();
            return false;
        } catch (SocketTimeoutException silence) {
            return true;
        } finally {
            server.setSoTimeout(UdpPeer.PATIENCE_MILLIS);
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
    }

    /** One connection. */
    static final class Connection implements AutoCloseable {
        private final Socket socket;
        private final DataInputStream in;

        Connection(Socket socket) throws IOException {
            this.socket = socket;
            this.in = new DataInputStream(socket.getInputStream());
        }

        InetSocketAddress asker() {
            return (InetSocketAddress) socket.getRemoteSocketAddress();
        }

        /** The next fragment, its mark in the first four bytes. */
        byte[] receiveFragment() throws IOException {
            int mark = in.readInt();
            return CallBytes.fragment(in.readNBytes(mark & 0x7fff_ffff), mark < 0);
        }

        /** The next call, which has to be one fragment. */
        byte[] receive() throws IOException {
            int mark = in.readInt();
            if (mark >= 0) {
                throw new IOException("not the last fragment, mark=" + mark);
            }
            return in.readNBytes(mark & 0x7fff_ffff);
        }

        /** Whether the other side has closed; waits for it. */
        boolean isAtEnd() throws IOException {
            try {
                return in.read() < 0;
            } catch (SocketTimeoutException open) {
                return false;
            } catch (SocketException reset) {
                return true;
            }
        }

        void send(byte[] bytes) throws IOException {
            socket.getOutputStream().write(bytes);
        }

        void sendRecord(byte[] message) throws IOException {
            send(CallBytes.record(message));
        }

        void reset() throws IOException {
            socket.setSoLinger(true, 0);
            socket.close();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
