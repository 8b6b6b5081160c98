"""`watchkeeper metrics`: what is watched and how each metric fares; settings and new metrics tried on the past."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from watchkeeper.cli.home import print_rows, told
from watchkeeper.cli.reach import Where, print_records, where_options
from watchkeeper.domain.errors import InputError

if TYPE_CHECKING:
    from watchkeeper.client.records import TriedAlertRecord


settings_argument = click.argument("settings", nargs=-1, required=True, metavar="SETTING=VALUE…")
as_json_option = click.option("--json", "as_json", is_flag=True, help="A JSON object, as the API gives it.")


@click.group(invoke_without_command=True)
@where_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, as the API gives it.")
@click.pass_context
def command(context: click.Context, where: Where, as_json: bool) -> None:
    """List every metric: its series, its alerts of the last 30 days of data, what people answered, its newest period.

    `withheld` is how many rows its last reading withheld, because their group was too small.

    \b
    Examples:
      watchkeeper metrics
      watchkeeper metrics --server https://watch.example.com --token "$TOKEN" --json
      watchkeeper metrics try orders false_alerts_per_month=2 direction=down
      watchkeeper metrics set orders false_alerts_per_month=2
      watchkeeper metrics draft sales source=shop table=orders time_column=at measure='sum(amount)' step=1h kind=sum
    """
    if context.invoked_subcommand is not None:
        return
    with where.ask(whole=True) as reached:
        found = reached.metrics()
    if as_json:
        print_records(found)
        return
    rows = [
        {
            "metric": one.settings.name,
            "series": one.series_count,
            "alerts": one.alerts_30_days,
            "real": one.real,
            "false alarms": one.false_alarms,
            "judged up to": None if one.newest_point is None else f"{one.newest_point:%Y-%m-%dT%H:%MZ}",
            "withheld": one.withheld,
        }
        for one in found
    ]
    print_rows(rows, as_json=False, nothing="Nothing is watched: `watchkeeper apply` makes metrics of a file.")


@command.command()
@where_options
@click.argument("name")
@as_json_option
def show(where: Where, name: str, as_json: bool) -> None:
    """Print the settings of the metric NAME that are not as usual, and how it fares."""
    import msgspec

    with where.ask(whole=True) as reached:
        found = reached.metric(name)
    if as_json:
        print_records([found])
        return
    usual = {field.name: field.default for field in msgspec.structs.fields(found.settings)}
    for key, value in msgspec.to_builtins(found.settings).items():
        if value not in (usual[key], "", [], None):
            click.echo(f"{key}: {value}")
    newest = told(found.newest_point) or "none"
    count = found.alerts_30_days
    alerts = "1 alert" if count == 1 else f"{count:,} alerts"
    click.echo(f"{found.series_count:,} series, judged up to {newest}, {alerts} in 30 days")


@command.command("try")
@where_options
@click.argument("name")
@settings_argument
@as_json_option
def try_(where: Where, name: str, settings: tuple[str, ...], as_json: bool) -> None:
    """Say what the metric NAME would have told in the newest 60 days of data with other settings; nothing is kept.

    Settings are written as in a configuration file, such as false_alerts_per_month=2 or smallest_change_share=0.05.

    \b
    Examples:
      watchkeeper metrics try orders false_alerts_per_month=2
      watchkeeper metrics try orders direction=down smallest_change_share=0.05 --json
    """
    with where.ask(whole=True) as reached:
        found = reached.try_settings(name, settings_of(settings))
    if as_json:
        print_records([found])
        return
    click.echo(found.sentence)
    for word, alerts in (("new", found.new), ("gone", found.gone)):
        for line in _lines(alerts):
            click.echo(f"{word}: {line}")


@command.command("set")
@where_options
@click.argument("name")
@settings_argument
@click.option("--force", is_flag=True, help="Accept that alerts that people confirmed would not be told any more.")
@as_json_option
def set_(where: Where, name: str, settings: tuple[str, ...], force: bool, as_json: bool) -> None:
    """Set the metric NAME so from now on; `try` says before what that would have told.

    A configuration file that names the setting sets it again when it is applied.

    \b
    Examples:
      watchkeeper metrics set orders false_alerts_per_month=2
    """
    with where.ask(whole=True) as reached:
        found = reached.keep_settings(name, settings_of(settings), force=force)
    if as_json:
        print_records([found])
        return
    click.echo(f"{name}: {', '.join(settings)}")


@command.command()
@where_options
@click.argument("name")
@settings_argument
@click.option("--power", is_flag=True, help="Say too which changes of it would be seen; it takes seconds.")
@as_json_option
def draft(where: Where, name: str, settings: tuple[str, ...], power: bool, as_json: bool) -> None:
    """Read the past of a metric that does not exist yet and say what it would have told; nothing is kept.

    `sources tables` and `sources columns` say what it can be made of, `new` makes it.

    \b
    Examples:
      watchkeeper metrics draft sales source=shop table=orders time_column=at measure='sum(amount)' step=1h kind=sum
      watchkeeper metrics draft sales source=shop table=orders time_column=at step=1h dimensions='[country]'
    """
    with where.ask(whole=True) as reached:
        found = reached.try_metric({**settings_of(settings), "name": name}, power=power)
    if as_json:
        print_records([found])
        return
    click.echo(found.sentence)
    if found.withheld:
        click.echo(f"{found.withheld:,} rows withheld: their group is smaller than min_group_size.")
    for line in (*_lines(found.told), *found.power):
        click.echo(line)


@command.command()
@where_options
@click.argument("name")
@settings_argument
@as_json_option
def new(where: Where, name: str, settings: tuple[str, ...], as_json: bool) -> None:
    """Switch a new metric on, with the settings that `draft` tried; the next run reads its past.

    \b
    Examples:
      watchkeeper metrics new sales source=shop table=orders time_column=at measure='sum(amount)' step=1h kind=sum
    """
    with where.ask(whole=True) as reached:
        found = reached.make_metric({**settings_of(settings), "name": name})
    if as_json:
        print_records([found])
        return
    click.echo(f"{found.settings.name} is on: the next run reads its past.")


def settings_of(words: tuple[str, ...]) -> dict[str, Any]:
    """Settings from `name=value`; a list is written as in YAML, `[country, plan]`. InputError."""
    import yaml

    found: dict[str, Any] = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or not name.strip():
            raise InputError(f"{word!r} is no setting; write it as false_alerts_per_month=2")
        try:
            found[name.strip()] = yaml.safe_load(value) if value[:1] in ("[", "{") else value
        except yaml.YAMLError:
            raise InputError(f"{word!r}: this list is not closed; write it as dimensions='[country, plan]'") from None
    return found


def _lines(alerts: list[TriedAlertRecord]) -> list[str]:
    return [f"{told(one.start)} to {told(one.end)} {one.sentence}" for one in alerts]
