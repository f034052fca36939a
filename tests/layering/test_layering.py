"""Who may import whom: the folder names spell the way a request goes, and nothing takes a short cut."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.layering.imports import Rule, modules, violations

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "argoproxy"


def _rule(ours: str = "", others: str = "", *, lazy: bool = False) -> Rule:
    return Rule(frozenset(ours.split()), frozenset(others.split()), lazy)


_LANGUAGE = "errors conversation wire interfaces vocabulary"
_PURE = "errors conversation wire interfaces"

TABLE = {
    "argoproxy": _rule(),
    "errors": _rule(),
    "conversation": _rule("errors"),
    "wire": _rule("errors"),
    "interfaces": _rule("conversation errors"),
    "vocabulary": _rule("conversation"),
    "dialects": _rule(_LANGUAGE),
    "upstreams": _rule(_LANGUAGE),
    "translation": _rule(f"{_PURE} structured"),
    "routing": _rule(_PURE),
    "catalogue": _rule(_PURE, "yaml"),
    "tokens": _rule(_PURE, "splintr"),
    "structured": _rule(_PURE, "jsonschema referencing"),
    "limits": _rule(_PURE),
    "metrics": _rule(_PURE),
    "quotas": _rule(_PURE, "twisted"),
    "config": _rule(_PURE, "yaml"),
    "queue": _rule("errors"),
    "keys": _rule("config", "twisted yaml"),
    "net": _rule(
        "errors conversation interfaces translation limits queue",
        "OpenSSL backports compression cryptography httptools hyperlink klein packaging PIL treq twisted werkzeug",
    ),
    "description": _rule("argoproxy conversation dialects net vocabulary"),
    "registry": Rule(None, None),
    "composition": Rule(None, None),
    "lasting": _rule("net tokens", "twisted"),
    "assembly": _rule("argoproxy config errors interfaces net", "twisted"),
    "front": _rule("net"),
    "proxy": _rule("assembly composition config endpoints errors front lasting net soundness", "twisted"),
    "service": _rule(
        "composition config endpoints front lasting net proxy registry simulation soundness", "twisted"
    ),
    "prompt": _rule("dialects net service soundness", "twisted"),
    "reach": _rule("config conversation interfaces net registry", "twisted"),
    "entrance": _rule("catalogue config errors interfaces keys net quotas soundness store", "twisted"),
    "store": _rule("config reach", "twisted txredisapi"),
    "simulation": _rule("config listening simulator", "twisted"),
    "soundness": _rule("config conversation keys net"),
    "simulator": _rule("argoproxy wire listening", "klein twisted werkzeug yaml"),
    "workers": _rule("argoproxy config endpoints listening logs net service simulation soundness tuning", "twisted"),
    "testing": _rule("interfaces conversation errors simulator", "twisted treq"),
    "listening": _rule("", "twisted"),
    "endpoints": _rule("listening", "twisted OpenSSL"),
    "logs": _rule("", "twisted"),
    "signals": _rule("", "twisted"),
    "systemd": _rule("", "twisted"),
    "daemon": _rule("config logs signals systemd tuning", "twisted"),
    "tuning": _rule("polling", "twisted"),
    "polling": _rule("", "twisted"),
    "tap": _rule("", "twisted", lazy=True),
}

_A_DIALECT = "@implementer(IDialect)\nclass A: ...\n"

# What a package must not say: file, source, and a word of the complaint.
PLANTED = [
    ("newcomer.py", "", "in no row"),
    ("folder/__init__.py", "", "in no row"),
    ("dialects/a.py", "import twisted", "may not use twisted"),
    ("dialects/a.py", "def f():\n    from twisted.web import http", "may not use twisted"),
    ("dialects/a.py", "from argoproxy.upstreams import x", "may not know upstreams"),
    ("dialects/a.py", "from argoproxy import upstreams", "may not know upstreams"),
    ("dialects/a.py", "from ..upstreams.x import y", "may not know upstreams"),
    ("dialects/a.py", "from .. import upstreams", "may not know upstreams"),
    ("dialects/__init__.py", "from ..upstreams import x", "may not know upstreams"),
    ("dialects/a.py", "import argoproxy.upstreams.x", "may not know upstreams"),
    ("dialects/a.py", "try:\n    import treq\nexcept ImportError:\n    pass", "may not use treq"),
    ("dialects/a.py", f"from .b import B\n{_A_DIALECT}", "may not know the other"),
    ("dialects/a.py", f"from . import b\n{_A_DIALECT}", "may not know the other"),
    ("net/a.py", "from argoproxy.dialects import b", "may not know dialects"),
    ("simulator/a.py", "from argoproxy import vocabulary", "may not know vocabulary"),
    ("errors.py", "from .conversation import x", "may not know conversation"),
    ("wire/a.py", "import yaml", "may not use yaml"),
    ("tap.py", "from . import daemon", "may not know daemon"),
    ("errors.py", "if not TYPE_CHECKING:\n    import twisted", "may not use twisted"),
    ("errors.py", "if TYPE_CHECKING:\n    pass\nelse:\n    import twisted", "may not use twisted"),
]

HARMLESS = [
    ("dialects/a.py", "import json, msgspec\nfrom attrs import frozen\nfrom zope.interface import implementer"),
    ("dialects/a.py", "from ..errors import x\nfrom argoproxy.wire import y"),
    ("dialects/a.py", f"from .reading import x\n{_A_DIALECT}"),
    ("dialects/__init__.py", "from .b import B"),
    ("errors.py", "if TYPE_CHECKING:\n    from twisted.internet.defer import Deferred"),
    ("tap.py", "def f():\n    from .daemon import x"),
    ("catalogue/a.py", "import yaml"),
    ("composition.py", "import klein\nfrom . import dialects, net"),
]


def _package(folder: Path, name: str, source: str) -> Path:
    package = folder / "argoproxy"
    rest = {"dialects/b.py": "@implementer(IRenderingDialect)\nclass B: ...\n", "dialects/reading.py": ""}
    initials = {f"{part}/__init__.py": "" for part in ("dialects", "upstreams", "wire", "vocabulary", "conversation")}
    files = {"__init__.py": "", "errors.py": "", "daemon.py": "", **initials, **rest, name: source}
    for path, text in files.items():
        (package / path).parent.mkdir(parents=True, exist_ok=True)
        (package / path).write_text(text)
    return package


def test_every_import_is_in_the_table() -> None:
    assert violations(PACKAGE, TABLE) == []


def test_every_module_is_looked_at() -> None:
    assert len(modules(PACKAGE)) == len(list(PACKAGE.rglob("*.py"))) > 10


@pytest.mark.parametrize(("name", "source", "complaint"), PLANTED)
def test_a_planted_violation_is_found(tmp_path: Path, name: str, source: str, complaint: str) -> None:
    found = violations(_package(tmp_path, name, source), TABLE)
    assert len(found) == 1
    assert complaint in found[0]


@pytest.mark.parametrize(("name", "source"), HARMLESS)
def test_what_the_table_allows_is_no_violation(tmp_path: Path, name: str, source: str) -> None:
    assert violations(_package(tmp_path, name, source), TABLE) == []


def test_the_plugin_imports_nothing_of_ours() -> None:
    """What twistd imports to list its commands must neither install a reactor nor cost time."""
    source = (ROOT / "twisted" / "plugins" / "argoproxy_plugin.py").read_text()
    lines = [line for line in source.splitlines() if line.lstrip().startswith(("import ", "from "))]
    assert lines == ["from twisted.application.service import ServiceMaker"]


@pytest.mark.parametrize("folder", ["twisted", "twisted/plugins"])
def test_twisteds_folders_stay_open_to_twisteds_own_package(folder: str) -> None:
    """An __init__.py there would hide Twisted itself, or every plugin of others."""
    assert not (ROOT / folder / "__init__.py").exists()
