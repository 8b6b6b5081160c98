"""A guarded roll-out for real: users are served by the flag, their orders are read from a shop."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import httpx
import numpy as np
import pytest
from click.testing import CliRunner

from tests.receiver import receiving
from tests.server.reading import form, sign_in_as_owner
from watchkeeper import Client
from watchkeeper.cli import main
from watchkeeper.domain.access import Role, Scope
from watchkeeper.domain.alert import Change
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.errors import ConfigError, InputError
from watchkeeper.domain.times import DAY, HOUR, parse_instant
from watchkeeper.flags import Course
from watchkeeper.server.run import running
from watchkeeper.watch.service import Watchkeeper

START = parse_instant("2026-03-02")
USERS = [f"u{number}" for number in range(1500)]
CONFIG = """
sources:
  shop: {{url: "sqlite:///{home}/shop.db"}}
defaults: {{source: shop, step: 1h, kind: count, since: 2026-03-02, dimensions: [variant]}}
metrics:
  visits: {{title: Visits, table: asked, time_column: time, time_is: seconds, measure: sum(visits)}}
  orders: {{title: Orders, table: asked, time_column: time, time_is: seconds, measure: sum(orders)}}
channels:
  team: {{url: "textfile://{home}/told.txt"}}
flags:
  ranking:
    title: Smart ranking
    owner: search
    runbook: Ask Ada.
    variants: {{model: true, basic: false}}
    default: basic
    fallback: basic
    guarded_rollout:
      variant: model
      steps: [5, 20, 50, 100]
      least_time: 6h
      mode: {mode}
      metrics:
        - {{successes: orders, trials: visits, largest_harm: 0.02}}
