"""What a scripted model does: scenarios of steps that a test picks by the name of the model.

Owns the scenarios. Knows no protocol: each dialect turns a step into the tools that it was offered.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Say:
    """Ends the turn with these words."""

    text: str


@dataclass(frozen=True)
class Run:
    """Runs a shell line."""

    command: str


@dataclass(frozen=True)
class Look:
    """Reads a file; some agents change none that they have not read."""

    path: str


@dataclass(frozen=True)
class Change:
    """Replaces a line of a file, by the agent's own means of editing."""

    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Plan:
    """Notes a step of a plan, where there is a tool for it."""

    subject: str


@dataclass(frozen=True)
class Refuse:
    """Answers with an HTTP status."""

    status: int
    message: str


@dataclass(frozen=True)
class Hang:
    """Begins an answer and falls silent."""


@dataclass(frozen=True)
class Cut:
    """Begins an answer, perhaps with some words, and hangs up."""

    text: str = ""


Step = Say | Run | Look | Change | Plan | Refuse | Hang | Cut

GREETING = "hello.txt"
CHANGED = "hello from the model"
_EDIT = (Look(GREETING), Change(GREETING, "hello", CHANGED), Say("The greeting is changed."))

SCENARIOS: dict[str, tuple[Step, ...]] = {
    "edit": (Plan("look around"), Run("echo before; ls"), *_EDIT),
    "outbox": (Run('echo "All done." > "$FACTORY_OUTBOX/SUMMARY.md"'), *_EDIT),
    "fail": (Run("echo oops >&2; exit 3"), Say("The command failed.")),
    "escape": (Run('echo out > "$ESCAPE"; echo rc=$?'), Say("Tried it.")),
    "sleep": (Run("echo $$ > started; sleep 300"), Say("Slept.")),
    "say": (Say("Nothing to do."),),
    "hang": (Hang(),),
    "late-hang": (Look(GREETING), Hang()),
    "cut": (Cut(),),
    "late-cut": (Look(GREETING), Change(GREETING, "hello", CHANGED), Cut("I have now")),
    "400": (Refuse(400, "the request makes no sense"),),
    "401": (Refuse(401, "the key is not known"),),
    "429": (Refuse(429, "too many requests"),),
    "500": (Refuse(500, "internal error"),),
    "late-500": (*_EDIT[:2], Refuse(500, "internal error")),
}


def step(model: str, done: int) -> Step:
    """The step of the scenario in `model` after `done` tools have answered.

    `scripted-edit` changes a file at the top, `scripted-edit@docs` its namesake in a folder.
    """
    name, _, folder = model.removeprefix("scripted-").partition("@")
    steps = SCENARIOS[name]
    found = steps[min(done, len(steps) - 1)]
    if folder and isinstance(found, Look | Change):
        return replace(found, path=f"{folder}/{found.path}")
    return found
