package org.rpcward.proxy.observe;

import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.rpcward.policy.BackendPolicy;
import org.rpcward.proxy.backend.BackendObserver;
import org.rpcward.proxy.backend.BackendResult;
import org.rpcward.proxy.backend.Deviation;
import org.rpcward.proxy.backend.RegistryChange;
import org.rpcward.proxy.rpcbind.Mapping;
import org.rpcward.proxy.rpcbind.UniversalAddress;

/** Counts how backends do, and logs what became of them and of their registries. Thread-safe. */
public final class BackendLog implements BackendObserver {
    /** Changes of a registry told after one reading. */
    private static final int CHANGES_PER_READING = 100;

    private final EventLog log;
    private final BackendCounts counts;
    private final BiConsumer<String, Throwable> mistakes;

    /** @param mistakes is told of mistakes of rpcward's own, and where they were met */
    public BackendLog(EventLog log, BackendCounts counts, BiConsumer<String, Throwable> mistakes) {
        this.log = log;
        this.counts = counts;
        this.mistakes = mistakes;
    }

    @Override
    public void asked(String backend, BackendResult.Status status) {
        counts.asked(status);
    }

    @Override
    public void up(String backend, String endpoint) {
        counts.turned(backend, endpoint, true);
        log.write(backendEvent(backend, endpoint, "up"));
    }

    @Override
    public void down(String backend, String endpoint, BackendResult.Status reason) {
        counts.turned(backend, endpoint, false);
        Map<String, Object> event = backendEvent(backend, endpoint, "down");
        event.put("reason", reason.word());
        log.write(event);
    }

    private Map<String, Object> backendEvent(String backend, String endpoint, String state) {
        Map<String, Object> event = log.event("backend");
        event.put("backend", backend);
        event.put("endpoint", endpoint);
        event.put("state", state);
        return event;
    }

    @Override
    public void changed(String backend, List<RegistryChange> changes) {
        changes.forEach(c -> counts.registryChanged(c.kind()));
        for (RegistryChange change : changes.subList(0, Math.min(changes.size(), CHANGES_PER_READING))) {
            Map<String, Object> event = registrationEvent("registry", backend, change.registration());
            event.put("change", change.kind().word());
            Mapping before = change.before();
            if (before != null && change.after() != null) {
                event.put("was", new UniversalAddress(before.host(), before.port()) + " " + before.owner());
            }
            log.write(event);
        }
        if (changes.size() > CHANGES_PER_READING) {
            Map<String, Object> event = log.event("registry");
            event.put("backend", backend);
            event.put("suppressed", changes.size() - CHANGES_PER_READING);
            log.write(event);
        }
    }

    private Map<String, Object> registrationEvent(String name, String backend, Mapping row) {
        Map<String, Object> event = log.event(name);
        event.put("backend", backend);
        event.put("program", ProgramField.of(row.program()));
        event.put("version", Integer.toUnsignedLong(row.version()));
        event.put("netid", row.netid());
        event.put("address", new UniversalAddress(row.host(), row.port()).toString());
        event.put("owner", row.owner());
        return event;
    }

    @Override
    public void deviates(String backend, List<Deviation> appeared, List<Deviation> settled) {
        settled.forEach(d -> log.write(deviationEvent(backend, d, "settled")));
        for (Deviation deviation : appeared) {
            counts.deviated();
            log.write(deviationEvent(backend, deviation, deviation.found() == null ? "missing" : "moved"));
        }
    }

    @Override
    public void failed(String backend, Throwable mistake) {
        mistakes.accept("backend " + backend, mistake);
    }

    private Map<String, Object> deviationEvent(String backend, Deviation deviation, String state) {
        BackendPolicy.Row expected = deviation.expected().row();
        Map<String, Object> event = log.event("expectation");
        event.put("backend", backend);
        event.put("state", state);
        event.put("program", ProgramField.of(expected.program()));
        event.put("version", Integer.toUnsignedLong(expected.version()));
        event.put("netid", expected.netid());
        event.put("port", expected.port());
        Mapping found = deviation.found();
        if (found != null && !state.equals("settled")) {
            event.put("found", found.port());
        }
        event.put("served", deviation.expected().serve());
        return event;
    }
}
