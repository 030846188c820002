package org.rpcward.policy.yaml;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import org.rpcward.policy.Place;
import org.yaml.snakeyaml.reader.StreamReader;

/** Bytes to text: UTF-8, with or without a byte order mark, without control characters. */
final class PolicyText {
    /** A text, or what is wrong with the bytes. */
    record Decoded(String text, Code code, String failure) {
        boolean failed() {
            return !failure.isEmpty();
        }
    }

    private PolicyText() {}

    static Decoded decode(byte[] bytes, int longest) {
        if (bytes.length > longest) {
            return failed(
                    Code.TOO_LONG,
                    "the file is longer than " + (longest >> 20) + " MiB, which is the most that is read");
        }
        if (bytes.length >= 2 && ((bytes[0] == -1 && bytes[1] == -2) || (bytes[0] == -2 && bytes[1] == -1))) {
            return failed(Code.NOT_TEXT, "the file is UTF-16; save it as UTF-8");
        }
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == 0) {
                return failed(Code.NOT_TEXT, "the file is not text: a NUL byte at offset " + i);
            }
        }
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer out = CharBuffer.allocate(bytes.length);
        CoderResult result = decoder.decode(in, out, true);
        if (result.isError()) {
            return failed(Code.NOT_TEXT, "the file is not UTF-8 text: offset " + in.position() + " breaks it");
        }
        String text = out.flip().toString();
        return new Decoded(text.startsWith("\ufeff") ? text.substring(1) : text, Code.NOT_TEXT, "");
    }

    private static Decoded failed(Code code, String failure) {
        return new Decoded("", code, failure);
    }

    /** Notes the first character that no text has; says whether there is none. */
    static boolean isPrintable(Source source, Problems problems) {
        int number = 0;
        for (String line : source.lines()) {
            number++;
            int column = 1;
            for (int i = 0; i < line.length(); column++) {
                int c = line.codePointAt(i);
                if (!StreamReader.isPrintable(c) || c == 0xfeff) {
                    problems.at(
                            source,
                            new Place(source.file(), number, column),
                            1,
                            Code.NOT_TEXT,
                            "a control character, " + String.format("U+%04X", c) + ", stands in the text",
                            "delete it");
                    return false;
                }
                i += Character.charCount(c);
            }
        }
        return true;
    }
}
