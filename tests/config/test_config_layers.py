"""Options win over C{ARGOPROXY_*} variables, those over the file; what can't be used is one line that says where."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from argoproxy.config import KEYS, Config, ConfigFault, SimulatorOptions, load, search_paths
from argoproxy.config.document import MAX_BYTES


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No C{config.yaml} of whoever runs the tests is found."""
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))


def loaded(folder: Path, text: str, **arguments: Any) -> Config:
    """What a file with this text gives."""
    file = folder / "c.yaml"
    file.write_text(text, encoding="utf-8")
    return load(str(file), **arguments)


def refused(folder: Path, text: str = "user: jdoe", **arguments: Any) -> str:
    """The fault of a file with this text, the folder's name taken out."""
    with pytest.raises(ConfigFault) as caught:
        loaded(folder, text, **arguments)
    return str(caught.value).replace(f"{folder}{os.sep}", "")


def test_options_win_over_variables_and_those_over_the_file(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        "user: file\nport: 1\nlog_keep: 7\nenvironment: test",
        options={"port": 3, "user": None},
        environ={"ARGOPROXY_PORT": "2", "ARGOPROXY_USER": "variable"},
    )
    assert (config.port, config.user, config.log_keep, config.environment) == (3, "variable", 7, ("test",))
    assert config.source == str(tmp_path / "c.yaml")
    assert config.notices == ()


def test_without_any_source_all_is_default() -> None:
    assert load(options={"use_simulator": True}) == Config(use_simulator=True)


WRITTEN: list[tuple[str, str, Any]] = [
    ("PORT", " 8080 ", 8080),
    ("HOST", "::1", "::1"),
    ("LISTEN", "tcp:1, unix:/run/x:mode=600,", ("tcp:1", "unix:/run/x:mode=600")),
    ("ENVIRONMENT", "prod", ("prod",)),
        ("ENVIRONMENT", "prod, dev", ("prod", "dev")),
    ("ARGO_BASE_URL", "http://h/argoapi/", "http://h/argoapi"),
    ("ARGO_MODEL_URL", "http://h/m", "http://h/m"),
    ("REQUEST_TIMEOUT", "1.5", 1.5),
    ("DEFAULT_CHAT_MODEL", "gpt-4o", "gpt-4o"),
    *(("VERBOSE", word, True) for word in ("true", "TRUE", "1", "yes", "on")),
    *(("UPDATE_CHECK", word, False) for word in ("false", "0", "No", "off")),
]


@pytest.mark.parametrize(("name", "written", "value"), WRITTEN)
def test_a_variable_and_an_option_are_read_from_their_text(name: str, written: str, value: Any) -> None:
    field = name.lower()
    by_variable = load(environ={f"ARGOPROXY_{name}": written, "ARGOPROXY_USER": "jdoe"})
    by_option = load(options={field: written.strip(), "user": "jdoe"})
    assert getattr(by_variable, field) == getattr(by_option, field) == value


@pytest.mark.parametrize(
    ("name", "written"),
    [
        *(("PORT", wrong) for wrong in ("x", "1.0", "70000", "9" * 5000)),
        *(("REQUEST_TIMEOUT", wrong) for wrong in ("nan", "inf")),
        *(("VERBOSE", "maybe"), ("ENVIRONMENT", "x"), ("ARGO_BASE_URL", "http://a:b@c/"), ("USER", "a b")),
        ("LISTEN", "a\nb"),
    ],
)
def test_a_wrong_text_is_refused_with_the_variable_or_the_option(tmp_path: Path, name: str, written: str) -> None:
    by_variable = refused(tmp_path, environ={f"ARGOPROXY_{name}": written})
    assert by_variable.startswith(f"environment variable ARGOPROXY_{name}: must be ")
    assert "a:b" not in by_variable
    option = {"ARGO_BASE_URL": "argo-url"}.get(name, name.lower().replace("_", "-"))
    assert refused(tmp_path, options={name.lower(): written}).startswith(f"option --{option}: must be ")


