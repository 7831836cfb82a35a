"""A worker's bundle, computed from what it left in git.

Owns the contents of the eight artifacts of a worker of our own. The worker's words are taken only
from its outbox, and only where words are asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from factory_engine.artifacts.base import Artifact
from factory_engine.artifacts.bundle import (
    Change,
    ChangeType,
    CheckResult,
    FilesChanged,
    HandoffNote,
    LogEntry,
    LogIndex,
    StatusFile,
)
from factory_engine.artifacts.names import (
    DIFF,
    FILES_CHANGED,
    HANDOFF,
    LOG_INDEX,
    LOGS,
    SCOPE_LOCK,
    STATUS,
    SUGGESTIONS,
    SUMMARY,
    WORKER_ARTIFACTS,
)
from factory_engine.escape import printable
from factory_engine.git import diff
from factory_engine.plain_file import read_plain
from factory_engine.stages.context import RunContext
from factory_engine.stages.outbox import Outbox, read_outbox
from factory_engine.status import Status

_MOST_LOG_BYTES = 1 << 30


@dataclass(frozen=True)
class BundleContents:
    """What a bundle is made of.

    Args:
        tree: the git tree of what the worker left; None for an empty bundle.
        outbox: the folder with the worker's own words; None where it never started.
        last_message: what its agent said last: its summary where the outbox holds none.
        logs: the name of each log, and the file it is in now.
    """

    worker_id: str
    status: Status
    reason: str
    rc: int | None
    tree: str | None
    started_at: str
    outbox: Path | None = None
    last_message: str = ""
    logs: tuple[tuple[str, Path], ...] = ()
    checks: tuple[CheckResult, ...] = ()
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Written:
    """A bundle on disk: counts of what it changes, and the sha256 of each of its files."""

    counts: dict[str, int]
    hashes: dict[str, str]


async def write_bundle(context: RunContext, contents: BundleContents) -> Written:
    """Write every artifact of one worker, each whole and durable before the next.

    Raises:
        StorageError: the disk refused; the bundle does not count until the ledger says so.
    """
    run_id, worker_id = context.manifest.run_id, contents.worker_id
    plan = context.manifest.plan(worker_id)
    reason = plan.title or f"changed by {worker_id}"
    changes = await changes_to(context, contents.tree, lambda _: reason)
    outbox = read_outbox(contents.outbox)
    warnings = [*contents.warnings, *outbox.warnings]
    context.clear_bundle(worker_id)
    await write_patch(context, worker_id, contents.tree)

    def put(name: str, data: bytes | Artifact) -> None:
        raw = data.to_bytes() if isinstance(data, Artifact) else data
        context.writer.write(f"{worker_id}/{name}", raw)

    put(FILES_CHANGED, FilesChanged(run_id=run_id, owner=worker_id, changes=changes))
    put(SCOPE_LOCK, context.issued_lock(worker_id))
    said = outbox.summary or contents.last_message.encode("utf-8", "backslashreplace")
    put(SUMMARY, said or _summary(plan.title or worker_id, contents, changes))
    put(SUGGESTIONS, outbox.suggestions or b"# Suggestions\n\nNone.\n")
    put(HANDOFF, _handoff(run_id, worker_id, contents, outbox))
    put(LOG_INDEX, write_logs(context, worker_id, contents.logs))
    put(
        STATUS,
        StatusFile(
            run_id=run_id,
            worker_id=worker_id,
            status=contents.status.value,
            started_at=contents.started_at,
            ended_at=context.clock.timestamp(),
            agent=plan.agent,
            rc=contents.rc,
            reason=contents.reason,
            required_checks=[check for check in contents.checks if check.required],
            optional_checks=[check for check in contents.checks if not check.required],
            errors=list(contents.errors),
            warnings=warnings,
            artifacts=sorted(WORKER_ARTIFACTS),
        ),
    )
    return Written(counts=counts_of(changes), hashes=context.written_of(worker_id))


async def changes_to(
    context: RunContext, tree: str | None, reason: Callable[[str], str]
) -> list[Change]:
    """FILES_CHANGED entries from base to `tree`, the reason by path; none where `tree` is None."""
    if tree is None:
        return []
    git = (await context.store()).git
    return [
        Change(
            path=(path := _text(change.path)),
            change_type=cast(ChangeType, change.change_type),
            reason=reason(path),
            sha256=change.sha256,
            previous_path=None if change.previous_path is None else _text(change.previous_path),
            mode=change.mode,
            insertions=change.insertions,
            deletions=change.deletions,
            binary=change.binary,
        )
        for change in await diff.file_changes(git, context.base, tree)
    ]


async def write_patch(context: RunContext, owner: str, tree: str | None) -> None:
    """DIFF.patch of `owner`, from base to `tree`; empty where `tree` is None.

    Of its own, so that a large patch is not held while everything else is put together.

    Raises:
        StorageError: the disk refused.
    """
    git = (await context.store()).git if tree else None
    patch = await diff.patch(git, context.base, tree) if git and tree else b""
    context.writer.write(f"{owner}/{DIFF}", patch)


def counts_of(changes: Sequence[Change]) -> dict[str, int]:
    """files, insertions and deletions of a list of changes."""
    return {
        "files": len(changes),
        "insertions": sum(change.insertions or 0 for change in changes),
        "deletions": sum(change.deletions or 0 for change in changes),
    }


def write_logs(context: RunContext, owner: str, logs: Sequence[tuple[str, Path]]) -> LogIndex:
    """Copy finished logs into the bundle; their index."""
    entries = []
    for name, source in logs:
        data = _log(source)
        relative = f"{owner}/{LOGS}/{name}.log"
        context.writer.write(relative, data)
        entries.append(
            LogEntry(
                name=name,
                path=f"{LOGS}/{name}.log",
                bytes=len(data),
                lines=data.count(b"\n") + (not data.endswith(b"\n") and data != b""),
                sha256=hashlib.sha256(data).hexdigest(),
                truncated=b"bytes cut here" in data,
            )
        )
    entries.sort(key=lambda entry: entry.path)
    return LogIndex(run_id=context.manifest.run_id, owner=owner, logs=entries)


def _log(source: Path) -> bytes:
    """A finished log; nothing where a program without a sandbox has put something else there."""
    try:
        return read_plain(source, _MOST_LOG_BYTES)
    except OSError:
        return b""


def _summary(title: str, contents: BundleContents, changes: Sequence[Change]) -> bytes:
    """What the factory saw, for a worker that left no summary."""
    counts = counts_of(changes)
    lines = [f"# {printable(title)}", ""]
    if contents.reason:
        lines += [f"{contents.status}: {printable(contents.reason)}", ""]
    lines.append(
        f"{counts['files']} files changed, {counts['insertions']} insertions, "
        f"{counts['deletions']} deletions."
    )
    lines += [""] if changes else []
    lines += [f"- {change.change_type}: `{printable(change.path)}`" for change in changes[:200]]
    if len(changes) > 200:
        lines.append(f"- and {len(changes) - 200} more in {FILES_CHANGED}")
    return ("\n".join(lines) + "\n").encode()


def _handoff(run_id: str, worker_id: str, contents: BundleContents, outbox: Outbox) -> HandoffNote:
    if outbox.handoff is not None:
        return HandoffNote(run_id=run_id, worker_id=worker_id, **outbox.handoff)
    summary = contents.reason or "done"
    return HandoffNote(
        run_id=run_id,
        worker_id=worker_id,
        summary=summary,
        decisions=[],
        risks=list(contents.errors),
        next_actions=[],
    )


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")
