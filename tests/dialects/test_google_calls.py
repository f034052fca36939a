"""Function responses find the calls that they answer."""

from __future__ import annotations

import pytest

from argoproxy.dialects.google_calls import Pairing

# Calls and responses of one turn as (id, name), and the ids of the calls that the responses answer.
CASES = [
    ([(None, "f")], [(None, "f")], ["call_0"]),
    ([(None, "f"), (None, "f")], [(None, "f"), (None, "f")], ["call_0", "call_1"]),
    ([(None, "f"), (None, "g")], [(None, "g"), (None, "f")], ["call_1", "call_0"]),
    ([("a", "f"), ("b", "f")], [("b", "f"), ("a", "f")], ["b", "a"]),
    ([("a", "f"), (None, "f")], [(None, "f"), (None, "f")], ["a", "call_1"]),
    ([(None, "f"), (None, "f")], [("x", "f"), ("y", "f")], ["call_0", "call_1"]),
    ([("a", "f")], [("x", "f")], ["x"]),
    ([(None, "f")], [(None, "g"), ("x", "g")], ["", "x"]),
    ([(None, "f")], [(None, "f"), (None, "f")], ["call_0", ""]),
    ([("", "f")], [("", "f")], ["call_0"]),
    ([], [(None, "f")], [""]),
]


@pytest.mark.parametrize(("calls", "responses", "expected"), CASES)
def test_responses_answer_by_id_or_by_order_and_name(
    calls: list[tuple[str | None, str]], responses: list[tuple[str | None, str]], expected: list[str]
) -> None:
    pairing = Pairing()
    for call in calls:
        pairing.call_id(*call)
    assert [pairing.answered(*response) for response in responses] == expected


def test_ids_go_on_through_the_conversation_and_old_calls_stay_unanswered() -> None:
    pairing = Pairing()
    assert pairing.call_id(None, "f") == "call_0"
    pairing.next_turn()
    assert pairing.call_id(None, "f") == "call_1"
    assert pairing.answered(None, "f") == "call_1"
    assert pairing.answered(None, "f") == ""
