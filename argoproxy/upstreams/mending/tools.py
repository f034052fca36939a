"""Tools as models take them: descriptions no longer, and schemas no richer, than the service behind ARGO allows."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from argoproxy.conversation import Abilities, ChatRequest, Tool

from .rules import Rule
from .schemas import plain


def _each(mend: Callable[[Tool, Abilities], Tool]) -> Callable[[ChatRequest, Abilities], ChatRequest]:
    """A rule's function, of one that looks at a tool. Tools that it leaves alone stay the same objects."""

    def on_request(request: ChatRequest, abilities: Abilities) -> ChatRequest:
        if not request.tools:
            return request
        tools = tuple([mend(tool, abilities) for tool in request.tools])
        return request if tools == request.tools else msgspec.structs.replace(request, tools=tools)

    return on_request


def _described(tool: Tool, abilities: Abilities) -> Tool:
    longest = abilities.tool_description_length
    if longest is None or tool.description is None or len(tool.description) <= longest:
        return tool
    return msgspec.structs.replace(tool, description=tool.description[: longest - 1] + "…")


def _plain(tool: Tool, abilities: Abilities) -> Tool:
    if tool.parameters is None:
        return tool
    parameters = plain(tool.parameters, abilities)
    return tool if parameters is tool.parameters else msgspec.structs.replace(tool, parameters=parameters)


DESCRIPTIONS = (Rule("tools", _each(_described), lambda abilities: abilities.tool_description_length is not None),)
"""For wires whose service counts a description's characters."""

SCHEMAS = (Rule("schema", _each(_plain), lambda abilities: bool(abilities.schema_refused) or abilities.schema_object),)
"""For every wire."""
