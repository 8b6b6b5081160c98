"""The history keeps every value and when it became known."""

from __future__ import annotations

import itertools
import math
import threading

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchkeeper.domain.errors import InputError, StoreError
from watchkeeper.domain.points import WITHHELD, PointColumns
from watchkeeper.stores.history import Changes, History, Kept

NAN = math.nan


@pytest.fixture(params=["duckdb", "postgresql"])
def path(request: pytest.FixtureRequest, tmp_path: str) -> str:
    """A history's place, of each kind."""
    if request.param == "duckdb":
        return str(tmp_path / "history.duckdb")
    return str(request.getfixturevalue("postgres_url"))


def points_of(columns: PointColumns) -> dict[tuple[int, int], tuple[float, int]]:
    """(series, time) → (value, known_at), None for NaN so that dictionaries compare."""
    found = {}
    for place, series in enumerate(columns.series):
        rows = columns.of(place)
        times = columns.time[rows].tolist()
        assert times == sorted(set(times)), "each series sorted by time, each time once"
        for time, value, known_at in zip(
            times, columns.value[rows].tolist(), columns.known_at[rows].tolist(), strict=True
        ):
            found[series, time] = (None if math.isnan(value) else value, known_at)
    return found


def test_what_was_appended_is_read_back_sorted_in_the_order_asked_for(path: str) -> None:
    with History.open(path) as history:
        assert history.append([2, 1, 2], [7200, 3600, 3600], [1.5, NAN, 2.5], known_at=9000) == 3
        columns = history.read((2, 7, 1))
    assert columns.series == (2, 7, 1)
    assert columns.start.tolist() == [0, 2, 2, 3]
    assert columns.start.dtype == columns.time.dtype == columns.known_at.dtype == np.int64
    assert columns.value.dtype == np.float64
    assert all(column.flags.writeable for column in (columns.time, columns.value, columns.known_at))
    assert columns.time.tolist() == [3600, 7200, 3600]
    np.testing.assert_array_equal(columns.value, [2.5, 1.5, NAN])
    assert columns.known_at.tolist() == [9000] * 3


def test_a_dry_run_counts_what_is_new_or_different_and_stores_nothing(path: str) -> None:
    with History.open(path) as history:
        history.append([1, 1, 1], [0, 10, 20], [1.0, 2.0, NAN], known_at=50)
        assert history.append([1] * 4, [0, 10, 20, 30], [1.0, 3.0, NAN, 4.0], known_at=60, dry_run=True) == 2
        assert history.append([], [], [], known_at=60, dry_run=True) == 0
        assert points_of(history.read([1])) == {(1, 0): (1.0, 50), (1, 10): (2.0, 50), (1, 20): (None, 50)}
        assert history.append([1] * 4, [0, 10, 20, 30], [1.0, 3.0, NAN, 4.0], known_at=60) == 2


def test_a_withheld_value_takes_the_place_of_an_earlier_one_and_what_was_known_stays(path: str) -> None:
    with History.open(path) as history:
        history.append([1, 1], [0, 10], [1.0, 2.0], known_at=50)
        assert history.append([1], [10], [WITHHELD], known_at=60) == 1
        assert history.append([1], [10], [WITHHELD], known_at=70) == 0, "known already"
        found = history.read([1])
        assert found.value.tolist() == [1.0, WITHHELD]
        assert found.is_withheld.tolist() == [False, True]
        np.testing.assert_array_equal(found.shown, [1.0, NAN])
        assert history.read([1], known_before=60).value.tolist() == [1.0, 2.0]
        seen = history.changes(*(np.array([one]) for one in (1, 20, 1, 30)))
        assert seen.late == {1: 10}
        assert history.last_time([1]) == {1: 10}
        history.append([1], [20], [WITHHELD], cases=[3.0], known_at=70)
        assert history.read([1], start=20).cases is None, "how many there are is withheld too"
        assert history.append([1], [10], [3.0], known_at=80) == 1, "it is shown again"
        assert history.read([1], end=20).value.tolist() == [1.0, 3.0]


def test_a_window_is_half_open(path: str) -> None:
    with History.open(path) as history:
        history.append([1] * 4, [0, 10, 20, 30], [0.0, 1.0, 2.0, 3.0], known_at=50)
        assert history.read([1], start=10, end=30).time.tolist() == [10, 20]


