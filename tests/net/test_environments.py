"""Where else a call may go."""

from __future__ import annotations

import pytest

from argoproxy.conversation import Call
from argoproxy.net.environments import Environments

PROD, DEV, TEST = "https://argo.example/argoapi", "https://argo-dev.example/argoapi", "https://argo-test.example/argoapi"


def _call(url: str) -> Call:
    return Call(url=url, body=b"{}", reply="message", headers={"x-api-key": "someone"}, token="t")


@pytest.mark.parametrize(
    ("url", "onward"),
    [
        (f"{PROD}/v1/messages", f"{DEV}/v1/messages"),
        (f"{DEV}/api/v1/resource/chat/", f"{TEST}/api/v1/resource/chat/"),
        (f"{TEST}/v1/messages", None),
        (f"{PROD}2/v1/messages", None),
        ("http://elsewhere.example/", None),
    ],
)
def test_a_call_goes_on_to_the_next_and_stays_the_same(url: str, onward: str | None) -> None:
    assert Environments([PROD, DEV, TEST]).onward(_call(url)) == (onward and _call(onward))


def test_from_a_single_one_it_goes_nowhere() -> None:
    assert Environments([PROD]).onward(_call(f"{PROD}/v1/messages")) is None
