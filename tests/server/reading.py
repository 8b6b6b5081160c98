"""Reading pages as a browser would: the hidden fields of a form, the text people see."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

import httpx

from watchkeeper.watch.service import Watchkeeper


class _Forms(HTMLParser):
    """Fields of every form, by its action."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self._open: dict[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = self.forms.setdefault(given.get("action", given.get("id", "")), {})
        elif tag == "input" and self._open is not None and given.get("type") == "hidden":
            self._open[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


def forms(page: str) -> dict[str, dict[str, str]]:
    """The hidden fields of every form of a page, by its action."""
    parser = _Forms()
    parser.feed(page)
    return parser.forms


def form(page: str, action: str) -> dict[str, str]:
    """The hidden fields of one form."""
    return forms(page)[action]


def text(page: str) -> str:
    """What a reader sees, on one line."""
    body = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " ").split())


def sign_in_as_owner(reader: httpx.Client, service: Watchkeeper) -> None:
    """Sign in to a real service by a link, as a person called Ada."""
    link = service.sign_in.make_link(str(reader.base_url))
    reader.post("/sign-in", data={**form(reader.get(link).text, "/sign-in"), "name": "Ada"})
