"""
What is imported until C{/health} answers: it is most of a start, and half of an idle process's memory.

The interpreter itself tells what it imports. Nothing here measures time.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.process.twistd import Twistd, until

# What a proxy that has served nothing yet must not have: packages, and our own parts.
LATER = {
    "PIL": "shrinks pictures",
    "argoproxy.description": "describes what is served",
    "argoproxy.keys.command": "is a command of its own",
    "argoproxy.quotas.shared": "shares limits",
    "argoproxy.simulator": "plays ARGO",
    "argoproxy.testing": "is for tests",
    "argoproxy.workers": "is for several processes",
    "backports": "unpacks bodies",
    "jsonschema": "judges what fits a shape",
    "referencing": "judges what fits a shape",
    "txredisapi": "shares limits",
}
# What serves.
SERVING = {"argoproxy.service", "argoproxy.registry", "argoproxy.net.routes", "klein", "treq"}
# Of our own, what C{twistd} imports to list its commands.
LISTED = {"argoproxy", "argoproxy.tap"}


def _imported(output: str) -> set[str]:
    """Modules from C{-X importtime}'s lines. Those of workers have the log's own beginning, and don't count."""
    lines = [line for line in output.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


def _until_it_answers(twistd: Twistd, *arguments: str) -> set[str]:
    twistd.environment["PYTHONPROFILEIMPORTTIME"] = "1"
    with twistd.running("argoproxy", "--port", str(twistd.port), *arguments) as process:
        until(twistd.healthy, "healthy")
        assert process.poll() is None, twistd.output()
        return _imported(twistd.output())


@pytest.fixture
def alone(twistd: Twistd) -> Twistd:
    """Configured to need nothing beyond the machine."""
    twistd.configure("user: someone\nargo_base_url: http://127.0.0.1:9\nupdate_check: false\n")
    return twistd


def test_a_proxy_imports_what_it_serves_with_and_no_more(alone: Twistd) -> None:
    imported = _until_it_answers(alone)
    assert imported >= SERVING
    assert {name: why for name, why in LATER.items() if name in imported} == {}


def test_a_supervisor_imports_nothing_that_serves(alone: Twistd) -> None:
    imported = _until_it_answers(alone, "--workers", "2")
    assert "argoproxy.workers.supervisor" in imported
    assert not imported & SERVING


def test_what_is_asked_for_is_imported(alone: Twistd) -> None:
    """Else the test above would hold whatever is imported."""
    assert "argoproxy.simulator" in _until_it_answers(alone, "--simulator")


def test_the_command_line_is_listed_with_next_to_nothing() -> None:
    """Everybody's C{twistd --help} imports it, and the reactor may not be chosen yet."""
    code = "import argoproxy.tap, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = set(done.stdout.split())
    assert {name for name in modules if name.partition(".")[0] == "argoproxy"} == LISTED
    assert not modules & {"twisted.internet.reactor", "twisted.web.server", "klein", "treq", "yaml", "OpenSSL"}
