"""The folders of one worker, and how what an agent says about files is shown to others.

Owns the way from paths of this machine to words that mean the same on every other: what agents say
ends up in the ledger, which holds no path of this machine. Never looks at the disk.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from factory_engine.agents.one_line import one_line
from factory_engine.agents.protocol import AgentTask

_ADDRESS = re.compile(r"\bhttps?://[^\s)]+|\b(?:localhost|\d{1,3}(?:\.\d{1,3}){3}):\d+")
# Folders of a machine, but for those that every machine has.
_FOLDERS = re.compile(
    r"(?<![\w./…~-])/(?!(?:bin|dev|etc|proc|usr)/)(?:[^\s/'\"`:;,()]+/)+|\b[A-Za-z]:\\(?:[^\s\\]+\\)+"
)
_WHERE = re.compile(r",? ?\(?url: \S+")


@dataclass(frozen=True)
class WorkerPaths:
    """Where a worker may write, as its agent names it.

    Args:
        workspace: its checkout.
        outbox: the folder for what it hands over.
    """

    workspace: Path
    outbox: Path

    @classmethod
    def of(cls, task: AgentTask) -> WorkerPaths:
        """The folders of the worker that has `task`."""
        return cls(task.workspace, task.outbox)

    def path(self, path: str) -> str:
        """`path` relative to the workspace; of one that lies elsewhere only the name."""
        plain = Path(os.path.normpath(self.workspace.joinpath(path.replace("\0", ""))))
        for own, shown in ((self.workspace, ""), (self.outbox, "outbox/")):
            if plain.is_relative_to(own):
                return _safe(shown + plain.relative_to(own).as_posix())
        return _safe(f"…/{plain.name}")

    def text(self, words: str) -> str:
        """The first line of `words`, safe to show, without addresses and folders of a machine."""
        first, *more = words.strip().splitlines() or [""]
        for own, inside, itself in ((self.workspace, "", "."), (self.outbox, "outbox/", "outbox")):
            first = first.replace(f"{own}{os.sep}", inside).replace(str(own), itself)
        first = _ADDRESS.sub("…", _WHERE.sub("", first))
        line = _safe(_FOLDERS.sub("…/", first))
        return f"{line} …" if more else line


def _safe(words: str) -> str:
    # JSON can hold half of a surrogate pair, which no encoding knows
    return one_line(words.encode("utf-8", "replace"))
