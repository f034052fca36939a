"""
YAML with line numbers: bytes to plain values and the line each stands on.

The file is not trusted: its size, its nodes (aliases counted each time they are used), and its depth are bounded before
anything is built, and only the plain tags are taken. What the keys mean stays out.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Mapping

import msgspec
import yaml

from argoproxy.config.faults import ConfigFault, dotted

MAX_BYTES = 1 << 20
MAX_NODES = 10_000
MAX_DEPTH = 20
# Reading a number takes time with the square of its length.
_MAX_DIGITS = 100

_TAG = "tag:yaml.org,2002:"
_MERGE = _TAG + "merge"
_SCALARS = frozenset(_TAG + name for name in ("null", "bool", "int", "float", "str", "timestamp"))
# Dates stay as they are written: whoever wants one reads it.
_TEXTS = frozenset({_TAG + "str", _TAG + "timestamp"})
_Path = tuple[str, ...]


class Document(msgspec.Struct, frozen=True):
    """
    @ivar values: the top-level mapping as plain values.
    @ivar lines: for each path of keys (positions, in lists) the line it stands on, counted from 1.
    """

    values: Mapping[str, object]
    lines: Mapping[_Path, int]

    def line(self, path: _Path) -> int:
        """The line of a path or, if it has none of its own, of what is around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def parse_document(data: bytes, place: str) -> Document:
    """
    @param data: the file, whole.
    @param place: how messages name it.
    @raise ConfigFault: it can't be read as a mapping of plain values.
    """
    root = _compose(_decode(data, place), place)
    if root is None or (root.tag == _TAG + "null" and root.value == ""):
        return Document({}, {})
    if not isinstance(root, yaml.MappingNode):
        raise ConfigFault(f"{place}:{_line(root)}: the file must be a mapping (lines such as port: 44497)")
    reading = _Reading(place)
    return Document(reading.mapping(root, ()), reading.lines)


def _decode(data: bytes, place: str) -> str:
    if len(data) > MAX_BYTES:
        raise ConfigFault(f"{place}: the file is larger than {MAX_BYTES} bytes")
    data = data.removeprefix(BOM_UTF8)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigFault(f"{place}:{line}: the file is not UTF-8 text") from None


def _compose(text: str, place: str) -> yaml.Node | None:
    try:
        return _Composer(text).get_single_node()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigFault(f"{place}:{line}: a character that YAML doesn't allow") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # PyYAML quotes the names of anchors and tags, which may be somebody's unquoted password.
        told = ", ".join(part for part in (error.context, error.problem) if part)
        problem = re.sub(r"(['\"])(?!<)[^'\"]{2,}\1", "...", told)
        raise ConfigFault(f"{place}:{mark.line + 1 if mark else 1}: not valid YAML: {problem}") from None
    except (ValueError, OverflowError):
        # From escapes and numbers that PyYAML passes to chr() and int() unchecked.
        raise ConfigFault(f"{place}: not valid YAML: an escape or a number is out of range") from None


class _Composer(yaml.SafeLoader):
    """
    Composes nodes and refuses too many.

    Of every finished node its weight is known: how many nodes it is when each alias counts as what it stands for, and
    how deep they go. An alias of a node that isn't finished would hold itself.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._weights: dict[int, tuple[int, int]] = {}
        self._open = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        mark: yaml.Mark = self.peek_event().start_mark
        if self._open >= MAX_DEPTH:
            raise _refusal("nested too deeply", mark)
        if len(self._weights) >= MAX_NODES:
            raise _refusal("more than a configuration can need", mark)
        is_alias = self.check_event(yaml.AliasEvent)
        self._open += 1
        node = super().compose_node(parent, index)
        self._open -= 1
        assert node is not None
        if not is_alias:
            self._weigh(node)
        elif id(node) not in self._weights:
            raise _refusal("an alias inside of what it stands for", mark)
        return node

    def _weigh(self, node: yaml.Node) -> None:
        weights = [self._weights[id(child)] for child in _children(node)]
        size = 1 + sum(size for size, _ in weights)
        depth = 1 + max((depth for _, depth in weights), default=0)
        if size > MAX_NODES:
            raise _refusal("aliases stand for more than a configuration can need", node.start_mark)
        if depth > MAX_DEPTH:
            raise _refusal("nested too deeply", node.start_mark)
        self._weights[id(node)] = size, depth


def _refusal(problem: str, mark: yaml.Mark | None) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [half for pair in node.value for half in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1 if node.start_mark else 1


class _Reading:
    """One walk over the nodes."""

    def __init__(self, place: str) -> None:
        self.lines: dict[_Path, int] = {}
        self._place = place
        self._scalars = yaml.constructor.SafeConstructor()

    def mapping(self, node: yaml.MappingNode, path: _Path) -> dict[str, object]:
        """A mapping's values; what is merged into it (C{<<}) comes first, so that its own keys win."""
        values: dict[str, object] = {}
        own: dict[str, yaml.Node] = {}
        for key, _ in node.value:
            name = self._name(key, path)
            if name in own:
                first = _line(own[name])
                raise self._fault(key, f"{dotted((*path, name))}: the key is there twice, first in line {first}")
            own[name] = key
        for key, value in node.value:
            if key.tag == _MERGE:
                values.update(self._merged(value, path))
        for key, value in node.value:
            if key.tag != _MERGE:
                self.lines[(*path, key.value)] = _line(key)
                values[key.value] = self._value(value, (*path, key.value))
        return values

    def _name(self, key: yaml.Node, path: _Path) -> str:
        if key.tag not in (_TAG + "str", _MERGE) or not isinstance(key, yaml.ScalarNode):
            above = f"{dotted(path)}: " if path else ""
            raise self._fault(key, f"{above}a key must be text (put it in quotes)")
        return str(key.value)

    def _merged(self, node: yaml.Node, path: _Path) -> dict[str, object]:
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        values: dict[str, object] = {}
        for source in reversed(sources):
            if not isinstance(source, yaml.MappingNode):
                raise self._fault(source, f"{dotted((*path, '<<'))}: must be a mapping or a list of mappings")
            values.update(self.mapping(source, path))
        return values

    def _value(self, node: yaml.Node, path: _Path) -> object:
        if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
            return [self._item(item, (*path, str(index))) for index, item in enumerate(node.value)]
        if not isinstance(node, yaml.ScalarNode) or node.tag not in _SCALARS:
            wanted = "text, a number, true, false, a list or a mapping; no tag"
            raise self._fault(node, f"{dotted(path)}: must be {wanted}")
        if node.tag in _TEXTS:
            return str(node.value)
        try:
            if len(node.value) > _MAX_DIGITS:
                raise ValueError
            value: object = self._scalars.construct_object(node)
        except (ValueError, KeyError, IndexError):
            # PyYAML's own, for a tag that the text under it doesn't fit (!!int x).
            raise self._fault(node, f"{dotted(path)}: meant as a number, a switch or null, but is none") from None
        return value

    def _item(self, node: yaml.Node, path: _Path) -> object:
        self.lines[path] = _line(node)
        return self._value(node, path)

    def _fault(self, node: yaml.Node, text: str) -> ConfigFault:
        return ConfigFault(f"{self._place}:{_line(node)}: {text}")
