"""Of all models somebody sees and gets those that they may use."""

from __future__ import annotations

import json

import pytest
from zope.interface.verify import verifyObject

from argoproxy.catalogue import Catalogue
from argoproxy.catalogue.permitted import Permitted
from argoproxy.errors import ClientFault
from argoproxy.interfaces import ICatalogue


def _refused(permitted: Permitted, name: str) -> int:
    with pytest.raises(ClientFault) as fault:
        permitted.resolve(name, "chat")
    return fault.value.status


def test_provides_the_interface() -> None:
    assert verifyObject(ICatalogue, Permitted(Catalogue(), ["*"]))


def test_what_fits_a_pattern_is_there() -> None:
    permitted = Permitted(Catalogue(), ["gpt-4o", "claude-haiku*"])
    assert {model.internal_id for model in permitted.models()} == {"gpt4o", "claudehaiku45"}
    assert permitted.resolve("gpt-4o-2024-11-20", "chat").internal_id == "gpt4o"
    assert _refused(permitted, "gpt-5") == 403
    assert _refused(permitted, "nobody-knows-it") == 404
    assert permitted.is_known("gpt-5")


def test_a_model_that_is_another_now_is_judged_anew() -> None:
    catalogue = Catalogue()
    permitted = Permitted(catalogue, ["argo:good"])
    assert permitted.builtin
    rows = [{"internal_id": "x", "id": "Bad"}, {"internal_id": "y", "id": "Good"}]
    permitted.learn(json.dumps({"data": rows}).encode())
    assert not permitted.builtin
    assert [model.internal_id for model in permitted.models() if model.kind == "chat"] == ["y"]
    permitted.learn(json.dumps({"data": [{"internal_id": "x", "id": "Good"}]}).encode())
    assert permitted.resolve("good", "chat").internal_id == "x"
