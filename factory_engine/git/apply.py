"""Whether a patch applies to base, and to which tree.

Owns the applying of patches that may come from anywhere. Works on a scratch index only, never on
files: in a work tree, apply can be led through a link that the same patch made (CVE-2023-23946),
and stops half-way on failure. Never `--3way`, `--reject` (CVE-2023-25652) or `--unsafe-paths`.
What the patch claims is for others to judge, on the tree that it yields.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from factory_engine.git.index import seed_index
from factory_engine.git.process import (
    Git,
    GitResult,
    GitTimeoutError,
    disk_refused,
    failure,
    readable,
)

# Six megabytes of patch can unfold to a gigabyte; an honest one needs a few times its own size
# for the files before and after.
_MEMORY = 512 << 20
_MEMORY_FOR_EACH_BYTE = 8
_CPU_S = 60  # 4 × 10,000 files take two of them
_MOST_LINES = 50

_OFFSET = re.compile(r"Hunk #\d+ (?:succeeded|applied) .*\(.*offset|Context reduced|with fuzz")
_REASON = re.compile(r"(?:error|fatal): (?!while searching for:)")
_CHECKING = "Checking patch "
# `--verbose`: without it git does not say that it moved a hunk.
_APPLY = ("apply", "--cached", "--verbose", "--whitespace=nowarn", "--binary", "-p1", "-")


@dataclass(frozen=True)
class Applied:
    """What came of a patch.

    Args:
        tree: full id of the tree that it yields; None when it does not apply.
        rejection: why not, in git's words, several lines; empty when it applies.
        offsets: hunks that were found at another place than the patch says, each with its file.
    """

    tree: str | None
    rejection: str
    offsets: tuple[str, ...]


async def apply_patch(
    git: Git,
    base: str,
    patch: bytes,
    scratch_index: Path,
    timeout_s: float = 120,
    *,
    memory_bytes: int | None = None,
) -> Applied:
    """Applies `patch` to `base` in `scratch_index`.

    Args:
        git: a factory-owned store; it gets the objects of the result.
        base: full id of a commit or tree.
        patch: as `git apply` takes it; an empty one yields base's tree.
        scratch_index: a file of the caller's that is overwritten; its lock too.
        timeout_s: seconds after which the patch counts as rejected.
        memory_bytes: limit of address space; by default one that fits the size of the patch.

    Raises:
        StorageError: the disk refused. GitError: base is not in the store.
    """
    scratch = git.with_index(scratch_index)
    await seed_index(scratch, base, scratch_index)
    offsets: tuple[str, ...] = ()
    if patch:
        limit = memory_bytes or _MEMORY + _MEMORY_FOR_EACH_BYTE * len(patch)
        try:
            result = await scratch.run(
                *_APPLY,
                stdin=patch,
                ok=None,
                timeout_s=timeout_s,
                memory_bytes=limit,
                cpu_s=_CPU_S,
                file_bytes=limit,
            )
        except GitTimeoutError as error:
            return Applied(None, error.what, ())
        if result.rc != 0:
            return _rejected("apply", result)
        offsets = _offsets(result.stderr)
    written = await scratch.run("write-tree", ok=None)
    if written.rc != 0:
        return _rejected("write-tree", written)
    return Applied(written.line, "", offsets)


def _rejected(verb: str, result: GitResult) -> Applied:
    # A disk error ends git, as its last word; a name with newlines in it, which git repeats as it
    # is, can only look like one further up.
    last = result.stderr.rstrip(b"\n").rpartition(b"\n")[2]
    if result.rc == 128 and disk_refused(last):
        raise failure(verb, result)
    # Between these lines it quotes the patch.
    said = [line for line in _lines(result.stderr) if _REASON.match(line)]
    return Applied(None, "\n".join(said[:_MOST_LINES]) or failure(verb, result).what, ())


def _offsets(stderr: bytes) -> tuple[str, ...]:
    """The hunks that git moved, as `path: what it says`; it names a path before its hunks."""
    found = []
    path = ""
    for line in _lines(stderr):
        if line.startswith(_CHECKING):
            path = line.removeprefix(_CHECKING).removesuffix("...")
        elif _OFFSET.match(line):
            found.append(f"{path}: {line}")
    return tuple(found)


def _lines(stderr: bytes) -> list[str]:
    return [readable(line) for line in stderr.split(b"\n") if line]
