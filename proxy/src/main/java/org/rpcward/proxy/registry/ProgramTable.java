package org.rpcward.proxy.registry;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.rpcward.proxy.rpcbind.Mapping;

/*
 * Open addressing with linear probing, at most half full: a lookup of a number makes no object and follows no chain. The
 * seed is there because a backend chooses its numbers, and must not choose that they fall together.
 */
/** Rows by the number of their program. Immutable. */
final class ProgramTable {
    /** What is registered for a program that is not. Not to be written to. */
    static final Mapping[] NONE = {};

    private final int seed = ThreadLocalRandom.current().nextInt();
    private final int mask;
    private final int[] programs;

    /** Empty where no program has the place. */
    private final Mapping[][] rows;

    private ProgramTable(Map<Integer, List<Mapping>> byProgram) {
        int places = Integer.highestOneBit(Math.max(1, byProgram.size())) << 2;
        mask = places - 1;
        programs = new int[places];
        rows = new Mapping[places][];
        Arrays.fill(rows, NONE);
        byProgram.forEach((program, registered) -> {
            int place = place(program);
            while (rows[place].length > 0) {
                place = (place + 1) & mask;
            }
            programs[place] = program;
            rows[place] = registered.toArray(NONE);
        });
    }

    static ProgramTable of(List<Mapping> rows) {
        Map<Integer, List<Mapping>> byProgram = new LinkedHashMap<>();
        for (Mapping row : rows) {
            byProgram.computeIfAbsent(row.program(), p -> new ArrayList<>(1)).add(row);
        }
        return new ProgramTable(byProgram);
    }

    /** The rows of a program, in their order; {@link #NONE} when it has none. Not to be written to. */
    Mapping[] rows(int program) {
        int place = place(program);
        while (rows[place].length > 0 && programs[place] != program) {
            place = (place + 1) & mask;
        }
        return rows[place];
    }

    private int place(int program) {
        int mixed = (program ^ seed) * 0x9e3779b9;
        mixed = (mixed ^ (mixed >>> 15)) * 0x85ebca6b;
        return (mixed ^ (mixed >>> 13)) & mask;
    }
}
