"""Keys and limits as an operator writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from argoproxy.config import Config, ConfigFault, load
from argoproxy.config.keys import ApiKey
from argoproxy.conversation import Limits
from argoproxy.net.peers import News
from argoproxy.workers.messages import Begin, commands, fields, line

A, B = "a" * 64, "b" * 64


def _loaded(tmp_path: Path, text: str) -> Config:
    file = tmp_path / "config.yaml"
    file.write_text(f"user: someone\n{text}")
    return load(str(file))


def test_a_key_has_an_owner_and_limits(tmp_path: Path) -> None:
    text = f"""
keys:
  - name: alice@anl
    sha256: {A.upper()}
    user: Alice
    models: [gpt-4o, "claude*"]
    requests_per_minute: 60
    tokens_per_minute: 100000
    tokens_per_day: 1000000
    concurrency: 4
    expires: 2027-01-31
  - {{name: b, sha256: {B}}}
limits:
  per_user: {{requests_per_minute: 100}}
  per_address: {{concurrency: 8}}
limits_store: redis://[::1]:6380/2
limits_when_away: open
"""
    config = _loaded(tmp_path, text)
    first, second = config.keys
    assert first == ApiKey(
        name="alice@anl",
        sha256=A,
        user="alice",
        models=("gpt-4o", "claude*"),
        requests_per_minute=60,
        tokens_per_minute=100_000,
        tokens_per_day=1_000_000,
        concurrency=4,
        expires="2027-01-31",
    )
    assert first.expires_at == 1_801_439_999.999999
    assert second == ApiKey(name="b", sha256=B)
    assert second.expires_at is None
    assert config.limits == {"per_user": Limits(requests_per_minute=100), "per_address": Limits(concurrency=8)}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("keys: 3", "keys: must be a list of keys"),
        ("keys: [3]", "keys.0: must be a mapping with at least name and sha256"),
        (f"keys: [{{sha256: {A}}}]", "keys.0: must be a mapping with at least name and sha256"),
        (f"keys: [{{name: a b, sha256: {A}}}]", "keys.0.name: must be a name of up to 64 letters"),
        (f"keys: [{{name: a, sha256: {A}, model: [x]}}]", "keys.0.model: no such key; did you mean keys.0.models?"),
        (f"keys: [{{name: a, sha256: {A}, models: x}}]", "keys.0.models: must be a list of models, or patterns"),
        (f"keys: [{{name: a, sha256: {A}, user: a b}}]", "keys.0.user: must be a user name"),
        (f"keys: [{{name: a, sha256: {A}, expires: 2027-02-30}}]", "keys.0.expires: must be a date (2027-01-31) or"),
        (f"keys: [{{name: a, sha256: {A}, concurrency: 0}}]", "keys.0.concurrency: must be a whole number from 1"),
        ("limits: {per_key: {}}", "limits.per_key: must be named by per_user or per_address"),
        ("limits: {per_user: 3}", "limits.per_user: must be a mapping of limits: requests_per_minute, "),
        ("limits: {per_user: {tokens: 3}}", "limits.per_user.tokens: no such key"),
        ("limits_store: redis://someone:secret@", "limits_store: must be redis://HOST:PORT/NUMBER, "),
        ("limits_store: redis://h:65536", "limits_store: must be redis://HOST:PORT/NUMBER, "),
        ("limits_store: redis://h:0", "limits_store: must be redis://HOST:PORT/NUMBER, "),
        ("limits_store: unix://secret.sock", "limits_store: must be redis://HOST:PORT/NUMBER, "),
        ("limits_when_away: maybe", "limits_when_away: must be open or closed"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigFault) as fault:
        _loaded(tmp_path, text)
    assert str(fault.value).startswith(f"{tmp_path}/config.yaml:2: {told}")
    assert A not in str(fault.value)
    assert "secret" not in str(fault.value)


@pytest.mark.parametrize(
    "store",
    [
        "redis://h",
        "rediss://someone:se%40cret@h:6380/2",
        "redis://:secret@[::1]",
        "unix:///run/redis/redis.sock",
        "unix://someone:secret@/run/redis.sock?db=3",
    ],
)
def test_a_store_can_be_written_as_elsewhere(tmp_path: Path, store: str) -> None:
    assert _loaded(tmp_path, f"limits_store: {store}").limits_store == store


def test_a_worker_is_told_the_same() -> None:
    key: dict[str, Any] = {"name": "a", "sha256": A, "expires": "2027-01-31T10:00:00Z", "models": ["x"]}
    given: dict[str, Any] = {"keys": [key], "limits": {"per_user": {"concurrency": 1}}}
    config = Config(user="someone", **given)
    begin = Begin(slot=0, slots=2, config=fields(config), reactor="", syslog=None, news=News())
    told = commands.decode(line(begin))
    assert isinstance(told, Begin)
    again = Config(**told.config)
    assert (again.keys, again.limits) == (config.keys, config.limits)
    assert msgspec.json.encode(again.keys) == msgspec.json.encode(config.keys)
