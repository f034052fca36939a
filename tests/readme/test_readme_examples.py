"""Every example in the documents does what it is said to do."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.readme.blocks import Example, examples
from tests.running import ROOT, Argo, Running, environment

pytest_plugins = ["tests.services"]

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = [example for document in DOCUMENTS for example in examples(document)]
SHELL = [example for example in EXAMPLES if example.kind == "sh"]
PYTHON = [example for example in EXAMPLES if example.kind == "python"]
SESSION = Path(__file__).with_name("session.py")
_PATIENCE = 30


@pytest.fixture(scope="session")
def ports(simulated: Running, argosim: Argo) -> dict[str, int]:
    """What listens in place of the ports that documents name."""
    return {"44497": simulated.port, "44498": argosim.port}


@pytest.fixture(scope="session")
def said(ports: dict[str, int]) -> dict[str, str]:
    """What the examples in Python printed, by their places."""
    sources = json.dumps([example.at(ports) for example in PYTHON])
    done = subprocess.run(
        [sys.executable, str(SESSION)],
        input=sources,
        capture_output=True,
        text=True,
        env=environment(),
        timeout=_PATIENCE,
        check=True,
    )
    return dict(zip([example.place for example in PYTHON], json.loads(done.stdout), strict=True))


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("example", SHELL, ids=lambda example: example.place)
def test_a_command_prints_what_is_shown(example: Example, ports: dict[str, int]) -> None:
    done = subprocess.run(
        ["sh", "-eu", "-c", example.at(ports)],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=_PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert example.agrees(done.stdout), done.stdout


@pytest.mark.parametrize("example", PYTHON, ids=lambda example: example.place)
def test_python_prints_what_is_shown(example: Example, said: dict[str, str]) -> None:
    assert example.agrees(said[example.place]), said[example.place]


def test_the_readme_has_an_example_of_every_path() -> None:
    """Every path is asked by curl, and every endpoint of the public APIs' by its SDK as well."""
    commands = "\n".join(example.source for example in examples(ROOT / "README.md") if example.kind == "sh")
    for path in _PATHS:
        assert any(f"44497{path}{end}" in commands for end in (" ", "\n", "?", "'")), path
    python = "\n".join(example.source for example in examples(ROOT / "README.md") if example.kind == "python")
    for call in _CALLS:
        assert call in python, call


_CALLS = (
    "client.chat.completions.create",
    "client.completions.create",
    "client.responses.",
    "client.embeddings.create",
    "client.models.list",
    "claude.messages.create",
    "claude.messages.stream",
    "claude.beta.messages.tool_runner",
    "gemini.models.generate_content",
    "gemini.models.count_tokens",
    "gemini.models.embed_content",
    "gemini.chats.create",
)
_PATHS = (
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/responses",
    "/v1/embeddings",
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/v1beta/models/gemini-2.5-pro:generateContent",
    "/v1beta/models/gemini-2.5-pro:streamGenerateContent",
    "/v1/models",
    "/v1/models/claude-4.5-sonnet",
    "/v1/chat",
    "/v1/embed",
    "/health",
    "/health/ready",
    "/version",
    "/openapi.json",
    "/refresh",
)


@pytest.mark.parametrize(
    ("shown", "output", "agrees"),
    [
        ('{"a": …}', '{"a":1}\n', True),
        ('{"a": 1}', '{"a":2}', False),
        ("a…b", "a b c", False),
        ("a…b…", "a.b.c", True),
        ("one two", "onetwo\n", True),
        ("a.c", "abc", False),
    ],
)
def test_an_output_is_compared_up_to_what_is_left_out(shown: str, output: str, agrees: bool) -> None:
    assert Example("", "sh", "", shown).agrees(output) is agrees


def test_an_example_without_an_output_is_a_mistake(tmp_path: Path) -> None:
    document = tmp_path / "x.md"
    document.write_text("words\n```sh\ntrue\n```\nmore words\n```text\nx\n```\n")
    with pytest.raises(AssertionError, match=r"x\.md:2: no output"):
        examples(document)
