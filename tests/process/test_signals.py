"""Signals: the first asks to stop, the second stops; a hang-up does neither."""

from __future__ import annotations

import json
import os
import signal
import ssl
from contextlib import closing
from http.client import HTTPConnection, HTTPSConnection

import pytest

from tests.net.certificates import key_and_certificate, pem_for
from tests.process.twistd import PATIENCE, Twistd, chat, listens, until


def _closed(connection: HTTPConnection) -> bool:
    """Whether the server has closed an idle connection; waits for it."""
    assert connection.sock is not None
    return connection.sock.recv(1) == b""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_one_stops_at_once(twistd: Twistd, number: signal.Signals) -> None:
    with twistd.running(*twistd.proxy()) as process, closing(twistd.connection()) as idle:
        idle.request("GET", "/health")
        assert idle.getresponse().read()
        process.send_signal(number)
        assert _closed(idle)
        assert process.wait(PATIENCE) in (0, -number)
    assert not twistd.pid_file.exists()
    assert twistd.output().endswith("Server Shut Down.\n")
    assert "Traceback" not in twistd.output()


def test_running_requests_end_before_it_does(twistd: Twistd) -> None:
    twistd.configure("simulator: {first_byte_delay: 0.5, chunk_delay: 0.1, chunk_size: 6}")
    connections = [twistd.connection() for _ in range(3)]
    idle, streaming, waiting = connections
    with twistd.running(*twistd.proxy()) as process:
        idle.request("GET", "/health")
        assert idle.getresponse().read()
        stream = twistd.stream(streaming, "say something long enough to be cut in many pieces")
        twistd.asked(waiting, chat("say something"))
        process.send_signal(signal.SIGTERM)
        assert _closed(idle)
        assert not listens(twistd.port)
        assert process.poll() is None
        whole = waiting.getresponse()
        assert (whole.status, whole.headers["connection"]) == (200, "close")
        assert b"something" in whole.read()
        assert stream.read().endswith(b"data: [DONE]\n\n")
        assert process.wait(PATIENCE) in (0, -signal.SIGTERM)
    for connection in connections:
        connection.close()
    assert "Traceback" not in twistd.output()


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_cuts_what_still_runs(twistd: Twistd, second: signal.Signals) -> None:
    twistd.configure("shutdown_grace: 3600")
    with twistd.running(*twistd.proxy()) as process, closing(twistd.connection()) as waiting:
        twistd.asked(waiting, chat("[sim:hang]"))
        process.send_signal(signal.SIGTERM)
        until(lambda: not listens(twistd.port), "no longer listening")
        assert process.poll() is None
        process.send_signal(second)
        assert process.wait(PATIENCE) in (0, -signal.SIGTERM)
    assert "Traceback" not in twistd.output()


def test_what_still_runs_after_the_grace_is_cut(twistd: Twistd) -> None:
    twistd.configure("shutdown_grace: 0.2")
    with twistd.running(*twistd.proxy()) as process, closing(twistd.connection()) as waiting:
        twistd.asked(waiting, chat("[sim:hang]"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) in (0, -signal.SIGTERM)
    assert "Traceback" not in twistd.output()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_serves_on_while_load_balancers_leave(twistd: Twistd, workers: str) -> None:
    twistd.configure("drain_delay: 3600")
    with twistd.running(*twistd.proxy("--workers", workers)) as process, closing(twistd.connection()) as kept:

        def ready() -> str:
            kept.request("GET", "/health/ready")
            return str(json.loads(kept.getresponse().read())["status"])

        until(lambda: ready() == "ready", "ready")
        process.send_signal(signal.SIGTERM)
        until(lambda: ready() == "draining", "draining, on a connection that stays open")
        assert twistd.healthy()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) in (0, -signal.SIGTERM)
    assert "Traceback" not in twistd.output()


def test_a_hang_up_never_kills_it(twistd: Twistd) -> None:
    with twistd.running(*twistd.proxy()) as process:
        for _ in range(3):
            process.send_signal(signal.SIGHUP)
            assert twistd.healthy()
        assert process.poll() is None


