"""Several processes as one: none of their comings and goings costs a request that wasn't the lost one's own."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.process.crowd import crowd
from tests.process.twistd import PATIENCE, Twistd, chat, listens, served, until

WORKERS = ("--workers", "2")


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _asked(port: int, path: str) -> Any:
    with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())


def _live(twistd: Twistd, count: int = 2) -> None:
    """Wait until so many workers serve, as many as there should be, and no other ones are left."""
    wanted = {"configured": count, "live": count, "retiring": 0}
    until(lambda: _asked(twistd.port, "/version")["workers"] == wanted, f"{count} workers")


def _connections(port: int, pids: list[int]) -> list[int]:
    """How many of the clients' connections each process has."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    of_port, listening = f":{port:04X}", "0A"
    names = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(of_port) and row[3] != listening}
    return [sum(one in names for one in _descriptors(pid)) for pid in pids]


def _descriptors(pid: int) -> Iterator[str]:
    """What a process has open, by the kernel's names; it may close some meanwhile."""
    for one in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            yield os.readlink(one)


def _begun(port: int) -> socket.socket:
    """A connection that is on its way."""
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(("127.0.0.1", port))
    return client


def test_any_connection_tells_of_all(twistd: Twistd) -> None:
    with twistd.running(*twistd.proxy(*WORKERS)), closing(twistd.connection()) as waiting:
        _live(twistd)
        twistd.asked(waiting, chat("[sim:hang]"))
        open_ = {"open": 1, "served": 0, "repeated": 0, "waiting": 0}
        for _ in range(8):
            until(lambda: _asked(twistd.port, "/health/ready")["requests"] == open_, "one open request, told by all")


def test_connections_that_come_at_once_are_shared_out(twistd: Twistd) -> None:
    with twistd.running(*twistd.proxy(*WORKERS)):
        _live(twistd)
        workers = served(twistd.output())
        for _ in range(3):
            until(lambda: not any(_connections(twistd.port, workers)), "none are there")
            with ExitStack() as clients:
                for _ in range(16):
                    clients.enter_context(closing(_begun(twistd.port)))
                until(lambda: sum(_connections(twistd.port, workers)) == 16, "all are accepted")
                assert _connections(twistd.port, workers) == [8, 8]


def test_each_connection_goes_to_whoever_has_the_fewest(twistd: Twistd) -> None:
    with twistd.running(*twistd.proxy("--workers", "4")), ExitStack() as clients:
        _live(twistd, 4)
        workers = served(twistd.output())
        until(lambda: not any(_connections(twistd.port, workers)), "none are there")
        for count in range(1, 13):
            clients.enter_context(closing(_begun(twistd.port)))
            until(lambda: sum(_connections(twistd.port, workers)) == count, "it is accepted")  # noqa: B023 - called at once
        assert _connections(twistd.port, workers) == [3, 3, 3, 3]


def test_together_they_keep_to_a_bound(twistd: Twistd) -> None:
    twistd.configure("max_upstream: 2\n")
    with twistd.running(*twistd.proxy(*WORKERS)), ExitStack() as clients:
        _live(twistd)
        told = "each worker has max_upstream (anthropic_native) 1, max_upstream (gateway) 1, "
        assert told in twistd.output()
        for _ in range(20):
            twistd.asked(clients.enter_context(closing(twistd.connection())), chat("[sim:hang]"))
        waiting = {"open": 20, "served": 0, "repeated": 0, "waiting": 18}
        until(lambda: _asked(twistd.port, "/health/ready")["requests"] == waiting, "all but two wait")


def test_they_are_replaced_without_losing_a_request(twistd: Twistd) -> None:
    with twistd.running(*twistd.proxy(*WORKERS)) as process:
        _live(twistd)
        before = served(twistd.output())
        with crowd(twistd.port) as clients:
            clients.wait_for_more(50)
            process.send_signal(signal.SIGHUP)
            until(lambda: len(served(twistd.output())) == 4, "two more workers")
            until(lambda: not any(map(_alive, before)), "the first two ended")
            clients.wait_for_more(50)
        assert clients.failures == []
        assert set(before).isdisjoint(served(twistd.output())[2:])
        _live(twistd)


