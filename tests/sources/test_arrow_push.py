"""Streams of Arrow: what is in them is read the same the first time and again, and a broken one is refused."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from watchkeeper.domain.errors import InputError
from watchkeeper.sources import arrow_push
from watchkeeper.sources.arrow_push import read_arrow

TEXTS = ["DE", "US", "é", "", "a longer name than the others"]
KINDS = [pa.timestamp("s"), pa.timestamp("ms", "UTC"), pa.timestamp("us"), pa.int64(), pa.int32()]
NUMBERS = [pa.float64(), pa.float32(), pa.int16()]
INDICES = [pa.int8(), pa.int32(), pa.uint16()]


def stream(table: pa.Table, **options: str | None) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)
    body: bytes = sink.getvalue().to_pybytes()
    return body


@st.composite
def tables(draw: st.DrawFn) -> list[pa.Table]:
    """Two to four tables with one schema; often with as many rows, and the same dictionaries."""
    kind, number, places = draw(st.sampled_from(KINDS)), draw(st.sampled_from(NUMBERS)), draw(st.sampled_from(INDICES))
    texts = [draw(st.lists(st.sampled_from(TEXTS), min_size=1, unique=True)) for _ in range(draw(st.integers(0, 2)))]
    form, rows, made = draw(st.sampled_from(["dictionary", "text", "number"])), draw(st.integers(1, 4)), []
    for _ in range(draw(st.integers(2, 4))):
        count = draw(st.sampled_from([rows, rows, 0, 5]))
        some = {
            "time": pa.array(draw(st.lists(st.integers(0, 10**6), min_size=count, max_size=count)), pa.int64())
            .cast(pa.timestamp("s") if pa.types.is_timestamp(kind) else pa.int64())
            .cast(kind),
            "value": pa.array(draw(st.lists(st.none() | st.integers(-9, 9), min_size=count, max_size=count)), number),
        }
        for name, here in enumerate(texts):
            chosen = st.lists(st.none() | st.integers(0, len(here) - 1), min_size=count, max_size=count)
            column = pa.DictionaryArray.from_arrays(pa.array(draw(chosen), places), pa.array(here))
            plain = column.indices if form == "number" else column.cast(pa.string())
            some[f"d{name}"] = column if form == "dictionary" else plain
        made.append(pa.table(some))
    return made


@given(tables())
@example([pa.table({"time": [0, 60], "value": [1, 2], "store": [first, 1]}) for first in (5, 7)])
def test_every_push_says_what_its_table_says(sent: list[pa.Table]) -> None:
    for table in [*sent, *sent]:
        found = read_arrow(stream(table), "orders")
        names = table.schema.names[2:]
        time = table["time"]
        if pa.types.is_timestamp(time.type):
            time = time.cast(pa.timestamp("s", time.type.tz))
        assert found.time.tolist() == time.cast(pa.int64()).to_pylist()
        assert [None if np.isnan(one) else one for one in found.value] == table["value"].to_pylist()
        said = [tuple("(none)" if row[name] is None else str(row[name]) for name in names) for row in table.to_pylist()]
        assert [found.keys[key] for key in found.key] == said


@pytest.mark.parametrize("compression", ["lz4", "zstd"])
def test_a_packed_stream_is_read_the_first_time_and_again(compression: str) -> None:
    for last in (3.0, 4.0):
        table = pa.table({"time": list(range(1000)), "value": [1.0] * 999 + [last]})
        assert read_arrow(stream(table, compression=compression), "orders").value[-1] == last


def test_what_would_unpack_to_more_than_a_push_may_hold_is_refused_before() -> None:
    zeros = pa.array(np.zeros(9_000_000))
    for column in (zeros, pa.DictionaryArray.from_arrays(pa.array([0] * 2), pa.array([" " * 70_000_000]))):
        name = "country" if pa.types.is_dictionary(column.type) else "value"
        rest = {"time": pa.array(np.zeros(len(column), np.int64)), "value": pa.array(np.zeros(len(column)))}
        body = stream(pa.table(rest | {name: column}), compression="zstd")
        assert len(body) < 100_000
        with pytest.raises(InputError, match="unpacks to more than 64 MB; send fewer points at once"):
            read_arrow(body, "orders")


@pytest.mark.parametrize("compression", [None, "zstd"])
@pytest.mark.parametrize("is_dictionary", [True, False])
def test_a_broken_stream_is_refused_or_read_and_never_harms(is_dictionary: bool, compression: str | None) -> None:
    country = pa.array(["DE", "US", "é", None])
    table = {"time": [0, 60, 120, 180], "value": [1.0, None, 3.0, 4.0], "country": country}
    table |= {"country": country.dictionary_encode()} if is_dictionary else {}
    whole = stream(pa.table(table), compression=compression)
    chance, refused = random.Random(20261126), 0
    for turn in range(4000):
        body = bytearray(whole)
        for _ in range(chance.choice([1, 1, 2, 4])):
            body[chance.randrange(len(body))] = chance.randrange(256)
        if turn % 7 == 0:
            del body[chance.randrange(len(body)) :]
        read_arrow(whole, "orders")  # so that its head is known
        try:
            found = read_arrow(bytes(body), "orders")
        except InputError:
            refused += 1
        else:
            assert all(0 <= key < len(found.keys) for key in found.key)
    assert 400 < refused < 4000


def test_a_row_that_points_outside_of_its_dictionary_is_refused() -> None:
    for places in ([0, 7], [0, -1]):
        column = pa.DictionaryArray.from_arrays(pa.array(places, pa.int32()), ["DE"], safe=False)
        whole = stream(pa.table({"time": [0, 60], "value": [1.0, 2.0], "country": column}))
        with pytest.raises(InputError, match=r"dictionary|out of bounds"):
            read_arrow(whole, "orders")
        good = pa.DictionaryArray.from_arrays(pa.array([0, 0], pa.int32()), ["DE"])
        read_arrow(stream(pa.table({"time": [0, 60], "value": [1.0, 2.0], "country": good})), "orders")
        with pytest.raises(InputError, match="country: a row points outside of its dictionary of 1"):
            read_arrow(whole, "orders")


def test_what_stands_behind_a_batch_is_read_too() -> None:
    batches = [pa.record_batch({"time": [0], "value": [value]}) for value in (1.0, 2.0)]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batches[0].schema) as writer:
        for one in batches:
            writer.write_batch(one)
    both = sink.getvalue().to_pybytes()
    first = stream(pa.Table.from_batches(batches[:1]))
    assert both.startswith(first[:-8])
    assert read_arrow(first + bytes(len(both) - len(first)), "orders").value.tolist() == [1.0]
    assert read_arrow(both, "orders").value.tolist() == [1.0, 2.0]


def test_a_full_dictionary_has_a_place_for_no_value() -> None:
    texts = [str(number) for number in range(128)]
    column = pa.DictionaryArray.from_arrays(pa.array([127, None], pa.int8()), texts)
    found = read_arrow(stream(pa.table({"time": [0, 60], "value": [1.0, 2.0], "country": column})), "orders")
    assert [found.keys[key] for key in found.key] == [("127",), ("(none)",)]


def test_a_dimension_of_lists_is_refused_by_name() -> None:
    body = stream(pa.table({"time": [0], "value": [1.0], "country": [["DE"]]}))
    with pytest.raises(InputError, match=r"country holds list<.*>; a dimension is text"):
        read_arrow(body, "orders")


def test_what_is_remembered_is_bounded_by_the_texts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow_push, "_MOST_TEXTS", 10)
    monkeypatch.setattr(arrow_push, "_memory", arrow_push._Memory())
    for number in range(5):
        texts = pa.array([f"{number}-{place}" for place in range(4)])
        store = pa.DictionaryArray.from_arrays(pa.array([0, 3], pa.int32()), texts)
        body = stream(pa.table({"time": [0, 60], "value": [1.0, 2.0], "store": store}))
        for _ in range(2):
            assert read_arrow(body, "orders").keys[3] == (f"{number}-3",)
        assert 4 <= arrow_push._memory.texts <= 10
