"""One git process: started, fed, read, bounded in time, memory and output, and always ended.

Owns the spawning of git and the translation of its failures. Never decides what a command means.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from factory_engine import storage
from factory_engine.errors import FactoryError, GitError, RepositoryError, StorageError
from factory_engine.git import hardening
from factory_engine.git.concurrent import together, unbroken

if sys.platform == "linux":
    import resource

MINIMUM_GIT = (2, 39, 0)

Sink = Callable[[bytes], bool]
"""Takes a piece of standard output; False means that nothing more is wanted."""

_MEMORY = 4 << 30
_GRACE = 5
_CHUNK = 1 << 20
_MAX_STDERR = 4 << 20
_LAST_WORDS_S = 5
# A whole line each: a file may have such words in its name.
_DISK = re.compile(
    rb"^(?:fatal|error|warning): .*: "
    rb"(?:No space left on device|Disk quota exceeded|Read-only file system|Input/output error)$"
    rb"|^(?:fatal|error): unable to write (?:new index|loose object) file$"
    rb"|^fatal: .* write error\. Out of diskspace$",
    re.MULTILINE,
)
_BROKEN = re.compile(rb"Read-only file system|Input/output error")
_OVER_LIMIT = {
    getattr(signal, "SIGXCPU", 0): "it took more processor time than it may",
    getattr(signal, "SIGXFSZ", 0): "it wrote a larger file than it may",
}
_HELPER_KILLED = re.compile(rb"^(?:fatal|error): \S+ died of signal (?:9|15)$", re.MULTILINE)


class GitKilledError(FactoryError):
    """A git, or a helper of it, that somebody killed, or the kernel for want of memory.

    No `GitError`: it says nothing about what git was asked, so no verdict may come of it.
    """


class GitTimeoutError(GitError):
    """A git command that was still at work when its time was up."""


@dataclass(frozen=True)
class GitResult:
    """How a git command ended.

    Args:
        rc: its exit code; negative for the signal that ended it.
        stdout: what it wrote, empty when a sink took it.
        stderr: the first four megabytes of its complaints.
        truncated: True when it was stopped because it had said enough.
    """

    rc: int
    stdout: bytes
    stderr: bytes
    truncated: bool = False

    @property
    def line(self) -> str:
        """Standard output as one value: without its final newline."""
        return os.fsdecode(self.stdout.removesuffix(b"\n").removesuffix(b"\r"))

    @property
    def complaint(self) -> str:
        """The line of standard error that says most, safe to show."""
        return readable(_first_complaint(self.stderr))


@dataclass(frozen=True)
class Git:
    """Where a git command works, and what it may see.

    Args:
        git_dir: the repository, named explicitly so that nothing is discovered; None for commands
            that need none.
        work_tree: the folder whose files are meant; None for commands on objects.
        index: the index file; None for the repository's own.
        cwd: the folder that the process starts in, if it matters.
        allow_file_protocol: True only while a base is fetched.
        user_config: True to let the user's own config files be seen, for questions about the
            user's repository; nothing in them can start a program even so.
        config: further settings, stronger than all others.
        variables: further environment variables, stronger than all others.
        pristine: a folder of ready-made indexes, one for each commit.
    """

    git_dir: Path | None
    work_tree: Path | None = None
    index: Path | None = None
    cwd: Path | None = None
    allow_file_protocol: bool = False
    user_config: bool = False
    config: tuple[tuple[str, str], ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    pristine: Path | None = None

    def with_index(self, index: Path) -> Git:
        """The same repository with another index file."""
        return replace(self, index=index)

    def with_work_tree(self, work_tree: Path) -> Git:
        """The same repository over another folder of files."""
        return replace(self, work_tree=work_tree)

    def with_config(self, *pairs: tuple[str, str]) -> Git:
        """The same repository with further settings."""
        return replace(self, config=self.config + pairs)

    def with_variables(self, *pairs: tuple[str, str]) -> Git:
        """The same repository with further environment variables, such as another identity."""
        return replace(self, variables=self.variables + pairs)

    def with_user_config(self) -> Git:
        """The same repository as the user's own configuration has it; see `user_config`."""
        return replace(self, user_config=True)

    async def run(
        self,
        *args: str | bytes,
        stdin: bytes | None = None,
        ok: tuple[int, ...] | None = (0,),
        timeout_s: float = 300,
        max_stdout: int | None = None,
        sink: Sink | None = None,
        memory_bytes: int | None = _MEMORY,
        cpu_s: int | None = None,
        file_bytes: int | None = None,
    ) -> GitResult:
        """Runs `git args` to its end.

        Args:
            args: the arguments; bytes for names inside a repository.
            stdin: what it reads; None for nothing.
            ok: the exit codes that are no failure; None when the caller judges all of them.
            timeout_s: seconds after which the command and its children are killed.
            max_stdout: bytes of output after which it is stopped and the result is truncated.
            sink: takes the output piece by piece instead of collecting it.
            memory_bytes: limit of address space (Linux only); None for no limit.
            cpu_s: seconds of processor time after which the kernel ends it; as the one above.
            file_bytes: the size of a file at which the kernel ends it; as the one above.

        Raises:
            RepositoryError: there is no git. GitTimeoutError: its time was up.
            StorageError: the disk refused. GitKilledError: somebody ended it.
            GitError: any other exit code than `ok`.
        """
        collected = _Collected(max_stdout)
        limits = {"RLIMIT_AS": memory_bytes, "RLIMIT_CPU": cpu_s, "RLIMIT_FSIZE": file_bytes}
        try:
            async with asyncio.timeout(timeout_s), self._child(args, stdin, limits) as child:
                stderr, truncated = await _converse(child, stdin, sink or collected)
                rc = await child.wait()
        except TimeoutError:
            raise GitTimeoutError(
                f"git {_verb(args)} was stopped after {timeout_s:g} s", advice="try again"
            ) from None
        result = GitResult(rc, collected.bytes(), stderr, truncated)
        if not truncated and _was_killed(result):
            raise GitKilledError(f"git {_verb(args)} was killed", advice="give the command again")
        if ok is not None and rc not in ok and not truncated:
            raise failure(_verb(args), result)
        return result

    @asynccontextmanager
    async def _child(
        self, args: tuple[str | bytes, ...], stdin: bytes | None, limits: Mapping[str, int | None]
    ) -> AsyncIterator[Process]:
        # Its own session: a Ctrl-C meant for the factory must not reach it half-way, and the whole
        # group can be killed at once.
        cwd = self.cwd or self._home
        try:
            storage.disk.spawn("git")
            start = asyncio.create_subprocess_exec(
                "git",
                *(os.fsdecode(arg) for arg in args),
                stdin=DEVNULL if stdin is None else PIPE,
                stdout=PIPE,
                stderr=PIPE,
                cwd=cwd,
                env=self._environment(),
                start_new_session=True,
                limit=_CHUNK,
            )
            child = await unbroken(start, _end)
        except OSError as error:
            raise _not_started(error, cwd) from error
        try:
            _limit(child.pid, limits)
            yield child
        finally:
            await _end(child)

    @property
    def _home(self) -> Path | None:
        """Where git starts: its directory, never a worker's files.

        Inside the work tree it would take only the folder that it stands in to be meant, so that
        the user's own repository is looked at from its top.
        """
        if self.work_tree and self.git_dir and self.git_dir.is_relative_to(self.work_tree):
            return self.work_tree
        return self.git_dir

    def _environment(self) -> dict[str, str]:
        pairs = hardening.NEVER_EXECUTE
        if self.user_config:
            variables = hardening.inherited_environment(hardening.CONFIG_FILE_VARIABLES)
        else:
            variables = {**hardening.inherited_environment(), **hardening.NO_CONFIG_FILES}
            pairs += hardening.SAME_EVERYWHERE
        if self.allow_file_protocol:
            pairs += hardening.ALLOW_FILES
        variables |= hardening.FIXED_ENVIRONMENT
        variables |= hardening.config_environment(pairs + self.config)
        places = {
            "GIT_DIR": self.git_dir,
            "GIT_WORK_TREE": self.work_tree,
            "GIT_INDEX_FILE": self.index,
        }
        variables |= {key: str(path) for key, path in places.items() if path is not None}
        return variables | dict(self.variables)


