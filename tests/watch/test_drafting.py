"""A metric before it exists: chosen from what a database holds, tried on its past, switched on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import duckdb
import psycopg
import pytest

from tests.watch.shop import END, build, open_service
from watchkeeper.domain.errors import ConfigError, InputError, NotFoundError, SourceError
from watchkeeper.domain.metric import Kind, Metric, Source, TimeIs
from watchkeeper.sources.catalogue import columns, tables
from watchkeeper.watch.service import Watchkeeper
from watchkeeper.watch.trials import suggest_name

ORDERS = Metric(
    name="all-orders", source="shop", table="orders", time_column="time", time_is=TimeIs.SECONDS, measure="sum(orders)",
    step="1h", kind=Kind.COUNT, dimensions=("country",), since="2026-01-05",
)  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the shop."""
    place = tmp_path_factory.mktemp("drafting")
    build(place / "shop.db")
    return place


@pytest.fixture
def shop(home: Path, tmp_path: Path) -> Iterator[Watchkeeper]:
    """A service that knows the shop and has watched nothing yet."""
    (tmp_path / "shop.db").symlink_to(home / "shop.db")
    with open_service(tmp_path) as service:
        yield service


def test_what_a_database_holds_can_be_chosen_from(home: Path, tmp_path: Path, postgres_url: str) -> None:
    name = postgres_url.partition("@/")[2].partition("?")[0]
    with psycopg.connect(f"{postgres_url.partition('?')[2]} user=postgres dbname={name}") as db:
        db.execute("create schema sales")
        db.execute("create table sales.orders (id bigint, created timestamptz, amount numeric(10, 2), status text)")
        db.execute("create view totals as select created, amount from sales.orders")
    with duckdb.connect(str(tmp_path / "own.duckdb")) as own:
        own.execute("create table visits (visited timestamp, pages integer, is_new boolean, place varchar)")
    server = Source(name="server", url=postgres_url)
    own_file = Source(name="own", url=f"duckdb:///{tmp_path / 'own.duckdb'}")
    lite = Source(name="lite", url=f"sqlite:///{home / 'shop.db'}")
    assert tables(server) == ("sales.orders", "totals")
    assert [(one.name, one.holds.value) for one in columns(server, "sales.orders")] == [
        ("id", "number"), ("created", "time"), ("amount", "number"), ("status", "text"),
    ]  # fmt: skip
    assert "visits" in tables(own_file)
    assert [one.holds.value for one in columns(own_file, "visits")] == ["time", "number", "text", "text"]
    assert tables(lite) == ("orders",)
    assert [one.name for one in columns(lite, "orders")] == ["time", "country", "orders"]


def test_a_source_that_cannot_be_looked_into_says_why_without_its_secret(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"source gone: .*") as told:
        tables(Source(name="gone", url="postgresql+psycopg://reader:hunter2@127.0.0.1:1/shop"))
    assert "hunter2" not in str(told.value)
    sqlite3.connect(tmp_path / "empty.db").close()
    with pytest.raises(SourceError):
        columns(Source(name="empty", url=f"sqlite:///{tmp_path / 'empty.db'}"), "orders")


def test_a_draft_is_judged_as_the_metric_would_be_and_nothing_is_kept(shop: Watchkeeper) -> None:
    drafted = shop.drafting.attempt(ORDERS)
    assert (drafted.series, drafted.points) == (2, 2 * (10 * 168 - 1)), "the newest hour may not be whole yet"
    assert [one.metric.name for one in shop.metrics()] == ["orders"]
    shop.drafting.create(ORDERS, "Ada")
    shop.run_until(END)
    assert shop.tuning.attempt("all-orders", {}).told == drafted.told
    assert len(drafted.told) >= 2


def test_a_name_that_is_taken_is_refused(shop: Watchkeeper) -> None:
    with pytest.raises(ConfigError, match="choose another name"):
        shop.drafting.create(Metric(**{**fields(ORDERS), "name": "orders"}), "Ada")


def test_nothing_to_read_and_far_too_much_are_told_with_the_mend(shop: Watchkeeper) -> None:
    with pytest.raises(InputError, match="no rows between 2020-01-01 and 2020-02-01"):
        shop.drafting.attempt(Metric(**{**fields(ORDERS), "since": "2020-01-01", "until": "2020-02-01"}))
    with pytest.raises(InputError, match="choose fewer or coarser dimensions"):
        shop.drafting.attempt(Metric(**{**fields(ORDERS), "dimensions": ("country", "orders")}))
    with pytest.raises(NotFoundError, match="no source 'gone'"):
        shop.drafting.attempt(Metric(**{**fields(ORDERS), "source": "gone"}))
    with pytest.raises(SourceError, match="no such column: amount"):
        shop.drafting.attempt(Metric(**{**fields(ORDERS), "measure": "sum(amount)"}))


def test_a_draft_tells_what_could_be_seen(shop: Watchkeeper) -> None:
    assert any("9 times in 10" in sentence for sentence in shop.drafting.power(ORDERS))


def test_names_come_from_titles() -> None:
    assert suggest_name("Orders per hour (DE)") == "orders-per-hour-de"
    assert suggest_name("–") == "metric"


def fields(metric: Metric) -> dict[str, object]:
    return {name: getattr(metric, name) for name in metric.__struct_fields__}
