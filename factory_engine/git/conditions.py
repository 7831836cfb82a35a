"""The state of the user's repository that a run should know of before it starts.

Owns the questions and their reading. Never writes the index, never runs a filter, hook or monitor:
plumbing only, with every filter that any config names switched off for the call.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from factory_engine.errors import GitError
from factory_engine.git.blobs import blobs
from factory_engine.git.concurrent import together
from factory_engine.git.edge import storage_errors
from factory_engine.git.modes import GITLINK
from factory_engine.git.process import Git

MOST_LISTED = 1000

_OPERATIONS = (
    ("rebase-merge", "rebase"),
    ("rebase-apply", "rebase"),
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("BISECT_LOG", "bisect"),
)
_LISTING_S = 600
_SETTINGS = r"^(filter\..*|extensions\.partialclone|remote\..*\.promisor)$"


@dataclass(frozen=True)
class RepositoryConditions:
    """What `Repository.conditions` found. Paths are relative to the root, sorted.

    Args:
        operation_in_progress: merge, rebase, cherry-pick, revert, bisect; None when there is none.
        dirty_paths: what differs from HEAD and is not ignored; at most `MOST_LISTED`. An untracked
            folder is one path ending in a slash.
        dirty_truncated: there are more than are listed.
        submodules: gitlinks of the base.
        filtered_paths: files of the base that a `.gitattributes` in it gives to a filter such as
            lfs; at most `MOST_LISTED`.
        shallow: history is cut off.
        partial: objects may be missing and would have to come from a remote.
        incomplete: some of base are.
        index_locked: another git is writing, or died while it did.
        detached: HEAD is on no branch.
    """

    operation_in_progress: str | None
    dirty_paths: tuple[bytes, ...]
    dirty_truncated: bool
    submodules: tuple[bytes, ...]
    filtered_paths: tuple[bytes, ...]
    shallow: bool
    partial: bool
    incomplete: bool
    index_locked: bool
    detached: bool


async def examine(
    git: Git, common_dir: Path, base: str, excluded: Sequence[Path]
) -> RepositoryConditions:
    """Answers all questions about the repository of `git`; see `Repository.conditions`."""
    assert git.git_dir is not None
    settings = await _settings(git)
    partial = any(not key.startswith("filter.") for key in settings)
    async with together() as group:
        head = group.create_task(git.run("symbolic-ref", "--quiet", "HEAD", ok=(0, 1)))
        listing = group.create_task(_listing(git, base, partial))
        dirt = group.create_task(_dirty_paths(_unfiltered(git, settings), excluded))
    tree = listing.result()
    dirty = dirt.result()
    return RepositoryConditions(
        operation_in_progress=_operation(git.git_dir),
        dirty_paths=dirty[:MOST_LISTED],
        dirty_truncated=len(dirty) > MOST_LISTED,
        submodules=tuple(_submodules(tree)),
        filtered_paths=await _filtered_paths(git, base, tree, partial),
        shallow=(common_dir / "shallow").is_file(),
        partial=partial,
        incomplete=partial and await _lacks_objects(git, base),
        index_locked=(git.git_dir / "index.lock").exists(),
        detached=head.result().rc != 0,
    )


async def _listing(git: Git, base: str, partial: bool) -> bytes:
    """All of base; nothing where that would need a fetch from a remote."""
    # A clone without trees has none of them until they are fetched.
    allowed = (0, 128) if partial else (0,)
    return (await git.run("ls-tree", "-r", "-z", "--full-tree", base, ok=allowed)).stdout


async def _lacks_objects(git: Git, base: str) -> bool:
    """Whether something of base is not in the clone. Looks at each object, fetches none."""
    # `print` never asks a remote: git-rev-list(1)
    command = ("rev-list", "--objects", "--no-walk", "--missing=print", base)
    listed = await git.run(*command, ok=(0, 128), timeout_s=_LISTING_S)
    return listed.rc != 0 or any(line.startswith(b"?") for line in listed.stdout.splitlines())


def _operation(git_dir: Path) -> str | None:
    return next((name for sign, name in _OPERATIONS if (git_dir / sign).exists()), None)


async def _settings(git: Git) -> tuple[str, ...]:
    """The keys of filters and promisor remotes that any config file sets."""
    asked = ("config", "-z", "--includes", "--name-only", "--get-regexp", _SETTINGS)
    keys = (await git.with_user_config().run(*asked, ok=(0, 1))).stdout.decode(
        "utf-8", "surrogateescape"
    )
    return tuple(sorted({key for key in keys.split("\0") if key}))


def _unfiltered(git: Git, settings: Sequence[str]) -> Git:
    """Git with the user's ignores and line endings, but with every known filter made void."""
    filters = {key.rpartition(".")[0] for key in settings if key.startswith("filter.")}
    # An empty process makes git 2.39 pass over the others as well; that is not documented.
    void = (("clean", ""), ("smudge", ""), ("process", ""), ("required", "false"))
    pairs = ((f"{name}.{key}", value) for name in sorted(filters) for key, value in void)
    return git.with_user_config().with_config(*pairs)


