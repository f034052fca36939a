"""The clients of C{examples/clients}: what each is installed from, and whether its example works."""

from __future__ import annotations

from pathlib import Path

import attrs

from .installing import ROOT, Installed, Package
from .results import Row
from .running import Ended, run

_EXAMPLES = ROOT / "examples" / "clients"
# Every answer of a simulated model says so.
_ANSWER = "simulated."


@attrs.frozen
class Client:
    """A program or library that people use, and the example that uses it."""

    package: Package
    example: str


CLIENTS = (
    Client(Package("langchain-openai"), "langchain_gpt.py"),
    Client(Package("langchain-anthropic"), "langchain_claude.py"),
    Client(Package("llm"), "llm.sh"),
    Client(Package("aider-chat"), "aider.sh"),
    Client(Package("@anthropic-ai/claude-code", "npm"), "claude_code.sh"),
    Client(Package("@openai/codex", "npm"), "codex.sh"),
    Client(Package("@google/gemini-cli", "npm"), "gemini_cli.sh"),
    Client(Package("opencode-ai", "npm"), "opencode.sh"),
)


def use(client: Client, tool: Installed, url: str, folder: Path) -> Row:
    """Run a client's example. The caller fills in the wire."""
    program = str(tool.programs / "python") if client.example.endswith(".py") else "sh"
    ended = run([program, str(_EXAMPLES / client.example)], tool, url, folder)
    return row(f"{tool.package.name} {tool.version}", ended)


def row(tool: str, ended: Ended) -> Row:
    """One test: whether it ended well, and has a model's answer to show."""
    works = ended.status == 0 and _ANSWER in ended.output
    return Row(tool=tool, passed=int(works), failed=int(not works), remark="" if works else ended.last_words)