"""


class Shop:
    """Each hour every user comes once, is served by the flag, and orders with the chance of their variant."""

    def __init__(self, home: Path, mode: str, effect: float) -> None:
        self.home, self.effect, self.rng = home, effect, np.random.default_rng(5)
        self.now = START
        self.expected: tuple[str, ...] = ()
        with sqlite3.connect(home / "shop.db") as db:
            db.execute("create table asked (time integer, variant text, visits integer, orders integer)")
        self.service = Watchkeeper.open(home / "watchkeeper", link="http://127.0.0.1:8321", clock=lambda: self.now)
        self.service.apply(parse_config(CONFIG.format(home=home, mode=mode)), "tester")

    def hour(self) -> float:
        """One hour and one tick; returns the share of users that had the model."""
        served = [self.service.flags.evaluate("ranking", {"targetingKey": user}).variant for user in USERS]
        model = served.count("model")
        with sqlite3.connect(self.home / "shop.db") as db:
            for variant, visits in (("model", model), ("basic", len(USERS) - model)):
                chance = 0.2 + (self.effect if variant == "model" else 0.0)
                if visits:
                    row = (self.now, variant, visits, int(self.rng.binomial(visits, chance)))
                    db.execute("insert into asked values (?, ?, ?, ?)", row)
        self.now += HOUR
        assert self.service.run_until(self.now).troubles == self.expected
        return model / len(USERS)

    def told(self) -> str:
        path = self.home / "told.txt"
        return path.read_text() if path.exists() else ""

    def course(self) -> Course:
        shown = self.service.flags.page("ranking").rollout
        assert shown is not None
        return shown.state.course


@pytest.fixture
def shop(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shop]:
    mode, effect = request.param
    made = Shop(tmp_path, mode, effect)
    yield made
    made.service.close()


@pytest.mark.parametrize("shop", [("act", 0.0)], indirect=True)
def test_a_harmless_variant_reaches_everybody_and_people_hear_of_each_step(shop: Shop):
    shares = [shop.hour() for _ in range(48)]
    assert all(later >= earlier for earlier, later in pairwise(shares))
    assert shares[-1] == 1.0
    assert shop.course() is Course.COMPLETED
    told = shop.told()
    assert told.count("now gives model to 20 % of users: its key metrics show no harm") == 1
    assert told.count("now gives model to everybody: the roll-out is complete") == 1
    assert "Owner: search" in told
    assert "http://127.0.0.1:8321/flags/ranking" in told
    page = shop.service.flags.page("ranking").rollout
    assert page is not None
    (key,) = page.keys
    assert key.unit == "percentage points"
    assert -2 < (key.lower[-1] or 0) < (key.upper[-1] or 0) < 3
    assert page.moves[0].what.startswith("The roll-out of flag Smart ranking begins")
    audited = [one.what for one in shop.service.access.changes(50)]
    assert audited.count("flag roll-out widened") == 2
    assert [one.share for one in page.moves] == [5, 20, 50, 100]


@pytest.mark.parametrize("shop", [("act", 0.0)], indirect=True)
def test_news_that_are_refused_for_themselves_do_not_hold_up_those_behind_them(shop: Shop):
    with receiving() as receiver:
        text = CONFIG.format(home=shop.home, mode="act")
        text = text.replace(f"textfile://{shop.home}/told.txt", f"json://{receiver.address}/")
        shop.service.apply(parse_config(text), "tester")
        receiver.statuses = [413, 200]
        shop.expected = ("channel team: the other side refused this message (413)",)
        shop.hour()
        shop.expected = ()
        for _ in range(12):
            shop.hour()
        first, second, *_ = (body["message"] for _, body in receiver.received)
        assert first != second
        assert "20 %" in second


@pytest.mark.parametrize("shop", [("act", 0.0)], indirect=True)
def test_it_is_seen_and_steered_on_the_page_by_the_api_and_on_the_command_line(shop: Shop):
    for _ in range(9):
        shop.hour()
    with running(shop.service, shop.home / "cache") as address, httpx.Client(base_url=address) as reader:
        sign_in_as_owner(reader, shop.service)
        token = form(reader.get("/flags/ranking").text, "/flags/ranking")["form_token"]
        page = reader.get("/flags/ranking").text
        assert "Roll-out of model against basic" in page
        assert 'class="interval-band"' in page
        for act, says in (("pause", "paused"), ("resume", "20 % of users get model"), ("abort", "was aborted")):
            data = {"form_token": token, "act": act}
            assert says in reader.post("/flags/ranking", data=data, follow_redirects=True).text
        assert "Begin again at 5" in reader.get("/flags/ranking").text
    shop.service.access.add_user("Ada", Role.EDITOR, by="tester")
    secret, _ = shop.service.access.make_token("Ada", "test", (Scope.READ, Scope.CONFIGURE), lifetime_s=DAY, by="ada")
    with running(shop.service, shop.home / "cache") as address, Client(address, token=secret) as client:
        assert client.rollout("ranking").course == "aborted"
        assert client.steer_rollout("ranking", "resume").sentence == "Rolled out: 5 % of users get model."
        assert client.preview_rollout("ranking", days=2)[0].what == "roll-out began"
        assert client.rollout("ranking").moves[0].share == 5
    shop.service.close()
    home = ["--home", str(shop.home / "watchkeeper")]
    assert CliRunner().invoke(main, ["flags", "pause", "ranking", *home]).output.endswith("paused.\n")
    told = json.loads(CliRunner().invoke(main, ["flags", "rollout", "ranking", "--json", *home]).output)
    assert (told["course"], told["share"]) == ("paused", 5)
    tried = CliRunner().invoke(main, ["flags", "preview", "ranking", "--days", "400", *home])
    assert "roll-out began: 5 %" in tried.output

    assert CliRunner().invoke(main, ["flags", "resume", "ranking", *home]).exit_code == 0
    assert "aborted" in CliRunner().invoke(main, ["flags", "abort", "ranking", *home]).output
    assert "worse" not in CliRunner().invoke(main, ["flags", "rollout", "ranking", *home]).output


@pytest.mark.parametrize("shop", [("act", -0.1)], indirect=True)
def test_a_harmful_one_is_rolled_back_and_is_an_incident_with_its_runbook(shop: Shop):
    shares = [shop.hour() for _ in range(36)]
    assert max(shares) < 0.5
    assert shares[-1] == 0.0
    assert shop.course() is Course.ROLLED_BACK
    assert "because it was worse in orders of visits" in shop.service.flags.lines()[0].sentence
    told = shop.told()
    assert told.count("now gives basic to everybody: model is worse in orders of visits. Runbook: Ask Ada.") == 1
    lines = [line for line in shop.service.inbox(show="all").lines if "Orders (model) fell" in line.sentence]
    assert lines
    history = shop.service.alert_page(lines[-1].alert.id).history
    assert any(one.transition.change is Change.FLIPPED for one in history)
    shop.service.flags.steer("ranking", "resume", "ada")
    assert shop.course() is Course.WIDENING
    assert shop.hour() == pytest.approx(0.05, abs=0.02)


@pytest.mark.parametrize("shop", [("ask", 0.0)], indirect=True)
def test_where_it_asks_a_link_in_the_message_says_yes(shop: Shop):
    for _ in range(9):
        shop.hour()
    asked = [line for line in shop.told().splitlines() if line.startswith("- Yes, flag Smart ranking: ")]
    assert len(asked) == 1
    token = asked[0].rpartition("/say/")[2]
    assert "Should flag Smart ranking give model to 20 % of users?" in shop.service.one_click.page(token).about
    assert "Rolled out: 20 % of users get model." in shop.service.one_click.say(token, "Ada").done
    assert shop.hour() == pytest.approx(0.2, abs=0.04)
    with pytest.raises(InputError, match="not asked any more"):
        shop.service.one_click.say(token, "Ada")


@pytest.mark.parametrize("shop", [("act", 0.0)], indirect=True)
def test_a_person_pauses_goes_on_and_aborts_and_an_override_wins(shop: Shop):
    shop.hour()
    shop.service.flags.steer("ranking", "pause", "ada")
    for _ in range(9):
        shop.hour()
    assert shop.course() is Course.PAUSED
    with pytest.raises(InputError, match="there is nothing to pause"):
        shop.service.flags.steer("ranking", "pause", "ada")
    shop.service.flags.steer("ranking", "resume", "ada")
    shop.service.flags.override("ranking", "basic", 2 * DAY, "ada")
    assert [shop.hour() for _ in range(14)] == [
        0.0
    ] * 14  # nobody has the model, and the step does not count as lasting
    shop.service.flags.clear("ranking", "ada")
    assert shop.hour() == pytest.approx(0.05, abs=0.02)
    shop.service.flags.steer("ranking", "abort", "ada")
    assert shop.hour() == 0.0
    assert "was aborted" in shop.service.flags.lines()[0].sentence


ROUTED = """
channels: {{others: {{url: "textfile://{home}/others.txt"}}}}
routes: {{searching: {{channels: [team], owner: [search]}}}}
"""


@pytest.mark.parametrize("shop", [("act", 0.0)], indirect=True)
def test_the_routes_of_its_owner_say_who_hears_of_it(shop: Shop):
    shop.service.apply(parse_config(ROUTED.format(home=shop.home)), "tester")
    shop.hour()
    assert "begins and gives model to 5 % of users" in shop.told()
    assert not (shop.home / "others.txt").exists()


@pytest.mark.parametrize("shop", [("observe", 0.0)], indirect=True)
def test_observing_serves_as_before_and_says_what_it_would_do(shop: Shop):
    assert shop.hour() == 0.0
    shop.hour()
    assert "observes: it would give model to 5 % of users" in shop.told()


def test_what_it_would_have_done_on_the_past_is_shown_before_it_begins(tmp_path: Path):
    made = Shop(tmp_path, "observe", 0.0)
    rng = np.random.default_rng(6)
    with made.service as service:
        with sqlite3.connect(tmp_path / "shop.db") as db:
            for hour in range(96):
                for variant, chance in (("model", 0.1), ("basic", 0.2)):
                    row = (START + hour * HOUR, variant, 400, int(rng.binomial(400, chance)))
                    db.execute("insert into asked values (?, ?, ?, ?)", row)
        made.now = START + 96 * HOUR
        service.run_until(made.now)
        done = service.flags.rehearsal("ranking", 30)
        assert [one.what for one in done] == ["roll-out began", "roll-out rolled back"]
        assert done[-1].at < START + 12 * HOUR
        with pytest.raises(InputError, match="give 1 or more"):
            service.flags.rehearsal("ranking", 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("successes: orders", "successes: none"), "no metric 'none'"),
        (("largest_harm: 0.02", "largest_harm: 0.02, dimension: country"), "no dimension 'country'"),
        (("mode: act", "mode: act\n      against: model"), "compared with itself"),
    ],
)
def test_a_wrong_plan_is_refused(tmp_path: Path, change: tuple[str, str], words: str):
    text = CONFIG.format(home=tmp_path, mode="act").replace(*change)
    with Watchkeeper.open(tmp_path / "w") as service, pytest.raises(ConfigError, match=words):
        service.apply(parse_config(text), "tester")
