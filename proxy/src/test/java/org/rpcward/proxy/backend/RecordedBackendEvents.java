package org.rpcward.proxy.backend;

import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Keeps what is told of a backend's portmappers, as text. */
final class RecordedBackendEvents implements BackendObserver {
    final Queue<String> events = new ConcurrentLinkedQueue<>();

    long count(String event) {
        return events.stream().filter(event::equals).count();
    }

    @Override
    public void asked(String backend, BackendResult.Status status) {
        events.add("asked " + status.word());
    }

    @Override
    public void up(String backend, String endpoint) {
        events.add("up " + endpoint);
    }

    @Override
    public void down(String backend, String endpoint, BackendResult.Status reason) {
        events.add("down " + endpoint + " " + reason.word());
    }

    @Override
    public void changed(String backend, List<RegistryChange> changes) {
        events.add("changed");
    }

    @Override
    public void deviates(String backend, List<Deviation> appeared, List<Deviation> settled) {
        events.add("deviates");
    }

    @Override
    public void failed(String backend, Throwable mistake) {
        events.add("failed " + mistake.getMessage());
    }
}
