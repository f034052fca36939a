"""What supervisor and workers say: it arrives as it was sent, in whatever pieces."""

from __future__ import annotations

from typing import Any

import pytest

from argoproxy.config import KEYS, Config, SimulatorOptions, load
from argoproxy.net.peers import Condition, Fleet, Heartbeat, News, Requests
from argoproxy.workers.messages import (
    Begin,
    Cover,
    Cut,
    Frames,
    Joined,
    Learnt,
    Ready,
    Report,
    Retire,
    Stop,
    Uncover,
    commands,
    fields,
    line,
    reports,
)

# Values that differ from the defaults, for keys whose own say little.
VALUES: dict[str, Any] = {
    "user": "someone",
    "listen": ("tcp:1", "ssl:2:privateKey=key.pem"),
    "routes": {"gpt*": "gateway"},
    "model_aliases": {"fast": "gpt-4o"},
    "abilities": {"gpt4o": {"top_p": False}},
    "resolve_overrides": {"apps.inside.anl.gov:443": "127.0.0.1"},
    "simulator": SimulatorOptions(first_byte_delay=0.5, fault="status=503"),
    "request_timeout": 2.5,
    "max_image_mb": 5.0,
    "workers": 3,
    "unknown_model_fallback": "gpt-4o",
}


@pytest.mark.parametrize("config", [Config(), Config(**VALUES), load(options={"use_simulator": True})])
def test_a_configuration_arrives_as_it_was(config: Config) -> None:
    begin = Begin(slot=1, slots=2, config=fields(config), reactor="r", syslog=None, news=News())
    sent = line(begin)
    assert sent.count(b"\n") == 1
    arrived = commands.decode(sent)
    assert isinstance(arrived, Begin)
    there = Config(**arrived.config)
    assert {key.name: getattr(there, key.name) for key in KEYS} == {key.name: getattr(config, key.name) for key in KEYS}
    assert (arrived.slot, arrived.news, there.source) == (1, News(), config.source)


@pytest.mark.parametrize(
    "command", [Cover(3), Uncover(3), Retire(), Stop(), Cut(), Joined(Fleet()), Learnt(News(models="[]"))]
)
def test_commands_arrive(command: Any) -> None:
    assert commands.decode(line(command)) == command


@pytest.mark.parametrize(
    "told", [Ready(), Report(Condition(Requests(1, 2), Heartbeat(True, 1.0, None))), Learnt(News(latest="2.0"))]
)
def test_reports_arrive(told: Any) -> None:
    assert reports.decode(line(told)) == told


def test_pieces_are_put_together() -> None:
    frames = Frames()
    assert [frames.feed(bytes([byte])) for byte in b"ab\n\nc"] == [[], [], [b"ab"], [b""], []]
    assert (frames.rest, frames.feed(b"\nd\ne")) == (b"c", [b"c", b"d"])
    assert frames.rest == b"e"
