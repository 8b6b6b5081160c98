"""After a person was erased no table holds their name, every line is still there, and what works still works."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import String, Text, select

from tests.watch import shop
from watchkeeper.cli import main
from watchkeeper.domain.access import Role, Scope
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.question import Question, Reply
from watchkeeper.domain.times import DAY
from watchkeeper.stores.ledger import Ledger, assessments, questions
from watchkeeper.stores.ledger.erasure import Kind, kind_of
from watchkeeper.stores.ledger.schema import METADATA
from watchkeeper.watch.access import Access
from watchkeeper.watch.service import Watchkeeper
from watchkeeper.watch.views import Draft

NAME = "Zoë.Quill@example.com"
CONFIG = f"""
metrics:
  orders: {{source: shop, step: 1h, dimensions: [country], kind: count, title: Orders,
    query: "select time, country, orders as value from orders where time >= :start_s and time < :end_s",
    since: 2026-01-05, owner: {NAME}, description: ask {NAME}}}
channels:
  team: {{url: "textfile://{{told}}"}}
teams: {{checkout: {{members: [{NAME.lower()}, Ben]}}}}
routes: {{theirs: {{channels: [team], owner: [{NAME}]}}}}
flags:
  beta: {{variants: {{a: true, b: false}}, default: a, fallback: b, owner: {NAME}}}
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def service(request: pytest.FixtureRequest, home: Path) -> Iterator[Watchkeeper]:
    """A service in whose every table a person stands, as one who did, was given, and was spoken of."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    with Watchkeeper.open(home / "watchkeeper", ledger_url=url, clock=lambda: shop.END + 60) as service:
        text = shop.CONFIG.format(shop=home / "shop.db", told=home / "told.txt")
        service.apply(parse_config(text), NAME)
        service.run_until(shop.END)
        sources = f"sources: {{shop: {{url: 'sqlite:///{home / 'shop.db'}'}}}}\n"
        service.apply(parse_config(sources + CONFIG.replace("{told}", str(home / "told.txt"))), NAME)
        service.access.add_user(NAME, Role.ADMIN, by="tester")
        service.access.make_token(NAME, "robot", [Scope.READ], lifetime_s=DAY, by=NAME)
        alerts = [line.alert.id for line in service.inbox(show="all").lines]
        service.deeds.acknowledge(alerts[:1], NAME, "mine")
        service.deeds.assign(alerts[:2], NAME.upper(), "Ben", f"{NAME} knows")
        service.deeds.comment(alerts[:1], f"called {NAME}, no answer", "Ben")
        service.deeds.unmute(service.deeds.mute(shop.END, shop.END + DAY, NAME, note=f"by {NAME}").id, NAME)
        said = service.answer(Draft(answer=Answer.FALSE_ALARM, by=NAME, alert=alerts[0], note=f"{NAME} was there"))
        service.undo(said.feedback.id, NAME)
        service.flags.override("beta", "b", DAY, NAME, f"{NAME} moves it")
        service.replies.claim("person 9", "key", "print")
        service.replies.keep("person 9", "key", 201, [], json.dumps({"name": NAME}, ensure_ascii=False).encode())
        with service._ledger.write() as tx:
            made = assessments.add(
                tx, name="late", by=NAME, at=1, record=f"owner: {NAME}\n", report=f'{{"by":"{NAME}"}}'
            )
            assessments.decide(tx, made, choice="go", reason=f"{NAME} said so", by=NAME, at=1)
            asked = Question(id=0, metric="orders", series=1, start=0, end=60, decades=-1.0, slot_end=60, asked_at=60)
            questions.reply(tx, questions.ask(tx, asked).id, Reply.SKIP, NAME, 60, None)
        yield service


def texts(ledger: Ledger) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    with ledger.read() as tx:
        return {
            table.name: [repr(tuple(row)).casefold() for row in tx.execute(select(table)).all()]
            for table in METADATA.sorted_tables
        }


def named(ledger: Ledger) -> set[str]:
    name = NAME.casefold()
    spellings = (name, json.dumps(name)[1:-1].casefold(), json.dumps(name)[1:-1].replace("\\", "\\\\").casefold())
    spellings += (repr(NAME.encode())[2:-1].casefold(),)
    return {table for table, rows in texts(ledger).items() if any(one in row for row in rows for one in spellings)}


def test_no_table_holds_the_name_and_every_line_is_there(service: Watchkeeper) -> None:
    ledger = service._ledger
    before = {table: len(rows) for table, rows in texts(ledger).items()}
    assert named(ledger) >= {
        "assessment", "assessment_decision", "audit_entry", "feedback", "flag", "flag_change", "handling", "metric",
        "mute", "person", "question", "receipt", "reply", "route", "setting", "transition",
    }  # fmt: skip
    service.access.erase_user(NAME, by=NAME)
    assert named(ledger) == set()
    after = {table: len(rows) for table, rows in texts(ledger).items()}
    assert after == before | {"audit_entry": before["audit_entry"] + 1, "api_token": 0}


def test_what_the_pages_show_is_what_stands_now(service: Watchkeeper) -> None:
    alert = service.inbox(show="all", owner=NAME.upper()).lines[0].alert.id
    said = service.inbox(show="all").lines
    assert any(line.owner.casefold() == NAME.casefold() for line in said)
    service.access.erase_user(NAME, by="tester")
    service.flags.refresh()
    line = service.alert_page(alert).line
    assert line.owner == "person 1"
    assert not any(line.owner.casefold() == NAME.casefold() for line in service.inbox(show="all").lines)
    assert line.care.acknowledged is None or line.care.acknowledged.by == "person 1"
    (flag,) = service.flags.lines()
    assert flag.override is not None
    assert (flag.override.by, flag.override.note, flag.flag.owner) == ("person 1", "person 1 moves it", "person 1")
    config = service.standing()
    assert (config.teams[0].members, config.routes[0].owner) == (("Ben",), ("person 1",))
    metric = config.metrics[0]
    assert (metric.owner, metric.description) == ("person 1", "ask person 1")
    assert service.receipt(1).feedback.by == "person 1"
    assert not service.run_until(shop.END).troubles


def test_what_works_with_the_name_keeps_it_and_is_told(service: Watchkeeper, home: Path) -> None:
    mail = "channels: {mail: {url: 'mailto://smtp.example.com?to=zoë.quill@example.com'}}"
    service.apply(parse_config(mail), "tester")
    assert service.access.still_named(NAME) == ("channel mail",)
    service.access.erase_user(NAME, by="tester")
    assert named(service._ledger) == {"channel"}


@pytest.mark.parametrize("name", ["orders", "Ana"])
def test_a_plain_word_is_not_taken_out_of_what_merely_bears_it(home: Path, name: str) -> None:
    with shop.open_service(home) as service:
        service.access.add_user(name, Role.VIEWER, by="tester")
        before = service.standing()
        service.deeds.mute(shop.END, shop.END + DAY, name, note=f"{name}-web and analysis, says {name}")
        service.access.erase_user(name, by="tester")
        assert service.standing() == before
        (mute,) = service.deeds.mutes()
        assert (mute.by, mute.note) == ("person 1", f"{name}-web and analysis, says person 1")


def test_every_column_of_text_was_thought_of() -> None:
    plain = {
        f"{table.name}.{column.name}"
        for table in METADATA.sorted_tables
        for column in table.columns
        if isinstance(column.type, String | Text) and not column.foreign_keys and kind_of(table, column) is Kind.PLAIN
    }
    assert plain == {
        "alert.family", "alert.status", "alert_member.cause", "api_token.scopes", "api_token.token_hash",
        "assessment_achieved.metric", "assessment_decision.choice", "audit_entry.what",
        "borrowed.record", "channel.name", "channel_state.channel", "delivery.memo",
        "delivery.outcome", "delivery.target", "feedback.answer", "feedback.repeats", "feedback.zone", "flag.name",
        "flag_change.what", "handling.deed", "hint.record", "lease.holder", "lease.resource", "metric.name",
        "mute.metric",
        "mute.repeats", "mute.tag", "mute.zone", "person.name", "person.name_key", "person.role", "question.metric",
        "question.reply", "reply.caller", "reply.fingerprint", "reply.headers", "reply.key", "route.name",
        "segment.name", "series.dimension_values", "session.key_hash", "setting.name", "sign_in_link.token_hash",
        "source.name", "standing.dimension_values", "standing.metric", "standing.record", "system.name",
        "system_evidence.test", "transition.change",
    }, "say in stores.ledger.erasure.KINDS what a new column holds"  # fmt: skip


def test_the_verb_says_what_is_left(home: Path) -> None:
    with shop.open_service(home) as service:
        service.apply(parse_config("channels: {mail: {url: 'mailto://smtp.example.com?to=eve@example.com'}}"), "tester")
        Access(service._ledger, lambda: shop.END).add_user("eve@example.com", Role.VIEWER, by="tester")
    where = ["--home", str(home / "watchkeeper")]
    for words in (["--dry-run"], []):
        said = CliRunner().invoke(main, ["users", "erase", "eve@example.com", *words, *where], catch_exceptions=False)
        assert "still named in channel mail" in said.output
