"""Tables, JSON, and the comparison of two runs."""

import statistics

# A ratio that is so much worse is a case to be named.
WORSE = 1.10

# Of fewer rounds nobody can tell what is noise.
ENOUGH = 3

COLUMNS = [
    ("cpu_us", "CPU us/call", "%.2f"),
    ("also_cpu_us", "+ backend", "%.2f"),
    ("sender_us", "sender's us", "%.2f"),
    ("per_s", "calls/s", "%.0f"),
    ("answered", "answered %", "%.1f"),
    ("share", "answered %", "%.2f"),
    ("flood_per_s", "flood/s", "%.0f"),
    ("p50_us", "median us", "%.0f"),
    ("p99_us", "99 % us", "%.0f"),
    ("p999_us", "99.9 % us", "%.0f"),
    ("seconds", "seconds", "%.3f"),
    ("cpu_seconds", "CPU s", "%.2f"),
    ("kib_each", "KiB each", "%.1f"),
    ("heap_kib", "heap KiB", "%.0f"),
    ("growth_kib", "growth KiB", "%.0f"),
    ("rss_mb", "MiB", "%.0f"),
]
NAMES = {"cpu_us": "CPU", "per_s": "calls/s", "seconds": "seconds", "cpu_seconds": "CPU to the first answer",
         "share": "answered %", "p50_us": "median us", "kib_each": "KiB each", "growth_kib": "growth in KiB", "rss_mb": "MiB"}


def quartiles(values):
    values = sorted(values)
    if len(values) < 3:
        return values[0], values[-1]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high


def spread(values):
    low, high = quartiles(values)
    return {"count": len(values), "min": round(min(values), 3), "low": round(low, 3), "median": round(statistics.median(values), 3),
            "high": round(high, 3), "max": round(max(values), 3)}


def ratio(metric, over, under, pairs, must, aim, better):
    return dict(spread(pairs), metric=metric, over=over, under=under, rounds=[round(p, 3) for p in pairs],
                must=must, aim=aim, better=better)


def bound(metric, label, values, must, aim, better):
    return dict(spread(values), metric=metric, label=label, must=must, aim=aim, better=better)


def holds(entry, limit):
    return entry["median"] <= limit if entry["better"] == "lower" else entry["median"] >= limit


def judged(entry):
    said = []
    for word in ("must", "aim"):
        if entry[word] is not None:
            said.append("%s %g %s" % (word, entry[word], "met" if holds(entry, entry[word]) else "MISSED"))
    return ", ".join(said)


def heading(about):
    text = "%s, %d cores, Linux %s, Java %s, %s" % (
        about["cpu"], about["cores"], about["kernel"], " and ".join(about["java"]), about["date"])
    text += "\nother work on this machine before the run: %.0f %% of it" % about["busy_percent"]
    if about["busy_percent"] > 15:
        text += ". Rates and latencies of such a run are worth little; CPU per call and ratios, a little more."
    return text


def table(name, result):
    lines = ["", "%s: %s" % (name, result.title)]
    lines += ["  left out: %s" % m for m in result.missing]
    lines += ["  FAILED: %s" % result.failed] if result.failed else []
    columns = [c for c in COLUMNS if any(c[0] in f for f in result.figures.values())]
    width = max([len(label) for label in result.figures] + [8])
    if result.figures:
        lines.append("  %s  %s" % (" " * width, "  ".join("%11s" % title for _, title, _ in columns)))
    for label, figures in result.figures.items():
        cells = ["%11s" % (form % statistics.median(figures[key]) if key in figures else "") for key, _, form in columns]
        lines.append("  %-*s  %s" % (width, label, "  ".join(cells)))
    for r in result.ratios:
        lines.append("  %s, %s : %s = %.2f (%.2f to %.2f)  %s" % (
            NAMES.get(r["metric"], r["metric"]), r["over"], r["under"], r["median"], r["min"], r["max"], judged(r)))
    for e in result.bounds:
        lines.append("  %s of %s = %.4g (%.4g to %.4g)  %s" % (
            NAMES.get(e["metric"], e["metric"]), e["label"], e["median"], e["min"], e["max"], judged(e)))
    return "\n".join(line.rstrip() for line in lines)


def document(about, results):
    return {
        "machine": about,
        "cases": {
            name: {"title": r.title, "figures": r.figures, "ratios": r.ratios, "bounds": r.bounds, "missing": r.missing}
            for name, r in results.items()
        },
    }


def entries(case):
    """What is compared, by its name: ratios, and of the bounds those that another machine would give too."""
    found = {}
    for r in case["ratios"]:
        found["%s, %s : %s" % (NAMES.get(r["metric"], r["metric"]), r["over"], r["under"])] = r
    for e in case["bounds"]:
        found["%s of %s" % (NAMES.get(e["metric"], e["metric"]), e["label"])] = e
    return found


def worse(before, now):
    """What became worse by a tenth or more, and how many figures did not."""
    found, same = [], 0
    for name, case in now["cases"].items():
        old = entries(before["cases"].get(name, {"ratios": [], "bounds": []}))
        for what, new in entries(case).items():
            if what not in old or old[what]["median"] <= 0 or new["median"] <= 0:
                continue
            was = old[what]
            lower = new["better"] == "lower"
            change = new["median"] / was["median"] if lower else was["median"] / new["median"]
            if change <= WORSE:
                same += 1
                continue
            # Apart when the better half of the new rounds is worse than the worse half of the old ones.
            apart = new["low"] > was["high"] if lower else new["high"] < was["low"]
            found.append({"case": name, "what": what, "was": was, "is": new,
                          "apart": apart and min(new["count"], was["count"]) >= ENOUGH})
    return found, same


def compare(before, now, measure_again):
    """
    Prints what became worse by a tenth; returns 1 when something did for sure. Rounds that follow each other share what the
    machine had to do besides, so that only what is worse in a second measurement too is sure.

    measure_again: takes names of cases, and gives a document of them
    """
    found, same = worse(before, now)
    suspects = sorted({f["case"] for f in found if f["apart"]})
    again = worse(before, measure_again(suspects))[0] if suspects else []
    confirmed = {(f["case"], f["what"]) for f in again if f["apart"]}
    print("\ncompared with the run of %s:" % before["machine"]["date"])
    sure = 0
    for f in found:
        said = "inconclusive, the rounds are too few or overlap"
        if (f["case"], f["what"]) in confirmed:
            said = "WORSE, and measured again it is, too"
            sure += 1
        elif f["apart"]:
            said = "not when it was measured again"
        print("  %s: %s was %.3g, is %.3g (%.3g to %.3g): %s" % (
            f["case"], f["what"], f["was"]["median"], f["is"]["median"], f["is"]["min"], f["is"]["max"], said))
    print("  %d worse by a tenth or more, %d inconclusive, %d not" % (sure, len(found) - sure, same))
    return 1 if sure else 0
