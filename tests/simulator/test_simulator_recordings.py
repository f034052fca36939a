"""The simulator answers 204 recorded calls as ARGO did: the status, and of errors each byte but the request's id."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.asking import Argo

_RECORDED = (Path(__file__).parent / "recordings.jsonl").read_text(encoding="utf-8").splitlines()
_ROWS: list[dict[str, Any]] = [json.loads(line) for line in _RECORDED]
_OVERLOADED = "claudeopus41 broke down on the day of the recordings; the simulator plays that as the fault error-200"
_STUMBLES = "a 500 at random: the other temperatures of the same model were answered"
FLAKY = {
    ("gemini25pro", "temperature_one"): _STUMBLES,
    ("gemini25flash", "temperature_two"): _STUMBLES,
} | {(row["model"], row["variant"]): _OVERLOADED for row in _ROWS if row["status"] == 200 and row["error"]}


def _without_ids(text: str | None) -> str:
    return re.sub(r"req_vrtx_\w+", "req_vrtx_", text or "")


def _ask(row: dict[str, Any], argo: Argo) -> tuple[int | None, str | None]:
    reply = argo.ask("POST", row["path"], row["request"], {"x-api-key": "someone"})
    return reply.status, reply.text


def test_all_calls_are_there() -> None:
    """No recording got lost, and the flaky ones are the twelve that are known."""
    assert len(_ROWS) == 204
    assert len(FLAKY) == 12


@pytest.mark.parametrize("row", _ROWS, ids=[f"{row['model']}-{row['variant']}" for row in _ROWS])
def test_answers_as_recorded(row: dict[str, Any]) -> None:
    """Status and error are ARGO's; what failed at random there is answered here."""
    status, text = _ask(row, Argo())
    if (row["model"], row["variant"]) in FLAKY:
        assert (status, "error" in json.loads(text or "")) == (200, False)
        return
    assert status == row["status"]
    if row["error"]:
        assert _without_ids(text) == _without_ids(row["error"])


def test_claudeopus41_breaks_down_as_recorded_if_told_to() -> None:
    """The fault error-200 is the recorded error under status 200, ids included."""
    row = next(row for row in _ROWS if row["status"] == 200 and row["error"])
    argo = Argo(fault="error-200")
    status, text = _ask(row, argo)
    assert status == 200
    assert _without_ids(text) == _without_ids(row["error"])
