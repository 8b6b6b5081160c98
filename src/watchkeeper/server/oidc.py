"""Signing in by an OpenID Connect provider: authorization code flow with PKCE, state and nonce (OIDC Core 3.1)."""

from __future__ import annotations

import secrets
import threading
import time
from typing import Any

import msgspec

from watchkeeper import references
from watchkeeper.domain.errors import AccessError, ConfigError, SourceError
from watchkeeper.domain.oidc import Oidc
from watchkeeper.watch.doctor import Finding, Health

DISCOVERED_FOR_S = 600.0
LEEWAY_S = 60
CHECKED_WITHIN_S = 5.0
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
"""Signatures by a key that only the provider has: neither `none` nor a secret that is shared."""


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser carries (signed) while it is at the provider."""

    state: str
    nonce: str
    verifier: str
    redirect: str


class Provider:
    """A provider as its settings and its own discovery document describe it. Methods block and are thread safe."""

    def __init__(self, settings: Oidc) -> None:
        self.settings = settings
        self._secret = references.fill("client_secret", settings.client_secret, _lacking)
        self._known: tuple[float, dict[str, Any]] | None = None
        self._lock = threading.Lock()

    def begin(self, redirect: str) -> tuple[str, Journey]:
        """Where to send the browser, and what it carries meanwhile. Raises SourceError where the provider is away."""
        journey = Journey(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            redirect=redirect,
        )
        with self._client(redirect) as client:
            address, _ = client.create_authorization_url(
                self._about()["authorization_endpoint"],
                state=journey.state,
                nonce=journey.nonce,
                code_verifier=journey.verifier,
            )
        return str(address), journey

    def claims(self, code: str, journey: Journey) -> dict[str, Any]:
        """What the provider says of the person for whom it gave the code.

        Raises AccessError where code or ID token are not what this journey asked for, SourceError where the provider
        is away.
        """
        import httpx
        from authlib.common.errors import AuthlibBaseError
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        about = self._about()
        try:
            with self._client(journey.redirect) as client:
                given = client.fetch_token(about["token_endpoint"], code=code, code_verifier=journey.verifier)
                keys = client.request("GET", about["jwks_uri"], withhold_token=True).raise_for_status().json()
            token = jwt.decode(given["id_token"], KeySet.import_key_set(keys), algorithms=_ALGORITHMS)
            claims = CodeIDToken(
                token.claims,
                token.header,
                options={
                    "iss": {"essential": True, "value": about["issuer"]},
                    "aud": {"essential": True, "value": self.settings.client_id},
                    "exp": {"essential": True},
                    "sub": {"essential": True},
                },
                params={"nonce": journey.nonce, "client_id": self.settings.client_id},
            )
            claims.validate(leeway=LEEWAY_S)
        except (AuthlibBaseError, JoseError, KeyError, ValueError) as error:
            raise AccessError(f"the provider did not vouch for anybody ({error}); sign in again") from error
        except httpx.HTTPError as error:
            raise self._away(error) from error
        return dict(claims)

    def check(self) -> str:
        """What the provider says of itself, in words. Raises SourceError where it is away or lacks something."""
        import httpx

        about = self._about(CHECKED_WITHIN_S)
        if lacks := [name for name in _NEEDED if not about.get(name)]:
            raise SourceError(f"{self.settings.issuer}: its discovery document has no {', '.join(lacks)}")
        try:
            keys = httpx.get(about["jwks_uri"], timeout=CHECKED_WITHIN_S).raise_for_status().json()["keys"]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise self._away(error) from error
        return f"{self.settings.issuer} answers with {len(keys)} keys"

    def _client(self, redirect: str) -> Any:
        from authlib.integrations.httpx_client import OAuth2Client

        return OAuth2Client(
            self.settings.client_id,
            self._secret,
            scope=self.settings.scope,
            redirect_uri=redirect,
            code_challenge_method="S256",
            timeout=10,
        )

    def _about(self, timeout_s: float = 10) -> dict[str, Any]:
        """The discovery document, read again every ten minutes."""
        import httpx

        with self._lock:
            if self._known is None or time.monotonic() >= self._known[0]:
                address = f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration"
                try:
                    about = httpx.get(address, timeout=timeout_s).raise_for_status().json()
                except (httpx.HTTPError, ValueError) as error:
                    raise self._away(error) from error
                if about.get("issuer") != self.settings.issuer:
                    raise SourceError(f"{address}: it is the document of {about.get('issuer')!r}; mend the issuer")
                self._known = (time.monotonic() + DISCOVERED_FOR_S, about)
            return self._known[1]

    def _away(self, error: Exception) -> SourceError:
        return SourceError(f"{self.settings.issuer}: the provider does not answer ({error}); try again in a moment")


def examined(settings: Oidc) -> Finding:
    """The provider as `watchkeeper doctor` sees it."""
    try:
        words = Provider(settings).check()
    except (ConfigError, SourceError) as error:
        mend = "mend the file of --oidc, or the way to the provider: until then nobody signs in by it"
        return Finding(what="sign-in", health=Health.ILL, words=str(error), mend=mend)
    return Finding(what="sign-in", health=Health.WELL, words=words)


def account_of(settings: Oidc, claims: dict[str, Any]) -> str:
    """The name of the account that claims speak of; AccessError where they do not, or the e-mail was never verified."""
    name = claims.get(settings.user_claim)
    if not isinstance(name, str) or not name.strip():
        raise AccessError(f"the provider sent no claim {settings.user_claim!r}; ask for its scope or name another")
    if settings.user_claim == "email" and claims.get("email_verified") is False:
        raise AccessError("the provider has not verified this e-mail address")
    return name


def _lacking(words: str) -> ConfigError:
    return ConfigError(f"the settings of the provider: {words} before the server starts")