def test_only_new_and_changed_values_are_written(path: str) -> None:
    with History.open(path) as history:
        assert history.append([1, 1], [0, 10], [1.0, NAN], known_at=100) == 2
        assert history.append([1, 1], [0, 10], [1.0, NAN], known_at=200) == 0
        assert history.append([1, 1, 1], [0, 10, 20], [1.0, 5.0, 6.0], known_at=300) == 2
        assert points_of(history.read([1])) == {(1, 0): (1.0, 100), (1, 10): (5.0, 300), (1, 20): (6.0, 300)}


def test_what_was_known_before_can_be_read_back(path: str) -> None:
    with History.open(path) as history:
        history.append([1], [0], [1.0], known_at=100)
        history.append([1], [0], [NAN], known_at=200)
        assert points_of(history.read([1], known_before=100)) == {}
        assert points_of(history.read([1], known_before=101)) == {(1, 0): (1.0, 100)}
        assert points_of(history.read([1], known_before=201)) == {(1, 0): (None, 200)}


def test_of_rows_of_one_point_the_last_wins_and_counts_once(path: str) -> None:
    with History.open(path) as history:
        assert history.append([1, 1, 1], [0, 0, 0], [1.0, 3.0, 2.0], known_at=100) == 1
        assert points_of(history.read([1])) == {(1, 0): (2.0, 100)}


def test_of_values_known_in_one_second_the_later_append_wins(path: str) -> None:
    with History.open(path) as history:
        for value in (1.0, 9.0, 4.0):
            history.append([1], [0], [value], known_at=100)
        assert points_of(history.read([1])) == {(1, 0): (4.0, 100)}


def test_the_newest_time_of_each_series_a_missing_value_included(path: str) -> None:
    with History.open(path) as history:
        history.append([1, 1, 2], [0, 10, 5], [1.0, NAN, 2.0], known_at=100)
        assert history.last_time([1, 2, 3]) == {1: 10, 2: 5}


def test_nothing_appended_and_nothing_asked_for_are_fine(path: str) -> None:
    with History.open(path) as history:
        assert history.append([], [], [], known_at=1) == 0
        columns = history.read([])
        assert columns.start.tolist() == [0]
        assert len(columns.time) == 0
        assert history.last_time([]) == {}


def seen(history: History, *series: tuple[int, int, int, int]) -> Changes:
    """What is new; each series with the time and the append it was seen up to, and the end asked for."""
    one, since, batch, until = (np.array(column, np.int64) for column in zip(*series, strict=True))
    return history.changes(one.astype(np.int32), since, batch, until)


def test_what_changed_since_somebody_looked_is_told_apart(path: str) -> None:
    with History.open(path) as history:
        history.append([1, 1, 2], [0, 10, 0], [1.0, 2.0, 3.0], known_at=100)
        first = seen(history, (2, 0, 0, 99), (1, 0, 0, 10))
        assert points_of(first.columns) == {(2, 0): (3.0, 100), (1, 0): (1.0, 100)}
        assert first.late == {}
        history.append([1, 2, 2], [20, 0, 10], [4.0, 3.0, 5.0], known_at=200)
        on = seen(history, (1, 10, first.batch, 99), (2, 10, first.batch, 99))
        assert points_of(on.columns) == {(1, 10): (2.0, 100), (1, 20): (4.0, 200), (2, 10): (5.0, 200)}
        assert on.late == {}, "a value written again is no change"
        history.append([1, 2], [0, 10], [9.0, 6.0], known_at=300)
        late = seen(history, (1, 30, on.batch, 99), (2, 10, on.batch, 99))
        assert late.late == {1: 0}, "series 2 is read from there on anyway"
        assert points_of(late.columns) == {(2, 10): (6.0, 300)}
        assert seen(history, (1, 30, late.batch, 99)).late == {}


def test_of_each_metric_the_newest_checkpoints_are_kept(path: str) -> None:
    def kept(metric: str, until: int, data: bytes = b"\x00state") -> Kept:
        return Kept(metric, f"key {until}", until, until + 1, data)

    with History.open(path) as history:
        history.keep([])
        for until in (10, 30, 20, 50, 40):
            history.keep([kept("orders", until), kept("visits", 7)])
        assert history.kept(["orders", "visits", "nothing"]) == {
            "orders": [kept("orders", until) for until in (50, 40, 30)],
            "visits": [kept("visits", 7)],
        }
        history.keep([kept("orders", 50, b"another")])
    with History.open(path) as history:
        assert history.kept(["orders"])["orders"] == [
            kept("orders", 50, b"another"),
            kept("orders", 40),
            kept("orders", 30),
        ]