def test_an_option_of_the_wrong_type_and_an_unknown_one_are_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, options={"verbose": 1}) == "option --verbose: must be true or false, found 1"
    assert refused(tmp_path, options={"prot": 1}) == "option prot: no such key; did you mean port?"
    assert "option --model-aliases: must be a mapping" in refused(tmp_path, options={"model_aliases": "a=b"})


def test_an_empty_variable_is_as_if_not_set(tmp_path: Path) -> None:
    assert loaded(tmp_path, "user: jdoe", environ={"ARGOPROXY_USER": "", "ARGOPROXY_PORT": " "}).user == "jdoe"


def test_an_unknown_variable_is_a_notice_with_the_nearest_name_and_without_its_value(tmp_path: Path) -> None:
    environ = {
        "ARGOPROXY_PROT": "hunter2",
        "ARGOPROXY_MODEL_ALIASES": "hunter2",
        "ARGOPROXY_ZZ\nZ": "hunter2",
        "PORT": "x",
    }
    notices = loaded(tmp_path, "user: jdoe", environ=environ).notices
    assert notices == (
        "environment variable ARGOPROXY_MODEL_ALIASES is ignored: only the file can hold it",
        "environment variable ARGOPROXY_PROT is not known and is ignored; did you mean ARGOPROXY_PORT?",
        "environment variable (a name not shown) is not known and is ignored",
    )


class TestSuperseded:
    """What a stronger source says isn't undone by what a weaker one says more closely."""

    ADDRESSES = "user: jdoe\nargo_base_url: http://file\nargo_url: http://file/chat\n"

    def test_an_address(self, tmp_path: Path) -> None:
        assert loaded(tmp_path, self.ADDRESSES, options={"argo_base_url": "http://option"}).chat_url.startswith(
            "http://option/"
        )
        assert loaded(tmp_path, self.ADDRESSES, environ={"ARGOPROXY_ENVIRONMENT": "prod"}).chat_url.startswith(
            "https://apps."
        )
        assert loaded(tmp_path, self.ADDRESSES + "environment: prod").base_url == "http://file"

    def test_a_place_to_listen(self, tmp_path: Path) -> None:
        text = "user: jdoe\nlisten: unix:/x\nport: 5"
        assert loaded(tmp_path, text).listen == ("unix:/x",)
        assert loaded(tmp_path, text, options={"port": 0}).listen == ()

    def test_how_much_is_logged(self, tmp_path: Path) -> None:
        config = loaded(tmp_path, "user: jdoe\nverbose: true", options={"quiet": True})
        assert (config.verbose, config.quiet) == (False, True)
        config = loaded(tmp_path, "user: jdoe\nverbose: true", options={"quiet": False})
        assert (config.verbose, config.quiet) == (True, False)
        assert (
            refused(tmp_path, "user: jdoe\nverbose: true\nquiet: true")
            == "c.yaml: verbose and quiet are both on: choose one"
        )


def test_no_user_is_refused_with_the_ways_to_give_one(tmp_path: Path) -> None:
    told = refused(tmp_path, "port: 1")
    assert all(way in told for way in ("no user", "user: NAME into c.yaml", "--user NAME", "ARGOPROXY_USER"))
    with pytest.raises(ConfigFault, match=r"into \./config\.yaml"):
        load()
    assert refused(tmp_path, "user: ''").startswith("no user")


@pytest.mark.parametrize(
    ("text", "arguments", "settings"),
    [
        ("simulator: true", {}, SimulatorOptions()),
        (
            "simulator: {enabled: true, chunk_delay: 1, fault: hang}",
            {},
            SimulatorOptions(chunk_delay=1.0, fault="hang"),
        ),
        ("simulator: {chunk_size: 5}", {"options": {"use_simulator": True}}, SimulatorOptions(chunk_size=5)),
        ("simulator: {enabled: false}", {"environ": {"ARGOPROXY_SIMULATOR": "1"}}, SimulatorOptions()),
    ],
)
def test_the_simulator_is_switched_on_from_anywhere_and_needs_no_user(
    tmp_path: Path, text: str, arguments: dict[str, Any], settings: SimulatorOptions
) -> None:
    config = loaded(tmp_path, text, **arguments)
    assert config.use_simulator
    assert (config.simulator, config.user) == (settings, None)


