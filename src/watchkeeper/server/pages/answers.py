"""Answers: forms become drafts, the service says what they changed, and the reader lands where the button was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from anyio import to_thread
from litestar import Response, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect

from watchkeeper.domain.access import Scope
from watchkeeper.domain.errors import GuardError, InputError
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.recurrence import HOLIDAYS
from watchkeeper.domain.times import parse_instant
from watchkeeper.server.desk import Desk, desk_of
from watchkeeper.server.foreseen import would_page
from watchkeeper.server.guard import needs
from watchkeeper.server.numbers import whole
from watchkeeper.server.session import NAMELESS, PageRequest, visitor
from watchkeeper.server.several import answer_several
from watchkeeper.server.words import LABEL
from watchkeeper.watch.views import Draft, Reach

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
_NOTE_LENGTH = 2000
_WINDOWED = (Answer.MISSED, Answer.EVENT, Answer.NEW_NORMAL, Answer.BAD_DATA)


class GuardPage(msgspec.Struct, frozen=True, kw_only=True):
    """What the answer would cost, and the same form again with `force`."""

    label: str
    sentence: str
    action: str
    fields: tuple[tuple[str, str], ...]
    back: str


def draft_on_alert(form: dict[str, str], alert_id: int, by: str, zone: str, start: int, end: int) -> Draft:
    """The draft of an answer on an alert, whose own window fills what was left empty if the other end was typed."""
    typed_from, typed_to = _instant(form, "from", zone), _instant(form, "to", zone)
    answer = _answer(form)
    window: tuple[int | None, int | None] = (None, None)
    if typed_from is None and typed_to is None:
        pass
    elif answer is Answer.NEW_NORMAL:
        window = (typed_from if typed_from is not None else start, None)
    else:
        window = (typed_from if typed_from is not None else start, typed_to if typed_to is not None else end)
    _check_window(*window)
    return Draft(
        answer=answer,
        by=by,
        alert=alert_id,
        start=window[0],
        end=window[1],
        note=_note(form),
        force="force" in form,
        reach=_reach(form, answer),
        dimension=_dimension(form, "reach") if answer in _WINDOWED else "",
        repeat=_repeat(form, answer),
    )


def draft_on_metric(form: dict[str, str], by: str, zone: str, chosen: int, all_series: tuple[int, ...]) -> Draft:
    """The draft of an answer on a window of a metric: of the chosen series, its like in one dimension, or of all."""
    answer = _answer(form)
    if answer not in _WINDOWED:
        raise InputError(f"{LABEL[answer]} is said on an alert: open the alert and say it there")
    start, end = _instant(form, "from", zone), _instant(form, "to", zone)
    if start is None:
        raise InputError("from: say when it began; type a time or mark the window in the chart")
    if answer is Answer.NEW_NORMAL:
        end = None
    elif end is None:
        raise InputError("to: say when it ended; type a time or mark the window in the chart")
    _check_window(start, end)
    series = all_series if form.get("scope") == "all" else (chosen,)
    dimension = _dimension(form, "scope")
    return Draft(
        answer=answer,
        by=by,
        series=series,
        start=start,
        end=end,
        note=_note(form),
        force="force" in form,
        reach=Reach.VALUE if dimension else Reach.NAMED,
        dimension=dimension,
        repeat=_repeat(form, answer),
    )


def own_place(text: str, otherwise: str = "/") -> str:
    """The page to go back to, if it is one of ours (and not an address elsewhere in disguise)."""
    parts = urlsplit(text)
    is_ours = text.startswith("/") and not text.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return text if is_ours and text.isprintable() else otherwise


def with_receipt(place: str, feedback_ids: Sequence[int], left_out: Sequence[int] = ()) -> str:
    """The page's address with the receipts to show on it, and the alerts on which nothing was said."""
    parts = urlsplit(place)
    query = [pair for pair in parse_qsl(parts.query) if pair[0] not in ("receipt", "left")]
    query += [(name, ",".join(map(str, ids))) for name, ids in (("receipt", feedback_ids), ("left", left_out)) if ids]
    return f"{parts.path}?{urlencode(query, safe=',')}"


