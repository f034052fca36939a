"""OpenAI's embeddings: what is taken for input, and how vectors come out."""

from __future__ import annotations

import base64
import json
import math
import struct
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import CreateEmbeddingResponse
from zope.interface.verify import verifyObject

from argoproxy.conversation import Failed, RouteCall, Stamp, Started, Usage, Used, Vectors
from argoproxy.dialects.openai_embeddings import EmbeddingsRenderer, EmbeddingsRequest, OpenAIEmbeddings
from argoproxy.errors import ClientFault, Truncated, UpstreamFault
from argoproxy.interfaces import IRenderer, IRenderingDialect

STAMP = Stamp("t", 1_700_000_000, "Text-Embedding-3-Small")


def parse(**fields: Any) -> EmbeddingsRequest:
    return OpenAIEmbeddings().parse(json.dumps(fields).encode(), RouteCall())


def renderer(**fields: Any) -> EmbeddingsRenderer:
    return OpenAIEmbeddings().renderer(parse(**fields), STAMP)


def reply(rows: list[bytes], **fields: Any) -> bytes:
    """The whole reply to one text for each row, unless C{input} says otherwise."""
    rendering = renderer(**{"input": ["text"] * len(rows), **fields})
    assert rendering.render(Started()) == b""
    assert rendering.render(Vectors(tuple(msgspec.Raw(row) for row in rows))) == b""
    assert rendering.render(Used(Usage(prompt=7))) == b""
    return rendering.close()


def test_it_provides_its_interfaces() -> None:
    assert verifyObject(IRenderingDialect, OpenAIEmbeddings())
    assert verifyObject(IRenderer, renderer(input="x"))


@pytest.mark.parametrize(
    ("given", "inputs"),
    [
        ("one", ("one",)),
        (["one"], ("one",)),
        (["one", "two"], ("one", "two")),
        ([1, 2, 3], ((1, 2, 3),)),
        ([[1, 2], [3]], ((1, 2), (3,))),
        (["x"] * 2048, ("x",) * 2048),
        ([5] * 5000, ((5,) * 5000,)),
    ],
)
def test_every_form_of_input_is_read(given: object, inputs: tuple[object, ...]) -> None:
    assert parse(input=given).inputs == inputs


def test_all_fields_are_read_and_the_user_is_left_out() -> None:
    request = parse(
        input="x", model="m", encoding_format="base64", dimensions=3, user={"any": "shape"}, timeout=1.5, other=[1]
    )
    assert (request.model, request.encoding_format, request.dimensions) == ("m", "base64", 3)
    assert (request.timeout, request.stream) == (1.5, False)
    assert {name: bytes(raw) for name, raw in request.extras.items()} == {"other": b"[1]"}


def test_all_fields_are_kept_byte_for_byte_for_a_wire_that_speaks_the_same() -> None:
    raw = OpenAIEmbeddings().parse(b'{"input": [ 1, 2 ], "model":null, "user":"u"}', RouteCall()).raw
    assert {name: bytes(value) for name, value in raw.items()} == {
        "input": b"[ 1, 2 ]",
        "model": b"null",
        "user": b'"u"',
    }


def test_floats_are_what_a_client_gets_that_does_not_choose() -> None:
    request = parse(input="x", encoding_format=None, dimensions=None, model=None)
    assert (request.model, request.encoding_format, request.dimensions) == ("", "float", None)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({}, "input"),
        ({"input": None}, "input"),
        ({"input": []}, "input"),
        ({"input": ""}, "input"),
        ({"input": ["a", ""]}, "input[1]"),
        ({"input": ["a", "b", "c", ""]}, "input[3]"),
        ({"input": ["a", 1]}, "input[1]"),
        ({"input": [1, [1]]}, "input[1]"),
        ({"input": [[1], "a"]}, "input[1]"),
        ({"input": [[1], []]}, "input[1]"),
        ({"input": [[1], [2, "a"]]}, "input[1][1]"),
        ({"input": [1, -1]}, "input[1]"),
        ({"input": [1.5]}, "input[0]"),
        ({"input": [True]}, "input[0]"),
        ({"input": [None]}, "input[0]"),
        ({"input": {"a": 1}}, "input"),
        ({"input": ["x"] * 2049}, "input"),
        ({"input": [[1]] * 2049}, "input"),
        ({"input": "x", "encoding_format": "hex"}, "encoding_format"),
        ({"input": "x", "encoding_format": 1}, "encoding_format"),
        ({"input": "x", "dimensions": 0}, "dimensions"),
        ({"input": "x", "dimensions": 1.5}, "dimensions"),
        ({"input": "x", "dimensions": True}, "dimensions"),
        ({"input": "x", "timeout": 0}, "timeout"),
        ({"input": "x", "model": 3}, "model"),
    ],
)
def test_what_is_refused_is_named(fields: dict[str, object], param: str) -> None:
    with pytest.raises(ClientFault) as caught:
        parse(**fields)
    assert (caught.value.status, caught.value.param) == (400, param)
    assert f"'{param}'" in caught.value.message


