"""`watchkeeper record`: how right each metric was, by what people answered."""

from __future__ import annotations

import click

from watchkeeper.cli.home import print_rows
from watchkeeper.cli.reach import Where, where_options


@click.command()
@where_options
@click.argument("metric", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(where: Where, metric: str | None, as_json: bool) -> None:
    """Say how right each metric (or METRIC) was, by what people answered, what it costs, and what that suggests.

    Precision is the share of real ones among the alerts with a verdict, with its interval of 95 %. Misses a month are
    estimated from the replies to questions about quiet windows (`watchkeeper questions`), with theirs.

    \b
    Examples:
      watchkeeper record
      watchkeeper record orders --json
    """
    with where.ask(whole=True) as client:
        found = client.metrics() if metric is None else [client.metric(metric)]
    rows = [
        {
            "metric": one.settings.name,
            "real": track.real,
            "false_alarms": track.false_alarms,
            "precision": None if track.precision is None else round(track.precision, 3),
            "low": round(track.low, 3),
            "high": round(track.high, 3),
            "missed": track.missed,
            "asked": track.asked,
            "misses_a_month": track.misses_a_month,
            "misses_low": round(track.misses_low, 2),
            "misses_high": round(track.misses_high, 2),
            "alerts_a_month": round(track.alerts_a_month, 2),
            "budget": track.budget,
            "suggestion": track.suggestion,
        }
        for one in found
        if (track := one.track) is not None
    ]
    print_rows(rows, as_json=as_json, nothing="No metric is watched yet.")