@pytest.mark.parametrize(
    ("series", "time", "value", "said"),
    [
        ([1, 2], [0], [1.0], "one length"),
        ([1], [0.5], [1.0], "time must be whole numbers"),
        ([1], [0], [-math.inf], "-inf"),
    ],
)
def test_columns_that_make_no_points_are_refused(
    path: str, series: list[int], time: list[int], value: list[float], said: str
) -> None:
    with History.open(path) as history, pytest.raises(InputError, match=said):
        history.append(series, time, value, known_at=1)


def test_points_outlive_closing(path: str) -> None:
    with History.open(path) as history:
        history.append([1], [0], [1.0], known_at=100)
    with History.open(path) as history:
        assert history.append([1], [0], [1.0], known_at=200) == 0
        assert points_of(history.read([1])) == {(1, 0): (1.0, 100)}


def test_compacting_changes_nothing_that_is_read(path: str) -> None:
    with History.open(path) as history:
        assert not history.compact(), "nothing to do in an empty history"
        for hour in range(20):
            history.append(range(5), [hour] * 5, np.arange(5) + hour % 3, known_at=hour)
            history.append([hour % 5], [0], [hour], known_at=hour)
        before = [history.read(range(5), known_before=limit) for limit in (None, 7)]
        assert history.compact() == ("postgresql" not in path), "an index needs no sorted rows"
        assert not history.compact(), "it is compact now"
        after = [history.read(range(5), known_before=limit) for limit in (None, 7)]
        assert [points_of(one) for one in before] == [points_of(one) for one in after]
        assert history.append([0], [0], [15.0], known_at=99) == 0
        assert history.append([0], [0], [16.0], known_at=99) == 1
        assert history.append([0], [0], [17.0], known_at=99) == 1
        assert points_of(history.read([0]))[0, 0] == (17.0, 99)


def test_threads_append_and_read_at_once(path: str) -> None:
    failures: list[BaseException] = []
    written: list[int] = []

    def work(series: int) -> None:
        try:
            for hour in range(12):
                written.append(history.append([series, 99], [hour, hour], [hour, 1.0], known_at=hour))
                columns = history.read([series])
                assert columns.time.tolist() == list(range(hour + 1))
                history.last_time([series])
        except BaseException as error:
            failures.append(error)

    with History.open(path) as history:
        threads = [threading.Thread(target=work, args=(series,)) for series in range(3)]
        for thread in threads:
            thread.start()
        history.compact()
        for thread in threads:
            thread.join()
        assert not failures
        assert points_of(history.read([99])).keys() == {(99, hour) for hour in range(12)}
        assert sum(written) == 3 * 12 + 12, "two writers of the same value did not both write it"


def test_one_process_may_open_a_history_twice(path: str) -> None:
    with History.open(path) as one, History.open(path) as other:
        assert one.append(np.array([2, 1]), np.array([0, 0]), np.array([1.0, 2.0]), known_at=100) == 2
        assert other.append([1], [0], [2.0], known_at=200) == 0
        one.close()
        assert points_of(other.read(np.array([1, 2, 1]))) == {(1, 0): (2.0, 100), (2, 0): (1.0, 100)}
        assert other.read((1, 2, 1)).time.tolist() == [0, 0, 0], "a series asked for twice comes twice"


def test_a_closed_history_says_so(path: str) -> None:
    history = History.open(path)
    history.close()
    with pytest.raises(StoreError, match="closed"):
        history.read([1])
    with pytest.raises(StoreError, match="closed"):
        history.append([1], [0], [1.0], known_at=1)


