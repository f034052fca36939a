"""Pictures named by their addresses: fetched and put in, or refused by name."""

from __future__ import annotations

import base64
from collections.abc import Callable
from io import BytesIO
from typing import Any

import msgspec
import pytest
from PIL import Image as Pillow
from treq.testing import RequestTraversalAgent
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from argoproxy.conversation import ChatRequest, Image, Message, Text, ToolResult
from argoproxy.errors import ClientFault
from argoproxy.net.fetching import Fetcher
from argoproxy.net.images import Images, smaller

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
INLINE = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


class Pictures(Resource):
    """A server of pictures and of trouble."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[bytes] = []

    def render_GET(self, request: Request) -> Any:
        self.asked.append(request.uri)
        name = request.path.lstrip(b"/")
        if name.startswith(b"hop"):
            number = int(name[3:] or b"1")
            request.redirect(b"/hop%d" % (number - 1) if number else b"/ok.png")
            return b""
        if name == b"away":
            request.redirect(b"ftp://elsewhere/x")
            return b""
        if name == b"hang":
            return NOT_DONE_YET
        if name == b"long":
            return PNG + b"x" * 20_000_001
        if name == b"html":
            return b"<html>"
        if name == b"missing":
            request.setResponseCode(404)
        return {b"jpeg": b"\xff\xd8\xff\xe0x", b"webp": b"RIFF....WEBPx"}.get(name, PNG)


class World:
    def __init__(self, largest: int | None = None, fetch: bool = True) -> None:
        self.clock = Clock()
        self.server = Pictures()
        self.agent = RequestTraversalAgent(self.server)
        fetcher = Fetcher(self.clock, self.agent) if fetch else None
        self.images = Images(fetcher, largest, _at_once)

    def within(self, *parts: Any, seconds: float = 0.0, raw: Any = {}) -> ChatRequest:  # noqa: B006 - never changed
        request = ChatRequest(model="x", prompts=((Message("user", parts),),), raw=raw)
        results: list[Any] = []
        Deferred.fromCoroutine(self.images.put(request, self.images.wanted(request))).addBoth(results.append)
        for _ in range(20):
            self.agent.flush()
        self.clock.advance(seconds)
        for _ in range(20):
            self.agent.flush()
        [result] = results
        if isinstance(result, ChatRequest):
            return result
        result.raiseException()
        raise AssertionError

    def refusal(self, url: str, seconds: float = 0.0) -> ClientFault:
        with pytest.raises(ClientFault) as refused:
            self.within(Text("see"), Image(url), seconds=seconds)
        assert refused.value.status == 400
        assert refused.value.param == "messages[0].content[1]"
        return refused.value


def _at_once(call: Callable[..., bytes], *arguments: Any) -> Deferred[bytes]:
    return succeed(call(*arguments))


def test_a_request_without_addresses_is_left_alone() -> None:
    world = World()
    request = ChatRequest(model="x", prompts=((Message("user", (Text("Hi"), Image(INLINE))),),))
    assert not world.images.wanted(request)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("ok.png", "image/png"), ("jpeg", "image/jpeg"), ("webp", "image/webp"), ("hop1", "image/png")],
)
def test_a_picture_is_put_in_by_what_it_is(name: str, kind: str) -> None:
    [text, image] = World().within(Text("see"), Image(f"http://pictures.example/{name}", "low")).messages[0].parts
    assert text == Text("see")
    assert isinstance(image, Image)
    assert image.url.startswith(f"data:{kind};base64,")
    assert image.detail == "low"


def test_pictures_in_tool_results_are_put_in_and_one_address_is_asked_once() -> None:
    world = World()
    image = Image("http://pictures.example/a.png")
    [result, other] = world.within(ToolResult("c", (image,)), image).messages[0].parts
    assert result == ToolResult("c", (Image(INLINE),))
    assert other == Image(INLINE)
    assert len(world.server.asked) == 1


def test_the_places_of_what_was_put_in_are_told_beside_what_the_client_wrote() -> None:
    path = "messages[0].content[0].image_url"
    raw = {"messages": msgspec.Raw(b"[]")}
    asked = [Image("http://pictures.example/a.png", path=path), Image(INLINE), Image("http://pictures.example/a.png")]
    request = World().within(*asked, raw=raw)
    assert request.pictures == {path: INLINE, "messages[0].content[2]": INLINE}
    assert request.raw == raw


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://pictures.example/html", "no image"),
        ("http://pictures.example/missing", "status 404"),
        ("http://pictures.example/long", "larger than 20 MB"),
        ("http://pictures.example/hop9", "too many redirects"),
        ("http://pictures.example/away", "only http and https"),
        ("ftp://pictures.example/x", "only http and https"),
        ("file:///etc/passwd", "only http and https"),
        ("gs://bucket/x", "only http and https"),
        ("/etc/passwd", "only http and https"),
        ("", "only http and https"),
        ("http://[::1", "no address"),
        ("http:///x", "only http and https"),
    ],
)
def test_what_cannot_be_had_is_the_clients_fault(url: str, why: str) -> None:
    assert why in World().refusal(url).message


def test_what_takes_too_long_is_given_up() -> None:
    assert "20 s" in World().refusal("http://pictures.example/hang", seconds=20.1).message


def test_with_fetching_off_an_address_is_refused() -> None:
    assert World(fetch=False).refusal("http://pictures.example/ok.png").code == "image_fetch_off"


def _noise(side: int) -> bytes:
    picture = Pillow.effect_noise((side, side), 100).convert("RGB")
    out = BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def test_large_pictures_are_made_smaller_and_small_ones_left() -> None:
    large = f"data:image/png;base64,{base64.b64encode(_noise(400)).decode()}"
    [image, small] = World(largest=20_000).within(Image(large), Image(INLINE)).messages[0].parts
    assert isinstance(image, Image)
    data = base64.b64decode(image.url.partition(",")[2])
    assert image.url.startswith("data:image/jpeg;base64,")
    assert len(data) <= 20_000
    assert small == Image(INLINE)


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\nbroken", b"", PNG[:30]])
def test_a_picture_that_cannot_be_read_is_left_as_it_is(data: bytes) -> None:
    assert smaller(data, 1) == data


def test_what_is_no_base64_is_refused_where_it_matters() -> None:
    world = World(largest=10)
    assert world.refusal("data:image/png;base64,!!!!" + "A" * 40).code == "invalid_image"
