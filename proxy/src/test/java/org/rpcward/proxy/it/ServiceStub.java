package org.rpcward.proxy.it;

import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Runs on a host of the lab, and is there what nfs and mountd would be: it answers NULL of any program in version 3, and
 * of mountd its list of exports, over UDP and TCP, at port 2049 and port 20048. Real ones need the kernel's NFS server.
 * Uses nothing but the JDK.
 */
public final class ServiceStub {
    static final int NFS_PORT = 2049;
    static final int MOUNTD_PORT = 20_048;
    private static final int MOUNTD = 100_005;
    private static final int VERSION = 3;
    private static final int EXPORT = 5;

    private ServiceStub() {}

    public static void main(String[] arguments) throws IOException {
        for (int port : new int[] {NFS_PORT, MOUNTD_PORT}) {
            DatagramSocket datagrams = new DatagramSocket(new InetSocketAddress(InetAddress.getByName("::"), port));
            ServerSocket streams = new ServerSocket();
            streams.bind(new InetSocketAddress(InetAddress.getByName("::"), port));
            start(() -> serve(datagrams));
            start(() -> serve(streams));
        }
        System.out.println("ready");
        System.out.flush();
        // Until the other end is closed.
        while (System.in.read() >= 0) {}
        System.exit(0);
    }

    private interface Work {
        void run() throws IOException;
    }

    private static void start(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (IOException e) {
                System.err.println(e);
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    private static void serve(DatagramSocket socket) throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[9000], 9000);
        while (true) {
            socket.receive(packet);
            byte[] reply = reply(Arrays.copyOf(packet.getData(), packet.getLength()));
            socket.send(new DatagramPacket(reply, reply.length, packet.getSocketAddress()));
        }
    }

    private static void serve(ServerSocket socket) throws IOException {
        while (true) {
            Socket connection = socket.accept();
            start(() -> {
                try (connection) {
                    converse(connection);
                }
            });
        }
    }

    private static void converse(Socket connection) throws IOException {
        DataInputStream in = new DataInputStream(connection.getInputStream());
        BufferedOutputStream out = new BufferedOutputStream(connection.getOutputStream());
        for (int mark = in.readInt(); mark < 0; mark = in.readInt()) {
            out.write(Calls.record(reply(in.readNBytes(mark & 0xffff))));
            out.flush();
        }
    }

    private static byte[] reply(byte[] call) {
        int xid = Calls.word(call, 0);
        if (Calls.word(call, 4) != VERSION) {
            return Calls.words(xid, 1, 0, 0, 0, 2, VERSION, VERSION);
        }
        byte[] success = Calls.words(xid, 1, 0, 0, 0, 0);
        boolean listsExports = Calls.word(call, 3) == MOUNTD && Calls.word(call, 5) == EXPORT;
        return listsExports ? Calls.concat(success, exports()) : success;
    }

    private static byte[] exports() {
        byte[] directory = Calls.opaque("/srv/data".getBytes(StandardCharsets.US_ASCII));
        byte[] group = Calls.opaque("192.0.2.0/24".getBytes(StandardCharsets.US_ASCII));
        return Calls.concat(Calls.words(1), directory, Calls.words(1), group, Calls.words(0, 0));
    }
}
