"""
The tables of the documents, made from what they describe, and put between C{<!-- name -->} and C{<!-- /name -->}.

C{python -m tests.readme.tables} writes them anew.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from argoproxy.config import KEYS, SIMULATOR_KEYS, Key
from argoproxy.simulator import FAULTS
from argoproxy.simulator.tap import Options as SimulatorOptions
from argoproxy.tap import Options
from tests.layering.imports import Rule
from tests.layering.test_layering import TABLE
from tests.running import ROOT


def options() -> str:
    """The proxy's options."""
    repeated = inspect.getdoc(Options.opt_listen) or ""
    rows = [*_options(Options), ("`--listen ENDPOINT`", repeated)]
    return _table(("option", "what it does"), rows)


def simulator_options() -> str:
    """The simulator's options."""
    return _table(("option", "what it does"), _options(SimulatorOptions))


def keys() -> str:
    """The configuration's keys."""
    head = ("key", "what it is", "wants", "default", "variable")
    return _table(head, [_key(key) for key in KEYS if key.in_file])


def simulator_keys() -> str:
    """The keys below C{simulator}."""
    return _table(("key", "what it is", "wants", "default"), [_key(key)[:4] for key in SIMULATOR_KEYS])


def faults() -> str:
    """The simulator's faults."""
    rows = [(f"`{name}`", _line(inspect.getdoc(fault) or "")) for name, fault in sorted(FAULTS.items())]
    return _table(("fault", "what happens"), rows)


def imports() -> str:
    """Who may import whom."""
    return _table(("part", "of ours", "of others"), [(f"`{part}`", *_allowed(rule)) for part, rule in TABLE.items()])


TABLES: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "README.md": {"options": options, "keys": keys, "simulator-keys": simulator_keys},
    "docs/architecture.md": {"imports": imports},
    "docs/simulator.md": {"faults": faults, "simulator-options": simulator_options},
}


def between(text: str, name: str) -> str:
    """What a document has between a table's marks."""
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", text, re.DOTALL)
    assert found is not None, f"no place for the table {name}"
    return found[1]


def _options(shape: Any) -> list[tuple[str, str]]:
    """@param shape: a class of Twisted's C{usage.Options}."""
    found = []
    for name, short, default, doc, *_ in shape.optParameters:
        told = doc if default is None else f"{doc} Default: {default:{'g' if isinstance(default, float) else ''}}."
        found.append((_spelled(name, short, f" {name.rpartition('-')[2].upper()}"), told))
    return [*found, *[(_spelled(name, short, ""), doc) for name, short, doc in shape.optFlags]]


def _spelled(name: str, short: str | None, value: str) -> str:
    return f"`--{name}{value}`" + (f", `-{short}`" if short else "")


def _key(key: Key) -> tuple[str, ...]:
    variable = "" if key.variable is None and key.name != "simulator" else f"`ARGOPROXY_{key.name.upper()}`"
    return f"`{key.name}`", key.doc, key.kind.wanted, _default(key), variable


def _default(key: Key) -> str:
    if key.default is None or key.default == ():
        return "unset"
    if isinstance(key.default, bool):
        return f"`{str(key.default).lower()}`"
    if isinstance(key.default, (int, float)):
        return f"`{key.default:g}`"
    if isinstance(key.default, (str, tuple)):
        return f"`{', '.join([key.default] if isinstance(key.default, str) else key.default)}`"
    return "`false`" if key.name == "simulator" else "none"


def _allowed(rule: Rule) -> tuple[str, str]:
    ours = "everything" if rule.ours is None else ", ".join(sorted(rule.ours)) or "nothing"
    others = "everything" if rule.others is None else ", ".join(sorted(rule.others)) or "nothing"
    return (ours + ("; in functions everything" if rule.lazy else ""), others)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *map(list, rows)]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _line(text: str) -> str:
    """A docstring as one line of plain text."""
    return re.sub(r"[A-Z]\{([^{}]*)\}", r"`\1`", " ".join(text.split()))


def rewrite(path: Path, tables: Mapping[str, Callable[[], str]]) -> None:
    """Write a document's tables anew."""
    text = path.read_text(encoding="utf-8")
    for name, table in tables.items():
        text = text.replace(f"<!-- {name} -->\n{between(text, name)}<!-- /", f"<!-- {name} -->\n{table()}<!-- /")
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for document, tables in TABLES.items():
        rewrite(ROOT / document, tables)
