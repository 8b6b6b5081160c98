"""The pages of accounts, tokens and the audit log, on a real ledger, through a browser's forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.server.reading import form, text
from tests.server.shop import Served
from watchkeeper.domain.access import Role
from watchkeeper.domain.team import Team


@contextmanager
def browser_of(api: Served, name: str = "") -> Iterator[httpx.Client]:
    """A browser signed in by a link, as a person or as the owner."""
    link = api.service.sign_in.make_link(api.address, name)
    with httpx.Client(base_url=api.address, follow_redirects=True, timeout=60) as browser:
        browser.post("/sign-in", data=form(browser.get(link).text, "/sign-in"))
        yield browser


def ident(api: Served, name: str) -> int:
    return api.service.access.user(name).id


def test_an_account_is_made_changed_and_erased(api: Served) -> None:
    with browser_of(api) as browser:
        fields = form(browser.get("/people").text, "/people")
        token = {"form_token": fields["form_token"]}
        assert "Nina has an account" in text(browser.post("/people", data={**token, "act": "add", "name": "Nina"}).text)
        nina = {**token, "user": str(ident(api, "Nina"))}
        assert "Nina is editor now" in browser.post("/people", data={**nina, "act": "role", "role": "editor"}).text
        page = browser.post("/people", data={**nina, "act": "link"}).text
        link = re.search(r"http://[^<]*/sign-in\?token=[\w-]+", page)
        assert link is not None
        key = api.service.sign_in.redeem(link[0].rpartition("=")[2])
        assert key is not None
        assert "1 session ended" in text(browser.post("/people", data={**nina, "act": "sign_out"}).text)
        assert api.service.sign_in.caller(key) is None
        unsure = browser.post("/people", data={**nina, "act": "erase"})
        assert unsure.status_code == 422
        assert "tick the box" in text(unsure.text)
        gone = browser.post("/people", data={**nina, "act": "erase", "is_sure": "1"})
        assert "bears the name person" in text(gone.text)
        assert "Nina" not in text(browser.get("/people").text)
        log = text(browser.get("/audit").text)
        assert "users erase" in log
        assert "Nina" not in log


def test_a_token_is_shown_once_works_and_is_revoked(api: Served) -> None:
    with browser_of(api) as browser:
        token = form(browser.get("/people").text, "/people")["form_token"]
        made = {
            "form_token": token,
            "user": str(ident(api, "Viewer")),
            "act": "make_token",
            "label": "a robot",
            "scope": "read",
            "days": "7",
        }
        page = browser.post("/people", data=made).text
        found = re.search(r"wk_[\w-]+", page)
        assert found is not None, text(page)
        assert "wk_" not in browser.get("/people").text
        caller = api.service.access.caller_of(found[0])
        assert caller is not None
        assert caller.name == "Viewer"
        number = next(one.id for one, _ in api.service.access.all_tokens() if one.label == "a robot")
        browser.post("/people", data={"form_token": token, "act": "revoke_token", "token": str(number)})
        assert api.service.access.caller_of(found[0]) is None
        assert browser.post("/people", data={**made, "scope": "admin"}).status_code == 422


def test_the_audit_goes_on_to_what_came_earlier(api: Served) -> None:
    for number in range(60):
        api.service.access.add_user(f"Crowd {number}", Role.VIEWER, by="tester")
    with browser_of(api) as browser:
        page = browser.get("/audit").text
        earlier = re.search(r'href="(/audit\?before=\d+)"', page)
        assert earlier is not None
        assert page.count("<tr>") == 51
        assert "apply" in browser.get(earlier[1]).text


def test_only_admins_see_them(api: Served) -> None:
    with browser_of(api, "Editor") as browser:
        assert "/people" not in browser.get("/metrics").text
        assert browser.get("/people").status_code == 403
        assert browser.get("/audit").status_code == 403
        token = form(browser.get("/metrics").text, "/sign-out")["form_token"]
        answer = browser.post("/people", data={"form_token": token, "act": "add", "name": "Mallory"})
        assert answer.status_code == 403
    assert "Mallory" not in {user.name for user in api.service.access.all_users()}
    with browser_of(api) as owner:
        assert owner.post("/people", data={"act": "add", "name": "Mallory"}).status_code == 403
        assert "/people" in owner.get("/metrics").text


def test_teams_are_shown_with_what_they_own(api: Served) -> None:
    with browser_of(api) as browser:
        assert "No teams yet" in browser.get("/people").text
        api.service.teams.put(Team(name="checkout", title="Checkout", members=("Ada", "Ben")), "tester")
        page = browser.get("/people").text
    assert "Ada, Ben" in page
    assert "none yet" in page
