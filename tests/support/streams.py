"""Recorded output of real agents, and readers for it.

Owns what each recording has to come to. Made anew by `python -m tests.agents_real.record`; a few
are cut down from longer ones, where a program does not do the same each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory_engine.agents import driver
from factory_engine.agents.protocol import AgentTask

FOLDER = Path(__file__).parents[1] / "streams"


@dataclass(frozen=True)
class Expected:
    """The verdict on a recording.

    Args:
        ok, retryable: as in the verdict.
        reason: a part of the reason.
        rc: how the program exited.
    """

    ok: bool
    reason: str
    retryable: bool = False
    rc: int = 1


_DONE = Expected(True, "turn completed", rc=0)
_LOGIN = Expected(False, "not logged in")
_RATE = Expected(False, "limits the rate", retryable=True)
_SERVICE = Expected(False, "the model service has trouble", retryable=True)
_CUT = Expected(False, "was cut", retryable=True)

EXPECTED = {
    "acp-claude-401": _LOGIN,
    "acp-claude-cut": _CUT,
    "acp-claude-denied": Expected(False, "did nothing else: Edit hello.txt", rc=0),
    "acp-claude-edit": _DONE,
    "acp-claude-fail": _DONE,
    "acp-codex-2-edit": _DONE,
    "acp-codex-401": _LOGIN,
    "acp-codex-500": _SERVICE,
    "acp-codex-edit": _DONE,
    "acp-gemini-edit": _DONE,
    "claude-401": _LOGIN,
    "claude-429": _RATE,
    "claude-500": _SERVICE,
    "claude-cut": _CUT,
    "claude-denied": Expected(False, "did nothing else: Edit hello.txt", rc=0),
    "claude-edit": _DONE,
    "claude-fail": _DONE,
    "claude-late-500": _SERVICE,
    "claude-late-cut": _CUT,
    "claude-max-cost": Expected(False, "the budget (max_cost) is used up: 0.0006 US dollars"),
    "claude-max-turns": Expected(False, "the limit of turns (max_turns) is reached"),
    "claude-no-login": _LOGIN,
    "claude-retries": _SERVICE,
    "claude-silent-cut": Expected(False, "was cut", retryable=True, rc=0),
    "codex-400": Expected(False, "the model refused: the request makes no sense"),
    "codex-401": _LOGIN,
    "codex-429": _RATE,
    "codex-500": _SERVICE,
    "codex-cut": _CUT,
    "codex-edit": _DONE,
    "codex-escape": _DONE,
    "codex-fail": _DONE,
    "codex-failed-patch": Expected(False, "did nothing else: to change hello.txt", rc=0),
    "codex-hang": Expected(False, "the model fell silent", retryable=True),
    "codex-late-500": _SERVICE,
    "codex-late-cut": _CUT,
    "codex-no-login": _LOGIN,
    # The refusal itself stands on standard error.
    "codex-read-only": _DONE,
    "codex-resumed": _DONE,
    "codex-retries": _SERVICE,
    "codex-structured": _DONE,
}


def task(**changes: Any) -> AgentTask:
    """The task that the recordings were made for, as they name its folders."""
    fields: dict[str, Any] = {
        "worker_id": "A_worker",
        "run_id": "run",
        "base": "0" * 40,
        "workspace": Path("/workspace"),
        "outbox": Path("/outbox"),
        "prompt": "Go.",
        "argv": ("agent",),
    }
    return AgentTask(**{**fields, **changes})


def reader_of(name: str, **changes: Any) -> Any:
    """A fresh reader for the recording `name`."""
    kind: Any = driver(name.partition("-")[0])
    permissions = {"permissions": "none"} if name == "acp-claude-denied" else {}
    return kind.reader(task(settings=permissions, **changes))


def lines(name: str) -> list[bytes]:
    """The lines of a recording, each with its end."""
    return (FOLDER / f"{name}.jsonl").read_bytes().splitlines(keepends=True)
