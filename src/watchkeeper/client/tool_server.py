"""An MCP server whose tools say in a sentence what is wrong with arguments, and ignore none."""

from __future__ import annotations

from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, InputRequiredResult
from pydantic import ValidationError

from watchkeeper.domain.mends import not_called

MOST_SHOWN = 40


class ToolServer(MCPServer[Any]):
    """An MCP server: an argument that a tool does not take is refused with the one that it may be."""

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool. ToolError names each argument that is not known, is missing or does not fit."""
        for tool in await self.list_tools():
            if tool.name == name:
                known = list(tool.input_schema.get("properties", {}))
                unknown = [not_called("argument", one, known) for one in arguments if one not in known]
                if unknown:
                    raise ToolError(f"{name}: {'. '.join(unknown)}")
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            if isinstance(error.__cause__, ValidationError):
                raise ToolError(f"{name}: {_words(error.__cause__)}") from None
            raise


def _words(error: ValidationError) -> str:
    """Each argument that does not fit, what was given, and what it should be."""
    said = []
    for one in error.errors(include_url=False):
        place = ".".join(str(part) for part in one["loc"])
        if one["type"] == "missing":
            said.append(f"{place} is missing: give it")
        else:
            given = repr(one["input"])[:MOST_SHOWN]
            said.append(f"{place}: {given}: {one['msg'].replace('Input should be', 'it should be')}")
    return "; ".join(said)
