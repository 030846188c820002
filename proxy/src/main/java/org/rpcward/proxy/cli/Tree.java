package org.rpcward.proxy.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An object of JSON, of which nothing is believed: what is missing or of another kind is null, 0 or empty. */
record Tree(Map<?, ?> object) {
    static Tree of(@Nullable Object value) {
        return new Tree(value instanceof Map<?, ?> map ? map : Map.of());
    }

    @Nullable
    Object get(String name) {
        return object.get(name);
    }

    String text(String name) {
        Object value = object.get(name);
        return value == null ? "" : value.toString();
    }

    long number(String name) {
        return object.get(name) instanceof Number number ? number.longValue() : 0;
    }

    double decimal(String name) {
        return object.get(name) instanceof Number number ? number.doubleValue() : 0;
    }

    boolean is(String name) {
        return Boolean.TRUE.equals(object.get(name));
    }

    Tree tree(String name) {
        return of(object.get(name));
    }

    List<Tree> trees(String name) {
        List<Tree> trees = new ArrayList<>();
        list(name).forEach(element -> trees.add(of(element)));
        return trees;
    }

    List<String> texts(String name) {
        List<String> texts = new ArrayList<>();
        list(name).forEach(element -> texts.add(String.valueOf(element)));
        return texts;
    }

    private List<?> list(String name) {
        return object.get(name) instanceof List<?> list ? list : List.of();
    }
}
