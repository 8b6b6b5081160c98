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
