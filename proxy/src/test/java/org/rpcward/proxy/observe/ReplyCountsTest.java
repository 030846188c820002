package org.rpcward.proxy.observe;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.fixture.CallBytes;
import org.rpcward.proxy.fixture.RecordingExchange;
import org.rpcward.proxy.rpc.ReplyStatus;
import org.rpcward.proxy.service.AnswerPath;
import org.rpcward.proxy.service.Exchange;
import org.rpcward.proxy.service.Outcome;

class ReplyCountsTest {
    private final ReplyCounts counts = new ReplyCounts();

    @Test
    void repliesOfABatchTookAsLongAsTheBatch() {
        for (int i = 0; i < 3; i++) {
            counts.replied(exchange(), Outcome.ANSWERED, ReplyStatus.SUCCESS, AnswerPath.CACHE, 28);
        }
        assertThat(counts.durations(Transport.UDP, AnswerPath.CACHE).counts()).containsOnly(0);

        counts.batchSent(200_000);
        counts.batchSent(1_000_000);

        Durations durations = counts.durations(Transport.UDP, AnswerPath.CACHE);
        assertThat(durations.counts()).startsWith(0, 3, 0);
        assertThat(durations.sumInSeconds()).isEqualTo(600e-6);
        assertThat(counts.durations(Transport.UDP, AnswerPath.LOCAL).counts()).containsOnly(0);
        assertThat(counts.of(Transport.UDP, ReplyStatus.SUCCESS)).isEqualTo(3);
        assertThat(counts.sentBytes(Transport.UDP)).isEqualTo(84);
    }

    @Test
    void aReplyThatWaitedTookAsLongAsItWaited() {
        counts.replied(exchange(), Outcome.ANSWERED, ReplyStatus.SUCCESS, AnswerPath.BACKEND, 28);

        assertThat(counts.durations(Transport.UDP, AnswerPath.BACKEND).counts()).startsWith(1, 0);
    }

    private static Exchange exchange() {
        return RecordingExchange.of(Transport.UDP, CallBytes.of(Procedure.GETPORT, 2, CallBytes.NFS, 3));
    }
}
