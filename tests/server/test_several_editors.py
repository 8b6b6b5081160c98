"""Two servers on one PostgreSQL, and two editors who have seen the same: one of them wins."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import watchkeeper
from watchkeeper.domain.access import Role, Scope
from watchkeeper.domain.errors import StaleError
from watchkeeper.domain.times import DAY
from watchkeeper.server.run import running
from watchkeeper.watch.service import Watchkeeper
from watchkeeper.watch.teams import Teams


@pytest.fixture
def editors(tmp_path: Path, postgres_url: str) -> Iterator[tuple[watchkeeper.Client, watchkeeper.Client]]:
    """A client of each of two servers."""
    with ExitStack() as stack:
        clients = []
        for number in (1, 2):
            home = tmp_path / f"server {number}"
            opened = Watchkeeper.open(home, ledger_url=postgres_url, history_url=postgres_url)
            service = stack.enter_context(opened)
            service.access.add_user(f"editor {number}", Role.ADMIN, by="tester")
            token = service.access.make_token(f"editor {number}", "test", list(Scope), lifetime_s=DAY, by="tester")[0]
            address = stack.enter_context(running(service, home / "cache"))
            clients.append(stack.enter_context(watchkeeper.Client(address, token=token)))
        yield clients[0], clients[1]


def test_of_two_who_have_seen_the_same_one_wins(
    editors: tuple[watchkeeper.Client, watchkeeper.Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = editors
    first.put_team("search", members=["Ada"])
    has_compared, put = threading.Barrier(2), Teams.put

    def put_together(self: Teams, *said: Any, **more: Any) -> Any:
        has_compared.wait(30)  # both have been found to have seen what is so
        return put(self, *said, **more)

    monkeypatch.setattr(Teams, "put", put_together)

    def change(client: watchkeeper.Client, member: str) -> str:
        client.team("search")
        with client.if_match(client.etag):
            try:
                client.put_team("search", members=[member])
            except StaleError as error:
                return str(error)
        return "won"

    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(change, editors, ("Ben", "Carol")))
    assert said.count("won") == 1, said
    assert any("was changed in the moment in which this was to be done" in one for one in said), said
    assert first.team("search").members == (("Ben",) if said[0] == "won" else ("Carol",))
    assert second.team("search").members == first.team("search").members


def test_who_did_not_look_comes_between_and_the_one_who_looked_is_told(
    editors: tuple[watchkeeper.Client, watchkeeper.Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = editors
    first.put_team("search", members=["Ada"])
    put, is_first = Teams.put, [True]

    def put_after_another(self: Teams, *said: Any, **more: Any) -> Any:
        if is_first.pop() if is_first else False:
            second.put_team("search", members=["Ben"])
        return put(self, *said, **more)

    monkeypatch.setattr(Teams, "put", put_after_another)
    first.team("search")
    with first.if_match(first.etag), pytest.raises(StaleError):
        first.put_team("search", members=["Carol"])
    assert first.team("search").members == ("Ben",)
