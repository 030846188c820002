package org.rpcward.proxy.metrics;

import java.util.List;
import org.rpcward.policy.rpc.Procedure;
import org.rpcward.policy.rpc.Transport;
import org.rpcward.proxy.observe.ReplyCounts;
import org.rpcward.proxy.rpc.ReplyStatus;
import org.rpcward.proxy.service.AnswerPath;

/** What replies said, how long they took, and why others did not leave. */
final class ReplyFamilies {
    private ReplyFamilies() {}

    static List<Family> of(ReplyCounts replies) {
        return List.of(
                Family.counter(
                        "rpcward_sent_bytes_total",
                        "Bytes of replies",
                        LabelValues.TRANSPORT,
                        LabelValues.byTransport(replies::sentBytes)),
                Family.counter(
                        "rpcward_replies_total",
                        "Replies, by what they say of their calls",
                        List.of("transport", "status"),
                        sink -> {
                            for (Transport transport : Transport.values()) {
                                for (ReplyStatus status : ReplyStatus.values()) {
                                    sink.count(replies.of(transport, status), transport.word(), status.word());
                                }
                            }
                        }),
                Family.histogram(
                        "rpcward_call_duration_seconds",
                        "Time from the arrival of a call to its reply; over UDP, of the batch of datagrams that it came in",
                        List.of("transport", "path"),
                        sink -> {
                            for (Transport transport : Transport.values()) {
                                for (AnswerPath path : AnswerPath.values()) {
                                    sink.durations(replies.durations(transport, path), transport.word(), path.word());
                                }
                            }
                        }),
                Family.counter(
                        "rpcward_amplification_suppressed_total",
                        "Replies over UDP that were larger than their calls allow, and were not sent",
                        List.of("procedure"),
                        sink -> {
                            for (Procedure procedure : LabelValues.procedures()) {
                                sink.count(replies.suppressed(procedure), LabelValues.word(procedure));
                            }
                        }),
                Family.counter(
                        "rpcward_redactions_total",
                        "Listings from which registrations were left out, by the view that they were seen through",
                        List.of("view"),
                        sink -> replies.redactedListings().forEach((view, count) -> sink.count(count, view))),
                Family.counter(
                        "rpcward_redacted_entries_total",
                        "Registrations that were left out of listings",
                        List.of("view"),
                        sink -> replies.redactedRows().forEach((view, count) -> sink.count(count, view))),
                Family.counter(
                        "rpcward_unanswered_total",
                        "Calls that could not be answered because a backend did not answer and nothing was known of it",
                        replies::notAnswered),
                Family.counter(
                        "rpcward_unsent_replies_total",
                        "Replies over UDP that were let go because the socket took no more",
                        replies::notSent),
                Family.counter(
                        "rpcward_failures_total",
                        "Mistakes of rpcward itself, each of which cost a call or a connection; and what it could not do that calls"
                                + " do not need: open its control socket, keep its state",
                        replies::failures));
    }
}
