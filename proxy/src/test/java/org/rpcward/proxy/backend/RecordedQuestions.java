package org.rpcward.proxy.backend;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.rpcward.policy.rpc.Transport;

/** Keeps what is told of questions to a portmapper, as text. */
final class RecordedQuestions implements BackendClient.Watcher {
    final List<String> events = new CopyOnWriteArrayList<>();

    @Override
    public void asked() {
        events.add("asked");
    }

    @Override
    public void ended(Transport transport, BackendResult.Status status, long nanos) {
        events.add(transport.word() + " " + status.word());
    }
}