class _Collected:
    """The sink that keeps everything, up to a limit."""

    def __init__(self, limit: int | None) -> None:
        self._pieces: list[bytes] = []
        self._room = sys.maxsize if limit is None else limit

    def __call__(self, piece: bytes) -> bool:
        self._pieces.append(piece[: self._room])
        self._room -= len(piece)
        return self._room >= 0

    def bytes(self) -> bytes:
        return b"".join(self._pieces)


async def git_version() -> tuple[int, int, int]:
    """The version of the git in PATH. Raises RepositoryError if there is none."""
    said = (await Git(git_dir=None).run("version", timeout_s=30)).line
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", said)
    if not found:
        raise RepositoryError(f"git says {said!r} when asked for its version")
    major, minor, patch = found.groups(default="0")
    return int(major), int(minor), int(patch)


def readable(line: bytes) -> str:
    """`line` as text that can neither break a line nor drive a terminal."""
    text = line.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def disk_refused(stderr: bytes) -> bool:
    """Whether git complains of the disk, not of what it was asked to do."""
    return _DISK.search(stderr) is not None


def _was_killed(result: GitResult) -> bool:
    """Whether it was ended from outside; a crash of its own may come from what it was given."""
    by_signal = -result.rc in (signal.SIGTERM, getattr(signal, "SIGKILL", 0))
    return by_signal or (result.rc > 0 and _HELPER_KILLED.search(result.stderr) is not None)


