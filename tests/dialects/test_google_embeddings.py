"""Google's embeddings: one content or a batch, and vectors as numbers."""

from __future__ import annotations

import json
import math
from typing import Any

import httpx2
import msgspec
import pytest
from google.genai import types
from zope.interface.verify import verifyObject

from argoproxy.conversation import Failed, RouteCall, Stamp, Started, Usage, Used, Vectors
from argoproxy.dialects.google_embeddings import GoogleEmbeddingRequest, GoogleEmbeddings
from argoproxy.errors import ClientFault, Truncated, UpstreamFault
from argoproxy.interfaces import IRenderer, IRenderingDialect
from tests.dialects.google_sdk import client, route

DIALECT = GoogleEmbeddings()
STAMP = Stamp("t", 1_700_000_000, "m")
ONE = RouteCall({"model": "models/v3small", "method": "embedContent"})
BATCH = RouteCall({"model": "v3small", "method": "batchEmbedContents"})


def parse(call: RouteCall, **fields: Any) -> GoogleEmbeddingRequest:
    return DIALECT.parse(json.dumps(fields).encode(), call)


def asking(text: str, **more: Any) -> dict[str, Any]:
    return {"content": {"parts": [{"text": text}]}, **more}


def reply(request: GoogleEmbeddingRequest, *rows: bytes) -> bytes:
    renderer = DIALECT.renderer(request, STAMP)
    assert renderer.render(Started()) == b""
    for row in rows:
        assert renderer.render(Vectors((msgspec.Raw(row),))) == b""
    assert renderer.render(Used(Usage(prompt=7))) == b""
    return renderer.close()


def test_it_provides_its_interfaces() -> None:
    verifyObject(IRenderingDialect, DIALECT)
    verifyObject(IRenderer, DIALECT.renderer(parse(ONE, content="x"), STAMP))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("a", "a"),
        ({"parts": [{"text": "a"}, {"text": "b"}]}, "ab"),
        ({"role": "user", "parts": ["a", {"text": "b"}]}, "ab"),
        ({"parts": "a"}, "a"),
    ],
)
def test_one_content_is_one_input(content: Any, text: str) -> None:
    assert parse(ONE, content=content).inputs == (text,)


def test_all_fields_are_read() -> None:
    request = parse(
        ONE,
        model="models/other",
        content="a",
        output_dimensionality=3,
        taskType="RETRIEVAL_QUERY",
        title="t",
        timeout=2,
    )
    assert (request.model, request.dimensions, request.timeout, request.stream) == ("v3small", 3, 2, False)
    assert {name: bytes(raw) for name, raw in request.extras.items()} == {
        "taskType": b'"RETRIEVAL_QUERY"',
        "title": b'"t"',
    }


def test_a_batch_is_one_request() -> None:
    asked = [
        asking("a", model="models/v3small", outputDimensionality=2, task_type="X", title=None),
        asking("b", model=None, output_dimensionality=2),
    ]
    request = parse(BATCH, requests=asked, timeout=2)
    assert (request.model, request.inputs, request.dimensions, request.timeout) == ("v3small", ("a", "b"), 2, 2)
    assert {name: bytes(raw) for name, raw in request.extras.items()} == {"taskType": b'"X"'}


REFUSED: list[tuple[RouteCall, dict[str, Any], str]] = [
    (ONE, {}, "content"),
    (ONE, {"content": ""}, "content"),
    (ONE, {"content": {"parts": []}}, "content"),
    (ONE, {"content": 5}, "content"),
    (ONE, {"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": ""}}]}}, "content.parts[0]"),
    (ONE, {"content": {"parts": [{"text": "a"}, {}]}}, "content.parts[1]"),
    (ONE, {"content": "a", "outputDimensionality": 0}, "outputDimensionality"),
    (BATCH, {}, "requests"),
    (BATCH, {"requests": []}, "requests"),
    (BATCH, {"requests": [{}] * 2049}, "requests"),
    (BATCH, {"requests": [{}]}, "requests[0].content"),
    (BATCH, {"requests": [5]}, "requests[0]"),
    (BATCH, {"requests": [asking("a"), asking("")]}, "requests[1].content"),
    (BATCH, {"requests": [asking("a", model="models/other")]}, "requests[0].model"),
    (BATCH, {"requests": [asking("a"), asking("b", outputDimensionality=2)]}, "requests[1].outputDimensionality"),
]


