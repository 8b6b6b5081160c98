"""dbt's `sources.json`, as the published contract (schema version 3) has it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from watchkeeper.domain.config import parse_config
from watchkeeper.domain.errors import ConfigError, SourceError
from watchkeeper.domain.metric import Metric, Source, SourceKind
from watchkeeper.domain.times import DAY, HOUR, parse_instant
from watchkeeper.sources.readers import reader_of
from watchkeeper.watch.service import Watchkeeper

DAY_START = parse_instant("2026-06-01")
RESULT = {
    "unique_id": "source.jaffle_shop.raw.orders",
    "max_loaded_at": "2026-06-01T03:30:00+00:00",
    "snapshotted_at": "2026-06-01T10:12:01.482911+00:00",
    "max_loaded_at_time_ago_in_s": 6.5 * HOUR,
    "status": "warn",
    "criteria": {
        "warn_after": {"count": 6, "period": "hour"},
        "error_after": {"count": 1, "period": "day"},
        "filter": None,
    },
    "adapter_response": {"_message": "SELECT 1", "code": "SELECT", "rows_affected": 1},
    "timing": [
        {
            "name": "compile",
            "started_at": "2026-06-01T10:12:01.301000Z",
            "completed_at": "2026-06-01T10:12:01.302000Z",
        }
    ],
    "thread_id": "Thread-1 (worker)",
    "execution_time": 0.21,
}
UNPROMISED = {
    **RESULT,
    "unique_id": "source.jaffle_shop.raw.customers",
    "max_loaded_at_time_ago_in_s": 60.0,
    "status": "pass",
    "criteria": {
        "warn_after": {"count": None, "period": None},
        "error_after": {"count": None, "period": None},
        "filter": None,
    },
}
FAILED = {"unique_id": "source.jaffle_shop.crm.leads", "error": "Database Error", "status": "runtime error"}
METADATA = {
    "dbt_schema_version": "https://schemas.getdbt.com/dbt/sources/v3.json",
    "dbt_version": "1.8.2",
    "generated_at": "2026-06-01T10:12:02.011Z",
    "invocation_id": "4b6f…",
    "env": {},
}


def write(path: Path, *results: dict[str, object], **changed: object) -> Path:
    path.write_text(json.dumps({"metadata": {**METADATA, **changed}, "results": results, "elapsed_time": 1.3}))
    return path


def pulled(url: Path | str, **settings: object) -> dict[tuple[object, ...], float]:
    metric = Metric(**{"name": "age", "source": "dbt", "measure": "age", "step": "1h", **settings})
    reader = reader_of(Source(name="dbt", kind=SourceKind.DBT, url=str(url)))
    rows = [row for batch in reader.pull(metric, DAY_START, DAY_START + DAY) for row in batch.to_pylist()]
    return {(row["time"], *(row[name] for name in metric.dimensions)): row["value"] for row in rows}


def test_ages_come_in_hours_by_table_in_the_period_in_which_dbt_looked(tmp_path: Path):
    path = write(tmp_path / "sources.json", RESULT, UNPROMISED, FAILED)
    ten = DAY_START + 10 * HOUR
    assert pulled(path, dimensions=("table",)) == {(ten, "raw.orders"): 6.5, (ten, "raw.customers"): 1 / 60}
    assert pulled(path) == {(ten,): 6.5}  # the oldest
    assert pulled(path, dimensions=("source",)) == {(ten, "raw"): 6.5}


def test_a_share_of_what_was_promised_is_dbts_own_verdict(tmp_path: Path):
    path = write(tmp_path / "sources.json", RESULT, UNPROMISED)
    ten = DAY_START + 10 * HOUR
    assert pulled(path, measure="of_warn", dimensions=("table",)) == {(ten, "raw.orders"): pytest.approx(6.5 / 6)}
    assert pulled(path, measure="of_error", dimensions=("table",)) == {(ten, "raw.orders"): pytest.approx(6.5 / 24)}


def test_of_looks_that_were_kept_the_last_of_a_period_counts(tmp_path: Path):
    later = {**RESULT, "snapshotted_at": "2026-06-01T10:50:00Z", "max_loaded_at_time_ago_in_s": 1.0 * HOUR}
    next_hour = {**RESULT, "snapshotted_at": "2026-06-01T11:10:00Z", "max_loaded_at_time_ago_in_s": 2.0 * HOUR}
    for number, result in enumerate((later, RESULT, next_hour)):
        write(tmp_path / f"sources{number}.json", result)
    assert pulled(tmp_path / "sources*.json") == {(DAY_START + 10 * HOUR,): 1.0, (DAY_START + 11 * HOUR,): 2.0}


def test_what_is_no_such_file_says_so(tmp_path: Path):
    with pytest.raises(SourceError, match=r"metric age, source dbt: no file is at .*dbt source freshness"):
        pulled(tmp_path / "sources.json")
    other = write(tmp_path / "m.json", dbt_schema_version="https://schemas.getdbt.com/dbt/manifest/v12.json")
    with pytest.raises(SourceError, match=r"it is no sources\.json of dbt"):
        pulled(other)
    (tmp_path / "half.json").write_text('{"metadata": {')
    with pytest.raises(SourceError, match=r"is no sources\.json of dbt"):
        pulled(tmp_path / "half.json")


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("unit: h", "needs a measure alone"),
        ("measure: speed", "use age, of_warn, of_error"),
        ("measure: age, dimensions: [person]", "use unique_id, source, table"),
    ],
)
def test_a_wrong_metric_is_refused(tmp_path: Path, metric: str, words: str):
    text = f"sources: {{dbt: {{kind: dbt, url: x.json}}}}\nmetrics: {{age: {{source: dbt, step: 1h, {metric}}}}}"
    with Watchkeeper.open(tmp_path) as service, pytest.raises(ConfigError, match=words):
        service.apply(parse_config(text), "tester")


def test_a_broken_promise_is_an_alert(tmp_path: Path):
    text = (
        f"sources: {{dbt: {{kind: dbt, url: '{tmp_path}/sources.json'}}}}\n"
        "metrics: {late: {source: dbt, step: 1h, settle: 0s, measure: of_warn, upper_limit: 1, dimensions: [table], "
        "since: 2026-06-01}}"
    )
    write(tmp_path / "sources.json", RESULT)
    now = DAY_START + 11 * HOUR
    with Watchkeeper.open(tmp_path / "home", clock=lambda: now) as service:
        service.apply(parse_config(text), "tester")
        assert service.run_until(now).troubles == ()
        (line,) = service.inbox(show="all").lines
        assert "above the limit" in line.sentence
