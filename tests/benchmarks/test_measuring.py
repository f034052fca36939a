"""What the benchmark reads and asks: the load generator's line, the requests, the kernel's accounts."""

from __future__ import annotations

import json
import os

import pytest

from benchmarks import procfs
from benchmarks.loading import checked
from benchmarks.program import Program, ProgramFault
from benchmarks.programs import COMPARED, DEFAULT, OURS, OURS_ANTHROPIC, PROGRAMS, REFERENCES
from benchmarks.scenarios import COST, EVENT_COST, EVENT_RATE, RATE, SCENARIOS, Measured, Sample, Scenario, marker
from benchmarks.soaking import Interval, bytes_a_request, dearer
from benchmarks.toolchain import ToolchainFault, find_compiler
from benchmarks.workers import gain

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
    sample = Sample(_measured(), (0.2, 0.3))
    assert (RATE.of(sample), COST.of(sample), EVENT_RATE.of(sample)) == (500.0, 500.0, 200.0)
    assert EVENT_COST.of(sample) == 1250.0


def test_where_no_piece_is_marked_server_sent_events_are_counted() -> None:
    assert EVENT_RATE.of(Sample(_measured(pieces=0))) == 150.0


def test_there_is_no_cost_without_a_program_or_without_requests() -> None:
    assert COST.of(Sample(_measured())) is None
    assert COST.of(Sample(_measured(requests=0, failed=0), (0.5,))) is None


@pytest.mark.parametrize("program", [PROGRAMS[OURS], PROGRAMS[OURS_ANTHROPIC]], ids=["openai", "anthropic"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: str(scenario.name))
def test_every_scenario_tells_the_upstream_what_it_wants_in_each_language(scenario: Scenario, program: Program) -> None:
    body = json.loads(scenario.body(program))
    assert body.get("stream", False) == (scenario.call == "stream")
    assert scenario.marker in json.dumps(body)


def test_an_anthropic_request_says_how_long_its_reply_may_be() -> None:
    body = json.loads(SCENARIOS[0].body(PROGRAMS[OURS_ANTHROPIC]))
    assert body["max_tokens"] > 0
    assert [message["role"] for message in body["messages"]] == ["user"]


def test_a_scenario_suits_the_programs_that_have_its_call() -> None:
    embeddings = next(scenario for scenario in SCENARIOS if scenario.call == "embed")
    assert embeddings.suits(PROGRAMS[OURS])
    assert not embeddings.suits(PROGRAMS[OURS_ANTHROPIC])


@pytest.mark.parametrize("names", [DEFAULT, COMPARED, REFERENCES])
def test_what_runs_by_default_exists(names: tuple[str, ...]) -> None:
    assert set(names) <= set(PROGRAMS)


def test_the_marker_is_what_the_upstream_looks_for() -> None:
    assert marker(100, 24, 7, hold=True) == "[[pieces=100 size=24 gap=7 hold=1 step=0]]"


def test_without_a_compiler_it_is_said_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(ToolchainFault, match=r"^no C compiler found"):
        find_compiler()


def test_our_own_session_uses_time_and_memory() -> None:
    session = os.getsid(0)
    assert os.getpid() in procfs.members(session)
    assert procfs.cpu_seconds(session)[os.getpid()] > 0
    assert procfs.peak(session) >= procfs.resident(session) > 0


def test_a_session_that_there_is_not_uses_none() -> None:
    assert procfs.members(-1) == []
    assert (procfs.cpu_seconds(-1), procfs.resident(-1)) == ({}, 0)


def _gain(several: tuple[float, ...], unhurried: tuple[float, ...]) -> float | None:
    """What two workers gain, by the CPU time of processes, where one takes a second for as many requests."""
    one, shared, calm = (Sample(_measured(), processes) for processes in ((1.0,), several, unhurried))
    return gain(one, shared, calm, 2)


def test_two_workers_that_share_evenly_at_the_same_cost_do_twice_the_work() -> None:
    assert _gain((0.4, 0.6), (0.1, 0.1)) == pytest.approx(2.0)


def test_what_a_supervisor_takes_counts_in_the_cost_but_not_in_how_evenly_workers_share() -> None:
    assert _gain((0.1, 0.5, 0.5), (0.01, 0.1, 0.1)) == pytest.approx(2.0 / 1.1)


def test_a_worker_that_does_nothing_gains_nothing() -> None:
    assert _gain((0.5, 0.5), (0.1, 0.0)) == pytest.approx(1.0)


def test_there_is_no_gain_where_there_are_too_few_processes() -> None:
    assert _gain((0.5, 0.5), (0.1,)) is None


def _intervals(costs: list[float], memories: list[int]) -> list[Interval]:
    return [Interval(100, cost, memory) for cost, memory in zip(costs, memories, strict=True)]


def test_growth_is_what_requests_leave_behind_in_the_second_half() -> None:
    intervals = _intervals([1.0] * 4, [0, 5000, 7000, 9000])
    assert bytes_a_request(intervals) == pytest.approx(20.0)


def test_a_request_is_dearer_by_the_last_third_beside_the_first() -> None:
    assert dearer(_intervals([2.0, 9.0, 3.0], [1, 1, 1])) == pytest.approx(1.5)
