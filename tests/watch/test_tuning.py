"""Settings are tried on the metric's own past first, and no confirmed alert is lost without a second yes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.watch.shop import END, build, open_service
from watchkeeper.domain.errors import ConfigError, GuardError, InputError, NotFoundError
from watchkeeper.domain.feedback import Answer
from watchkeeper.watch.service import Watchkeeper
from watchkeeper.watch.views import Draft


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Watchkeeper]:
    """The shop, watched to its end."""
    build(tmp_path / "shop.db")
    with open_service(tmp_path) as service:
        service.run_until(END)
        yield service


def test_what_is_set_would_tell_what_was_told(shop: Watchkeeper) -> None:
    trial = shop.tuning.attempt("orders", {})
    told = [line.alert for line in shop.inbox(show="all", order="newest").lines]
    assert [(one.start, one.end) for one in trial.told] == [(one.start, one.end) for one in told]
    assert (trial.new, trial.gone, trial.lost) == ((), (), ())
    assert trial.sentence == f"As it is set: {len(told)} alerts in 60 days."


def test_a_larger_budget_tells_more_and_says_which_are_new(shop: Watchkeeper) -> None:
    before = shop.tuning.attempt("orders", {})
    more = shop.tuning.attempt("orders", {"false_alerts_per_month": 20})
    assert len(more.told) > len(before.told)
    assert len(more.told) == len(before.told) + len(more.new) - len(more.gone)
    assert f"{len(more.new)} new" in more.sentence


def test_what_turns_is_drawn_over_the_series_in_which_most_does(shop: Watchkeeper) -> None:
    as_set = shop.tuning.attempt("orders", {}).drawn
    assert as_set is not None
    assert (as_set.turned, as_set.is_band_new) == ((), False)
    more = shop.tuning.attempt("orders", {"false_alerts_per_month": 20})
    drawn = more.drawn
    assert drawn is not None
    assert not drawn.is_band_new, "the budget says how far outside a value must be"
    runs = [(one.start, one.end) for new in more.new for one in new.members if one.series == drawn.now.series.id]
    assert [(mark.start, mark.end) for mark in drawn.turned if mark.kind == "appears"] == runs
    counted = [sum(one.series == each.id for new in more.new for one in new.members) for each in drawn.series]
    assert len(runs) == max(counted) > 0


def test_another_range_is_drawn_as_it_would_be(shop: Watchkeeper) -> None:
    drawn = shop.tuning.attempt("orders", {"calendar": "US"}).drawn
    assert drawn is not None
    assert drawn.is_band_new
    assert drawn.now.time == drawn.then.time
    assert drawn.now.upper != drawn.then.upper


def test_the_series_that_is_asked_for_is_drawn(shop: Watchkeeper) -> None:
    for one in shop.listing.series("orders"):
        drawn = shop.tuning.attempt("orders", {}, one.id).drawn
        assert drawn is not None
        assert drawn.now.series == one
    assert shop.tuning.attempt("orders", {}, 999).drawn is None


def test_a_confirmed_alert_that_would_be_lost_is_drawn_as_such(shop: Watchkeeper) -> None:
    biggest = shop.inbox(show="all").lines[0].alert
    shop.answer(Draft(answer=Answer.REAL, by="Ada", alert=biggest.id))
    drawn = shop.tuning.attempt("orders", {"direction": "up"}, biggest.peak.series).drawn
    assert drawn is not None
    peak = biggest.peak
    assert [(mark.start, mark.end) for mark in drawn.turned if mark.kind == "lost"] == [(peak.start, peak.end)]
    assert not any(mark.kind == "vanishes" and mark.start < peak.end and peak.start < mark.end for mark in drawn.turned)


def test_a_trial_changes_nothing(shop: Watchkeeper) -> None:
    shop.tuning.attempt("orders", {"false_alerts_per_month": 20, "title": "Sales"})
    assert shop.tuning.metric("orders").false_alerts_per_month == 1.0
    assert shop.tuning.attempt("orders", {}).sentence.startswith("As it is set")


def test_settings_that_are_kept_tell_what_their_trial_said(shop: Watchkeeper) -> None:
    tried = shop.tuning.attempt("orders", {"false_alerts_per_month": 8, "direction": "down"})
    shop.tuning.keep("orders", {"false_alerts_per_month": 8, "direction": "down"}, "Ada")
    assert shop.tuning.metric("orders").false_alerts_per_month == 8
    assert shop.tuning.attempt("orders", {}).told == tried.told


def test_a_confirmed_alert_is_not_lost_without_a_second_yes(shop: Watchkeeper) -> None:
    biggest = shop.inbox(show="all").lines[0].alert
    shop.answer(Draft(answer=Answer.REAL, by="Ada", alert=biggest.id))
    assert shop.tuning.attempt("orders", {"direction": "up"}).lost == (biggest.id,)
    with pytest.raises(GuardError, match=f"#{biggest.id} was confirmed as real"):
        shop.tuning.keep("orders", {"direction": "up"}, "Ada")
    assert shop.tuning.metric("orders").direction.value == "both"
    shop.tuning.keep("orders", {"direction": "up"}, "Ada", force=True)
    assert shop.tuning.metric("orders").direction.value == "up"


def test_what_makes_no_sense_is_refused_with_the_mend(shop: Watchkeeper) -> None:
    with pytest.raises(InputError, match="query cannot be changed here"):
        shop.tuning.attempt("orders", {"query": "drop table orders"})
    with pytest.raises(ConfigError, match="must be above 0"):
        shop.tuning.attempt("orders", {"false_alerts_per_month": 0})
    with pytest.raises(ConfigError, match="direction"):
        shop.tuning.attempt("orders", {"direction": "sideways"})
    with pytest.raises(NotFoundError):
        shop.tuning.attempt("sales", {})


def test_power_is_told_in_words_and_drawn_in_both_schemes(shop: Watchkeeper) -> None:
    series = shop.metric_page("orders").chosen.id
    told = shop.tuning.power("orders", series)
    assert any("drop is seen" in sentence for sentence in told.sentences)
    assert told.light.startswith(b"\x89PNG")
    assert told.light != told.dark
    assert shop.tuning.power("orders", series) is told