@pytest.mark.parametrize(("call", "fields", "param"), REFUSED)
def test_what_is_refused_is_named(call: RouteCall, fields: dict[str, Any], param: str) -> None:
    with pytest.raises(ClientFault) as caught:
        parse(call, **fields)
    assert (caught.value.status, caught.value.param) == (400, param)
    assert f"'{param}'" in caught.value.message


def test_vectors_pass_byte_for_byte_and_in_order() -> None:
    assert reply(parse(ONE, content="a"), b"[0.10, -1e-3]") == b'{"embedding":{"values":[0.10, -1e-3]}}'
    batch = parse(BATCH, requests=[asking("a"), asking("b")])
    assert reply(batch, b"[1.0]", b"[\n2]") == b'{"embeddings":[{"values":[1.0]},{"values":[\n2]}]}'


def test_fewer_dimensions_are_cut_and_made_a_unit_vector_again() -> None:
    values = json.loads(reply(parse(ONE, content="a", outputDimensionality=2), b"[0.3, 0.4, 0.5]"))["embedding"][
        "values"
    ]
    assert values == pytest.approx([0.6, 0.8])
    assert math.hypot(*values) == pytest.approx(1)


def test_as_many_dimensions_as_there_are_leave_the_vector_alone() -> None:
    assert b"[3.00, 4]" in reply(parse(ONE, content="a", outputDimensionality=2), b"[3.00, 4]")


def test_more_dimensions_than_there_are_is_the_fault_of_the_client() -> None:
    with pytest.raises(ClientFault) as caught:
        reply(parse(ONE, content="a", outputDimensionality=3), b"[1, 2]")
    assert (caught.value.status, caught.value.param) == (400, "outputDimensionality")


@pytest.mark.parametrize("rows", [[], [b"[1]"], [b"[1]"] * 3])
def test_another_number_of_vectors_than_of_inputs_is_the_fault_of_the_upstream(rows: list[bytes]) -> None:
    with pytest.raises(UpstreamFault) as caught:
        reply(parse(BATCH, requests=[asking("a"), asking("b")]), *rows)
    assert caught.value.status == 502


@pytest.mark.parametrize("row", [b"{}", b"null", b'["1"]', b"[1e999]"])
def test_what_is_no_vector_never_goes_out(row: bytes) -> None:
    with pytest.raises(UpstreamFault) as caught:
        reply(parse(ONE, content="a"), row)
    assert caught.value.status == 502


def test_a_failure_is_the_whole_reply() -> None:
    with pytest.raises(Truncated):
        DIALECT.renderer(parse(ONE, content="a"), STAMP).render(Failed(Truncated()))


def test_faults_are_in_the_shape_of_google() -> None:
    assert json.loads(DIALECT.error(ClientFault("No.")))["error"]["status"] == "INVALID_ARGUMENT"
    assert DIALECT.statuses[529] == 503


def test_googles_own_sdk_reads_the_vectors() -> None:
    def answer(asked: httpx2.Request) -> httpx2.Response:
        request = DIALECT.parse(asked.read(), route(asked))
        assert (request.inputs, request.dimensions, set(request.extras)) == (("a", "b"), 1, {"taskType"})
        return httpx2.Response(200, content=reply(request, b"[2, 0]", b"[-3, 1]"))

    sdk = client(answer)
    contents: list[Any] = ["a", "b"]
    config = types.EmbedContentConfig(output_dimensionality=1, task_type="RETRIEVAL_QUERY")
    read = sdk.models.embed_content(model="text-embedding-3-small", contents=contents, config=config)
    assert [embedding.values for embedding in read.embeddings or []] == [[1], [-1]]