def test_a_hang_up_brings_workers_with_the_configuration_of_now(twistd: Twistd) -> None:
    twistd.configure("model_aliases: {mine: gpt4o}")
    with twistd.running(*twistd.proxy(*WORKERS)) as process:
        _live(twistd)
        before = served(twistd.output())
        twistd.configure("colour: red")
        process.send_signal(signal.SIGHUP)
        until(lambda: "the one in use stays: ./config.yaml:1: colour: no such key" in twistd.output(), "refused")
        twistd.configure("model_aliases: {yours: gpt4o}\nworkers: 5")
        process.send_signal(signal.SIGHUP)
        until(lambda: len(served(twistd.output())) == 4, "two more workers")
        until(lambda: not any(map(_alive, before)), "the first two ended")
        for _ in range(4):
            assert _asked(twistd.port, "/v1/models/yours")["internal_name"] == "gpt4o"
        assert "stays as it is until a restart: workers" not in twistd.output()


def test_signals_that_reach_them_before_they_can_ignore_them_do_nothing(twistd: Twistd) -> None:
    """A terminal's ctrl-C reaches the supervisor and all workers, however little of them there is yet."""
    with twistd.running(*twistd.proxy(*WORKERS)) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        until(lambda: len(children.read_text().split()) == 2, "two processes")
        workers = [int(pid) for pid in children.read_text().split()]

        def serve_in_spite_of_it() -> bool:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                for pid in workers:
                    os.kill(pid, number)
            return len(served(twistd.output())) == 2

        until(serve_in_spite_of_it, "both serve")
        assert sorted(served(twistd.output())) == sorted(workers)
    assert "Traceback" not in twistd.output()


def test_a_supervisor_that_is_held_up_costs_no_request_and_no_line(twistd: Twistd) -> None:
    with twistd.running(*twistd.proxy(*WORKERS)) as process:
        _live(twistd)
        workers = served(twistd.output())
        process.send_signal(signal.SIGSTOP)
        # The simulator is in the supervisor.
        assert all(twistd.healthy() for _ in range(100))
        process.send_signal(signal.SIGCONT)
        until(lambda: twistd.output().count("GET /health ") == 100, "a line for each")
        assert served(twistd.output()) == workers
        _live(twistd)


def test_one_that_is_killed_takes_only_its_own_requests_with_it(twistd: Twistd) -> None:
    with twistd.running(*twistd.proxy(*WORKERS)):
        _live(twistd)
        first, _ = served(twistd.output())
        with crowd(twistd.port) as clients:
            clients.wait_for_more(50)
            os.kill(first, signal.SIGKILL)
            until(lambda: len(served(twistd.output())) == 3, "another worker")
            clients.wait_for_more(50)
        # Each client has one request at a time.
        assert len(clients.failures) <= 8
        assert not [what for what in clients.failures if "refused" in what.lower()]
        _live(twistd)
        assert re.search(r"was ended by signal 9: another one is started in 0\.1 s\n", twistd.output())


def test_running_requests_end_before_all_do(twistd: Twistd) -> None:
    twistd.configure("simulator: {first_byte_delay: 0.5, chunk_delay: 0.1, chunk_size: 6}")
    connections = [twistd.connection() for _ in range(4)]
    with twistd.running(*twistd.proxy(*WORKERS)) as process:
        _live(twistd)
        pids = served(twistd.output())
        streams = [twistd.stream(one, "say something long enough to be cut in many pieces") for one in connections]
        process.send_signal(signal.SIGTERM)
        until(lambda: not listens(twistd.port), "no longer listening")
        assert all(stream.read().endswith(b"data: [DONE]\n\n") for stream in streams)
        assert process.wait(PATIENCE) in (0, -signal.SIGTERM)
        assert not any(map(_alive, pids))
    for one in connections:
        one.close()
    assert "Traceback" not in twistd.output()


def test_no_connection_that_has_been_taken_is_broken_off_by_a_stop(twistd: Twistd) -> None:
    with twistd.running(*twistd.proxy(*WORKERS)) as process:
        _live(twistd)
        with crowd(twistd.port, keeping=0) as clients:
            clients.wait_for_more(50)
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) in (0, -signal.SIGTERM)
        assert [what for what in clients.failures if "ConnectionRefused" not in what] == []


def test_a_second_signal_cuts_what_still_runs(twistd: Twistd) -> None:
    twistd.configure("shutdown_grace: 3600")
    with twistd.running(*twistd.proxy(*WORKERS)) as process, closing(twistd.connection()) as waiting:
        _live(twistd)
        twistd.asked(waiting, chat("[sim:hang]"))
        process.send_signal(signal.SIGTERM)
        until(lambda: not listens(twistd.port), "no longer listening")
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert waiting.getresponse().status == 503
        assert process.wait(PATIENCE) in (0, -signal.SIGTERM)
    assert "Traceback" not in twistd.output()


