"""What detection power means, in sentences and short words: for the command line and for pages."""

from __future__ import annotations

from watchkeeper.detect.power import AS_WELL, ENOUGH, OWN, DetectorPower, Found, Power
from watchkeeper.domain.times import format_duration

SIDES = {-1: "drop", 1: "rise"}


def sentences(power: Power, unit: str = "") -> list[str]:
    """What a person should know first; `unit` is the metric's, for changes that are told in it.

    One sentence for each direction, whether a simple rule does as well, what it costs on the untouched history, and
    what could not be compared.
    """
    told = [_seen(power, direction, unit) for direction in power.directions]
    told.append(_verdict(power))
    told.append(
        f"On its own history of {_months(power.months)} Watchkeeper opens {_alerts(power.own.alerts)} "
        f"({power.own.alerts_per_month:.1f} a month), true ones included."
    )
    if power.left_out:
        names = " and ".join(f"“{name}”" for name in power.left_out)
        told.append(f"The history is too short to compare with {names}.")
    return told


def budget(false_alerts_per_month: float) -> str:
    """`one false alert a month`, `4 false alerts a month`, `one false alert in 2 months`."""
    if false_alerts_per_month == 1:
        return "one false alert a month"
    if false_alerts_per_month < 1:
        return f"one false alert in {1 / false_alerts_per_month:.3g} months"
    return f"{false_alerts_per_month:g} false alerts a month"


def change(power: Power, direction: int, size: float, unit: str = "") -> str:
    """A change with its article: `a 12 % drop`, `a rise to 5 times what is expected`, `a drop of 0.3`."""
    side = SIDES[direction]
    if power.in_bands:
        amount = how_large(power, size) + (f" {unit}" if unit else "")
        return f"a {side} of {amount} ({size:.2g} times the band)"
    if direction < 0 and size >= 0.995:
        return "a drop to nothing"
    if size >= 2.0:
        return f"a rise to {1 + size:.2g} times what is expected"
    article = "an" if how_large(power, size).startswith(("8", "11 ", "18 ")) else "a"
    return f"{article} {how_large(power, size)} {side}"


def how_large(power: Power, size: float | None) -> str:
    """`12 %`; in bands the amount; `–` for none."""
    if size is None:
        return "–"
    if power.in_bands:
        amount = float(f"{size * power.band:.2g}")
        return f"{amount:,.0f}" if amount >= 10 else f"{amount:g}"
    return f"{100 * size:.2g} %" if size < 1 else f"{100 * size:,.0f} %"


def short_duration(seconds: float) -> str:
    """`5 min`, `3 h`, `2 d`: the largest unit that leaves a number of at least one."""
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds:.0f} s"


def within(seconds: int) -> str:
    """`an hour`, `a day`, `3 hours`."""
    known = {86400: "a day", 3600: "an hour", 60: "a minute", 604800: "a week"}
    return known.get(seconds) or format_duration(seconds)


def _seen(power: Power, direction: int, unit: str) -> str:
    """How small a change is seen, at the shortest length from the headline on where one is; and what a rule needs."""
    named = [rule for rule in power.rules if rule.name == power.rule]
    best = next(iter([*named, *power.rules]), None)
    length = power.own.told_length(direction, power.headline_s)
    size = power.own.least_size(direction, length)
    enough = f"{10 * ENOUGH:g} times in 10"
    if size is None:
        largest = _largest(power.own, direction, length)
        what = change(power, direction, largest.size, unit)
        if largest.share == 0:
            told = f"no {SIDES[direction]} tried, up to {what}, is seen within {within(length)}"
        else:
            share = round(100 * largest.share)
            often = "once in 100 times" if share <= 1 else f"{share} times in 100"
            told = f"even {what} is seen only {often} within {within(length)}"
        told += f", at {budget(power.false_alerts_per_month)}"
    else:
        what = change(power, direction, size, unit)
        smallest = min(one.size for one in power.own.found if one.direction == direction)
        least = ", the smallest tried," if size <= smallest else ""
        told = f"{what}{least} is seen within {within(length)} {enough}, at {budget(power.false_alerts_per_month)}"
    return told[0].upper() + told[1:] + _rule_needs(power, best, direction, length, size, unit) + "."


def _rule_needs(
    power: Power, rule: DetectorPower | None, direction: int, length: int, own: float | None, unit: str
) -> str:
    if rule is None:
        return ""
    size = rule.least_size(direction, length)
    if size is None:
        return "" if own is None else f"; the rule “{rule.name}” sees none of those tried so surely"
    if own is None:
        return f"; the rule “{rule.name}” sees {change(power, direction, size, unit)} {10 * ENOUGH:g} times in 10"
    if not power.in_bands and size >= 2.0:
        return f"; the rule “{rule.name}” needs one to {1 + size:.2g} times"
    return f"; the rule “{rule.name}” needs {how_large(power, size)}{f' {unit}' if unit and power.in_bands else ''}"


def _verdict(power: Power) -> str:
    if power.rule is not None:
        return f"The simple rule “{power.rule}” does as well here: use it."
    if not power.rules:
        return "No simple rule could be compared."
    best = power.rules[0]
    if best.need is None:
        return "Neither Watchkeeper nor a simple rule sees any of the changes tried at half of the places."
    if best.need <= AS_WELL:
        return (
            f"The simple rule “{best.name}” does as well on average, but is clearly worse at some of the changes "
            "told of here."
        )
    larger = f"{100 * (best.need - 1):.0f} % larger" if best.need < 2 else f"{best.need:.2g} times as large"
    return f"No simple rule does as well: the best, “{best.name}”, needs changes {larger} on average."


def _largest(own: DetectorPower, direction: int, length: int) -> Found:
    return max(
        (one for one in own.found if (one.direction, one.length_s) == (direction, length)), key=lambda one: one.size
    )


def _months(months: float) -> str:
    return f"{months:.1f} months" if months >= 2 else format_duration(round(months * 30.4375) * 86400)


def _alerts(count: int) -> str:
    return "1 alert" if count == 1 else f"{count} alerts"


def detector_name(name: str) -> str:
    """What people read: Watchkeeper's own detector by its name, a rule in quotes."""
    return "Watchkeeper" if name == OWN else f"“{name}”"
