"""
The deprecated C{functions} of Chat Completions, read as tools.

They differ in that a reply has room for one call: the model is asked for no more, and of several only the first is
shown; it makes the others again once it has that one's answer.
"""

from __future__ import annotations

from typing import Literal

from argoproxy.conversation import Tool, ToolChoice
from argoproxy.vocabulary.openai import FunctionName, FunctionSpec

from .openai_tools import checked, fitting

Functions = tuple[FunctionSpec, ...]
FunctionChoice = Literal["none", "auto"] | FunctionName


def read_functions(functions: Functions, choice: FunctionChoice | None) -> tuple[tuple[Tool, ...], ToolChoice | None]:
    """
    The functions as tools, and which of them the model may or must call.

    @raise ClientFault: they don't fit each other.
    """
    tools = tuple(checked(spec, f"functions[{index}].parameters") for index, spec in enumerate(functions))
    return tools, fitting(_neutral(choice), tools, "function_call")


def _neutral(choice: FunctionChoice | None) -> ToolChoice | None:
    if choice is None:
        return None
    return ToolChoice("named", choice.name) if isinstance(choice, FunctionName) else ToolChoice(choice)
