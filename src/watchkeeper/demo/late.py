"""The demo's ML feature: a model trained on January to May, asked from June on, and the store that it lives from.

One thing is planted: within `OUTAGE` the weather feed has no rows, as if the thunderstorm of 12 September 2013 had
taken it down. The rest follows: like any look-up of the newest observation, the model's goes on finding the storm's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from watchkeeper.demo.warehouse import package_data
from watchkeeper.domain.times import parse_instant

if TYPE_CHECKING:
    import duckdb

SYSTEM, FLAG = "late-departures", "late-departures-model"
TRAINED_AT, END = parse_instant("2013-06-01"), parse_instant("2013-12-31")
"""The weather of the data set ends on 30 December."""
REFERENCE_ENDS = parse_instant("2013-07-01")
"""Its first month is what later ones are compared with."""
OUTAGE = parse_instant("2013-09-13"), parse_instant("2013-09-18")
LATE_MIN = 30
EVERY = 3
"""Every third flight of the training months is enough: ten times as fast, and as good within a hundredth of skill."""
_WEATHER = ("temp", "humid", "wind_speed", "precip", "visib")
_FEATURES = ("carrier_code", "origin_code", "hour", "distance", *_WEATHER)

_OBSERVED = """
create table to_come.weather as
select time_hour::timestamptz::timestamp as observed_at, origin, temp, humid, wind_speed, precip, visib
from read_csv(?, nullstr = 'NA', sample_size = -1)
where not (time_hour::timestamptz >= to_timestamp(?) and time_hour::timestamptz < to_timestamp(?))
"""
_ASKED = """
create table to_come.flights as
select row_number() over (order by f.time_hour, f.carrier, f.flight, f.origin) as flight,
    f.time_hour + to_minutes(f.minute) - interval '1 hour' as asked_at, f.carrier, f.origin, f.hour, f.distance,
    dense_rank() over (order by f.carrier) - 1 as carrier_code,
    dense_rank() over (order by f.origin) - 1 as origin_code,
    w.* exclude (origin, observed_at), f.dep_delay > ? as was_late,
    f.time_hour + to_minutes(f.minute + f.dep_delay) as left_at
from flown.flights as f
asof left join to_come.weather as w
    on w.origin = f.origin and w.observed_at <= f.time_hour + to_minutes(f.minute) - interval '1 hour'
order by 1
"""
_STREAMED = {
    "weather": ("observed_at", "select * from to_come.weather"),
    "predictions": (
        "asked_at",
        "select flight, asked_at, carrier, origin, temp, humid, wind_speed, precip, visib, score, basic_score,"
        " $variant <> 'model' as is_fallback from to_come.flights",
    ),
    "outcomes": (
        "known_at",
        "select flight, left_at as known_at, was_late from to_come.flights where was_late is not null",
    ),
}
"""Live table → when its rows become known, and the rows. A cancelled flight has no outcome."""


def config_text() -> str:
    """The feature's record, as a user would write it."""
    return files("watchkeeper.demo").joinpath("late.yaml").read_text(encoding="utf-8")


def build(path: Path, warehouse: Path) -> bool:
    """Train the model and write its store to `path` unless it is there; True where it was written.

    The schema `to_come` holds what `stream` moves into the live tables as time goes by.
    """
    if path.exists():
        return False
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with _open(part) as db:
        place = str(warehouse).replace("'", "''")
        db.execute(f"attach '{place}' as flown (read_only)")
        db.execute("create schema to_come")
        db.execute(_OBSERVED, [str(package_data() / "weather.csv"), *OUTAGE])
        db.execute(_ASKED, [LATE_MIN])
        _predict(db)
        before = " where asked_at < to_timestamp(?)::timestamp"
        db.execute("create table training as select * from to_come.flights" + before, [TRAINED_AT])  # noqa: S608 - our own constant
        db.execute("delete from to_come.flights" + before, [TRAINED_AT])  # noqa: S608 - our own constant
        for table, (_, rows) in _STREAMED.items():
            empty = rows.replace("$variant", "'model'")
            db.execute(f"create table {table} as {empty} limit 0")
        db.execute("create table streamed as select 0::bigint as until")
        db.execute("detach flown")
    os.replace(part, path)
    return True


def stream(path: Path, until: int, variant: str) -> None:
    """Let happen what happens up to `until`: observations come, flights are asked about, outcomes become known.

    The model is always asked; `variant` says who answers the passengers. What has happened does not happen again.
    """
    with _open(path) as db:
        (since,) = db.execute("select until from streamed").fetchone() or (0,)
        if until <= since:
            return
        db.execute("begin")
        for table, (known, rows) in _STREAMED.items():
            given = {"since": since, "until": until} | ({"variant": variant} if "$variant" in rows else {})
            db.execute(
                f"insert into {table} select * from ({rows}) where {known} >= to_timestamp($since)::timestamp"  # noqa: S608 - our own names
                f" and {known} < to_timestamp($until)::timestamp",
                given,
            )
        db.execute("update streamed set until = ?", [until])
        db.execute("commit")


def _predict(db: duckdb.DuckDBPyConnection) -> None:
    """Add what the model says, and what the airline's average would have said, to `to_come.flights`."""
    import numpy as np
    import pyarrow as pa
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    found = db.sql(
        f"select flight, {', '.join(_FEATURES)}, was_late, epoch(asked_at) as asked"  # noqa: S608 (our own constants)
        " from to_come.flights order by flight"
    ).fetchnumpy()
    features = np.column_stack([np.ma.filled(np.ma.asarray(found[name], np.float64), np.nan) for name in _FEATURES])
    is_known = ~np.ma.getmaskarray(found["was_late"])
    was_late = np.ma.filled(found["was_late"], False).astype(np.float64)
    is_trained = is_known & (found["asked"] < TRAINED_AT)
    chosen = np.flatnonzero(is_trained)[::EVERY]
    model = HistGradientBoostingClassifier(
        max_iter=30,
        learning_rate=0.25,
        max_leaf_nodes=8,
        min_samples_leaf=60,
        categorical_features=[0, 1],
        random_state=13,
    )
    with threadpool_limits(1):  # so few rows are not worth threads
        score = model.fit(features[chosen], was_late[chosen]).predict_proba(features)[:, 1]
    airline = features[:, 0].astype(np.int64)
    flown, late = np.bincount(airline[is_trained]), np.bincount(airline[is_trained], was_late[is_trained])
    overall = was_late[is_trained].mean()
    average = np.append(late, np.zeros(airline.max())) / np.maximum(1, np.append(flown, np.zeros(airline.max())))
    seen = np.isin(airline, np.flatnonzero(flown))
    said = pa.table(
        {
            "flight": found["flight"],
            "score": score,
            "basic_score": np.where(seen, average[airline], overall),
        }
    )
    db.register("said", said)
    db.execute(
        "create or replace table to_come.flights as"
        " select f.* exclude (carrier_code, origin_code), s.score, s.basic_score"
        " from to_come.flights as f join said as s using (flight)"
    )
    db.unregister("said")


@contextmanager
def _open(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    import duckdb

    with duckdb.connect(str(path)) as db:
        db.execute("set timezone = 'UTC'")
        yield db
