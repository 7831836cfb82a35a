"""What a confined program reaches with the network on and off."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from factory_engine.sandbox import Layer, warnings
from factory_engine.sandbox.layer import TCP_RULES
from tests.engine.sandbox.places import Places, python

_REACH = """
import socket, sys
kind = socket.SOCK_STREAM if sys.argv[1] == "tcp" else socket.SOCK_DGRAM
with socket.socket(socket.AF_INET, kind) as ours:
    ours.settimeout(5)
    try:
        ours.connect(("127.0.0.1", int(sys.argv[2])))
        ours.send(b"hello")
        print("reached", ours.recv(5).decode() if sys.argv[1] == "tcp" else "")
    except OSError as error:
        print("refused")
"""
_TALK_TO_ITSELF = """
import socket, threading
for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    with socket.create_server((host, 0), family=family) as server:
        client = socket.create_connection(server.getsockname()[:2], timeout=5)
        client.send(b"x")
        print(server.accept()[0].recv(1))
"""


@pytest.fixture
def tcp_port() -> Iterator[int]:
    """Of a server outside that greets everyone; it need not accept for a connect to succeed."""
    import threading

    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client:
                    client.sendall(b"greet")

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def udp() -> Iterator[socket.socket]:
    """A socket outside that datagrams can be sent to."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.bind(("127.0.0.1", 0))
        ours.settimeout(0.3)
        yield ours


def _offline(layer: Layer) -> Layer:
    if not layer.own_network:
        pytest.skip("no network namespace can be made here")
    return layer


async def test_the_network_is_there_if_it_is_on(
    any_layer: Layer, places: Places, tcp_port: int
) -> None:
    await places.run(any_layer, python(_REACH, "tcp", tcp_port))
    assert places.log.read_text() == "reached greet\n"


async def test_no_server_outside_is_reached_if_it_is_off(
    layer: Layer, places: Places, tcp_port: int
) -> None:
    confinement = places.confinement(network=False)
    await places.run(_offline(layer), python(_REACH, "tcp", tcp_port), confinement=confinement)
    assert places.log.read_text() == "refused\n"


async def test_no_datagram_leaves_if_it_is_off(
    layer: Layer, places: Places, udp: socket.socket
) -> None:
    confinement = places.confinement(network=False)
    argv = python(_REACH, "udp", udp.getsockname()[1])
    await places.run(_offline(layer), argv, confinement=confinement)
    with pytest.raises(TimeoutError):
        udp.recv(5)


async def test_a_program_reaches_itself_if_it_is_off(layer: Layer, places: Places) -> None:
    confinement = places.confinement(network=False)
    await places.run(_offline(layer), python(_TALK_TO_ITSELF), confinement=confinement)
    assert places.log.read_text() == "b'x'\nb'x'\n"


async def test_tcp_rules_alone_stop_tcp_and_the_loopback_but_not_udp(
    layer: Layer, places: Places, tcp_port: int, udp: socket.socket
) -> None:
    if layer.name != "landlock" or layer.abi < TCP_RULES:
        pytest.skip("these are rules of Landlock, ABI 4")
    fewer = replace(layer, own_processes=False, own_network=False)
    confinement = places.confinement(network=False)
    await places.run(fewer, python(_REACH, "tcp", tcp_port), confinement=confinement)
    assert places.log.read_text() == "refused\n"
    await places.run(fewer, python(_TALK_TO_ITSELF), confinement=confinement)
    assert "PermissionError" in places.log.read_text()
    await places.run(fewer, python(_REACH, "udp", udp.getsockname()[1]), confinement=confinement)
    assert udp.recv(5) == b"hello"
    assert any("UDP still works" in said for said in warnings("auto", fewer, confinement))
