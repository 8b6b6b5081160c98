"""The inbox: alerts as a list, with filters that live in the address."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

import msgspec
from litestar import Response, get
from litestar.params import FromQuery, QueryParameter

from watchkeeper.domain.access import Scope
from watchkeeper.domain.alert import SEVERITIES
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.times import DAY, parse_instant
from watchkeeper.server.desk import desk_of
from watchkeeper.server.facade import Order
from watchkeeper.server.guard import needs
from watchkeeper.server.pages.deeds import snooze_words
from watchkeeper.server.receipts import ReceiptBox, box_of
from watchkeeper.server.session import PageRequest
from watchkeeper.server.words import plural
from watchkeeper.watch.views import AlertLine, Asked, Inbox, MetricLine

SHOWS = (
    ("open", "To answer"),
    ("acknowledged", "Acknowledged"),
    ("answered", "Answered"),
    ("explained", "Explained"),
    ("quiet", "Quietened"),
    ("resolved", "Resolved"),
    ("all", "All"),
)
QUESTIONS = 2
"""So many quiet windows are asked about at once; how many a month is a setting of each metric."""
BESIDE, FOLDED = 6, 60
"""So many metrics stand beside the list, those with most alerts lately; so many more are folded away under them."""
ORDERS: tuple[tuple[Order, str], ...] = (("severity", "Biggest"), ("newest", "Newest"))


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What the address asks for."""

    show: str = "open"
    order: str = "severity"
    metric: str = ""
    owner: str = ""
    tag: str = ""
    severity: int = 1
    since: str = ""
    until: str = ""
    text: str = ""
    page: int = 1

    @property
    def has_more(self) -> bool:
        """Whether one of the filters is set that are folded away at first."""
        return bool(self.owner or self.tag or self.severity > 1 or self.since or self.until)

    @property
    def is_narrow(self) -> bool:
        """Whether anything is filtered out."""
        return bool(self.text or self.metric or self.has_more)

    def address(self, **changes: str | int) -> str:
        """The address with some of it changed; what is as usual is left out. A changed filter begins at page 1."""
        usual = Filters()
        wanted = {**msgspec.structs.asdict(self), "page": 1, **changes}
        query = {name: value for name, value in wanted.items() if value != getattr(usual, name)}
        return f"/?{urlencode(query)}" if query else "/"


class Tab(msgspec.Struct, frozen=True, kw_only=True):
    """One of the lists, with how many alerts are in it."""

    label: str
    count: int
    address: str
    is_current: bool


class InboxPage(msgspec.Struct, frozen=True, kw_only=True):
    """The page's record."""

    filters: Filters
    tabs: tuple[Tab, ...]
    orders: tuple[tuple[Order, str], ...]
    lines: tuple[AlertLine, ...]
    metrics: tuple[MetricLine, ...]
    beside: tuple[MetricLine, ...]
    folded: tuple[MetricLine, ...]
    told_in: str
    owners: tuple[str, ...]
    tags: tuple[str, ...]
    failing: tuple[str, ...]
    severities: tuple[tuple[int, str], ...]
    snoozes: tuple[tuple[str, str], ...]
    costs: dict[str, str]
    receipt: ReceiptBox | None
    empty: str
    here: str
    questions: tuple[Asked, ...]
    earlier: str
    later: str
    page: int
    pages: int


def inbox_page(
    inbox: Inbox, filters: Filters, receipt: ReceiptBox | None = None, asked: tuple[Asked, ...] = ()
) -> InboxPage:
    """Lay out what the service gave; `asked` are questions about quiet windows, asked where nothing is filtered."""
    tabs = tuple(
        Tab(
            label=label,
            count=inbox.counts.get(name, 0),
            address=filters.address(show=name),
            is_current=name == inbox.show,
        )
        for name, label in SHOWS
    )
    loudest = sorted(inbox.metrics, key=lambda line: -line.alerts_30_days)
    return InboxPage(
        filters=filters,
        tabs=tabs,
        orders=ORDERS,
        lines=inbox.lines,
        metrics=inbox.metrics,
        beside=tuple(loudest[:BESIDE]),
        folded=tuple(sorted(loudest[BESIDE:], key=lambda line: line.metric.label.casefold())[:FOLDED]),
        told_in=inbox.told_in,
        owners=inbox.owners,
        tags=inbox.tags,
        failing=inbox.failing,
        severities=tuple((level, word) for level, word in enumerate(SEVERITIES, 1) if level > 1),
        snoozes=snooze_words(),
        costs={line.metric.name: cost_of(line) for line in inbox.metrics},
        receipt=receipt,
        empty="" if inbox.lines else _why_empty(inbox, filters),
        here=filters.address(page=inbox.page),
        questions=asked if inbox.show == "open" and inbox.page == 1 and not filters.is_narrow else (),
        later=filters.address(page=inbox.page - 1) if inbox.page > 1 else "",
        earlier=filters.address(page=inbox.page + 1) if inbox.page < inbox.pages else "",
        page=inbox.page,
        pages=inbox.pages,
    )


def cost_of(line: MetricLine) -> str:
    """What a metric cost in alerts lately against what it may: `3 alerts in 30 days, 1 false allowed`."""
    budget = line.metric.false_alerts_per_month
    return f"{plural(line.alerts_30_days, 'alert')} in 30 days, {budget:g} false allowed"


def _why_empty(inbox: Inbox, filters: Filters) -> str:
    """Which of the empty states it is; the template has words for each."""
    if not inbox.metrics:
        return "no metrics"
    if filters.is_narrow:
        return "filtered"
    return inbox.show


@get("/", sync_to_thread=True, opt=needs(Scope.READ))
def show_inbox(
    request: PageRequest,
    show: FromQuery[str] = "open",
    order: FromQuery[Order] = "severity",
    metric: FromQuery[str] = "",
    owner: FromQuery[str] = "",
    tag: FromQuery[str] = "",
    severity: Annotated[int, QueryParameter(ge=1, le=5)] = 1,
    since: FromQuery[str] = "",
    until: FromQuery[str] = "",
    text: FromQuery[str] = "",
    page: Annotated[int, QueryParameter(ge=1, le=1_000_000)] = 1,
    receipt: FromQuery[str] = "",
    left: FromQuery[str] = "",
) -> Response[str]:
    """The list that the address asks for."""
    if show not in dict(SHOWS):
        raise InputError(f"show={show[:40]!r} is not a list: use one of {', '.join(dict(SHOWS))}")
    desk = desk_of(request)
    filters = Filters(
        show=show,
        order=order,
        metric=metric,
        owner=owner,
        tag=tag,
        severity=severity,
        since=since.strip(),
        until=until.strip(),
        text=text.strip()[:200],
        page=page,
    )
    found = desk.service.inbox(
        show=show,
        order=order,
        page=page,
        text=filters.text,
        metric=metric,
        owner=owner,
        tag=tag,
        severity=severity,
        start=parse_instant(filters.since) if filters.since else None,
        end=parse_instant(filters.until) + DAY if filters.until else None,
    )
    box, asked = box_of(desk.service, receipt, left), desk.service.questions.waiting(QUESTIONS)
    return desk.page(request, "inbox.html", inbox_page(found, filters, box, asked))


HANDLERS = (show_inbox,)
