package org.rpcward.proxy.admin;

import org.rpcward.proxy.ban.Ban;

/**
 * A ban that is in force.
 *
 * @param kind {@code automatic} or {@code manual}
 * @param reason why; of a manual one what was written then
 * @param evidence what an automatic one rests on
 * @param until when it ends, as text
 * @param offence which ban of this source it is; 0 for manual ones
 * @param hits calls and connections that it kept out
 */
public record BanView(
        String prefix, String kind, String reason, String evidence, String until, int offence, long hits) {
    static BanView of(Ban ban) {
        return new BanView(
                ban.prefix().toString(),
                ban.kind().word(),
                ban.reason(),
                ban.evidence(),
                Views.time(ban.until()),
                ban.offence(),
                ban.hits());
    }
}
