"""A report as Markdown and as JSON."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from watchkeeper.assess.report import VERDICT_WORDS, Part, Report, Table


def to_json(report: Report) -> str:
    """The whole record, plots' data included."""
    return msgspec.json.format(msgspec.json.encode(report, enc_hook=_plain), indent=2).decode()


def _plain(value: Any) -> Any:
    """NumPy's numbers as Python's."""
    if isinstance(value, np.generic):
        return value.item()
    raise NotImplementedError(f"{type(value).__name__} in a report")


def from_json(text: str | bytes) -> Report:
    """The record that `to_json` wrote."""
    return msgspec.json.decode(text, type=Report)


def to_markdown(report: Report) -> str:
    """The report without its plots."""
    lines = [f"# {report.name}", "", f"**{VERDICT_WORDS[report.verdict].capitalize()}.** {report.summary}", ""]
    lines += (
        [f"{report.rows_total:,} rows ({report.row}); to be predicted: {report.target}.", ""]
        if report.rows_total
        else []
    )
    for note in report.notes:
        lines += [note, ""]
    for place, part in enumerate(report.parts, 1):
        lines += _part(place, part)
    return "\n".join(lines).rstrip() + "\n"


def _part(place: int, part: Part) -> list[str]:
    lines = [f"## {place}. {part.title}", "", f"**{VERDICT_WORDS[part.verdict].capitalize()}.** {part.headline}", ""]
    if part.reasons:
        lines += [*(f"- {_escaped(reason)}" for reason in part.reasons), ""]
    for table in part.tables:
        lines += _table(table)
    if part.uncertainty:
        lines += [f"*{part.uncertainty}*", ""]
    return lines


def _table(table: Table) -> list[str]:
    rows = ["| " + " | ".join(map(_escaped, row)) + " |" for row in table.rows]
    return [
        f"**{table.title}**",
        "",
        f"| {' | '.join(table.columns)} |",
        "|" + " --- |" * len(table.columns),
        *rows,
        "",
    ]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
