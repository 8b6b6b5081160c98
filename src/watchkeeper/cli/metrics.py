"""`watchkeeper metrics`: what is watched, and how each metric fares."""

from __future__ import annotations

import click

from watchkeeper.cli.home import print_rows
from watchkeeper.cli.reach import Where, print_records, where_options


@click.command()
@where_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, as the API gives it.")
def command(where: Where, as_json: bool) -> None:
    """List every metric: its series, its alerts of the last 30 days of data, what people answered, its newest period.

    `withheld` is how many rows its last reading withheld, because their group was too small.

    \b
    Examples:
      watchkeeper metrics
      watchkeeper metrics --server https://watch.example.com --token "$TOKEN" --json
    """
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
            "newest": None if one.newest_point is None else f"{one.newest_point:%Y-%m-%dT%H:%MZ}",
            "withheld": one.withheld,
        }
        for one in found
    ]
    print_rows(rows, as_json=False, nothing="Nothing is watched: `watchkeeper apply` makes metrics of a file.")
