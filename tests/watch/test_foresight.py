"""An answer is seen before it is said: which alerts of the past turn, and the band that would be."""

from __future__ import annotations

from tests.watch import shop
from tests.watch.test_service import alert_at
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.times import DAY, WEEK
from watchkeeper.watch.service import Watchkeeper
from watchkeeper.watch.views import Draft, Turn


def test_what_would_vanish_is_named_and_what_people_confirmed_is_named_as_lost(service: Watchkeeper):
    drop, later = (alert_at(service, at).alert for at in (shop.DROP, shop.LATER_DROP))
    service.answer(Draft(answer=Answer.REAL, by="ann", alert=drop.id))
    draft = Draft(answer=Answer.BAD_DATA, by="ann", series=(1, 2), start=drop.start - DAY, end=later.end + DAY)
    seen = service.foresee(draft)
    assert [(one.turn, one.alert) for one in seen.turned] == [(Turn.LOST, drop.id), (Turn.VANISHES, later.id)]
    assert seen.turned[0].sentence == alert_at(service, shop.DROP).sentence
    assert (seen.receipt.lost, seen.receipt.vanished) == ((drop.id,), (drop.id, later.id))
    assert seen.is_band_new
    assert list(service.export_feedback())[1:] == []


def test_the_band_that_would_be_is_the_band_that_then_is(service: Watchkeeper):
    draft = Draft(answer=Answer.NEW_NORMAL, by="ann", series=(1,), start=shop.START + 5 * WEEK)
    seen = service.foresee(draft, 1, start=shop.START + 5 * WEEK, end=shop.START + 6 * WEEK)
    was = service.metric_page("orders", 1).chart
    service.answer(draft)
    now = service.metric_page("orders", 1).chart
    at = slice(now.time.index(seen.chart.time[0]), now.time.index(seen.chart.time[-1]) + 1)
    assert len(seen.chart.time) == 7 * 24
    assert seen.chart.upper == now.upper[at] != was.upper[at]


def test_what_would_appear_is_told_with_its_time_and_the_band_of_labels_stays(service: Watchkeeper):
    chart = service.metric_page("orders", 1).chart
    rows = zip(chart.time, chart.score, chart.is_alert, strict=True)
    start = next(time for time, score, told in rows if score is not None and -1.0 < score < 0.0 and not told)
    draft = Draft(answer=Answer.MISSED, by="ann", series=(1,), start=start, end=start + 3600)
    seen = service.foresee(draft)
    assert not seen.is_band_new
    assert [one.turn for one in seen.turned] == [Turn.APPEARS] * len(seen.receipt.appeared)
    assert any(one.start <= start < one.end and one.alert is None for one in seen.turned)


def test_an_alerts_chart_has_the_week_before_beside_it(service: Watchkeeper):
    page = service.alert_page(alert_at(service, shop.DROP).alert.id)
    drawn = page.charts[0]
    whole = service.metric_page("orders", drawn.series.id).chart
    known = dict(zip(whole.time, whole.value, strict=True))
    assert drawn.week_before == [known.get(time - WEEK) for time in drawn.time]
    assert [chart.week_before for chart in page.charts[1:]] == [[] for _ in page.charts[1:]]
