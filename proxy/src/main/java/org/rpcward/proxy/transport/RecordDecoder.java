package org.rpcward.proxy.transport;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.rpcward.proxy.rpc.Fault;
import org.rpcward.proxy.rpc.Rpc;

/**
 * Puts records together from their fragments (RFC 5531, section 11) and hands each on as one buffer, which the receiver
 * releases. What is no record, or one beyond the bounds, is handed on as its {@link Fault}; nothing after it is read.
 *
 * <pre>
 *   mark: last fragment:1 length:31 | length bytes | mark | ...
 * </pre>
 */
public final class RecordDecoder extends ByteToMessageDecoder {
    /** More fragments than this in a call are an attack: a portmapper's calls fit into one. */
    public static final int MAX_CALL_FRAGMENTS = 32;

    private static final int FIRST_BYTES = 256;

    private final int maxRecord;
    private final int maxFragments;
    private @Nullable ByteBuf fragments;
    private int fragmentCount;
    private boolean broken;

    /**
     * @param maxRecord the most bytes that the fragments of one record may have together
     * @param maxFragments the most fragments that one record may have
     */
    public RecordDecoder(int maxRecord, int maxFragments) {
        this.maxRecord = maxRecord;
        this.maxFragments = maxFragments;
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        if (broken) {
            in.skipBytes(in.readableBytes());
            return;
        }
        if (in.readableBytes() < Rpc.MARK_BYTES) {
            return;
        }
        int mark = in.getInt(in.readerIndex());
        boolean last = (mark & Rpc.LAST_FRAGMENT) != 0;
        int length = mark & ~Rpc.LAST_FRAGMENT;
        Fault fault = fault(last, length);
        if (fault != null) {
            broken = true;
            in.skipBytes(in.readableBytes());
            out.add(fault);
            return;
        }
        if (in.readableBytes() < Rpc.MARK_BYTES + length) {
            return;
        }
        in.skipBytes(Rpc.MARK_BYTES);
        if (last && fragments == null) {
            out.add(in.readRetainedSlice(length));
            return;
        }
        // Copied, so that a few bytes of a fragment do not keep the whole buffer that they came in.
        if (fragments == null) {
            fragments = context.alloc().buffer(FIRST_BYTES);
        }
        fragments.writeBytes(in, length);
        fragmentCount++;
        if (last) {
            out.add(fragments);
            fragments = null;
            fragmentCount = 0;
        }
    }

    /** Whether some bytes of a record have arrived, and not yet all. */
    public boolean isWithinRecord() {
        return !broken && (fragments != null || actualReadableBytes() > 0);
    }

    private @Nullable Fault fault(boolean last, int length) {
        int soFar = fragments == null ? 0 : fragments.readableBytes();
        if (length > maxRecord - soFar) {
            return Fault.RECORD_TOO_BIG;
        }
        if (length == 0 && (!last || soFar == 0)) {
            return Fault.EMPTY_FRAGMENT;
        }
        return fragmentCount >= maxFragments ? Fault.FRAGMENT_LIMIT : null;
    }

    @Override
    protected void handlerRemoved0(ChannelHandlerContext context) {
        if (fragments != null) {
            fragments.release();
            fragments = null;
        }
    }
}
