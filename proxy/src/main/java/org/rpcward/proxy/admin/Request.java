package org.rpcward.proxy.admin;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One request that is whole and within all bounds.
 *
 * @param query the parameters of the URL, decoded, each at most once
 * @param accept what is said of the forms that are wanted, or null
 */
public record Request(
        String path, Map<String, String> query, @Nullable String accept) {
    /** A request that cannot be answered, for a reason that its sender is told. */
    static final class BadRequest extends RuntimeException {
        private static final long serialVersionUID = 1L;

        BadRequest(String reason) {
            super(reason, null, false, false);
        }
    }

    @Nullable
    String parameter(String name) {
        return query.get(name);
    }

    String parameter(String name, String absent) {
        return query.getOrDefault(name, absent);
    }

    String required(String name) {
        String value = query.get(name);
        if (value == null || value.isEmpty()) {
            throw new BadRequest("the parameter '" + name + "' is missing");
        }
        return value;
    }

    /** A whole number within bounds. */
    int number(String name, int absent, int least, int most) {
        String text = query.get(name);
        if (text == null) {
            return absent;
        }
        try {
            int number = Integer.parseInt(text);
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Said below, as of a number out of its bounds.
        }
        throw new BadRequest("'" + name + "' is a whole number from " + least + " to " + most);
    }
}
