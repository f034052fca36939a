"""
A request's pictures, put into it: those that it names by their addresses are fetched, those that are too large are
made smaller. What is no picture is the client's fault.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from io import BytesIO

import attrs
import msgspec
from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.threads import deferToThread

from argoproxy.conversation import ChatRequest, Image, Message, Part, ToolResult
from argoproxy.errors import ClientFault

from .fanout import together
from .fetching import Fetcher

_AT_ONCE = 4

# How each kind of picture begins: neither a server's nor a client's word for it is taken.
_BEGINNINGS: Mapping[bytes, str] = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}


@attrs.define(eq=False)
class Images:
    """
    @ivar fetcher: L{None} if nothing is to be fetched.
    @ivar largest: bytes above which a picture is made smaller, or L{None}.
    """

    _fetcher: Fetcher | None
    _largest: int | None = None
    _in_thread: Callable[..., Deferred[bytes]] = deferToThread
    _places: DeferredSemaphore = attrs.field(factory=lambda: DeferredSemaphore(_AT_ONCE))

    def wanted(self, request: ChatRequest) -> Mapping[str, str]:
        """The pictures that aren't in the request as they should be, by their addresses: where they stand."""
        return {part.url: path for path, part in _pictures(request) if self._wants(part)}

    async def put(self, request: ChatRequest, wanted: Mapping[str, str]) -> ChatRequest:
        """
        The same request with these pictures in it.

        @raise ClientFault: one can't be had, or is none. C{param} has its place.
        """
        found: dict[str, str] = {}
        await together([partial(self._put, found, url, path) for url, path in wanted.items()], _AT_ONCE)
        prompts = tuple(tuple(_replaced(message, found) for message in prompt) for prompt in request.prompts)
        places = {path: found[part.url] for path, part in _pictures(request) if part.url in found}
        return msgspec.structs.replace(request, prompts=prompts, pictures=places)

    def _wants(self, image: Image) -> bool:
        if not image.url.startswith("data:"):
            return True
        return self._largest is not None and len(image.url) * 3 // 4 > self._largest

    async def _put(self, found: dict[str, str], url: str, path: str) -> None:
        data = _decoded(url, path) if url.startswith("data:") else await self._fetched(url, path)
        if _kind(data) is None:
            raise ClientFault(f"What is at '{path}' is no image.", code="invalid_image", param=path)
        if self._largest is not None and len(data) > self._largest:
            data = await self._places.run(self._in_thread, smaller, data, self._largest)
        found[url] = f"data:{_kind(data)};base64,{base64.b64encode(data).decode('ascii')}"

    async def _fetched(self, url: str, path: str) -> bytes:
        if self._fetcher is None:
            text = f"The image at '{path}' is an address, and none is fetched here: send a data: URI."
            raise ClientFault(text, code="image_fetch_off", param=path)
        return await self._places.run(self._fetcher.get, url, path)


def smaller(data: bytes, largest: int) -> bytes:
    """
    A picture made small enough. Takes long: for a thread.

    @param largest: bytes. What can't be made so small, or read, is returned as it is: ARGO decides.
    """
    from PIL import Image as Pillow
    from PIL import UnidentifiedImageError

    try:
        with Pillow.open(BytesIO(data)) as picture:
            plain = picture.convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, Pillow.DecompressionBombError):
        return data
    for _ in range(8):
        out = BytesIO()
        plain.save(out, "JPEG", quality=85)
        if out.tell() <= largest:
            return out.getvalue()
        plain = plain.resize((max(1, plain.width * 7 // 10), max(1, plain.height * 7 // 10)))
    return out.getvalue()


def _pictures(request: ChatRequest) -> Iterator[tuple[str, Image]]:
    """The pictures and their places."""
    for prompt in request.prompts:
        for number, message in enumerate(prompt):
            for place, part in enumerate(message.parts):
                if not isinstance(part, (Image, ToolResult)):
                    continue
                for one in (part,) if isinstance(part, Image) else part.parts:
                    if isinstance(one, Image):
                        yield one.path or f"messages[{number}].content[{place}]", one


def _replaced(message: Message, found: Mapping[str, str]) -> Message:
    parts = tuple(_with(part, found) for part in message.parts)
    return msgspec.structs.replace(message, parts=parts) if parts != message.parts else message


def _with(part: Part, found: Mapping[str, str]) -> Part:
    if isinstance(part, Image):
        return msgspec.structs.replace(part, url=found.get(part.url, part.url))
    if isinstance(part, ToolResult):
        inner = tuple(_with(one, found) for one in part.parts)
        return msgspec.structs.replace(part, parts=inner)
    return part


def _decoded(uri: str, path: str) -> bytes:
    try:
        return base64.b64decode(uri.partition(",")[2], validate=True)
    except binascii.Error:
        raise ClientFault(f"The image at '{path}' is not valid base64.", code="invalid_image", param=path) from None


def _kind(data: bytes) -> str | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for beginning, kind in _BEGINNINGS.items() if data.startswith(beginning)), None)
