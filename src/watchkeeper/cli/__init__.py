"""The command line: one file per verb, imported only when its verb is used, so that help is instant."""

from __future__ import annotations

import importlib
from typing import Any, Final

import click

from watchkeeper.domain.errors import WatchkeeperError

VERBS: Final[dict[str, tuple[str, str]]] = {
    "demo": ("watchkeeper.cli.demo", "Watch a year of real flights, end to end."),
    "apply": ("watchkeeper.cli.apply", "Make a configuration file what is watched."),
    "plan": ("watchkeeper.cli.plan", "Say what applying a configuration file would change."),
    "remove": ("watchkeeper.cli.remove", "Take away something that is configured."),
    "config": ("watchkeeper.cli.config", "Print what is configured, as a file."),
    "mcp": ("watchkeeper.cli.mcp", "Serve alerts and answers to an agent (Model Context Protocol)."),
    "schema": ("watchkeeper.cli.schema", "Print the JSON Schema of configuration files, for editors."),
    "run": ("watchkeeper.cli.run", "Read, judge and tell once."),
    "backfill": ("watchkeeper.cli.backfill", "Read a window of a metric again from its source."),
    "serve": ("watchkeeper.cli.serve", "Serve the pages and run the service."),
    "link": ("watchkeeper.cli.link", "Print a new one-time sign-in link."),
    "alerts": ("watchkeeper.cli.alerts", "List alerts on a terminal or for a script."),
    "channels": ("watchkeeper.cli.channels", "Say how channels fare, test them, say what was told."),
    "digest": ("watchkeeper.cli.digest", "Say a week in a few lines, or send it."),
    "feedback": ("watchkeeper.cli.feedback", "Say answers and take them back; export and import the log."),
    "push": ("watchkeeper.cli.push", "Send the points of a file to a pushed metric."),
    "sources": ("watchkeeper.cli.sources", "List where numbers come from, their tables and columns."),
    "metrics": ("watchkeeper.cli.metrics", "List what is watched; try settings and new metrics on the past."),
    "series": ("watchkeeper.cli.series", "List series, print their points, say how they fare."),
    "questions": ("watchkeeper.cli.questions", "List and answer what the watch asks about quiet windows."),
    "record": ("watchkeeper.cli.record", "Say how right each metric was, by what people answered."),
    "me": ("watchkeeper.cli.me", "Say who a server takes you for, and what you may."),
    "users": ("watchkeeper.cli.users", "Make, list and erase accounts, change roles, sign people out."),
    "teams": ("watchkeeper.cli.teams", "List and change teams, who own metrics together."),
    "tokens": ("watchkeeper.cli.tokens", "Make, list and revoke API tokens."),
    "audit": ("watchkeeper.cli.audit", "Say who changed what, newest first."),
    "flags": ("watchkeeper.cli.flags", "List feature flags, override them, answer their guards."),
    "system": ("watchkeeper.cli.system", "Say how ML features fare, and what they lack for production."),
    "backup": ("watchkeeper.cli.backup", "Back up both stores into a file, while the service runs."),
    "restore": ("watchkeeper.cli.restore", "Restore a backup into a new home."),
    "retention": ("watchkeeper.cli.retention", "Say how long things are kept, and what would go."),
    "doctor": ("watchkeeper.cli.doctor", "Check a setup and say what to do."),
    "score": ("watchkeeper.cli.score", "Score the points of a Parquet or CSV file."),
    "assess": ("watchkeeper.cli.assess", "Say whether a data file can carry a prediction, before building."),
    "compare": ("watchkeeper.cli.compare", "Set what could be rented beside our own, on the same history."),
    "assessments": (
        "watchkeeper.cli.assessments",
        "Run assessments on a server, list kept ones, decide on them.",
    ),
    "power": ("watchkeeper.cli.power", "Say which changes of a series would be seen, and how soon."),
}
"""Every verb: the module whose `command` it is, and its line in `--help`."""

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it: 128 and the number of the signal."""


class _Verbs(click.Group):
    """Commands that are imported when they are called; errors raised on purpose end with their own exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command = importlib.import_module(VERBS[cmd_name][0]).command
        assert isinstance(command, click.Command)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(verb, line) for verb, (_, line) in VERBS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except WatchkeeperError as error:
            click.echo(f"watchkeeper: {error}", err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("watchkeeper: interrupted", err=True)
            ctx.exit(INTERRUPTED)


def _print_version(ctx: click.Context, option: click.Parameter, is_wanted: bool) -> None:
    if is_wanted:
        import watchkeeper

        click.echo(f"watchkeeper {watchkeeper.__version__}")
        ctx.exit()


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Say which.")
def main() -> None:
    """Watch a company's metrics, and learn from the people who know them.

    \b
    Examples:
      watchkeeper demo
      watchkeeper score points.parquet scores.parquet
      watchkeeper score --help

    Exit codes: 0 done, 1 a server that does not answer, 2 wrong usage, 3 input that cannot be used,
    4 a configuration, 5 a source, 6 a store, 7 a channel, 8 not found, 9 a confirmed alert would be lost,
    10 `plan` found changes, 11 not allowed, 12 a conflict, 13 `system check` or `doctor` found something amiss,
    130 interrupted.
    """
