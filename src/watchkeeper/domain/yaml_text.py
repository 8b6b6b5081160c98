"""YAML that a person wrote or a program sent, read without surprises and within bounds: it never executes code.

Dates stay text, a name given twice is an error, and so is what could not be kept or shown: a number that is none, an
integer beyond 64 bits, a text with a NUL. Nesting and what aliases repeat is bounded, because a few lines of either
could otherwise take all memory.
"""

from __future__ import annotations

import math
from typing import Any

import yaml

from watchkeeper.domain.errors import ConfigError
from watchkeeper.domain.texts import UNKEPT, is_kept

DEEPEST = 50
"""So many levels may stand in each other."""
MOST_REPEATED = 10_000_000
"""So many characters may all aliases of a text together stand for."""
_LARGEST = 2**63 - 1
_LONGEST_NUMBER = 400
"""No number of 64 bits has as many digits."""


def read_yaml(text: str, place: str) -> tuple[Any, yaml.Node | None]:
    """What a text says, and its nodes, which know their lines; ConfigError naming `place` and the line."""
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        return None if root is None else loader.construct_document(root), root
    except _RefusedError as error:
        raise ConfigError(f"{place}:{error.problem_mark.line + 1}: {error.problem}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = place if mark is None else f"{place}:{mark.line + 1}"
        why = getattr(error, "problem", None) or " ".join(str(error).split())
        raise ConfigError(f"{where}: not readable as YAML: {why}") from None
    except (ValueError, OverflowError) as error:  # an escape beyond the last character
        raise ConfigError(f"{place}: not readable as YAML: {error}") from None


class _RefusedError(yaml.MarkedYAMLError):
    """YAML, but not what is taken."""

    problem_mark: yaml.Mark

    def __init__(self, problem: str, mark: yaml.Mark) -> None:
        super().__init__(problem=problem, problem_mark=mark)


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own class attribute
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, text: str) -> None:
        self._level = 0
        self._repeated = 0
        self._extents: dict[int, tuple[int, int]] = {}
        super().__init__(text)

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # PyYAML has no types
        is_alias = self.check_event(yaml.AliasEvent)
        if self._level >= DEEPEST:
            raise _too_deep(mark)
        self._level += 1
        node = super().compose_node(parent, index)
        self._level -= 1
        if node is None:
            return None
        if not is_alias:
            self._extents[id(node)] = self._extent(node)
        elif id(node) not in self._extents:
            raise _RefusedError("an alias stands within what it names; write that out", mark)
        height, size = self._extents[id(node)]
        if self._level + height > DEEPEST:
            raise _too_deep(mark)
        self._repeated += size if is_alias else 0
        if self._repeated > MOST_REPEATED:
            raise _RefusedError(
                f"what aliases repeat is longer than {MOST_REPEATED:,} characters; write less, or several files", mark
            )
        return node

    def _extent(self, node: yaml.Node) -> tuple[int, int]:
        """How many levels a node has, and how many characters it stands for once its aliases are written out."""
        if isinstance(node, yaml.ScalarNode):
            return 1, len(node.value) + 1
        children = [one for pair in node.value for one in (pair if isinstance(pair, tuple) else (pair,))]
        extents = [self._extents[id(one)] for one in children]
        return 1 + max((height for height, _ in extents), default=0), 1 + sum(size for _, size in extents)

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:
        value = super().construct_scalar(node)
        if not is_kept(value):
            raise _RefusedError(f"{value[:40]!r} holds {UNKEPT}; leave it out", node.start_mark)
        return value

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, ArithmeticError, LookupError, AttributeError, TypeError):  # of a tag written out
            raise _RefusedError(
                f"not readable as YAML: this is no {node.tag.rpartition(':')[2]}", node.start_mark
            ) from None

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                raise _RefusedError("<< is not taken; write out what it would add", key_node.start_mark)
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, list | dict | set):
                continue  # no key, as the one below says
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} is given twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)

    def number(self, node: yaml.ScalarNode) -> int | float:
        """A number that can be kept, in JSON and in a database."""
        is_whole = node.tag.endswith(":int")
        read = yaml.SafeLoader.construct_yaml_int if is_whole else yaml.SafeLoader.construct_yaml_float
        number: int | float = math.inf if len(node.value) > _LONGEST_NUMBER else read(self, node)
        if not math.isfinite(number) or (is_whole and abs(number) > _LARGEST):
            shown = node.value[:40]
            raise _RefusedError(f"{shown} is not a number of 64 bits; write one that is, such as 1.5", node.start_mark)
        return number


for _kind in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _Loader.number)


def _too_deep(mark: yaml.Mark) -> _RefusedError:
    return _RefusedError(f"it nests more than {DEEPEST} levels; write it flatter", mark)