def test_a_rate_is_kept_with_the_cases_it_rests_on(path: str) -> None:
    with History.open(path) as history:
        history.append([1, 1, 2], [0, 10, 0], [0.5, NAN, 7.0], known_at=50, cases=[40.0, 12.0, NAN])
        columns = history.read([2, 1])
        np.testing.assert_array_equal(columns.cases, [NAN, 40.0, NAN])
        assert columns.cases is not None
        assert columns.cases.dtype == np.float64
        assert columns.cases.flags.writeable
        assert history.read([2]).cases is None, "nobody knows of any"
        assert history.append([1], [0], [0.5], known_at=60, cases=[40.0]) == 0
        assert history.append([1], [0], [0.5], known_at=70, cases=[41.0]) == 1, "the same share of more cases is news"
        np.testing.assert_array_equal(history.read([1]).cases, [41.0, NAN])
        np.testing.assert_array_equal(history.read([1], known_before=70).cases, [40.0, NAN])
        one, none = np.array([1], np.int32), np.array([0])
        np.testing.assert_array_equal(history.changes(one, none, none, none + 99).columns.cases, [41.0, NAN])
        assert history.append([1], [0], [0.5], known_at=80) == 1, "they are not known any more"
        assert history.append([1], [0], [0.5], known_at=90) == 0
        assert history.read([1]).cases is None


def test_cases_survive_that_rows_are_sorted(path: str) -> None:
    with History.open(path) as history:
        for hour in range(40):
            history.append([2, 1], [hour] * 2, [0.5, 0.25], known_at=hour, cases=[hour + 1.0, NAN])
        history.compact()
        np.testing.assert_array_equal(history.read([1, 2]).cases, [*[NAN] * 40, *np.arange(1.0, 41.0)])
        assert history.append([2], [7], [0.5], known_at=99, cases=[8.0]) == 0


@pytest.mark.parametrize("cases", [0.0, -1.0, math.inf])
def test_a_value_of_no_cases_is_refused(path: str, cases: float) -> None:
    with History.open(path) as history:
        with pytest.raises(InputError, match=r"row 1 .* cases; leave the value out"):
            history.append([1, 1], [0, 10], [0.5, 0.5], known_at=50, cases=[3.0, cases])
        with pytest.raises(InputError, match="as long as value"):
            history.append([1, 1], [0, 10], [0.5, 0.5], known_at=50, cases=[3.0])
        assert len(history.read([1]).time) == 0
        assert history.append([1], [0], [NAN], known_at=50, cases=[0.0]) == 1, "no value of no cases is as it should be"


