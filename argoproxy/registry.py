"""The explicit lists of dialects and wires. A new one is one file and one line here."""

from __future__ import annotations

from collections.abc import Mapping

from .config import Config
from .dialects import openai_models
from .dialects.argo_direct import ArgoDirect
from .dialects.openai_chat import OpenAIChat
from .dialects.openai_completions import OpenAICompletions
from .dialects.openai_embeddings import OpenAIEmbeddings
from .dialects.openai_responses import OpenAIResponses
from .interfaces import IDialect, IModelList, IUpstream
from .upstreams.argo_gateway import ArgoGateway

DIALECTS: Mapping[str, IDialect] = {
    dialect.name: dialect
    for dialect in (OpenAIChat(), OpenAICompletions(), OpenAIResponses(), OpenAIEmbeddings(), ArgoDirect())
}

PLAIN = DIALECTS["openai_chat"]
"""Whose faults are told where no dialect is spoken."""

MODEL_LIST = IModelList(openai_models)


def upstreams(config: Config) -> Mapping[str, IUpstream]:
    """The wires, by name."""
    return {"gateway": ArgoGateway(config.chat_url, config.stream_url, config.embed_url)}
