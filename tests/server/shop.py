"""A real service that has watched the shop of `tests/watch/shop.py` for ten weeks, behind a real server on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from tests.watch import shop
from watchkeeper.domain.access import RIGHTS, Role
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.times import DAY
from watchkeeper.server.run import running
from watchkeeper.watch.service import Watchkeeper

FLAGS = """
sources:
  shop: {{url: "sqlite:///{shop}"}}
metrics:
  orders:
    source: shop
    title: Orders
    kind: count
    unit: orders
    step: 1h
    since: 2026-01-05
    dimensions: [country]
    query: select time, country, orders as value from orders where time >= :start_s and time < :end_s
flags:
  ranking:
    variants: {{model: true, basic: false}}
    default: model
    fallback: basic
    guard: {{mode: act, trips: [{{metric: orders, direction: down}}], confirm_return: true}}
  beta: {{variants: {{model: true, basic: false}}, default: basic, fallback: basic}}
"""


class Served(NamedTuple):
    """The server's address, the service behind it, and a token for each role."""

    address: str
    service: Watchkeeper
    tokens: dict[Role, str]

    def client(self, role: Role | None = Role.ADMIN) -> httpx.Client:
        """HTTP with the token of a role, or with none."""
        headers = {} if role is None else {"authorization": f"Bearer {self.tokens[role]}"}
        return httpx.Client(base_url=self.address, headers=headers, timeout=60)


@contextmanager
def served(home: Path) -> Iterator[Served]:
    """Build the shop in `home`, watch it to its end, serve it, with a person and a token for each role."""
    shop.build(home / "shop.db")
    with shop.open_service(home) as service:
        service.run_until(shop.END)
        service.apply(parse_config(FLAGS.format(shop=home / "shop.db")), "tester")
        tokens = {}
        for role in Role:
            service.access.add_user(role.value.title(), role, by="tester")
            tokens[role] = service.access.make_token(
                role.value, "tests", RIGHTS[role], lifetime_s=30 * DAY, by="tester"
            )[0]
        with running(service, home / "cache") as address:
            yield Served(address, service, tokens)
