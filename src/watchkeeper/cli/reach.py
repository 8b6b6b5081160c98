"""How a verb reaches a Watchkeeper: a running server by its address, or the stores of a home.

Both are asked by the same client, the stores through the routes of the API in this process, so that a verb cannot tell
them apart and says the same of both.
"""

from __future__ import annotations

import functools
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from watchkeeper.cli.home import find_home, home_option, who
from watchkeeper.domain.errors import StoreError

if TYPE_CHECKING:
    from watchkeeper.client import Client


class Where(NamedTuple):
    """Whom a verb asks: the server, where one is named, or else the stores of `home`."""

    home: Path
    server: str
    token: str

    @contextmanager
    def ask(
        self, *, whole: bool | None = False, by: str = "", is_made: bool = False, is_new: bool = False
    ) -> Iterator[Client]:
        """A client of it.

        The stores are asked beside a running server, by what their ledger alone answers; with `whole` the history is
        needed too, which a running server has to itself where it is a file (None: it is used if it is free). `by` signs
        what is done (else the person who sits here does); a server knows who asks by the token.

        InputError where there is no home; but it `is_made` there, and that is said, or with `is_new` it is asked as if
        an empty one were there.
        """
        if self.server:
            if by:
                raise click.UsageError("--by is for the stores: a server knows by the token who does it")
            with client_of(self.server, self.token) as client:
                yield client
            return
        from watchkeeper.client import Client
        from watchkeeper.server.inside import Stores

        with (
            self._home(is_made, is_new) as home,
            _stores(home, whole) as service,
            Client("http://stores", token="", transport=Stores(service, by or who())) as client,
        ):
            yield client

    @contextmanager
    def _home(self, is_made: bool, is_new: bool) -> Iterator[Path]:
        from watchkeeper.stores import places

        if is_new and not places.exist(self.home):
            with tempfile.TemporaryDirectory() as empty:
                yield Path(empty)
            return
        find_home(self.home, is_made=is_made)
        yield self.home


@contextmanager
def _stores(home: Path, whole: bool | None) -> Iterator[object]:
    if whole or whole is None:
        from watchkeeper.watch.service import Watchkeeper

        try:
            service = Watchkeeper.open(home)
        except StoreError:
            if whole:
                raise
        else:
            with service:
                yield service
            return
    from watchkeeper.watch.beside import Beside

    with Beside.open(home, time.time) as beside:
        yield beside


def where_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--home`, `--server` and `--token`, which the verb gets together as `where`."""

    @functools.wraps(command)
    def called(*words: Any, home: Path, server: str, token: str, **said: Any) -> Any:
        return command(*words, where=Where(home, server, token), **said)

    return home_option(server_options(called))


def server_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--server URL` and `--token`, or WATCHKEEPER_SERVER and WATCHKEEPER_TOKEN."""
    command = click.option(
        "--token", envvar="WATCHKEEPER_TOKEN", show_envvar=True, default="", help="Whose rights the verb has there."
    )(command)
    return click.option(
        "--server",
        envvar="WATCHKEEPER_SERVER",
        show_envvar=True,
        default="",
        metavar="URL",
        help="Ask a running server instead of the stores.",
    )(command)


@contextmanager
def client_of(server: str, token: str) -> Iterator[Client]:
    """A client of the server that is named."""
    if not token:
        raise click.UsageError("--server needs a token: --token or WATCHKEEPER_TOKEN; `watchkeeper tokens make`")
    from watchkeeper.client import Client

    with Client(server, token=token) as client:
        yield client


def clock_of_series(client: Client, series: int) -> str:
    """The zone of the metric of a series, by its number."""
    return client.metric(client.one_series(series).metric).settings.timezone


def print_records(records: Sequence[Any] | Iterator[Any]) -> None:
    """Records as the API gives them, one JSON object a line, as they come."""
    import msgspec

    for record in records:
        click.echo(msgspec.json.encode(record).decode())
