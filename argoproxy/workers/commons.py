"""
What a supervisor's workers have in common: the sockets of all addresses, the ways between them, and their counts.

It is made once, and the descriptors go to every worker. What comes in a socket or passage stays there until somebody
takes it, whatever becomes of workers.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence

from .board import Board, make_memory
from .passage import Passage, make_ends


class Commons:
    """The supervisor's side of it."""

    def __init__(self, sockets: Sequence[socket.socket], slots: int) -> None:
        """
        @param sockets: those of each address, in the order of the slots.
        @raise OSError: the system has nothing left for it.
        """
        self._sockets = sockets
        self._memory = make_memory(slots)
        self._ends = [end for _ in sockets for end in make_ends()]
        self.board = Board(self._memory, slots)

    @property
    def descriptors(self) -> list[int]:
        """What a worker gets, in the order in which L{take_up} finds it, behind the sockets."""
        return [*(one.fileno() for one in (*self._sockets, *self._ends)), self._memory]

    def close(self) -> None:
        """Have no part in it any longer, but for the counts."""
        if self._memory >= 0:
            for one in (*self._sockets, *self._ends):
                one.close()
            os.close(self._memory)
            self._memory = -1


def take_up(numbers: Iterator[int], groups: Sequence[Sequence[socket.socket]]) -> tuple[Board, list[list[Passage]]]:
    """
    A worker's side of it.

    @param numbers: the descriptors behind the sockets.
    @param groups: the sockets of each address, in the order of the slots.
    @return: the counts, and for each slot the passages of all addresses.
    """
    ways = [[Passage(one.family, *_ends(numbers)) for one in group] for group in groups]
    memory = next(numbers)
    board = Board(memory, len(groups[0]))
    os.close(memory)
    return board, [list(passages) for passages in zip(*ways, strict=True)]


def _ends(numbers: Iterator[int]) -> tuple[socket.socket, socket.socket]:
    entry, exit_ = (socket.socket(fileno=next(numbers)) for _ in range(2))
    for end in (entry, exit_):
        end.setblocking(False)
    return entry, exit_
