"""What an agent is told: its task, and around it all that a worker of a run has to know.

Owns the words. Pure: the task's own text is taken over as it is, with no placeholders in it, and
nothing is looked up.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path

from factory_engine.agents.scope_words import patterns_in_words
from factory_engine.artifacts.bundle import ScopeLock
from factory_engine.artifacts.manifest import RunManifest, WorkerPlan
from factory_engine.config.tasks import CheckConfig

_NOTE = {"summary": "…", "decisions": ["…"], "risks": ["…"], "next_actions": ["…"]}


def render_prompt(
    task: str,
    *,
    manifest: RunManifest,
    lock: ScopeLock,
    checks: Sequence[CheckConfig],
    outbox: Path,
) -> str:
    """The whole prompt, in Markdown, of the worker that `lock` belongs to.

    Args:
        task: what the operator wants of it; may be empty for a program that knows its task.
        manifest: the run, for its name, its base and the other workers.
        lock: what the worker may change.
        checks: what is run in its workspace afterwards.
        outbox: where it leaves its words.
    """
    own = manifest.plan(lock.worker_id)
    others = [plan for plan in manifest.workers if plan.has_task and plan is not own]
    sections = (
        _task(task, own),
        _situation(manifest, own),
        _scope(lock),
        _others(others),
        _checks(checks),
        _farewell(outbox),
    )
    return "\n\n".join(section for section in sections if section) + "\n"


def _task(task: str, own: WorkerPlan) -> str:
    title = own.title or own.worker_id
    return f"# {title}\n\n{task.strip()}".strip()


def _situation(manifest: RunManifest, own: WorkerPlan) -> str:
    return (
        "# Where you are\n\n"
        f"You are {own.worker_id} in run {manifest.run_id}. The current folder is a checkout of "
        f"{manifest.base_commit} that is yours alone. Other workers start from the same state in "
        "folders of their own; a program puts the results together when all have ended. Nobody "
        "watches and nobody answers: decide by yourself, and write down what you were unsure of."
    )


def to_go_on(prompt: str) -> str:
    """What is said to an agent that goes on with its own session after it was interrupted.

    The task is said again: the session may have ended before the agent had written it down.

    Args:
        prompt: what `render_prompt` made.
    """
    return (
        "You were interrupted. All that you have done so far is there in the current folder, "
        "perhaps with one change half made: look at it first, then go on. The task is the same as "
        f"before:\n\n{prompt}"
    )


def _scope(lock: ScopeLock) -> str:
    lists = (
        ("You may change:", lock.allowed_globs),
        ("These too, but others may do the same, so keep it short:", lock.allow_shared_paths),
        ("Not these, whatever is said above:", lock.blocked_globs),
    )
    lines = ["# What you may change", ""]
    if not lock.allowed_globs and not lock.allow_shared_paths:
        lines += ["Nothing: look, and report what you find.", ""]
    for intro, patterns in lists:
        if descriptions := patterns_in_words(patterns):
            lines += [intro, "", *(f"- {one}" for one in descriptions), ""]
    lines += [
        "Patterns are those of .gitignore, from the top folder of the checkout. One change outside "
        "of them and all of your work is refused, so undo what tools leave elsewhere. What you "
        "would like to see changed there belongs into SUGGESTIONS.md, see below."
    ]
    return "\n".join(lines)


def _others(plans: Sequence[WorkerPlan]) -> str:
    if not plans:
        return ""
    lines = ["# Who does what else", ""]
    for plan in plans:
        where = "; ".join(patterns_in_words(plan.allowed_globs)) or "no files"
        lines.append(f"- {plan.worker_id}{f', {plan.title}' if plan.title else ''}: {where}")
    return "\n".join(lines)


def _checks(checks: Sequence[CheckConfig]) -> str:
    required = [check for check in checks if check.required]
    if not required:
        return ""
    lines = [
        "# What has to pass",
        "",
        "These commands are run in your folder when you have ended, and each must exit with 0. "
        "Run them yourself before:",
        "",
    ]
    lines += [f"- {check.name}: `{shlex.join(check.run)}`" for check in required]
    return "\n".join(lines)


def _farewell(outbox: Path) -> str:
    return (
        "# What you leave\n\n"
        "Your work is the state of the files in the current folder when you end; leave them "
        "there as they are, git is taken care of. Besides, write these files into the folder "
        f"`{outbox}`:\n\n"
        "- `SUMMARY.md`: what you did and why, for a reviewer, at most a page\n"
        "- `SUGGESTIONS.md`: what should be done elsewhere, by others; leave it out if nothing\n"
        "- `HANDOFF_NOTE.json`: for those who go on, in exactly this form:\n\n"
        f"```json\n{json.dumps(_NOTE, ensure_ascii=False, indent=2)}\n```"
    )
