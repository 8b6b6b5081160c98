"""`watchkeeper push`: a file goes to a metric in pieces; refused rows are named as rows of the file."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from watchkeeper.cli import main
from watchkeeper.client import Client
from watchkeeper.client import wire as wires
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.errors import StoreError
from watchkeeper.watch.service import Watchkeeper

CONFIG = """
sources: {programs: {kind: push}}
metrics: {orders: {source: programs, step: 1h, kind: count, dimensions: [country]}}
"""
HOUR = 1780315200


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with Watchkeeper.open(tmp_path / "home") as service:
        service.apply(parse_config(CONFIG), "tester")
    return tmp_path / "home"


def rows(folder: Path, count: int, *, wrong: int | None = None, header: str = "time,value,country") -> Path:
    lines = [f"{HOUR - 3600 * 24 + 3600 * (row % 20) + (row == wrong)},{row},C{row // 20}" for row in range(count)]
    (folder / "orders.csv").write_text("\n".join([header, *lines]) + "\n")
    return folder / "orders.csv"


def push(home: Path, file: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["push", str(file), "--metric", "orders", "--home", str(home), *words])


def points(home: Path, series: int) -> int:
    with Watchkeeper.open(home) as service:
        service.run_until(int(time.time()))
        found, _ = service.listing.points(series, HOUR - 3600 * 24, HOUR, 1000)
        return sum(value is not None for value in found.value)


def test_a_file_is_pushed_in_pieces_and_again_changes_nothing(home: Path, tmp_path: Path) -> None:
    file = rows(tmp_path, 50)
    said = push(home, file, "--rows", "7", "--json")
    assert said.exit_code == 0, said.output
    assert json.loads(said.stdout) == {
        "metric": "orders", "rows": 50, "accepted": 50, "withheld": 0, "refused": 0, "refusals": []
    }  # fmt: skip
    assert [points(home, series) for series in (1, 2, 3)] == [20, 20, 10]
    assert push(home, file).stdout == "orders: 50 points are on disk, 0 withheld\n"
    assert [points(home, series) for series in (1, 2, 3)] == [20, 20, 10]


def test_a_dry_run_sends_nothing_and_holds_the_file_against_the_metric(home: Path, tmp_path: Path) -> None:
    said = push(home, rows(tmp_path, 50), "--rows", "20", "--dry-run")
    expected = "orders: 50 rows of 3 series, 2026-05-31T12:00:00Z to 2026-06-01T07:00:00Z, would be sent in 3 pieces\n"
    assert said.stdout == expected
    with Watchkeeper.open(home) as service:
        assert service.listing.series("orders") == []
    other = push(home, rows(tmp_path, 2, header="time,value,land"), "--dry-run")
    assert other.exit_code == 3
    assert "metric orders has the dimensions country, the file land" in other.stderr


def test_refused_rows_are_those_of_the_file_and_the_others_are_kept(home: Path, tmp_path: Path) -> None:
    said = push(home, rows(tmp_path, 20, wrong=12), "--rows", "10")
    assert said.exit_code == 3
    assert "row 13: time" in said.stderr
    assert "1 of 20 rows were refused" in said.stderr
    assert points(home, 1) == 19


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the client waited, without waiting."""
    found: list[float] = []
    monkeypatch.setattr(wires.time, "sleep", found.append)
    return found


def test_a_busy_server_is_asked_again_when_it_says(naps: list[float]) -> None:
    answers = iter([(503, {"retry-after": "7"}), (503, {}), (200, {"retry-after": "1"})])
    seen: list[bytes] = []

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(request.content)
        status, headers = next(answers)
        return httpx.Response(status, headers=headers, json={"accepted": 1})

    with Client(token="x", transport=httpx.MockTransport(serve)) as client:
        assert client.push("orders", [HOUR], [1], patience_s=60).accepted == 1
    assert naps == [7.0, 5.0]
    assert len(set(seen)) == 1


def test_patience_ends_and_without_it_nothing_is_asked_again(naps: list[float]) -> None:
    problem = {"status": 503, "code": "store", "title": "Busy", "detail": "The disk is full.", "mend": "Make room."}
    asked: list[str] = []

    def serve(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(503, headers={"retry-after": "0"}, json=problem)

    with Client(token="x", transport=httpx.MockTransport(serve)) as client:
        with pytest.raises(StoreError, match="The disk is full"):
            client.push("orders", [HOUR], [1])
        assert (len(asked), naps) == (1, [])
        with pytest.raises(StoreError, match="The disk is full"):
            client.push("orders", [HOUR], [1], patience_s=0.35)
    assert (len(asked), naps) == (5, [0.1] * 3)


def test_a_push_that_breaks_off_says_how_far_it_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    sent = Client.push
    calls: list[int] = []

    def breaking(client: Client, metric: str, *words: object, **said: object) -> object:
        calls.append(1)
        if len(calls) > 2:
            raise StoreError("the disk is full")
        return sent(client, metric, *words, **said)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(Client, "push", breaking)
    said = push(home, rows(tmp_path, 50), "--rows", "10")
    assert said.exit_code == StoreError.exit_code
    assert "of 50 rows the first 20 were sent; push the file again" in said.stderr
    assert points(home, 1) == 20
