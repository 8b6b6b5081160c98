"""What the pages can, over the API and the client: telling, several answers, health, trials, drafts, assessments."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import watchkeeper
from tests.server.ideas import IDEA
from tests.server.shop import Served, served
from tests.watch import shop
from watchkeeper.domain.access import Role, Scope
from watchkeeper.domain.errors import AccessError, ConfigError, GuardError, InputError, NotFoundError
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.times import DAY, HOUR
from watchkeeper.server.run import running

SALES = {
    "name": "sales", "source": "shop", "table": "orders", "time_column": "time", "time_is": "seconds",
    "measure": "sum(orders)", "step": "1h", "kind": "sum", "dimensions": ["country"], "since": "2026-01-05",
}  # fmt: skip


def client_of(api: Served, role: Role = Role.ADMIN) -> watchkeeper.Client:
    return watchkeeper.Client(api.address, token=api.tokens[role])


def test_what_was_told_is_listed_with_its_reasons_page_by_page(api: Served) -> None:
    with client_of(api, Role.VIEWER) as client:
        every = list(client.told())
        assert [one.transition for one in every] == sorted((one.transition for one in every), reverse=True)
        assert {one.outcome for one in every} == {"held"}, "nobody is woken about the past"
        assert all(one.reason for one in every)
        alert = every[-1].alert
        assert list(client.told(alert=alert)) == [one for one in every if one.alert == alert]
        assert list(client.told(target="team", outcome="held")) == [one for one in every if one.target == "team"]
        assert list(client.told(outcome="sent")) == []
        assert list(client.told(target="nobody")) == []
        with pytest.raises(NotFoundError, match="alert 999"):
            list(client.told(alert=999))
    with api.client(Role.VIEWER) as http:
        paged, cursor = [], ""
        while cursor is not None:
            page = http.get("/api/v1/told", params={"limit": 3, "cursor": cursor}).json()
            paged += page["items"]
            cursor = page["next"]
        assert [(one["transition"], one["target"]) for one in paged] == [(one.transition, one.target) for one in every]


def test_who_may_only_read_gets_no_signed_link_out_of_messages(tmp_path: Path) -> None:
    shop.build(tmp_path / "shop.db")
    now = shop.DROP + 3 * HOUR
    with shop.open_service(tmp_path, now) as service:
        service.run_until(now)
        assert any("/say/" in one for one in service.channels.told())
        token = service.access.make_token(
            service.access.add_user("Vi", Role.VIEWER, by="t").name, "reads", [Scope.READ], lifetime_s=DAY, by="t"
        )[0]
        with running(service, tmp_path / "cache") as address, watchkeeper.Client(address, token=token) as client:
            found = list(client.messages())
            sent = list(client.told(target="team", outcome="sent"))
    assert len(sent) == len(found)
    assert found[0].subject.startswith("Orders: ")
    assert any("/alerts/" in one.rest for one in found)
    assert not any("/say/" in one.rest or "one click" in one.rest for one in found)


def test_several_alerts_are_answered_at_once_all_known_or_none(api: Served) -> None:
    with client_of(api, Role.RESPONDER) as client:
        first, second = (one.id for one in list(client.alerts())[:2])
        newest = next(client.feedback(), None)
        with pytest.raises(NotFoundError, match="alert 999"):
            client.answer_several(Answer.REAL, [first, 999])
        assert next(client.feedback(), None) == newest
        said = client.answer_several(Answer.REAL, [first, second, first], note="both")
        assert [(one.feedback.alert, one.feedback.note) for one in said.receipts] == [(first, "both"), (second, "both")]
        assert said.left == ()
        for one in reversed(said.receipts):
            client.undo(one.feedback.id)
    with client_of(api, Role.VIEWER) as viewer, pytest.raises(AccessError):
        viewer.answer_several(Answer.REAL, [first])


def test_alerts_whose_answer_would_cost_a_confirmed_one_are_left_out(
    api: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    with client_of(api) as client:
        first, second = (one.id for one in list(client.alerts())[:2])
        answer = api.service.answer

        def guarded(draft: object) -> object:
            if draft.alert == first:  # type: ignore[attr-defined]  # an object here
                raise GuardError("a confirmed alert would no longer fire")
            return answer(draft)  # type: ignore[arg-type]  # see above

        monkeypatch.setattr(api.service, "answer", guarded)
        said = client.answer_several(Answer.FALSE_ALARM, [first, second])
        assert said.left == (first,)
        assert [one.feedback.alert for one in said.receipts] == [second]
        client.undo(said.receipts[0].feedback.id)


def test_the_health_of_a_series_and_what_would_be_seen_of_it(api: Served) -> None:
    with client_of(api, Role.VIEWER) as client:
        found = client.health(1)
        assert found.series.label == "DE"
        assert found.health is not None
        assert (found.health.periods, found.health.missing, found.health.gaps) == (720, 0, [])
        assert found.health == client.health(2).health
        told = client.power(1)
        assert any("drop" in one or "fall" in one for one in told.sentences), told.sentences
        assert client.power_plot(1).startswith(b"\x89PNG")
        assert client.power_plot(1) != client.power_plot(1, scheme="dark")
        with pytest.raises(NotFoundError, match="series 999"):
            client.health(999)


def test_a_window_of_a_series_is_drawn(api: Served) -> None:
    with client_of(api, Role.VIEWER) as client:
        newest, week = client.series_chart(1), datetime(2026, 3, 1, tzinfo=UTC)
        older = client.series_chart(1, start=week, end=week + timedelta(days=7))
        assert newest.startswith(b"\x89PNG")
        assert older.startswith(b"\x89PNG")
        assert len({newest, older, client.series_chart(1, scheme="dark")}) == 3
        with pytest.raises(NotFoundError, match="series 999"):
            client.series_chart(999)


def test_settings_are_tried_by_readers_and_kept_by_editors(api: Served) -> None:
    with client_of(api, Role.VIEWER) as viewer:
        before = viewer.metric("orders").settings
        same = viewer.try_settings("orders", {})
        assert (same.settings, same.new, same.gone, same.days) == (before, [], [], 60)
        quiet = viewer.try_settings("orders", {"direction": "up"})
        assert len(quiet.told) < len(same.told)
        assert quiet.gone
        assert viewer.metric("orders").settings == before
        with pytest.raises(AccessError):
            viewer.keep_settings("orders", {"direction": "up"})
    with client_of(api, Role.EDITOR) as client:
        alert = next(client.alerts())
        said = client.answer(Answer.REAL, alert=alert.id)
        assert alert.id in client.try_settings("orders", {"direction": "up"}).lost
        with pytest.raises(GuardError, match="only a second yes"):
            client.keep_settings("orders", {"direction": "up"})
        kept = client.keep_settings("orders", {"direction": "up"}, force=True)
        assert kept.settings.direction.value == "up"
        client.keep_settings("orders", {"direction": before.direction.value})
        assert client.metric("orders").settings == before
        client.undo(said.feedback.id)
        with pytest.raises(InputError, match="query cannot be changed here"):
            client.keep_settings("orders", {"query": "select 1"})
        with pytest.raises(ConfigError, match="etric orders"):
            client.try_settings("orders", {"direction": "sideways"})
        with pytest.raises(InputError, match="no setting is called `half_live`; is it `half_life`"):
            client.try_settings("orders", {"half_live": "3d"})
        with pytest.raises(ConfigError, match="etric sales: no setting is called `tabel`; is it `table`"):
            client.try_metric({**SALES, "tabel": "orders"})


def test_a_metric_is_drafted_from_a_table_and_switched_on(tmp_path: Path) -> None:
    with served(tmp_path) as own:  # what is made stays
        draft_and_make(own)


def draft_and_make(api: Served) -> None:
    with client_of(api, Role.EDITOR) as client:
        assert client.tables("shop") == ["orders"]
        assert [one.name for one in client.columns("shop", "orders")] == ["time", "country", "orders"]
        drafted = client.try_metric(SALES, power=True)
        assert (drafted.series, drafted.withheld) == (2, 0)
        assert drafted.told
        assert drafted.power
        assert "sales" not in {one.settings.name for one in client.metrics()}
        assert client.make_metric(SALES).settings.name == "sales"
        with pytest.raises(ConfigError, match="there is one of that name"):
            client.make_metric(SALES)
        with pytest.raises(InputError, match="Duration 'soon'"):
            client.try_metric({**SALES, "step": "soon"})
        with pytest.raises(NotFoundError, match="source 'nowhere'"):
            client.tables("nowhere")
    with client_of(api, Role.RESPONDER) as client, pytest.raises(AccessError):
        client.try_metric(SALES)


def test_an_assessment_is_begun_followed_and_kept(api: Served) -> None:
    with client_of(api, Role.EDITOR) as client:
        job = client.start_assessment(IDEA)
        for _ in range(600):
            if job.made is not None or job.trouble:
                break
            time.sleep(0.1)
            job = client.assessment_job(job.id)
        assert job.trouble == ""
        assert job.made is not None
        assert client.assessment(job.made).assessment.by == "Editor"
        with pytest.raises(InputError, match="a file is read on the machine that has it"):
            client.start_assessment({"data": "late.csv", "row": "one flight", "target": "late"})
        with pytest.raises(ConfigError):
            client.start_assessment({"row": 3})
        with pytest.raises(NotFoundError, match="not running here"):
            client.assessment_job("unknown")
    with client_of(api, Role.RESPONDER) as client, pytest.raises(AccessError):
        client.start_assessment(IDEA)
