package org.rpcward.proxy.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** Reads what tcpdump wrote: UDP and TCP over IPv4 and IPv6, on Ethernet. */
final class Pcap {
    private static final int MAGIC = 0xa1b2_c3d4;
    private static final int FILE_HEADER = 24;
    private static final int RECORD_HEADER = 16;
    private static final int ETHERNET_HEADER = 14;
    private static final int ETHERTYPE_OFFSET = 12;
    private static final int IPV4 = 0x0800;
    private static final int IPV6 = 0x86dd;
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int IPV6_HEADER = 40;
    private static final int IPV6_FRAGMENT = 44;
    private static final int IPV6_FRAGMENT_HEADER = 8;

    private Pcap() {}

    /**
     * A packet.
     *
     * @param payload what was captured of it; a datagram in fragments is cut to the first
     * @param length of the payload, as the packet says it
     * @param sequence of the first byte, for TCP
     * @param micros when it passed, in microseconds since 1970
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared as a whole
    record Packet(
            boolean isTcp,
            InetSocketAddress from,
            InetSocketAddress to,
            byte[] payload,
            int length,
            long sequence,
            long micros) {}

    /** One direction of a connection or of an exchange of datagrams. */
    record Flow(InetSocketAddress from, InetSocketAddress to) {}

    static List<Packet> read(Path file) {
        try {
            ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file));
            in.order(in.getInt(0) == MAGIC ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
            in.position(FILE_HEADER);
            List<Packet> packets = new ArrayList<>();
            while (in.remaining() >= RECORD_HEADER) {
                long micros = in.getInt(in.position()) * 1_000_000L + in.getInt(in.position() + 4);
                int captured = in.getInt(in.position() + 8);
                in.position(in.position() + RECORD_HEADER);
                if (captured > in.remaining()) {
                    throw new IllegalStateException("cut short: " + file);
                }
                byte[] frame = new byte[captured];
                in.get(frame);
                packet(frame, micros, packets);
            }
            return packets;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void packet(byte[] frame, long micros, List<Packet> packets) throws UnknownHostException {
        ByteBuffer in = ByteBuffer.wrap(frame);
        int type = in.getShort(ETHERTYPE_OFFSET) & 0xffff;
        int ip = ETHERNET_HEADER;
        int protocol;
        int transport;
        int end;
        InetAddress from;
        InetAddress to;
        if (type == IPV4) {
            if ((in.getShort(ip + 6) & 0x1fff) != 0) {
                // Not the first fragment: it has no ports.
                return;
            }
            protocol = in.get(ip + 9);
            transport = ip + 4 * (in.get(ip) & 0x0f);
            end = ip + (in.getShort(ip + 2) & 0xffff);
            from = InetAddress.getByAddress(Arrays.copyOfRange(frame, ip + 12, ip + 16));
            to = InetAddress.getByAddress(Arrays.copyOfRange(frame, ip + 16, ip + 20));
        } else if (type == IPV6) {
            protocol = in.get(ip + 6);
            transport = ip + IPV6_HEADER;
            end = transport + (in.getShort(ip + 4) & 0xffff);
            if (protocol == IPV6_FRAGMENT) {
                if ((in.getShort(transport + 2) & 0xfff8) != 0) {
                    // Not the first.
                    return;
                }
                protocol = in.get(transport);
                transport += IPV6_FRAGMENT_HEADER;
            }
            from = InetAddress.getByAddress(Arrays.copyOfRange(frame, ip + 8, ip + 24));
            to = InetAddress.getByAddress(Arrays.copyOfRange(frame, ip + 24, ip + 40));
        } else {
            return;
        }
        if (protocol != TCP && protocol != UDP) {
            return;
        }
        int payload = transport + (protocol == UDP ? 8 : 4 * (in.get(transport + 12) >> 4 & 0x0f));
        packets.add(new Packet(
                protocol == TCP,
                new InetSocketAddress(from, in.getShort(transport) & 0xffff),
                new InetSocketAddress(to, in.getShort(transport + 2) & 0xffff),
                Arrays.copyOfRange(frame, payload, end),
                protocol == UDP ? (in.getShort(transport + 4) & 0xffff) - 8 : end - payload,
                protocol == TCP ? in.getInt(transport + 4) & 0xffff_ffffL : 0,
                micros));
    }

    /** The bytes of each direction of each connection, put together. Ports must not have been used twice. */
    static Map<Flow, byte[]> streams(List<Packet> packets) {
        Map<Flow, TreeMap<Long, byte[]>> pieces = new LinkedHashMap<>();
        for (Packet p : packets) {
            if (p.isTcp() && p.payload().length > 0) {
                pieces.computeIfAbsent(new Flow(p.from(), p.to()), f -> new TreeMap<>())
                        .merge(p.sequence(), p.payload(), (a, b) -> a.length >= b.length ? a : b);
            }
        }
        Map<Flow, byte[]> streams = new LinkedHashMap<>();
        pieces.forEach((flow, bySequence) -> streams.put(flow, joined(flow, bySequence)));
        return streams;
    }

    private static byte[] joined(Flow flow, NavigableMap<Long, byte[]> pieces) {
        byte[] joined = {};
        long first = pieces.firstKey();
        for (Map.Entry<Long, byte[]> piece : pieces.entrySet()) {
            long at = piece.getKey() - first;
            byte[] bytes = piece.getValue();
            if (at > joined.length) {
                throw new IllegalStateException("a piece is missing in " + flow);
            }
            int known = (int) (joined.length - at);
            if (known < bytes.length) {
                joined = Calls.concat(joined, Arrays.copyOfRange(bytes, known, bytes.length));
            }
        }
        return joined;
    }
}
