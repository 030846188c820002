package org.rpcward.proxy.it;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;

/**
 * Runs on a host of the lab and asks for one program after another, with GETPORT. Over UDP it waits for answers until one
 * does not come, and then only sends. Uses nothing but the JDK.
 *
 * <pre>
 *   ProgramWalk udp|tcp SOURCE ADDRESS COUNT     answered=N refused=N first=N
 * </pre>
 *
 * First is the number of the first question that had no answer or was refused, from 1; 0 if there was none.
 */
public final class ProgramWalk {
    private static final int FIRST_PROGRAM = 300_000;
    private static final int PATIENCE_MILLIS = 500;
    private static final int PORT = 111;
    private static final int TCP = 6;
    private static final int MSG_DENIED = 1;

    private int answered;
    private int refused;
    private int first;

    private ProgramWalk() {}

    public static void main(String[] arguments) throws IOException {
        InetAddress source = InetAddress.getByName(arguments[1]);
        InetAddress address = InetAddress.getByName(arguments[2]);
        int count = Integer.parseInt(arguments[3]);
        ProgramWalk walk = new ProgramWalk();
        if (arguments[0].equals("udp")) {
            walk.overUdp(source, address, count);
        } else {
            walk.overTcp(source, address, count);
        }
        System.out.println("answered=" + walk.answered + " refused=" + walk.refused + " first=" + walk.first);
    }

    private void overUdp(InetAddress source, InetAddress address, int count) throws IOException {
        try (DatagramSocket socket = new DatagramSocket(0, source)) {
            socket.connect(address, PORT);
            for (int i = 1; i <= count; i++) {
                byte[] call = Calls.getPort(i, FIRST_PROGRAM + i, 1, TCP);
                socket.send(new DatagramPacket(call, call.length));
                if (first == 0 && !isAnswered(socket)) {
                    first = i;
                }
            }
            while (first > 0 && isAnswered(socket)) {
                // What came while it only sent.
            }
        }
    }

    private boolean isAnswered(DatagramSocket socket) throws IOException {
        socket.setSoTimeout(PATIENCE_MILLIS);
        try {
            socket.receive(new DatagramPacket(new byte[512], 512));
            answered++;
            return true;
        } catch (SocketTimeoutException e) {
            return false;
        }
    }

    private void overTcp(InetAddress source, InetAddress address, int count) throws IOException {
        for (int i = 1; i <= count; i++) {
            try (Socket socket = new Socket(address, PORT, source, 0)) {
                socket.setSoTimeout(10 * PATIENCE_MILLIS);
                InputStream in = socket.getInputStream();
                i = converse(socket, new DataInputStream(in), i, count);
            } catch (EOFException | SocketException e) {
                // Closed: once more on a new connection, until there is none to be had.
                if (first == 0) {
                    first = i;
                }
                if (banned(source, address)) {
                    return;
                }
            }
        }
    }

    private static boolean banned(InetAddress source, InetAddress address) {
        try (Socket socket = new Socket(address, PORT, source, 0)) {
            socket.setSoTimeout(10 * PATIENCE_MILLIS);
            socket.getOutputStream().write(Calls.record(Calls.ping(1)));
            return socket.getInputStream().read() < 0;
        } catch (IOException e) {
            return true;
        }
    }

    private int converse(Socket socket, DataInputStream in, int from, int count) throws IOException {
        int i = from;
        while (i <= count) {
            socket.getOutputStream().write(Calls.record(Calls.getPort(i, FIRST_PROGRAM + i, 1, TCP)));
            byte[] reply = in.readNBytes(in.readInt() & ~Calls.LAST_FRAGMENT);
            if (Calls.word(reply, 2) == MSG_DENIED) {
                refused++;
                first = first == 0 ? i : first;
            } else {
                answered++;
            }
            i++;
        }
        return i;
    }
}