def test_plain_floats_pass_byte_for_byte_and_in_order() -> None:
    rows = [b"[0.10, -1e-3]", b"[\n1,2.50]"]
    data = reply(rows)
    assert data == (
        b'{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.10, -1e-3]},'
        b'{"object":"embedding","index":1,"embedding":[\n1,2.50]}],'
        b'"model":"Text-Embedding-3-Small","usage":{"prompt_tokens":7,"total_tokens":7}}'
    )
    assert CreateEmbeddingResponse.model_validate_json(data, strict=True).data[1].embedding == [1.0, 2.5]


def test_vectors_may_come_in_several_events() -> None:
    rendering = renderer(input=["a", "b", "c"])
    rendering.render(Vectors((msgspec.Raw(b"[1]"),)))
    rendering.render(Vectors((msgspec.Raw(b"[2]"), msgspec.Raw(b"[3]"))))
    rows = json.loads(rendering.close())["data"]
    assert [(row["index"], row["embedding"]) for row in rows] == [(0, [1]), (1, [2]), (2, [3])]


def test_base64_is_little_endian_float32() -> None:
    embedding = json.loads(reply([b"[1, -2.5]"], encoding_format="base64"))["data"][0]["embedding"]
    assert base64.b64decode(embedding) == b"\x00\x00\x80\x3f\x00\x00\x20\xc0"


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_any_vector_survives_base64(numbers: list[float]) -> None:
    embedding = json.loads(reply([json.dumps(numbers).encode()], encoding_format="base64"))["data"][0]["embedding"]
    assert list(struct.unpack(f"<{len(numbers)}f", base64.b64decode(embedding))) == numbers


@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_fewer_dimensions_are_cut_and_made_a_unit_vector_again(encoding: str) -> None:
    embedding = json.loads(reply([b"[0.3, 0.4, 0.5]"], dimensions=2, encoding_format=encoding))["data"][0]["embedding"]
    numbers = struct.unpack("<2f", base64.b64decode(embedding)) if encoding == "base64" else embedding
    assert numbers == pytest.approx([0.6, 0.8])
    assert math.hypot(*numbers) == pytest.approx(1)


def test_as_many_dimensions_as_there_are_leave_the_vector_alone() -> None:
    assert b'"embedding":[3.00, 4]}' in reply([b"[3.00, 4]"], dimensions=2)


def test_a_vector_of_zeros_stays_one() -> None:
    assert json.loads(reply([b"[0, 0, 1]"], dimensions=2))["data"][0]["embedding"] == [0, 0]


def test_more_dimensions_than_there_are_is_the_fault_of_the_client() -> None:
    with pytest.raises(ClientFault) as caught:
        reply([b"[1, 2]"], dimensions=3)
    assert (caught.value.status, caught.value.param) == (400, "dimensions")


@pytest.mark.parametrize("rows", [[], [b"[1]"], [b"[1]"] * 3])
def test_another_number_of_vectors_than_of_inputs_is_the_fault_of_the_upstream(rows: list[bytes]) -> None:
    with pytest.raises(UpstreamFault) as caught:
        reply(rows, input=["a", "b"])
    assert caught.value.status == 502
    assert f"{len(rows)} vectors for 2 inputs" in caught.value.message


@pytest.mark.parametrize(
    "row", [b"{}", b"null", b'"AAAA"', b"1", b"[null]", b'["1"]', b"[true]", b"[[1]]", b"[1e999]", b"[NaN]"]
)
@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_what_is_no_vector_never_goes_out(row: bytes, encoding: str) -> None:
    with pytest.raises(UpstreamFault) as caught:
        reply([b"[1]", row], encoding_format=encoding)
    assert caught.value.status == 502


def test_a_number_that_float32_can_not_hold_never_goes_out() -> None:
    with pytest.raises(UpstreamFault) as caught:
        reply([b"[1e39]"], encoding_format="base64")
    assert caught.value.status == 502


def test_a_failure_is_the_whole_reply() -> None:
    with pytest.raises(Truncated):
        renderer(input="x").render(Failed(Truncated()))


def test_faults_are_in_the_shape_of_openai() -> None:
    body = json.loads(OpenAIEmbeddings().error(ClientFault("No.", param="input")))
    assert body == {
        "error": {"message": "No.", "type": "invalid_request_error", "param": "input", "code": None},
    }
    assert OpenAIEmbeddings().statuses[529] == 503
