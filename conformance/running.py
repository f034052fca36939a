"""Programs that are run to their end against the proxy, with nothing of this machine's settings, and nothing left."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import attrs

from tests.running import environment

from .installing import Installed

_PATIENCE = 300.0
_LATE = 124


@attrs.frozen
class Ended:
    """
    How a program ended.

    @ivar status: its exit status; 124 if it took too long.
    @ivar output: what it wrote to its standard output.
    @ivar trouble: what it wrote to its standard error.
    """

    status: int
    output: str
    trouble: str

    @property
    def last_words(self) -> str:
        """The last line of what it said, or that it said nothing."""
        lines = [line.strip() for line in (self.trouble + "\n" + self.output).splitlines() if line.strip()]
        return f"status {self.status}: {lines[-1] if lines else 'no output'}"


def run(command: Sequence[str], tool: Installed, url: str, folder: Path) -> Ended:
    """
    Run a program in a folder that is its home too. What it has started and left is ended with it.

    @param url: where the proxy is.
    """
    path = f"{tool.programs}{os.pathsep}{os.environ['PATH']}"
    mine = {"PATH": path, "HOME": str(folder), "ARGOPROXY_URL": url}
    inherited = {name: value for name, value in environment().items() if name != "PYTHONPATH"}
    with subprocess.Popen(
        command,
        cwd=folder,
        env=inherited | mine,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, trouble = process.communicate(timeout=_PATIENCE)
            return Ended(process.returncode, output, trouble)
        except subprocess.TimeoutExpired:
            return Ended(_LATE, "", f"did not end in {_PATIENCE:g} s")
        finally:
            _end(process.pid)


def _end(session: int) -> None:
    """End what is left of a session."""
    try:
        os.killpg(session, signal.SIGKILL)
    except ProcessLookupError:
        return
