"""The web server: pages on which people read alerts and answer them; HTTP becomes calls on the service and back."""

from watchkeeper.server.app import create_app
from watchkeeper.server.run import serve

__all__ = ["create_app", "serve"]
