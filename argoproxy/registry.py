"""The explicit lists of dialects, public APIs and wires. A new one is one file and one line here."""

from __future__ import annotations

from collections.abc import Mapping

from .config import Config
from .dialects import anthropic_models, codex_models, google_models, openai_models
from .dialects.anthropic_messages import AnthropicCount, AnthropicMessages
from .dialects.argo_direct import ArgoDirect
from .dialects.google_embeddings import GoogleEmbeddings
from .dialects.google_genai import GoogleCount, GoogleGenAI
from .dialects.openai_chat import OpenAIChat
from .dialects.openai_completions import OpenAICompletions
from .dialects.openai_embeddings import OpenAIEmbeddings
from .dialects.openai_responses import OpenAIResponses
from .interfaces import IDialect, IModelList, IUpstream
from .net.apis import Api, Apis
from .upstreams.anthropic_native import AnthropicNative
from .upstreams.argo_gateway import ArgoGateway
from .upstreams.openai_native import OpenAINative

DIALECTS: Mapping[str, IDialect] = {
    dialect.name: dialect
    for dialect in (
        OpenAIChat(),
        OpenAICompletions(),
        OpenAIResponses(),
        OpenAIEmbeddings(),
        AnthropicMessages(),
        AnthropicCount(),
        GoogleGenAI(),
        GoogleCount(),
        GoogleEmbeddings(),
        ArgoDirect(),
    )
}

APIS = Apis(
    {
        "openai": Api(DIALECTS["openai_chat"], IModelList(openai_models)),
        "codex": Api(DIALECTS["openai_responses"], IModelList(codex_models)),
        "anthropic": Api(DIALECTS["anthropic_messages"], IModelList(anthropic_models)),
        "google": Api(DIALECTS["google_genai"], IModelList(google_models)),
    }
)


def addresses(config: Config) -> Mapping[str, tuple[str, ...]]:
    """The addresses of each wire's calls. The first is that of a list of models, which can be asked for any time."""
    native = config.native_base
    return {
        "gateway": (config.models_url, config.chat_url, config.stream_url, config.embed_url),
        "openai_native": (f"{native}/models", f"{native}/chat/completions", f"{native}/embeddings"),
        "anthropic_native": (f"{native}/models", f"{native}/messages"),
    }


def upstreams(config: Config) -> Mapping[str, IUpstream]:
    """The wires, by name."""
    native = config.native_base
    wires = (
        ArgoGateway(config.chat_url, config.stream_url, config.embed_url),
        OpenAINative(f"{native}/chat/completions", f"{native}/embeddings"),
        AnthropicNative(f"{native}/messages"),
    )
    return {wire.name: wire for wire in wires}
