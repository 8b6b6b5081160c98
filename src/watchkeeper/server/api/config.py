"""`/config`: what is configured as a file, what another file would change, and changing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar import Request, get, post
from litestar.params import JSONBody

from watchkeeper.client.records import ConfigText, Plan, PlanStep, SettingChange
from watchkeeper.domain.access import Scope
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.config_export import dump_config
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.session import caller

if TYPE_CHECKING:
    from watchkeeper.watch.plan import Step

TAGS = ["config"]
LARGEST_FILE = 10_000_000


def _plan(steps: list[Step]) -> Plan:
    return Plan(
        steps=[
            PlanStep(
                noun=step.noun,
                name=step.name,
                is_new=step.is_new,
                settings=[SettingChange(name=name, before=old, after=new) for name, old, new in step.settings],
            )
            for step in steps
        ]
    )


@get("/config", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def export_config(request: Request[Any, Any, Any]) -> ConfigText:
    """What is configured, as a file that `apply` reads; secrets are references to environment variables."""
    return ConfigText(text=dump_config(desk_of(request).service.standing()))


@post(
    "/config/plan",
    sync_to_thread=True,
    status_code=200,
    opt=needs(Scope.CONFIGURE),
    tags=TAGS,
    request_max_body_size=LARGEST_FILE,
)
def plan_config(request: Request[Any, Any, Any], data: JSONBody[ConfigText]) -> Plan:
    """What applying the file would change; nothing is changed. 422 (`config`) names file, place and mend."""
    return _plan(desk_of(request).service.plan(parse_config(data.text, data.place)))


@post(
    "/config/apply",
    sync_to_thread=True,
    status_code=200,
    opt=needs(Scope.CONFIGURE),
    tags=TAGS,
    request_max_body_size=LARGEST_FILE,
)
def apply_config(request: Request[Any, Any, Any], data: JSONBody[ConfigText]) -> Plan:
    """Make the file what is watched; what it does not name stays. Says what changed; a broken file changes nothing."""
    service, wanted = desk_of(request).service, parse_config(data.text, data.place)
    steps = service.plan(wanted)
    service.apply(wanted, caller(request).name)
    return _plan(steps)


HANDLERS = (export_config, plan_config, apply_config)
