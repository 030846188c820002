package org.rpcward.proxy.transport;

import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;

/**
 * Netty's epoll, which takes a socket out when nothing is wanted of it, and then fails to change what is wanted (4.2.18): a
 * peer that has said its last and waits for a long reply would get as much of it as the kernel takes at once. Here such a
 * socket stays in, for errors, which are told in any case.
 */
final class EpollHandler implements IoHandler {
    private final IoHandler epoll;

    private EpollHandler(IoHandler epoll) {
        this.epoll = epoll;
    }

    static IoHandlerFactory newFactory() {
        IoHandlerFactory epolls = EpollIoHandler.newFactory();
        return executor -> new EpollHandler(epolls.newHandler(executor));
    }

    @Override
    public void initialize() {
        epoll.initialize();
    }

    @Override
    public int run(IoHandlerContext context) {
        return epoll.run(context);
    }

    @Override
    public void prepareToDestroy() {
        epoll.prepareToDestroy();
    }

    @Override
    public void destroy() {
        epoll.destroy();
    }

    @Override
    public IoRegistration register(IoHandle handle) throws Exception {
        return new Registration(epoll.register(handle));
    }

    @Override
    public void wakeup() {
        epoll.wakeup();
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handle) {
        return epoll.isCompatible(handle);
    }

    private record Registration(IoRegistration inner) implements IoRegistration {
        @Override
        @SuppressWarnings("TypeParameterUnusedInFormals") // so in Netty
        public <T> T attachment() {
            return inner.attachment();
        }

        @Override
        public long submit(IoOps ops) {
            return inner.submit(EpollIoOps.NONE.equals(ops) ? EpollIoOps.EPOLLERR : ops);
        }

        @Override
        public boolean isValid() {
            return inner.isValid();
        }

        @Override
        public boolean cancel() {
            return inner.cancel();
        }
    }
}
