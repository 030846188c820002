package org.rpcward.proxy.scan;

/** Is told of scanners, each once for each bound as long as it goes on. On the event loops; must not block. */
public interface ScanObserver {
    void scanning(Sighting sighting, Sighting.Bound bound);
}
