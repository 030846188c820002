package org.rpcward.proxy.backend;

import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.proxy.rpcbind.BackendCalls;
import org.rpcward.proxy.rpcbind.BackendReply;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.Netid;

/**
 * One question to a backend: how it is written, how its results are read, and who wants to know.
 *
 * @param <T> what its results say
 */
final class BackendCall<T> {
    private interface Writer {
        void write(ByteBuf out, int xid);
    }

    private interface Reader<T> {
        @Nullable
        T read(ByteBuf results);
    }

    private final Writer writer;
    private final Reader<T> reader;
    private final Consumer<BackendResult<T>> then;

    private BackendCall(Writer writer, Reader<T> reader, Consumer<BackendResult<T>> then) {
        this.writer = writer;
        this.reader = reader;
        this.then = then;
    }

    static BackendCall<Boolean> ping(Consumer<BackendResult<Boolean>> then) {
        return new BackendCall<>(
                (out, xid) -> BackendCalls.ping(out, xid, Procedure.LOWEST_PROTOCOL), results -> true, then);
    }

    static BackendCall<List<Mapping>> dump(int protocol, Consumer<BackendResult<List<Mapping>>> then) {
        return new BackendCall<>(
                (out, xid) -> BackendCalls.dump(out, xid, protocol),
                results -> BackendReply.rows(results, protocol),
                then);
    }

    static BackendCall<Integer> port(int program, int version, Netid netid, Consumer<BackendResult<Integer>> then) {
        return netid.isV4()
                ? new BackendCall<>(
                        (out, xid) -> BackendCalls.getPort(out, xid, program, version, netid), BackendReply::port, then)
                : new BackendCall<>(
                        (out, xid) -> BackendCalls.getAddress(out, xid, program, version, netid),
                        BackendReply::portOfAddress,
                        then);
    }

    void write(ByteBuf out, int xid) {
        writer.write(out, xid);
    }

    /** Reads a reply and tells what it says. */
    BackendResult<T> read(ByteBuf message) {
        switch (BackendReply.header(message)) {
            case SUCCESS -> {
                T value = reader.read(message);
                return value == null
                        ? BackendResult.failed(BackendResult.Status.NONSENSE)
                        : new BackendResult<>(BackendResult.Status.OK, value);
            }
            case MISMATCH -> {
                return BackendResult.failed(BackendResult.Status.MISMATCH);
            }
            case ERROR -> {
                return BackendResult.failed(BackendResult.Status.ERROR);
            }
            case NONSENSE -> {
                return BackendResult.failed(BackendResult.Status.NONSENSE);
            }
        }
        throw new AssertionError();
    }

    /** The same, of whose end somebody else is told first. */
    BackendCall<T> watchedBy(Consumer<BackendResult.Status> watcher) {
        return new BackendCall<>(writer, reader, result -> {
            watcher.accept(result.status());
            then.accept(result);
        });
    }

    void complete(BackendResult<T> result) {
        then.accept(result);
    }

    void fail(BackendResult.Status status) {
        then.accept(BackendResult.failed(status));
    }
}
