"""What an assessment is about: a data file, what one row is, and the part that each named column plays."""

from __future__ import annotations

import msgspec
import yaml

from watchkeeper.domain.errors import ConfigError

DEFAULT_MAX_ROWS = 1_000_000


class Assessment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`known_after` are columns that are filled only after the target is known; `protected` are of persons."""

    data: str
    row: str
    target: str
    time: str | None = None
    entity: str | None = None
    protected: tuple[str, ...] = ()
    known_after: tuple[str, ...] = ()
    max_rows: int = DEFAULT_MAX_ROWS

    def named_columns(self) -> list[tuple[str, str]]:
        """(key, column) for each column that the record names."""
        single = [("target", self.target), ("time", self.time), ("entity", self.entity)]
        named = [(key, column) for key, column in single if column is not None]
        named += [("protected", column) for column in self.protected]
        return named + [("known_after", column) for column in self.known_after]


def parse_assessment(text: str, place: str) -> Assessment:
    """Read the YAML of an assessment; `place` names the file in errors."""
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{place}: not readable as YAML: {' '.join(str(error).split())}") from None
    if not isinstance(raw, dict):
        raise ConfigError(f"{place}: expected a mapping with data, row and target at the top")
    try:
        record = msgspec.convert(raw, Assessment)
    except msgspec.ValidationError as error:
        keys = ", ".join(Assessment.__struct_fields__)
        raise ConfigError(f"{place}: {error}; the keys are {keys}") from None
    if record.max_rows < 1:
        raise ConfigError(f"{place}: max_rows: {record.max_rows} is below 1; leave it out for {DEFAULT_MAX_ROWS:,}")
    return record
