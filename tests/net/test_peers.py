"""What the processes of one proxy know of each other, two proxies in memory being two of them."""

from __future__ import annotations

from typing import Any

import pytest

from argoproxy.net.peers import Condition, Fleet, Heartbeat, News, Requests, Workers, joined
from tests.web import Web

GPT5 = {"id": "GPT-5", "internal_id": "gpt5", "object": "model", "created": 7, "owned_by": "openai"}


def test_one_that_is_alone_tells_of_itself() -> None:
    web = Web()
    web.chat()
    ready = web.get("/health/ready").json()
    assert ready["workers"] == {"configured": 1, "live": 1, "retiring": 0}
    assert ready["requests"] == {"open": 0, "served": 1, "repeated": 0, "waiting": 0}
    assert web.get("/version").json()["workers"] == ready["workers"]


def test_what_is_under_way_is_told() -> None:
    web = Web()
    hanging = [{"role": "user", "content": "[sim:hang]"}]
    asked = web.begin("POST", "/v1/chat/completions", {"model": "gpt-4o", "messages": hanging})
    assert not asked.ended
    assert web.get("/health/ready").json()["requests"] == {"open": 1, "served": 0, "repeated": 0, "waiting": 0}
    web.leave()
    assert web.get("/health/ready").json()["requests"] == {"open": 0, "served": 1, "repeated": 0, "waiting": 0}


def test_one_of_several_tells_of_all() -> None:
    web = Web()
    web.proxy.peers.join(Fleet(Workers(4, 3, 2), Condition(Requests(5, 100, 7, 2))))
    web.chat()
    ready = web.get("/health/ready").json()
    assert ready["workers"] == {"configured": 4, "live": 3, "retiring": 2}
    assert ready["requests"] == {"open": 5, "served": 100, "repeated": 7, "waiting": 2}


def test_argos_answers_to_another_count() -> None:
    mine, other = Web(update_check=False), Web()
    mine.clock.advance(1000.0)
    other.clock.advance(1000.0)
    mine.proxy.peers.learn(_learnt(other))
    assert mine.get("/health/ready").status == 503
    mine.proxy.peers.join(Fleet(condition=other.proxy.peers.condition()))
    ready = mine.get("/health/ready")
    assert (ready.status, ready.json()["seconds_since_argo_answered"]) == (200, 0.0)


def _learnt(web: Web) -> News:
    told: list[News] = []
    web.proxy.peers.watch_models(told.append)
    web.post("/refresh", b"")
    return told[0]


def test_a_list_of_models_is_passed_on_as_it_came() -> None:
    mine, other = Web(), Web()
    other.simulator.set_models([GPT5])
    mine.clock.advance(5.0)
    mine.proxy.peers.learn(_learnt(other))
    assert mine.get("/v1/models/gpt5").json()["created"] == 7
    assert not mine.simulator.requests
    assert mine.get("/health/ready").json()["model_list_age_seconds"] == 5.0


def test_the_native_wires_are_passed_on() -> None:
    mine, other = Web(upstream="auto"), Web(upstream="auto")
    other.post("/refresh", b"")
    assert other.proxy.peers.news().native
    mine.proxy.peers.learn(other.proxy.peers.news())
    assert mine.get("/version").json()["upstream"]["anthropic"] == "anthropic_native"


def test_a_newer_version_is_passed_on() -> None:
    web = Web()
    web.proxy.peers.learn(News(latest="99.0"))
    web.proxy.peers.learn(News())
    assert web.get("/version").json()["latest"] == "99.0"
    assert web.proxy.peers.news() == News(latest="99.0")


@pytest.mark.parametrize(
    ("beats", "all_"),
    [
        ([], Heartbeat()),
        ([Heartbeat(), Heartbeat(True, 3.0, 3.0)], Heartbeat(True, 3.0, 3.0)),
        ([Heartbeat(False, 4.0, 1.0), Heartbeat(True, 3.0, 3.0)], Heartbeat(False, 4.0, 3.0)),
        ([Heartbeat(True, 5.0, 5.0), Heartbeat(False, 4.0, None)], Heartbeat(True, 5.0, 5.0)),
    ],
)
def test_the_latest_that_anybody_knows_of_argo_counts(beats: Any, all_: Heartbeat) -> None:
    assert joined([Condition(heartbeat=beat) for beat in beats]).heartbeat == all_


def test_a_failure_of_ones_own_that_came_later_stays() -> None:
    web = Web()
    web.clock.advance(10.0)
    web.simulator.fault("reset", times=3)
    web.chat()
    web.proxy.peers.join(Fleet(condition=Condition(heartbeat=Heartbeat(True, 9.0, 9.0))))
    ready = web.get("/health/ready").json()
    assert (ready["argo_reachable"], ready["seconds_since_argo_answered"]) == (False, 1.0)


def test_news_are_laid_over_older_ones() -> None:
    older = News(models="[1]", learned_at=1.0, native=True)
    assert News(latest="2").over(older) == News("[1]", 1.0, True, "2")
    assert News(models="[2]", learned_at=2.0).over(older) == News("[2]", 2.0, True, None)
