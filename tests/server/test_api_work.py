"""What people do, over the API and the typed client: deeds, mutes, questions, systems, assessments, and If-Match."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import watchkeeper
from tests.server.ideas import IDEA
from tests.server.shop import Served
from tests.watch import shop
from watchkeeper.domain.access import Role
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.errors import AccessError, InputError, NotFoundError, StaleError
from watchkeeper.domain.handling import Deed
from watchkeeper.domain.question import Question, Reply
from watchkeeper.stores.ledger import questions

V1 = "/api/v1"
NOW = datetime.fromtimestamp(shop.END + 60, UTC)


def client_of(api: Served, role: Role = Role.ADMIN) -> watchkeeper.Client:
    return watchkeeper.Client(api.address, token=api.tokens[role])


def test_alerts_are_handled_and_deeds_taken_back(api: Served) -> None:
    with client_of(api, Role.RESPONDER) as client:
        first, second = (one.id for one in list(client.alerts())[:2])
        done = client.acknowledge(first, second, text="looking")
        assert [(one.alert, one.deed, one.by, one.text) for one in done] == [
            (first, Deed.ACKNOWLEDGE, "Responder", "looking"),
            (second, Deed.ACKNOWLEDGE, "Responder", "looking"),
        ]
        client.assign(first, owner="checkout")
        client.comment(first, text="the **database** moved")
        assert client.alert(first).alert.owner == "checkout"
        assert client.alert(first).alert.is_acknowledged
        assert client.undo_deed(done[0].id).undoes == done[0].id
        assert not client.alert(first).alert.is_acknowledged
        deeds = [one.deed for one in client.deeds(first)]
        assert deeds == [Deed.ACKNOWLEDGE, Deed.ASSIGN, Deed.COMMENT, None]
        with pytest.raises(InputError, match="is over; there is nothing to be told of"):
            client.snooze(first, until=NOW + timedelta(hours=4))
        with pytest.raises(NotFoundError):
            client.acknowledge(first, 999)
        assert len(client.deeds(first)) == 4, "all or none"


def test_mutes_are_made_listed_and_ended(api: Served) -> None:
    with client_of(api, Role.RESPONDER) as client:
        made = client.mute(NOW, NOW + timedelta(hours=2), metric="orders", note="moving")
        assert (made.by, made.metric, made.end - made.start) == ("Responder", "orders", timedelta(hours=2))
        assert client.mutes() == [made]
        assert client.unmute(made.id).ended_at is not None
        assert client.mutes() == []
        assert [one.id for one in client.mutes(over_too=True)] == [made.id]
        with pytest.raises(InputError, match="ended already"):
            client.unmute(made.id)


def test_questions_are_listed_and_answered_once(api: Served) -> None:
    window: dict[str, Any] = {"metric": "orders", "series": 1, "start": shop.END - 86400, "end": shop.END - 82800}
    with api.service._ledger.write() as tx:
        asked = questions.ask(tx, Question(id=0, decades=-1.0, slot_end=shop.END, asked_at=shop.END, **window))
    with client_of(api, Role.RESPONDER) as client:
        assert asked.id in [one.id for one in client.questions()]
        answered = client.reply(asked.id, Reply.FINE)
        assert answered.sentence
        assert (answered.question.by, answered.question.reply) == ("Responder", Reply.FINE)
        assert asked.id not in [one.id for one in client.questions()]
        assert asked.id in [one.id for one in client.questions(answered_too=True)]
        with pytest.raises(InputError, match="was answered by Responder"):
            client.reply(asked.id, Reply.MISSED)


def test_systems_are_read_and_their_evidence_said(api: Served) -> None:
    source = (
        f"sources: {{shop: {{url: 'sqlite:///{api.service.standing().sources[0].url.removeprefix('sqlite:///')}'}}}}"
    )
    api.service.apply(parse_config(f"{source}\nsystems: {{ranking: {{source: shop, owner: checkout}}}}"), "tester")
    with client_of(api, Role.EDITOR) as client:
        (line,) = client.systems()
        assert (line.name, line.owner) == ("ranking", "checkout")
        whole = client.system("ranking")
        assert whole.system == line
        assert {one.key: one.is_met for one in whole.check}["owner"]
        said = client.say_evidence("ranking", "reproducible", 0.5, note="by hand")
        (evidence,) = [one for one in said.evidence if one.test == "reproducible"]
        assert (evidence.points, evidence.by, evidence.note) == (0.5, "Editor", "by hand")
        with pytest.raises(NotFoundError):
            client.system("nothing")


def test_assessments_are_read_and_decided(api: Served) -> None:
    made = api.service.assessments.make_expected(IDEA, "Ada")
    with client_of(api, Role.EDITOR) as client:
        assert [one.name for one in client.assessments()] == ["Will they leave?"]
        whole = client.decide(made, "wait", reason="more users first")
        assert (whole.assessment.decision, whole.decisions[0].by) == ("wait", "Editor")
        assert whole.report["parts"]
        assert client.note_achieved(made, 0.7).assessment.achieved == 0.7
        assert client.assessment(made).assessment.achieved == 0.7
        with pytest.raises(InputError, match="A decision has a reason"):
            client.decide(made, "go", reason=" ")


def test_a_write_is_done_only_if_nothing_changed_meanwhile(api: Served) -> None:
    with client_of(api, Role.EDITOR) as client, client_of(api, Role.ADMIN) as other:
        client.put_team("search", members=["Ada"])
        client.team("search")
        seen = client.etag
        other.put_team("search", members=["Ada", "Ben"])
        with client.if_match(seen), pytest.raises(StaleError, match="/api/v1/teams/search: it is another now"):
            client.put_team("search", members=["Carol"])
        assert client.team("search").members == ("Ada", "Ben")
        with client.if_match(client.etag):
            client.put_team("search", members=["Carol"])
        client.flag("beta")
        with client.if_match(client.etag):
            assert client.override_flag("beta", "model").serving == "model"
            with pytest.raises(StaleError, match="/api/v1/flags/beta"):
                client.end_override("beta")
        client.end_override("beta")
        client.config()
        with client.if_match(client.etag):
            client.apply("teams: {search: {members: [Dan]}}")
            with pytest.raises(StaleError):
                client.apply("teams: {search: {members: [Eve]}}")


def test_a_write_sent_again_is_replayed_though_it_changed_what_it_matched(api: Served) -> None:
    with api.client(Role.EDITOR) as client:
        client.put(f"{V1}/teams/ops", json={"members": ["Ada"]})
        headers = {"if-match": client.get(f"{V1}/teams/ops").headers["etag"], "idempotency-key": "once"}
        first = client.put(f"{V1}/teams/ops", json={"members": ["Ben"]}, headers=headers)
        again = client.put(f"{V1}/teams/ops", json={"members": ["Ben"]}, headers=headers)
        assert (first.status_code, again.status_code, again.headers["idempotent-replayed"]) == (200, 200, "true")
        stale = client.put(f"{V1}/teams/ops", json={"members": ["Carol"]}, headers={"if-match": headers["if-match"]})
        assert (stale.status_code, stale.json()["code"]) == (412, "stale")
        assert client.put(f"{V1}/teams/ops", json={}, headers={"if-match": "*"}).status_code == 200
        assert client.put(f"{V1}/teams/new", json={}, headers={"if-match": "*"}).status_code == 412
    with api.client(None) as stranger:
        assert stranger.put(f"{V1}/teams/ops", json={}, headers={"if-match": "*"}).status_code == 401


def test_a_viewer_may_not_do_what_responders_do(api: Served) -> None:
    with client_of(api, Role.VIEWER) as client:
        with pytest.raises(AccessError):
            client.acknowledge(1)
        with pytest.raises(AccessError):
            client.mute(NOW, NOW + timedelta(hours=1))


def test_what_is_configured_is_looked_at_and_removed_once(api: Served) -> None:
    with api.client(Role.EDITOR) as client, api.client(Role.RESPONDER) as other:
        file = {
            "text": "routes: {night: {channels: [hall]}}",
            "place": "routes.yaml",
            "more": [{"text": "channels: {hall: {url: 'textfile:///tmp/hall.txt'}}", "place": "channels.yaml"}],
        }
        wrong = client.post(f"{V1}/config/plan", json={"text": file["text"], "place": "routes.yaml"})
        assert wrong.status_code == 422
        assert "routes.yaml:1: routes.night.channels: no channel 'hall'" in wrong.json()["detail"]
        assert client.post(f"{V1}/config/apply", json=file).status_code == 200
        pruned = client.post(f"{V1}/config/plan", json={"text": "{}", "prune": True}).json()["steps"]
        assert {"noun": "route", "name": "night", "is_new": False, "settings": [], "is_removed": True} in pruned
        assert client.post(f"{V1}/config/plan", json={"text": "{}"}).json() == {"steps": []}

        held = client.get(f"{V1}/config/channel/hall").json()
        assert held["held_by"] == ["route night (channels)"]
        refused = client.delete(f"{V1}/config/channel/hall")
        assert (refused.status_code, "route night (channels)" in refused.json()["detail"]) == (422, True)
        route = f"{V1}/config/route/night"
        assert other.get(route).status_code == 200
        assert other.delete(route).status_code == 403
        assert client.delete(route, headers={"if-match": 'W/"other"'}).status_code == 412
        headers = {"if-match": client.get(route).headers["etag"], "idempotency-key": "removed once"}
        gone = client.delete(route, headers=headers)
        assert (gone.status_code, gone.json()["gone"]) == (200, [{"kind": "route", "name": "night"}])
        assert client.delete(route, headers={"idempotency-key": "removed once"}).json() == gone.json()
        assert client.delete(route).status_code == 404
        assert client.delete(f"{V1}/config/channel/hall").status_code == 200
        assert client.delete(f"{V1}/config/thing/hall").status_code == 422
