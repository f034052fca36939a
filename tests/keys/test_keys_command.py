"""The command that makes, shows and revokes keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from argoproxy.config import ConfigFault
from argoproxy.keys import file, token
from argoproxy.keys.command import run


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "keys.yaml")


def _said(path: str, *arguments: str) -> list[str]:
    said: list[str] = []
    run(["keys", "--file", path, *arguments], {}, said.append)
    return said


def test_a_key_is_shown_once_and_only_its_digest_is_kept(path: str) -> None:
    (made,) = _said(path, "add", "alice")
    (key,) = file.read(path)
    assert (key.name, key.sha256) == ("alice", token.digest(made))
    assert made not in Path(path).read_text()
    assert _said(path, "list") == ["alice"]


def test_what_a_key_may_is_kept_and_shown(path: str) -> None:
    limits = ["--requests-per-minute", "60", "--tokens-per-day=1000000", "--concurrency", "4"]
    _said(path, "add", "alice", "--user", "Alice1", "--models", "gpt-*,claude*", *limits, "--expires", "2027-01-31")
    (key,) = file.read(path)
    assert (key.user, key.models, key.requests_per_minute, key.concurrency) == ("alice1", ("gpt-*", "claude*"), 60, 4)
    told = "user=alice1  models=gpt-*,claude*  requests_per_minute=60  tokens_per_day=1000000  concurrency=4"
    assert _said(path, "list") == [f"alice  {told}  expires=2027-01-31"]


def test_a_key_is_revoked_by_its_name(path: str) -> None:
    for name in ("alice", "bob"):
        _said(path, "add", name)
    assert _said(path, "revoke", "alice") == ["alice is revoked"]
    assert _said(path, "list") == ["bob"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["add", "bob"], "there is a key of that name; revoke it, or choose another name"),
        (["add", "a b"], "name: must be a name of up to 64 letters"),
        (["add", "c", "--concurrency", "0"], "concurrency: must be a whole number from 1 to 1000000000000, found 0"),
        (["add", "c", "--expires", "soon"], "expires: must be a date (2027-01-31) or a date and a time"),
        (["add", "c", "--models", "gpt-4o,,"], "models: must be a list of models"),
        (["revoke", "alice"], "there is no key of that name"),
    ],
)
def test_what_can_not_be_is_told_and_changes_nothing(path: str, arguments: list[str], told: str) -> None:
    _said(path, "add", "bob")
    before = Path(path).read_bytes()
    with pytest.raises(ConfigFault) as fault:
        _said(path, *arguments)
    assert told in str(fault.value)
    assert Path(path).read_bytes() == before


@pytest.mark.parametrize("arguments", [[], ["keys"], ["keys", "add"], ["keys", "remove", "x"], ["serve"]])
def test_arguments_that_mean_nothing_are_told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(arguments, {}, print)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: argoproxy")


def test_the_configuration_says_which_file(path: str, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(f"user: someone\nkeys_file: {path}\n")
    said: list[str] = []
    run(["keys", "--config", str(config), "add", "alice"], {}, said.append)
    run(["keys", "list"], {"ARGOPROXY_CONFIG": str(config)}, said.append)
    assert said[1:] == ["alice"]
    config.write_text("user: someone\n")
    with pytest.raises(ConfigFault, match="keys_file: not set"):
        run(["keys", "--config", str(config), "list"], {}, said.append)


@pytest.mark.parametrize(
    "others", ["", "user: someone\n", "colour: red\nport: none\n", "workers: many\nca_file: 3\nlimits: [1]\n"]
)
def test_all_else_that_the_configuration_says_is_no_matter(path: str, tmp_path: Path, others: str) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(f"{others}keys_file: {path}\n")
    said: list[str] = []
    for arguments in (["add", "alice"], ["list"], ["revoke", "alice"]):
        run(["keys", "--config", str(config), *arguments], {}, said.append)
    assert said[1:] == ["alice", "alice is revoked"]


def test_the_environment_alone_may_say_which_file(path: str, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("keys_file: /nowhere/else\n")
    said: list[str] = []
    run(["keys", "--config", str(config), "add", "alice"], {"ARGOPROXY_KEYS_FILE": path}, said.append)
    assert _said(path, "list") == ["alice"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("keys_file: [a]\n", "config.yaml:1: keys_file: must be a path"),
        ("user: someone\nuser: [", "config.yaml:2: not valid YAML"),
    ],
)
def test_a_configuration_that_does_not_say_which_file_is_told_of(tmp_path: Path, text: str, told: str) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(text)
    with pytest.raises(ConfigFault) as fault:
        run(["keys", "--config", str(config), "list"], {}, print)
    assert told in str(fault.value)


def test_which_file_may_stand_behind_what_is_to_be_done(path: str) -> None:
    said: list[str] = []
    run(["keys", "add", "alice", "--file", path], {}, said.append)
    run(["keys", "list", "-f", path], {}, said.append)
    assert said[1:] == ["alice"]


def test_a_list_of_what_is_not_there_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault, match="can't be read"):
        _said(str(tmp_path / "folder" / "keys.yaml"), "list")
    assert list(tmp_path.iterdir()) == []
