package org.rpcward.proxy.it;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Makes wrong messages of right ones, the same each time. */
final class Mutations {
    private static final int[] NUMBERS = {
        0,
        1,
        2,
        3,
        4,
        5,
        6,
        8,
        11,
        16,
        17,
        31,
        32,
        33,
        64,
        255,
        256,
        400,
        401,
        2048,
        9000,
        65_535,
        100_000,
        100_003,
        -1,
        -4,
        0x7fff_ffff,
        0x8000_0000,
        0xffff_0000
    };

    private final Random random = new Random(111);
    private final List<byte[]> right;

    Mutations(List<byte[]> right) {
        this.right = right;
    }

    private byte[] any() {
        return right.get(random.nextInt(right.size())).clone();
    }

    byte[] message() {
        byte[] message = any();
        for (int i = random.nextInt(4); i >= 0; i--) {
            message = changed(message);
        }
        return message;
    }

    private byte[] changed(byte[] message) {
        if (message.length < 8) {
            return Calls.concat(message, any());
        }
        int word = 4 * random.nextInt(message.length / 4);
        return switch (random.nextInt(7)) {
            case 0 -> {
                message[random.nextInt(message.length)] ^= (byte) (1 << random.nextInt(8));
                yield message;
            }
            case 1 -> {
                byte[] number = Calls.words(NUMBERS[random.nextInt(NUMBERS.length)]);
                System.arraycopy(number, 0, message, word, 4);
                yield message;
            }
            case 2 -> Arrays.copyOf(message, random.nextInt(message.length));
            case 3 -> Arrays.copyOf(message, message.length + 1 + random.nextInt(64));
            case 4 -> {
                byte[] other = any();
                int from = 4 * random.nextInt(1 + other.length / 4);
                yield Calls.concat(Arrays.copyOf(message, word), Arrays.copyOfRange(other, from, other.length));
            }
            case 5 -> Calls.concat(Arrays.copyOf(message, word), Arrays.copyOfRange(message, word + 4, message.length));
            default -> {
                byte[] noise = new byte[4 * (1 + random.nextInt(4))];
                random.nextBytes(noise);
                yield Calls.concat(
                        Arrays.copyOf(message, word), noise, Arrays.copyOfRange(message, word, message.length));
            }
        };
    }

    /** A few messages as records, with right marks and wrong ones. */
    byte[] stream() {
        List<byte[]> parts = new ArrayList<>();
        for (int i = random.nextInt(3); i >= 0; i--) {
            byte[] message = random.nextBoolean() ? any() : message();
            switch (random.nextInt(4)) {
                case 0 -> {
                    int cut = random.nextInt(message.length + 1);
                    parts.add(Calls.fragment(Arrays.copyOf(message, cut), random.nextInt(8) == 0));
                    parts.add(Calls.fragment(Arrays.copyOfRange(message, cut, message.length), random.nextInt(8) != 0));
                }
                case 1 -> parts.add(changed(Calls.record(message)));
                default -> parts.add(Calls.record(message));
            }
        }
        return Calls.concat(parts.toArray(byte[][]::new));
    }
}
