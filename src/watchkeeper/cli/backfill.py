"""`watchkeeper backfill`: a window of a metric, read again from its source and judged anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from watchkeeper.cli.progress import progress
from watchkeeper.cli.reach import Where, print_records, where_options
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.times import parse_instant

if TYPE_CHECKING:
    from watchkeeper.client.records import BackfillRecord

AT_ONCE = timedelta(days=92)
"""So long a window is asked for at a time: it shows how far it is, and each part stays where a later one fails."""


@click.command()
@where_options
@click.argument("metric")
@click.option("--start", required=True, help="From when on: 2026-11-20, 2026-11-20T09:00.")
@click.option("--end", default="", help="Before when; left out, up to now.")
@click.option("--zone", default="", help="The clock of --start and --end; left out, the metric's.")
@click.option("--dry-run", is_flag=True, help="Read the source and say what is new or different; keep nothing.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object, as the API gives it.")
def command(where: Where, metric: str, start: str, end: str, zone: str, dry_run: bool, as_json: bool) -> None:
    """Read a window of METRIC again from its source, fill what is missing there, and judge it anew.

    What was known before stays in the history beside what is known now. Alerts of the past that the points raise are
    kept, and nobody is told of those that are over. Doing it again changes nothing.

    \b
    Examples:
      watchkeeper backfill orders --start 2026-11-01 --end 2026-11-08 --dry-run
      watchkeeper backfill orders --start 2025-11-01 --json
      watchkeeper backfill orders --start 2026-11-01 --server https://watch.example.com --token "$TOKEN"
    """
    found: list[BackfillRecord] = []
    with where.ask(whole=True) as reached, progress() as report:
        clock = zone or reached.metric(metric).settings.timezone
        first = datetime.fromtimestamp(parse_instant(start, clock), UTC)
        last = datetime.fromtimestamp(parse_instant(end, clock), UTC) if end else datetime.now(UTC)
        if first >= last:
            raise InputError("the window ends before it starts: swap --start and --end")
        windows = list(_windows(first, last))
        for number, (left, right) in enumerate(windows):
            report(metric, number, len(windows))
            found.append(reached.backfill(metric, start=left, end=right, dry_run=dry_run))
        report(metric, len(windows), len(windows))
    whole = _together(found)
    if whole.start >= whole.end:
        raise InputError(f"metric {metric}: no whole period that is over lies in the window; begin earlier")
    if as_json:
        print_records([whole])
        return
    would, opened = ("would be", "") if dry_run else ("are", f"; {whole.opened:,} alerts opened")
    withheld = f", {whole.withheld:,} rows withheld" if whole.withheld else ""
    click.echo(
        f"{metric}, {whole.start:%Y-%m-%dT%H:%MZ} to {whole.end:%Y-%m-%dT%H:%MZ}: {whole.changed:,} points {would} new"
        f" or different{withheld}{opened}."
    )


def _windows(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    while start < end:
        yield start, min(start + AT_ONCE, end)
        start += AT_ONCE


def _together(parts: list[BackfillRecord]) -> BackfillRecord:
    import msgspec

    return msgspec.structs.replace(
        parts[0],
        end=max(one.end for one in parts),
        changed=sum(one.changed for one in parts),
        withheld=sum(one.withheld for one in parts),
        opened=sum(one.opened for one in parts),
        is_judged=all(one.is_judged for one in parts if one.start < one.end),
    )