def failure(verb: str, result: GitResult) -> FactoryError:
    """The error that an unexpected exit code means."""
    if disk_refused(result.stderr):
        # git does not always say why; a disk that is full is by far the likeliest
        broken = _BROKEN.search(result.stderr) is not None
        advice = "see to the disk, then try again" if broken else storage.FREE_SPACE
        return StorageError(f"git {verb} could not write: {result.complaint}", advice=advice)
    how = f"was killed by signal {-result.rc}" if result.rc < 0 else f"failed ({result.rc})"
    reason = result.complaint or _OVER_LIMIT.get(-result.rc, "it gave no reason")
    return GitError(f"git {verb} {how}: {reason}")


async def _converse(child: Process, stdin: bytes | None, sink: Sink) -> tuple[bytes, bool]:
    """Feeds and reads all three streams at once; answers standard error and 'was cut short'."""
    assert child.stdout is not None
    assert child.stderr is not None
    async with together() as group:
        complaints = group.create_task(_drain(child.stderr, _MAX_STDERR))
        group.create_task(_feed(child, stdin))
        truncated = not await _pour(child.stdout, sink)
        if truncated:
            _kill(child)
            await _drain(child.stdout, 0)
    return complaints.result(), truncated


async def _pour(stream: asyncio.StreamReader, sink: Sink) -> bool:
    while piece := await stream.read(_CHUNK):
        if not sink(piece):
            return False
    return True


async def _drain(stream: asyncio.StreamReader, keep: int) -> bytes:
    kept = bytearray()
    while piece := await stream.read(_CHUNK):
        kept += piece[: keep - len(kept)]
    return bytes(kept)


async def _feed(child: Process, stdin: bytes | None) -> None:
    if child.stdin is None or stdin is None:
        return
    # A command that ends before it has read everything says why on standard error.
    with suppress(BrokenPipeError, ConnectionResetError):
        for start in range(0, len(stdin), _CHUNK):
            child.stdin.write(stdin[start : start + _CHUNK])
            await child.stdin.drain()
    child.stdin.close()
    with suppress(BrokenPipeError, ConnectionResetError):
        await child.stdin.wait_closed()


async def _end(child: Process) -> None:
    """Leaves nothing of the child behind, whatever ended the conversation."""
    if child.returncode is not None:
        return
    _kill(child)
    # Its pipes must be empty before asyncio calls it ended; a stranger that kept one of them open
    # (PATH may name a wrapper that starts one) is not waited for.
    with suppress(TimeoutError):
        async with asyncio.timeout(_LAST_WORDS_S):
            for stream in (child.stdout, child.stderr):
                if stream is not None:
                    await _drain(stream, 0)
            await child.wait()


def _kill(child: Process) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            child.kill()
        else:
            os.killpg(child.pid, signal.SIGKILL)


def _limit(pid: int, limits: Mapping[str, int | None]) -> None:
    # prlimit(2) on the child instead of a preexec_fn, which is not safe beside threads. A child
    # that has already ended needs no limit.
    if sys.platform == "linux":
        limit = partial(resource.prlimit, pid)
        with suppress(ProcessLookupError, PermissionError, ValueError):
            limit(resource.RLIMIT_CORE, (0, 0))
            for name, most in limits.items():
                if most is not None:  # at the second of the two the kernel kills without a word
                    limit(getattr(resource, name), (most, most + _GRACE))


def _not_started(error: OSError, cwd: Path | None) -> FactoryError:
    if cwd is not None and not cwd.is_dir():
        return StorageError("the folder that git should work in is gone", where=str(cwd))
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return RepositoryError(
            "git was not found",
            advice=f"install git {'.'.join(map(str, MINIMUM_GIT[:2]))} or newer, in PATH",
        )
    return GitError(f"git could not be started: {error.strerror}")


def _verb(args: tuple[str | bytes, ...]) -> str:
    return os.fsdecode(args[0]) if args else ""


def _first_complaint(stderr: bytes) -> bytes:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    serious = (line for line in lines if line.startswith((b"fatal:", b"error:")))
    return next(serious, lines[0] if lines else b"")
