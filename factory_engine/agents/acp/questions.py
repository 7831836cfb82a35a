"""What an agent asks of its client in the Agent Client Protocol, and what it is answered.

Owns the questions about files and permissions. Each looks at the worker's files, so it becomes an
errand, and is answered when that is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from factory_engine.agents.acp.json_rpc import REFUSED, JsonRpc
from factory_engine.agents.acp.permission import AcpOptions, outcome, within
from factory_engine.agents.json_lines import Event, text, whole
from factory_engine.agents.own_files import FileRefused, OwnFiles
from factory_engine.agents.protocol import Errand
from factory_engine.agents.turn import Turn
from factory_engine.agents.worker_paths import WorkerPaths


class AcpQuestions:
    """The questions of one conversation.

    Args:
        rpc: takes the answers.
        turn: hears what was refused, and what was written.
        paths: how paths are shown.
        options: what is allowed.
    """

    def __init__(self, rpc: JsonRpc, turn: Turn, paths: WorkerPaths, options: AcpOptions) -> None:
        self._rpc = rpc
        self._turn = turn
        self._paths = paths
        self._options = options
        self._errands: list[Errand[Any]] = []

    def take(self) -> list[Errand[Any]]:
        """What is to be done, since the last call."""
        errands, self._errands = self._errands, []
        return errands

    def permit(self, request: Event, call: Event, offered: Sequence[Event]) -> None:
        """Whether a tool call may go on, by where it leads."""

        def answer(found: bool | FileRefused) -> None:
            allow = found is True
            self._rpc.reply(request, {"outcome": outcome(offered, allow=allow)})
            if not allow:
                self._turn.refused(text(call, "title") or text(call, "kind") or "a tool")

        self._errands.append(Errand(lambda files: within(self._options, files, call), answer))

    def file(self, request: Event, params: object, *, write: bool) -> None:
        """A text file is read or written."""
        path = text(params, "path")

        def do(files: OwnFiles) -> dict[str, str] | None:
            if not write:
                line, limit = whole(params, "line"), whole(params, "limit")
                return {"content": files.read(path, line, limit)}
            if self._options.permissions == "none":
                raise FileRefused("nothing may be written")
            files.write(path, text(params, "content"))
            return None

        def answer(result: dict[str, str] | FileRefused | None) -> None:
            if not isinstance(result, FileRefused):
                self._rpc.reply(request, result)
                if write:
                    self._turn.edited([path])
                return
            self._rpc.refuse(request, REFUSED, str(result))
            self._turn.refused(f"{'to write' if write else 'to read'} {self._paths.path(path)}")

        self._errands.append(Errand(do, answer))
