"""Whatever is in a file, an option or a variable: a L{Config} or one line that shows no secret comes out."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from argoproxy.config import KEYS, ConfigFault, load
from argoproxy.config.faults import one_line, shown

SECRET = "hunter2swordfish"

_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20))
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
_NAMES = st.sampled_from([key.name for key in KEYS] + ["socket", "use_legacy_argo", "timeout", "default_embed_model"])


def outcome(data: bytes) -> str:
    """An empty text if the bytes are taken as a file, else the fault's text."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "c.yaml")
        file.write_bytes(data)
        try:
            load(str(file), options={"use_simulator": True})
        except ConfigFault as fault:
            return str(fault).replace(str(file), "c.yaml")
        return ""


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(_NAMES | st.text(max_size=12), _VALUES, max_size=4))
@example({"port": 10**400})
@example({"resolve_overrides": {"é:1": "x"}})
def test_any_mapping_is_taken_or_refused_in_one_line_with_its_place(values: dict[str, Any]) -> None:
    told = outcome(yaml.safe_dump(values, allow_unicode=True).encode("utf-8", "surrogatepass"))
    assert told == "" or (told.startswith("c.yaml:") and told.isprintable())


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(_NAMES | st.text(max_size=8), _SCALARS | st.lists(_SCALARS, max_size=2), max_size=3),
    st.dictionaries(st.sampled_from([key.variable or "ARGOPROXY_X" for key in KEYS]), st.text(max_size=20), max_size=3),
)
def test_any_options_and_variables_give_a_config_or_a_fault_of_one_line(
    options: dict[str, Any], environ: dict[str, str]
) -> None:
    try:
        config = load(options=options, environ=environ, search=lambda environ: ())
    except ConfigFault as fault:
        told: tuple[str, ...] = (str(fault),)
    else:
        told = config.notices
    assert all(line.isprintable() for line in told)


@pytest.mark.parametrize(
    "text",
    [
        "api_key: {s}",
        "api_key: [{s}]",
        "token:\n  nested: {s}",
        "key: &{s} x\nother: *{s}x",
        "password: *{s}",
        "password: !{s} x",
        "password: !{s}!x y",
        "%TAG !{s}! tag:x\n%TAG !{s}! tag:y\n---\na: b",
        "password: '{s}",
        "password: {s}: x",
        "password: \"\\{s}\"",
        "port: Bearer {s}",
        "port: 'https://me:{s}@host/'",
        "port: 'me:{s}@host'",
        "port: 'sk-{s}'",
        "port: 'secret={s}'",
        "port: 'token {s}'",
        "argo_url: https://me:{s}@host/",
        "argo_url: https://me:{s}",
        "argo_url: https://host/?api={s}",
        "argo_url: 'http:me:{s}@host'",
        "argo_base_url: //me:{s}@host",
        "upstream_proxy: http://me:{s}@host",
        "upstream_proxy: me:{s}",
        "resolve_overrides: {{'me:{s}@h:1': x}}",
        "resolve_overrides: {{'h:1': 'https://me:{s}@h'}}",
        "model_aliases: {{api_token: [{s}]}}",
        "simulator: {{password: {s}}}",
        "simulator: {{fault: 5, secret: {s}}}",
        "listen: ['ssl:https://me:{s}@h', 5]",
        "'https://me:{s}@host/': 5",
        "'me@{s}': 5\n'me@{s}': 6",
        "socket: [{s}]",
        "user: 'me {s}@x'",
    ],
)  # fmt: skip
def test_what_may_be_a_secret_is_never_told(text: str) -> None:
    told = outcome(text.format(s=SECRET).encode())
    assert told
    assert SECRET not in told


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["api_key", "ACCESS-TOKEN", "my_secret", "password", "authorization", "credentials"]),
    st.text("abcdefghijklmnopqrstuvwxyz0123456789 :@/[]{}'\"#&*!%\n", max_size=20),
    st.text("abcdefghijklmnopqrstuvwxyz0123456789 :@/[]{}'\"#&*!%\n", max_size=20),
)
def test_nothing_under_a_key_that_sounds_secret_is_told(name: str, before: str, after: str) -> None:
    assert SECRET not in outcome(f"{name}: {before}{SECRET}{after}".encode())


@settings(deadline=None)
@given(
    _NAMES, st.text("abcdefghijklmnop0123456789", min_size=1, max_size=10), st.sampled_from(["", "/", ":80/x", "?q#f"])
)
def test_no_credentials_of_an_address_are_told_wherever_it_stands(name: str, user: str, behind: str) -> None:
    address = f"https://{user}:{SECRET}@host{behind}"
    assert SECRET not in outcome(f"{name}: {address}".encode())
    assert SECRET not in outcome(f"{name}: [{address}]".encode())
    assert SECRET not in outcome(f"{name}: {{a: '{address}'}}".encode())
    with pytest.raises(ConfigFault) as caught:
        load(
            options={name: [address], "port": address},
            environ={"ARGOPROXY_ARGO_URL": address},
            search=lambda environ: (),
        )
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "null"),
        (False, "false"),
        (5, "5"),
        (-0.5, "-0.5"),
        (10**400, "a number far too large"),
        (float("-inf"), "a number far too large"),
        ("abc", '"abc"'),
        ("", '""'),
        ("x" * 61, ""),
        ("a1" * 15, ""),
        ("http://host:80/x", '"http://host:80/x"'),
        ("http://host/?a", ""),
        (["a"], "a list"),
        ({"a": 1}, "a mapping"),
        (object(), ""),
    ],
)
def test_of_a_wrong_value_only_what_is_plain_and_short_is_shown(value: object, told: str) -> None:
    assert shown(value, ("port",)) == told
    assert shown(value, ("port", "api_key")) == ""


def test_one_line_escapes_what_would_break_it() -> None:
    assert one_line("a\nb\x1b[0m\u2028\udc80ü") == "a\\nb\\x1b[0m\\u2028\\udc80ü"
