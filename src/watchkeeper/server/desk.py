"""What every page handler needs, in one record on the application's state, and how a page is rendered."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response
from litestar.datastructures import Cookie
from litestar.enums import MediaType

from watchkeeper.assess.report import VERDICT_WORDS
from watchkeeper.domain.access import Scope
from watchkeeper.domain.alert import SEVERITIES, Status, severity_level
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.times import format_duration, zone_info
from watchkeeper.server import axes, interval_plot, spark, truth_plot, words
from watchkeeper.server.assets import Assets
from watchkeeper.server.facade import Service
from watchkeeper.server.oidc import Provider
from watchkeeper.server.session import Door, PageRequest, visitor

HERE = Path(__file__).parent
SCRIPTS = ("keys.js", "settings.js")
"""What every page brings along; few bytes, and kept by the browser."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What the frame around every page shows: who reads it, where, and the token for its forms.

    `zone` is the reader's own clock (UTC before it is known): what people did is told on it. Numbers of a metric stay
    on the metric's clock, which their pages name, because "a Tuesday noon" is noon where the business is.
    """

    reader: str
    form_token: str
    place: str
    styles: tuple[str, ...]
    scripts: tuple[str, ...]
    icon: str
    drawing: str
    sign_in_with: str
    is_admin: bool
    is_editor: bool
    zone: str
    is_zone_known: bool


@dataclass(frozen=True)
class Desk:
    """The service, the door, the assets and the templates."""

    service: Service
    door: Door
    assets: Assets
    templates: Environment
    provider: Provider | None = None

    def page(
        self,
        request: PageRequest,
        template: str,
        record: msgspec.Struct,
        *,
        status: int = 200,
        cookies: list[Cookie] | None = None,
        draws: bool = False,
    ) -> Response[str]:
        """The template filled with the record. `draws` brings the drawing bundle along."""
        cookies = cookies or []
        reader = visitor(request)
        if reader is None:
            binding, cookie = self.door.visit_of(request)
            cookies = [*cookies, cookie] if cookie else cookies
        else:
            binding = reader.key
        zone = _zone_of(request)
        frame = Frame(
            reader=reader.name if reader else "",
            form_token=self.door.form_token(binding),
            place=request.url.path,
            styles=tuple(self.assets.address(name) for name in ("tokens.css", "base.css", "pages.css", "report.css")),
            scripts=tuple(
                self.assets.address(name)
                for name in ("keys.js", "settings.js", *(("chart.js", "would.js") if draws else ()))
            ),
            icon=self.assets.address("icon.svg"),
            is_admin=reader is not None and reader.may(Scope.ADMIN),
            is_editor=reader is not None and reader.may(Scope.CONFIGURE),
            sign_in_with=self.provider.settings.title if self.provider else "",
            drawing=self.assets.bundle_address() if draws else "",
            zone=zone or "UTC",
            is_zone_known=bool(zone),
        )
        body = self.templates.get_template(template).render(page=record, frame=frame)
        return Response(body, media_type=MediaType.HTML, status_code=status, cookies=cookies)

    def part(self, template: str, record: msgspec.Struct) -> str:
        """A piece of a page, filled with the record."""
        return self.templates.get_template(template).render(page=record)


def _zone_of(request: PageRequest) -> str:
    """The reader's time zone, as the script told it in a cookie; empty without one, or where it makes no sense."""
    told = unquote(request.cookies.get("zone", ""))[:60]
    try:
        return zone_info(told).key if told else ""
    except InputError:
        return ""


def desk_of(request: PageRequest) -> Desk:
    """The desk of the application that serves this request."""
    found: Desk = request.app.state.desk
    return found


@cache
def make_templates() -> Environment:
    """Templates that escape everything and fail on a name that is not there."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words_of_templates: dict[str, Any] = {
        "answers": words.ANSWERS,
        "verdict_words": VERDICT_WORDS,
        "answer_label": words.LABEL,
        "change_word": words.change_word,
        "severities": SEVERITIES,
        "severity_level": severity_level,
        "number": words.number,
        "markdown": words.markdown,
        "plural": words.plural,
        "share": words.share,
        "when": words.when,
        "with_times": words.with_times,
        "window": words.window,
        "zone_word": words.zone_word,
        "is_other_clock": words.is_other_clock,
        "field_time": words.field_time,
        "interval_plot": interval_plot.draw,
        "truth_plot": truth_plot.draw,
        "plot_widths": (("wide-only", axes.WIDTH), ("phone-only", axes.NARROW)),
        "duration": format_duration,
        "spark": spark.draw,
        "spark_size": (spark.WIDTH, spark.HEIGHT),
        "Status": Status,
    }
    environment.globals.update(words_of_templates)
    return environment
