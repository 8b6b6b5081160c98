"""The application: routes, guards, headers and errors put together."""

from __future__ import annotations

from pathlib import Path

from litestar import Litestar, Router
from litestar.datastructures import State

from watchkeeper.server.agents import Agents, agents_door
from watchkeeper.server.api import PREFIX as API
from watchkeeper.server.api import api_router
from watchkeeper.server.api.packed import packing
from watchkeeper.server.api.spec import spec_router
from watchkeeper.server.assets import Assets
from watchkeeper.server.bodies import BodyRequest
from watchkeeper.server.desk import HERE, Desk, make_templates
from watchkeeper.server.errors import HANDLERS
from watchkeeper.server.facade import Service
from watchkeeper.server.guard import guard
from watchkeeper.server.ofrep import evaluation_protocol
from watchkeeper.server.oidc import Provider
from watchkeeper.server.pages import (
    alert,
    answers,
    assessments,
    deeds,
    flags,
    health,
    inbox,
    metric,
    new_assessment,
    new_metric,
    news,
    oidc,
    overview,
    people,
    previews,
    questions,
    remove,
    say,
    settings,
    sign_in,
    systems,
    teams,
    told,
)
from watchkeeper.server.push import push_door
from watchkeeper.server.security import LOOPBACK, HostCheck, add_headers
from watchkeeper.server.session import Door


def create_app(
    service: Service,
    *,
    secret: bytes,
    cache_dir: Path,
    allowed_hosts: tuple[str, ...] = LOOPBACK,
    flags_need_token: bool = False,
    provider: Provider | None = None,
) -> Litestar:
    """The pages over a service. `secret` signs sessions and forms; `cache_dir` keeps the drawing bundle.

    `provider` signs people in besides one-time links. With `flags_need_token` products that ask for flags send a token
    with the right to read.
    Requests whose Host header is not among `allowed_hosts` (without port) are refused.
    """
    desk = Desk(
        service=service,
        door=Door(service, secret),
        assets=Assets(HERE / "static", cache_dir),
        templates=make_templates(),
        provider=provider,
    )
    agents = Agents()
    pages = Router(
        path="/",
        route_handlers=[
            *inbox.HANDLERS,
            *alert.HANDLERS,
            *metric.HANDLERS,
            *settings.HANDLERS,
            *new_metric.HANDLERS,
            *overview.HANDLERS,
            *told.HANDLERS,
            *flags.HANDLERS,
            *systems.HANDLERS,
            *assessments.HANDLERS,
            *new_assessment.HANDLERS,
            *answers.HANDLERS,
            *previews.HANDLERS,
            *deeds.HANDLERS,
            *questions.HANDLERS,
            *news.HANDLERS,
            *say.HANDLERS,
            *people.HANDLERS,
            *teams.HANDLERS,
            *remove.HANDLERS,
            *sign_in.HANDLERS,
            *oidc.HANDLERS,
            *health.HANDLERS,
        ],
    )
    return Litestar(
        route_handlers=[
            pages,
            api_router(),
            spec_router(),
            push_door(service),
            agents_door(agents),
            evaluation_protocol(service.flags, desk.door if flags_need_token else None),
        ],
        guards=[guard],
        request_class=BodyRequest,
        state=State({"news": news.News(service), "desk": desk}),
        middleware=[HostCheck(allowed_hosts)],
        exception_handlers=HANDLERS,
        before_send=[add_headers],
        on_shutdown=[agents.close],
        compression_config=packing("^/assets/", "^/news", f"^{API}/"),
        request_max_body_size=100_000,
        openapi_config=None,
        logging_config=None,
    )