async def _dirty_paths(git: Git, excluded: Sequence[Path]) -> tuple[bytes, ...]:
    """Sorted paths that differ from HEAD; more than `MOST_LISTED` only to show that there are."""
    if git.work_tree is None:
        return ()
    diff = ("--name-only", "-z", "--no-renames", "--ignore-submodules=all")
    hidden = [f"--exclude=/{_literal(folder)}/" for folder in excluded]
    untracked = ("ls-files", "-z", "--others", "--directory", "--no-empty-directory")
    async with together() as group:
        tasks = [
            group.create_task(_first_paths(git, "diff-files", *diff)),
            group.create_task(_first_paths(git, "diff-index", "--cached", *diff, "HEAD", "--")),
            group.create_task(_first_paths(git, *untracked, "--exclude-standard", *hidden)),
        ]
    return tuple(sorted({path for task in tasks for path in task.result()}))


async def _first_paths(git: Git, *args: str) -> list[bytes]:
    pieces: list[bytes] = []

    def enough(piece: bytes) -> bool:
        pieces.append(piece)
        return sum(known.count(b"\0") for known in pieces) <= MOST_LISTED

    # 128: there is no HEAD yet to compare with.
    await git.run(*args, sink=enough, ok=(0, 128))
    return [path for path in b"".join(pieces).split(b"\0")[: MOST_LISTED + 1] if path]


def _literal(folder: Path) -> str:
    """`folder` as an ignore pattern that means nothing but itself."""
    return re.sub(r"([\\*?\[\]#! ])", r"\\\1", folder.as_posix())


def _submodules(tree: bytes) -> list[bytes]:
    # The listing of a big tree is megabytes: one search tells that there is none.
    if f"{GITLINK} commit ".encode() not in tree:
        return []
    entries = (entry.partition(b"\t") for entry in tree.split(b"\0"))
    return [path for facts, _, path in entries if facts.startswith(GITLINK.encode())]


def _attribute_blobs(tree: bytes) -> set[bytes]:
    """The ids of all files called `.gitattributes`, found by their names."""
    found = set()
    at = tree.find(b".gitattributes\0")
    while at >= 0:
        facts, _, path = tree[tree.rfind(b"\0", 0, at) + 1 : at].partition(b"\t")
        if facts.startswith(b"100") and (not path or path.endswith(b"/")):
            found.add(facts.rpartition(b" ")[2])
        at = tree.find(b".gitattributes\0", at + 1)
    return found


async def _filtered_paths(git: Git, base: str, tree: bytes, partial: bool) -> tuple[bytes, ...]:
    """Paths of `tree` (the listing of `base`) to which its own attributes give a filter."""
    try:
        attributes = await blobs(git, sorted(_attribute_blobs(tree)))
    except GitError:
        if partial:
            return ()
        raise
    if not any(b"filter" in content for content in attributes.values()):
        return ()
    paths = [entry.partition(b"\t")[2] for entry in tree.split(b"\0") if entry]
    with (
        storage_errors("no scratch folder for an index", Path(tempfile.gettempdir())),
        tempfile.TemporaryDirectory(prefix="factory-") as folder,
    ):
        # Attributes are read from an index, so the base gets one of its own for the question.
        scratch = git.with_index(Path(folder) / "index")
        await scratch.run("read-tree", base)
        asked = ("check-attr", "-z", "--cached", "--stdin", "filter")
        answer = (await scratch.run(*asked, stdin=b"\0".join(paths) + b"\0")).stdout
    fields = answer.split(b"\0")
    named = zip(fields[0::3], fields[2::3], strict=False)
    values = (path for path, value in named if value not in (b"unspecified", b"unset", b"set"))
    return tuple(sorted(values)[:MOST_LISTED])
