"""Who vouches for people: an OpenID Connect provider, and which of its claims gives which role."""

from __future__ import annotations

from typing import Any

import msgspec

from watchkeeper.domain.access import Role
from watchkeeper.domain.errors import ConfigError
from watchkeeper.domain.yaml_text import read_yaml

_LOOPBACK = ("http://127.0.0.1", "http://localhost", "http://[::1]")


class Oidc(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A provider. `client_secret` may name a variable of the environment, `${NAME}`, or a file, `${file:/path}`.

    It is never shown or logged.

    `user_claim` names the account: choose one that the provider keeps unique. The values of `role_claim` are looked up
    in `roles`, the highest role counts; who has none of them gets `default_role`, and is refused where that is empty.
    `address` is where people reach this server, for the way back; left out, as their browser says.
    """

    issuer: str
    client_id: str
    client_secret: str
    title: str = "your organisation"
    user_claim: str = "email"
    role_claim: str = "groups"
    roles: dict[str, Role] = {}
    default_role: Role | None = None
    scope: str = "openid profile email"
    address: str = ""

    def __post_init__(self) -> None:
        if not self.issuer.startswith(("https://", *_LOOPBACK)):
            raise ConfigError(f"issuer {self.issuer!r}: use https, or whoever listens could sign in as anybody")


def parse_oidc(text: str, place: str) -> Oidc:
    """Read a YAML file with the settings of a provider; `place` names it in errors. ConfigError."""
    raw, _ = read_yaml(text, place)
    try:
        return msgspec.convert(raw, Oidc)
    except (msgspec.ValidationError, ConfigError) as error:
        raise ConfigError(f"{place}: {error}") from None


def role_of(settings: Oidc, claims: dict[str, Any]) -> Role | None:
    """The role that a person's claims give; None: they may not sign in."""
    given = claims.get(settings.role_claim) or []
    names = [given] if isinstance(given, str) else [one for one in given if isinstance(one, str)]
    found = [settings.roles[name] for name in names if name in settings.roles]
    return max(found, key=list(Role).index) if found else settings.default_role
