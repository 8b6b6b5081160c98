"""Serving the pages with uvicorn."""

from __future__ import annotations

import contextlib
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn

from watchkeeper.domain.errors import InputError
from watchkeeper.server.app import create_app
from watchkeeper.server.facade import Service
from watchkeeper.server.lane import PushLane
from watchkeeper.server.oidc import Provider
from watchkeeper.server.security import LOOPBACK
from watchkeeper.watch.keys import kept_key

_KEY_FILE = "session-key"


def serve(
    service: Service,
    host: str,
    port: int,
    cache_dir: Path,
    on_ready: Callable[[], None] | None = None,
    *,
    allowed_hosts: tuple[str, ...] = (),
    flags_need_token: bool = False,
    provider: Provider | None = None,
) -> None:
    """Serve until interrupted; `on_ready` is called once requests are answered.

    The address served on and the loopback names are allowed hosts; others (a proxy's name) are given.
    """
    listener = _listen(host, port)
    name = f"[{host}]" if ":" in host else host
    hosts = (*LOOPBACK, name, *allowed_hosts)
    app = create_app(
        service,
        secret=kept_secret(cache_dir),
        cache_dir=cache_dir,
        allowed_hosts=hosts,
        flags_need_token=flags_need_token,
        provider=provider,
    )
    server = _Server(PushLane(app, service, hosts), on_ready)
    with listener, contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


def kept_secret(cache_dir: Path) -> bytes:
    """The key that signs sessions: made once, readable by its owner only, so that a restart signs nobody out."""
    return kept_key(cache_dir / _KEY_FILE)


class _Server(uvicorn.Server):
    """Says when it is ready."""

    def __init__(self, app: PushLane, on_ready: Callable[[], None] | None) -> None:
        super().__init__(
            uvicorn.Config(
                app, log_level="warning", lifespan="on", ws="none", server_header=False, timeout_graceful_shutdown=3
            )
        )
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started and self._on_ready:
            self._on_ready()


def _listen(host: str, port: int) -> socket.socket:
    """A bound socket, or an error that says which port and what to do."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, asyncio sends small answers at once; otherwise a reader waits 40 ms for the second half of each.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise InputError(
            f"cannot listen on {host}:{port} ({error.strerror}): stop what runs there, or choose another port"
        ) from None
    return listener


@contextlib.contextmanager
def running(
    service: Service,
    cache_dir: Path,
    host: str = "127.0.0.1",
    *,
    flags_need_token: bool = False,
    provider: Provider | None = None,
) -> Iterator[str]:
    """A server on a free port in a thread, for tests and notebooks; yields its address."""
    listener = _listen(host, 0)
    app = create_app(
        service,
        secret=secrets.token_bytes(32),
        cache_dir=cache_dir,
        flags_need_token=flags_need_token,
        provider=provider,
    )
    ready = threading.Event()
    server = _Server(PushLane(app, service, LOOPBACK), ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        if not ready.wait(20):
            raise InputError("the server did not start within 20 seconds: its log says why")
        yield f"http://{host}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
