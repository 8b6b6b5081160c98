"""`/config`: what is configured as a file, what another file would change, and changing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar import Request, delete, get, post
from litestar.params import JSONBody

from watchkeeper.client.records import ConfigFiles, ConfigText, Gone, Plan, PlanStep, RemovalRecord, SettingChange
from watchkeeper.domain.access import Scope
from watchkeeper.domain.config import Written, read_config
from watchkeeper.domain.config_export import dump_config
from watchkeeper.server.api.common import Name
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.session import caller

if TYPE_CHECKING:
    from watchkeeper.watch.plan import Step
    from watchkeeper.watch.removing import Removal

TAGS = ["config"]
LARGEST_FILE = 10_000_000


def _plan(steps: list[Step]) -> Plan:
    return Plan(
        steps=[
            PlanStep(
                noun=step.noun,
                name=step.name,
                is_new=step.is_new,
                is_removed=step.is_removed,
                settings=[SettingChange(name=name, before=old, after=new) for name, old, new in step.settings],
            )
            for step in steps
        ]
    )


def _read(data: ConfigFiles) -> Written:
    return read_config([(data.text, data.place), *((one.text, one.place) for one in data.more)])


def _removal(found: Removal) -> RemovalRecord:
    return RemovalRecord(
        kind=found.kind,
        name=found.name,
        held_by=found.held_by,
        gone=tuple(Gone(kind=kind, name=name) for kind, name in found.gone),
        effects=found.effects,
    )


@get("/config", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def export_config(request: Request[Any, Any, Any]) -> ConfigText:
    """What is configured, as a file that `apply` reads; secrets are references to environment variables."""
    return ConfigText(text=dump_config(desk_of(request).service.standing()))


@post(
    "/config/plan",
    sync_to_thread=True,
    status_code=200,
    opt=needs(Scope.CONFIGURE, is_read=True),
    tags=TAGS,
    request_max_body_size=LARGEST_FILE,
)
def plan_config(request: Request[Any, Any, Any], data: JSONBody[ConfigFiles]) -> Plan:
    """What applying the files would change; nothing is changed. 422 (`config`) names file, place and mend of all that
    is wrong, a line each.
    """
    wanted = _read(data)
    return _plan(desk_of(request).service.plan(wanted.config, wanted.places, is_pruned=data.prune))


@post(
    "/config/apply",
    sync_to_thread=True,
    status_code=200,
    opt=needs(Scope.CONFIGURE),
    tags=TAGS,
    request_max_body_size=LARGEST_FILE,
)
def apply_config(request: Request[Any, Any, Any], data: JSONBody[ConfigFiles]) -> Plan:
    """Make the files what is watched; what they do not name stays, or goes with `prune`. Says what changed; a broken
    file changes nothing.
    """
    service, wanted = desk_of(request).service, _read(data)
    steps = service.plan(wanted.config, wanted.places, is_pruned=data.prune)
    service.apply(wanted.config, caller(request).name, wanted.places, is_pruned=data.prune)
    return _plan(steps)


@get("/config/{kind:str}/{name:str}", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def show_removal(request: Request[Any, Any, Any], kind: Name, name: Name) -> RemovalRecord:
    """What removing it would mean, and what refers to it; `kind` as in a plan: `metric`, `route`, `channel` …"""
    return _removal(desk_of(request).service.removal(kind, name))


@delete("/config/{kind:str}/{name:str}", sync_to_thread=True, status_code=200, opt=needs(Scope.CONFIGURE), tags=TAGS)
def remove_configured(request: Request[Any, Any, Any], kind: Name, name: Name) -> RemovalRecord:
    """Take something that is configured away. 422 where something refers to it.

    Points, alerts and answers of a metric stay, and are its own again when a configuration names it again.
    """
    return _removal(desk_of(request).service.remove(kind, name, caller(request).name))


HANDLERS = (export_config, plan_config, apply_config, show_removal, remove_configured)
