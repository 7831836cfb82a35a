"""Does with a worker's files what its agent asks for, beside the event loop.

Owns the order, one after the other, and the deadline: a disk that does not answer keeps one thread
waiting and nobody else. What may be done is `own_files.py`'s.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from threading import Thread
from typing import Any

from factory_engine.agents.own_files import FileRefused, OwnFiles
from factory_engine.agents.protocol import Conversation, Errand
from factory_engine.clock import Clock
from factory_engine.processes.child import Listener
from factory_engine.processes.supervise import Finished, Program, run_program
from factory_engine.processes.threads import in_thread

MOST_WAITING = 200
"""Errands; who asks for more before it is answered is not served."""

_PATIENCE_S = 10.0


@contextlib.asynccontextmanager
async def serving(
    conversation: Conversation, files: Callable[[int], OwnFiles], patience_s: float = _PATIENCE_S
) -> AsyncIterator[FileService]:
    """Serves `conversation` for as long as its program runs.

    Args:
        conversation: whose errands are done.
        files: the worker's files, of the program with this pid.
        patience_s: how long an errand may take.
    """
    service = FileService(conversation, files, patience_s)
    problem: BaseException | None = None
    async with asyncio.TaskGroup() as group:
        task = group.create_task(service.serve())
        try:
            yield service
        except BaseException as error:  # goes on as it is, not as one of a group
            problem = error
        await service.end()
        task.cancel()
    if problem:
        raise problem


async def run_conversation(
    conversation: Conversation,
    files: Callable[[int], OwnFiles],
    program: Program,
    on_output: Listener | None = None,
    *,
    clock: Clock,
    on_stderr: Listener | None = None,
    over: Callable[[], bool] = lambda: False,
    stop: asyncio.Event | None = None,
) -> Finished:
    """`run_program` for an agent that is answered, also about its files."""
    async with serving(conversation, files) as service:

        def heard(chunk: bytes) -> None:
            if on_output:
                on_output(chunk)
            service.look()

        return await run_program(
            program,
            heard,
            clock=clock,
            talker=conversation.answer,
            on_stderr=on_stderr,
            over=over,
            stop=stop,
            on_start=service.started,
        )


class FileService:
    """Serves one conversation; made by `serving`."""

    def __init__(
        self, conversation: Conversation, files: Callable[[int], OwnFiles], patience_s: float
    ) -> None:
        self._conversation = conversation
        self._make_files = files
        self._patience_s = patience_s
        self._files: OwnFiles | None = None
        self._talk: Callable[[], None] = lambda: None
        self._waiting: deque[Errand[Any]] = deque()
        self._news = asyncio.Event()
        self._thread: Thread | None = None  # that does the present errand
        self._stuck: Thread | None = None  # that one is no longer waited for

    def started(self, pid: int, talk: Callable[[], None]) -> None:
        """The program runs; `talk` says what there is to say to it."""
        self._files = self._make_files(pid)
        self._talk = talk
        self._news.set()

    def look(self) -> None:
        """Takes what the conversation has been asked for by now."""
        self._waiting.extend(self._conversation.errands())
        while len(self._waiting) > MOST_WAITING:
            self._waiting.pop().answer(FileRefused("too much at once"))
        self._news.set()

    async def serve(self) -> None:
        """Does errands until it is cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._files and self._waiting:
                errand = self._waiting.popleft()
                errand.answer(await self._done(errand, self._files))
                self._talk()

    async def end(self) -> None:
        """Nothing more is done; what a thread is at is waited for, as long as it may take."""
        if self._files:
            self._files.close()
        if (thread := self._thread) and thread.is_alive():
            await in_thread(lambda: thread.join(self._patience_s))

    async def _done(self, errand: Errand[Any], files: OwnFiles) -> Any:
        if self._stuck and self._stuck.is_alive():
            return FileRefused("the disk does not answer")
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[Any] = loop.create_future()

        def told(result: Any, bug: Exception | None) -> None:
            if outcome.done():
                return
            if bug:
                outcome.set_exception(bug)
            else:
                outcome.set_result(result)

        def work() -> None:
            try:
                result, bug = errand.do(files), None
            except FileRefused as refusal:
                result, bug = refusal, None
            except Exception as error:
                result, bug = None, error
            with contextlib.suppress(RuntimeError):  # nobody waits for it any more
                loop.call_soon_threadsafe(told, result, bug)

        # A thread of its own: one that hangs must not keep the process from ending.
        self._thread = Thread(target=work, daemon=True, name="files of an agent")
        try:
            self._thread.start()
        except RuntimeError:  # a program that forks without end takes the number of a thread, too
            self._thread = None
            return FileRefused("the machine is too busy")
        try:
            return await asyncio.wait_for(outcome, self._patience_s)
        except TimeoutError:
            self._stuck = self._thread
            return FileRefused("the disk does not answer")
