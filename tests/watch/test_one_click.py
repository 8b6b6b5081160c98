"""A link in a message answers with one click and a yes: opening it says nothing, and it works once, for a while."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar.testing import TestClient

from tests.server.reading import text
from tests.watch import shop
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.times import DAY, HOUR
from watchkeeper.server import create_app
from watchkeeper.watch.service import Watchkeeper

NOW = shop.LATER_DROP + 4 * HOUR
FLAG = """flags:
  ranking:
    variants: {model: true, basic: false}
    default: model
    fallback: basic
    guard: {mode: ask, trips: [{metric: orders, direction: down}]}
"""


class Told:
    """A service that has told of an alert, the links of its message by label, and a browser without an account."""

    def __init__(self, home: Path) -> None:
        self.now = NOW
        self.service = Watchkeeper.open(home / "watchkeeper", link="http://127.0.0.1", clock=lambda: self.now)
        config = shop.CONFIG.format(shop=home / "shop.db", told=home / "told.txt")
        self.service.apply(parse_config(config + FLAG), "tester")
        self.service.run_until(NOW)
        self.message = (home / "told.txt").read_text()
        self.links = dict(re.findall(r"^- (.+): http://127\.0\.0\.1(/say/\S+)$", self.message, re.MULTILINE))
        self.alert = self.service.inbox(show="all", order="newest").lines[0].alert.id
        app = create_app(self.service, secret=b"s" * 32, cache_dir=home / "cache")
        self.browser = TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)

    def answers(self) -> list[tuple[Answer | None, str]]:
        return [(one.answer, one.by) for one in self.service.alert_page(self.alert).answers]


@pytest.fixture
def told(home: Path) -> Iterator[Told]:
    made = Told(home)
    with made.browser:
        yield made
    made.service.close()


def test_a_message_carries_a_link_for_each_answer(told: Told):
    assert set(told.links) >= {"Real", "False alarm", "Missed", "Event", "New normal", "Bad data"}
    assert "With one click, which first shows what it would change:" in told.message


def test_opening_shows_what_it_would_change_and_says_nothing(told: Told):
    page = told.browser.get(told.links["False alarm"])
    assert page.status_code == 200
    assert "If said:" in text(page.text)
    told.browser.head(told.links["False alarm"])
    assert told.answers() == []


def test_the_button_says_it_once_by_name_and_channel_and_takes_it_back(told: Told):
    link = told.links["Event"]
    page = told.browser.post(link, data={"name": "Ada", "note": "sale"})
    assert page.status_code == 200
    assert "Noted as an event" in text(page.text)
    assert told.answers() == [(Answer.EVENT, "Ada via team")]
    again = told.browser.post(link, data={"name": "Grace"})
    assert "Noted as an event" in text(again.text)
    assert "Undo" in told.browser.get(link).text
    assert len(told.answers()) == 1
    assert "is taken back" in text(told.browser.post(f"{link}/undo").text)
    assert told.browser.post(f"{link}/undo").status_code == 422
    assert told.answers()[-1] == (None, "someone via team")


def test_a_changed_or_cut_link_says_so(told: Told):
    link = told.links["Real"]
    for broken in (link[:-1], link.replace("/say/", "/say/x"), "/say/nonsense"):
        page = told.browser.get(broken)
        assert page.status_code == 410
        assert "was changed on its way" in text(page.text)
        assert told.browser.post(broken).status_code == 410
    assert told.answers() == []


def test_an_expired_link_says_so(told: Told):
    told.now += 14 * DAY
    page = told.browser.post(told.links["Real"])
    assert page.status_code == 410
    assert "this link worked until" in text(page.text).lower()
    assert told.answers() == []


def test_the_key_is_the_owners_alone_and_a_restart_keeps_links_working(told: Told, home: Path):
    key = home / "watchkeeper" / "link-key"
    assert key.stat().st_mode & 0o777 == 0o600
    told.service.close()
    with Watchkeeper.open(home / "watchkeeper", clock=lambda: NOW) as restarted:
        assert restarted.one_click.page(told.links["Real"].rpartition("/")[2]).label == "Real"


def test_a_guard_that_asks_is_answered_by_link_and_only_while_it_asks(told: Told):
    yes, no = told.links["Yes, flag ranking"], told.links["No, flag ranking"]
    assert "Should flag ranking serve basic to everybody?" in text(told.browser.get(yes).text)
    assert told.service.flags.lines()[0].serving == "model"
    page = told.browser.post(yes, data={"name": "Ada"})
    assert "Tripped to basic" in text(page.text)
    assert told.service.flags.page("ranking").changes[0].by == "Ada via team"
    assert "not asked any more" in text(told.browser.get(no).text)
    assert told.browser.post(no).status_code == 422


def test_a_link_of_one_key_does_not_work_under_another(told: Told, tmp_path: Path):
    (tmp_path / "other").mkdir()
    with Watchkeeper.open(tmp_path / "other", clock=lambda: NOW) as other:
        app = create_app(other, secret=b"s" * 32, cache_dir=tmp_path / "cache")
        with TestClient(app, base_url="http://127.0.0.1") as browser:
            assert browser.get(told.links["Real"]).status_code == 410
