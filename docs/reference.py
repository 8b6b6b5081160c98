"""The reference pages of the site, made from the code while it is built, so that they cannot fall behind it.

A page that holds `<!-- generated: NAME -->` gets the text of `PARTS[NAME]` there. MkDocs calls `on_page_markdown`.
Links out of the documents, to code and to the README, become plain text on the site: it holds the documents only.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

_MARK = re.compile(r"<!-- generated: ([a-z-]+) -->")
_LINK = re.compile(r"\[([^\]]+)\]\(([^)#:]+)(#[^)]*)?\)")
_DOCS = Path(__file__).parent


def command_line() -> str:
    """Every verb with its help, as the terminal shows it."""
    from watchkeeper.cli import VERBS, main

    parts = []
    context = click.Context(main, info_name="watchkeeper", max_content_width=100)
    for verb in VERBS:
        command = main.get_command(context, verb)
        assert command is not None
        parts.append(_help(command, f"watchkeeper {verb}", context, 2))
    return "\n".join(parts)


def _help(command: click.Command, name: str, parent: click.Context, level: int) -> str:
    own = click.Context(command, info_name=name, max_content_width=100)
    text = f"{'#' * level} {name}\n\n```text\n{command.get_help(own)}\n```\n"
    if isinstance(command, click.Group):
        for each in command.list_commands(own):
            found = command.get_command(own, each)
            assert found is not None
            text += "\n" + _help(found, f"{name} {each}", own, level + 1)
    return text


def errors() -> str:
    """The tree of errors, with what each means and the command's exit code."""
    from watchkeeper.domain import errors as module

    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    rows = [f"| `{kind.__name__}` | {_first(kind)} | {getattr(kind, 'exit_code', '')} |" for kind in kinds]
    return "\n".join(["| error | meaning | exit code |", "| --- | --- | --- |", *rows, ""])


def python() -> str:
    """What `import watchkeeper` offers, with its docstrings."""
    package: Any = importlib.import_module("watchkeeper")
    parts = []
    for name in package.__all__:
        thing = getattr(package, name)
        if isinstance(thing, str):
            parts.append(f"## `{name}`\n\n`{thing}`\n")
            continue
        shape = f"{name}{inspect.signature(thing)}" if callable(thing) and not isinstance(thing, type) else name
        parts.append(f"## `{name}`\n\n```python\n{shape}\n```\n\n{inspect.getdoc(thing)}\n")
        if isinstance(thing, type):
            for method, function in inspect.getmembers(thing, inspect.isfunction):
                if not method.startswith("_") and function.__module__.startswith("watchkeeper"):
                    shape = f"{method}{inspect.signature(function)}"
                    parts.append(f"### `{name}.{method}`\n\n```python\n{shape}\n```\n\n{inspect.getdoc(function)}\n")
    return "\n".join(parts)


PARTS: dict[str, Callable[[], str]] = {"command-line": command_line, "errors": errors, "python": python}


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Fill in what is generated, and unlink what is not on the site."""

    def kept(link: re.Match[str]) -> str:
        target = (_DOCS / page.file.src_uri).parent / link[2]
        inside = target.resolve().is_relative_to(_DOCS) and target.suffix in (".md", ".png", ".svg")
        return link[0] if inside else link[1]

    return _MARK.sub(lambda mark: PARTS[mark[1]](), _LINK.sub(kept, markdown))


def _first(kind: type) -> str:
    return " ".join((inspect.getdoc(kind) or "").split("\n\n")[0].split())
