"""What to do stands on the alert's page, is ticked there, and what it should have said is kept for the next time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from tests.server.reading import forms, sign_in_as_owner
from tests.watch import shop
from watchkeeper.cli import main
from watchkeeper.domain.alert import Change
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.errors import ConfigError, InputError
from watchkeeper.domain.runbook import Block, blocks
from watchkeeper.domain.times import HOUR
from watchkeeper.server.run import running
from watchkeeper.watch.service import Watchkeeper

RUNBOOK = """
    runbook: |
      There are {orders} now, {nothing} else.

      - [ ] Look at [the page](https://status.example.com)
      - [ ] `restart --now`

      Then call Ada.
runbooks:
  drop: {text: "1. [ ] Is it a holiday?"}
  silence: {text: "Nobody sends."}
"""


def config(home: Path, runbook: str = RUNBOOK) -> str:
    """The shop's, with a runbook of its source, its metric, and of two kinds."""
    of_metric, _, of_kinds = runbook.partition("runbooks:")
    text = shop.CONFIG.format(shop=home / "shop.db", told=home / "told.txt")
    text = text.replace('shop.db"}', 'shop.db", runbook: "https://wiki/shop"}')
    return text.replace("    dimensions: [country]", f"    dimensions: [country]{of_metric}") + f"runbooks:{of_kinds}"


@pytest.fixture
def service(home: Path) -> Iterator[Watchkeeper]:
    with shop.open_service(home, shop.DROP + 40 * HOUR) as opened:
        opened.apply(parse_config(config(home)), "tester")
        opened.run_until(shop.DROP + 3 * HOUR)
        yield opened


def dropped(service: Watchkeeper) -> int:
    return service.inbox(show="all", order="newest").lines[0].alert.id


def test_a_runbook_is_cut_into_text_and_checklists():
    text = "One.\n- [ ] a\n- [x] b\n\n- plain\n2) [ ] c"
    assert blocks(text) == (Block(text="One."), Block(items=("a", "b")), Block(text="- plain"), Block(items=("c",)))


def test_those_of_the_metric_the_source_and_the_kind_stand_on_the_page_with_the_values_of_now(service: Watchkeeper):
    book = service.alert_page(dropped(service)).runbook
    assert book is not None
    assert [part.title for part in book.parts] == ["Metric Orders", "Source shop", "A fall"]
    first, checks, last = book.parts[0].pieces
    assert "orders (DE), " in first.text
    assert ", {nothing} else." in first.text
    assert [check.text for check in checks.checks] == [
        "Look at [the page](https://status.example.com)",
        "`restart --now`",
    ]
    assert last.text == "Then call Ada."
    assert book.parts[1].pieces[0].text == "<https://wiki/shop>"
    assert (book.done, book.asked, book.asks) == (0, 3, False)
    told = service_told(service).splitlines()
    place = told.index("Runbook (Metric Orders):")
    assert told[place + 1].startswith("There are ")
    assert "{orders}" not in told[place + 1]
    assert told[place + 2 : place + 7] == [
        "- Look at [the page](https://status.example.com)",
        "- `restart --now`",
        "Then call Ada.",
        "Runbook (Source shop): https://wiki/shop",
        "Runbook (A fall): Is it a holiday?",
    ]


def service_told(service: Watchkeeper) -> str:
    channel = service.standing().channels[0]
    return Path(channel.url.removeprefix("textfile://")).read_text()


def test_an_item_is_ticked_by_somebody_and_taken_back(service: Watchkeeper):
    alert = dropped(service)
    kept = service.deeds.tick(alert, "Is it a holiday?", "ada")
    page = service.alert_page(alert)
    assert page.runbook is not None
    assert page.runbook.done == 1
    (check,) = page.runbook.parts[2].pieces[0].checks
    assert check.ticked is not None
    assert check.ticked.by == "ada"
    assert page.history[-1].transition.change is Change.TICKED
    service.deeds.undo(kept.id, "bob")
    assert service.runbooks.of_alert(alert).done == 0
    with pytest.raises(InputError, match="no such item"):
        service.deeds.tick(alert, "Dance", "ada")


def test_after_the_incident_what_was_learnt_is_kept_for_the_next_one(service: Watchkeeper, home: Path):
    alert = dropped(service)
    for hour in range(4, 24):
        service.run_until(shop.DROP + hour * HOUR)
    assert service.runbooks.of_alert(alert).asks
    service.deeds.learn(alert, "Look at the queue first.", "ada")
    book = service.runbooks.of_alert(alert)
    assert not book.asks
    assert book.lessons[0].is_own
    service.run_until(shop.LATER_DROP + 3 * HOUR)
    later = dropped(service)
    assert later != alert
    (lesson,) = service.runbooks.of_alert(later).lessons
    assert (lesson.said.text, lesson.is_own, lesson.said.alert) == ("Look at the queue first.", False, alert)
    written = RUNBOOK.replace("Then call Ada.", "Look at the queue\n      first. Then call Ada.")
    service.apply(parse_config(config(home, written)), "tester")
    assert service.runbooks.of_alert(later).lessons == ()
    with pytest.raises(InputError, match="it is empty"):
        service.deeds.learn(later, " ", "ada")


def test_it_is_ticked_on_the_page_without_a_script(service: Watchkeeper, home: Path):
    alert = dropped(service)
    for hour in range(4, 24):
        service.run_until(shop.DROP + hour * HOUR)
    with running(service, home / "cache") as address, httpx.Client(base_url=address, follow_redirects=True) as reader:
        sign_in_as_owner(reader, service)
        page = reader.get(f"/alerts/{alert}").text
        assert "0 of 3 done" in page
        token = forms(page)[f"/alerts/{alert}/handle"]["form_token"]
        done = {"form_token": token, "act": "tick", "text": "`restart --now`", "next": f"/alerts/{alert}"}
        page = reader.post(f"/alerts/{alert}/handle", data=done).text
        assert "1 of 3 done" in page
        (undo,) = [action for action in forms(page) if action.startswith("/handlings/")]
        assert "0 of 3 done" in reader.post(undo, data={"form_token": token, "next": f"/alerts/{alert}"}).text
        assert "What should the runbook have said?" in page
        said = {"form_token": token, "act": "learn", "text": "The queue <b>first</b>."}
        page = reader.post(f"/alerts/{alert}/handle", data=said).text
        assert "The queue &lt;b&gt;first&lt;/b&gt;." in page
        assert "What should the runbook have said?" not in page


def test_it_is_read_and_ticked_on_the_command_line(service: Watchkeeper, home: Path):
    alert = str(dropped(service))
    where = ["--home", str(home / "watchkeeper")]
    told = CliRunner().invoke(main, ["alerts", "runbook", alert, *where]).output
    assert "  3. [ ] Is it a holiday?" in told
    assert CliRunner().invoke(main, ["alerts", "tick", alert, "3", "--by", "ada", *where]).exit_code == 0
    assert "  3. [x] Is it a holiday? (ada, " in CliRunner().invoke(main, ["alerts", "runbook", alert, *where]).output
    assert "no item 9" in CliRunner().invoke(main, ["alerts", "tick", alert, "9", *where]).output
    CliRunner().invoke(main, ["alerts", "learn", alert, "--text", "Call Bob.", *where])
    assert "Call Bob." in CliRunner().invoke(main, ["alerts", "runbook", alert, "--json", *where]).output


def test_kinds_are_those_there_are(service: Watchkeeper):
    assert [one.name for one in service.standing().runbooks] == ["drop", "silence"]
    with pytest.raises(ConfigError, match="no kind of alert is called 'fire'; there are drop, rise, silence, limit"):
        parse_config("runbooks: {fire: {text: run}}")
