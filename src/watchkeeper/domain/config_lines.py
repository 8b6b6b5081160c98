"""Where in a YAML file something stands, so that an error names its line."""

from __future__ import annotations

import re

import yaml


class Lines:
    """The lines of a file's keys, counted from 1; `place` names the file."""

    def __init__(self, root: yaml.Node | None, place: str) -> None:
        self._root = root
        self._place = place

    def at(self, *path: str) -> str:
        """`shop.yaml:7`: the line of the key at a path, or of the last on the way to it that there is."""
        line, _ = self._find(path)
        return f"{self._place}:{line}"

    def of_error(self, message: str, *path: str) -> str:
        """The line of the setting below a path that a message speaks of: there, or in `defaults`; or of the path."""
        line, node = self._find(path)
        for entry in (node, self._find(("defaults",))[1] if path[0] == "metrics" else None):
            for key, value in entry.value if isinstance(entry, yaml.MappingNode) else ():
                is_named = re.search(rf"(?<![\w-]){re.escape(str(key.value))}(?![\w-])", message) is not None
                if is_named or (isinstance(value, yaml.ScalarNode) and repr(value.value) in message):
                    return f"{self._place}:{key.start_mark.line + 1}"
        return f"{self._place}:{line}"

    def of_value(self, value: str, *path: str) -> str:
        """The line of a value in the setting at a path: there, or in `defaults`; or that of the path."""
        for way in (path, ("defaults", *path[2:])) if path[0] == "metrics" else (path,):
            found = _value_in(self._find(way)[1], value)
            if found is not None:
                return f"{self._place}:{found.start_mark.line + 1}"
        return self.at(*path)

    def _find(self, path: tuple[str, ...]) -> tuple[int, yaml.Node | None]:
        node, line = self._root, 1
        for step in path:
            if not isinstance(node, yaml.MappingNode):
                return line, None
            found = next(((key, value) for key, value in node.value if str(key.value) == step), None)
            if found is None:
                return line, None
            line, node = found[0].start_mark.line + 1, found[1]
        return line, node


def _value_in(node: yaml.Node | None, value: str) -> yaml.Node | None:
    """The first scalar below a node, keys aside, that reads as the value."""
    if isinstance(node, yaml.ScalarNode):
        return node if node.value == value else None
    below = [one for _, one in node.value] if isinstance(node, yaml.MappingNode) else node.value if node else []
    return next((found for one in below if (found := _value_in(one, value)) is not None), None)


class Places:
    """Where the records of configuration files stand; of what no file names, nothing is said."""

    def __init__(self) -> None:
        self._of: dict[tuple[str, str], Lines] = {}

    def put(self, section: str, name: str, lines: Lines) -> str:
        """Remember the file of a record; where another one has it, its place (else empty)."""
        other = self._of.setdefault((section, name), lines)
        return "" if other is lines else other.at(section, name)

    def of_value(self, value: str, section: str, name: str, *path: str) -> str:
        """`shop.yaml:7: `, to begin an error about a value in a setting of a record with; empty for no place."""
        lines = self._of.get((section, name))
        return "" if lines is None else f"{lines.of_value(value, section, name, *path)}: "

    def of_error(self, message: str, section: str, name: str) -> str:
        """The same for an error about the setting that a message speaks of."""
        lines = self._of.get((section, name))
        return "" if lines is None else f"{lines.of_error(message, section, name)}: "
