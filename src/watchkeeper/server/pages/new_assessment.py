"""An idea with data: choose a source and a table, see its columns, say what to predict; it runs with progress."""

from __future__ import annotations

import re
from copy import copy
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from watchkeeper.assess.record import METRICS
from watchkeeper.domain.access import Scope
from watchkeeper.domain.errors import ConfigError, ConflictError, InputError, NotFoundError, SourceError
from watchkeeper.domain.metric import Source
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.numbers import finite
from watchkeeper.server.pages.answers import Form
from watchkeeper.server.session import NAMELESS, PageRequest, visitor
from watchkeeper.watch.assessment_views import Job
from watchkeeper.watch.trials import Held

ROLES = ("protected", "known_after", "ignore")
NUMBERS = ("level", "above", "per_month", "false_positive", "false_negative")


class IdeaForm(msgspec.Struct, frozen=True, kw_only=True):
    """What the form says; each column of the table may have one of `ROLES`."""

    source: str = ""
    table: str = ""
    name: str = ""
    row: str = ""
    target: str = ""
    above: str = ""
    positive: str = ""
    time: str = ""
    entity: str = ""
    today: str = ""
    replaces: str = ""
    metric: str = ""
    level: str = ""
    per_month: str = ""
    false_positive: str = ""
    false_negative: str = ""
    owner: str = ""
    purpose: str = ""
    lawful_basis: str = ""
    retention: str = ""
    roles: dict[str, str] = {}


class NewIdeaPage(msgspec.Struct, frozen=True, kw_only=True):
    """The page's record: what can be chosen, what was, or what stands in the way."""

    said: IdeaForm
    sources: tuple[Source, ...]
    tables: tuple[str, ...] = ()
    columns: tuple[Held, ...] = ()
    metrics: tuple[str, ...] = METRICS
    trouble: str = ""


class JobPage(msgspec.Struct, frozen=True, kw_only=True):
    """How far an assessment is."""

    job: Job


def record_of(said: IdeaForm) -> dict[str, Any]:
    """The record that the form means, as its YAML would say it; InputError names the field."""
    if not (said.table and said.target and said.row.strip()):
        raise InputError("choose a table and the column to predict, and say what one row is")
    record: dict[str, Any] = {"source": said.source}
    # The name is quoted, and whoever may configure may write queries anyway.
    record["query"] = f"SELECT * FROM {_quoted(said.table)}"  # noqa: S608
    for key in ("name", "row", "target", "time", "entity", "today", "replaces", "metric", "positive"):
        if value := getattr(said, key).strip():
            record[key] = value
    for key in ("owner", "purpose", "lawful_basis", "retention"):
        if value := getattr(said, key).strip():
            record[key] = value
    for role in ROLES:
        if named := [column for column, one in said.roles.items() if one == role]:
            record[role] = named
    numbers = {key: finite(getattr(said, key), key.replace("_", " ")) for key in NUMBERS if getattr(said, key).strip()}
    costs = {key: numbers.pop(key) for key in ("false_positive", "false_negative") if key in numbers}
    return record | numbers | ({"costs": costs} if costs else {})


def _quoted(table: str) -> str:
    """The table's name; each part quoted as SQL has it, where it is no plain name."""
    if re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", table):
        return table
    return ".".join('"' + part.replace('"', '""') + '"' for part in table.split("."))


def _said(given: dict[str, str]) -> IdeaForm:
    known = {key: value for key, value in given.items() if key in IdeaForm.__struct_fields__ and key != "roles"}
    roles = {key.removeprefix("role."): value for key, value in given.items() if key.startswith("role.") and value}
    return IdeaForm(**known, roles=roles)


def _page(request: PageRequest, said: IdeaForm, trouble: str = "") -> NewIdeaPage:
    drafting = desk_of(request).service.drafting
    page = NewIdeaPage(said=said, sources=drafting.sources(), trouble=trouble)
    try:
        if said.source:
            page = msgspec.structs.replace(page, tables=drafting.tables(said.source))
        if said.source and said.table:
            page = msgspec.structs.replace(page, columns=drafting.columns(said.source, said.table))
    except (SourceError, NotFoundError) as error:
        page = msgspec.structs.replace(page, trouble=trouble or str(error))
    return page


@get("/new-assessment", sync_to_thread=True, opt=needs(Scope.CONFIGURE))
def show_new_assessment(request: PageRequest) -> Response[str]:
    """The form as far as it is filled in."""
    said = _said(dict(request.query_params.items()))
    return desk_of(request).page(request, "new_assessment.html", _page(request, said))


@post("/new-assessment", sync_to_thread=True, opt=needs(Scope.CONFIGURE))
def start_assessment(request: PageRequest, data: Form) -> Response[str] | Redirect:
    """Begin it; the page that follows says how far it is."""
    desk = desk_of(request)
    said = _said(data)
    reader = visitor(request)
    try:
        job = desk.service.assessments.jobs.start(record_of(said), reader.name if reader else NAMELESS)
    except (InputError, ConfigError, ConflictError) as error:
        return desk.page(request, "new_assessment.html", _page(request, said, str(error)), status=422)
    return Redirect(f"/new-assessment/{job.id}", status_code=303)


@get("/new-assessment/{job_id:str}", sync_to_thread=True, opt=needs(Scope.CONFIGURE))
def show_job(request: PageRequest, job_id: FromPath[str]) -> Response[str] | Redirect:
    """How far it is; its report once it is there."""
    desk = desk_of(request)
    job = copy(desk.service.assessments.jobs.get(job_id))  # it goes on while the page is made
    if job.made is not None:
        return Redirect(f"/assessments/{job.made}", status_code=303)
    response = desk.page(request, "assessment_job.html", JobPage(job=job))
    if not job.is_over:
        response.headers["Refresh"] = "1"
    return response


HANDLERS = (show_new_assessment, start_assessment, show_job)
