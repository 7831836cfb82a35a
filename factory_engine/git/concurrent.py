"""Several waits at once with one error instead of a group, and a wait that no cancel breaks.

Owns these two shapes and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

_Result = TypeVar("_Result")


@asynccontextmanager
async def together() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group whose first failure cancels the rest and is raised alone.

    The callers' callers expect one FactoryError and need no `except*`.
    """
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None


async def unbroken(
    work: Coroutine[Any, Any, _Result], undo: Callable[[_Result], Awaitable[None]]
) -> _Result:
    """The result of `work`, which is never cancelled itself.

    A cancel that comes meanwhile waits for its end, has the result undone, and goes on to the
    caller then. It is for what cannot be left half done, such as the start of a process: asyncio
    kills one whose start is cancelled, and waits for whatever that one had started.
    """
    cancelled: asyncio.CancelledError | None = None
    async with together() as group:
        task = group.create_task(work)
        while not task.done():
            try:
                await asyncio.wait((task,))
            except asyncio.CancelledError as again:
                cancelled = again
    if cancelled is not None:
        await undo(task.result())
        raise cancelled
    return task.result()
