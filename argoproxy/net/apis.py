"""
Which public API a request means where its path doesn't settle it: for the list of models, which several have at the
same path, and for faults, which are to be told in the API's own shape on paths that there aren't, too.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from twisted.web.server import Request

from argoproxy.interfaces import IDialect, IModelList

_OPENAI, _ANTHROPIC, _GOOGLE, _CODEX = "openai", "anthropic", "google", "codex"

# What a client sends along when it asks for the models.
_BY_QUERY = ((b"client_version", _CODEX), (b"key", _GOOGLE))
_BY_HEADER = (("anthropic-version", _ANTHROPIC), ("x-api-key", _ANTHROPIC), ("x-goog-api-key", _GOOGLE))
_BY_PATH = ((b"/v1/messages", _ANTHROPIC), (b"/v1beta", _GOOGLE))
_GOOGLES_METHODS = (b"Content", b"Contents", b"countTokens")


@attrs.frozen
class Api:
    """
    @ivar faults: the dialect in which faults are told.
    @ivar models: the shape of the list of models.
    """

    faults: IDialect
    models: IModelList


@attrs.frozen
class Apis:
    """
    @ivar apis: C{openai}, C{anthropic}, C{google} and C{codex}.
    """

    _apis: Mapping[str, Api]

    @property
    def google(self) -> Api:
        """Google's."""
        return self._apis[_GOOGLE]

    def of_path(self, path: bytes) -> Api:
        """Whose path it is; OpenAI's, if nobody's."""
        for beginning, name in _BY_PATH:
            if path.startswith(beginning):
                return self._apis[name]
        googles = path.startswith(b"/v1/models/") and path.endswith(_GOOGLES_METHODS)
        return self._apis[_GOOGLE if googles else _OPENAI]

    def asking(self, request: Request) -> Api:
        """Who asks for the models."""
        for query, name in _BY_QUERY:
            if query in (request.args or {}):
                return self._apis[name]
        for header, name in _BY_HEADER:
            if request.requestHeaders.hasHeader(header):
                return self._apis[name]
        return self._apis[_OPENAI]
