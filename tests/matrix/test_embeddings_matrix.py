"""Both embeddings dialects over every wire that has embeddings."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from argoproxy.simulator.model.models import EMBEDDERS
from argoproxy.simulator.model.vectors import text_vector, token_vector
from tests.matrix.adapters.embeddings import (
    EmbeddingsAdapter,
    GoogleBatch,
    GoogleSingle,
    OpenAIBase64,
    OpenAIFloats,
    Texts,
)
from tests.matrix.columns import EMBEDDINGS, Column
from tests.matrix.failures import BEFORE
from tests.web import Got, Web

ADAPTERS: tuple[EmbeddingsAdapter, ...] = (OpenAIFloats(), OpenAIBase64(), GoogleBatch(), GoogleSingle())
TEXTS = ("Grüße aus 東京 🙂", "and hello", "Grüße aus 東京 🙂")
BROKEN = {name: BEFORE[name] for name in BEFORE if name != "error_of_user"}
Ask = Callable[..., Got]


def _label(value: Any) -> str | None:
    if isinstance(value, EmbeddingsAdapter):
        return f"{value.dialect}.{value.variant}"
    return value.label if isinstance(value, Column) else None


every_adapter = pytest.mark.parametrize("adapter", ADAPTERS, ids=_label)
every_column = pytest.mark.parametrize("column", EMBEDDINGS, ids=_label)


@pytest.fixture(scope="module")
def web_of() -> Callable[[Column], Web]:
    """One proxy for each column."""
    return cache(Column.web)


@pytest.fixture
def ask(web_of: Callable[[Column], Web], adapter: EmbeddingsAdapter, column: Column) -> Ask:
    """Ask for vectors."""

    def asked(*texts: str | list[int], dimensions: int | None = None, model: str = column.model) -> Got:
        web = web_of(column)
        web.simulator.requests.clear()
        return web.post(adapter.path(model), adapter.body(texts, model, dimensions))

    return asked


def _length(column: Column) -> int:
    return next(row.length for row in EMBEDDERS.values() if row.public_name == column.model)


def _close(found: list[list[float]], wanted: list[list[float]]) -> None:
    assert [len(vector) for vector in found] == [len(vector) for vector in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert one == pytest.approx(other, abs=1e-6)


@every_adapter
@every_column
def test_each_text_gets_its_vector_in_its_place(ask: Ask, adapter: EmbeddingsAdapter, column: Column) -> None:
    texts: Texts = TEXTS[: adapter.most]
    got = ask(*texts)
    assert got.status == 200
    assert got.header("x-argoproxy-dropped") is None
    _close(adapter.vectors(got.json()), [text_vector(str(text), _length(column)) for text in texts])


@every_adapter
@every_column
def test_shorter_vectors_are_cut_and_are_unit_vectors_again(
    ask: Ask, adapter: EmbeddingsAdapter, column: Column
) -> None:
    got = ask(TEXTS[0], dimensions=256)
    [vector] = adapter.vectors(got.json())
    whole = text_vector(TEXTS[0], _length(column))[:256]
    norm = math.hypot(*whole)
    _close([vector], [[number / norm for number in whole]])


@every_adapter
@every_column
def test_token_ids_are_text_or_go_through(ask: Ask, adapter: EmbeddingsAdapter, column: Column) -> None:
    """The gateway takes text only. Google's dialect has none, and refuses them."""
    got = ask([15339, 1917])
    if not adapter.takes_tokens:
        assert got.status == 400
        return
    wanted = (
        token_vector([15339, 1917], _length(column)) if column.native else text_vector("hello world", _length(column))
    )
    _close(adapter.vectors(got.json()), [wanted])


@every_adapter
@every_column
def test_usage_is_argos_own_or_counted(ask: Ask, adapter: EmbeddingsAdapter, column: Column) -> None:
    told = adapter.prompt_tokens(ask("one two three").json())
    assert told in (None, 3)


@every_adapter
@every_column
@pytest.mark.parametrize("name", BROKEN)
def test_an_error_is_told(ask: Ask, adapter: EmbeddingsAdapter, column: Column, name: str) -> None:
    failure = BROKEN[name]
    got = ask(f"{TEXTS[0]} [sim:{failure.fault}]")
    assert got.status == {529: 503}.get(failure.status, failure.status)
    trouble = adapter.trouble(got.json())
    assert trouble.kind == adapter.statuses[got.status]
    assert failure.words in trouble.message
    assert got.header("retry-after") == failure.retry_after


@every_adapter
@every_column
@pytest.mark.parametrize("fault", ["reset-mid", "truncated", "wrong-count", "nan", "empty"])
def test_a_reply_that_is_not_whole_is_none(ask: Ask, adapter: EmbeddingsAdapter, column: Column, fault: str) -> None:
    got = ask(f"{TEXTS[0]} [sim:{fault}]")
    assert got.status == 502
    assert adapter.trouble(got.json()).kind == adapter.statuses[502]


@every_adapter
@pytest.mark.parametrize("column", [Column("anthropic_native", "claude-sonnet-4.5")], ids=_label)
def test_a_model_that_speaks_has_no_vectors(ask: Ask, adapter: EmbeddingsAdapter, column: Column) -> None:
    """Anthropic's wire has conversations only: no model of embeddings is ever asked there."""
    got = ask(TEXTS[0])
    assert got.status == 400
    assert "embedding" in adapter.trouble(got.json()).message
