"""Files of argo-proxy, as its versions write them and its documentation shows them, work as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from argoproxy.config import Config, ConfigFault, load
from argoproxy.config.ancestors import MEANINGLESS, RENAMED

DEV = "https://apps-dev.inside.anl.gov/argoapi"
PROD = "https://apps.inside.anl.gov/argoapi"

FORMAT_1 = """\
argo_embedding_url: https://apps.inside.anl.gov/argoapi/api/v1/resource/embed/
argo_stream_url: https://apps-dev.inside.anl.gov/argoapi/api/v1/resource/streamchat/
argo_url: https://apps-dev.inside.anl.gov/argoapi/api/v1/resource/chat/
host: 0.0.0.0
num_workers: 5
port: 52226
timeout: 600
user: jdoe
verbose: true
"""
FORMAT_2 = """\
argo_base_url: https://apps-dev.inside.anl.gov/argoapi/
argo_embedding_url: https://apps-dev.inside.anl.gov/argoapi/api/v1/resource/embed/
argo_stream_url: https://apps-dev.inside.anl.gov/argoapi/api/v1/resource/streamchat/
argo_url: https://apps-dev.inside.anl.gov/argoapi/api/v1/resource/chat/
concurrent_downloads: 10
config_version: '2'
connection_test_timeout: 5
enable_payload_control: false
host: 0.0.0.0
image_timeout: 30
max_payload_size: 20
native_openai_base_url: https://apps-dev.inside.anl.gov/argoapi/v1/
port: 44497
real_stream: true
resolve_overrides:
  apps-dev.inside.anl.gov:8383: 127.0.0.1
skip_url_validation: true
use_native_openai: true
user: JDoe
verbose: false
"""
FORMAT_3 = """\
# Core settings
config_version: '3'
user: jdoe
host: 0.0.0.0
port: 50000
verbose: true
log_to_file: false

# Upstream
argo_base_url: https://apps.inside.anl.gov/argoapi
use_legacy_argo: true
anthropic_stream_mode: force

# Network & validation
connection_test_timeout: 5
skip_url_validation: true
resolve_overrides: {}

# Image processing
enable_payload_control: false
max_payload_size: 20
image_timeout: 30
concurrent_downloads: 10

