package org.rpcward.proxy.observe;

import java.io.IOException;
import java.util.Map;

/** Where events go. Used by one thread. */
interface EventSink {
    /**
     * Writes one event.
     *
     * @throws IOException when it is lost; a later one may get through
     */
    void write(Map<String, Object> event) throws IOException;

    /** Called when nothing more is waiting. */
    void flush() throws IOException;

    void close();
}
