"""The API over real HTTP, on a real service that has watched the shop."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.server.reading import form
from tests.server.shop import Served
from watchkeeper.domain.access import Role
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.config_export import dump_config
from watchkeeper.domain.errors import InputError
from watchkeeper.server.api.common import page_of, to_cursor
from watchkeeper.server.api.spec import operations, specification

V1 = "/api/v1"


def pages(client: httpx.Client, path: str, **params: Any) -> list[list[dict[str, Any]]]:
    found, cursor = [], ""
    while True:
        answer = client.get(V1 + path, params={**params, "cursor": cursor}).json()
        found.append(answer["items"])
        if answer["next"] is None:
            return found
        cursor = answer["next"]


def record_of(operation: dict[str, Any]) -> dict[str, Any]:
    """What an operation answers with, as a schema; one without properties where it is none of our records."""
    content = next((one for status, one in operation["responses"].items() if status.startswith("2")), {})
    schema = content.get("content", {}).get("application/json", {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    return specification()["components"]["schemas"].get(name) or {"properties": {}}


def test_without_a_token_every_route_answers_a_problem(api: Served) -> None:
    with api.client(None) as client:
        for path in ("/alerts", "/alerts/1/chart.png", "/config", "/users", "/me"):
            answer = client.get(V1 + path)
            assert answer.status_code == 401
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json()["code"] == "signed_out"


@pytest.mark.parametrize(
    ("method", "path", "body", "least"),
    [
        ("GET", "/alerts", None, Role.VIEWER),
        ("POST", "/feedback/preview", {"answer": "real", "alert": 1}, Role.RESPONDER),
        ("POST", "/config/plan", {"text": "metrics: {}"}, Role.EDITOR),
        ("GET", "/users", None, Role.ADMIN),
        ("GET", "/audit", None, Role.ADMIN),
    ],
)
def test_each_role_may_what_it_is_for(api: Served, method: str, path: str, body: Any, least: Role) -> None:
    roles = list(Role)
    for role in roles:
        with api.client(role) as client:
            answer = client.request(method, V1 + path, json=body)
        allowed = roles.index(role) >= roles.index(least)
        assert answer.status_code == (200 if allowed else 403), answer.text
        if not allowed:
            assert answer.json()["code"] == "forbidden"


def test_errors_have_one_shape_and_name_the_mend(api: Served) -> None:
    wrong = [
        ("GET", "/alerts/999", None, 404, "not_found"),
        ("GET", "/nothing/at/all", None, 404, "not_found"),
        ("GET", "/alerts?limit=0", None, 400, "bad_request"),
        ("GET", "/alerts?cursor=nonsense", None, 422, "input"),
        ("GET", "/alerts?start=yesterday", None, 422, "input"),
        ("GET", f"/series/{2**40}/points", None, 400, "bad_request"),
        ("PUT", "/alerts", None, 405, "method_not_allowed"),
        ("POST", "/feedback", {"answer": "no such"}, 400, "bad_request"),
        ("POST", "/feedback", {"answer": "missed", "series": [1]}, 422, "input"),
        ("POST", "/config/apply", {"text": "metrics: [", "place": "shop.yaml"}, 422, "config"),
    ]
    with api.client() as client:
        for method, path, body, status, code in wrong:
            answer = client.request(method, V1 + path, json=body)
            problem = answer.json()
            assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code), path
            assert set(problem) == {"status", "code", "title", "detail", "mend"}
            assert all(problem.values()), problem
    assert "shop.yaml" in problem["detail"]


@pytest.mark.parametrize("path", ["/feedback", "/flags/beta/evaluate", "/config/plan", "/feedback/import"])
@pytest.mark.parametrize("depth", [200, 20_000])
def test_a_body_that_nests_without_end_is_refused(api: Served, path: str, depth: int) -> None:
    with api.client() as client:
        answer = client.post(V1 + path, content=b'{"context": ' + b"[" * depth + b"]" * depth + b"}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert "100 levels" in answer.json()["detail"]


def test_a_text_that_not_every_ledger_can_keep_is_refused(api: Served) -> None:
    mute = {"start": "2026-01-01T00:00Z", "end": "2026-01-02T00:00Z", "note": "nightly\0"}
    asked = [
        ("POST", "/mutes", mute),
        ("PUT", "/teams/shop", {"title": "Shop", "members": ["Ada\0"]}),
        ("POST", "/feedback", {"answer": "real", "alert": 1, "note": "\0"}),
    ]
    with api.client() as client:
        for method, path, body in asked:
            answer = client.request(method, V1 + path, json=body)
            assert (answer.status_code, answer.json()["code"]) == (422, "input"), (path, answer.text)
            assert "a NUL" in answer.json()["detail"], path


def test_brackets_in_texts_nest_nothing(api: Served) -> None:
    with api.client() as client:
        answer = client.post(f"{V1}/flags/beta/evaluate", json={"context": {"note": "[" * 5_000}})
    assert answer.status_code == 200, answer.text


def test_a_line_of_feedback_that_nests_without_end_names_its_line(api: Served) -> None:
    line = '{"kind": "real", "given_at": "2026-01-01", "x": ' + "[" * 20_000 + "]" * 20_000 + "}"
    with api.client() as client:
        answer = client.post(f"{V1}/feedback/import", json={"lines": [line], "place": "answers.jsonl"})
    assert (answer.status_code, answer.json()["code"]) == (422, "input"), answer.text
    assert "answers.jsonl: line 1" in answer.json()["detail"]


def test_alerts_come_page_by_page_each_once_the_newest_first(api: Served) -> None:
    with api.client(Role.VIEWER) as client:
        (whole,) = pages(client, "/alerts")
        split = pages(client, "/alerts", limit=2)
        assert len(whole) >= 3
        assert [len(page) for page in split[:-1]] == [2] * (len(split) - 1)
        assert [one for page in split for one in page] == whole
        starts = [one["start"] for one in whole]
        assert starts == sorted(starts, reverse=True)
        assert whole[0]["sentence"].startswith("Orders (")
        late = pages(client, "/alerts", start="2026-03-11", metric="orders")[0]
        assert late == [one for one in whole if one["end"] > "2026-03-11"]
        assert client.get(f"{V1}/alerts", params={"metric": "nothing"}).status_code == 404


def test_alerts_are_narrowed_as_in_the_inbox(api: Served) -> None:
    with api.client() as client:
        (whole,) = pages(client, "/alerts")
        newest = whole[0]
        client.post(f"{V1}/deeds", json={"deed": "assign", "alerts": [newest["id"]], "owner": "Ada"})
        client.put(f"{V1}/teams/narrowed", json={"members": ["Ada"]})
        given = {**newest, "owner": "Ada"}
        asked = (
            ({"owner": "Ada"}, [given]),
            ({"owner": "narrowed"}, [given]),
            ({"owner": "Ben"}, []),
            ({"tag": "no such"}, []),
            ({"text": f"#{newest['id']}"}, [given]),
            ({"text": newest["title"].upper()}, None),
            ({"severity": 5}, [one for one in (given, *whole[1:]) if one["level"] >= 5]),
            ({"severity": 1}, [given, *whole[1:]]),
        )
        for narrowed, expected in asked:
            for order in ("newest", "severity"):
                (found,) = pages(client, "/alerts", order=order, **narrowed)
                key = [one["id"] for one in found]
                if expected is None:
                    assert newest["id"] in key
                else:
                    assert sorted(key) == sorted(one["id"] for one in expected), (narrowed, order)
        assert pages(client, "/alerts", owner="Ada") == [[given]]
        client.post(f"{V1}/deeds", json={"deed": "assign", "alerts": [newest["id"]], "owner": ""})
        client.delete(f"{V1}/teams/narrowed")
        assert client.get(f"{V1}/alerts", params={"severity": 6}).status_code == 400


def test_one_alert_is_given_with_all_that_is_known(api: Served) -> None:
    with api.client(Role.VIEWER) as client:
        newest = client.get(f"{V1}/alerts?limit=1").json()["items"][0]
        found = client.get(f"{V1}/alerts/{newest['id']}").json()
        assert found["alert"] == newest
        assert {one["dimensions"]["country"] for one in found["members"]} == {"DE", "US"}
        assert found["history"][0]["change"] == "opened"
        assert client.get(f"{V1}/alerts/{newest['id']}/explanation").status_code == 200
        picture = client.get(f"{V1}/alerts/{newest['id']}/chart.png")
        assert picture.headers["content-type"] == "image/png"
        assert picture.content.startswith(b"\x89PNG")


def test_points_have_what_grafana_draws(api: Served) -> None:
    with api.client(Role.VIEWER) as client:
        assert [one["dimensions"] for one in client.get(f"{V1}/metrics/orders/series").json()["items"]] == [
            {"country": "DE"},
            {"country": "US"},
        ]
        path, window = "/series/1/points", {"start": "2026-03-11T08:00:00Z", "end": "2026-03-11T20:00:00Z"}
        (whole,) = pages(client, path, **window)
        assert len(whole) == 12
        assert [one for page in pages(client, path, limit=5, **window) for one in page] == whole
        dropped = next(one for one in whole if one["time"] == "2026-03-11T10:00:00Z")
        assert dropped["is_alert"]
        assert dropped["value"] < dropped["lower"] < dropped["expected"] < dropped["upper"]
        assert dropped["score"] > 0
        first = client.get(V1 + path, params={"limit": 1}).json()["items"][0]
        assert (first["score"], first["is_learning"]) == (None, True)
        seconds = 1773216000  # 2026-03-11T08:00:00Z
        for start in (str(seconds), str(seconds * 1000)):
            assert client.get(V1 + path, params={"start": start, "limit": 1}).json()["items"] == whole[:1]


def test_who_has_it_already_is_told_so(api: Served) -> None:
    with api.client(Role.VIEWER) as client:
        first = client.get(f"{V1}/metrics")
        again = client.get(f"{V1}/metrics", headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        other = client.get(f"{V1}/metrics", headers={"if-none-match": 'W/"other"'})
        assert other.content == first.content


def test_the_etag_is_of_the_content_however_that_is_packed(api: Served) -> None:
    with api.client() as client:
        plain, packed = (client.get(f"{V1}/metrics", headers={"accept-encoding": one}) for one in ("identity", "gzip"))
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.headers["etag"] == plain.headers["etag"]
    assert packed.json() == plain.json()


def test_a_long_answer_is_kept_for_whoever_asks_again_and_packs_otherwise(api: Served) -> None:
    with api.client() as client:
        body = {"lines": [{"kind": "nonsense" * 300, "given_at": "2026-01-01"}]}
        first = client.post(f"{V1}/feedback/import", json=body, headers={"idempotency-key": "long"})
        assert (first.status_code, first.headers["content-encoding"]) == (422, "gzip")
        for packing in ("gzip", "identity"):
            headers = {"idempotency-key": "long", "accept-encoding": packing}
            again = client.post(f"{V1}/feedback/import", json=body, headers=headers)
            assert (again.headers["idempotent-replayed"], again.json()) == ("true", first.json())


def test_an_answer_is_previewed_said_and_taken_back(api: Served) -> None:
    with api.client(Role.RESPONDER) as client:
        alert = client.get(f"{V1}/alerts?limit=1").json()["items"][0]["id"]
        said = {"answer": "false_alarm", "alert": alert, "note": "a test"}
        before = client.get(f"{V1}/feedback").json()
        preview = client.post(f"{V1}/feedback/preview", json=said).json()
        assert preview["feedback"]["id"] == 0
        assert client.get(f"{V1}/feedback").json() == before
        receipt = client.post(f"{V1}/feedback", json=said)
        assert receipt.status_code == 201
        kept = receipt.json()["feedback"]
        assert (kept["by"], kept["note"], kept["answer"]) == ("Responder", "a test", "false_alarm")
        assert client.get(f"{V1}/alerts/{alert}").json()["alert"]["answer"] == "false_alarm"
        assert client.get(f"{V1}/feedback/{kept['id']}").json() == receipt.json()
        undone = client.post(f"{V1}/feedback/{kept['id']}/undo").json()
        assert undone["feedback"]["undoes"] == kept["id"]
        log = client.get(f"{V1}/feedback").json()["items"]
        assert [(one["id"], one["is_in_force"]) for one in log[:2]] == [
            (undone["feedback"]["id"], True),
            (kept["id"], False),
        ]
        exported = client.get(f"{V1}/feedback/export").json()
    with api.client(Role.ADMIN) as admin:
        done = admin.post(f"{V1}/feedback/import", json=exported).json()
    assert (done["added"], done["present"]) == (0, len(exported["lines"]))


def test_a_confirmed_alert_is_not_lost_without_force(api: Served) -> None:
    with api.client(Role.RESPONDER) as client:
        alert = client.get(f"{V1}/alerts?limit=1").json()["items"][0]
        said = client.post(f"{V1}/feedback", json={"answer": "real", "alert": alert["id"]}).json()
        event = {
            "answer": "bad_data",
            "series": [1, 2],
            "start": alert["start"],
            "end": alert["end"],
        }
        refused = client.post(f"{V1}/feedback", json=event)
        assert (refused.status_code, refused.json()["code"]) == (409, "guard")
        assert f"#{alert['id']}" in refused.json()["detail"]
        client.post(f"{V1}/feedback/{said['feedback']['id']}/undo")


def test_a_write_with_a_key_is_done_once(api: Served) -> None:
    with api.client() as client:
        key = {"idempotency-key": "make-grace"}
        first = client.post(f"{V1}/users", json={"name": "Grace"}, headers=key)
        again = client.post(f"{V1}/users", json={"name": "Grace"}, headers=key)
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.content == first.content
        assert "idempotent-replayed" not in first.headers
        assert again.headers["idempotent-replayed"] == "true"
        other = client.post(f"{V1}/users", json={"name": "Alan"}, headers=key)
        assert (other.status_code, other.json()["code"]) == (409, "conflict")
        names = [one["name"] for one in client.get(f"{V1}/users").json()["items"]]
        assert names.count("Grace") == 1
        assert "Alan" not in names
        assert client.post(f"{V1}/users", json={"name": "Grace"}).status_code == 422
        assert client.post(f"{V1}/users", json={"name": "G"}, headers={"idempotency-key": "k" * 201}).status_code == 422


def test_what_only_reads_keeps_no_answer_under_a_key(api: Served) -> None:
    asked = [
        ("/flags/beta/evaluate", {"context": {}}, {"context": {"targetingKey": "u1"}}),
        ("/config/plan", {"text": "metrics: {}"}, {"text": "{}"}),
        ("/feedback/preview", {"answer": "real", "alert": 1}, {"answer": "false_alarm", "alert": 1}),
    ]
    with api.client() as client:
        for path, one, other in asked:
            for body in (one, other):
                answer = client.post(V1 + path, json=body, headers={"idempotency-key": "looks"})
                assert answer.status_code == 200, answer.text
                assert "idempotent-replayed" not in answer.headers


def test_a_flag_that_is_not_there_is_not_found(api: Served) -> None:
    with api.client() as client:
        answer = client.post(f"{V1}/flags/nope/evaluate", json={"context": {}})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("key", ["team", 7])
def test_the_next_page_of_a_list_that_was_emptied_meanwhile_is_empty(key: str | int) -> None:
    _, cursor = page_of([key, key], lambda one: one, 1, "")
    assert cursor is not None
    assert page_of([], lambda one: one, 1, cursor) == ([], None)
    for wrong in ("nonsense", to_cursor(1, 2)):
        with pytest.raises(InputError, match="cursor"):
            page_of([], lambda one: one, 1, wrong)


def test_a_secret_is_not_kept_for_a_second_asking(api: Served) -> None:
    body, key = {"user": "Viewer", "label": "secret", "scopes": ["read"]}, {"idempotency-key": "token"}
    with api.client() as client:
        made = client.post(f"{V1}/tokens", json=body, headers=key)
        again = client.post(f"{V1}/tokens", json=body, headers=key)
        assert (made.status_code, again.status_code) == (201, 409)
        labels = [one["label"] for one in client.get(f"{V1}/tokens").json()["items"]]
    assert labels.count("secret") == 1


def test_refusals_are_replayed_too_and_keys_are_each_callers_own(api: Served) -> None:
    key = {"idempotency-key": "same"}
    with api.client(Role.RESPONDER) as one, api.client(Role.ADMIN) as other:
        body = {"answer": "real", "alert": 999}
        assert one.post(f"{V1}/feedback", json=body, headers=key).status_code == 404
        assert one.post(f"{V1}/feedback", json=body, headers=key).headers["idempotent-replayed"] == "true"
        assert "idempotent-replayed" not in other.post(f"{V1}/feedback", json=body, headers=key).headers


def test_a_configuration_is_exported_planned_and_applied(api: Served) -> None:
    with api.client(Role.EDITOR) as client:
        text = client.get(f"{V1}/config").json()["text"]
        assert parse_config(text) == api.service.standing()
        assert client.post(f"{V1}/config/plan", json={"text": text}).json() == {"steps": []}
        changed = text.replace("title: Orders", "title: Orders of all shops")
        plan = client.post(f"{V1}/config/plan", json={"text": changed}).json()
        assert plan["steps"] == [
            {
                "noun": "metric",
                "name": "orders",
                "is_new": False,
                "settings": [{"name": "title", "before": "Orders", "after": "Orders of all shops"}],
                "is_removed": False,
            }
        ]
        assert client.get(f"{V1}/metrics/orders").json()["settings"]["title"] == "Orders"
        assert client.post(f"{V1}/config/apply", json={"text": changed}).json() == plan
        assert client.get(f"{V1}/metrics/orders").json()["settings"]["title"] == "Orders of all shops"
        client.post(f"{V1}/config/apply", json={"text": text})
        assert client.post(f"{V1}/config/apply", json={"text": "metrics: {a: {}}"}).status_code == 422


def test_no_secret_is_exported() -> None:
    text = dump_config(
        parse_config(
            "sources: {db: {url: 'postgresql://reader:hunter2@db/shop'}, lake: {url: '${LAKE}'}}\n"
            "channels: {my-chat: {url: 'slack://tokenA/tokenB/tokenC'}, log: {url: 'textfile://told.txt'}}\n"
        )
    )
    assert "hunter2" not in text
    assert "tokenA" not in text
    for kept in ("${DB_URL}", "${MY_CHAT_URL}", "${LAKE}", "textfile://told.txt"):
        assert kept in text


@pytest.mark.parametrize(
    ("noun", "url", "is_kept"),
    [
        ("sources", "postgresql://reader:${PW}@db/shop", True),
        ("sources", "postgresql://${USER}:hunter2@db/shop", False),
        ("sources", "postgresql://${USER}:hunter2${MORE}@db/shop", False),
        ("sources", "postgresql://${USER}:hunter2/@db/shop", False),
        ("sources", "snowflake://${USER}:${PW}@shop?private_key=hunter2", False),
        ("sources", "snowflake://${USER}:${PW}@shop?private_key=${file:/run/key}&role=reader", True),
        ("sources", "http://prometheus:9090", True),
        ("channels", "slack://${A}/${B}/${file:/run/c}", True),
        ("channels", "slack://hunter2/${B}/${C}", False),
        ("channels", "mailto://${USER}:hunter2@smtp.example.com", False),
        ("channels", "mailto://${USER}:${PW}@smtp.example.com:587", True),
        ("channels", "json://example.com/?+token=hunter2&x=${A}", False),
    ],
)
def test_a_url_that_mixes_references_with_a_written_secret_is_not_exported(noun: str, url: str, is_kept: bool) -> None:
    kind = "kind: prometheus, " if url.startswith("http") else ""
    text = dump_config(parse_config(f"{noun}: {{one: {{{kind}url: '{url}'}}}}"))
    assert "hunter2" not in text
    assert (url in text) is is_kept
    assert ("${ONE_URL}" in text) is not is_kept


def test_sources_and_channels_are_listed_without_their_addresses(api: Served) -> None:
    with api.client(Role.VIEWER) as client:
        assert client.get(f"{V1}/sources").json() == {"items": [{"name": "shop", "kind": "sql"}], "next": None}
        (channel,) = client.get(f"{V1}/channels").json()["items"]
        assert (channel["name"], channel["kind"], channel["is_failing"]) == ("team", "textfile", False)
        assert "told.txt" not in str(channel)


def test_flags_are_overridden_tripped_and_answered(api: Served) -> None:
    with api.client(Role.RESPONDER) as responder, api.client(Role.EDITOR) as editor:
        override = {"variant": "model", "lasting": "2h", "note": "a launch"}
        assert responder.post(f"{V1}/flags/beta/override", json=override).status_code == 403
        found = editor.post(f"{V1}/flags/beta/override", json=override).json()
        assert (found["serving"], found["override"]["by"]) == ("model", "Editor")
        assert editor.delete(f"{V1}/flags/beta/override").json()["serving"] == "basic"
        assert responder.post(f"{V1}/flags/ranking/trip", json={"note": "slow"}).json()["standing"] == "tripped"
        assert responder.post(f"{V1}/flags/ranking/answer", json={"is_yes": True}).status_code == 422
        page = responder.get(f"{V1}/flags/ranking").json()
        assert (page["flag"]["serving"], page["changes"][0]["by"]) == ("basic", "Responder")
        assert responder.get(f"{V1}/flags/none").status_code == 404


def test_people_and_tokens_are_managed_by_admins(api: Served) -> None:
    with api.client() as admin:
        made = admin.post(f"{V1}/users", json={"name": "Joan", "role": "editor"}).json()
        path = f"{V1}/users/{made['id']}"
        link = admin.post(f"{path}/link").json()["address"]
        assert link.startswith(f"{api.address}/sign-in?token=")
        token = admin.post(f"{V1}/tokens", json={"user": "Joan", "label": "robot", "scopes": ["read"]}).json()
        robot = httpx.Client(base_url=api.address, headers={"authorization": f"Bearer {token['secret']}"})
        assert robot.get(f"{V1}/me").json() == {"name": "Joan", "scopes": ["read"], "is_owner": False}
        key = api.service.sign_in.redeem(link.rpartition("=")[2])
        assert key is not None
        assert admin.post(f"{path}/sign-out").json() == {"sessions": 1}
        assert api.service.sign_in.caller(key) is None
        assert admin.patch(path, json={"role": "viewer"}).json()["role"] == "viewer"
        beyond = {"user": "Joan", "label": "robot", "scopes": ["admin"]}
        assert admin.post(f"{V1}/tokens", json=beyond).status_code == 422
        assert admin.delete(f"{V1}/tokens/{token['token']['id']}").json()["revoked_at"] is not None
        assert robot.get(f"{V1}/me").status_code == 401
        robot.close()
        assert admin.delete(path).json()["name"] == f"person {made['id']}"
        assert admin.delete(path).status_code == 404
        entries = [one for page in pages(admin, "/audit", limit=3) for one in page]
        assert [one["id"] for one in entries] == sorted((one["id"] for one in entries), reverse=True)
        assert {"users add", "tokens make", "tokens revoke", "users erase"} <= {one["what"] for one in entries}


LISTS = {
    path: operation
    for path, method, operation in operations(specification())
    if method == "get" and "items" in record_of(operation)["properties"]
}


@pytest.mark.parametrize("path", LISTS)
def test_every_list_has_pages(api: Served, path: str) -> None:
    record, asked = record_of(LISTS[path])["properties"], {one["name"] for one in LISTS[path]["parameters"]}
    assert ("next" in record, asked & {"limit", "cursor"}) == (True, {"limit", "cursor"})
    name = "shop" if path.startswith(f"{V1}/sources") else "orders"
    place = path.removeprefix(V1).format(alert_id=1, name=name, series_id=1)
    with api.client() as admin:
        admin.put(f"{V1}/teams/first", json={})
        admin.put(f"{V1}/teams/second", json={})
        needed = {"points": {"start": "2026-03-11"}, "columns": {"table": "orders"}}
        window = needed.get(place.rpartition("/")[2], {})
        whole = [one for page in pages(admin, place, **window) for one in page]
        single = pages(admin, place, limit=1, **window)
        assert [one for page in single for one in page] == whole
        assert all(len(page) <= 1 for page in single)
        admin.delete(f"{V1}/teams/first")
        admin.delete(f"{V1}/teams/second")
        wrong = admin.get(V1 + place, params={**window, "cursor": "bm9uZQ"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "input")


def test_metrics_are_listed_by_name_page_by_page(api: Served) -> None:
    more = """
