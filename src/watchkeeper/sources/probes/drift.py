"""How far columns are from a reference, many in one pass: counts below fixed edges, and a distance from those.

A feature's ten bins are the deciles of the reference, so that a count is a sum of comparisons and counts of parts of
the data add up. With shares a (now) and e (reference), none below 0.0001:

- psi, population stability index: sum of (a - e) ln(a / e); by custom 0.1 is some change, 0.25 much
- js, Jensen-Shannon distance in bits: the root of half of KL(a, m) + KL(e, m), m being the mean; 0 to 1
- wasserstein: the area between the two distribution functions, linear within a bin and cut at the reference's ends, in
  standard deviations of the reference

A period with fewer than `LEAST_ROWS` values has no distance: chance alone would move it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from watchkeeper.sources.probes import sql
from watchkeeper.sources.probes.reference import BINS, Categories, Numbers

LEAST_ROWS = 100
_FLOOR = 1e-4

Distance = Callable[[Sequence[str], Sequence[str], Sequence[str]], str]
"""(shares now, shares of the reference, width of each bin in its standard deviations), as expressions → an expression."""


def drift_query(
    table: str,
    time: str,
    step: str,
    numbers: Sequence[Numbers],
    categories: Sequence[Categories],
    distances: Sequence[str],
    person: str = "",
) -> str:
    """Columns time, feature, distance, value and group_size, one pass over the window."""
    counted = [f"{sql.period(step, f't.{time}')} as time", f"{sql.size(person)} as group_size"]
    for place, one in enumerate(numbers):
        counted.append(f"count(t.{one.column}) as n{place}")
        counted += [
            f"{sql.count_if(f't.{one.column} < {sql.number(edge)}')} as c{place}_{bin_}"
            for bin_, edge in enumerate(one.edges)
        ]
    for place, each in enumerate(categories):
        counted.append(f"count(*) as m{place}")
        counted += [
            f"{sql.count_if(f'{category(each.column)} = {sql.text(value)}')} as k{place}_{number}"
            for number, value in enumerate(each.values)
        ]
    parts = []
    if numbers:
        parts.append(_of_numbers(numbers, distances))
    parts += [_of_categories(place, each, distances) for place, each in enumerate(categories)]
    return (
        f"with counted as (select {', '.join(counted)} {sql.rows(table, time)} group by 1)\n"
        f"select time, feature, distance, value, group_size from ({' union all '.join(parts)}) as found"
    )


def category(column: str) -> str:
    """A category as a text."""
    return f"coalesce(cast(t.{column} as varchar), '(none)')"


def _of_numbers(numbers: Sequence[Numbers], distances: Sequence[str]) -> str:
    """Features abreast: lists of counts, and of what the reference says, become rows together."""
    columns = [f"{sql.listed([sql.text(one.column) for one in numbers])} as feature"]
    columns.append(f"{sql.listed([f'n{place}' for place in range(len(numbers))])} as n")
    for bin_ in range(BINS - 1):
        columns.append(f"{sql.listed([f'c{place}_{bin_}' for place in range(len(numbers))])} as c{bin_}")
        columns.append(f"{sql.listed([sql.number(one.below[bin_]) for one in numbers])} as e{bin_}")
    for bin_ in range(BINS):
        columns.append(f"{sql.listed([sql.number(one.widths[bin_]) for one in numbers])} as w{bin_}")
    now = ["0.0", *(f"(1.0 * c{bin_} / nullif(n, 0))" for bin_ in range(BINS - 1)), "1.0"]
    then = ["0.0", *(f"e{bin_}" for bin_ in range(BINS - 1)), "1.0"]
    widths = [f"w{bin_}" for bin_ in range(BINS)]
    return " union all ".join(
        f"select time, feature, '{name}' as distance, case when n >= {LEAST_ROWS} then {_DISTANCES[name](now, then, widths)} "
        f"end as value, group_size from (select time, group_size, {', '.join(columns)} from counted) as l{number}"
        for number, name in enumerate(distances)
    )


def _of_categories(place: int, each: Categories, distances: Sequence[str]) -> str:
    """One column's categories and the rest; they have no order, so the area between distributions means nothing."""
    total = f"nullif(m{place}, 0)"
    counts = [f"k{place}_{number}" for number in range(len(each.values))]
    shares = [f"(1.0 * {count} / {total})" for count in counts]
    shares.append(f"(1.0 - 1.0 * ({' + '.join(counts) or '0'}) / {total})")
    known = [sql.number(share) for share in (*each.shares, max(0.0, 1.0 - sum(each.shares)))]
    chosen = [name for name in distances if name != "wasserstein"] or ["js"]
    return " union all ".join(
        f"select time, {sql.text(each.column)} as feature, '{name}' as distance, case when m{place} >= {LEAST_ROWS} then "
        f"{_OF_SHARES[name](shares, known)} end as value, group_size from counted"
        for name in chosen
    )


def _shares(below: Sequence[str]) -> list[str]:
    return [f"({high} - {low})" for low, high in pairwise(below)]


def _kept(share: str) -> str:
    return f"greatest({share}, {_FLOOR})"


def _psi(now: Sequence[str], then: Sequence[str]) -> str:
    terms = ((_kept(a), _kept(e)) for a, e in zip(now, then, strict=True))
    return " + ".join(f"({a} - {e}) * ln({a} / {e})" for a, e in terms)


def _js(now: Sequence[str], then: Sequence[str]) -> str:
    terms = []
    for a, e in ((_kept(a), _kept(e)) for a, e in zip(now, then, strict=True)):
        terms.append(f"{a} * ln(2 * {a} / ({a} + {e})) + {e} * ln(2 * {e} / ({a} + {e}))")
    return f"sqrt(greatest(0.0, ({' + '.join(terms)}) / (2 * ln(2.0))))"


def _wasserstein(now: Sequence[str], then: Sequence[str], widths: Sequence[str]) -> str:
    gap = [f"abs({a} - {e})" for a, e in zip(now, then, strict=True)]
    return " + ".join(f"{width} * ({gap[place]} + {gap[place + 1]}) / 2" for place, width in enumerate(widths))


_OF_SHARES = {"psi": _psi, "js": _js}
_DISTANCES: dict[str, Distance] = {
    "psi": lambda now, then, widths: _psi(_shares(now), _shares(then)),
    "js": lambda now, then, widths: _js(_shares(now), _shares(then)),
    "wasserstein": _wasserstein,
}
