"""Keys that are added and revoked while a proxy runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tests.process.twistd import Twistd, chat, served, until


def _keys(twistd: Twistd, *arguments: str) -> str:
    """Run the command to its end; what it says."""
    program = str(Path(sys.executable).with_name("argoproxy"))
    ended = subprocess.run(
        [program, "keys", "--file", "keys.yaml", *arguments],
        cwd=twistd.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout.strip()


def _status(twistd: Twistd, key: str) -> int:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    with closing(twistd.connection()) as connection:
        connection.request("POST", "/v1/chat/completions", chat("Hello"), headers)
        return connection.getresponse().status


def test_a_running_proxy_notices_that_keys_come_and_go(twistd: Twistd) -> None:
    first = _keys(twistd, "add", "first")
    twistd.configure("keys_file: keys.yaml\n")
    with twistd.running(*twistd.proxy()):
        assert _status(twistd, first) == 200
        second = _keys(twistd, "add", "second")
        until(lambda: _status(twistd, second) == 200, "the new key is good")
        assert _keys(twistd, "revoke", "first") == "first is revoked"
        until(lambda: _status(twistd, first) == 401, "the revoked key is good no more")
        assert _status(twistd, second) == 200
        (twistd.folder / "keys.yaml").chmod(0o644)
        (twistd.folder / "keys.yaml").write_text("keys: []")
        until(lambda: "those in use stay: keys.yaml: others can get at it" in twistd.output(), "told")
        assert _status(twistd, second) == 200
        assert first not in twistd.output()


def test_a_file_that_others_can_read_stops_the_start(twistd: Twistd) -> None:
    _keys(twistd, "add", "first")
    (twistd.folder / "keys.yaml").chmod(0o640)
    twistd.configure("keys_file: keys.yaml\n")
    for workers in ("1", "2"):
        ended = twistd.run(*twistd.proxy("--workers", workers))
        assert ended.returncode == 1
        told = "argoproxy: keys.yaml: others can get at it (mode 0640): chmod 600 makes it yours alone"
        assert ended.stderr.strip() == told


def test_workers_know_the_keys_too(twistd: Twistd) -> None:
    key = _keys(twistd, "add", "first")
    twistd.configure("keys_file: keys.yaml\n")
    with twistd.running(*twistd.proxy("--workers", "2")):
        until(twistd.healthy, "healthy")
        assert [_status(twistd, one) for one in (key, "argo-x")] == [200, 401]


def test_a_key_whose_limits_workers_can_not_count_keeps_no_other_from_going(twistd: Twistd) -> None:
    first, second = _keys(twistd, "add", "first"), _keys(twistd, "add", "second")
    twistd.configure("keys_file: keys.yaml\n")
    with twistd.running(*twistd.proxy("--workers", "2")):
        until(lambda: len(served(twistd.output())) == 2, "both serve")
        limited = _keys(twistd, "add", "limited", "--requests-per-minute", "60")
        _keys(twistd, "revoke", "first")
        until(lambda: _statuses(twistd, first) == {401}, "the revoked key is good no more")
        assert _statuses(twistd, limited) == {401}
        assert _statuses(twistd, second) == {200}
        told = "keys: not let in: limited: each worker would count for itself: set limits_store, or workers to 1"
        until(lambda: twistd.output().count(told) == 2, "each worker tells")


def test_a_worker_that_can_not_begin_while_the_file_is_wrong_says_so_in_a_line(twistd: Twistd) -> None:
    key = _keys(twistd, "add", "first")
    good = (twistd.folder / "keys.yaml").read_text()
    twistd.configure("keys_file: keys.yaml\n")
    with twistd.running(*twistd.proxy("--workers", "2")):
        until(twistd.healthy, "healthy")
        until(lambda: len(served(twistd.output())) == 2, "both serve")
        (twistd.folder / "keys.yaml").write_text("keys: 3")
        os.kill(served(twistd.output())[0], signal.SIGKILL)
        told = "can't serve: keys.yaml:1: keys: must be a list of keys"
        until(lambda: told in twistd.output(), "told")
        assert _statuses(twistd, key) == {200}
        (twistd.folder / "keys.yaml").write_text(good)
        until(lambda: len(served(twistd.output())) == 3, "the next one serves")
        assert _statuses(twistd, key) == {200}
        assert "Traceback" not in twistd.output()


def _statuses(twistd: Twistd, key: str) -> set[int]:
    """What several connections get, of which each may come to another worker."""
    return {_status(twistd, key) for _ in range(8)}
