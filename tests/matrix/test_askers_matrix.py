"""In whose name ARGO is asked, by every dialect over every wire."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from tests.matrix.adapters.adapter import Adapter
from tests.matrix.asks import Ask, User
from tests.matrix.client import Client
from tests.matrix.columns import CHAT, Column
from tests.matrix.test_matrix import ADAPTERS
from tests.web import Web

HELLO = Ask(turns=(User("Hello"),), more={"user": "mallory"})

every_adapter = pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.label)
every_column = pytest.mark.parametrize("column", CHAT, ids=lambda column: column.label)


@pytest.fixture(scope="module")
def client_of() -> Callable[[Adapter, Column, bool], Client]:
    """A client of a column's proxy, whose clients' keys are names or not."""

    @cache
    def web_of(column: Column, keys_are_names: bool) -> Web:
        return column.web(username_passthrough=keys_are_names)

    def made(adapter: Adapter, column: Column, keys_are_names: bool) -> Client:
        web = web_of(column, keys_are_names)
        web.simulator.requests.clear()
        return Client(adapter, column, web)

    return made


Clients = Callable[[Adapter, Column, bool], Client]


@every_adapter
@every_column
def test_the_clients_key_is_the_name_everywhere(client_of: Clients, adapter: Adapter, column: Column) -> None:
    """Not the owner's, and not the one in the body."""
    client = client_of(adapter, column, True)
    path, body = adapter.path(HELLO, column.model), adapter.body(HELLO, column.model)
    assert client.post(path, body, adapter.key("mary")).status == 200
    assert client.askers() == {"mary"}


@every_adapter
@every_column
def test_without_a_key_nobody_asks(client_of: Clients, adapter: Adapter, column: Column) -> None:
    client = client_of(adapter, column, True)
    got = client.post(adapter.path(HELLO, column.model), adapter.body(HELLO, column.model))
    assert got.status == 401
    assert adapter.trouble(got.json()).kind == adapter.statuses[401]
    assert not client.web.simulator.requests


@every_adapter
@every_column
def test_keys_that_are_no_names_stay_here(client_of: Clients, adapter: Adapter, column: Column) -> None:
    """Where they are not to be names, the configured user asks, and ARGO sees nothing of the key."""
    client = client_of(adapter, column, False)
    path, body = adapter.path(HELLO, column.model), adapter.body(HELLO, column.model)
    assert client.post(path, body, adapter.key("mary")).status == 200
    assert client.askers() == {"someone"}
    [request] = client.web.simulator.requests
    assert "mary" not in f"{request.headers}{request.body.decode()}"
