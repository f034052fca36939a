"""Workers' doors in one process, with all that real ones have in common."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from contextlib import ExitStack, closing
from typing import Any

from twisted.internet import reactor

from argoproxy.listening import bind_group
from argoproxy.workers.balance import Balance
from argoproxy.workers.commons import Commons, take_up
from argoproxy.workers.doors import Doors


class Fleet:
    """
    What a supervisor has, at one address or several.

    @ivar groups: the sockets of each address.
    """

    def __init__(self, stack: ExitStack, slots: int = 2, hosts: Sequence[str] = ("127.0.0.1",)) -> None:
        self._stack = stack
        self.groups = [[stack.enter_context(closing(one)) for one in bind_group(host, 0, slots)] for host in hosts]
        self.commons = stack.enter_context(closing(Commons([one for group in self.groups for one in group], slots)))

    def balance(self, slot: int, holder: int, ahead: int = 0, most: int | None = None) -> Balance:
        """A worker's part in it, without doors."""
        balance, groups = self._taken_up(slot, holder, ahead, most)
        self._stack.callback(balance.close)
        for one in (one for group in groups for one in group):
            one.close()
        return balance

    def doors(self, slot: int, holder: int, *factories: Any) -> Doors:
        """
        A worker's doors.

        @param holder: what it has in place of a process id.
        @param factories: what serves at each address.
        """
        balance, groups = self._taken_up(slot, holder)
        return Doors(reactor, list(zip(groups, factories, strict=True)), balance)

    def _taken_up(
        self, slot: int, holder: int, ahead: int = 0, most: int | None = None
    ) -> tuple[Balance, list[list[socket.socket]]]:
        numbers = iter([os.dup(number) for number in self.commons.descriptors])
        groups = [[socket.socket(fileno=next(numbers)) for _ in group] for group in self.groups]
        return Balance(*take_up(numbers, groups), slot, ahead, most, holder), groups
