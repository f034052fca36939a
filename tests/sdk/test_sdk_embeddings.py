"""OpenAI's SDK makes embeddings through the proxy, over real sockets."""

from __future__ import annotations

import math
from typing import Any

import pytest
from openai import BadRequestError, OpenAI

from tests.running import Argo

pytest_plugins = ["tests.services"]

SMALL = "text-embedding-3-small"
# "Once upon a time" in the encoding of the embedding models.
TOKENS = [12805, 5304, 264, 892]
TEXT = "Once upon a time"


def _vectors(client: OpenAI, given: Any, **more: Any) -> list[list[float]]:
    reply = client.embeddings.create(model=SMALL, input=given, **more)
    assert [row.index for row in reply.data] == list(range(len(reply.data)))
    return [row.embedding for row in reply.data]


def test_the_sdks_own_base64_and_plain_numbers_are_the_same_vector(client: OpenAI) -> None:
    [packed] = _vectors(client, TEXT)
    [plain] = _vectors(client, TEXT, encoding_format="float")
    assert len(packed) == len(plain) == 1536
    assert packed == pytest.approx(plain, abs=1e-6)
    assert math.hypot(*plain) == pytest.approx(1.0)


def test_the_reply_names_the_clients_model_and_the_cost(client: OpenAI) -> None:
    reply = client.embeddings.create(model=SMALL, input=TEXT)
    assert reply.model == SMALL
    assert reply.usage.prompt_tokens == reply.usage.total_tokens == len(TOKENS)


def test_token_ids_are_the_text_that_they_spell(gateway_client: OpenAI, argo: Argo) -> None:
    assert _vectors(gateway_client, TOKENS) == _vectors(gateway_client, TEXT)
    assert _vectors(gateway_client, [TOKENS, TOKENS]) == _vectors(gateway_client, [TEXT, TEXT])
    assert argo.requests()[0]["body"]["prompt"] == [TEXT]


def test_many_texts_keep_their_order(client: OpenAI) -> None:
    texts = [f"text {number}" for number in range(20)]
    vectors = _vectors(client, texts)
    assert vectors == [_vectors(client, text)[0] for text in texts]


def test_dimensions_cut_and_renormalise(client: OpenAI) -> None:
    [whole] = _vectors(client, TEXT, encoding_format="float")
    [short] = _vectors(client, TEXT, encoding_format="float", dimensions=100)
    [packed] = _vectors(client, TEXT, dimensions=100)
    length = math.hypot(*whole[:100])
    assert short == pytest.approx([number / length for number in whole[:100]])
    assert packed == pytest.approx(short, abs=1e-6)


def test_more_dimensions_than_there_are_is_the_clients_fault(client: OpenAI) -> None:
    with pytest.raises(BadRequestError) as told:
        client.embeddings.create(model=SMALL, input=TEXT, dimensions=5000)
    assert told.value.param == "dimensions"


@pytest.mark.parametrize(("model", "length"), [("ada002", 1536), ("argo:text-embedding-3-large", 3072)])
def test_each_model_has_its_own_length(client: OpenAI, model: str, length: int) -> None:
    reply = client.embeddings.create(model=model, input=TEXT)
    assert [len(row.embedding) for row in reply.data] == [length]