# Other
default_chat_model: argo:gpt-5.4-nano
default_embed_model: argo:text-embedding-3-small
force_conversion: false
max_log_history: 3
model_refresh_interval_hours: 6
"""


def loaded(folder: Path, text: str, **arguments: Any) -> Config:
    """What a file with this text gives."""
    (folder / "c.yaml").write_text(text, encoding="utf-8")
    return load(str(folder / "c.yaml"), **arguments)


def test_format_1_keeps_its_addresses_and_the_model_list_goes_where_the_chats_go(tmp_path: Path) -> None:
    config = loaded(tmp_path, FORMAT_1)
    assert (config.user, config.host, config.port, config.verbose) == ("jdoe", "0.0.0.0", 52226, True)
    assert config.chat_url == f"{DEV}/api/v1/resource/chat/"
    assert config.stream_url == f"{DEV}/api/v1/resource/streamchat/"
    assert config.embed_url == f"{PROD}/api/v1/resource/embed/"
    assert config.models_url == f"{DEV}/api/v1/models/"
    assert config.request_timeout is None
    ignored, base = config.notices
    assert ignored.endswith("these keys of argo-proxy mean nothing here: num_workers, timeout")
    assert base.endswith(f"argo_base_url is taken from argo_url and argo_stream_url: {DEV}")


def test_format_1_on_production_takes_everything_there(tmp_path: Path) -> None:
    config = loaded(tmp_path, FORMAT_1.replace("apps-dev", "apps"))
    assert (config.models_url, config.native_base) == (f"{PROD}/api/v1/models/", f"{PROD}/v1")


def test_a_single_address_moves_nothing_else(tmp_path: Path) -> None:
    config = loaded(tmp_path, f"user: jdoe\nargo_url: {PROD}/api/v1/resource/chat/")
    assert config.chat_url.startswith(PROD)
    assert config.base_url == DEV
    assert config.notices == ()


@pytest.mark.parametrize("own", ["environment: test", "argo_base_url: https://apps-test.inside.anl.gov/argoapi"])
def test_a_base_that_the_file_names_is_not_guessed(tmp_path: Path, own: str) -> None:
    assert loaded(tmp_path, f"{FORMAT_1}{own}\n").base_url == "https://apps-test.inside.anl.gov/argoapi"


def test_format_2_works_and_one_notice_names_all_that_means_nothing(tmp_path: Path) -> None:
    config = loaded(tmp_path, FORMAT_2)
    assert (config.user, config.base_url, config.upstream) == ("jdoe", DEV, "auto")
    assert dict(config.resolve_overrides) == {"apps-dev.inside.anl.gov:8383": "127.0.0.1"}
    (notice,) = config.notices
    assert set(notice.partition("here: ")[2].split(", ")) == {
        "concurrent_downloads",
        "config_version",
        "connection_test_timeout",
        "enable_payload_control",
        "image_timeout",
        "max_payload_size",
        "native_openai_base_url",
        "real_stream",
        "skip_url_validation",
        "use_native_openai",
    }


def test_format_3_works(tmp_path: Path) -> None:
    config = loaded(tmp_path, FORMAT_3)
    assert (config.user, config.port, config.base_url, config.upstream) == ("jdoe", 50000, PROD, "gateway")
    assert config.default_chat_model == "argo:gpt-5.4-nano"
    assert config.default_embedding_model == "argo:text-embedding-3-small"
    assert config.model_refresh_interval_hours == 6
    assert config.unknown_model_fallback is None
    assert len(config.notices) == 1


@pytest.mark.parametrize("text", [FORMAT_1, FORMAT_2, FORMAT_3])
def test_a_base_from_the_command_line_moves_every_call(tmp_path: Path, text: str) -> None:
    config = loaded(tmp_path, text, options={"argo_base_url": "http://127.0.0.1:1"})
    calls = (config.chat_url, config.stream_url, config.embed_url, config.models_url, config.native_base)
    assert all(url.startswith("http://127.0.0.1:1/") for url in calls)


@pytest.mark.parametrize("name", sorted(MEANINGLESS))
@pytest.mark.parametrize("value", ["null", "''", "5", "[]", "{a: b}"])
def test_what_means_nothing_is_accepted_whatever_it_holds(tmp_path: Path, name: str, value: str) -> None:
    (notice,) = loaded(tmp_path, f"user: jdoe\n{name}: {value}").notices
    assert notice.endswith(f"here: {name}")


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("use_legacy_argo: false", "upstream", "auto"),
        ("use_legacy_argo: true\nupstream: auto", "upstream", "auto"),
        ("_use_legacy_argo: true", "upstream", "gateway"),
        ("socket: /run/argo.sock", "listen", ("unix:/run/argo.sock:mode=600",)),
        ("socket: /run/a:b.sock", "listen", (r"unix:/run/a\:b.sock:mode=600",)),
        ("socket: ''", "listen", ()),
        ("socket: /x\nlisten: tcp:1", "listen", ("tcp:1",)),
        ("_argo_model_url: http://h/m", "argo_model_url", "http://h/m"),
        ("argo_model_url: http://h/m", "argo_model_url", "http://h/m"),
        ("_argo_base_url: http://h/", "argo_base_url", "http://h"),
        ("argo_base_url: ''\nargo_url: ''", "argo_base_url", None),
    ],
)
def test_keys_with_another_name_or_form_are_understood(tmp_path: Path, text: str, field: str, value: object) -> None:
    config = loaded(tmp_path, f"user: jdoe\n{text}")
    assert getattr(config, field) == value
    assert config.notices == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("use_legacy_argo: 1", "use_legacy_argo: must be true or false, found 1"),
        ("default_embed_model: null", "default_embed_model: must be a name, found null"),
        ("socket: 5", "socket: must be the path of a socket, found 5"),
        ("_user: x", "_user: no such key; did you mean user?"),
    ],
)
def test_a_wrong_value_is_told_under_the_name_the_file_has(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigFault) as caught:
        loaded(tmp_path, f"user: jdoe\n{text}")
    assert str(caught.value).endswith(f"c.yaml:2: {told}")


def test_a_key_is_either_meaningless_or_renamed() -> None:
    assert not MEANINGLESS & set(RENAMED)
