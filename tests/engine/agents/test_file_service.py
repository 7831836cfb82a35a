"""Errands of an agent beside the event loop: in order, within a time, and never a flood."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from factory_engine.agents.file_service import MOST_WAITING, serving
from factory_engine.agents.own_files import FileRefused, OwnFiles, OwnFolder
from factory_engine.agents.protocol import Errand


class Asking:
    """A conversation that is asked for `errands`."""

    def __init__(self) -> None:
        self.asked: list[Errand[Any]] = []
        self.answers: list[Any] = []

    def ask(self, do: Callable[[OwnFiles], Any]) -> None:
        self.asked.append(Errand(do, self.answers.append))

    def errands(self) -> list[Errand[Any]]:
        asked, self.asked = self.asked, []
        return asked


def nothing(pid: int) -> OwnFiles:
    """Files that nobody looks at."""
    return OwnFiles(OwnFolder(Path("/none"), Path("/none")), pid=pid)


async def answered(asking: Asking, count: int) -> list[str]:
    """The first answers."""
    while len(asking.answers) < count:
        await asyncio.sleep(0.001)
    return [str(answer) for answer in asking.answers]


async def test_errands_are_done_in_order_and_answered_in_the_loop() -> None:
    asking, said = Asking(), []
    async with serving(asking, nothing) as service:  # type: ignore[arg-type]
        loop = threading.get_ident()
        numbers = iter(range(5))
        for _ in range(5):
            asking.ask(lambda _: (next(numbers), threading.get_ident() != loop))
        service.look()  # before it has begun
        service.started(1, lambda: said.append(len(asking.answers)))
        await answered(asking, 5)
    assert asking.answers == [(number, True) for number in range(5)]
    assert said == [1, 2, 3, 4, 5]


async def test_a_disk_that_does_not_answer_keeps_nobody_waiting() -> None:
    asking, free = Asking(), threading.Event()
    async with serving(asking, nothing, patience_s=0.05) as service:  # type: ignore[arg-type]
        service.started(1, lambda: None)
        asking.ask(lambda _: free.wait(60))
        asking.ask(lambda _: "second")
        service.look()
        assert await answered(asking, 2) == ["the disk does not answer"] * 2
        free.set()


async def test_a_flood_is_refused() -> None:
    asking = Asking()
    async with serving(asking, nothing) as service:  # type: ignore[arg-type]
        for _ in range(MOST_WAITING + 10):
            asking.ask(lambda _: "done")
        service.look()
        assert list(map(str, asking.answers)) == ["too much at once"] * 10
        service.started(1, lambda: None)
        assert (await answered(asking, MOST_WAITING + 10)).count("done") == MOST_WAITING


async def test_a_refusal_is_an_answer_and_a_mistake_of_ours_is_none() -> None:
    def refuse(_: OwnFiles) -> None:
        raise FileRefused("no")

    def stumble(_: OwnFiles) -> None:
        raise ZeroDivisionError

    asking = Asking()

    async def serve() -> None:
        async with serving(asking, nothing) as service:  # type: ignore[arg-type]
            service.started(1, lambda: None)
            asking.ask(refuse)
            asking.ask(stumble)
            service.look()
            await asyncio.sleep(60)

    with pytest.raises(ExceptionGroup) as problem:
        await serve()
    assert problem.group_contains(ZeroDivisionError)
    assert list(map(str, asking.answers)) == ["no"]


async def test_what_goes_wrong_inside_goes_on_as_it_is() -> None:
    with pytest.raises(KeyError):
        async with serving(Asking(), nothing):  # type: ignore[arg-type]
            raise KeyError("mine")
