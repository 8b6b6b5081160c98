"""Asks a rented service over HTTP: part by part, with a timeout, and again where another try can help."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from watchkeeper.domain.errors import SourceError
from watchkeeper.domain.rent import Answered, Outgoing
from watchkeeper.references import look_up
from watchkeeper.sources.rented.shapes import ANSWERS, BODIES
from watchkeeper.sources.secrets import Secrets

if TYPE_CHECKING:
    import httpx

AGAIN = (408, 425, 429, 500, 502, 503, 504)
"""Answers after which the same call may succeed a little later (RFC 9110, RFC 6585)."""
LONGEST_WAIT_S = 30.0

Report = Callable[[int, int], None]


def ask(
    out: Outgoing,
    *,
    report: Report = lambda done, total: None,
    resolve_secret: Callable[[str], str | None] = look_up,
    client: httpx.Client | None = None,
    clock: Callable[[], float] = time.perf_counter,
    sleep: Callable[[float], None] = time.sleep,
) -> Answered:
    """Send every part and read what comes back. It stops at the first part that fails for good: `error` says why.

    A timeout, a lost connection or one of `AGAIN` is tried `retries` times more, after what the answer's Retry-After
    says, else after 0.5, 1, 2 … seconds. Secrets are looked up here and blotted out of what is said. Nothing raises but
    a secret that is not set: then nothing was sent.
    """
    import httpx

    rent, secrets = out.rent, Secrets(resolve_secret)
    try:
        url = secrets.fill("url", rent.url)
        headers = {key: secrets.fill(f"header {key}", value) for key, value in rent.headers.items()}
    except SourceError as error:
        raise SourceError(f"rent {rent.name}: {error}") from None
    width = len(out.classes)
    answered = Answered(told=np.full((out.rows, width) if width > 2 else out.rows, np.nan))
    parts = out.parts()
    # A redirect would take the key to another host; a proxy of the environment is how a house lets its programs out.
    with client or httpx.Client(timeout=rent.timeout_s, follow_redirects=False) as opened:
        for done, (series, first, end) in enumerate(parts):
            report(done, len(parts))
            body = msgspec.json.encode(BODIES[rent.shape](out, series, first, end))
            try:
                said = _call(opened, url, headers, body, answered, rent.retries, clock, sleep, secrets, rent.timeout)
                answered.told[first:end] = ANSWERS[rent.shape](out, first, end, said)
            except SourceError as error:
                answered.error = f"call {done + 1} of {len(parts)}: {secrets.blot_out(error)}"
                break
            answered.rows_a_call.append(end - first)
        report(len(parts), len(parts))
    return answered


def _call(
    client: httpx.Client,
    url: str,
    headers: dict[str, str],
    body: bytes,
    answered: Answered,
    retries: int,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    secrets: Secrets,
    timeout: str,
) -> Any:
    """The answer of one call as JSON; its latency is that of the try that was answered."""
    import httpx

    why = ""
    for one in range(retries + 1):
        wait = min(0.5 * 2**one, LONGEST_WAIT_S)
        begun = clock()
        answered.bytes_sent += len(body)
        try:
            answer = client.post(url, content=body, headers={"Content-Type": "application/json", **headers})
        except httpx.TimeoutException:
            why = f"no answer within {timeout}; raise timeout, or send fewer rows_a_call"
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why = f"cannot be reached: {secrets.blot_out(error)}; see whether url is right"
        else:
            taken = 1000.0 * (clock() - begun)
            if answer.is_success:
                answered.latency_ms.append(taken)
                return _json(answer)
            why = _refusal(answer, secrets)
            if answer.status_code not in AGAIN:
                break
            wait = _retry_after(answer, wait)
        if one < retries:
            answered.retries += 1
            sleep(wait)
    raise SourceError(why)


def _json(answer: httpx.Response) -> Any:
    try:
        return msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise SourceError(f"answered {answer.status_code} with something that is no JSON; is url right?") from None


def _retry_after(answer: httpx.Response, else_s: float) -> float:
    said = answer.headers.get("Retry-After", "")
    return min(float(said), LONGEST_WAIT_S) if said.isdigit() else else_s


def _refusal(answer: httpx.Response, secrets: Secrets) -> str:
    mend = {401: "mend the key in headers", 403: "mend the key in headers", 404: "mend url", 429: "send fewer calls"}
    said = secrets.blot_out(answer.text)[:300]
    after = f"; {mend[answer.status_code]}" if answer.status_code in mend else ""
    return f"answered {answer.status_code}: {said or answer.reason_phrase}{after}"
