"""A report as one HTML file that stands alone: styles and plots within it, no script, nothing fetched."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from watchkeeper.assess.report import VERDICT_WORDS, Plot, Report

HERE = Path(__file__).parent


Drawn = tuple[str, dict[str, str]]
"""The title of a plot, and its SVG by colour scheme."""


def drawn_plot(plot: Plot) -> Drawn:
    """One plot in both colour schemes."""
    from watchkeeper.watch.report_plots import svg

    return plot.title, {"light": svg(plot, "light"), "dark": svg(plot, "dark")}


def drawn_plots(report: Report) -> dict[str, list[Drawn]]:
    """Every plot of a report, by the key of its part."""
    return {part.key: [drawn_plot(plot) for plot in part.drawn] for part in report.parts}


def to_html(report: Report) -> str:
    """The whole file's text."""
    templates = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    templates.globals["verdict_words"] = VERDICT_WORDS
    style = "\n".join(
        (HERE / "static" / name).read_text(encoding="utf-8")
        for name in ("tokens.css", "base.css", "pages.css", "report.css")
    )
    return templates.get_template("report_file.html").render(report=report, drawn=drawn_plots(report), style=style)
