"""What ARGO's failures come to: their status, and the words that help."""

from __future__ import annotations

import json
from typing import Any

import pytest
from zope.interface.verify import verifyObject

from argoproxy.conversation import Failed, Head
from argoproxy.interfaces import IDecoder
from argoproxy.upstreams.refusals import Refusal, complaint, fault, unregistered


def _failed(head: Head, *pieces: bytes) -> Any:
    decoder = Refusal(head)
    for piece in pieces:
        assert decoder.feed(piece) == []
    [event] = decoder.close()
    assert isinstance(event, Failed)
    return event.fault


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 413, 422, 429, 503, 504, 529])
def test_statuses_that_mean_something_to_clients_are_kept(status: int) -> None:
    assert _failed(Head(status), b'{"error": "no"}').status == status


@pytest.mark.parametrize("status", [200, 204, 301, 302, 307, 402, 405, 418, 451, 500, 501, 502, 520])
def test_every_other_failure_is_a_502(status: int) -> None:
    assert _failed(Head(status), b'{"error": "no"}').status == 502


_NESTED_OPENAI = (
    "Error code: 400 - {'error': {'message': \"Unsupported value: 'temperature' does not support 0.5 with it.\", "
    "'type': 'invalid_request_error', 'param': 'temperature', 'code': 'unsupported_value'}}"
)
_NESTED_ANTHROPIC = (
    "Error code: 400 - {'type': 'error', 'error': {'type': 'invalid_request_error', 'message': "
    "'`temperature` is deprecated for this model.'}, 'request_id': 'req_vrtx_0'}"
)


@pytest.mark.parametrize(
    ("body", "message", "param", "code"),
    [
        ({"error": "The model is unknown"}, "The model is unknown", None, None),
        ({"detail": "Method Not Allowed"}, "Method Not Allowed", None, None),
        ({"message": "no"}, "no", None, None),
        ({"error": {"message": "no", "param": "n", "code": "c", "type": "t"}}, "no", "n", "c"),
        (
            {"error": {"message": _NESTED_OPENAI, "type": "BadRequestError", "code": "internal_error"}},
            "Unsupported value: 'temperature' does not support 0.5 with it.",
            "temperature",
            "unsupported_value",
        ),
        (
            {"type": "error", "error": {"type": "invalid_request_error", "message": _NESTED_ANTHROPIC}},
            "`temperature` is deprecated for this model.",
            None,
            None,
        ),
        (
            {
                "error": {
                    "message": "{'type': 'error', 'error': {'details': None, 'type': 'api_error', 'message': 'Oh'}}"
                }
            },
            "Oh",
            None,
            None,
        ),
        ({"error": {"message": "a set {of} words"}}, "a set {of} words", None, None),
        (
            {"error": {"message": "see https://docs.claude.com/en/docs/about"}},
            "see https://docs.claude.com/en/docs/about",
            None,
            None,
        ),
        ({"error": {"message": "no", "code": 7, "param": []}}, "no", None, None),
    ],
)
def test_the_innermost_words_are_kept(body: Any, message: str, param: str | None, code: str | None) -> None:
    found = fault(Head(400), json.dumps(body).encode())
    assert (found.message, found.param, found.code) == (message, param, code)


@pytest.mark.parametrize(
    "message",
    [
        'Traceback (most recent call last):\n  File "app.py", line 1',
        "failed in /home/someone/argo/main.py",
        "no such file: /opt/argo/models",
        "oops at server.py:12",
        r"C:\Users\argo failed",
    ],
)
def test_tracebacks_and_paths_are_not_shown(message: str) -> None:
    found = fault(Head(500), json.dumps({"error": {"message": message, "code": "c"}}).encode())
    assert found.message == "ARGO answered with status 500 and no usable explanation."
    assert found.code == "c"


@pytest.mark.parametrize(
    ("status", "body", "start"),
    [
        (502, b"<html><head><title>502 Bad Gateway</title>", "ARGO answered with status 502"),
        (500, b"", "ARGO answered with status 500"),
        (302, b"", "ARGO answered with a redirect"),
        (200, b"\x00\xff\xfe", "ARGO answered with something that is not the reply"),
        (500, b"x" * 5000, "ARGO answered with status 500"),
        (500, b"[1, 2]", "ARGO answered with status 500"),
        (200, b'{"response": "half of a rep', "ARGO answered with something that is not the reply"),
        (400, b"{'error': {'message': 'Bad words'}}", "Bad words"),
        (503, b"Try later.", "Try later."),
        (400, b'"just a string"', "just a string"),
    ],
)
def test_a_body_without_usable_words_gets_a_plain_sentence(status: int, body: bytes, start: str) -> None:
    assert fault(Head(status), body).message.startswith(start)


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (502, b"<html><head><title>502 Bad Gateway</title>", "upstream_failed"),
        (503, b"Try later.", "upstream_failed"),
        (500, b'{"detail": "oops"}', "upstream_failed"),
        (200, b'{"error": "oops"}', "upstream_failed"),
        (418, b"", "upstream_failed"),
        (502, b'{"error": {"message": "no", "code": "their_own"}}', "their_own"),
        (200, b"\x00\xff\xfe", "upstream_garbage"),
        (302, b"<html>", "upstream_garbage"),
        (404, b"<html>", None),
        (400, b'{"error": {"message": "no"}}', None),
    ],
)
def test_a_failure_has_a_word_for_programs(status: int, body: bytes, code: str | None) -> None:
    """Its own, if it has one. Of a refusal the status says enough."""
    assert fault(Head(status), body).code == code


def test_retry_after_goes_with_the_fault() -> None:
    assert _failed(Head(429, "", "7"), b"{}").retry_after == "7"


@pytest.mark.parametrize("words", ["{" * 60000, "{" * 60000 + "}", "{'a': " * 200 + "1" + "}" * 200])
def test_hostile_nesting_costs_little_and_is_left_as_it_is(words: str) -> None:
    found = complaint({"error": {"message": words}})
    assert found is not None
    assert found.message == words


def test_nesting_is_followed_only_so_far() -> None:
    words: str = "the end"
    for _ in range(8):
        words = repr({"error": {"message": words}})
    found = complaint(words)
    assert found is not None
    assert "the end" in found.message


def test_only_the_beginning_of_an_endless_error_is_read() -> None:
    decoder = Refusal(Head(500))
    for _ in range(100):
        decoder.feed(b"x" * 65536)
    assert len(decoder._body) <= 65536


def test_an_unregistered_user_is_told_in_argos_words() -> None:
    found = unregistered("  IMPORTANT AUTHENTICATION NOTICE FROM ARGO: register.  ")
    assert (found.status, found.message) == (401, "IMPORTANT AUTHENTICATION NOTICE FROM ARGO: register.")


def test_the_decoder_keeps_its_interface() -> None:
    verifyObject(IDecoder, Refusal(Head(500)))


@pytest.mark.parametrize("words", ["Error code: 400 - {{1}}", "see {[1]: 2}", "{" + "'a': 1, " * 5000 + "}"])
def test_braces_that_are_no_error_are_left_as_they_are(words: str) -> None:
    assert fault(Head(400), json.dumps({"error": words}).encode()).message == words[:2000]


def test_half_of_a_surrogate_pair_is_not_passed_on() -> None:
    found = fault(Head(400), rb"x {'error': {'message': 'boo \ud800', 'code': '\ud800'}}")
    assert (found.message, found.code) == ("boo ?", "?")