def test_a_hang_up_while_it_ends_doesnt_kill_it(twistd: Twistd) -> None:
    twistd.configure("simulator: {first_byte_delay: 0.5}")
    with twistd.running(*twistd.proxy()) as process, closing(twistd.connection()) as waiting:
        twistd.asked(waiting, chat("say something"))
        process.send_signal(signal.SIGTERM)
        until(lambda: not listens(twistd.port), "no longer listening")
        process.send_signal(signal.SIGHUP)
        assert waiting.getresponse().status == 200
        assert process.wait(PATIENCE) in (0, -signal.SIGTERM)


def test_a_new_log_file_is_begun_on_request(twistd: Twistd) -> None:
    """SIGUSR1 is what twistd's own log file takes."""
    with twistd.daemon("--logfile=proxy.log", *twistd.proxy()) as pid:
        os.kill(pid, signal.SIGUSR1)
        until((twistd.folder / "proxy.log.1").exists, "a rotated file")
        assert twistd.healthy()
        until(lambda: "/health" in (twistd.folder / "proxy.log").read_text(), "a line in the new file")


def test_a_hang_up_reads_the_configuration_again_without_a_request_noticing(twistd: Twistd) -> None:
    twistd.configure("simulator: {first_byte_delay: 0.5}")
    with twistd.running(*twistd.proxy()) as process, closing(twistd.connection()) as kept:
        kept.request("GET", "/v1/models/mine")
        assert kept.getresponse().read()
        with closing(twistd.connection()) as waiting:
            twistd.asked(waiting, chat("say something"))
            twistd.configure("simulator: {first_byte_delay: 0.5}\nmodel_aliases: {mine: gpt4o}\nport: 1\n")
            process.send_signal(signal.SIGHUP)
            until(lambda: twistd.output().count("configured by") == 2, "read again")
            assert waiting.getresponse().status == 200
        kept.request("GET", "/v1/models/mine")
        assert kept.getresponse().status == 200
        assert "Traceback" not in twistd.output()


def test_a_bad_configuration_is_refused_and_the_one_in_use_stays(twistd: Twistd) -> None:
    twistd.configure("model_aliases: {mine: gpt4o}")
    with twistd.running(*twistd.proxy()) as process, closing(twistd.connection()) as kept:
        assert twistd.healthy()
        twistd.configure("model_aliases: {mine: gpt4o}\ncolour: red\n")
        process.send_signal(signal.SIGHUP)
        until(lambda: "the one in use stays: ./config.yaml:2: colour: no such key" in twistd.output(), "refused")
        kept.request("GET", "/v1/models/mine")
        assert kept.getresponse().status == 200
        assert process.poll() is None


def test_a_hang_up_has_certificates_read_again(twistd: Twistd) -> None:
    """For connections to come; who is connected goes on, and what can't be used changes nothing."""
    file, address = twistd.folder / "tls.pem", ("127.0.0.1", twistd.port)
    file.write_bytes(key_and_certificate("before.invalid"))
    endpoint = f"ssl:{twistd.port}:interface=127.0.0.1:privateKey=tls.pem"

    def shown() -> str:
        return ssl.get_server_certificate(address, timeout=PATIENCE)

    with twistd.running("argoproxy", "--simulator", "--listen", endpoint) as process:
        context = ssl.create_default_context(cadata=pem_for("before.invalid").decode())
        context.check_hostname = False
        with closing(HTTPSConnection(*address, timeout=PATIENCE, context=context)) as kept:
            kept.request("GET", "/health")
            assert kept.getresponse().read()
            file.write_bytes(key_and_certificate("after.invalid"))
            assert shown().encode() == pem_for("before.invalid")
            process.send_signal(signal.SIGHUP)
            until(lambda: shown().encode() == pem_for("after.invalid"), "another certificate")
            file.write_bytes(pem_for("before.invalid"))
            process.send_signal(signal.SIGHUP)
            until(lambda: f"listen: {endpoint}: the certificate and" in twistd.output(), "refused")
            assert shown().encode() == pem_for("after.invalid")
            kept.request("GET", "/health")
            assert kept.getresponse().read()
