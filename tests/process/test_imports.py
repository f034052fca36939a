"""
What is imported until C{/health} answers: it is most of a start, and half of an idle process's memory.

The interpreter itself tells what it imports. Nothing here measures time.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.process.twistd import ROOT, Twistd, until

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
# What serves; and what of it, and of ours, is there to say that the process lives.
SERVING = {"argoproxy.composition", "argoproxy.registry", "argoproxy.net.routes", "klein", "treq"}
LIVING = {
    "argoproxy.config",
    "argoproxy.conversation",
    "argoproxy.daemon",
    "argoproxy.dialects",
    "argoproxy.dialects.openai_errors",
    "argoproxy.endpoints",
    "argoproxy.errors",
    "argoproxy.front",
    "argoproxy.interfaces",
    "argoproxy.listening",
    "argoproxy.logs",
    "argoproxy.net",
    "argoproxy.net.channel",
    "argoproxy.net.chunks",
    "argoproxy.net.head",
    "argoproxy.net.headers",
    "argoproxy.net.health",
    "argoproxy.net.hosts",
    "argoproxy.net.later",
    "argoproxy.net.names",
    "argoproxy.net.origins",
    "argoproxy.net.record",
    "argoproxy.net.reply",
    "argoproxy.net.request",
    "argoproxy.net.sending",
    "argoproxy.net.site",
    "argoproxy.prompt",
    "argoproxy.service",
    "argoproxy.signals",
    "argoproxy.soundness",
    "argoproxy.systemd",
    "argoproxy.tuning",
}
# Packages of ours whose modules are needed as a whole or not at all.
WHOLE = {"argoproxy.config", "argoproxy.conversation"}
OTHERS = {"backports", "klein", "packaging", "splintr", "stringprep", "treq", "werkzeug", "yaml"}
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


# What a process has imported when it says that it lives, and when it serves. Nothing of it is a matter of time.
_STAGES = """
import sys
from argoproxy.tap import Options, makeService
from twisted.internet.testing import StringTransport

options = Options()
options.parent = {}
options.parseOptions(["--port", "0", "--user", "someone"])
(service,) = makeService(options)
(listening,) = service
channel = listening._factory.buildProtocol(None)
transport = StringTransport()
channel.makeConnection(transport)
channel.dataReceived(b"GET /health HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
listening._factory.later.catch_up()
assert b" 200 " in transport.value(), transport.value()
print(*sys.modules)
service.load()
print(*sys.modules)
"""


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> list[set[str]]:
    """The two of them, where no file configures anything."""
    nowhere = tmp_path_factory.mktemp("nowhere")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ARGOPROXY_")}
    done = subprocess.run(
        [sys.executable, "-c", _STAGES],
        capture_output=True,
        text=True,
        check=True,
        cwd=nowhere,
        env=environment | {"HOME": str(nowhere), "PYTHONPATH": str(ROOT)},
    )
    return [set(line.split()) for line in done.stdout.splitlines()]


def _ours(modules: set[str]) -> set[str]:
    names = (next((whole for whole in WHOLE if f"{name}.".startswith(f"{whole}.")), name) for name in modules)
    return {name for name in names if name.startswith("argoproxy.")}


def test_a_process_says_that_it_lives_with_little(stages: list[set[str]]) -> None:
    first, _ = stages
    assert _ours(first) - LISTED == LIVING
    assert not first & OTHERS


def test_a_moment_later_it_has_what_it_serves_with_and_no_more(stages: list[set[str]]) -> None:
    first, then = stages
    assert then >= SERVING
    assert not first & SERVING
    assert {name: why for name, why in LATER.items() if name in then} == {}


def test_a_running_proxy_loads_that_by_itself(alone: Twistd) -> None:
    alone.environment["PYTHONPROFILEIMPORTTIME"] = "1"
    with alone.running("argoproxy", "--port", str(alone.port)):
        # The last of it.
        until(lambda: "argoproxy.proxy" in _imported(alone.output()), "loaded")
        assert {name: why for name, why in LATER.items() if name in _imported(alone.output())} == {}


def test_a_supervisor_imports_nothing_that_serves(alone: Twistd) -> None:
    imported = _until_it_answers(alone, "--workers", "2")
    assert "argoproxy.workers.supervisor" in imported
    assert not imported & SERVING


def test_what_is_asked_for_is_imported(alone: Twistd) -> None:
    """Else the tests above would hold whatever is imported."""
    assert "argoproxy.simulator" in _until_it_answers(alone, "--simulator")


def test_the_command_line_is_listed_with_next_to_nothing() -> None:
    """Everybody's C{twistd --help} imports it, and the reactor may not be chosen yet."""
    code = "import argoproxy.tap, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = set(done.stdout.split())
    assert {name for name in modules if name.partition(".")[0] == "argoproxy"} == LISTED
    assert not modules & {"twisted.internet.reactor", "twisted.web.server", "klein", "treq", "yaml", "OpenSSL"}
