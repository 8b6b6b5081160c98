"""The pages of assessments: the list with predicted against achieved, the form, the report, and the decision."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from anyio import to_thread
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect

from watchkeeper.domain.access import Scope
from watchkeeper.domain.errors import InputError
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.numbers import finite
from watchkeeper.server.report_file import Drawn, drawn_plot, drawn_plots
from watchkeeper.server.session import PageRequest, visitor
from watchkeeper.watch.assessment_views import AssessmentLine, AssessmentPage, TrackRecord


class AssessmentsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The list's record."""

    lines: tuple[AssessmentLine, ...]
    track: TrackRecord
    drawn: Drawn | None


class ReportPage(msgspec.Struct, frozen=True, kw_only=True):
    """The report's record, its plots drawn."""

    found: AssessmentPage
    drawn: dict[str, list[Drawn]]
    track: Drawn | None


class AssessmentForm(msgspec.Struct, frozen=True, kw_only=True):
    """What a form about an assessment says."""

    act: Literal["decide", "achieved"]
    form_token: str = ""
    choice: str = ""
    reason: str = ""
    level: str = ""


class ExpectForm(msgspec.Struct, frozen=True, kw_only=True):
    """An idea before there is data."""

    name: str
    row: str
    target: str
    rows: str
    columns: str
    form_token: str = ""
    base_rate: str = "0.5"
    effects: str = ""
    level: str = ""


@get("/assessments", sync_to_thread=True, opt=needs(Scope.READ))
def show_assessments(request: PageRequest) -> Response[str]:
    """Every assessment."""
    desk = desk_of(request)
    kept = desk.service.assessments
    track = kept.track_record()
    page = AssessmentsPage(lines=kept.lines(), track=track, drawn=drawn_plot(track.plot) if track.plot else None)
    return desk.page(request, "assessments.html", page)


@get("/assessments/{assessment_id:int}", sync_to_thread=True, opt=needs(Scope.READ))
def show_assessment(request: PageRequest, assessment_id: FromPath[int]) -> Response[str]:
    """One report and the decisions on it."""
    desk = desk_of(request)
    found = desk.service.assessments.page(assessment_id)
    track = drawn_plot(found.plot) if found.plot else None
    page = ReportPage(found=found, drawn=drawn_plots(found.line.report), track=track)
    return desk.page(request, "assessment.html", page)


@post("/assessments", opt=needs(Scope.CONFIGURE))
async def make_assessment(
    request: PageRequest, data: Annotated[ExpectForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
) -> Redirect:
    """Make and keep a report from what is expected of an idea."""
    reader = visitor(request)
    by = reader.name if reader else ""
    made = await to_thread.run_sync(_make, request, data, by)
    return Redirect(f"/assessments/{made}", status_code=303)


def _make(request: PageRequest, said: ExpectForm, by: str) -> int:
    try:
        expect = {
            "rows": int(said.rows.replace(",", "")),
            "columns": int(said.columns),
            "base_rate": float(said.base_rate),
            "effects": [float(one) for one in said.effects.replace(";", ",").split(",") if one.strip()],
        }
        level = {"level": float(said.level)} if said.level.strip() else {}
    except ValueError as error:
        raise InputError(f"rows, columns, base rate, effects and level are numbers: {error}") from None
    record = {"name": said.name, "row": said.row, "target": said.target, **level, "expect": expect}
    return desk_of(request).service.assessments.make_expected(record, by)


@post("/assessments/{assessment_id:int}", opt=needs(Scope.CONFIGURE))
async def change_assessment(
    request: PageRequest,
    assessment_id: FromPath[int],
    data: Annotated[AssessmentForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Redirect:
    """Decide, or note what was achieved."""
    reader = visitor(request)
    by = reader.name if reader else ""
    await to_thread.run_sync(_change, request, assessment_id, data, by)
    return Redirect(f"/assessments/{assessment_id}", status_code=303)


def _change(request: PageRequest, assessment_id: int, said: AssessmentForm, by: str) -> None:
    kept = desk_of(request).service.assessments
    if said.act == "decide":
        kept.decide(assessment_id, said.choice, said.reason, by)
        return
    level = finite(said.level, "the level that was reached")
    kept.note_achieved(assessment_id, level, by)


HANDLERS = (show_assessments, show_assessment, make_assessment, change_assessment)
