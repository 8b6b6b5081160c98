"""A rented service: where it is asked, in which shape, what it costs, and what was sent to it and came back."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import msgspec
import numpy as np
from numpy.typing import NDArray

from watchkeeper.domain.errors import ConfigError
from watchkeeper.domain.metric import IS_REFERENCE
from watchkeeper.domain.times import parse_duration

Floats = NDArray[np.float64]

ROWS_A_CALL = {"series": 8640, "instances": 100}
"""How many rows one call carries where the record does not say: what such services take at most, or usually."""
_SECRET = re.compile(r"auth|key|token|secret|password|credential|signature", re.IGNORECASE)


class Price(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`amount` for every `per` calls (or rows sent), and `a_month` whatever is sent; as its price list says."""

    amount: float = 0.0
    per: int = 1000
    of: Literal["calls", "rows"] = "calls"
    a_month: float = 0.0
    currency: str = "EUR"


class Exit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What leaving takes: in words, and in days of work."""

    words: str = ""
    days: float | None = None


class Rent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One service that could be rented instead of building.

    `shape` is how it is asked: `series` takes all points of a series at once and says which are anomalies, `instances`
    takes rows of named columns and gives classes with scores, or a number. `headers` and `url` name secrets as
    `${NAME}` of the environment, never write them. `columns` are those that are sent (default: those learned from,
    without protected ones and those that look personal). `positive` is the class in its answers that means yes.
    `settings` go into each request as they stand. `live_rows_a_call` is how many rows one call would carry in
    operation.
    """

    name: str
    shape: Literal["series", "instances"]
    url: str
    headers: dict[str, str] = {}
    settings: dict[str, Any] = {}
    columns: tuple[str, ...] = ()
    positive: str = ""
    rows_a_call: int | None = None
    live_rows_a_call: int | None = None
    timeout: str = "30s"
    retries: int = 2
    price: Price = Price()
    feedback: bool | None = None
    exit: Exit = Exit()

    @property
    def most_rows(self) -> int:
        """How many rows one call of a trial carries at most."""
        return self.rows_a_call or ROWS_A_CALL[self.shape]

    @property
    def timeout_s(self) -> int:
        """How long one call may take, in seconds."""
        return parse_duration(self.timeout)

    def check(self, place: str) -> None:
        """ConfigError that names the key and the mend; a secret that was written out is not repeated."""
        where = f"{place}: rent {self.name}"
        if not re.match(r"https?://[^/\s]", self.url):
            raise ConfigError(f"{where}: url: give the address that is asked, as https://…")
        written = [key for key, value in self.headers.items() if _SECRET.search(key) and not IS_REFERENCE.search(value)]
        query = parse_qsl(urlsplit(self.url).query, keep_blank_values=True)
        written += [f"url: {key}" for key, value in query if _SECRET.search(key) and not IS_REFERENCE.search(value)]
        written += [f"settings: {key}" for key in self.settings if _SECRET.search(key)]
        if urlsplit(self.url).password and not IS_REFERENCE.search(self.url):
            written.append("url")
        if written:
            raise ConfigError(
                f"{where}: {written[0]}: name the secret, as ${{NAME}} of the environment or ${{file:/path}}, in a "
                "header or the url; it is not written into a record"
            )
        if self.most_rows < 1 or (self.live_rows_a_call or 1) < 1 or self.price.per < 1:
            raise ConfigError(f"{where}: rows_a_call, live_rows_a_call and price.per are at least 1")
        if min(self.price.amount, self.price.a_month, self.exit.days or 0.0) < 0 or not 0 <= self.retries <= 10:
            raise ConfigError(f"{where}: prices and days are not below 0, retries are 0 to 10")
        if not 0 < self.timeout_s <= 600:
            raise ConfigError(f"{where}: timeout: {self.timeout} is not between 1s and 10m")


@dataclass(frozen=True)
class Outgoing:
    """What leaves the house for one trial: the rows to be sent, column by column.

    Shape `series`: columns `time` (seconds since 1970 UTC) and `value`, with `cuts` int64[S+1] where each series begins
    and `step` int64[S] seconds. Shape `instances`: columns of plain values, one cut.
    """

    rent: Rent
    columns: dict[str, list[Any]]
    cuts: NDArray[np.int64]
    step: NDArray[np.int64]
    classes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows."""
        return int(self.cuts[-1])

    def parts(self) -> list[tuple[int, int, int]]:
        """(series, first row, row after the last) of each call."""
        found = []
        for series, (first, end) in enumerate(zip(self.cuts[:-1].tolist(), self.cuts[1:].tolist(), strict=True)):
            # Parts alike in size: a short rest would be told apart from a few rows alone.
            calls = -(-(end - first) // self.rent.most_rows)
            edges = np.linspace(first, end, calls + 1).round().astype(int).tolist() if calls else []
            found += [(series, left, right) for left, right in pairwise(edges)]
        return found


@dataclass
class Answered:
    """What came back. `told` float64[rows] (or float64[rows, classes]), NaN where there was no answer; `latency_ms` of
    each call that was answered; `error` in words where it stopped answering.
    """

    told: Floats
    latency_ms: list[float] = field(default_factory=list)
    rows_a_call: list[int] = field(default_factory=list)
    bytes_sent: int = 0
    retries: int = 0
    error: str = ""
