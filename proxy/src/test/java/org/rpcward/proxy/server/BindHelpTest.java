package org.rpcward.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.BindException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.rpcward.policy.rpc.Transport;

class BindHelpTest {
    /** The last byte of an address of loopback is enough to tell it from another. */
    private static final int WANTED = 2;

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whoIsInTheWayIsNamed(boolean onAllAddresses) throws IOException {
        try (DatagramSocket holder = onAllAddresses ? new DatagramSocket() : new DatagramSocket(0, loopback(WANTED))) {
            assertThat(inUse(holder.getLocalPort()))
                    .contains("it is in use by java (pid "
                            + ProcessHandle.current().pid() + ").")
                    .contains("Is that another rpcward?");
        }
    }

    /** An rpcbind that keeps to loopback, for instance, is not what is in the way of a second rpcward. */
    @Test
    void whoHasTheSamePortOfAnotherAddressIsNot() throws IOException {
        try (DatagramSocket holder = new DatagramSocket(0, loopback(1))) {
            assertThat(inUse(holder.getLocalPort())).contains("it is in use.");
        }
    }

    private static String inUse(int port) throws IOException {
        InetSocketAddress at = new InetSocketAddress(loopback(WANTED), port);
        return BindHelp.explain("lan", at, Transport.UDP, new BindException("Address already in use"));
    }

    private static InetAddress loopback(int last) throws IOException {
        return InetAddress.getByAddress(new byte[] {127, 0, 0, (byte) last});
    }
}
