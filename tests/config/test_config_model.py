"""The keys and the object they make: each value is checked, kept frozen, and documented."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from argoproxy.config import KEYS, SIMULATOR_KEYS, Config, ConfigFault, SimulatorOptions

PROD, DEV, TEST = (f"https://apps{kind}.inside.anl.gov/argoapi" for kind in ("", "-dev", "-test"))

TAKEN: list[tuple[str, Any, Any]] = [
    ("user", "jdoe", "jdoe"),
    ("user", " JDoe ", "jdoe"),
    ("ca_file", "/etc/ssl/lab.pem", "/etc/ssl/lab.pem"),
    ("upstream_proxy", "http://proxy.example.gov:3128/", "http://proxy.example.gov:3128"),
    ("upstream_proxy", "http://me:a%40b@[::1]:80", "http://me:a%40b@[::1]:80"),
    ("host", "0.0.0.0", "0.0.0.0"),
    ("host", "::1", "::1"),
    ("port", 0, 0),
    ("port", 65535, 65535),
    ("listen", "tcp:1", ("tcp:1",)),
    ("listen", ["tcp:1", " unix:/x "], ("tcp:1", "unix:/x")),
    ("listen", [], ()),
    ("allowed_hosts", "argo.example.gov", ("argo.example.gov",)),
    ("allowed_hosts", ["argo", "*.example.gov", "*"], ("argo", "*.example.gov", "*")),
    ("cors_origins", "*", ("*",)),
    ("cors_origins", ["https://a.gov:8", "app://obsidian.md"], ("https://a.gov:8", "app://obsidian.md")),
    ("max_upstream", 5, {"gateway": 5, "openai_native": 5, "anthropic_native": 5}),
    ("max_upstream", {"gateway": 5}, {"gateway": 5}),
    ("environment", "prod", ("prod",)),
    ("environment", ["prod", "dev"], ("prod", "dev")),
    ("breaker", True, True),
    ("fallbacks", {"gpt5": ["gpt41", "gpt4o"], "o3": "gpt41"}, {"gpt5": ("gpt41", "gpt4o"), "o3": ("gpt41",)}),
    ("argo_base_url", PROD, PROD),
    ("argo_base_url", "http://127.0.0.1:8080//", "http://127.0.0.1:8080"),
    ("argo_base_url", "http://[::1]:80/argoapi", "http://[::1]:80/argoapi"),
    ("argo_url", "http://h/any/v1/", "http://h/any/v1/"),
    ("upstream", "native", "native"),
    ("default_chat_model", "argo:gpt-4o", "argo:gpt-4o"),
    ("request_timeout", 0.5, 0.5),
    ("connect_timeout", 1, 1.0),
    ("first_byte_timeout", 300, 300.0),
    ("idle_timeout", 0.5, 0.5),
    ("keepalive_interval", 0, 0.0),
    ("shutdown_grace", 0, 0.0),
    ("model_refresh_interval_hours", 0, 0.0),
    ("max_body_mb", 1_000_000, 1_000_000.0),
    ("log_keep", 1, 1),
    ("update_package", "argo-proxy.x_1", "argo-proxy.x_1"),
    ("model_aliases", {"fast": "gpt-4o"}, {"fast": "gpt-4o"}),
    ("resolve_overrides", {"Apps.inside.anl.gov:443": "127.0.0.1"}, {"apps.inside.anl.gov:443": "127.0.0.1"}),
    ("resolve_overrides", {"[::1]:8443": "::1"}, {"[::1]:8443": "::1"}),
    ("simulator", {"chunk_size": 3}, SimulatorOptions(chunk_size=3)),
    ("simulator", SimulatorOptions(fault="hang"), SimulatorOptions(fault="hang")),
]

NO_ADDRESSES: list[Any] = [
    *("apps.inside.anl.gov", "ftp://h/", "http://", "http:///x", "http://u:p@h/", "http://u@h/", "http://h/?key=x"),
    *("http://h/#x", "http://h/?", "http://h:99999/", "http://h:0/", "http://h:x/", "http://h /", "http://h\n/", ""),
    *("http://-h/", "http://h\\@i/", "http://[::1", "http://[zz]/", "http://jürgen.de/", 5, True),
]
REFUSED: dict[str, list[Any]] = {
    "user": ["", "  ", "a b", "a\nb", "jürgen", "x" * 65, 5, True, "a\ud800"],
    "host": ["", "a b", "http://h", 5, None],
    "port": [-1, 65536, 44497.0, "44497", True, None, 10**30, []],
    "listen": ["", " ", [""], ["tcp:1", 5], {"a": "b"}, 5, ["a\nb"], None],
    "allowed_hosts": ["", "a b", "a:1", "http://a", [5], {}, None, "münchen"],
    "cors_origins": ["", "a.gov", "null", "https://a.gov/", "https://*.a.gov", "https://", ["*", 5], None],
    "environment": ["production", "", True, None, "Dev", [], ["prod", "Dev"], ["prod", None]],
    "max_upstream": [0, -1, True, "5", None, {"native": 5}, {"gateway": 0}, {"gateway": "5"}],
    "upstream": ["none", 1],
    "log_format": ["xml", None],
    "argo_base_url": NO_ADDRESSES,
    "argo_url": NO_ADDRESSES,
    "request_timeout": [0, -1, "5", True, float("nan"), float("inf"), 10**400, 1_000_001],
    "first_byte_timeout": [0, True],
    "idle_timeout": [0, "5"],
    "keepalive_interval": [-0.1, float("-inf"), None, False],
    "max_body_mb": [0, -1],
    "log_keep": [0, 1.0, True],
    "verbose": [1, 0, "true", "yes", None],
    "default_chat_model": ["", " x", 4, True, "a\nb", "a\ud800"],
    "update_package": ["--index-url=x", "-r", "a b", "", "a/b", 1],
    "fallbacks": [None, "gpt5", {"gpt5": []}, {"gpt5": [5]}, {"gpt5": ""}, {"": ["gpt41"]}],
    "model_aliases": [None, [], "a", {"a": 1}, {"": "b"}, {"a": None}, {"a": ""}],
    "resolve_overrides": [
        *({"h": "::1"}, {"h:": "::1"}, {"h:0": "::1"}, {"h:70000": "::1"}, {":1": "::1"}, {"u:p@h:1": "::1"}),
        *({"h:1": "localhost"}, {"h:1": 5}, {"h:1": "127.0.0.1:80"}),
    ],
    "simulator": [True, 5, None, [], {"chunk_size": 0}, {"chunk_delay": -1}, {"fault": ""}, {"x": 1}],
}


@pytest.mark.parametrize(("name", "value", "kept"), TAKEN)
def test_a_value_that_fits_is_kept_and_reading_it_again_changes_nothing(name: str, value: Any, kept: Any) -> None:
    config = Config(**{name: value})
    assert getattr(config, name) == kept
    assert getattr(msgspec.structs.replace(config), name) == kept


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in REFUSED.items() for value in values])
def test_a_value_that_does_not_fit_is_refused_with_its_key(name: str, value: Any) -> None:
    with pytest.raises(ConfigFault, match=rf"^{name}[.:]"):
        Config(**{name: value})


def test_what_is_unset_by_default_may_be_unset_by_hand() -> None:
    assert Config(user=None, argo_base_url=None, request_timeout=None) == Config()


def test_the_defaults_are_the_documented_ones() -> None:
    told = {key.name: key.default for key in KEYS}
    assert told == {key.name: getattr(Config(), key.name) for key in KEYS}
    assert {key.name: key.kind.read(key.default) for key in KEYS if key.default is not None} == {
        name: default for name, default in told.items() if default is not None
    }
    assert (told["port"], told["host"], told["environment"], told["upstream"]) == (44497, "127.0.0.1", ("dev",), "auto")
    assert (told["connect_timeout"], told["shutdown_grace"], told["keepalive_interval"]) == (10, 30, 15)
    assert [told[name] for name in ("user", "request_timeout", "default_chat_model", "unknown_model_fallback")] == [
        None
    ] * 4
    assert (told["max_body_mb"], told["update_check"], told["strict_params"]) == (100, True, False)


def test_every_field_but_the_two_about_the_loading_is_a_key() -> None:
    assert list(Config.__struct_fields__) == [*(key.name for key in KEYS), "notices", "source"]
    assert [key.name for key in SIMULATOR_KEYS] == list(SimulatorOptions.__struct_fields__)


@pytest.mark.parametrize("key", [*KEYS, *SIMULATOR_KEYS], ids=lambda key: key.name)
def test_every_key_is_documented_by_one_sentence(key: Any) -> None:
    assert re.fullmatch(r"[A-Z].{5,}\.", key.doc)
    assert key.kind.wanted


def test_only_what_text_can_say_has_a_variable() -> None:
    variables = {key.name: key.variable for key in KEYS}
    assert {name for name, variable in variables.items() if not variable} == {
        "abilities",
        "fallbacks",
        "keys",
        "limits",
        "model_aliases",
        "resolve_overrides",
        "routes",
        "simulator",
    }
    assert variables["port"] == "ARGOPROXY_PORT"
    assert variables["use_simulator"] == "ARGOPROXY_SIMULATOR"
    assert [key.name for key in KEYS if not key.in_file] == ["use_simulator"]


def test_nothing_in_it_can_be_changed() -> None:
    aliases = {"a": "b"}
    config = Config(model_aliases=aliases)
    aliases["c"] = "d"
    assert dict(config.model_aliases) == {"a": "b"}
    with pytest.raises(TypeError):
        config.model_aliases["x"] = "y"  # type: ignore[index]
    with pytest.raises(AttributeError):
        config.port = 1  # type: ignore[misc]


@pytest.mark.parametrize(("environment", "base"), [("prod", PROD), ("dev", DEV), ("test", TEST)])
def test_the_environment_decides_the_base(environment: Any, base: str) -> None:
    config = Config(environment=environment)
    assert config.base_url == base
    assert config.chat_url == f"{base}/api/v1/resource/chat/"
    assert config.stream_url == f"{base}/api/v1/resource/streamchat/"
    assert config.embed_url == f"{base}/api/v1/resource/embed/"
    assert config.models_url == f"{base}/api/v1/models/"
    assert config.native_base == f"{base}/v1"


def test_of_several_environments_the_first_is_the_best() -> None:
    config = Config(environment=("prod", "dev", "prod"))
    assert config.base_url == PROD
    assert [one.base_url for one in config.alone] == [PROD, DEV]
    assert [one.at("http://h").base_url for one in (config, *config.alone)] == ["http://h"] * 3
    assert config.at("http://h").environment == ("prod",)


def test_an_own_base_wins_over_the_environment_and_a_single_address_over_both() -> None:
    config = Config(
        environment=("prod",), argo_base_url="http://h/argoapi/", argo_url="http://x/chat", argo_model_url="http://y/m"
    )
    assert config.base_url == "http://h/argoapi"
    assert config.chat_url == "http://x/chat"
    assert config.models_url == "http://y/m"
    assert config.embed_url == "http://h/argoapi/api/v1/resource/embed/"


PATHS = [
    *("", "/", "//", "/v1", "/v1/", "/v1/chat/completions", "/v1/messages", "/v1/models", "/v1/embeddings"),
    *("/api/v1", "/api/v1/", "/api/v1/resource/", "/api/v1/resource/chat/", "/api/v1/resource/streamchat"),
    *("/api/v1/resource/embed/", "/api/v1/models/"),
]


@pytest.mark.parametrize("behind", PATHS)
def test_a_base_is_found_under_the_paths_that_people_leave_on_it(behind: str) -> None:
    assert Config(argo_base_url=f"{PROD}{behind}").base_url == PROD


def test_at_another_base_every_call_goes_there() -> None:
    single = dict.fromkeys(("argo_url", "argo_stream_url", "argo_embedding_url", "argo_model_url"), "http://x/y")
    config = Config(user="jdoe", **single).at("http://127.0.0.1:5/argoapi")  # type: ignore[arg-type]
    calls = (config.chat_url, config.stream_url, config.embed_url, config.models_url, config.native_base)
    assert all(url.startswith("http://127.0.0.1:5/argoapi/") for url in calls)
    assert config.user == "jdoe"
