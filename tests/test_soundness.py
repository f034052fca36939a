"""What a configuration lacks is told before anything serves."""

from __future__ import annotations

from typing import Any

import pytest

from argoproxy import soundness
from argoproxy.config import Config, ConfigFault
from argoproxy.soundness import check


@pytest.mark.parametrize("known", [{"user": "someone"}, {"use_simulator": True}, {"username_passthrough": True}])
def test_argo_knows_who_asks(known: dict[str, Any]) -> None:
    check(Config(**known))


def test_argo_must_know_who_asks() -> None:
    with pytest.raises(ConfigFault, match=r"^user: not set, and ARGO must know who asks$"):
        check(Config())


@pytest.mark.parametrize(("found", "sound"), [(object(), True), (None, False)])
def test_pictures_are_made_smaller_only_where_pillow_is(
    found: object, sound: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soundness, "find_spec", lambda name: found)
    check(Config(user="someone"))
    if sound:
        check(Config(user="someone", max_image_mb=1.0))
        return
    with pytest.raises(ConfigFault, match=r"^max_image_mb: needs Pillow: "):
        check(Config(user="someone", max_image_mb=1.0))
