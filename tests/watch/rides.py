"""A ride service that predicts late pick-ups: a feed of weather, a log of predictions, a log of outcomes, in DuckDB."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np

from watchkeeper.domain.config import parse_config
from watchkeeper.domain.times import DAY, parse_instant
from watchkeeper.watch.service import Watchkeeper

START = parse_instant("2026-01-01")
DAYS = 40
END = START + DAYS * DAY
OUTAGE = START + 30 * DAY
"""From here on the weather is missing for three days, and its features are served as zero."""
OUTAGE_DAYS = 3
AN_HOUR = 40
"""Predictions an hour."""

CONFIG = """
sources:
  rides: {{url: "{url}"}}
systems:
  late:
    title: Late pick-ups
    source: rides
    owner: rides@example.com
    stage: operation
    replaces: the average of the city
    reference: {{start: 2026-01-01, end: 2026-01-15}}
    since: 2026-01-15
    min_group_size: 5
    false_alerts_per_month: 0.2
    inputs:
      weather:
        table: weather
        time_field: hour
        loaded_at_field: loaded_at
        warn_after: {{count: 2, period: hour}}
        error_after: 6h
        features: [rain, wind]
        categories: [city]
        ranges: {{rain: [0, 60]}}
        distances: [psi, js, wasserstein]
        expected_rows: 10
    predictions:
      table: predictions
      time_field: asked_at
      key: ride
      score: score
      latency: seconds
      error: failed
      fallback: is_basic
      features: [rain]
    training: {{table: weather, time_field: hour}}
    outcomes: {{table: outcomes, key: ride, label: was_late, arrive_within: 6h}}
    segments: [city]
    measures: [accuracy, precision, recall, f1, brier]
    lowest: {{accuracy: 0.6}}
    trained_at: 2026-01-15
    retrain_after: 90d
    runbook: |
      The weather is {{late.weather.freshness}} old, accuracy {{late.accuracy}}, {{nothing}} else.

      1. Ask the met office.
channels:
  team: {{url: "textfile://{told}"}}
"""


def build(path: Path) -> None:
    """Forty days; a score is right as often as it says, until the rain is served as zero."""
    rng = np.random.default_rng(11)
    hours = DAYS * 24
    with duckdb.connect(str(path)) as db:
        db.execute("set timezone = 'UTC'")
        hour = np.repeat(START + 3600 * np.arange(hours), 10)
        frame = {
            "instant": hour,
            "rain": np.maximum(0.0, rng.gamma(2.0, 5.0, len(hour))).clip(0, 60),
            "wind": rng.normal(20, 5, len(hour)),
            "city": rng.choice(["Ghent", "Lille", "Ulm: old"], len(hour), p=[0.5, 0.3, 0.2]),
        }
        _table(
            db,
            "weather",
            frame,
            "to_timestamp(instant)::timestamp as hour, to_timestamp(instant + 600)::timestamp as loaded_at, "
            "rain, wind, city",
        )
        db.execute(
            "delete from weather where hour >= to_timestamp(?)::timestamp and hour < to_timestamp(?)::timestamp",
            [OUTAGE, OUTAGE + OUTAGE_DAYS * DAY],
        )
        count = hours * AN_HOUR
        at = np.repeat(START + 3600 * np.arange(hours), AN_HOUR) + rng.integers(0, 3600, count)
        rain = rng.gamma(2.0, 5.0, count).clip(0, 60)
        chance = 1 / (1 + np.exp(-(rain - 12) / 3))
        was_late = rng.random(count) < chance
        is_out = (at >= OUTAGE) & (at < OUTAGE + OUTAGE_DAYS * DAY)
        served = np.where(is_out, 40.0, rain)
        frame = {
            "ride": np.arange(count),
            "instant": at,
            "score": 1 / (1 + np.exp(-(served - 12) / 3)),
            "rain": served,
            "seconds": rng.exponential(0.05, count),
            "failed": rng.random(count) < 0.01,
            "is_basic": np.zeros(count, bool),
            "city": rng.choice(["Ghent", "Lille"], count),
        }
        _table(db, "predictions", frame, "to_timestamp(instant)::timestamp as asked_at, * exclude (instant)")
        _table(db, "outcomes", {"ride": np.arange(count), "was_late": was_late}, "*")


def _table(db: duckdb.DuckDBPyConnection, name: str, frame: dict[str, np.ndarray], columns: str) -> None:
    import pyarrow as pa

    db.register("frame", pa.table({key: pa.array(value) for key, value in frame.items()}))
    db.execute(f"create table {name} as select {columns} from frame")
    db.unregister("frame")


def open_service(home: Path, now: int = END, url: str = "") -> Watchkeeper:
    """A service over `home` that knows the ride service beside it."""
    service = Watchkeeper.open(home / "watchkeeper", link="http://127.0.0.1:8321", clock=lambda: now + 60)
    text = CONFIG.format(url=url or f"duckdb:///{home / 'rides.duckdb'}", told=home / "told.txt")
    service.apply(parse_config(text), "tester")
    return service