@pytest.mark.parametrize("text", ["simulator: false", "simulator: {chunk_size: 5}", "simulator: {enabled: false}"])
def test_settings_alone_do_not_switch_the_simulator_on(tmp_path: Path, text: str) -> None:
    assert not loaded(tmp_path, f"user: jdoe\n{text}").use_simulator


SECONDS = "a number of seconds above 0, at most 1000000"
SIMULATOR = "true, false or a mapping of the simulator's settings"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("user: jdoe\nport: true", "c.yaml:2: port: must be a whole number from 0 to 65535, found true"),
        ("user: jdoe\nport: '1'", 'c.yaml:2: port: must be a whole number from 0 to 65535, found "1"'),
        ("user: null", "c.yaml:1: user: must be a user name of printable ASCII without spaces, found null"),
        ("user: 5", "c.yaml:1: user: must be a user name of printable ASCII without spaces, found 5"),
        ("\nPort: 5", "c.yaml:2: Port: no such key; did you mean port?"),
        ("max-body-mb: 5", "c.yaml:1: max-body-mb: no such key; did you mean max_body_mb?"),
        ("qqqq: 5", "c.yaml:1: qqqq: no such key"),
        ("use_simulator: true", "c.yaml:1: use_simulator: no such key; did you mean simulator?"),
        ("notices: [x]", "c.yaml:1: notices: no such key; did you mean routes?"),
        ("simulator: 5", f"c.yaml:1: simulator: must be {SIMULATOR}, found 5"),
        ("simulator:\n  enabled: 1", "c.yaml:2: simulator.enabled: must be true or false, found 1"),
        (
            "simulator:\n  chunk_sizes: 1",
            "c.yaml:2: simulator.chunk_sizes: no such key; did you mean simulator.chunk_size?",
        ),
        (
            "simulator:\n  chunk_size: 0",
            "c.yaml:2: simulator.chunk_size: must be a whole number from 1 to 1000000, found 0",
        ),
        ("model_aliases:\n  a: b\n  foo: 5", "c.yaml:3: model_aliases.foo: must be a name, found 5"),
        ("listen:\n- tcp:1\n- ''", 'c.yaml:3: listen.1: must be a Twisted endpoint, found ""'),
        ("resolve_overrides:\n  h: ::1", 'c.yaml:2: resolve_overrides.h: must be named by "host:port", found "h"'),
        ("log_format: [text]", "c.yaml:1: log_format: must be text or json, found a list"),
        ("log_format: {a: b}", "c.yaml:1: log_format: must be text or json, found a mapping"),
        ("request_timeout: 0", f"c.yaml:1: request_timeout: must be {SECONDS}, found 0"),
        ("request_timeout: .nan", f"c.yaml:1: request_timeout: must be {SECONDS}, found nan"),
        ("request_timeout: .inf", f"c.yaml:1: request_timeout: must be {SECONDS}, found a number far too large"),
    ],
)
def test_a_wrong_file_is_refused_with_line_key_wanted_and_found(tmp_path: Path, text: str, told: str) -> None:
    assert refused(tmp_path, text) == told


def test_a_wrong_scheme_is_shown_and_an_address_with_credentials_never(tmp_path: Path) -> None:
    assert refused(tmp_path, "argo_url: ftp://h/x").endswith('found "ftp://h/x"')
    assert refused(tmp_path, "argo_url: http://me:hunter2@h/x").endswith(
        "without user name, password, query or fragment"
    )


