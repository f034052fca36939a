"""What a configuration lacks is told before anything serves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from argoproxy import soundness
from argoproxy.config import Config, ConfigFault
from argoproxy.config.keys import ApiKey
from argoproxy.keys import file
from argoproxy.soundness import check


@pytest.mark.parametrize("known", [{"user": "someone"}, {"use_simulator": True}, {"username_passthrough": True}])
def test_argo_knows_who_asks(known: dict[str, Any]) -> None:
    check(Config(**known))


def test_argo_must_know_who_asks() -> None:
    with pytest.raises(ConfigFault, match=r"^user: not set, and ARGO must know who asks$"):
        check(Config())


@pytest.mark.parametrize(("found", "sound"), [(object(), True), (None, False)])
def test_pictures_are_made_smaller_only_where_pillow_is(
    found: object, sound: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soundness, "find_spec", lambda name: found)
    check(Config(user="someone"))
    if sound:
        check(Config(user="someone", max_image_mb=1.0))
        return
    with pytest.raises(ConfigFault, match=r"^max_image_mb: needs Pillow: "):
        check(Config(user="someone", max_image_mb=1.0))


KEY = ApiKey(name="a", sha256="a" * 64)
LIMITED = ApiKey(name="b", sha256="b" * 64, concurrency=1)


@pytest.mark.parametrize("given", ["keys", "keys_file"])
def test_a_clients_key_is_a_name_or_is_given_out(given: str, tmp_path: Path) -> None:
    path = str(tmp_path / "keys.yaml")
    file.write(path, [KEY])
    keys: dict[str, Any] = {"keys": [KEY]} if given == "keys" else {"keys_file": path}
    check(Config(user="someone", **keys))
    with pytest.raises(ConfigFault, match=r"^username_passthrough: a client's key can't be its user's name"):
        check(Config(username_passthrough=True, **keys))


@pytest.mark.parametrize("given", [{"keys": [KEY]}, {"keys_file": "keys.yaml"}])
def test_not_every_page_may_call_where_keys_are_given_out(given: Any) -> None:
    check(Config(user="someone", cors_origins=("*",)))
    with pytest.raises(ConfigFault, match=r"^cors_origins: where keys are given out origins must be named"):
        check(Config(user="someone", cors_origins=("https://a.gov", "*"), **given))


def test_the_file_with_keys_is_read_before_anything_serves(tmp_path: Path) -> None:
    path = tmp_path / "keys.yaml"
    file.write(str(path), [KEY])
    path.chmod(0o644)
    with pytest.raises(ConfigFault, match=r"keys\.yaml: others can get at it"):
        check(Config(user="someone", keys_file=str(path)))


def test_a_store_needs_what_speaks_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    check(Config(user="someone", limits_store="redis://127.0.0.1"))
    check(Config(user="someone", limits_store="redis://:word@127.0.0.1"))
    check(Config(user="someone", limits_store="redis://proxy@127.0.0.1", limits_store_password="word"))
    with pytest.raises(ConfigFault, match=r"^limits_store: names a user, and there is no password"):
        check(Config(user="someone", limits_store="redis://proxy@127.0.0.1"))
    monkeypatch.setattr(soundness, "find_spec", lambda name: None)
    with pytest.raises(ConfigFault, match=r"^limits_store: needs txredisapi: pip install 'argoproxy\[redis\]'$"):
        check(Config(user="someone", limits_store="redis://127.0.0.1"))


@pytest.mark.parametrize("limited", [{"keys": [KEY, LIMITED]}, {"limits": {"per_user": {"concurrency": 1}}}])
def test_workers_share_the_account_of_limits(limited: dict[str, Any]) -> None:
    check(Config(user="someone", **limited))
    check(Config(user="someone", workers=2, keys=(KEY,)))
    check(Config(user="someone", workers=2, limits_store="redis://127.0.0.1", **limited))
    with pytest.raises(ConfigFault, match=r"^limits: each worker would count for itself: "):
        check(Config(user="someone", workers=2, **limited))


@pytest.mark.parametrize("address", ["argo_base_url", "argo_url", "argo_model_url"])
def test_several_environments_have_no_address_of_their_own(address: str) -> None:
    one: dict[str, Any] = {"user": "someone", address: "http://argo.example"}
    check(Config(**one))
    check(Config(user="someone", environment=("prod", "dev")))
    with pytest.raises(ConfigFault, match=r"^environment: there can be only one beside "):
        check(Config(**one, environment=("prod", "dev")))
