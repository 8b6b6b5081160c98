"""What the verbs that make reports share: reading the record and its rows, asking what is rented, writing it all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from watchkeeper.cli.home import open_ledger
from watchkeeper.cli.progress import Report as Progress

if TYPE_CHECKING:
    import pyarrow as pa

    from watchkeeper.assess.record import Assessment
    from watchkeeper.assess.report import Report
    from watchkeeper.domain.rent import Answered, Outgoing

SUFFIXES = (".html", ".md", ".json")


def out_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--out FILE`, as often as wanted."""
    return click.option(
        "--out",
        "outs",
        type=click.Path(dir_okay=False, path_type=Path),
        multiple=True,
        metavar="FILE",
        help="Write the report too: .html (one file, plots within), .md or .json. May be given more than once.",
    )(command)


def check_outs(outs: tuple[Path, ...]) -> None:
    """Before any work: files are named as what they are. InputError."""
    from watchkeeper.domain.errors import InputError

    for out in outs:
        if out.suffix.lower() not in SUFFIXES:
            raise InputError(f"{out}: reports end in {', '.join(SUFFIXES)}; name it so")


def read_record(source: Path) -> tuple[Assessment, str]:
    """The record of an assessment and its text; InputError, ConfigError."""
    from watchkeeper.assess.record import parse_assessment
    from watchkeeper.domain.errors import InputError

    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{source}: cannot be read: {error}") from None
    return parse_assessment(text, str(source)), text


def read_data(record: Assessment, source: Path, home: Path, told: Progress) -> pa.Table:
    """The rows of a record, from its file (relative to it) or its query."""
    from watchkeeper.assess.data import read_rows

    told("reading", 0, 1)
    if record.data:
        rows = read_rows(source.parent / record.data, record.max_rows)
    else:
        from watchkeeper.watch.assessments import ask_rows

        with open_ledger(home) as ledger:
            rows = ask_rows(ledger, record)
    told("reading", 1, 1)
    return rows


def asker(told: Progress) -> Callable[[Outgoing], Answered]:
    """Sends to rented services, with a line of progress for each."""
    from watchkeeper.watch.renting import ask

    return lambda out: ask(out, report=lambda done, total: told(f"asking {out.rent.name}", done, total))


def finish(report: Report, outs: tuple[Path, ...], *, as_json: bool) -> None:
    """Write the report's files, and print it."""
    from watchkeeper.assess.markdown import to_json

    for out in outs:
        _write(out, report)
    if as_json:
        click.echo(to_json(report))
        return
    _print(report)
    for out in outs:
        click.echo(f"Written into {out}")


def _write(path: Path, report: Report) -> None:
    from watchkeeper.assess.markdown import to_json, to_markdown
    from watchkeeper.domain.errors import InputError
    from watchkeeper.server.report_file import to_html

    text = {".html": to_html, ".md": to_markdown, ".json": to_json}[path.suffix.lower()](report)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None


def _print(report: Report) -> None:
    from watchkeeper.assess.report import VERDICT_WORDS

    click.echo(f"{report.name}: {VERDICT_WORDS[report.verdict]}. {report.summary}")
    for note in report.notes:
        click.echo(f"  {note}")
    for part in report.parts:
        click.echo(f"\n{part.title}: {VERDICT_WORDS[part.verdict]}. {part.headline}")
        for reason in part.reasons:
            click.echo(f"  - {reason}")
