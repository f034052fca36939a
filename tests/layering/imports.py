"""Reads from a package's source which of its parts imports what, and compares that with a table."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs

FREE = frozenset({"attrs", "attr", "msgspec", "zope"}) | sys.stdlib_module_names
CONTRACTS = frozenset({"IDialect", "IRenderingDialect", "IUpstream"})


@attrs.frozen
class Rule:
    """
    What a part may import. The standard library and L{FREE} always; L{None} as C{ours} or C{others}: everything.

    @ivar ours: other parts of the package.
    @ivar others: packages of other people.
    @ivar lazy: whether imports inside of functions are free.
    """

    ours: frozenset[str] | None = frozenset()
    others: frozenset[str] | None = frozenset()
    lazy: bool = False


@attrs.frozen
class Import:
    """One imported module: its dotted name, the line, and whether a function imports it."""

    name: str
    line: int
    lazy: bool


@attrs.frozen
class Module:
    """A source file: its dotted name, the part it belongs to, and its tree."""

    name: str
    part: str
    is_package: bool
    tree: ast.Module

    @property
    def fulfils_contract(self) -> bool:
        """Whether it has a class that is a dialect or an upstream."""
        return any(isinstance(node, ast.ClassDef) and _contracts(node) for node in ast.walk(self.tree))


def modules(package: Path) -> list[Module]:
    """Every module of a package; a part is what lies directly in it, and its own C{__init__} is called by its name."""
    found = []
    for path in sorted(package.rglob("*.py")):
        names = [package.name, *path.relative_to(package).with_suffix("").parts]
        is_package = names[-1] == "__init__"
        dotted = names[:-1] if is_package else names
        part = dotted[1] if len(dotted) > 1 else package.name
        found.append(Module(".".join(dotted), part, is_package, ast.parse(path.read_text(encoding="utf-8"))))
    return found


def violations(package: Path, table: dict[str, Rule]) -> list[str]:
    """What breaks the table, a line each."""
    everything = {module.name: module for module in modules(package)}
    unknown = sorted({module.part for module in everything.values()} - set(table))
    found = [f"{package.name}.{part} is in no row of the table" for part in unknown]
    for module in everything.values():
        for imported in imports(module, everything):
            why = _why_not(module, imported, everything, table.get(module.part, Rule(None, None)))
            if why:
                found.append(f"{module.name}:{imported.line} imports {imported.name}: {why}")
    return found


def imports(module: Module, everything: dict[str, Module]) -> Iterator[Import]:
    """What a module imports when it runs; what only a type checker sees doesn't count."""
    yield from _imports_in(module.tree, module, everything, False)


def _imports_in(node: ast.AST, module: Module, everything: dict[str, Module], lazy: bool) -> Iterator[Import]:
    for child in _running(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, lazy) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            base = _base(child, module)
            for alias in child.names:
                whole = f"{base}.{alias.name}"
                yield Import(whole if whole in everything else base, child.lineno, lazy)
        else:
            inside = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            yield from _imports_in(child, module, everything, lazy or inside)


def _running(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
        yield from node.orelse
    else:
        yield from ast.iter_child_nodes(node)


def _base(node: ast.ImportFrom, module: Module) -> str:
    if not node.level:
        return node.module or ""
    parents = module.name.split(".")
    kept = parents[: len(parents) - node.level + module.is_package]
    return ".".join([*kept, *([node.module] if node.module else [])])


def _why_not(module: Module, imported: Import, everything: dict[str, Module], rule: Rule) -> str:
    """Why this import is against the rule; an empty string if it isn't."""
    top, _, rest = imported.name.partition(".")
    if rule.lazy and imported.lazy:
        return ""
    if top != module.name.partition(".")[0]:
        allowed = rule.others is None or top in rule.others or top in FREE
        return "" if allowed else f"{module.part} may not use {top}"
    part = rest.partition(".")[0] or top
    if part == module.part:
        other = everything.get(imported.name)
        known = other is not None and other.name != module.name and other.fulfils_contract
        return "the one may not know the other" if known and module.fulfils_contract else ""
    allowed = rule.ours is None or part in rule.ours
    return "" if allowed else f"{module.part} may not know {part}"


def _contracts(node: ast.ClassDef) -> bool:
    calls = (decorator for decorator in node.decorator_list if isinstance(decorator, ast.Call))
    named = {ast.unparse(argument).rpartition(".")[2] for call in calls for argument in call.args}
    return bool(named & CONTRACTS)