metrics:
  apples: {source: shop, step: 1d, kind: count, query: "select 0 as time, 1 as value where :start_s < :end_s"}
  pears: {source: shop, step: 1d, kind: count, query: "select 0 as time, 1 as value where :start_s < :end_s"}
"""
    api.service.apply(parse_config(dump_config(api.service.standing()).partition("metrics:")[0] + more), "tester")
    with api.client(Role.VIEWER) as client:
        found = pages(client, "/metrics", limit=2)
        assert [[one["settings"]["name"] for one in page] for page in found] == [["apples", "orders"], ["pears"]]
        assert client.get(f"{V1}/metrics").json()["next"] is None, "few are given at once, as ever"
        assert client.get(f"{V1}/metrics/pears").json() == found[1][0]
        assert client.get(f"{V1}/metrics/plums").status_code == 404


def test_the_most_severe_alerts_come_first_where_they_are_asked_for(api: Served) -> None:
    with api.client(Role.VIEWER) as client:
        found = [one for page in pages(client, "/alerts", order="severity", limit=2) for one in page]
        assert [one["severity"] for one in found] == sorted((one["severity"] for one in found), reverse=True)
        newest = [one for page in pages(client, "/alerts") for one in page]
        assert sorted(one["id"] for one in found) == sorted(one["id"] for one in newest)
        assert client.get(f"{V1}/alerts", params={"order": "severity", "limit": 1}).json()["total"] == len(newest)


def test_the_docs_page_shows_every_route_and_fetches_nothing_elsewhere(api: Served) -> None:
    with api.client(None) as client:
        spec = client.get(f"{V1}/openapi.json").json()
        page = client.get(f"{V1}/docs").text
    for path in spec["paths"]:
        assert path.replace("{", "&#123;") in page or path in page
    assert "//cdn" not in page
    assert 'src="http' not in page
    assert spec["components"]["schemas"]["Problem"]["required"] == ["status", "code", "title", "detail", "mend"]


def test_a_browser_signed_in_may_read_and_needs_the_form_token_to_write(api: Served) -> None:
    token = api.service.sign_in.make_link(api.address).rpartition("=")[2]
    with api.client(None) as browser:
        page = browser.get("/sign-in", params={"token": token}).text
        fields = {**form(page, "/sign-in"), "name": "Owner"}
        home = browser.post("/sign-in", data=fields, follow_redirects=True).text
        assert browser.get(f"{V1}/me").json()["is_owner"] is True
        assert browser.post(f"{V1}/users", json={"name": "Forged"}).json()["code"] == "forged_form"
        own = form(home, "/sign-out")["form_token"]
        made = browser.post(f"{V1}/users", json={"name": "Genuine"}, headers={"x-form-token": own})
        assert made.status_code == 201


def test_teams_are_made_changed_and_taken_away(api: Served) -> None:
    with api.client(Role.VIEWER) as viewer, api.client(Role.EDITOR) as editor:
        wanted = {"title": "Checkout", "members": ["Ada", "ben@example.com"]}
        assert viewer.put(f"{V1}/teams/checkout", json=wanted).status_code == 403
        made = editor.put(f"{V1}/teams/checkout", json=wanted).json()
        assert made == {"name": "checkout", **wanted, "metrics": [], "systems": [], "flags": []}
        assert made in viewer.get(f"{V1}/teams").json()["items"]
        assert editor.put(f"{V1}/teams/Check out", json=wanted).status_code == 422
        assert editor.delete(f"{V1}/teams/checkout").json() == made
        assert viewer.get(f"{V1}/teams/checkout").status_code == 404


def test_retention_is_seen_by_all_and_applied_by_admins(api: Served) -> None:
    with api.client(Role.VIEWER) as viewer, api.client() as admin:
        found = viewer.get(f"{V1}/retention").json()
        assert found["kept"] == {"points": "5y", "alerts": "5y", "audit": "7y"}
        assert (found["points"], found["is_removed"]) == (0, False)
        assert viewer.post(f"{V1}/retention/apply").status_code == 403
        assert admin.post(f"{V1}/retention/apply").json()["is_removed"] is True
