"""What is said of an alert is one sentence that a reader understands."""

from __future__ import annotations

import math

import msgspec
import pytest

from watchkeeper.domain.alert import Cause, Member
from watchkeeper.domain.metric import Kind, Metric, Series
from watchkeeper.domain.times import parse_instant
from watchkeeper.notify.message import number, runbook_address, sentence, subject, what_to_do

ORDERS = Metric(
    name="orders", title="Orders", source="shop", query="q", step="1h", kind=Kind.COUNT, dimensions=("country",),
    timezone="Europe/Berlin", unit="orders",
)  # fmt: skip
GERMANY = Series(id=1, metric="orders", values=("DE",))
NOON = parse_instant("2026-11-24T12:00", "Europe/Berlin")
DROP = Member(
    series=1, start=NOON, end=NOON + 3 * 3600, is_open=False, peak_time=NOON, peak_score=2.0, value=66.0,
    expected=100.0, lower=80.0, upper=120.0
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "metric", "text"),
    [
        ({}, ORDERS, "Orders (DE) fell 34 % below what is usual for a Tuesday at 12:00; lasting 3 hours"),
        ({"value": 150.0}, ORDERS, "Orders (DE) rose 50 % above what is usual for a Tuesday at 12:00; lasting 3 hours"),
        (
            {"expected": 0.0},
            ORDERS,
            "Orders (DE) rose to 66 orders, above the usual 0 orders on a Tuesday at 12:00; lasting 3 hours",
        ),
        (
            {"value": 0.62, "expected": 0.02},
            msgspec.structs.replace(ORDERS, kind=Kind.RATE),
            "Orders (DE) rose to 62 %, above the usual 2 % on a Tuesday at 12:00; lasting 3 hours",
        ),
        (
            {"value": 3 / 41, "expected": 0.02, "cases": 41.0},
            msgspec.structs.replace(ORDERS, kind=Kind.RATE, unit="sign-ups"),
            "Orders (DE) rose to 3 of 41 sign-ups (7.32 %), above the usual 2 % on a Tuesday at 12:00; lasting 3 hours",
        ),
        (
            {"value": 0.07, "expected": 0.2, "cases": 41000.4},
            msgspec.structs.replace(ORDERS, kind=Kind.RATE, unit="%"),
            "Orders (DE) fell to 7 % of 41,000, below the usual 20 % on a Tuesday at 12:00; lasting 3 hours",
        ),
        (
            {"value": 0.5, "expected": 0.2, "cases": 4000.0},
            msgspec.structs.replace(ORDERS, kind=Kind.RATE, unit="", upper_limit=0.4),
            "Orders (DE) is at 2,000 of 4,000 (50 %), above the limit of 40 % on a Tuesday at 12:00; lasting 3 hours",
        ),
        (
            {"cause": Cause.SILENCE, "value": math.nan, "expected": math.nan},
            ORDERS,
            "Orders (DE) sends no data, which is unusual for a Tuesday at 12:00; lasting 3 hours",
        ),
    ],
)
def test_sentences(changes: dict[str, object], metric: Metric, text: str):
    assert sentence(msgspec.structs.replace(DROP, **changes), metric, GERMANY) == text


@pytest.mark.parametrize(
    ("value", "text"), [(1240.4, "1,240 orders"), (3.14159, "3.14 orders"), (7.0, "7 orders"), (math.nan, "no value")]
)
def test_numbers_carry_their_unit(value: float, text: str):
    assert number(value, ORDERS) == text


def test_a_value_that_is_not_known_keeps_its_own_brackets():
    unknown = msgspec.structs.replace(GERMANY, values=("(none)",))
    assert [subject(ORDERS, one) for one in (GERMANY, unknown)] == ["Orders (DE)", "Orders (none)"]


def test_of_a_long_runbook_the_first_lines_are_said():
    long = "\n\n".join(f"{one}. Step" for one in range(1, 11))
    assert what_to_do([("System Search", long)]) == [
        "Runbook (System Search):",
        *(f"{one}. Step" for one in range(1, 7)),
        "… 4 more lines on the page of the alert",
    ]
    assert what_to_do([("A fall", "Call Ada."), ("Source shop", "a\nb")]) == [
        "Runbook (A fall): Call Ada.",
        "Runbook (Source shop):",
        "a",
        "b",
    ]
    assert what_to_do([]) == []


def test_machines_are_led_to_a_runbook_that_is_an_address_or_to_the_alert():
    page = "https://watch.example/alerts/1"
    assert (
        runbook_address([("A fall", "Call Ada."), ("Source shop", "https://wiki/shop\n")], page) == "https://wiki/shop"
    )
    assert runbook_address([("A fall", "Call Ada.")], page) == page
    assert runbook_address([], page) == ""
