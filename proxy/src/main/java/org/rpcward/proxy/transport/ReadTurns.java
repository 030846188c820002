package org.rpcward.proxy.transport;

import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;

/**
 * How much a datagram socket may read before others on its event loop have their turn. May change while the socket is
 * open: from the next turn on, the new bounds hold.
 */
public final class ReadTurns extends DefaultMaxMessagesRecvByteBufAllocator {
    private final int datagramBytes;
    private volatile int batch;

    /**
     * @param datagramBytes room for one datagram
     * @param batch how many datagrams one system call brings
     * @param most after how many datagrams a turn ends; a batch is not cut short
     */
    public ReadTurns(int datagramBytes, int batch, int most) {
        super(most);
        this.datagramBytes = datagramBytes;
        this.batch = batch;
    }

    public void change(int newBatch, int newMost) {
        batch = newBatch;
        maxMessagesPerRead(newMost);
    }

    @Override
    public ExtendedHandle newHandle() {
        return new MaxMessageHandle() {
            @Override
            public int guess() {
                return batch * datagramBytes;
            }
        };
    }
}
