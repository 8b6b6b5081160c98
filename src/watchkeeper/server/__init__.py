"""The web server: pages on which people read alerts and answer them; HTTP becomes calls on the service and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from watchkeeper.server.app import create_app
    from watchkeeper.server.run import serve

__all__ = ["create_app", "serve"]


def __getattr__(name: str) -> Any:
    """Both when they are asked for: a verb that asks the API in its own process needs no pages."""
    if name == "create_app":
        from watchkeeper.server.app import create_app

        return create_app
    if name == "serve":
        from watchkeeper.server.run import serve

        return serve
    raise AttributeError(name)
