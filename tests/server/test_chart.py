"""What a chart shows, and that its colours are the design's."""

from __future__ import annotations

import json
import re
import struct
import zlib
from pathlib import Path

import msgspec
import pytest

import watchkeeper.server
from tests.server.flights import BLIZZARD, SERIES, YEAR, line_of
from watchkeeper.domain.times import DAY, HOUR, parse_instant
from watchkeeper.notify import chart
from watchkeeper.notify.drawing import columns, days, spans, value_range
from watchkeeper.notify.palette import COLOURS, Theme
from watchkeeper.notify.png import shrink
from watchkeeper.watch.views import Mark, SeriesChart

TOKENS = Path(watchkeeper.server.__file__).parent / "static" / "tokens.css"
STORM = line_of(SERIES[1], BLIZZARD - 3 * DAY, BLIZZARD + 2 * DAY)


def tokens() -> dict[Theme, dict[str, str]]:
    """The colours of the style sheet; dark ones fall back to light ones."""
    light, dark = TOKENS.read_text().split("@media (prefers-color-scheme: dark)")
    found = [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", part)) for part in (light, dark)]
    return {"light": found[0], "dark": found[0] | found[1]}


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio, WCAG 2.2."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_have_the_colours_of_the_design(scheme: Theme) -> None:
    known = tokens()[scheme]
    assert {name: known[name] for name in COLOURS[scheme]} == COLOURS[scheme]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["ground", "surface", "sunken"])
