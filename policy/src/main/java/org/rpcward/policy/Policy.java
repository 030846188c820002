package org.rpcward.policy;

import java.util.Map;
import org.rpcward.policy.net.AddressSet;
import org.rpcward.policy.rpc.Transport;

/**
 * A whole policy: immutable, and complete, with every default filled in. One of them serves a call from end to end.
 *
 * @param revision eight hexadecimal digits that change when the text of the policy or of a file it names changes
 * @param amplification how many bytes of reply a byte of call may bring over UDP; 1.0 unless the policy says otherwise
 * @param listeners by name, in the policy's order
 * @param backends by name, in the policy's order
 * @param views by name
 * @param limits by name, in the policy's order; rules hold those that they charge
 */
public record Policy(
        String revision,
        Mode mode,
        Map<String, ListenerPolicy> listeners,
        Map<String, BackendPolicy> backends,
        Map<String, View> views,
        RuleSet rules,
        double amplification,
        Map<String, LimitPolicy> limits,
        EnumerationPolicy enumeration,
        BanPolicy bans,
        LogPolicy log,
        AdminPolicy admin) {

    /** {@link RuleSet#silencedOver}; in audit mode nobody is, because everything is to be seen. */
    public AddressSet silencedOver(Transport transport) {
        return mode == Mode.AUDIT ? AddressSet.NONE : rules.silencedOver(transport);
    }
}
