package org.rpcward.proxy.registry;

import java.util.ArrayList;
import java.util.List;
import org.rpcward.proxy.backend.BackendObserver;
import org.rpcward.proxy.backend.BackendResult;
import org.rpcward.proxy.backend.Deviation;
import org.rpcward.proxy.backend.RegistryChange;

/** Keeps what is told of a backend, as text. */
final class RecordedEvents implements BackendObserver {
    final List<String> events = new ArrayList<>();

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
        changes.forEach(c -> events.add(c.kind().word() + " " + c.registration().program() + " at "
                + c.registration().port()));
    }

    @Override
    public void deviates(String backend, List<Deviation> appeared, List<Deviation> settled) {
        appeared.forEach(d -> events.add("deviates " + d.expected().row().program()));
        settled.forEach(d -> events.add("settled " + d.expected().row().program()));
    }

    @Override
    public void failed(String backend, Throwable mistake) {
        events.add("failed " + mistake.getMessage());
    }
}
