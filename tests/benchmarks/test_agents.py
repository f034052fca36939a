"""The users of coding agents, and the fronts: what is drawn, sent and read of them, without a network."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from pathlib import Path
from random import Random

import pytest

from benchmarks.asking import Connection, Reply
from benchmarks.crowd import Call, failed, faults
from benchmarks.fronts import FRONTS, adapted
from benchmarks.habits import Habits, steps
from benchmarks.histories import AGENTS, Agent
from benchmarks.program import ProgramFault

HABITS = Habits()
STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Served-By: a\r\n\r\n6\r\n[DONE]\r\n0\r\n\r\n"
WHOLE = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n[DONE]"
EXAMPLES = Path(__file__).parents[2] / "examples" / "scale"


def test_a_user_does_what_the_habits_allow_and_the_same_again() -> None:
    drawn = list(itertools.islice(steps(HABITS, Random(1)), 500))
    assert drawn == list(itertools.islice(steps(HABITS, Random(1)), 500))
    assert all(1 <= step.messages <= HABITS.messages for step in drawn)
    assert all(HABITS.tokens[0] <= step.tokens <= HABITS.tokens[1] for step in drawn)
    assert all(0 <= step.wait <= HABITS.thinking[1] for step in drawn)
    assert {later.messages - step.messages for step, later in itertools.pairwise(drawn)} == {2, 1 - 199}


@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: str(agent.path))
def test_requests_grow_with_their_history_to_about_200_kilobytes(agent: Agent) -> None:
    history = agent.history(200)
    sizes = []
    for messages in (1, 101, 199):
        body = history.body(messages, 300, 20_000)
        sizes.append(len(body))
        asked = json.loads(body)
        said = asked.get("messages") or asked["input"]
        assert len(said) == messages
        assert "[[pieces=300 size=4 gap=20000 hold=0 step=0]]" in said[0]["content"]
        assert asked["stream"] is True
        assert len(asked["tools"]) == 30
    assert sizes[0] < 30_000 < sizes[1] < 180_000 < sizes[2] < 220_000


class _Transport(asyncio.Transport):
    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass

    def is_closing(self) -> bool:
        return False


async def _reply(pieces: list[bytes], ending: bytes = b"[DONE]") -> Reply:
    connection = Connection()
    connection.connection_made(_Transport())
    reply = connection.ask(b"", ending)
    for piece in pieces:
        connection.data_received(piece)
    connection.connection_lost(None)
    return await reply


@pytest.mark.parametrize("text", [STREAM, WHOLE])
def test_a_reply_is_read_however_it_is_cut(text: bytes) -> None:
    for pieces in ([text], [bytes([one]) for one in text]):
        reply = asyncio.run(_reply(pieces))
        assert (reply.status, reply.complete) == (200, True)
        assert reply.begun is not None


@pytest.mark.parametrize("text", [STREAM, WHOLE])
def test_a_reply_that_breaks_off_is_not_complete(text: bytes) -> None:
    for end in range(len(text)):
        assert not asyncio.run(_reply([text[:end]])).complete


def test_a_reply_without_its_ending_is_not_complete() -> None:
    assert not asyncio.run(_reply([STREAM], ending=b"message_stop")).complete


def test_a_header_is_found_in_any_case() -> None:
    assert asyncio.run(_reply([STREAM])).header("x-served-by") == "a"


def test_calls_that_users_broke_off_are_no_failures() -> None:
    lost = Reply(0, b"", None, 0.1, complete=False)
    calls = [Call("one", 1, 1, None), Call("one", 1, 1, lost), Call("one", 1, 1, lost)]
    assert len(failed(calls)) == 2
    assert faults(calls) == ["one: status 0, no body: 2"]


def test_an_example_is_run_as_it_is_but_for_its_addresses(tmp_path: Path) -> None:
    for front in FRONTS.values():
        text = (EXAMPLES / front.example).read_text(encoding="utf-8")
        here = adapted(text, 1, (2, 3), tmp_path)
        found = re.findall(r"(?:10\.0\.0\.\d+|127\.0\.0\.1):\d+", here)
        assert sorted(found) == ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"]
        assert len(here.splitlines()) == len(text.splitlines())


def test_an_example_that_lacks_an_address_is_told() -> None:
    with pytest.raises(ProgramFault, match=r"stands nowhere"):
        adapted("", 1, (2, 3), Path())
