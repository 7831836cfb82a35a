"""The console in a browser: who can open it, what a tab runs, and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from factory_tui.cli import console_launcher
from factory_tui.cli.commands.serve import command_of_tab
from factory_tui.cli.documents.models import ServeDocument
from tests.cli.shell import Shell, start_process


@contextmanager
def served(folder: Path, *argv: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The server in a process of its own, and the address that it printed."""
    pytest.importorskip("textual_serve", reason="the extra `serve` is not installed")
    with start_process(folder, "serve", "--port", "0", *argv) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().decode().strip()
        finally:
            process.kill()


def test_without_the_extra_one_line_says_what_to_install(
    reader: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "factory_tui.cli.browser_server", raising=False)
    for name in ("aiohttp", "textual_serve"):
        monkeypatch.setitem(sys.modules, name, None)
    answer = reader("serve")
    assert answer.code == 64
    assert "pip install 'codex-factory[serve]'" in answer.error


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_that_cannot_be_is_a_usage_error(reader: Shell, port: str) -> None:
    assert reader("serve", "--port", port).code == 64


def test_a_port_that_is_taken_is_named(reader: Shell) -> None:
    pytest.importorskip("textual_serve", reason="the extra `serve` is not installed")
    with socket.create_server(("127.0.0.1", 0)) as other:
        number = str(other.getsockname()[1])
        answer = reader("serve", "--run-id", "good", "--port", number)
    assert answer.code == 64
    assert f"--port {number}: the port cannot be had" in answer.error


def test_a_run_that_is_not_there_is_not_served(reader: Shell) -> None:
    pytest.importorskip("textual_serve", reason="the extra `serve` is not installed")
    assert reader("serve", "--run-id", "nobody").code == 2


def test_a_tab_runs_the_console_outside_of_any_repository(tmp_path: Path) -> None:
    folder = tmp_path / "a run's folder"
    command = command_of_tab(folder, "never")
    assert "factory_tui watch --tui --read-only" in command
    assert f"-C {folder.anchor} --dir " in command
    assert command.endswith("--no-color")


@pytest.mark.skipif(os.name != "posix", reason="asks a POSIX shell")
def test_no_name_of_a_folder_is_taken_for_a_command(tmp_path: Path) -> None:
    folder = tmp_path / "$(touch owned); `touch owned` 'x"
    command = command_of_tab(folder).removeprefix("exec ")
    said = subprocess.run(
        f"printf '%s\\n' {command}", shell=True, cwd=tmp_path, capture_output=True, check=True
    )
    assert said.stdout.decode().splitlines()[-1] == str(folder)
    assert not (tmp_path / "owned").exists()


def test_its_document_keeps_to_the_model(reader: Shell) -> None:
    pytest.importorskip("textual_serve", reason="the extra `serve` is not installed")
    with start_process(reader.folder, "serve", "--port", "0", "--run-id", "good", "--json") as one:
        try:
            lines = iter(one.stdout.readline, b"}\n") if one.stdout else ()
            document = ServeDocument.model_validate_json(b"".join(lines) + b"}")
        finally:
            one.kill()
    assert document.run_id == "good"
    assert document.url.startswith("http://127.0.0.1:")


def test_only_this_machine_can_reach_it(reader: Shell) -> None:
    with served(reader.folder, "--run-id", "good") as (process, url):
        found = [c.laddr.ip for c in psutil.Process(process.pid).net_connections("inet")]
    assert found == ["127.0.0.1"]
    assert url.startswith("http://127.0.0.1:")


async def test_only_who_knows_the_address_gets_an_answer(reader: Shell) -> None:
    aiohttp = pytest.importorskip("aiohttp", reason="the extra `serve` is not installed")
    with served(reader.folder, "--run-id", "good") as (_, url):
        root = url.rsplit("/", 2)[0]
        async with aiohttp.ClientSession() as client:
            for path in ("/", "/ws", "/static/js/textual.js", "/download/x", "/guess/"):
                async with client.get(root + path) as answer:
                    assert answer.status == 404, path
            async with client.get(url) as answer:
                assert answer.status == 200
                assert (
                    "connect-src 'self' ws://127.0.0.1:"
                    in (answer.headers["Content-Security-Policy"])
                )


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
async def test_whatever_ends_the_server_ends_the_consoles_too(reader: Shell, name: str) -> None:
    aiohttp = pytest.importorskip("aiohttp", reason="the extra `serve` is not installed")
    with served(reader.folder, "--run-id", "good") as (process, url):
        async with (
            aiohttp.ClientSession() as client,
            client.ws_connect(f"{url}ws?width=160&height=45") as tab,
        ):
            seen = b""
            while b"read only" not in seen:
                seen += await tab.receive_bytes(timeout=30)
            consoles = psutil.Process(process.pid).children()
            assert consoles
            process.send_signal(getattr(signal, name))
            async for _ in tab:
                pass
        assert process.wait(30) == (0 if name == "SIGTERM" else -9)
        assert psutil.wait_procs(consoles, timeout=30)[1] == []


@pytest.mark.parametrize(
    ("tui", "driver", "opens"),
    [
        (True, "textual.drivers.web_driver:WebDriver", True),
        (False, "textual.drivers.web_driver:WebDriver", False),
        (True, "textual.drivers.headless_driver:HeadlessDriver", False),
    ],
)
def test_pipes_are_a_terminal_only_where_a_browser_is_behind_them(
    reader: Shell, monkeypatch: pytest.MonkeyPatch, tui: bool, driver: str, opens: bool
) -> None:
    calls: list[object] = []

    def open_console(*given: object, read_only: bool) -> int:
        calls.append(given)
        return 42

    monkeypatch.setattr(console_launcher, "open_console", open_console)
    monkeypatch.setenv("TEXTUAL_DRIVER", driver)
    answer = reader("watch", "--run-id", "good", *(["--tui"] if tui else []))
    assert answer.code == (42 if opens else 64 if tui else 0)
    assert bool(calls) is opens