@pytest.mark.parametrize("has_cases", [False, True])
def test_an_export_carries_cases_to_the_other_kind_of_history(
    path: str, has_cases: bool, postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    to = postgres_url if path != postgres_url else tmp_path_factory.mktemp("other") / "history.duckdb"
    cases, nobody = [40.0, NAN], [NAN, NAN]
    with History.open(path) as history:
        history.append([1, 2], [0, 0], [0.5, 3.0], known_at=50, cases=cases if has_cases else None)
        tables = list(history.export(9))
    with History.open(to) as other:
        other.load(tables)
        found = other.read([1, 2]).cases
        assert (found is not None) == has_cases
        np.testing.assert_array_equal(nobody if found is None else found, cases if has_cases else nobody)
        assert other.append([1, 2], [0, 0], [0.5, 3.0], known_at=60, cases=cases if has_cases else None) == 0


def test_what_knew_no_cases_is_loaded(path: str) -> None:
    table = pa.table(
        {
            "series": np.array([1], np.int32),
            "time": np.array([0]),
            "value": np.array([0.5]),
            "known_at": np.array([50]),
            "batch": np.array([7]),
        }
    )
    with History.open(path) as history:
        history.load([table])
        assert points_of(history.read([1])) == {(1, 0): (0.5, 50)}
        assert history.append([1], [0], [0.5], known_at=60, cases=[9.0]) == 1
        assert history.changes(*(np.array([one]) for one in (1, 0, 7, 99))).batch == 8


value = st.sampled_from([0.0, 1.0, 2.5, NAN])
cases = st.sampled_from([1.0, 40.0, NAN])
row = st.tuples(st.integers(1, 3), st.integers(0, 4), value, cases)
batch = st.tuples(st.integers(0, 5), st.lists(row, max_size=8))


Said = tuple[float, float | None] | None
"""A value and its cases."""


def said(value: float, cases: float) -> Said:
    return None if math.isnan(value) else (value, None if math.isnan(cases) else cases)


class Model:
    """A slow, obvious history: every row ever written, in the order of writing."""

    def __init__(self) -> None:
        self.written: list[tuple[tuple[int, int], Said, int]] = []

    def known(self, before: float = math.inf) -> dict[tuple[int, int], tuple[Said, int]]:
        """Of each point the value known latest, of several in one second the one written last."""
        found: dict[tuple[int, int], tuple[Said, int]] = {}
        for point, one, known_at in self.written:
            if known_at < before and (point not in found or found[point][1] <= known_at):
                found[point] = (one, known_at)
        return found

    def append(self, rows: list[tuple[int, int, float, float]], known_at: int) -> int:
        last = {(series, time): said(one, of) for series, time, one, of in rows}
        seen = self.known(known_at + 1)
        fresh = [(point, one, known_at) for point, one in last.items() if point not in seen or seen[point][0] != one]
        self.written += fresh
        return len(fresh)


def test_the_history_agrees_with_a_list_of_all_rows(path: str) -> None:
    """Appends in any order of `known_at`, as when a clock is set back. Each example has three series of its own."""
    bases = itertools.count(0, 10)

    @settings(max_examples=40, deadline=None)
    @given(batches=st.lists(batch, max_size=5), compacts=st.booleans(), asked=st.permutations([1, 2, 3]))
    def agrees(
        batches: list[tuple[int, list[tuple[int, int, float, float]]]], compacts: bool, asked: list[int]
    ) -> None:
        base, model = next(bases), Model()
        for known_at, rows in batches:
            series, time, value, cases = zip(*rows, strict=True) if rows else [()] * 4
            ids = [base + one for one in series]
            assert history.append(ids, time, value, known_at=known_at, cases=cases) == model.append(rows, known_at)
        if compacts:
            history.compact()

        def read(**limits: int) -> dict[tuple[int, int], tuple[Said, int]]:
            columns = history.read([base + series for series in asked], **limits)
            cases = np.full(len(columns.time), NAN) if columns.cases is None else columns.cases
            return {
                (series - base, time): (said(NAN if value is None else value, of), known_at)
                for ((series, time), (value, known_at)), of in zip(points_of(columns).items(), cases, strict=True)
            }

        known = model.known()
        assert read() == known
        assert read(known_before=3) == model.known(before=3)
        assert read(start=1, end=3) == {point: one for point, one in known.items() if 1 <= point[1] < 3}
        newest = {base + series: max(time for one, time in known if one == series) for series, _ in known}
        assert history.last_time([base + series for series in asked]) == newest

    with History.open(path) as history:
        agrees()


def test_old_points_are_those_whose_time_and_arrival_are_old_but_never_the_newest(path: str) -> None:
    with History.open(path) as history:
        history.append([1, 1, 1, 2, 3], [0, 10, 20, 0, 90], [1.0, 2.0, 3.0, 4.0, 5.0], known_at=50)
        assert history.aged([1, 2, 3], 15) == {}, "they became known later"
        assert history.aged([1, 2, 3], 60) == {1: 20}
        assert history.aged([2, 3], 60) == {}
        history.append([1], [10], [2.5], known_at=70)
        assert history.aged([1], 60) == {1: 10}, "from a point that was corrected lately on, all stays"


def test_old_points_go_with_their_older_values_and_the_checkpoints_that_knew_them(path: str) -> None:
    with History.open(path) as history:
        history.append([1, 1, 2], [0, 10, 0], [1.0, 2.0, 3.0], known_at=50)
        history.append([1], [0], [1.5], known_at=60)
        history.keep([Kept("a", "key", 20, 1, b"state"), Kept("b", "key", 20, 1, b"state")])
        assert history.forget({1: 10}, ["a"], dry_run=True) == 2
        assert len(points_of(history.read([1, 2]))) == 3
        assert history.forget({1: 10}, ["a"]) == 2
        assert history.forget({1: 10}, ["b"]) == 0
        assert points_of(history.read([1, 2])) == {(1, 10): (2.0, 50), (2, 0): (3.0, 50)}
        assert set(history.kept(["a", "b"])) == {"b"}
        history.append([1], [20], [4.0], known_at=70)
        changes = history.changes(np.array([1], np.int32), np.array([11]), np.array([2]), np.array([100]))
        assert changes.columns.time.tolist() == [20]
        assert changes.late == {}
