"""What is configured, written as a file that `apply` reads: whatever a page changed is in it, no secret is."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import yaml

from watchkeeper.domain.config import Channel, Config
from watchkeeper.domain.metric import IS_REFERENCE, Source

_R = "\0"
"""Stands for a reference while a URL is looked at: no URL has this sign."""
_PASSWORD = re.compile(rf"//[^@]*?:[^@]*[^{_R}@][^@]*@")
_SECRET = re.compile(rf"(?i)[?&;][^=&;]*(?:pass|pwd|secret|token|key|sig|credential)[^=&;]*=[^&;]*[^{_R}&;]")
_ONLY_REFERENCES = re.compile(rf"(?:[a-z][a-z0-9+.-]*://)?[{_R}:/]+(?:@[\w.-]+(?::\d+)?)?/?")
"""A channel's URL of which no part but its scheme and its host is written out."""


def dump_config(config: Config) -> str:
    """YAML of a configuration; settings that are as usual are left out.

    A URL that may hold a secret becomes a reference to an environment variable, `${SHOP_URL}` of the source `shop`:
    of sources those with a password or a key written out, of channels all but files and those that are references but
    for their host.
    """
    sections: dict[str, Any] = {
        section: {record.name: _plain(record) for record in getattr(config, section)}
        for section in Config.__struct_fields__
        if section != "retention" and getattr(config, section)
    }
    if config.retention is not None:
        sections["retention"] = msgspec.to_builtins(config.retention)
    return yaml.safe_dump(sections, sort_keys=False, allow_unicode=True, width=120) if sections else "{}\n"


def _plain(record: msgspec.Struct) -> dict[str, Any]:
    found: dict[str, Any] = _without_defaults(record)
    found.pop("name")
    if isinstance(record, Source | Channel) and "url" in found:
        found["url"] = _safe_url(record)
    return found


def _safe_url(record: Source | Channel) -> str:
    bare = IS_REFERENCE.sub(_R, record.url)
    if isinstance(record, Source):
        is_safe = not _PASSWORD.search(bare) and not _SECRET.search(bare)
    else:
        is_safe = bare.startswith("textfile://") or _ONLY_REFERENCES.fullmatch(bare) is not None
    if is_safe:
        return record.url
    return f"${{{re.sub('[^A-Z0-9]', '_', record.name.upper())}_URL}}"


def _without_defaults(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return {
            field.name: _without_defaults(getattr(value, field.name))
            for field in msgspec.structs.fields(value)
            if field.required or getattr(value, field.name) != _default(field)
        }
    if isinstance(value, tuple | list):
        return [_without_defaults(one) for one in value]
    if isinstance(value, dict):
        return {key: _without_defaults(one) for key, one in value.items()}
    return msgspec.to_builtins(value)


def _default(field: msgspec.structs.FieldInfo) -> Any:
    return field.default_factory() if field.default is msgspec.NODEFAULT else field.default
