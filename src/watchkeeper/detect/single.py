"""Single precision without saying so at every number.

To Numba a literal is double precision, and whatever meets it becomes so too: half as many numbers fit into a vector
instruction, and a division takes twice as long. What stands in a function as `0.5`, or as the name of a module's
constant, is therefore made `float32(0.5)` before it is compiled.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

_NAME = "_single"


def in_single_precision(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function with each float that its text names, literal or constant of a module, as a float32, and with
    `float(x)` as `float32(x)`.
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    code = function.__code__
    names = function.__globals__
    names[_NAME] = np.float32
    definition = tree.body[0]
    assert isinstance(definition, ast.FunctionDef)
    definition.decorator_list = []
    _Single(names, set(code.co_varnames)).visit(definition)
    ast.increment_lineno(tree, code.co_firstlineno - 1)
    found: dict[str, Any] = {}
    compiled = compile(ast.fix_missing_locations(tree), code.co_filename, "exec")
    exec(compiled, names, found)  # noqa: S102 - our own text, which Python has just read from the same file
    result: Callable[..., Any] = found[function.__name__]
    return result


class _Single(ast.NodeTransformer):
    """Wraps the floats of a function; `names` are its module's, `own` its variables."""

    def __init__(self, names: dict[str, Any], own: set[str]) -> None:
        self.names, self.own = names, own

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return self._wrapped(node) if isinstance(node.value, float) else node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id == "float":
            return ast.copy_location(ast.Name(_NAME, node.ctx), node)
        return self._wrapped(node) if isinstance(self._value(node), float) else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return self._wrapped(node) if isinstance(self._value(node), float) else node

    def _value(self, node: ast.expr) -> Any:
        """What a name of a module stands for; None for all else."""
        if isinstance(node, ast.Name):
            return None if node.id in self.own else self.names.get(node.id)
        if isinstance(node, ast.Attribute):
            module = self._value(node.value)
            return getattr(module, node.attr, None) if isinstance(module, ModuleType) else None
        return None

    def _wrapped(self, node: ast.expr) -> ast.expr:
        return ast.copy_location(ast.Call(ast.Name(_NAME, ast.Load()), [node], []), node)
