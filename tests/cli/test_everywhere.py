"""Every verb that a server can answer is asked of the stores and of a server, and says the same."""

from __future__ import annotations

import getpass
import json
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, NamedTuple

import click
import pytest
from click.testing import CliRunner

from tests.server.ideas import IDEA
from tests.watch import shop
from watchkeeper.cli import VERBS, main
from watchkeeper.client.wire import PREFIX, Wire
from watchkeeper.domain.access import Role, Scope
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.question import Question
from watchkeeper.domain.times import DAY, HOUR, parse_instant
from watchkeeper.server.api.spec import operations, specification
from watchkeeper.server.run import running
from watchkeeper.stores import places
from watchkeeper.stores.ledger import Ledger, questions
from watchkeeper.watch.service import Watchkeeper

LOCAL = {
    "demo": "makes a home of its own",
    "schema": "prints what is in the package",
    "run": "is the machine that reads, judges and tells",
    "serve": "is the server",
    "backup": "writes a file of this machine's stores",
    "restore": "writes stores on this machine",
    "doctor": "looks at this machine",
    "score": "reads a file of this machine, and no stores",
    "assess": "reads files of this machine, and computes here",
    "compare": "reads files of this machine, and computes here",
    "power": "reads a file of this machine, and no stores",
}
"""The verbs that act on this machine by their nature, and why. Whatever is not here takes `--server`."""

