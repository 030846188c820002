package org.rpcward.proxy.backend;

import java.util.List;

/** Is told how backends do. Called on the backend's event loop. */
public interface BackendObserver {
    /** What was wanted of a backend was had, or not; it may have taken several questions. */
    void asked(String backend, BackendResult.Status status);

    /**
     * A portmapper of a backend answers again, or for the first time.
     *
     * @param endpoint its address and port
     */
    void up(String backend, String endpoint);

    /** A portmapper of a backend does not answer any more. */
    void down(String backend, String endpoint, BackendResult.Status reason);

    /** The registry is not what it was when it was read before. */
    void changed(String backend, List<RegistryChange> changes);

    /** Registrations that the policy expects are not there, or not where they should be; or all is well again. */
    void deviates(String backend, List<Deviation> appeared, List<Deviation> settled);

    /** A mistake of rpcward's own was met when something was done with what a backend said. */
    void failed(String backend, Throwable mistake);
}