@pytest.mark.parametrize("ink", ["ink", "ink-soft", "accent"])
def test_text_is_readable_everywhere(scheme: Theme, ground: str, ink: str) -> None:
    assert contrast(tokens()[scheme][ink], tokens()[scheme][ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", ["alert", "event", "bad-data", "new-normal", "accent"])
def test_chips_are_readable(scheme: Theme, kind: str) -> None:
    assert contrast(tokens()[scheme][kind], tokens()[scheme][f"{kind}-soft"]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("part", ["chart-value", "chart-expected", "alert", "new-normal", "line-strong"])
def test_lines_and_edges_stand_out(scheme: Theme, part: str) -> None:
    assert contrast(tokens()[scheme][part], tokens()[scheme]["surface"]) >= 3.0


def test_columns_stand_on_the_metrics_wall_clock() -> None:
    drawn = columns(STORM)
    assert drawn.t[0] == (STORM.time[0] - 5 * HOUR) * 1000
    told = [place for place, value in enumerate(drawn.a) if value is not None]
    assert [place for place, is_alert in enumerate(STORM.is_alert) if is_alert] == told


def test_the_hour_that_summer_time_repeats_is_drawn_twice() -> None:
    autumn = parse_instant("2013-11-03T00:00", "America/New_York")
    drawn = columns(line_of(SERIES[1], autumn, autumn + 4 * HOUR))
    hours = [t // 3_600_000 % 24 for t in drawn.t]
    assert hours == [0, 1, 1, 2]


def test_no_line_is_drawn_across_a_hole() -> None:
    keep = [place for place in range(len(STORM.time)) if not 10 <= place < 20]
    holed = SeriesChart(
        series=STORM.series,
        metric=STORM.metric,
        **{
            name: [getattr(STORM, name)[place] for place in keep]
            for name in ("time", "value", "expected", "lower", "upper", "score", "is_alert", "is_learning")
        },
    )
    drawn = columns(holed)
    assert len(drawn.t) == len(keep) + 1
    assert drawn.v[10] is None
    assert drawn.t == sorted(drawn.t)


def test_a_rate_brings_how_many_cases_it_rests_on() -> None:
    share = line_of(SERIES[3], YEAR + 30 * DAY, YEAR + 31 * DAY)
    keep = share.between(share.time[0], share.time[3])
    assert (columns(share).n, columns(keep).n) == ([312.0] * len(share.time), [312.0] * 3)
    assert (columns(STORM).n, days(share).n) == ([], [])


def test_a_day_is_the_mean_of_its_hours_and_a_broken_day_is_none() -> None:
    whole = line_of(SERIES[1], YEAR + 30 * DAY, YEAR + 33 * DAY + 6 * HOUR)
    drawn = days(whole)
    assert len(drawn.t) == 4
    first = [value for value in whole.value[:24] if value is not None]
    assert drawn.v[0] == pytest.approx(sum(first) / 24, rel=1e-5)
    assert drawn.v[3] is None
    assert set(drawn.lo) == {None}


def test_what_was_expected_of_a_day_is_compared_over_the_hours_that_have_a_value() -> None:
    day = line_of(SERIES[1], YEAR + 30 * DAY, YEAR + 31 * DAY)
    asleep = [None if place < 6 else 20.0 for place in range(24)]
    expected = [2.0 if place < 6 else 20.0 for place in range(24)]
    drawn = days(msgspec.structs.replace(day, value=asleep, expected=expected))
    assert (drawn.v, drawn.e) == ([20.0], [20.0])
    silent = days(msgspec.structs.replace(day, value=[None] * 24, expected=expected))
    assert (silent.v, silent.e) == ([None], [15.5])


def test_marks_are_cut_to_the_chart_and_learning_is_shown() -> None:
    early = line_of(SERIES[1], YEAR + 20 * DAY, YEAR + 23 * DAY)
    marks = [
        Mark(kind="event", start=YEAR, end=YEAR + 400 * DAY, label="long"),
        Mark(kind="alert", start=YEAR + 90 * DAY, end=YEAR + 91 * DAY, label="elsewhere"),
        Mark(kind="something", start=YEAR + 21 * DAY, end=YEAR + 22 * DAY, label="new kind"),
    ]
    found = spans(early, marks)
    assert [(span.kind, span.label) for span in found] == [
        ("learning", "Learning"),
        ("event", "long"),
        ("event", "new kind"),
    ]
    assert found[0].t2 - found[0].t == DAY * 1000
    assert found[1].t2 - found[1].t == 3 * DAY * 1000


def test_a_wild_band_does_not_flatten_the_line() -> None:
    wild = msgspec.structs.replace(columns(STORM), hi=[1e6] * len(STORM.time))
    low, high = value_range(wild, STORM.metric)
    assert low < 0 < high < 100


def test_a_spec_has_no_colour_and_no_number_in_it() -> None:
    drawn = columns(STORM)
    text = json.dumps(chart.spec(drawn, spans(STORM), STORM.metric))
    assert "#" not in text.replace("#chart", "")
    assert "datasets" not in text


def test_specs_of_two_series_do_not_share_their_range() -> None:
    seats = line_of(SERIES[4], YEAR + 30 * DAY, YEAR + 60 * DAY)
    first = chart.spec(columns(STORM), [], STORM.metric)
    second = chart.spec(columns(seats), [], seats.metric)
    domains = [spec["layer"][-1]["encoding"]["y"]["scale"]["domain"] for spec in (first, second)]
    assert domains[0][1] < 100 < domains[1][1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_picture_has_the_size_that_was_asked_for(scheme: Theme) -> None:
    picture = chart.png(STORM, scheme=scheme, width=600, height=200, title="A < B & C", scale=1)
    assert picture.startswith(b"\x89PNG")
    assert (
        struct.unpack(">II", picture[16:24]) == (600 + 24, 200 + 24) or struct.unpack(">II", picture[16:24])[0] >= 600
    )


def test_a_chart_of_nothing_is_a_picture_too() -> None:
    empty = line_of(SERIES[1], YEAR, YEAR)
    assert chart.png(empty, width=300, height=100, scale=1).startswith(b"\x89PNG")


def plain_pixels(picture: bytes) -> list[bytes]:
    """Rows of RGB, decoded the slow and obvious way (PNG specification, filter types 0 to 2)."""
    width, height, _, colour = struct.unpack(">IIBB", picture[16:26])
    size = 4 if colour == 6 else 3
    data, place = b"", 8
    while place < len(picture):
        (length,) = struct.unpack(">I", picture[place : place + 4])
        if picture[place + 4 : place + 8] == b"IDAT":
            data += picture[place + 8 : place + 8 + length]
        place += 12 + length
    raw, rows, above = zlib.decompress(data), [], bytes(width * size)
    for row in range(height):
        kind, line = (
            raw[row * (1 + width * size)],
            bytearray(raw[row * (1 + width * size) + 1 : (row + 1) * (1 + width * size)]),
        )
        for at in range(len(line)):
            left = line[at - size] if at >= size else 0
            line[at] = (line[at] + (0, left, above[at])[kind]) % 256
        above = bytes(line)
        rows.append(b"".join(above[at : at + 3] for at in range(0, len(above), size)))
    return rows


def test_a_smaller_picture_has_the_same_pixels() -> None:
    import vl_convert

    drawing = {"data": {"values": [{"a": 1}, {"a": 7}]}, "mark": "point", "encoding": {"x": {"field": "a"}}}
    big = vl_convert.vegalite_to_png(drawing, config={"background": "#fff"})
    small = shrink(big)
    assert len(small) < len(big) / 2
    assert plain_pixels(small) == plain_pixels(big)
    assert shrink(small) == small
