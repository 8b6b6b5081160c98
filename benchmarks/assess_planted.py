"""`python -m benchmarks.assess_planted`: planted leaks and proxies of protected attributes, and how many are found.

Of 200 tables a seventh each is clean, has one of three kinds of leak, or one of three kinds of proxy (see
`tests/assess/planted.py`). Found means that every planted column is named; false that a column is named, or an
attribute called given away, that was not planted.
"""

from __future__ import annotations

import argparse
from collections import Counter

from tests.assess.planted import KINDS, Case, planted

from watchkeeper.assess.frame import codes, make_frame
from watchkeeper.assess.inference import infer
from watchkeeper.assess.leakage import leaks
from watchkeeper.assess.record import Assessment

RECORD = Assessment(data="made", row="a row", target="y", protected=("group",))


def judged(case: Case) -> tuple[bool, bool]:
    """Whether all that was planted is named, and whether anything else is."""
    frame = make_frame(RECORD, case.table)
    told_leaks = {one.column for one in leaks(frame.without({"group"}))}
    one = infer(frame.without({"group"}), "group", codes(case.table["group"])[0][frame.row])
    assert one is not None
    told = set(one.carriers) if one.is_told else set()
    is_found = case.leaks <= told_leaks and case.carriers <= told
    return is_found, bool((told_leaks - case.leaks) | (told - case.carriers))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.assess_planted", description=__doc__)
    parser.add_argument("--cases", type=int, default=200)
    cases = parser.parse_args().cases
    import sklearn.ensemble  # noqa: F401 - limits hold for what is loaded already
    from threadpoolctl import threadpool_limits

    total, found, false = Counter[str](), Counter[str](), Counter[str]()
    with threadpool_limits(limits=1):
        for seed in range(cases):
            kind = KINDS[seed % len(KINDS)]
            is_found, is_false = judged(planted(kind, seed))
            total[kind] += 1
            found[kind] += is_found
            false[kind] += is_false
    print("| planted | cases | found | something false |\n| --- | --- | --- | --- |")
    for kind in KINDS:
        share = "–" if kind == "clean" else f"{found[kind] / total[kind]:.1%}"
        print(f"| {kind} | {total[kind]} | {share} | {false[kind] / total[kind]:.1%} |")
    planted_ones = cases - total["clean"]
    whole = sum(found[kind] for kind in KINDS if kind != "clean") / planted_ones
    print(f"| all | {cases} | {whole:.1%} | {sum(false.values()) / cases:.1%} |")


if __name__ == "__main__":
    main()
