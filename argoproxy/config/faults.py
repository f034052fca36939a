"""
What is wrong with a configuration, told in one line.

Here it is decided what of a wrong value may be printed: nothing under a key that sounds like a secret, nothing that
could be an address with credentials, a token, or a long text. Reading values stays out: see L{argoproxy.config.kinds}.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_SECRET = r"(?i)key|token|secret|passw|pwd|credential|auth|bearer|upstream_proxy|\bsk-"
_PLAIN = r"(?a)[\w .,:/+<\[\]-]{0,60}"
_ADDRESS = r"(?a)[a-z]{1,10}://[A-Za-z0-9.-]{1,60}(:[0-9]{1,5})?(/[\w./-]{0,60})?"
_LONG_WORD = r"(?a)[\w+-]{20,}"
_WORDS = {None: "null", True: "true", False: "false"}


class ConfigFault(Exception):
    """The configuration can't be used. Its text is one line that says where and why, and holds no secret."""

    def __init__(self, text: str) -> None:
        super().__init__(one_line(text))


class Misfit(Exception):
    """
    A value is not what its key wants.

    @ivar wanted: what the key wants, to be read behind "must be".
    @ivar value: what was found.
    @ivar path: the keys and positions that lead to it, as far as is known where this is raised.
    """

    def __init__(self, wanted: str, value: object, path: tuple[str, ...] = ()) -> None:
        super().__init__(wanted)
        self.wanted = wanted
        self.value = value
        self.path = path

    def under(self, *path: str) -> Misfit:
        """The same, seen from further up: C{path} leads to the value that was read."""
        self.path = path + self.path
        return self

    def problem(self) -> str:
        """What is wrong, to be read behind the place."""
        found = shown(self.value, self.path)
        return f"must be {self.wanted}" + (f", found {found}" if found else "")

    def sentence(self) -> str:
        """The path and what is wrong there."""
        return f"{dotted(self.path)}: {self.problem()}"


class UnknownKey(Misfit):
    """
    A key that nobody knows; its value is never shown.

    @ivar known: the keys it may have been meant to be.
    """

    def __init__(self, known: Iterable[str], path: tuple[str, ...]) -> None:
        super().__init__("a known key", None, path)
        self.known = tuple(known)

    def problem(self) -> str:
        *above, name = self.path
        return "no such key" + suggestion(name, self.known, "".join(f"{part}." for part in above))


def one_line(text: str) -> str:
    """C{text} with everything that can't be printed, line ends included, written as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def dotted(path: Iterable[str]) -> str:
    """The name of a place in the file, such as C{simulator.chunk_size}."""
    return ".".join(name if _may_be_shown(name) else "(a name not shown)" for name in path)


def shown(value: object, path: tuple[str, ...]) -> str:
    """What may be told about a wrong value: its text, its kind, or nothing (an empty string)."""
    if any(re.search(_SECRET, name) for name in path):
        return ""
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, (int, float)):
        return repr(value) if abs(value) < 10**18 or value != value else "a number far too large"
    if isinstance(value, str) and _may_be_shown(value) and not re.search(_SECRET, value):
        return f'"{value}"'
    return ""


def suggestion(name: str, known: Iterable[str], prefix: str = "") -> str:
    """C{; did you mean port?} for the nearest of the known names, or an empty string if none is near."""
    import difflib  # takes as long to import as all of this package, and only a fault needs it

    spellings = {spelling.lower(): spelling for spelling in known}
    near = difflib.get_close_matches(name[:60].lower().replace("-", "_"), spellings, 1)
    return f"; did you mean {prefix}{spellings[near[0]]}?" if near else ""


def _may_be_shown(text: str) -> bool:
    if not re.fullmatch(_ADDRESS if "://" in text else _PLAIN, text):
        return False
    return not any(re.search(r"\d", word) for word in re.findall(_LONG_WORD, text))
