"""Many streams at once over real connections, all complete and exact, and a burst in which nothing fails."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks import loading
from benchmarks.cores import available
from benchmarks.programs import OURS, PROGRAMS
from benchmarks.running import Ground
from benchmarks.streams import Stood, burst, shown, stand, text_of
from benchmarks.toolchain import ToolchainFault, build


@pytest.fixture(name="ground", scope="module")
def _ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    folder = tmp_path_factory.mktemp("streams")
    try:
        return Ground(build(folder), available(), folder)
    except ToolchainFault as fault:
        pytest.skip(str(fault))


def test_five_hundred_slow_streams_are_exact_and_no_request_of_a_burst_fails(ground: Ground) -> None:
    with ground.upstream() as upstream, ground.serving(PROGRAMS[OURS], upstream) as running:
        loading.warm(ground, running)
        stood = asyncio.run(stand(ground, running, upstream, 500, 0.25))
        assert (stood.asked, stood.exact) == (500, 500)
        assert stood.health
        assert burst(ground, running, 2000, 500) == 0


STREAM = b'HTTP/1.1 200 OK\r\nX: y\r\n\r\n29\r\ndata: {"choices":[{"delta":{"content":"a"\r\n6\r\n}}]}\n\n\r\n'
END = b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (STREAM + END, "a"),
        (STREAM + b"0\r\n\r\n", None),
        (STREAM + END[:-1], None),
        (STREAM.replace(b"200", b"502") + END, None),
        (b"", None),
    ],
)
def test_only_a_complete_stream_has_a_text(said: bytes, text: str | None) -> None:
    assert text_of(said) == text


def test_what_was_seen_is_told() -> None:
    told = shown(Stood(5000, 5000, 4999, (0.001, 0.04), 100_000_000))
    assert "5,000 open at once, 4,999 complete" in told
    assert "at worst 40.0 ms" in told