def test_they_end_when_nobody_looks_after_them(twistd: Twistd) -> None:
    with twistd.running(*twistd.proxy(*WORKERS)) as process:
        _live(twistd)
        pids = served(twistd.output())
        process.kill()
        until(lambda: not any(map(_alive, pids)), "both workers ended")
        assert not listens(twistd.port)


def test_those_that_are_replaced_end_as_well_when_nobody_looks_after_them(twistd: Twistd) -> None:
    twistd.configure("shutdown_grace: 0")
    with twistd.running(*twistd.proxy(*WORKERS)) as process, closing(twistd.connection()) as waiting:
        _live(twistd)
        twistd.asked(waiting, chat("[sim:hang]"))
        process.send_signal(signal.SIGHUP)
        retiring = {"configured": 2, "live": 2, "retiring": 1}
        until(lambda: len(served(twistd.output())) == 4, "two more workers")
        until(lambda: _asked(twistd.port, "/version")["workers"] == retiring, "one that still serves its client")
        process.kill()
        until(lambda: not any(map(_alive, served(twistd.output()))), "all workers ended")


def test_a_daemon_is_their_supervisor_and_writes_their_log(twistd: Twistd) -> None:
    """The file is rotated by one process, under the load of two, and every line is whole."""
    twistd.configure("log_format: json\nlog_max_mb: 0.02\nlog_keep: 100\n")
    with twistd.daemon("--logfile=proxy.log", *twistd.proxy(*WORKERS)) as pid:
        _live(twistd)
        with crowd(twistd.port) as clients:
            clients.wait_for_more(300)
        assert clients.failures == []
        os.kill(pid, signal.SIGTERM)
        until(lambda: not twistd.pid_file.exists(), "pid file removed")
    lines = [line for path in twistd.folder.glob("proxy.log*") for line in path.read_text().splitlines()]
    told = [json.loads(line) for line in lines]
    chats = [one for one in told if one.get("path") == "/v1/chat/completions"]
    assert len(chats) == clients.answered
    assert len(list(twistd.folder.glob("proxy.log.*"))) > 1
    assert len(served("\n".join(one["message"] for one in told))) == 2


def test_no_second_one_shares_their_port(twistd: Twistd) -> None:
    """The kernel would share out the connections between any two programs of one user."""
    with twistd.running(*twistd.proxy(*WORKERS)):
        _live(twistd)
        ended = twistd.run("--nodaemon", "--pidfile=", *twistd.proxy(*WORKERS))
    assert ended.returncode == 1
    assert ended.stderr.endswith("the port is taken (another argoproxy?)\n")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ("--listen", "unix:socket"),
            "argoproxy: workers: must be 1 to listen on unix:socket: processes share TCP addresses only",
        ),
        (("--workers", "0"), "argoproxy: option --workers: must be a whole number from 1 to 256"),
    ],
)
def test_what_they_cant_do_is_one_line(twistd: Twistd, arguments: tuple[str, ...], line: str) -> None:
    ended = twistd.run("--nodaemon", "argoproxy", "--simulator", *WORKERS, *arguments)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.count("\n") == 1
    assert ended.stderr.startswith(line)


@pytest.mark.parametrize(
    ("how", "config", "line"),
    [
        (
            ("--logger=twisted.logger.jsonFileLogObserver",),
            "",
            "argoproxy: can't log: several workers can't log by --logger: set workers to 1\n",
        ),
        ((), "simulator: {fault: unheard-of}", "argoproxy: simulator.fault: "),
    ],
)
def test_what_no_worker_could_do_stops_the_start(twistd: Twistd, how: tuple[str, ...], config: str, line: str) -> None:
    twistd.configure(config)
    ended = twistd.run("--nodaemon", *how, *twistd.proxy(*WORKERS))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.splitlines()[-1].startswith(line.rstrip("\n"))


def test_they_serve_several_addresses(twistd: Twistd) -> None:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        other = probe.getsockname()[1]
    listen = [f"tcp:{port}:interface=127.0.0.1" for port in (twistd.port, other)]
    arguments = [argument for one in listen for argument in ("--listen", one)]
    with twistd.running("argoproxy", "--simulator", *WORKERS, *arguments):
        _live(twistd)
        assert _asked(other, "/health") == {"status": "ok"}