CONFIG = """
metrics:
  visits: {source: shop, step: 1h, kind: count, since: 2026-03-01, dimensions: [variant], table: asked,
    time_column: time, time_is: seconds, measure: sum(visits)}
  bought: {source: shop, step: 1h, kind: count, since: 2026-03-01, dimensions: [variant], table: asked,
    time_column: time, time_is: seconds, measure: sum(orders)}
  pushed: {source: programs, step: 1h, kind: count, dimensions: [country]}
runbooks:
  drop: {text: "1. [ ] There are {orders} now. Is it a holiday?"}
systems:
  late: {source: shop, owner: search}
flags:
  beta: {variants: {model: true, basic: false}, default: basic, fallback: basic}
  ranking:
    variants: {model: true, basic: false}
    default: model
    fallback: basic
    guard: {mode: ask, trips: [{metric: orders, direction: down}], confirm_return: true}
  smart:
    variants: {model: true, basic: false}
    default: basic
    fallback: basic
    guarded_rollout:
      variant: model
      steps: [5, 50, 100]
      least_time: 6h
      mode: act
      metrics: [{successes: bought, trials: visits, largest_harm: 0.02}]
"""
CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:tests
BEGIN:VEVENT
UID:launch
DTSTAMP:20260201T000000Z
DTSTART:20260210T090000Z
DTEND:20260210T110000Z
SUMMARY:Launch
END:VEVENT
END:VCALENDAR
"""
SALES = ("source=shop", "table=orders", "time_column=time", "time_is=seconds", "measure=sum(orders)", "step=1h",
         "kind=sum", "dimensions=[country]", "since=2026-02-01")  # fmt: skip
LATE = "2099-01-01T00:00"
ASKED = [
    ("me", "--json"),
    ("me",),
    ("sources list", "--json"),
    ("push", "{points.csv}", "--metric", "pushed", "--dry-run", "--json"),
    ("push", "{points.csv}", "--metric", "pushed", "--json"),
    ("push", "{points.csv}", "--metric", "pushed"),
    ("sources tables", "shop", "--json"),
    ("sources columns", "shop", "orders", "--json"),
    ("metrics", "--json"),
    ("metrics show", "orders", "--json"),
    ("metrics show", "orders"),
    ("metrics try", "orders", "false_alerts_per_month=8", "direction=down", "--json"),
    ("metrics try", "orders", "false_alerts_per_month=0.1"),
    ("metrics draft", "sales", *SALES, "--json"),
    ("metrics draft", "sales", *SALES),
    ("metrics new", "sales", *SALES, "--json"),
    ("series chart", "1", "--from", "2026-03-01", "--out", "{picture.png}", "--json"),
    ("series health", "1", "--json"),
    ("series health", "1"),
    ("series power", "1", "--plot", "{power.png}", "--json"),
    ("series list", "orders", "--json"),
    ("series points", "1", "--from", "2026-03-01", "--json"),
    ("alerts", "--show", "all", "--json"),
    ("alerts", "--show", "all", "--order", "newest", "--json"),
    ("alerts", "--show", "all"),
    ("alerts", "--show", "all", "--metric", "orders", "--severity", "2", "--text", "de", "--from", "2026-03-01"),
    ("alerts show", "1", "--json"),
    ("alerts show", "1"),
    ("alerts chart", "1", "--out", "{picture.png}", "--json"),
    ("alerts ack", "1", "--note", "looking", "--json"),
    ("alerts assign", "1", "--to", "search", "--json"),
    ("alerts snooze", "{open}", "--for", "4h", "--json"),
    ("alerts comment", "1", "--text", "the **database** moved", "--json"),
    ("alerts runbook", "1", "--json"),
    ("alerts tick", "1", "1", "--json"),
    ("alerts runbook", "1"),
    ("alerts learn", "1", "--text", "Ask Ada first.", "--json"),
    ("alerts undo", "1", "--json"),
    ("alerts deeds", "1", "--json"),
    ("alerts deeds", "1"),
    ("alerts mute", "--metric", "orders", "--from", LATE, "--for", "2h", "--note", "moving", "--json"),
    ("alerts mutes", "--json"),
    ("alerts unmute", "1", "--json"),
    ("feedback give", "event", "--alert", "1", "--note", "a fair", "--json"),
    ("feedback give", "false_alarm", "--alert", "1", "--preview", "--json"),
    ("feedback undo", "1", "--json"),
    ("feedback show", "1", "--json"),
    ("feedback log", "--json"),
    ("feedback export",),
    ("feedback import", "{lines}", "--json"),
    ("feedback calendar", "{calendar}", "--metric", "orders", "--dry-run"),
    ("feedback calendar", "{calendar}", "--metric", "orders", "--json"),
    ("feedback give", "real", "--alert", "1", "--alert", "{open}", "--note", "both", "--json"),
    ("feedback undo", "4", "5", "--json"),
    ("metrics set", "orders", "false_alerts_per_month=2", "--force", "--json"),
    ("questions list", "--json"),
    ("questions answer", "1", "fine", "--json"),
    ("questions list", "--all", "--json"),
    ("record", "--json"),
    ("record", "orders", "--json"),
    ("digest", "--until", "2026-03-05", "--json"),
    ("digest", "--until", "2026-03-05"),
    ("digest", "--until", "2026-03-05", "--send", "team", "--link", "https://watch.example.com", "--json"),
    ("channels list", "--json"),
    ("channels test", "team", "--json"),
    ("channels told", "--json"),
    ("channels told", "--alert", "1", "--channel", "team"),
    ("channels messages", "--limit", "1", "--json"),
    ("channels messages", "--limit", "1"),
    ("backfill", "orders", "--start", "2026-02-01", "--end", "2026-02-08", "--json"),
    ("flags list", "--json"),
    ("flags evaluate", "beta", "--context", '{"targetingKey": "u1"}'),
    ("flags override", "beta", "model", "--for", "8h", "--note", "tried", "--json"),
    ("flags clear", "beta", "--json"),
    ("flags trip", "ranking", "--note", "by hand", "--json"),
    ("flags yes", "ranking", "--json"),
    ("flags no", "ranking", "--json"),
    ("flags log", "ranking", "--json"),
    ("flags rollout", "smart", "--json"),
    ("flags rollout", "smart"),
    ("flags preview", "smart", "--days", "3650", "--json"),
    ("flags pause", "smart", "--json"),
    ("flags resume", "smart", "--json"),
    ("flags abort", "smart", "--json"),
    ("teams set", "search", "--member", "Ada Byron", "--title", "Search", "--json"),
    ("teams join", "search", "ben@example.com", "--json"),
    ("teams leave", "search", "ben@example.com", "--json"),
    ("teams list", "--json"),
    ("teams show", "search", "--json"),
    ("teams set", "idle", "--json"),
    ("teams remove", "idle", "--json"),
    ("system list", "--json"),
    ("system check", "late", "--json"),
    ("system test-score", "late", "--test", "reproducible", "--points", "0.5", "--note", "by hand", "--json"),
    ("system test-score", "late"),
    ("assessments run", "{idea.yaml}", "--json"),
    ("assessments run", "{idea.yaml}"),
    ("assessments list", "--json"),
    ("assessments decide", "1", "go", "--because", "it beats the rule", "--json"),
    ("assessments decide", "1", "go", "--because", "it beats the rule"),
    ("assessments achieved", "1", "0.7", "--json"),
    ("assessments show", "1", "--json"),
    ("assessments show", "1"),
    ("assessments list",),
    ("users add", "Ada Byron", "--role", "responder", "--json"),
    ("users role", "ada byron", "editor", "--json"),
    ("link", "--user", "Ada Byron", "--json"),
    ("users sign-out", "ada byron", "--json"),
    ("tokens make", "Ada Byron", "pushes", "--scope", "push", "--json"),
    ("tokens list", "--json"),
    ("tokens revoke", "2", "--json"),
    ("tokens revoke", "2", "--json"),
    ("tokens revoke", "99", "--json"),
    ("users erase", "Ada Byron", "--dry-run", "--json"),
    ("users erase", "Ada Byron", "--json"),
    ("users erase", "Ben", "--json"),
    ("users list", "--json"),
    ("plan", "{config}", "--json"),
    ("apply", "{config}", "--json"),
    ("config export", "--json"),
    ("remove", "metric", "orders", "--dry-run", "--json"),
    ("remove", "metric", "pushed"),
    ("remove", "channel", "team", "--dry-run"),
    ("remove", "channel", "team", "--json"),
    ("retention", "--json"),
    ("retention", "--apply", "--json"),
    ("audit", "--limit", "1000", "--json"),
]
"""What is asked, in this order: later verbs see what earlier ones did."""
OF_THE_MOMENT = (
    "address",
    "at",
    "created",
    "delivered",
    "ended",
    "erased",
    "expires",
    "given_at",
    "is_owner",
    "revoked",
    "snoozed_until",
    "token",
    "until",
)
"""Fields that differ between two runs of the same verb; over the stores the owner asks."""
NONE_SUCH = (("tokens revoke", "99", "--json"), ("users erase", "Ben", "--json"))
ENDS = {"flags yes": 3, "flags no": 3, "plan": 10, "system check": 13}
"""Exit codes that are not 0: a guard that was tripped asks nothing, a plan has changes, a system lacks something."""


UNASKED: dict[tuple[str, str], str] = {
    ("get", "/health"): "a load balancer asks it",
    ("get", "/ready"): "a load balancer asks it; people ask the doctor",
    ("get", "/ofrep/v1/events"): "OpenFeature's SDKs listen",
    ("post", "/ofrep/v1/evaluate/flags"): "OpenFeature's SDKs ask; people ask flags evaluate",
    ("post", "/ofrep/v1/evaluate/flags/{key}"): "OpenFeature's SDKs ask; people ask flags evaluate",
    ("post", "/push/otlp/v1/metrics"): "OpenTelemetry sends; people send files by push",
    ("post", "/push/prometheus"): "Prometheus sends; people send files by push",
}
"""Routes that no verb asks, by method and path under `/api/v1`, and why."""


MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class Said(NamedTuple):
    verb: str
    words: tuple[str, ...]
    code: int
    text: str


def walk(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """Every verb that does something."""
    if not isinstance(command, click.Group) or command.invoke_without_command:
        yield name, command
    if isinstance(command, click.Group):
        for verb, one in command.commands.items():
            yield from walk(one, f"{name} {verb}")


def verbs() -> dict[str, click.Command]:
    return dict(each for verb, (module, _) in VERBS.items() for each in walk(import_module(module).command, verb))


def reaches(command: click.Command) -> bool:
    return any("--server" in one.opts for one in command.params)


def test_every_verb_takes_a_server_or_says_why_not() -> None:
    assert sorted(name for name, one in verbs().items() if not reaches(one)) == sorted(LOCAL)


def test_every_verb_that_takes_a_server_is_asked_here() -> None:
    """But `mcp`, which serves an agent by a client and prints nothing (tests/server/test_client.py)."""
    assert {verb for verb, *_ in ASKED} == {name for name, one in verbs().items() if reaches(one)} - {"mcp"}


Both = tuple[list[Said], list[Said], set[tuple[str, str]]]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    """What the stores said, and a server over the same stores, and the routes by which the client asked it."""
    home = tmp_path_factory.mktemp("everywhere")
    shop.build(home / "shop.db")
    with sqlite3.connect(home / "shop.db") as base:
        base.execute("create table asked (time integer, variant text, visits integer, orders integer)")
        for hour in range(48):
            for variant in ("model", "basic"):
                base.execute(
                    "insert into asked values (?, ?, 1000, ?)",
                    (shop.DROP - 48 * HOUR + hour * HOUR, variant, 200 + hour % 7),
                )
    base.close()
    me = getpass.getuser()
    now = shop.DROP + 3 * HOUR
    with shop.open_service(home, now) as service:
        source = f"sources: {{shop: {{url: 'sqlite:///{home / 'shop.db'}'}}, programs: {{kind: push}}}}"
        service.apply(parse_config(source + CONFIG), "tester")
        service.run_until(now)
        last = service.inbox(show="all", order="newest").lines[0].alert.id
        service.assessments.make_expected(IDEA, "Ada")
        service.access.add_user(me, Role.ADMIN, by="tester")
        token = service.access.make_token(me, "cli", list(Scope), lifetime_s=366 * DAY, by="tester")[0]
    window: dict[str, Any] = {
        "metric": "orders",
        "series": 1,
        "start": shop.START + 4 * DAY,
        "end": shop.START + 4 * DAY + HOUR,
    }
    with Ledger.open(places.ledger_url(home / "watchkeeper")) as ledger, ledger.write() as tx:
        questions.ask(tx, Question(id=0, decades=-1.0, slot_end=now, asked_at=now, **window))
    shutil.copytree(home / "watchkeeper", home / "served")
    files = {"config": "flags: {other: {variants: {a: 1, b: 2}, default: a, fallback: b}}", "calendar": CALENDAR}
    files["idea.yaml"] = json.dumps(IDEA)
    files["points.csv"] = "time,value,country\n2026-03-01T12:00:00Z,3,DE\n2026-03-01T13:00:00Z,,DE\n"
    files["lines"] = (
        json.dumps(
            {
                "kind": "event",
                "given_at": "2026-02-01",
                "by": "Eve",
                "series": "*",
                "start": "2026-02-02",
                "end": "2026-02-03",
            }
        )
        + "\n\n"
    )
    for name, held in files.items():
        (home / name).write_text(held)
    places_of = {name: str(home / name) for name in (*files, "picture.png", "power.png")} | {"open": str(last)}
    alone = ask(["--home", str(home / "watchkeeper")], places_of)
    with Watchkeeper.open(home / "served") as service, running(service, home / "cache") as address, routes() as reached:
        served = ask(["--server", address, "--token", token], places_of)
    return alone, served, reached


@contextmanager
def routes() -> Iterator[set[tuple[str, str]]]:
    """The routes that clients ask meanwhile, as the specification writes them."""
    known = [
        (method, path, re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)))
        for path, method, _ in operations(specification())
    ]
    reached: set[tuple[str, str]] = set()
    send = Wire.send

    def noted(wire: Wire, method: str, path: str, **said: Any) -> bytes:
        fits = [one for kind, one, shape in known if kind == method.lower() and shape.fullmatch(PREFIX + path)]
        plainest = min(fits, key=lambda one: one.count("{"), default="")
        reached.add((method.lower(), plainest.removeprefix(PREFIX)))
        return send(wire, method, path, **said)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Wire, "send", noted)
        yield reached


def test_every_route_is_asked_by_a_verb_or_says_why_not(both: Both) -> None:
    """A verb asks by a method of the client alone, so that a route without a method fails here too."""
    every = {(method, path.removeprefix(PREFIX)) for path, method, _ in operations(specification())}
    assert sorted(every - both[2]) == sorted(UNASKED)


def ask(where: list[str], files: dict[str, str]) -> list[Said]:
    said = []
    for verb, *words in ASKED:
        filled = [
            files.get(word.strip("{}"), word) if word.startswith("{") and word.endswith("}") else word for word in words
        ]
        done = CliRunner().invoke(main, [*verb.split(), *where, *filled])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        said.append(Said(verb, tuple(words), done.exit_code, done.stdout))
    return said


def still(value: Any) -> Any:
    """A value without what is of its moment."""
    if isinstance(value, list):
        return [still(one) for one in value]
    if not isinstance(value, dict):
        return timeless(value) if isinstance(value, str) else value
    kept = {key: one for key, one in value.items() if key != "last_used"}
    return {key: one is not None if key in OF_THE_MOMENT else still(one) for key, one in kept.items()}


def timeless(text: str) -> str:
    """A text without the moments of the last day."""
    return MOMENT.sub(lambda at: "now" if abs(parse_instant(at[0]) - time.time()) < DAY else at[0], text)


def told(text: str) -> Any:
    """What was printed as JSON: one object, or one a line."""
    try:
        return still(json.loads(text))
    except ValueError:
        return [still(json.loads(line)) for line in text.splitlines()]


def test_a_runbook_has_the_values_of_now_in_place(both: Both) -> None:
    for said in both[:2]:
        (text,) = [one.text for one in said if (one.verb, one.words) == ("alerts runbook", ("1",))]
        assert re.search(r"1\. \[x\] There are \d+ orders", text), text


@pytest.mark.parametrize("place", range(len(ASKED)), ids=[" ".join(words) for words in ASKED])
def test_the_stores_and_a_server_say_the_same(both: Both, place: int) -> None:
    alone, served = both[0][place], both[1][place]
    expected = 8 if (alone.verb, *alone.words) in NONE_SUCH else ENDS.get(alone.verb, 0)
    assert (alone.code, served.code) == (expected, expected), (alone.text, served.text)
    if "--json" in alone.words:
        assert told(served.text) == told(alone.text)
    else:
        assert timeless(served.text) == timeless(alone.text)
    assert bool(alone.text) == (expected not in (3, 8))
