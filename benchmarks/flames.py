"""
Where the time goes, as a picture: stacks that py-spy has sampled, drawn one frame upon the other.

A frame is as wide as the share of samples in which it, or what it called, was running. The pictures need no program:
names that don't fit are shown under the pointer.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

import attrs

from . import loading
from .loading import Span
from .program import ProgramFault
from .running import Ground, Running
from .scenarios import Scenario

_RATE = 400
_WIDE, _ROW, _LETTER, _MARGIN = 1200.0, 16, 6.2, 26
_NARROWEST = 0.6
# Frames of the process before the reactor's loop say nothing.
_ROOT = "mainLoop"


@attrs.define
class Frame:
    """
    A function as it was called from one place.

    @ivar samples: in which it, or what it called, was running.
    """

    name: str
    samples: int = 0
    called: dict[str, Frame] = attrs.Factory(dict)

    def add(self, stack: Iterable[str], samples: int) -> None:
        """Count a stack, its outermost frame first."""
        frame = self
        frame.samples += samples
        for name in stack:
            frame = frame.called.setdefault(name, Frame(name))
            frame.samples += samples


def sampled(ground: Ground, running: Running, scenario: Scenario, seconds: float) -> str:
    """
    Stacks of a program under load, a line each: frames with semicolons between them, and a count.

    @raise ProgramFault: there is no py-spy, or it may not look.
    """
    spy = shutil.which("py-spy", path=str(Path(sys.executable).parent))
    if spy is None or running.session is None:
        raise ProgramFault("flames: py-spy is not installed")
    path = ground.folder / "stacks"
    options = ["--duration", str(int(seconds)), "--rate", str(_RATE), "--format", "raw", "--output", str(path)]
    command = [spy, "record", *options, "--pid", str(running.session)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as spying:
        loading.run(ground, running, scenario, Span(0.0, seconds + 1.0))
    if spying.returncode:
        raise ProgramFault("flames: py-spy may not look at the program")
    return path.read_text()


def tree(stacks: str) -> Frame:
    """The frames of sampled stacks, from the reactor's loop on."""
    root = Frame("all")
    for line in stacks.splitlines():
        stack, _, count = line.rpartition(" ")
        names = [_name(frame) for frame in stack.split(";")]
        inner = [place for place, name in enumerate(names) if _ROOT in name]
        if inner:
            root.add(names[inner[0] :], int(count))
    return root


def drawn(root: Frame, title: str) -> str:
    """The picture, as SVG."""
    depth = _depth(root)
    high = depth * _ROW + _MARGIN
    boxes = "".join(_boxes(root, 0.0, _WIDE / max(root.samples, 1), 0))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE:g} {high}" font-family="monospace" '
        f'font-size="10"><rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="4" y="16" font-size="13">{escape(title)}</text>{boxes}</svg>\n'
    )


def _boxes(frame: Frame, left: float, scale: float, level: int) -> Iterator[str]:
    wide = frame.samples * scale
    if wide < _NARROWEST:
        return
    top = level * _ROW + _MARGIN
    share = f"{100 * wide / _WIDE:.1f} %"
    room = int((wide - 4) / _LETTER)
    text = frame.name if len(frame.name) <= room else frame.name[: room - 1] + "…" if room > 3 else ""
    yield (
        f'<g><title>{escape(frame.name)}: {share}</title><rect x="{left:.1f}" y="{top}" width="{wide:.1f}" '
        f'height="{_ROW - 1}" fill="{_colour(frame.name)}"/><text x="{left + 2:.1f}" y="{top + 11}">'
        f"{escape(text)}</text></g>"
    )
    for inner in sorted(frame.called.values(), key=lambda one: -one.samples):
        yield from _boxes(inner, left, scale, level + 1)
        left += inner.samples * scale


def _depth(frame: Frame) -> int:
    return 1 + max(map(_depth, frame.called.values()), default=0)


def _name(frame: str) -> str:
    """A frame without its line: C{function (package/module.py)}."""
    function, _, place = frame.partition(" (")
    return f"{function} ({place.rpartition(':')[0] or place.rstrip(')')})"


def _colour(name: str) -> str:
    """Ours stand out; others are told apart by their package."""
    if "(argoproxy/" in name:
        return "#f0a35e"
    return "#9fc3e7" if "(twisted/" in name else "#cdd6df"
