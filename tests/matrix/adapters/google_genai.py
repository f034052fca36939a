"""Google's GenAI: contents in, candidates out."""

from __future__ import annotations

import json
from typing import Any

from tests.matrix.asks import TEMPERATURE, TOP_P, Ask, Call, Model, Result, Said, Trouble, Turn, Usage

from .adapter import Adapter, events

_CITY = {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}, "required": ["city"]}
_FINISH = {"STOP": "stop", "MAX_TOKENS": "length"}
GOOGLE_KINDS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
}


class GoogleGenAI(Adapter):
    """C{:generateContent} and C{:streamGenerateContent}. What is sealed is a part, which goes back as it came."""

    dialect = "google_genai"
    effort = "generationConfig.thinkingConfig"
    seals = True
    splits = False
    statuses = GOOGLE_KINDS
    renamed = {529: 503}

    def key(self, name: str) -> dict[str, str]:
        return {"x-goog-api-key": name}

    def path(self, ask: Ask, model: str) -> str:
        method = "streamGenerateContent?alt=sse" if ask.streamed else "generateContent"
        return f"/v1beta/models/{model}:{method}"

    def body(self, ask: Ask, model: str) -> dict[str, Any]:
        fields: dict[str, Any] = {"contents": _contents(ask.turns)}
        if ask.system:
            fields["systemInstruction"] = {"parts": [{"text": ask.system}]}
        if ask.tools:
            fields |= _tools(ask)
        config = _config(ask)
        if config:
            fields["generationConfig"] = config
        return fields | dict(ask.more)

    def whole(self, document: Any) -> Said:
        return self._said([document])

    def stream(self, body: bytes) -> Said:
        return self._chunks([event.data for event in events(body)])

    def trouble(self, document: Any) -> Trouble:
        error = document["error"]
        assert isinstance(error["code"], int)
        return Trouble(error["status"], error["message"])

    def _chunks(self, chunks: list[Any]) -> Said:
        assert chunks, "the stream said nothing"
        if "error" in chunks[-1]:
            return Said(pieces=tuple(_texts(_parts(chunks[:-1]))), trouble=self.trouble(chunks[-1]))
        return self._said(chunks)

    def _said(self, chunks: list[Any]) -> Said:
        parts, last = _parts(chunks), chunks[-1]
        assert len({(chunk["modelVersion"], chunk["responseId"]) for chunk in chunks}) == 1
        assert not any("usageMetadata" in chunk or "finishReason" in chunk["candidates"][0] for chunk in chunks[:-1])
        called = [part["functionCall"] for part in parts if "functionCall" in part]
        thoughts = [part for part in parts if part.get("thought")]
        finish = _FINISH[last["candidates"][0]["finishReason"]]
        return Said(
            model=last["modelVersion"],
            pieces=tuple(_texts(parts)),
            calls=tuple(Call(call.get("id", ""), call["name"], call["args"]) for call in called),
            fragments=tuple(1 for _ in called),
            thoughts="".join(part.get("text", "") for part in thoughts),
            seal=next((part["thoughtSignature"] for part in thoughts if "thoughtSignature" in part), ""),
            # Calls have no word of their own here: they are in the parts.
            finish="tool_calls" if called and finish == "stop" else finish,
            usage=_usage(last["usageMetadata"]),
            own=[chunk["candidates"][0]["content"] for chunk in chunks],
        )


class GoogleArray(GoogleGenAI):
    """The same, its streams a JSON array, as clients get them who don't say C{alt=sse}."""

    variant = "array"

    def path(self, ask: Ask, model: str) -> str:
        return super().path(ask, model).removesuffix("?alt=sse").replace("/v1beta/", "/v1/")

    def stream(self, body: bytes) -> Said:
        return self._chunks(json.loads(body))


def _tools(ask: Ask) -> dict[str, Any]:
    schema = {"parametersJsonSchema": ask.schema} if ask.awkward else {"parameters": _CITY}
    declared = [{"name": name, "description": ask.description} | schema for name in ask.tools]
    calling: dict[str, Any] = {"mode": {"required": "ANY"}.get(ask.choice, ask.choice.upper())}
    if ask.choice in ask.tools:
        calling = {"mode": "ANY", "allowedFunctionNames": [ask.choice]}
    return {"tools": [{"functionDeclarations": declared}], "toolConfig": {"functionCallingConfig": calling}}


def _config(ask: Ask) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if ask.limit is not None:
        config["maxOutputTokens"] = ask.limit
    if ask.sampling:
        config |= {"temperature": TEMPERATURE, "topP": TOP_P}
    if ask.stop:
        config["stopSequences"] = [ask.stop]
    if ask.thinks:
        config["thinkingConfig"] = {"thinkingLevel": "HIGH", "includeThoughts": True}
    if ask.shaped:
        config |= {"responseMimeType": "application/json", "responseSchema": _CITY}
    return config


def _contents(turns: tuple[Turn, ...]) -> list[dict[str, Any]]:
    """Contents in turn: the results of several calls are one."""
    contents: list[dict[str, Any]] = []
    for turn in turns:
        if isinstance(turn, Model):
            contents += turn.own or [{"role": "model", "parts": [{"text": turn.text}]}]
        elif isinstance(turn, Result) and contents and contents[-1]["role"] == "user":
            contents[-1]["parts"] += _told(turn)
        else:
            contents.append({"role": "user", "parts": _told(turn)})
    return contents


def _told(turn: Turn) -> list[dict[str, Any]]:
    assert not isinstance(turn, Model)
    image = [{"inlineData": {"mimeType": "image/png", "data": turn.image}}] if turn.image else []
    if isinstance(turn, Result):
        identity = {"id": turn.call.id} if turn.call.id else {}
        response = {"name": turn.call.name, "response": {"result": turn.text}}
        return [{"functionResponse": identity | response | ({"parts": image} if image else {})}]
    return [{"text": turn.text}, *image]


def _parts(chunks: list[Any]) -> list[Any]:
    candidates = [candidate for chunk in chunks for candidate in chunk["candidates"]]
    assert all(candidate["content"]["role"] == "model" for candidate in candidates)
    assert all(candidate["content"]["parts"] for candidate in candidates)
    return [part for candidate in candidates for part in candidate["content"]["parts"]]


def _texts(parts: list[Any]) -> list[str]:
    return [part["text"] for part in parts if part.get("text") and not part.get("thought")]


def _usage(told: Any) -> Usage:
    completion = told["candidatesTokenCount"] + told.get("thoughtsTokenCount", 0)
    assert told["totalTokenCount"] == told["promptTokenCount"] + completion
    return Usage(told["promptTokenCount"], completion)
