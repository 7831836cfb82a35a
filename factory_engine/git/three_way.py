"""Contents that two sides changed, merged by git, many at once.

Owns the use of `merge-tree` (git-merge-tree(1)) and the reading of what it says. It sees trees of
nothing but the contested files, under numbers for names: none is ever missing on one side, so that
there is nothing that could look like a rename.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from factory_engine.git.blobs import blobs
from factory_engine.git.process import Git
from factory_engine.git.trees import Entry

_KIND = re.compile(r"CONFLICT \((.+)\)")
_MOST_HUNK_BYTES = 64 << 10


@dataclass(frozen=True)
class Job:
    """One file to merge.

    Args:
        base: what both sides began with; None if both made it.
        ours: one side's entry.
        theirs: the other's.
        names: what the two sides are called in marker lines.
    """

    base: Entry | None
    ours: Entry
    theirs: Entry
    names: tuple[str, str]


@dataclass(frozen=True)
class Outcome:
    """The merged entry, or None, git's word for the conflict, and the lines that show it."""

    entry: Entry | None
    kind: str = ""
    hunks: str = ""


async def three_way(git: Git, jobs: Sequence[Job]) -> list[Outcome]:
    """Merges each of `jobs`; the outcomes are in the same order.

    Raises:
        GitError: an object is missing. StorageError: the disk refused.
    """
    if not jobs:
        return []
    root = await _commit(git, [job.base for job in jobs])
    ours = await _commit(git, [job.ours for job in jobs], "-p", root)
    theirs = await _commit(git, [job.theirs for job in jobs], "-p", root)
    # 2.39 has no `--merge-base`: the base is the one parent that both commits have.
    command = ("merge-tree", "--write-tree", "-z", "--messages", ours, theirs)
    output = (await git.run(*command, ok=(0, 1))).stdout
    tree, _, rest = output.partition(b"\0")
    entries = await _entries(git, tree.decode("ascii"))
    kinds: dict[int, str] = {}
    for number, kind in _conflicts(rest):
        kinds.setdefault(number, kind)
    texts = await blobs(git, sorted({entries[n].oid for n in kinds if _is_file(entries.get(n))}))
    outcomes = []
    for number, job in enumerate(jobs):
        entry = entries.get(number)
        if number not in kinds:
            outcomes.append(Outcome(entry))
            continue
        content = texts.get(entry.oid, b"") if entry else b""
        outcomes.append(Outcome(None, kinds[number], _shown(content, job, (ours, theirs))))
    return outcomes


async def _commit(git: Git, entries: Sequence[Entry | None], *parents: str) -> str:
    records = [entry.record(b"%d" % n) for n, entry in enumerate(entries) if entry is not None]
    listed = b"".join(record + b"\0" for record in records)
    tree = (await git.run("mktree", "-z", stdin=listed)).line
    return (await git.run("commit-tree", tree, *parents, "-m", "contested files")).line


async def _entries(git: Git, tree: str) -> dict[int, Entry]:
    """The tree by number; a name such as `3~<id>` is a side that git moved out of the way."""
    found = {}
    for line in (await git.run("ls-tree", "-z", tree)).stdout.split(b"\0")[:-1]:
        facts, _, name = line.partition(b"\t")
        if name.isdigit():
            mode, _, oid = facts.decode("ascii").split(" ")
            found[int(name)] = Entry(mode, oid)
    return found


def _is_file(entry: Entry | None) -> bool:
    return entry is not None and entry.mode.startswith("100")


def _conflicts(rest: bytes) -> Iterator[tuple[int, str]]:
    """Number and kind of each conflict: the messages, after a list that two NULs end."""
    fields = iter(rest.partition(b"\0\0")[2].split(b"\0"))
    for count in fields:
        if not count.strip().isdigit():
            return
        paths = [next(fields) for _ in range(int(count))]
        kind = _KIND.fullmatch(next(fields).decode("utf-8", "replace"))
        next(fields)  # the sentence, which speaks of numbers and ids
        if kind:
            # Of a path and the name that it was moved to, the path is the shorter one.
            yield int(min(paths, key=len)), kind[1]


def _shown(content: bytes, job: Job, commits: tuple[str, str]) -> str:
    hunks = _hunks(content)
    for commit, name in zip(commits, job.names, strict=True):
        hunks = hunks.replace(commit, name)
    return hunks or f"changed by {job.names[0]} and by {job.names[1]}"


def _hunks(content: bytes) -> str:
    """The lines from each opening marker to its closing one."""
    kept: list[bytes] = []
    inside = False
    for line in content.splitlines(keepends=True):
        inside = inside or line.startswith(b"<<<<<<< ")
        if inside:
            kept.append(line)
        inside = inside and not line.startswith(b">>>>>>> ")
    return b"".join(kept)[:_MOST_HUNK_BYTES].decode("utf-8", "backslashreplace")