@post("/alerts/{alert_id:int}/answer", sync_to_thread=True, opt=needs(Scope.FEEDBACK))
def answer_alert(request: PageRequest, alert_id: FromPath[int], data: Form) -> Response[str] | Redirect:
    """Say an answer on an alert."""
    desk = desk_of(request)
    line = desk.service.line_of(alert_id)
    draft = draft_on_alert(data, alert_id, signer(request), line.timezone, line.alert.start, line.alert.end)
    back = own_place(data.get("next", ""), f"/alerts/{alert_id}")
    if "first" not in data:
        return _say(request, desk, draft, data, back)
    page = desk.service.alert_page(alert_id)
    chart, marks = next(
        pair for pair in zip(page.charts, page.marks, strict=True) if pair[0].series.id == line.peak_series.id
    )
    seen = desk.service.foresee(draft, chart.series.id, start=chart.time[0], end=chart.time[-1] + 1)
    asked = would_page(
        seen,
        chart,
        marks,
        action=request.url.path,
        form=data,
        picture=f"/alerts/{alert_id}/chart.png?series={chart.series.id}",
        back=back,
    )
    return desk.page(request, "ask.html", asked, draws=True)


@post("/metrics/{name:str}/answer", sync_to_thread=True, opt=needs(Scope.FEEDBACK))
def answer_metric(request: PageRequest, name: FromPath[str], data: Form) -> Response[str] | Redirect:
    """Say an answer on a window of a metric."""
    desk = desk_of(request)
    page = desk.service.metric_page(name, _series(data))
    draft = draft_on_metric(
        data, signer(request), page.line.metric.timezone, page.chosen.id, tuple(series.id for series in page.series)
    )
    here = f"/metrics/{name}?series={page.chosen.id}"
    back = own_place(data.get("next", ""), here)
    if "first" not in data or not page.chart.time:
        return _say(request, desk, draft, data, back)
    asked = would_page(
        desk.service.foresee(draft, page.chosen.id),
        page.chart,
        page.marks,
        action=request.url.path,
        form=data,
        picture=f"/metrics/{name}/chart.png?series={page.chosen.id}",
        back=back,
    )
    return desk.page(request, "ask.html", asked, draws=True)


@post("/alerts/bulk", opt=needs(Scope.FEEDBACK))
async def answer_many(request: PageRequest) -> Redirect:
    """Say one answer on several alerts, or acknowledge them; those that would cost a confirmed alert are left out."""
    form = await request.form()
    numbers = [one for one in map(whole, map(str, form.getall("alert", []))) if one is not None]
    if not numbers:
        raise InputError("choose at least one alert of the list first")
    fields = {str(name): str(value) for name, value in form.multi_items() if name != "alert"}
    place = await to_thread.run_sync(_say_on_many, request, numbers, fields)
    return Redirect(place, status_code=303)


def _say_on_many(request: PageRequest, numbers: list[int], form: dict[str, str]) -> str:
    """Where to go on, with the receipts of what was said."""
    service, back = desk_of(request).service, own_place(form.get("next", ""))
    if form.get("act") == "acknowledge":
        service.deeds.acknowledge(numbers, signer(request))
        return back
    said = answer_several(service, _answer(form), numbers, signer(request))
    return with_receipt(back, [one.feedback.id for one in said.receipts], said.left)


@post("/answers/undo", sync_to_thread=True, opt=needs(Scope.FEEDBACK))
def undo_many(request: PageRequest, data: Form) -> Redirect:
    """Take several answers back, the last first."""
    numbers = [one for one in map(whole, data.get("answers", "").split(",")) if one is not None]
    done = [desk_of(request).service.undo(one, signer(request)).feedback.id for one in reversed(numbers)]
    return Redirect(with_receipt(own_place(data.get("next", "")), done), status_code=303)


@post("/answers/{feedback_id:int}/undo", sync_to_thread=True, opt=needs(Scope.FEEDBACK))
def undo(request: PageRequest, feedback_id: FromPath[int], data: Form) -> Redirect:
    """Take an answer back."""
    receipt = desk_of(request).service.undo(feedback_id, signer(request))
    return Redirect(with_receipt(own_place(data.get("next", "")), [receipt.feedback.id]), status_code=303)


