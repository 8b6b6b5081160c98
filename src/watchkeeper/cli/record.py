"""`watchkeeper record`: how right each metric was, by what people answered."""

from __future__ import annotations

from pathlib import Path

import click

from watchkeeper.cli.home import home_option, print_rows


@click.command()
@home_option
@click.argument("metric", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(home: Path, metric: str | None, as_json: bool) -> None:
    """Say how right each metric (or METRIC) was, by what people answered, what it costs, and what that suggests.

    Precision is the share of real ones among the alerts with a verdict, with its interval of 95 %. Misses a month are
    estimated from the replies to questions about quiet windows (`watchkeeper questions`), with theirs.

    \b
    Examples:
      watchkeeper record
      watchkeeper record orders --json
    """
    from watchkeeper.watch.service import Watchkeeper

    with Watchkeeper.open(home) as service:
        lines = service.metrics() if metric is None else (service.metric_page(metric).line,)
    rows = [
        {
            "metric": line.metric.name,
            "real": line.record.real,
            "false_alarms": line.record.false_alarms,
            "precision": None if line.record.precision is None else round(line.record.precision, 3),
            "low": round(line.record.low, 3),
            "high": round(line.record.high, 3),
            "missed": line.record.missed,
            "asked": line.record.asked,
            "misses_a_month": line.record.misses_a_month,
            "misses_low": round(line.record.misses_low, 2),
            "misses_high": round(line.record.misses_high, 2),
            "alerts_a_month": round(line.record.alerts_a_month, 2),
            "budget": line.record.budget,
            "suggestion": line.record.suggestion,
        }
        for line in lines
        if line.record is not None
    ]
    print_rows(rows, as_json=as_json, nothing="No metric is watched yet.")
