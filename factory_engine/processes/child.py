"""One child process, its pipes and its kernel limits.

Owns the start of the process and every byte that goes in or out. All output is taken as it comes,
whatever becomes of it, so that the program never waits for the factory. Never decides when the
program has to stop.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from typing import IO, Any

from factory_engine import storage
from factory_engine.processes.log_file import CappedLog
from factory_engine.processes.program import Limits, Program

if sys.platform == "linux":
    import resource

Listener = Callable[[bytes], None]
Talker = Callable[[], bytes | None]

_CLOSE_S = 2.0  # for what happens at once unless the kernel holds a process


class Child(asyncio.SubprocessProtocol):
    """A program that runs, seen from its pipes.

    Args:
        log: takes all output.
        listener: gets standard output (and standard error unless separate) in chunks.
        talker: asked at the start and after each chunk what to write to standard input; None
            closes it.
        on_stderr: gets standard error where it is separate.
        over: asked after each chunk whether the program has said all that it was started for.
    """

    def __init__(
        self,
        log: CappedLog,
        listener: Listener | None,
        talker: Talker | None = None,
        on_stderr: Listener | None = None,
        over: Callable[[], bool] = lambda: False,
    ) -> None:
        self.over = asyncio.Event()
        self.exited = asyncio.Event()
        self.bug: Exception | None = None  # raised by listener or talker
        self._log = log
        self._listeners = {1: listener, 2: on_stderr}
        self._is_over = over
        self._talker = talker
        self._drained = asyncio.Event()
        self._lost = asyncio.Event()
        self._open_pipes = 1
        self._transport: asyncio.SubprocessTransport

    async def start(self, program: Program) -> int:
        """Starts it in a session of its own, with no terminal, and returns its pid.

        Raises:
            OSError, ValueError: it cannot be started.
        """
        if program.obstacle:
            raise FileNotFoundError(program.obstacle)
        self._open_pipes = 1 + program.separate_stderr
        storage.disk.spawn(program.argv[0] if program.argv else "")
        with _standard_input(program.stdin) as stdin:
            await asyncio.get_running_loop().subprocess_exec(
                lambda: self,
                *_resolved(program),
                stdin=subprocess.PIPE if self._talker else stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE if program.separate_stderr else subprocess.STDOUT,
                cwd=program.cwd,
                env={**program.env, **program.marker.variables()},
                **_own_session(),
            )
        pid = self._transport.get_pid()
        _set_limits(pid, program.limits)
        self.talk()
        return pid

    @property
    def rc(self) -> int | None:
        """Its exit code, or minus the number of the signal that ended it; None while it runs."""
        return self._transport.get_returncode()

    async def close(self) -> None:
        """Takes what is still in the pipes and closes them. The process has been ended before.

        A process that could not be ended may hold a pipe open: it is not waited for long.
        """
        await _for_a_moment(self.exited.wait())
        await _for_a_moment(self._drained.wait())
        stdin = self._transport.get_pipe_transport(0)
        if isinstance(stdin, asyncio.WriteTransport) and not stdin.is_closing():
            stdin.abort()
        self._transport.close()
        await _for_a_moment(self._lost.wait())

    def talk(self) -> None:
        """Says what there is to say now; called by itself after each chunk of output."""
        if not self._talker or self.bug:
            return
        stdin = self._transport.get_pipe_transport(0)
        if not isinstance(stdin, asyncio.WriteTransport) or stdin.is_closing():
            return
        try:
            data = self._talker()
        except Exception as bug:
            self.bug = bug
            return
        if data is None:
            stdin.close()
        elif data:
            stdin.write(data)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio before all else."""
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Called by asyncio with output."""
        self._log.write(data)
        listener = self._listeners.get(fd)
        if not listener or self.bug:
            return
        try:
            listener(data)
            if self._is_over():
                self.over.set()
        except Exception as bug:  # the pipe must be drained all the same; raised at the end
            self.bug = bug
        if fd == 1:
            self.talk()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """Called by asyncio when a pipe was closed at the other end."""
        if fd != 0:
            self._open_pipes -= 1
        if not self._open_pipes:
            self._drained.set()

    def process_exited(self) -> None:
        """Called by asyncio when the process has ended; its pipes may still be open."""
        self.exited.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio when process and pipes are all gone."""
        self._lost.set()


def _resolved(program: Program) -> tuple[str, ...]:
    """Windows starts `tool.cmd` for `tool` only if it is found first, and looks in our own PATH."""
    if not program.argv or not program.argv[0]:
        raise FileNotFoundError("no program is named")
    if sys.platform != "win32":
        return program.argv
    found = shutil.which(program.argv[0], path=program.env.get("PATH"))
    return (found or program.argv[0], *program.argv[1:])


def _own_session() -> dict[str, Any]:
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


@contextlib.contextmanager
def _standard_input(content: bytes | None) -> Iterator[int | IO[bytes]]:
    """A file with `content`: unlike a pipe it needs nobody who writes, and no reader."""
    if content is None:
        yield subprocess.DEVNULL
        return
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        yield file


def _set_limits(pid: int, limits: Limits) -> None:
    """Sets the limits from outside, just after the start: code between fork and exec is unsafe.

    No core files: they would land in the workspace and so in the bundle.
    """
    if sys.platform != "linux":
        return
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: limits.file_bytes,
    }
    with contextlib.suppress(ProcessLookupError):
        for kind, value in wanted.items():
            if value is None:
                continue
            _, most = resource.prlimit(pid, kind)
            value = value if most == resource.RLIM_INFINITY else min(value, most)
            resource.prlimit(pid, kind, (value, value))


async def _for_a_moment(event: Awaitable[object]) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_CLOSE_S):
            await event
