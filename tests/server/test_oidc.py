"""Signing in by an OpenID Connect provider, against one on loopback."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
from click.testing import CliRunner

from tests.server.fakes import FakeService
from tests.server.provider import CLIENT, SECRET, LocalProvider, local_provider
from watchkeeper.cli import main
from watchkeeper.domain.access import RIGHTS, Role
from watchkeeper.domain.errors import ConfigError
from watchkeeper.domain.oidc import Oidc, parse_oidc, role_of
from watchkeeper.server.oidc import Provider
from watchkeeper.server.run import running
from watchkeeper.stores.ledger import Ledger
from watchkeeper.watch.access import Access
from watchkeeper.watch.sign_in import SignIn

ADA = {"email": "ada@example.com", "email_verified": True, "groups": ["everybody", "oncall"]}


class Here:
    """A server whose people are in a real ledger, beside a provider."""

    def __init__(self, address: str, provider: LocalProvider, ledger: Ledger) -> None:
        self.address = address
        self.provider = provider
        self.access = Access(ledger, time.time)

    def browser(self) -> httpx.Client:
        return httpx.Client(base_url=self.address, follow_redirects=True)

    def names(self) -> dict[str, Role]:
        return {user.name: user.role for user in self.access.all_users()}


@pytest.fixture(scope="module")
def running_here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    home = tmp_path_factory.mktemp("oidc")
    with (
        local_provider() as provider,
        Ledger.open(f"sqlite:///{home / 'ledger.db'}") as ledger,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("OIDC_SECRET", SECRET)
        settings = parse_oidc(
            f"""
            issuer: {provider.address}
            client_id: {CLIENT}
            client_secret: ${{OIDC_SECRET}}
            title: Example Inc.
            roles: {{oncall: responder, owners: admin}}
            """,
            "oidc.yaml",
        )

        class Service(FakeService):
            sign_in = SignIn(ledger, time.time)
            access = Access(ledger, time.time)

        with running(Service(), home / "cache", provider=Provider(settings)) as address:
            yield Here(address, provider, ledger)


@pytest.fixture
def here(running_here: Here) -> Here:
    provider = running_here.provider
    provider.person, provider.lies, provider.forged_key = dict(ADA), {}, False
    return running_here


def test_a_person_comes_back_signed_in_with_the_role_of_their_claims(here: Here) -> None:
    with here.browser() as browser:
        assert "Sign in with Example Inc." in browser.get("/").text
        page = browser.get("/sign-in/oidc")
        assert page.status_code == 200
        assert "Signed in as ada@example.com" in page.text
        me = browser.get("/api/v1/me").json()
        assert set(me["scopes"]) == {scope.value for scope in RIGHTS[Role.RESPONDER]}
        assert me["is_owner"] is False
        here.provider.person["groups"] = "owners"
        browser.get("/sign-in/oidc")
        assert "admin" in browser.get("/api/v1/me").json()["scopes"]
    assert here.names()["ada@example.com"] is Role.ADMIN
    assert ("sign-in provider", "users role") in {(entry.by, entry.what) for entry in here.access.changes(9)}


@pytest.mark.parametrize(
    ("lie", "value"),
    [
        ("nonce", "another"),
        ("nonce", None),
        ("aud", "another-client"),
        ("iss", "http://127.0.0.1:1"),
        ("exp", 1_000_000),
        ("sub", None),
    ],
)
def test_a_token_that_is_not_for_this_sign_in_opens_nothing(here: Here, lie: str, value: object) -> None:
    here.provider.lies[lie] = value
    with here.browser() as browser:
        answer = browser.get("/sign-in/oidc")
        assert answer.status_code == 403
        assert "did not vouch" in answer.text
        assert browser.get("/api/v1/me").status_code == 401


def test_a_token_signed_by_another_key_opens_nothing(here: Here) -> None:
    here.provider.forged_key = True
    with here.browser() as browser:
        assert browser.get("/sign-in/oidc").status_code == 403
        assert browser.get("/api/v1/me").status_code == 401


def test_the_way_back_works_only_in_the_browser_that_left_and_once(here: Here) -> None:
    with here.browser() as victim, here.browser() as attacker:
        away = attacker.get("/sign-in/oidc", follow_redirects=False).headers["location"]
        back = httpx.get(away).headers["location"]
        assert victim.get(back).status_code == 403
        victim.get("/sign-in/oidc", follow_redirects=False)
        mixed = victim.get(back)
        assert mixed.status_code == 403
        assert "another sign-in" in mixed.text
        assert attacker.get(back).status_code == 200
        assert attacker.get(back).status_code == 403


def test_who_has_no_role_or_no_verified_address_is_refused(here: Here) -> None:
    for change in ({"groups": ["everybody"]}, {"email_verified": False}, {"email": None}):
        here.provider.person = {**ADA, "email": "eve@example.com", **change}
        with here.browser() as browser:
            assert browser.get("/sign-in/oidc").status_code == 403
            assert browser.get("/api/v1/me").status_code == 401
    assert "eve@example.com" not in here.names()


def test_without_a_provider_there_is_no_such_page(tmp_path: Path) -> None:
    with running(FakeService(), tmp_path / "cache") as address:
        assert httpx.get(f"{address}/sign-in/oidc").status_code == 404
        assert "Sign in with" not in httpx.get(address).text


def test_settings_that_cannot_be_name_the_mend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"oidc\.yaml: issuer .*use https"):
        parse_oidc("{issuer: 'http://login.example.com', client_id: a, client_secret: b}", "oidc.yaml")
    with pytest.raises(ConfigError, match="clientid"):
        parse_oidc("{issuer: 'https://login.example.com', clientid: a}", "oidc.yaml")
    monkeypatch.delenv("NO_SUCH_SECRET", raising=False)
    settings = Oidc(issuer="https://login.example.com", client_id="a", client_secret="${NO_SUCH_SECRET}")
    with pytest.raises(ConfigError, match=r"its client_secret names \$\{NO_SUCH_SECRET\}, which is not set; set it"):
        Provider(settings)
    missing = msgspec.structs.replace(settings, client_secret=f"${{file:{tmp_path}/secret}}")
    with pytest.raises(ConfigError, match="/secret}, which cannot be read; make the file before the server starts"):
        Provider(missing)
    (tmp_path / "secret").write_text("let me in\n")
    assert Provider(missing)._secret == "let me in"


def test_the_highest_role_counts() -> None:
    roles = {"a": Role.VIEWER, "b": Role.EDITOR}
    settings = Oidc(issuer="https://x.example", client_id="a", client_secret="b", roles=roles, default_role=Role.VIEWER)
    assert role_of(settings, {"groups": ["a", "b", "c", 7]}) is Role.EDITOR
    assert role_of(settings, {"groups": []}) is Role.VIEWER
    assert role_of(settings, {}) is Role.VIEWER


def test_the_doctor_asks_the_provider(here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OIDC_SECRET", SECRET)
    file = tmp_path / "oidc.yaml"

    def said(issuer: str) -> dict[str, str]:
        file.write_text(f"{{issuer: '{issuer}', client_id: {CLIENT}, client_secret: '${{OIDC_SECRET}}'}}")
        result = CliRunner().invoke(
            main, ["doctor", "--home", str(tmp_path / "none"), "--json"], env={"WATCHKEEPER_OIDC": str(file)}
        )
        (found,) = (one for one in map(json.loads, result.stdout.splitlines()) if one["what"] == "sign-in")
        return found

    assert said(here.provider.address)["health"] == "well"
    away = said("http://127.0.0.1:1")
    assert away["health"] == "ill"
    assert "the provider does not answer" in away["words"]
    assert "nobody signs in" in away["mend"]
    monkeypatch.delenv("OIDC_SECRET")
    assert "${OIDC_SECRET}, which is not set" in said(here.provider.address)["words"]
