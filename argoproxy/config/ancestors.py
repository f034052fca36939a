"""
The keys of argo-proxy's files (its formats 1, 2 and 3, versions 2.5 to 3.3), so that they work here as they are.

Our own keys that argo-proxy has too, with the same meaning, are not listed. Reading and checking values stays out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import msgspec

from argoproxy.config.kinds import NAME, SWITCH, Kind, text


class Renamed(msgspec.Struct, frozen=True):
    """
    A key with a meaning here under another name.

    @ivar name: our key.
    @ivar kind: what argo-proxy's key wants.
    @ivar become: gives our value for its value; C{None}: as if it were not there.
    """

    name: str
    kind: Kind
    become: Callable[[str], object]


def _same(value: str) -> object:
    return value


def _unix_endpoint(path: str) -> object:
    escaped = re.sub(r"([\\:])", r"\\\1", path)
    return f"unix:{escaped}:mode=600"


RENAMED: Mapping[str, Renamed] = {
    "default_embed_model": Renamed("default_embedding_model", NAME, _same),
    "socket": Renamed("listen", text("the path of a socket", r"\S(.*\S)?"), _unix_endpoint),
    "use_legacy_argo": Renamed("upstream", SWITCH, lambda on: "gateway" if on else None),
}

MEANINGLESS = frozenset(
    {
        "anthropic_stream_mode",
        "concurrent_downloads",
        "config_version",
        "connection_test_timeout",
        "data_dir",
        "dev_mode",
        "dump_dir",
        "dump_requests",
        "enable_leaked_tool_fix",
        "enable_payload_control",
        "force_conversion",
        "image_timeout",
        "log_to_file",
        "max_log_history",
        "max_payload_size",
        "mode",
        "native_anthropic_base_url",
        "native_openai_base_url",
        "num_workers",
        "provider_tool_format",
        "real_stream",
        "skip_url_validation",
        # Written into every file of format 1 (600), and never read.
        "timeout",
        "tool_prompt",
        "use_native_anthropic",
        "use_native_openai",
        "_argo_dev_base",
        "_argo_prod_base",
        "_user_validated",
    }
)

# Those of argo-proxy's private fields that a file can set.
_PRIVATE = MEANINGLESS | {
    "argo_base_url",
    "argo_embedding_url",
    "argo_model_url",
    "argo_stream_url",
    "argo_url",
    "use_legacy_argo",
}


def public_name(key: str) -> str:
    """argo-proxy also takes the names of its private fields, and one (C{_argo_model_url}) by no other name."""
    return key[1:] if key.startswith("_") and key[1:] in _PRIVATE else key


def common_base(values: Mapping[str, object]) -> str | None:
    """
    The base that a file's chat and stream addresses share.

    Formats 1 and 2 write the single addresses and no base, and what has no address of its own (the model list, the
    native wires) must not go to another environment than the chats.

    @param values: the file's values under public names.
    @return: C{None} if the file says by itself which base it wants, or the two don't share one.
    """
    if values.get("argo_base_url") or "environment" in values:
        return None
    chat = re.fullmatch(r"(.+)/api/v1/resource/chat/?", str(values.get("argo_url")))
    stream = re.fullmatch(r"(.+)/api/v1/resource/streamchat/?", str(values.get("argo_stream_url")))
    return chat[1] if chat and stream and chat[1] == stream[1] else None