@post("/answers/{feedback_id:int}/yes", sync_to_thread=True, opt=needs(Scope.FEEDBACK))
def accept(request: PageRequest, feedback_id: FromPath[int], data: Form) -> Redirect:
    """Say an answer again with the second yes that accepts the price its receipt named."""
    desk = desk_of(request)
    receipt = desk.service.receipt(feedback_id)
    said = receipt.feedback
    if said.answer is None or receipt.price is None:
        raise InputError(f"the receipt of answer {feedback_id} names no price: there is nothing to accept")
    draft = Draft(
        answer=said.answer,
        by=signer(request),
        alert=said.alert,
        series=said.series,
        start=said.start,
        end=said.end,
        note=said.note,
        repeat=said.repeat,
        force=True,
    )
    receipt = desk.service.answer(draft)
    return Redirect(with_receipt(own_place(data.get("next", "")), [receipt.feedback.id]), status_code=303)


def _say(request: PageRequest, desk: Desk, draft: Draft, form: dict[str, str], back: str) -> Response[str] | Redirect:
    """Say it; where a confirmed alert would be lost, ask a second time."""
    try:
        receipt = desk.service.answer(draft)
    except GuardError as error:
        kept = tuple((name, value) for name, value in form.items() if name not in ("form_token", "force"))
        sentence = str(error)
        page = GuardPage(
            label=LABEL[draft.answer],
            sentence=sentence,
            action=request.url.path,
            fields=(*kept, ("force", "1")),
            back=back,
        )
        return desk.page(request, "guard.html", page, status=409)
    return Redirect(with_receipt(back, [receipt.feedback.id]), status_code=303)


def signer(request: PageRequest) -> str:
    """Who says it."""
    found = visitor(request)
    return found.name if found else NAMELESS


def _answer(form: dict[str, str]) -> Answer:
    try:
        return Answer(form.get("answer", ""))
    except ValueError:
        raise InputError(f"answer: use one of {', '.join(answer.value for answer in Answer)}") from None


def _reach(form: dict[str, str], answer: Answer) -> Reach:
    """How far the answer reaches; a verdict on an alert is of that alert, whatever else the form says."""
    if answer not in _WINDOWED:
        return Reach.NAMED
    try:
        return Reach(form.get("reach", Reach.NAMED.value).partition(":")[0])
    except ValueError:
        raise InputError(f"reach: use one of {', '.join(reach.value for reach in Reach)}") from None


def _dimension(form: dict[str, str], field: str) -> str:
    """The dimension of `value:country`."""
    kind, _, dimension = form.get(field, "").partition(":")
    return dimension if kind == Reach.VALUE.value else ""


def _repeat(form: dict[str, str], answer: Answer) -> str:
    """The rule of an event that repeats; other answers happen once, whatever else the form says."""
    repeat = form.get("repeat", "") if answer is Answer.EVENT else ""
    return f"{HOLIDAYS}{form.get('country', '').strip().upper()}" if repeat == "holidays" else repeat


def _instant(form: dict[str, str], name: str, zone: str) -> int | None:
    text = form.get(name, "").strip()
    return parse_instant(text, zone) if text else None


def _check_window(start: int | None, end: int | None) -> None:
    if start is not None and end is not None and end <= start:
        raise InputError("to: the window ends before it begins; give an end after the beginning")


def _series(form: dict[str, str]) -> int | None:
    text = form.get("series", "")
    if not text:
        return None
    number = whole(text)
    if number is None:
        raise InputError(f"series: {text[:40]!r} is not the number of a series; choose one on the metric's page")
    return number


def _note(form: dict[str, str]) -> str:
    note = form.get("note", "").strip()
    if len(note) > _NOTE_LENGTH:
        raise InputError(
            f"note: {len(note):,} characters are more than the {_NOTE_LENGTH:,} that fit; shorten it, or link to it"
        )
    return note


HANDLERS = (answer_alert, answer_many, undo_many, answer_metric, undo, accept)
