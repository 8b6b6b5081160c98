"""The comparison as Markdown tables and as a picture."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import altair

from benchmarks.pages import table

OURS, THEIRS = "#0b6e4f", "#9a9a9a"
WIDTH, HEIGHT = 640, 340
PLACES = {"above": (0, -14, "center"), "below": (0, 15, "center"), "right": (11, 0, "left"), "left": (-11, 0, "right")}
"""Where a name may stand beside its point: pixels to the right and down, and how it is aligned."""


def section(found: dict[str, Any]) -> str:
    """Three tables: quality, speed and memory, how each was used."""
    peers = found["peers"]
    ran = [peer for peer in peers if not peer.get("problem")]
    size = ", ".join(f"{count} series of {data}" for data, count in found["series"].items())
    quality_header = (
        "detector",
        "cloud: F1 at own alerts",
        "false alerts per series and week",
        "best F1",
        "nab: F1 at own alerts",
        "false alerts per series and week",
        "best F1",
        "series seen",
        "Watchkeeper on those, own / best F1: cloud; nab",
    )
    speed_header = (
        "detector",
        "points scored",
        "points a second",
        "`watchkeeper.score` is faster",
        "its detector alone is faster",
        "peak memory",
        "start and warm-up",
    )
    lines = [
        f"{size}: {found['points']:,} points; one core and at most {found['seconds_per_peer']:.0f} s each, "
        f"Python {found['python']}.",
        table(quality_header, [_quality(peer, found) for peer in ran]),
        table(speed_header, [_speed(peer, ran) for peer in ran]),
        table(("detector", "alerts at", "fitted", "version", "remarks"), [_use(peer) for peer in peers]),
    ]
    return "\n\n".join(lines)


def _quality(peer: dict[str, Any], found: dict[str, Any]) -> tuple[str, ...]:
    cells: list[str] = []
    for data in found["series"]:
        judged = peer[data]
        if judged is None:
            cells += ["–"] * 3
            continue
        own, best = judged["own"], judged["best"]
        cells += [
            f"**{own['f1']:.3f}**",
            f"{own['false_alerts_per_series_week']:.2f}",
            f"{best['f1']:.3f}" if best else "–",
        ]
    seen = {data: peer[data]["series"] if peer[data] else 0 for data in found["series"]}
    is_whole = seen == found["series"]
    counts = " + ".join(f"{seen[data]} of {found['series'][data]}" for data in seen)
    ours = "; ".join(_own_and_best(peer[data]["ours_on_the_same"]) if peer[data] else "–" for data in seen)
    return (peer["name"], *cells, "all" if is_whole else f"sampled: {counts}", ours)


def _own_and_best(judged: dict[str, Any]) -> str:
    return f"{judged['own']['f1']:.3f} / " + (f"{judged['best']['f1']:.3f}" if judged["best"] else "–")


def _speed(peer: dict[str, Any], ran: list[dict[str, Any]]) -> tuple[str, ...]:
    ours = next((one for one in ran if one["slug"] == "ours"), None)
    rate = peer["points_per_second"]
    table_to_table = f"{_short(ours['points_per_second'] / rate)} ×" if ours else "–"
    alone = f"{_short(ours['points'] / ours['alone_s'] / rate)} ×" if ours and ours.get("alone_s") else "–"
    return (
        peer["name"],
        f"{peer['points']:,}",
        _short(rate),
        table_to_table,
        alone,
        f"{peer['peak_mb']:.0f} MB",
        f"{peer['ready_s']:.1f} s",
    )


def _short(number: float) -> str:
    """Two or three digits that count."""
    if number >= 1e6:
        return f"{number / 1e6:.1f} M"
    if number >= 1000:
        return f"{float(f'{number:.3g}'):,.0f}"
    return f"{number:.2g}" if number < 1 else f"{number:.3g}"


def _use(peer: dict[str, Any]) -> tuple[str, ...]:
    remarks = [peer["problem"]] if peer.get("problem") else []
    if peer.get("note"):
        remarks.append(peer["note"])
    if peer.get("misfits"):
        remarks.append(f"{peer['misfits']} fits or series failed ({peer['misfit'][:80]})".replace("|", "/"))
    if peer.get("is_causal") is False:
        remarks.append("not causal: its scores changed with what came later")
    return (peer["name"], peer["rule"], peer["refit"], peer.get("version") or "–", "; ".join(remarks) or "–")


def draw(found: dict[str, Any], path: Path) -> None:
    """Quality against speed. Who saw only a sample is hollow, with Watchkeeper's F1 on that sample as a green tick."""
    rows = [
        {
            "detector": peer["name"],
            "rate": peer["points_per_second"],
            "F1": peer["cloud"]["own"]["f1"],
            "ours": peer["cloud"]["ours_on_the_same"]["own"]["f1"],
            "is_ours": peer["slug"] == "ours",
            "is_sample": peer["cloud"]["series"] < found["series"]["cloud"],
        }
        for peer in found["peers"]
        if not peer.get("problem") and peer["cloud"]
    ]
    if not rows:
        return
    rates = [row["rate"] for row in rows]
    top = max(max(row["F1"], row["ours"]) for row in rows)
    low, high = min(rates) / 4, max(rates) * 6
    y_top = min(1.0, 1.1 * top + 0.02)
    for row in rows:
        row["x"] = WIDTH * math.log(row["rate"] / low) / math.log(high / low)
        row["y"] = HEIGHT * (1 - row["F1"] / y_top)
    _place(rows)
    x = altair.X(
        "rate:Q",
        title="points a second, one core (logarithmic)",
        scale=altair.Scale(type="log", domain=[low, high], nice=False),
        axis=altair.Axis(format="~s", tickCount=6, grid=False),
    )
    y_scale = altair.Scale(domain=[0, y_top])
    y = altair.Y("F1:Q", title="F1 of own alerts, cloud series", scale=y_scale)
    base = altair.Chart(altair.Data(values=rows)).encode(x=x)  # type: ignore[no-untyped-call, unused-ignore]
    is_ours = altair.datum["is_ours"]
    colour = altair.condition(is_ours, altair.value(OURS), altair.value(THEIRS))
    sampled = base.transform_filter(altair.datum["is_sample"])
    layers = [
        sampled.mark_rule(color=OURS, opacity=0.35, strokeDash=[2, 2]).encode(y=y, y2="ours:Q"),
        sampled.mark_tick(color=OURS, thickness=2, width=14, orient="horizontal").encode(
            y=altair.Y("ours:Q", scale=y_scale)
        ),
        sampled.mark_point(size=110, strokeWidth=2, opacity=1, fill="white").encode(y=y, stroke=colour),
        base.transform_filter(~altair.datum["is_sample"])
        .mark_point(size=110, strokeWidth=2, opacity=1)
        .encode(y=y, stroke=colour, fill=colour),
        *(
            base.transform_filter(altair.datum["place"] == name)
            .mark_text(dx=dx, dy=dy, align=align, baseline="middle", fontSize=11)
            .encode(
                y=y, text="detector:N", color=altair.condition(is_ours, altair.value(OURS), altair.value("#444444"))
            )
            for name, (dx, dy, align) in PLACES.items()
        ),
    ]
    title = altair.Title(
        "Quality against speed, on the same points",
        subtitle="hollow: saw only a sample of the series; green tick: Watchkeeper on that sample",
    )
    chart = altair.layer(*layers).properties(width=WIDTH, height=HEIGHT, title=title).configure_view(stroke=None)
    chart.save(str(path), scale_factor=2 if path.suffix == ".png" else 1)


def _place(rows: list[dict[str, Any]]) -> None:
    """Give each name the first place that covers neither a point nor a name already placed."""
    taken = [(row["x"] - 7, row["x"] + 7, row["y"] - 7, row["y"] + 7) for row in rows]
    for row in rows:
        width = 6.2 * len(row["detector"])
        shift = {"center": -width / 2, "left": 0.0, "right": -width}
        row["place"] = "above"
        for name, (dx, dy, align) in PLACES.items():
            left, middle = row["x"] + dx + shift[align], row["y"] + dy
            box = (left, left + width, middle - 6, middle + 6)
            if left > 0 and left + width < WIDTH and not any(_overlap(box, other) for other in taken):
                row["place"] = name
                taken.append(box)
                break


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[1] and b[0] < a[1] and a[2] < b[3] and b[2] < a[3]
