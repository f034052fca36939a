"""The parts of Google's contents, each on its own: what it is in the neutral language, and what is refused."""

from __future__ import annotations

import re

import msgspec

from argoproxy.conversation import Image, Text
from argoproxy.errors import ClientFault
from argoproxy.vocabulary.google import UNSUPPORTED_PARTS, Blob, Content, FileData, FunctionResponse, Part
from argoproxy.vocabulary.google_schema import json_schema
from argoproxy.wire.json import NULL, begins

from .google_seals import plain_base64

_IMAGE_TYPE = re.compile(r"image/[a-z0-9.+-]+", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_FILES_API = re.compile(r"https://generativelanguage\.googleapis\.com/", re.IGNORECASE)


def parts_of(content: Content) -> tuple[Part, ...]:
    """A content's parts. A text may stand for a part, or for all."""
    listed = (content.parts,) if isinstance(content.parts, str) else content.parts or ()
    return tuple(Part(text=part) if isinstance(part, str) else part for part in listed)


def shown(part: Part, path: str) -> tuple[Text | Image, ...]:
    """
    What of a part anyone may say: text and pictures. Empty text is nothing.

    @raise ClientFault: there are bytes in it that are no picture.
    """
    found: list[Text | Image] = [Text(part.text)] if part.text else []
    if part.inline_data is not None:
        found.append(_inline(part.inline_data, f"{path}.inlineData"))
    if part.file_data is not None:
        found.append(_elsewhere(part.file_data, f"{path}.fileData"))
    return tuple(found)


def only_text(content: Content, path: str) -> str:
    """
    The text of a content that may have nothing else.

    @raise ClientFault: it has.
    """
    texts = []
    for index, part in enumerate(parts_of(content)):
        where = f"{path}.parts[{index}]"
        refuse_unknown(part, where)
        if part.text is None:
            raise refused(where, "only text is taken here")
        texts.append(part.text)
    return "".join(texts)


def refuse_unknown(part: Part, path: str) -> None:
    """
    @raise ClientFault: it belongs to a tool that Google runs itself, or nothing in it is known.
    """
    for field, name in UNSUPPORTED_PARTS.items():
        if getattr(part, field) != NULL:
            raise refused(f"{path}.{name}", "parts of this kind are not supported")
    kinds = (part.text, part.inline_data, part.file_data, part.function_call, part.function_response)
    # A seal may come alone, at the end of a stream.
    if part.thought_signature is None and all(kind is None for kind in kinds):
        raise refused(path, "it is a part of no kind that is supported")


def json_text(raw: msgspec.Raw, path: str) -> str:
    """
    The text of an object, without escapes, which cost a model tokens and sense. One that is missing is empty.

    @raise ClientFault: it is no object.
    """
    if raw == NULL:
        return "{}"
    require_object(raw, path)
    text = bytes(raw)
    return (msgspec.json.encode(msgspec.json.decode(text)) if b"\\u" in text else text).decode()


def require_object(raw: msgspec.Raw, path: str) -> None:
    """
    @raise ClientFault: it is no object.
    """
    if not begins(raw, b"{"):
        raise ClientFault(f"Invalid value for '{path}': expected an object.", code="invalid_type", param=path)


def read_schema(raw: msgspec.Raw, path: str) -> msgspec.Raw:
    """
    The JSON Schema that a schema of Google's is.

    @raise ClientFault: it is no object.
    """
    require_object(raw, path)
    try:
        return json_schema(raw)
    except RecursionError:
        raise ClientFault(f"'{path}' is nested too deeply.", code="invalid_json", param=path) from None


def answer(response: FunctionResponse, path: str) -> tuple[Text | Image, ...]:
    """
    What a tool answered: its object as text, and pictures.

    @raise ClientFault: the object is none, or there is something besides that isn't taken.
    """
    pictures: list[Image] = []
    for index, part in enumerate(response.parts or ()):
        where = f"{path}.parts[{index}]"
        if part.inline_data is not None:
            pictures.append(_inline(part.inline_data, f"{where}.inlineData"))
        elif part.file_data is not None:
            pictures.append(_elsewhere(part.file_data, f"{where}.fileData"))
        else:
            raise refused(where, "it is a part of no kind that is supported")
    return (Text(json_text(response.response, f"{path}.response")), *pictures)


def refused(path: str, why: str, code: str = "unsupported_value") -> ClientFault:
    """The fault for a field with a value that isn't taken."""
    return ClientFault(f"Invalid value for '{path}': {why}.", code=code, param=path)


def _inline(blob: Blob, path: str) -> Image:
    if not _IMAGE_TYPE.fullmatch(blob.mime_type):
        raise refused(f"{path}.mimeType", "only images are supported")
    try:
        return Image(f"data:{blob.mime_type};base64,{plain_base64(blob.data)}", path=path)
    except ValueError:
        raise refused(f"{path}.data", "it is not base64", "invalid_value") from None


def _elsewhere(file: FileData, path: str) -> Image:
    if file.mime_type and not _IMAGE_TYPE.fullmatch(file.mime_type):
        raise refused(f"{path}.mimeType", "only images are supported")
    if not _ADDRESS.match(file.file_uri) or _FILES_API.match(file.file_uri):
        raise refused(f"{path}.fileUri", "only pictures at an http or https address can be had, no uploaded files")
    return Image(file.file_uri, path=path)
