"""The examples run, and do what they say."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
import sys
import urllib.error
from pathlib import Path

import pytest

from argoproxy.config import KEYS, SIMULATOR_KEYS, Config, load
from argoproxy.tap import Options
from tests.running import ROOT, TWISTD, free_port, started

EXAMPLES = ROOT / "examples"
UNITS = [EXAMPLES / "argoproxy.service", EXAMPLES / "systemd" / "argoproxy.service"]
CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}

# The programs: how each is run, and the path that the proxy is at.
PROGRAMS = [
    ("embed_service.py", [TWISTD, "--nodaemon", "--pidfile=", "--python"], ""),
    ("embed_site.py", [sys.executable], ""),
    ("embed_resource.py", [sys.executable], "/argo"),
]


@pytest.mark.parametrize(("name", "command", "path"), PROGRAMS, ids=[row[0] for row in PROGRAMS])
def test_a_program_serves_the_proxy(tmp_path: Path, name: str, command: list[str], path: str) -> None:
    port = free_port()
    copy = tmp_path / name
    copy.write_text((EXAMPLES / name).read_text().replace("44497", str(port)))
    with started([*command, str(copy)], tmp_path, port) as running:
        reply = running.ask("POST", f"{path}/v1/chat/completions", CHAT)
        assert reply["choices"][0]["message"]["content"] == 'This is GPT-4o, simulated. You wrote: "Hello".'
        assert running.ask("GET", f"{path}/version")["simulator"] is True
        with pytest.raises(urllib.error.HTTPError) as told:
            running.ask("GET", f"{path}/nowhere")
        with told.value:
            assert told.value.code == 404
            assert b'"code":"not_found"' in told.value.read()
    assert "Main loop terminated" in running.log.read_text()
    assert "Traceback" not in running.log.read_text()


def test_the_configuration_loads_without_a_word() -> None:
    config = load(str(EXAMPLES / "config.yaml"))
    assert config.notices == ()
    assert config.user == "someone"


def test_every_key_stands_in_the_configuration_and_can_be_set(tmp_path: Path) -> None:
    text = (EXAMPLES / "config.yaml").read_text()
    for key in (*(key for key in KEYS if key.in_file), *SIMULATOR_KEYS):
        assert re.search(rf"^#? *{key.name}:", text, re.MULTILINE), key.name
    whole = tmp_path / "config.yaml"
    whole.write_text(_uncommented(text))
    assert load(str(whole)).notices == ()


def test_what_is_shown_as_a_default_is_one(tmp_path: Path) -> None:
    """All but the keys that have none and are examples."""
    whole = tmp_path / "config.yaml"
    whole.write_text(_uncommented((EXAMPLES / "config.yaml").read_text()))
    config, default = load(str(whole)), Config()
    for key in KEYS:
        if key.default not in (None, ()) and key.name not in (
            "abilities",
            "fallbacks",
            "limits",
            "max_upstream",
            "model_aliases",
            "resolve_overrides",
            "routes",
            "simulator",
        ):
            assert getattr(config, key.name) == getattr(default, key.name), key.name


def _uncommented(text: str) -> str:
    return re.sub(r"^#(?=[a-z_]+:|  )", "", text, flags=re.MULTILINE)


def _unit(path: Path) -> configparser.SectionProxy:
    # Some settings stand there several times.
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]  # its documented use
    unit.read(path)
    return unit["Service"]


@pytest.mark.parametrize("path", UNITS, ids=["user", "system"])
def test_a_unit_gives_options_that_there_are(path: Path) -> None:
    from twisted.scripts.twistd import ServerOptions  # type: ignore[attr-defined]  # what it runs by

    command = shlex.split(_unit(path)["ExecStart"])
    assert command[0].endswith("/twistd")
    place = command.index("argoproxy")
    twistd = ServerOptions()
    twistd.parseOptions(command[1:place])
    assert (twistd["nodaemon"], twistd["pidfile"], twistd["logfile"]) == (1, "", "-")
    options = Options()
    options.parseOptions(command[place + 1 :])
    assert options["config"].endswith("/argoproxy/config.yaml")


@pytest.mark.parametrize("path", UNITS, ids=["user", "system"])
def test_a_unit_waits_for_running_requests(path: Path) -> None:
    assert float(_unit(path)["TimeoutStopSec"]) > Config().drain_delay + Config().shutdown_grace


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("path", UNITS, ids=["user", "system"])
def test_systemd_understands_a_unit(tmp_path: Path, path: Path) -> None:
    command = shlex.split(_unit(path)["ExecStart"])[0]
    for part in path.parent.glob("argoproxy.*"):
        (tmp_path / part.name).write_text(part.read_text().replace(command, TWISTD))
    units = [str(unit) for unit in tmp_path.iterdir()]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if "argoproxy." in line] == []
