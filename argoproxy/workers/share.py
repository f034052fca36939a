"""
What each worker has of the bounds that are all workers' together.

A share is never less than one: with fewer than there are workers, there is one each. Connections from one address
aren't shared out, since all of them may be with one worker.
"""

from __future__ import annotations

import msgspec

from argoproxy.config import Config


def share(config: Config, slot: int, slots: int) -> Config:
    """The same with the bounds of one worker."""
    return msgspec.structs.replace(
        config,
        max_connections=_some(config.max_connections, slot, slots),
        max_upstream={wire: _part(most, slot, slots) for wire, most in config.max_upstream.items()},
        max_queue=_some(config.max_queue, slot, slots),
    )


def shares(config: Config, slots: int) -> str:
    """What each has of what is bounded, for people: of the most that a worker has. Empty if nothing is."""
    most = share(config, 0, slots)
    bounds = {"max_connections": most.max_connections, "max_queue": most.max_queue}
    bounds |= {f"max_upstream ({wire})": count for wire, count in most.max_upstream.items()}
    return ", ".join(f"{name} {count}" for name, count in sorted(bounds.items()) if count is not None)


def shortage(config: Config, slot: int, slots: int) -> int:
    """How many connections fewer than the most that a worker may have this one may."""
    of_all = config.max_connections
    return 0 if of_all is None else _part(of_all, 0, slots) - _part(of_all, slot, slots)


def _some(most: int | None, slot: int, slots: int) -> int | None:
    """Of what may be unbounded, or none at all."""
    return most and _part(most, slot, slots)


def _part(most: int, slot: int, slots: int) -> int:
    return max(1, most // slots + (slot < most % slots))
