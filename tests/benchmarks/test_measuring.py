"""What the benchmark reads and asks: the load generator's line, the requests, the kernel's accounts."""

from __future__ import annotations

import json
import os

import pytest

from benchmarks import procfs
from benchmarks.loading import checked
from benchmarks.programs import DEFAULT, PROGRAMS, ProgramFault
from benchmarks.scenarios import COST, EVENT_COST, EVENT_RATE, RATE, SCENARIOS, Measured, Sample, Scenario, marker
from benchmarks.toolchain import ToolchainFault, find_compiler

FIELDS = {
    "seconds": 2.0,
    "requests": 1000,
    "failed": 0,
    "pieces": 400,
    "events": 300,
    "bytes": 9,
    "first_p50": 1.0,
    "first_p99": 2.0,
    "whole_p50": 3.0,
    "whole_p99": 4.0,
}


def _measured(**changes: float) -> Measured:
    return checked(json.dumps(FIELDS | changes).encode(), "ours", "chat")


def test_the_load_generators_line_is_read_whole() -> None:
    assert _measured() == Measured(**FIELDS)  # type: ignore[arg-type]  # one of them is a float


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"", "gave up"),
        (b'{"seconds": 1.0}', "gave up"),
        (json.dumps(FIELDS | {"failed": 2}).encode(), "2 of 1000 requests failed"),
        (json.dumps(FIELDS | {"bytes": 0}).encode(), "no reply came"),
    ],
)
def test_a_run_that_failed_is_no_figure_but_a_line_that_names_program_and_scenario(line: bytes, why: str) -> None:
    with pytest.raises(ProgramFault, match=f"^ours: chat: .*{why}"):
        checked(line, "ours", "chat")


def test_rates_are_by_the_second_and_costs_in_microseconds() -> None:
    sample = Sample(_measured(), cpu=0.5)
    assert (RATE.of(sample), COST.of(sample), EVENT_RATE.of(sample)) == (500.0, 500.0, 200.0)
    assert EVENT_COST.of(sample) == 1250.0


def test_where_no_piece_is_marked_server_sent_events_are_counted() -> None:
    assert EVENT_RATE.of(Sample(_measured(pieces=0), cpu=None)) == 150.0


def test_there_is_no_cost_without_a_program_or_without_requests() -> None:
    assert COST.of(Sample(_measured(), cpu=None)) is None
    assert COST.of(Sample(_measured(requests=0, failed=0), cpu=0.5)) is None


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: str(scenario.name))
def test_every_scenario_asks_a_call_that_every_program_has_a_path_for(scenario: Scenario) -> None:
    body = json.loads(scenario.body())
    assert body.get("stream", False) == (scenario.call == "stream")
    assert scenario.marker in json.dumps(body)
    assert all(scenario.call in program.paths for program in PROGRAMS.values())


def test_what_runs_by_default_exists() -> None:
    assert set(DEFAULT) <= set(PROGRAMS)


def test_the_marker_is_what_the_upstream_looks_for() -> None:
    assert marker(100, 24, -1) == "[[pieces=100 size=24 gap=-1]]"


def test_without_a_compiler_it_is_said_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(ToolchainFault, match=r"^no C compiler found"):
        find_compiler()


def test_our_own_session_uses_time_and_memory() -> None:
    session = os.getsid(0)
    assert os.getpid() in procfs.members(session)
    assert procfs.cpu_seconds(session) > 0
    assert procfs.peak(session) >= procfs.resident(session) > 0


def test_a_session_that_there_is_not_uses_none() -> None:
    assert procfs.members(-1) == []
    assert (procfs.cpu_seconds(-1), procfs.resident(-1)) == (0.0, 0)
