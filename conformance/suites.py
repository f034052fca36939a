"""The suites of C{llm-comply}: which there are, how one is run, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from .installing import Installed, Package
from .results import Row
from .running import Ended, run

PACKAGE = Package("llm-comply")

# Suites by the models that they ask for: of each family one, with reasoning where the family has it.
SUITES: Mapping[str, tuple[str, ...]] = {
    "openai-chat": ("gpt-5", "claude-sonnet-4.5", "gemini-2.5-pro"),
    "open-responses": ("gpt-5", "claude-sonnet-4.5", "gemini-2.5-pro"),
    "anthropic": ("claude-sonnet-4.5", "gpt-5", "gemini-2.5-pro"),
    "google-genai": ("gemini-2.5-pro", "gpt-5", "claude-sonnet-4.5"),
}


class Test(msgspec.Struct, frozen=True):
    """What came of one of a suite's tests."""

    id: str
    status: str
    errors: tuple[str, ...] = ()


class Findings(msgspec.Struct, frozen=True):
    """What C{llm-comply --json} prints."""

    results: tuple[Test, ...]

    def count(self, status: str) -> int:
        """How many tests ended so."""
        return sum(test.status == status for test in self.results)


_findings = msgspec.json.Decoder(Findings)


def comply(tool: Installed, suite: str, model: str, url: str, folder: Path) -> Row:
    """Run one suite for one model. The caller fills in the wire."""
    command = [str(tool.programs / "llm-comply"), "--format", suite, "--model", model, "--json"]
    ended = run([*command, "--base-url", f"{url}/v1", "--api-key", "unused"], tool, url, folder)
    return row(f"{tool.package.name} {tool.version} {suite}", model, ended)


def row(tool: str, model: str, ended: Ended) -> Row:
    """What a run found; a run that printed no findings failed."""
    try:
        findings = _findings.decode(ended.output)
    except msgspec.DecodeError:
        return Row(tool=tool, asks=model, failed=1, remark=ended.last_words)
    failed = [f"{test.id}: {'; '.join(test.errors)}" for test in findings.results if test.status == "failed"]
    return Row(
        tool=tool,
        asks=model,
        passed=findings.count("passed"),
        failed=len(failed),
        skipped=findings.count("skipped"),
        remark=" | ".join(failed),
    )
