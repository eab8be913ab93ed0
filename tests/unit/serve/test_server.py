"""Sockets, connections that hang, models opened anew, the end."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.serving import Response, Running, png, running

from foveal.errors import ConfigError
from foveal.serve import server as server_module
from foveal.serve.options import ServeOptions
from foveal.serve.server import address_of, listen

PREDICT = "/v1/models/trees/predict"


def test_ports_and_hosts() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        assert address_of(first) == f"http://127.0.0.1:{port}"
        with pytest.raises(ConfigError) as error:
            listen("127.0.0.1", port)
    hint = "Choose another with --port; --port 0 takes a free one."
    assert str(error.value) == f"Port {port} of 127.0.0.1 is taken.\n{hint}"
    for host, where, what in (
        ("no.such.host.invalid", 1, "There is no address no.such.host.invalid."),
        ("127.0.0.1", 99999, "There is no port 99999."),
        ("192.0.2.1", 0, "Port 0 of 192.0.2.1 cannot be used (Cannot assign requested address)."),
    ):
        with pytest.raises(ConfigError) as error:
            listen(host, where)
        assert error.value.what == what


def test_a_reload_loses_no_request(tmp_path: Path) -> None:
    with running(tmp_path, names={"trees": ""}) as one:
        before = one.post(PREDICT, png()).json
        (tmp_path / "trees.onnx").write_text("0.5")
        stop = threading.Event()

        def ask() -> list[Response]:
            found = []
            while not stop.is_set():
                found.append(one.post(PREDICT, png()))
            return found

        with ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(ask) for _ in range(4)]
            time.sleep(0.2)
            for _ in range(5):
                one.reload()
            after = one.post(PREDICT, png()).json
            stop.set()
            responses = [response for job in asking for response in job.result(30)]
        assert before != after
        assert {response.status for response in responses} == {200}
        assert [r.json for r in responses if r.json not in (before, after)] == []
        assert len({str(r.json) for r in responses}) == 2, "some came before, some after"
        assert sum(line["event"] == "reload" and line["done"] for line in one.lines) == 5
        assert 'foveal_reloads_total{model="trees",outcome="done"} 5.0' in one.get("/metrics").body.decode()


def test_a_request_under_way_is_finished_by_the_model_that_took_it(tmp_path: Path) -> None:
    with running(tmp_path, names={"trees": ""}) as one, ThreadPoolExecutor(2) as pool:
        before, network = one.post(PREDICT, png()).json, one.network("trees")
        network.gate.clear()
        held = pool.submit(one.post, PREDICT, png())
        while one.server.models.live["trees"].batcher.inside == 0:
            time.sleep(0.001)
        (tmp_path / "trees.onnx").write_text("0.5")
        reloading = pool.submit(one.reload)
        while one.network("trees") is network:
            time.sleep(0.001)
        assert one.post(PREDICT, png()).json != before, "the new one is in service"
        assert not held.done() and not reloading.done()
        network.gate.set()
        assert held.result(10).json == before
        reloading.result(10)


def test_a_model_that_cannot_be_opened_stays_as_it_is(tmp_path: Path) -> None:
    with running(tmp_path, names={"trees": "", "cells": ""}) as one:
        before = one.post(PREDICT, png()).json
        (tmp_path / "trees.onnx").write_text("not a number")
        one.reload()
        assert one.post(PREDICT, png()).json == before
        told = [line for line in one.lines if line["event"] == "reload"]
        assert [(line["model"], line["done"]) for line in told] == [("trees", False), ("cells", True)]
        assert "not a number" in told[0]["error"]


def closes_within(connection: socket.socket, seconds: float) -> bool:
    connection.settimeout(seconds)
    try:
        while connection.recv(65536):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


def test_slow_clients_are_not_waited_for_and_keep_nobody_waiting(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(server_module, "HEADER_S", 0.5)
    with running(tmp_path, ServeOptions(timeout_s=0.6), {"trees": ""}) as one:
        half_header = b"POST /v1/models/trees/predict HTTP/1.1\r\nHost: x\r\nContent-"
        head = b"POST /v1/models/trees/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n"
        hanging = [socket.create_connection(("127.0.0.1", one.port)) for _ in range(60)]
        for place, connection in enumerate(hanging):
            connection.sendall((b"", half_header, head + b"\x89PNG")[place % 3])
        begun = time.monotonic()
        assert one.post(PREDICT, png()).status == 200
        assert time.monotonic() - begun < 5
        hanging[2].settimeout(10)
        told = b""
        while b"}" not in told:
            told += hanging[2].recv(65536)
        assert b" 408 " in told.splitlines()[0] and b"The body did not come before the deadline." in told
        assert all(closes_within(connection, 10) for connection in hanging[:2])
        for connection in hanging:
            connection.close()
        assert one.post(PREDICT, png()).status == 200
        assert one.server.models.live["trees"].batcher.inside == 0


def test_a_client_that_leaves_is_noted_and_nothing_else(tmp_path: Path) -> None:
    with running(tmp_path, names={"trees": ""}) as one:
        with socket.create_connection(("127.0.0.1", one.port)) as connection:
            connection.sendall(b"POST /v1/models/trees/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab")
            time.sleep(0.1)
        until = time.monotonic() + 10
        while not any(line.get("status") == 499 for line in one.lines) and time.monotonic() < until:
            time.sleep(0.01)
        assert [line["status"] for line in one.lines if line["event"] == "request"] == [499]
        assert not [line for line in one.lines if line["level"] == "error"]


@pytest.mark.parametrize(
    ("path", "key", "status"),
    [(PREDICT, "a-long-key", 413), (PREDICT, "another", 401), ("/v1/models/none/predict", "a-long-key", 404)],
)
def test_a_client_that_closes_hears_why_its_large_body_is_refused(
    tmp_path: Path, path: str, key: str, status: int
) -> None:
    with running(tmp_path, ServeOptions(max_body_bytes=1_000_000, api_key="a-long-key"), {"trees": ""}) as one:
        told = one.post(path, bytes(16_000_000), Connection="close", X_API_Key=key)
        assert told.status == status and told.json["error"]
        assert one.post(PREDICT, png(), X_API_Key="a-long-key").status == 200


def test_a_client_that_asks_before_it_sends_is_refused_at_once(tmp_path: Path) -> None:
    with (
        running(tmp_path, ServeOptions(max_body_bytes=1_000_000), {"trees": ""}) as one,
        socket.create_connection(("127.0.0.1", one.port)) as connection,
    ):
        head = f"POST {PREDICT} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 9000000\r\n"
        begun = time.monotonic()
        connection.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
        connection.settimeout(30)
        assert b" 413 " in connection.recv(65536).splitlines()[0]
        assert time.monotonic() - begun < 1.5


@pytest.mark.parametrize("sent", [b"\x16\x03\x01\x02", b"GET / HTTP/9.9\r\n\r\n", b"GARBAGE\r\n\r\n", b"\0" * 100])
def test_what_is_no_http_is_refused(server: Running, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(sent + b"\r\n\r\n")
        connection.settimeout(30)
        assert b" 400 " in connection.recv(65536).splitlines()[0]
    assert server.get("/healthz").status == 200


def test_the_end_finishes_what_was_taken(tmp_path: Path) -> None:
    with ThreadPoolExecutor(3) as pool, running(tmp_path, ServeOptions(max_batch=1), {"trees": ""}) as one:
        network = one.network("trees")
        network.gate.clear()
        held = [pool.submit(one.post, PREDICT, png()) for _ in range(3)]
        while one.server.models.live["trees"].batcher.inside < 3:
            time.sleep(0.001)
        one.server.should_exit = True
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", one.port), timeout=1).close()
            except OSError:
                break
            time.sleep(0.05)
        assert not any(job.done() for job in held), "it takes nothing new and has dropped nothing"
        network.gate.set()
        assert [job.result(10).status for job in held] == [200, 200, 200]
