"""`watchkeeper serve`: the pages, and the service running on the clock."""

from __future__ import annotations

from pathlib import Path

import click

from watchkeeper.cli.home import find_home, home_option


@click.command()
@home_option
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; beyond loopback put TLS in front."
)
@click.option("--port", type=click.IntRange(1, 65535), default=8321, show_default=True)
@click.option("--allow-host", multiple=True, metavar="NAME", help="A further name people reach it by; repeatable.")
@click.option(
    "--link", default="", metavar="URL", help="Where people reach it, for links in messages; left out, HOST:PORT."
)
@click.option(
    "--flags-need-token",
    is_flag=True,
    envvar="WATCHKEEPER_FLAGS_NEED_TOKEN",
    help="Products that ask for flags (OFREP) send an API token with the scope read.",
)
@click.option(
    "--oidc",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="WATCHKEEPER_OIDC",
    help="YAML with the OpenID Connect provider that signs people in.",
)
def command(
    home: Path,
    host: str,
    port: int,
    allow_host: tuple[str, ...],
    link: str,
    flags_need_token: bool,
    oidc: Path | None,
) -> None:
    """Serve the pages and run the service until stopped. Prints a one-time sign-in link.

    \b
    Examples:
      watchkeeper serve --home /var/lib/watchkeeper --port 8321
      watchkeeper serve --allow-host watch.example.com --link https://watch.example.com
    """
    serve_home(home, host, port, allow_host, link, flags_need_token=flags_need_token, oidc=oidc)


def serve_home(
    home: Path,
    host: str,
    port: int,
    allowed_hosts: tuple[str, ...] = (),
    link: str = "",
    *,
    flags_need_token: bool = False,
    oidc: Path | None = None,
) -> None:
    """Serve the stores in `home` until interrupted."""
    from watchkeeper import server
    from watchkeeper.domain.oidc import parse_oidc
    from watchkeeper.server.oidc import Provider
    from watchkeeper.watch.schedule import Schedule
    from watchkeeper.watch.service import Watchkeeper

    address = f"http://{host}:{port}"
    provider = Provider(parse_oidc(oidc.read_text(encoding="utf-8"), str(oidc))) if oidc else None
    find_home(home, is_made=True)
    with Watchkeeper.open(home, link=link or address) as service:

        def ready() -> None:
            click.echo(
                f"Watchkeeper is at {address}; this link signs you in once:\n"
                f"  {service.sign_in.make_link(address)}\nCtrl-C stops it."
            )

        with Schedule(service):
            server.serve(
                service,
                host,
                port,
                cache_dir=home / "cache",
                on_ready=ready,
                allowed_hosts=allowed_hosts,
                flags_need_token=flags_need_token,
                provider=provider,
            )
