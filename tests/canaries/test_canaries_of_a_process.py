"""What a process of its own writes, and where its files are: nobody hears of it who shouldn't."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from tests.canaries.test_canaries import CANARY, HEADERS, QUERY
from tests.running import Running, twistd

_BODY = {"model": "gpt-4o", "user": f"{CANARY}User", "messages": [{"role": "user", "content": f"{CANARY}Text"}]}
_PAGES = ("/", "/health", "/health/ready", "/version", "/openapi.json", "/v1/models", "/nowhere")


def _said(running: Running, data: bytes) -> bytes:
    """All that a client hears, until the connection is closed."""
    with socket.create_connection(("127.0.0.1", running.port), 30) as client:
        client.sendall(data)
        said = b""
        while more := client.recv(65536):
            said += more
        return said


def _request(method: str, path: str, body: bytes = b"", *lines: str) -> bytes:
    head = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close", *lines]
    return "\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode() + body


_ODD = (
    b"GET /" + CANARY.encode() + b" HTTP/1.1\r\nHost: " + CANARY.encode() + b".example\r\nConnection: close\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n" + CANARY.encode() + b" no header\r\n\r\n",
    CANARY.encode() + b"\r\n\r\n",
    b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: x" + CANARY.encode() + b"\r\n\r\n",
)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_process_writes_and_tells_nothing_of_them(tmp_path: Path, log_format: str) -> None:
    place = tmp_path / f"{CANARY}Folder"
    place.mkdir()
    config = place / "config.yaml"
    config.write_text("user: someone\nsimulator: true\nupdate_check: false\n")
    told = []
    with twistd(tmp_path, "argoproxy", "--config", str(config), "--verbose", "--log-format", log_format) as running:
        lines = [f"{name}: {value}" for name, value in HEADERS.items()]
        body = json.dumps(_BODY).encode()
        for path in ("/v1/chat/completions", "/v1/messages"):
            _said(running, _request("POST", f"{path}?{QUERY}", body, *lines, "Content-Type: application/json"))
            _said(running, _request("POST", f"{path}?{QUERY}", body[:-9], *lines, "Content-Type: application/json"))
        for odd in _ODD:
            _said(running, odd)
        told += [_said(running, _request("GET", page)) for page in _PAGES]
        told.append(_said(running, _request("POST", "/v1/chat/completions", b"{")))
    assert not any(CANARY.encode() in one or str(tmp_path).encode() in one for one in told)
    log = running.log.read_text()
    # Which file configured it is the operator's to know, and a path is no secret of whoever asks for it.
    expected = ("configured by", f"/{CANARY}")
    assert [line for line in log.splitlines() if CANARY in line and not any(one in line for one in expected)] == []
    assert "configured by" in log
