"""Seals come back from Google's clients unchanged, in whichever alphabet they write base64."""

from __future__ import annotations

import base64

import pytest
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st

from argoproxy.dialects.google_seals import Seal, plain_base64, seal, thought_signature


@given(st.text(), st.booleans())
def test_any_seal_survives_googles_sdk(text: str, redacted: bool) -> None:
    written = thought_signature(None, text) if redacted else thought_signature(text)
    part = types.Part.model_validate({"text": "", "thought": True, "thoughtSignature": written})
    back = part.model_dump(mode="json", by_alias=True)["thoughtSignature"]
    assert seal(back) == (Seal(None, text) if redacted else Seal(text))


def test_where_nothing_is_sealed_there_is_no_signature() -> None:
    assert thought_signature(None) is None
    assert seal(None) == seal("") == Seal()


@pytest.mark.parametrize("written", ["YWJj", "__4=", "__4", "skip_thought_signature_validator", "not base64!", "é"])
def test_a_seal_of_somebody_else_is_kept_as_it_is(written: str) -> None:
    assert seal(written) == Seal(written)


def test_a_mark_without_whole_text_behind_it_is_no_error() -> None:
    assert seal(base64.b64encode(b"argoproxy:signature:\xff").decode()) == Seal("\ufffd")


@given(st.binary())
def test_both_alphabets_become_the_plain_one(data: bytes) -> None:
    plain = base64.b64encode(data).decode()
    urlsafe = base64.urlsafe_b64encode(data).decode()
    assert {plain_base64(text) for text in (plain, urlsafe, plain.rstrip("="), urlsafe.rstrip("="))} == {plain}


@pytest.mark.parametrize("text", ["a", "abcde", "a b=", "ab\ncd", "é===", "ab=c"])
def test_what_is_base64_of_neither_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="not base64"):
        plain_base64(text)
