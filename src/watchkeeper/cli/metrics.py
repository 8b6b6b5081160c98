"""`watchkeeper metrics`: what is watched, and how each metric fares."""

from __future__ import annotations

from pathlib import Path

import click

from watchkeeper.cli.home import home_option, print_rows
from watchkeeper.cli.reach import print_records, reach, server_options


@click.command()
@home_option
@server_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, as the API gives it.")
def command(home: Path, server: str, token: str, as_json: bool) -> None:
    """List every metric: its series, its alerts of the last 30 days of data, what people answered, its newest period.

    `withheld` is how many rows its last reading withheld, because their group was too small.

    \b
    Examples:
      watchkeeper metrics
      watchkeeper metrics --server https://watch.example.com --token "$TOKEN" --json
    """
    with reach(home, server, token) as reached:
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
            "newest": None if one.newest_point is None else f"{one.newest_point:%Y-%m-%dT%H:%MZ}",
            "withheld": one.withheld,
        }
        for one in found
    ]
    print_rows(rows, as_json=False, nothing="Nothing is watched: `watchkeeper apply` makes metrics of a file.")
