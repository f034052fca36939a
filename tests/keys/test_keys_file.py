"""The file with keys: read if it is its owner's alone, written as a whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from argoproxy.config import Config, ConfigFault
from argoproxy.config.keys import ApiKey
from argoproxy.keys import file

A, B = "a" * 64, "b" * 64
KEYS = (
    ApiKey(name="alice", sha256=A, user="alice1", models=("gpt-*",), requests_per_minute=60, expires="2027-01-31"),
    ApiKey(name="bob", sha256=B),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.yaml"


def _written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_what_is_written_is_read_again(path: Path) -> None:
    file.write(str(path), KEYS)
    assert file.read(str(path)) == KEYS
    assert path.stat().st_mode & 0o777 == 0o600
    assert [found.name for found in path.parent.iterdir()] == ["keys.yaml"]


def test_a_file_that_is_written_anew_can_be_told_from_the_old_one(path: Path) -> None:
    assert file.mark(str(path)) is None
    file.write(str(path), KEYS)
    first = file.mark(str(path))
    file.write(str(path), KEYS)
    assert first is not None
    assert file.mark(str(path)) != first


def test_what_a_link_leads_to_is_written(path: Path) -> None:
    link = path.with_name("link.yaml")
    file.write(str(path), KEYS[:1])
    link.symlink_to(path)
    file.write(str(link), KEYS)
    assert link.is_symlink()
    assert file.read(str(path)) == KEYS


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o666, 0o601])
def test_a_file_that_others_can_get_at_is_refused(path: Path, mode: int) -> None:
    _written(path, "keys: []", mode)
    with pytest.raises(ConfigFault) as fault:
        file.read(str(path))
    assert str(fault.value) == f"{path}: others can get at it (mode {mode:04o}): chmod 600 makes it yours alone"


def test_a_file_that_is_not_there_is_refused(path: Path) -> None:
    with pytest.raises(ConfigFault, match=r"keys\.yaml: can't be read \(No such file or directory\)$"):
        file.read(str(path))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("key: []", "1: key: no such key; did you mean keys?"),
        ("keys: 3", "1: keys: must be a list of keys"),
        ("keys:\n- name: a\n", "2: keys.0: must be a mapping with at least name and sha256"),
        (f"keys:\n- name: a\n  sha256: {A}x", "3: keys.0.sha256: must be the SHA-256 of a key, 64 hexadecimal digits"),
        (f"keys:\n- {{name: a, sha256: {A}}}\n- {{name: a, sha256: {B}}}", "3: keys.1.name: must be one that no key"),
        (f"keys:\n- {{name: a, sha256: {A}}}\n- {{name: b, sha256: {A}}}", "3: keys.1.sha256: must be one that no key"),
        ("keys: {", "1: not valid YAML"),
    ],
)
def test_what_is_wrong_in_it_is_told_with_its_line(path: Path, text: str, told: str) -> None:
    _written(path, text)
    with pytest.raises(ConfigFault) as fault:
        file.read(str(path))
    assert str(fault.value).startswith(f"{path}:{told}")
    assert A not in str(fault.value)


def test_an_empty_file_has_no_keys(path: Path) -> None:
    assert file.read(str(_written(path, ""))) == ()


def test_the_configuration_has_its_own_and_those_of_its_file(path: Path) -> None:
    file.write(str(path), KEYS[1:])
    assert file.all_keys(Config(user="someone", keys=KEYS[:1], keys_file=str(path))) == KEYS
    assert file.all_keys(Config(user="someone", keys=KEYS[:1])) == KEYS[:1]


def test_no_two_of_them_have_a_name_in_common(path: Path) -> None:
    file.write(str(path), KEYS)
    with pytest.raises(ConfigFault, match=r"with keys, keys\.1\.name: must be one that no key above it has"):
        file.all_keys(Config(user="someone", keys=KEYS[:1], keys_file=str(path)))


def test_what_can_not_be_written_is_told_and_leaves_nothing_behind(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    file.write(str(path), KEYS)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigFault, match=r"can't be written \(No space left on device\)$"):
        file.write(str(path), ())
    assert [found.name for found in path.parent.iterdir()] == ["keys.yaml"]
    assert file.read(str(path)) == KEYS


def test_its_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "keys.yaml"
    with file.alone(str(path)):
        file.write(str(path), KEYS)
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_is_none_is_told(path: Path) -> None:
    _written(path, "")
    with pytest.raises(ConfigFault, match="its folder can't be had"), file.alone(str(path / "keys.yaml")):
        pass
