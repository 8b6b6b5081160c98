"""`watchkeeper mcp`: alerts and answers for an agent, over the Model Context Protocol."""

from __future__ import annotations

import click


@click.command()
@click.option("--server", default="http://127.0.0.1:8321", show_default=True, envvar="WATCHKEEPER_SERVER")
@click.option(
    "--token", envvar="WATCHKEEPER_TOKEN", show_envvar=True, required=True, help="Whose rights the agent has."
)
def command(server: str, token: str) -> None:
    """Serve the Model Context Protocol on standard input and output, for an agent that starts this command.

    The agent lists alerts, metrics and series, sees an alert as numbers and picture and the points of a series, and
    previews feedback and gives it: what the token may, and no more. The second yes that accepts a price is a person's.
    Give it a token of its own, so that the log tells its answers from people's.

    \b
    Examples:
      watchkeeper tokens make Robot "our agent" --scope read --scope feedback
      WATCHKEEPER_TOKEN=wk_… watchkeeper mcp --server https://watch.example.com
    """
    from watchkeeper.client import Client
    from watchkeeper.client.agent import agent_server

    with Client(server, token=token) as client:
        client.me()  # a wrong address or token is told now, not to the agent later
        agent_server(client).run("stdio")
