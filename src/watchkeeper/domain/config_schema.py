"""The configuration file as JSON Schema, for editors: made from the records, so it cannot lag behind them."""

from __future__ import annotations

from typing import Any

import msgspec

from watchkeeper.domain.config import Channel
from watchkeeper.domain.flag import Flag, Segment
from watchkeeper.domain.metric import Metric, Source
from watchkeeper.domain.retention import Retention
from watchkeeper.domain.route import Route
from watchkeeper.domain.runbook import Runbook
from watchkeeper.domain.system import System
from watchkeeper.domain.team import Team


def config_schema() -> dict[str, Any]:
    """The schema (draft 2020-12). It accepts every file that `parse_config` accepts.

    What spans several places (a metric's source must be named in the file, a required setting may come from
    `defaults`, the text of a step) is for `watchkeeper apply --dry-run` to check.
    """
    _, records = msgspec.json.schema_components(
        (Source, Metric, Channel, Team, Route, Segment, Flag, System, Runbook, Retention), ref_template="#/$defs/{name}"
    )
    for record in records.values():
        if "name" in record.get("properties", {}):
            record["properties"].pop("name")  # the key in the mapping is the name
            record["required"] = [one for one in record["required"] if one != "name"]
    del records["Metric"]["required"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Watchkeeper configuration",
        "type": "object",
        "properties": {
            "sources": _section("Source", "Where numbers come from, by name."),
            "defaults": {
                "description": "Settings that every metric inherits unless it says otherwise.",
                "anyOf": [{"$ref": "#/$defs/Metric"}, {"type": "null"}],
            },
            "metrics": _section("Metric", "What is watched, by name."),
            "channels": _section("Channel", "Where people are told, by name."),
            "teams": _section("Team", "People who own metrics together, by name."),
            "routes": _section(
                "Route", "Who is told of what, and when, by name; without any, everybody of everything."
            ),
            "segments": _section("Segment", "Groups of users, by name."),
            "flags": _section("Flag", "Feature flags with their guards, by name."),
            "systems": _section("System", "ML features with their inputs, predictions and outcomes, by name."),
            "runbooks": _section("Runbook", "What to do about each kind of alert: drop, rise, silence, limit."),
            "retention": {
                "description": "How long points, alerts and the audit log are kept.",
                "anyOf": [{"$ref": "#/$defs/Retention"}, {"type": "null"}],
            },
        },
        "additionalProperties": False,
        "$defs": records,
    }


def _section(record: str, description: str) -> dict[str, Any]:
    return {
        "description": description,
        "type": ["object", "null"],
        "additionalProperties": {"$ref": f"#/$defs/{record}"},
    }
