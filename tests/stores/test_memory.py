"""A DuckDB history that lacks memory, or that DuckDB gave up: it goes on, or says what to do, and loses nothing."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from tests.stores.shared import give_up_after_committing, given_up
from watchkeeper.domain.errors import ConfigError, StoreError
from watchkeeper.stores.history import History, Kept

MEMORY = "WATCHKEEPER_HISTORY_MEMORY"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.duckdb"


def test_a_history_that_duckdb_gave_up_is_opened_again_and_lacks_nothing(path: Path) -> None:
    with History.open(path) as history:
        for doing in range(4):
            history.append([1, 2], [doing, doing], [0.5, 1.5], known_at=5)
            history.keep([Kept("orders", "key", doing, 1, b"state")])
            given_up(path)
            if doing % 2:
                assert history.append([3], [doing], [2.5], known_at=6) == 1
            else:
                assert history.last_time([1, 2]) == {1: doing, 2: doing}
        assert history.read([1]).time.tolist() == [0, 1, 2, 3]
        assert history.read([3]).time.tolist() == [1, 3]
        assert [one.until for one in history.kept(["orders"])["orders"]] == [3, 2, 1]
        given_up(path)
    with History.open(path) as history:
        assert history.read([2]).time.tolist() == [0, 1, 2, 3]


def test_what_was_done_though_duckdb_gave_up_in_doing_it_is_counted_once(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = 50_000
    series = np.arange(rows)
    with History.open(path) as history:
        give_up_after_committing(path)
        added = history.append(series, np.zeros(rows, np.int64), np.random.default_rng(1).random(rows), known_at=5)
        assert added == rows
        history.append([1], [10], [1.0], known_at=6)
        give_up_after_committing(path)
        assert history.forget(dict.fromkeys(series.tolist(), 5), []) == rows
        assert history.last_time(series.tolist()) == {1: 10}
    assert caplog.text.count("opened again") == 2


def test_many_threads_find_it_given_up_at_once_and_all_go_on(path: Path) -> None:
    with History.open(path) as history:
        history.append(range(1000), [0] * 1000, [1.0] * 1000, known_at=5)
        problems: list[BaseException] = []

        def work(number: int) -> None:
            try:
                for time in range(1, 30):
                    assert history.append([2000 + number], [time], [1.0], known_at=5) == 1
                    assert len(history.read(range(1000)).value) == 1000
            except BaseException as error:
                problems.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for one in threads:
            one.start()
        for _ in range(3):
            given_up(path)
            assert history.last_time([1]) == {1: 0}
        for one in threads:
            one.join()
        assert problems == []
        assert [history.last_time([2000 + number]) for number in range(4)] == [{2000 + n: 29} for n in range(4)]


def test_what_needs_more_memory_than_was_set_says_so_and_stays_whole(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MEMORY, "2MB")
    with History.open(path) as history:
        assert history.append([1], [0], [1.0], known_at=5) == 1
        rows = 200_000
        with pytest.raises(StoreError, match=rf"history\.duckdb: DuckDB needs more than the 2 MB.*raise {MEMORY}"):
            history.append(np.arange(rows), np.zeros(rows, np.int64), np.random.default_rng(1).random(rows), known_at=5)
        assert history.append([1], [1], [1.0], known_at=5) == 1
        assert history.read([1, 2]).time.tolist() == [0, 1]


def test_without_a_setting_the_memory_grows_until_it_is_enough(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watchkeeper.stores.history.duck_file.LEAST_MEMORY", 2_000_000)
    with History.open(path) as history:
        rows, random = 200_000, np.random.default_rng(1)
        for time in range(2):
            added = history.append(np.arange(rows), np.full(rows, time), random.random(rows), known_at=5)
            assert added == rows


def test_points_that_cannot_be_sorted_for_want_of_memory_stay_readable(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, random = 100_000, np.random.default_rng(1)
    with History.open(path) as history:
        for time in range(15):
            history.append(np.arange(rows), np.full(rows, time), random.random(rows), known_at=5)
    monkeypatch.setenv(MEMORY, "12MB")
    with History.open(path) as history:
        assert history.compact() is False
        assert history.read([7]).time.tolist() == list(range(15))
    monkeypatch.delenv(MEMORY)
    with History.open(path) as history:
        assert history.compact() is True


@pytest.mark.parametrize("said", ["much", "-5MB", "0MB", "1.2.3GB"])
def test_a_setting_that_is_no_size_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv(MEMORY, said)
    with pytest.raises(ConfigError, match=rf"{MEMORY}: .* is no size; write it as 512MB"):
        History.open(path)


def test_states_that_are_let_go_or_damaged_cost_their_files_and_nothing_else(path: Path) -> None:
    states = path.with_name("history.duckdb.states")

    def keep(until: int) -> None:
        history.keep([Kept(metric, "key", until, 1, f"{metric} {until}".encode() * 1000) for metric in ("a", "b")])

    with History.open(path) as history:
        for until in range(6):
            keep(until)
        assert len(list(states.iterdir())) == 3
        (states / "left by a crash").write_bytes(b"torn")
        keep(6)
        assert len(list(states.iterdir())) == 3
        newest = max(states.iterdir(), key=lambda one: one.stat().st_mtime_ns)
        data = bytearray(newest.read_bytes())
        data[100] ^= 255
        newest.write_bytes(data)
        found = history.kept(["a", "b"])
        assert [one.until for one in found["a"]] == [5, 4], "its newest is damaged"
        assert [one.until for one in found["b"]] == [6, 5, 4], "in the same file, and whole"
        assert found["b"][0].data == b"b 6" * 1000
        newest.unlink()
        assert [one.until for one in history.kept(["b"])["b"]] == [5, 4]
        history.append([1, 1], [0, 10], [1.0, 1.0], known_at=5)
        history.forget({1: 10}, ["a", "b"])
        assert list(states.iterdir()) == []