class TestTheFile:
    """Which file is read, and what is said if it can't be."""

    def test_the_first_of_the_usual_places_counts(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        environ = {"HOME": str(tmp_path / "home")}
        for user, path in [("c", "home/.argoproxy"), ("b", "home/.config/argoproxy"), ("a", ".")]:
            (tmp_path / path).mkdir(parents=True, exist_ok=True)
            (tmp_path / path / "config.yaml").write_text(f"user: {user}")
            assert load(environ=environ).user == user
        assert load(environ=environ).source == str(tmp_path / "config.yaml")

    def test_without_a_home_only_the_working_directory_is_searched(self) -> None:
        assert search_paths({}) == (os.path.join(".", "config.yaml"),)

    def test_a_variable_names_it_and_an_argument_wins_over_that(self, tmp_path: Path) -> None:
        (tmp_path / "named.yaml").write_text("user: named")
        environ = {"ARGOPROXY_CONFIG": str(tmp_path / "named.yaml")}
        assert load(environ=environ).user == "named"
        assert loaded(tmp_path, "user: argument", environ=environ).user == "argument"

    def test_a_named_one_must_be_there(self, tmp_path: Path) -> None:
        missing = str(tmp_path / "missing.yaml")
        with pytest.raises(ConfigFault, match=r"^/.*missing\.yaml: no such file$"):
            load(missing)
        with pytest.raises(
            ConfigFault, match=r"^environment variable ARGOPROXY_CONFIG: /.*missing\.yaml: no such file$"
        ):
            load(environ={"ARGOPROXY_CONFIG": missing})
        with pytest.raises(ConfigFault, match="no such file"):
            load("/dev/null/x")

    def test_a_directory_is_refused_also_where_it_was_only_searched(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigFault, match="must be a file, but is a directory"):
            load(str(tmp_path))
        with pytest.raises(ConfigFault, match="must be a file, but is a directory"):
            load(search=lambda environ: [str(tmp_path / "missing"), str(tmp_path)])

    def test_what_cannot_be_opened_is_refused_in_one_line(self, tmp_path: Path) -> None:
        (tmp_path / "loop").symlink_to(tmp_path / "loop")
        with pytest.raises(ConfigFault, match=r"loop: can't be read \(.+\)"):
            load(str(tmp_path / "loop"))
        with pytest.raises(ConfigFault, match=r"^a\\x00b: is not a path$"):
            load("a\0b")
        with pytest.raises(ConfigFault, match=r"^a\\nb: no such file$"):
            load("a\nb")

    def test_more_than_the_limit_is_never_read(self) -> None:
        with pytest.raises(ConfigFault, match=f"larger than {MAX_BYTES} bytes"):
            load("/dev/zero")

    def test_reading_it_again_gives_what_it_says_now(self, tmp_path: Path) -> None:
        assert loaded(tmp_path, "user: a\nport: 1").port == 1
        assert loaded(tmp_path, "user: a") == Config(user="a", source=str(tmp_path / "c.yaml"))


@pytest.mark.parametrize(
    "key", [key for key in KEYS if key.default is not None and "simulator" not in key.name], ids=lambda key: key.name
)
def test_every_default_can_be_written_into_a_file(tmp_path: Path, key: Any) -> None:
    value = {"tuple": list, "mappingproxy": dict}.get(type(key.default).__name__, lambda value: value)(key.default)
    text = yaml.safe_dump({"user": "jdoe", key.name: value})
    assert getattr(loaded(tmp_path, text), key.name) == key.default


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("max_queue: 0", ["max_queue: does nothing without max_upstream"]),
        ("max_queue_wait: 5\nmax_upstream: {}", ["max_queue_wait: does nothing without max_upstream"]),
        (
            "max_queue: 5\nmax_queue_wait: 5",
            ["max_queue: does nothing without max_upstream", "max_queue_wait: does nothing without max_upstream"],
        ),
        ("max_queue: 5\nmax_queue_wait: 5\nmax_upstream: 10", []),
        ("max_upstream: 10", []),
    ],
)
def test_what_is_set_and_does_nothing_is_told(tmp_path: Path, text: str, told: list[str]) -> None:
    assert list(loaded(tmp_path, f"user: jdoe\n{text}").notices) == told
