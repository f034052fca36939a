"""What conformance tools say becomes rows of a table, and the verdict. Nothing is installed or run."""

from __future__ import annotations

import json

import pytest

from conformance import clients, suites
from conformance.clients import CLIENTS
from conformance.installing import why
from conformance.results import Row, table
from conformance.running import Ended
from tests.running import ROOT


def _ended(output: str, status: int = 0, trouble: str = "") -> Ended:
    return Ended(status, output, trouble)


def _findings(*statuses: str) -> str:
    results = [{"id": f"t{place}", "status": status, "errors": ["a", "b"]} for place, status in enumerate(statuses)]
    return json.dumps({"summary": {"total": len(results)}, "results": results})


def test_a_suites_tests_are_counted_and_those_that_failed_are_named() -> None:
    row = suites.row("tool", "gpt-5", _ended(_findings("passed", "skipped", "failed", "passed"), status=1))
    assert row == Row(tool="tool", asks="gpt-5", passed=2, failed=1, skipped=1, remark="t2: a; b")
    assert not row.ok


def test_what_is_skipped_is_not_held_against_a_suite() -> None:
    assert suites.row("tool", "gpt-5", _ended(_findings("passed", "skipped"))).ok


@pytest.mark.parametrize("output", ["", "Traceback", "{}"])
def test_a_suite_without_findings_failed(output: str) -> None:
    row = suites.row("tool", "gpt-5", _ended(output, 1, "Traceback\nOSError: no\n\n"))
    assert (row.ok, row.failed) == (False, 1)
    assert row.remark == f"status 1: {output or 'OSError: no'}"


def test_a_client_works_if_it_ends_well_and_shows_an_answer() -> None:
    answer = 'This is GPT-4o, simulated. You wrote: "Hello".\n'
    assert clients.row("tool", _ended(answer)).ok
    assert clients.row("tool", _ended("", trouble=answer)).remark.startswith("status 0: This is")
    assert clients.row("tool", _ended(answer, 1, "no")).failed == 1


def test_every_client_has_an_example_and_every_example_is_run() -> None:
    folder = ROOT / "examples" / "clients"
    programs = {path.name for path in folder.iterdir() if path.suffix in (".py", ".sh")}
    assert {client.example for client in CLIENTS} == programs


def test_what_did_not_run_is_not_ok() -> None:
    assert not Row(tool="tool", remark="not installed: no").ok
    assert not suites.row("tool", "gpt-5", _ended(_findings("skipped"))).ok


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("WARNING: old\nERROR: No matching distribution found for x\n[notice] newer pip\n", "ERROR: No matching"),
        ("npm warn odd\nnpm error code E404\nnpm error 404 Not Found\n", "npm error code E404"),
        ("some\nwords \n", "words"),
        ("", "no explanation"),
    ],
)
def test_an_installers_error_is_one_line(said: str, told: str) -> None:
    assert why(said).startswith(told)


def test_the_table_has_a_line_for_each_row_in_columns() -> None:
    rows = [Row(tool="a", asks="gpt-5", wire="native", passed=12), Row(tool="b", remark="no")]
    head, first, second = table(rows).split("\n")
    assert head.split() == ["tool", "asks", "for", "wire", "passed", "failed", "skipped"]
    assert first.split() == ["a", "gpt-5", "native", "12", "0", "0"]
    assert second.split() == ["b", "0", "0", "0", "no"]
    assert head.index("passed") == first.index("12")
