package org.rpcward.proxy.it;

import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.TestInstance;

/** Tests that begin with hosts and programs of their own, which are closed in time: what was opened last is closed first. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class Opened {
    private final Deque<AutoCloseable> forAll = new ArrayDeque<>();
    private final Deque<AutoCloseable> forOne = new ArrayDeque<>();

    /** Stays open until the last test of the class has ended. */
    final <T extends AutoCloseable> T opened(T resource) {
        forAll.push(resource);
        return resource;
    }

    /** Stays open until this test has ended. */
    final <T extends AutoCloseable> T openedForThis(T resource) {
        forOne.push(resource);
        return resource;
    }

    @AfterEach
    final void closeAfterTest() throws Exception {
        close(forOne);
    }

    @AfterAll
    final void closeAfterAll() throws Exception {
        close(forAll);
    }

    private static void close(Deque<AutoCloseable> resources) throws Exception {
        while (!resources.isEmpty()) {
            resources.pop().close();
        }
    }
}
