"""The benchmark itself, with as little of everything as there can be: that it works, not what it measures."""

from __future__ import annotations

import pytest

from benchmarks import loading
from benchmarks.cores import available
from benchmarks.loading import Count
from benchmarks.programs import DIRECT, OURS, OURS_ANTHROPIC, OURS_NATIVE, PROGRAMS
from benchmarks.results import Results, Row
from benchmarks.rounds import Bench, Effort
from benchmarks.running import Ground
from benchmarks.scenarios import SCENARIOS
from benchmarks.toolchain import ToolchainFault, build

# By the number of requests, so that it is as true on a machine that is busy. What is paced has no end.
FEW = Count(1, 20)
ENDING = tuple(scenario for scenario in SCENARIOS if not scenario.paced)
LEAST = Effort(rounds=1, scenarios=ENDING, extent=FEW, streams=(2,), starts=1, soak=FEW)


@pytest.fixture(name="ground", scope="module")
def _ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    folder = tmp_path_factory.mktemp("bench")
    try:
        return Ground(build(folder), available(), folder)
    except ToolchainFault as fault:
        pytest.skip(str(fault))


@pytest.fixture(name="results", scope="module")
def _results(ground: Ground) -> Results:
    results = Results(OURS)
    Bench(ground, LEAST, results, lambda line: None).run([PROGRAMS[OURS], PROGRAMS[DIRECT]])
    return results


def _row(results: Results, scenario: str, figure: str, program: str = OURS) -> Row:
    wanted = (scenario, figure, program)
    return next(row for row in results.rows() if (row.scenario, row.figure, row.program) == wanted)


def test_nothing_is_left_out(results: Results) -> None:
    assert results.faults == []


def test_every_scenario_has_all_its_figures(results: Results) -> None:
    found = {(row.scenario, row.figure) for row in results.rows() if row.program == OURS}
    assert {(scenario.name, figure.name) for scenario in ENDING for figure in scenario.figures} <= found


def test_starts_memory_manners_and_growth_are_measured(results: Results) -> None:
    assert _row(results, "start", "until it serves, ms").median > 0
    assert _row(results, "memory", "streams open of 2").median == 2
    assert _row(results, "a client that leaves, a reader that stalls", "left before the first byte, ms at worst")
    assert len(_row(results, "growth under load", "CPU µs/request").rounds) == 12


def test_what_we_add_is_told_over_the_bare_upstream(results: Results) -> None:
    assert _row(results, "chat, 1 at once", "p50 µs over direct")


@pytest.mark.parametrize("name", [OURS_NATIVE, OURS_ANTHROPIC])
def test_the_native_wires_answer_whole_and_streamed(ground: Ground, name: str) -> None:
    with ground.upstream() as upstream, ground.serving(PROGRAMS[name], upstream) as running:
        for scenario in ENDING:
            if scenario.suits(running.program):
                sample = loading.run(ground, running, scenario, FEW)
                assert sample.measured.pieces > 0 or scenario.call == "embed"
