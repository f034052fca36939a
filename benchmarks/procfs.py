"""What the kernel says of a program's processes: CPU time and resident memory."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

_PROC = Path("/proc")


def members(session: int) -> list[int]:
    """The processes of a session: a program that was started in a session of its own, with all its workers."""
    return [pid for pid in _pids() if _session(pid) == session]


def cpu_seconds(session: int) -> dict[int, float]:
    """CPU seconds of each of a session's processes, all threads, by the scheduler's accounting: not in ticks."""
    return {pid: sum(map(_runtime, _entries(pid, "task"))) / 1e9 for pid in members(session)}


def resident(session: int) -> int:
    """Resident memory of a session's processes, in bytes. What they share counts for each."""
    return sum(_status(pid, "VmRSS") for pid in members(session)) * 1024


def peak(session: int) -> int:
    """The most that was resident since the start, or since L{forget_peak}, in bytes."""
    return sum(_status(pid, "VmHWM") for pid in members(session)) * 1024


def descriptors(session: int) -> int:
    """Files and connections that a session's processes have open."""
    return sum(len(_entries(pid, "fd")) for pid in members(session))


def forget_peak(session: int) -> None:
    """Let L{peak} begin anew."""
    for pid in members(session):
        (_PROC / str(pid) / "clear_refs").write_text("5")


def _pids() -> Iterable[int]:
    return (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit())


def _session(pid: int) -> int | None:
    """The session of a process; L{None} if it has gone."""
    # The name in parentheses may hold anything; behind it come state, parent, group, session.
    stat = _read(_PROC / str(pid) / "stat").rpartition(")")[2].split()
    return int(stat[3]) if len(stat) > 3 else None


def _entries(pid: int, folder: str) -> list[Path]:
    """What is in a folder of a process's; nothing if it has gone."""
    try:
        return list((_PROC / str(pid) / folder).iterdir())
    except OSError:
        return []


def _runtime(task: Path) -> int:
    return int((_read(task / "schedstat").split() or ["0"])[0])


def _status(pid: int, name: str) -> int:
    """A figure of a process's status, in kB; 0 if it has gone."""
    for line in _read(_PROC / str(pid) / "status").splitlines():
        field, _, value = line.partition(":")
        if field == name:
            return int(value.split()[0])
    return 0


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
