"""A git directory of the factory's own making, written as plain files.

Owns what such a directory holds (gitrepository-layout(5)). Starts no process: a handful of small
files costs less than one `git init`, and no template, hook or default of the user gets in.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from factory_engine import storage
from factory_engine.git import hardening
from factory_engine.git.edge import storage_errors, write_if_different

BRANCH = "refs/heads/factory"

# The highest-ranking attributes file (gitattributes(5)): whatever the tree says, a blob's bytes go
# in and out unchanged, and no driver is looked up. `!` rather than `-` where "unset" has a meaning
# of its own: a false working-tree-encoding is an error, a false diff or merge means binary.
ATTRIBUTES = (
    b"* -text -ident -filter !eol !crlf !working-tree-encoding !diff !merge"
    b" !conflict-marker-size !whitespace\n"
)


def write_bare(
    path: Path, *, object_format: str, alternates: Iterable[Path] = (), shallow: Iterable[str] = ()
) -> None:
    """A bare repository at `path`, or the same files again if it is there already.

    Args:
        path: the git directory itself.
        object_format: `sha1` or `sha256`.
        alternates: object folders to read from as well; factory-owned ones only.
        shallow: commits whose parents are not there.

    Raises:
        StorageError: a file could not be written.
    """
    _write(path, _config(object_format, bare=True), alternates, shallow)


def write_private(
    path: Path,
    *,
    object_format: str,
    alternates: Iterable[Path],
    commit: str,
    shallow: Iterable[str],
    refs: bytes = b"",
) -> None:
    """The `.git` of a workspace: a branch at `commit`, no remote, nothing shared with the user.

    Args:
        path: the git directory itself.
        object_format: `sha1` or `sha256`.
        alternates: object folders to read from; factory-owned ones only.
        commit: what the branch is at.
        shallow: commits whose parents are not there.
        refs: further refs, as a file of packed refs.

    Raises:
        StorageError: a file could not be written.
    """
    _write(path, _config(object_format, bare=False), alternates, shallow)
    with storage_errors("the workspace's repository could not be written", path):
        if refs:
            write_if_different(path / "packed-refs", refs)
        write_if_different(path / BRANCH, f"{commit}\n".encode())


def _write(path: Path, config: str, alternates: Iterable[Path], shallow: Iterable[str]) -> None:
    with storage_errors("a git directory could not be written", path):
        for folder in ("objects/info", "objects/pack", "refs/heads", "info"):
            storage.make_folder(path / folder, durable=False)
        commits = "".join(f"{commit}\n" for commit in sorted(shallow))
        lines = b"".join(_alternate(objects) for objects in alternates)
        if commits:
            write_if_different(path / "shallow", commits.encode())
        if lines:
            write_if_different(path / "objects/info/alternates", lines)
        write_if_different(path / "info/attributes", ATTRIBUTES)
        write_if_different(path / "info/exclude", b"")
        write_if_different(path / "config", config.encode())
        # HEAD last: without it git sees no repository, so that a half-written one is never used.
        write_if_different(path / "HEAD", f"ref: {BRANCH}\n".encode())


def _alternate(objects: Path) -> bytes:
    name = os.fsencode(objects)
    if b"\n" in name or name.startswith((b'"', b"#")):
        escaped = name.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
        name = b'"' + escaped + b'"'
    return name + b"\n"


def _config(object_format: str, *, bare: bool) -> str:
    lines = ["[core]", f"\tbare = {str(bare).lower()}", "\tlogAllRefUpdates = false"]
    if object_format == "sha1":
        lines.append("\trepositoryFormatVersion = 0")
    else:
        lines += [
            "\trepositoryFormatVersion = 1",
            "[extensions]",
            f"\tobjectFormat = {object_format}",
        ]
    if not bare:
        lines += _COMFORT
    return "\n".join(lines) + "\n"


# A worker's commits are thrown away; what its user set up globally must not make one of them wait
# for a passphrase, or leave a monitor or a repacking behind that outlives the worker.
_COMFORT = [
    "[core]",
    "\tfsmonitor = false",
    "[commit]",
    "\tgpgSign = false",
    "[tag]",
    "\tgpgSign = false",
    "[gc]",
    "\tauto = 0",
    "[maintenance]",
    "\tauto = false",
    "[user]",
    f"\tname = {hardening.IDENTITY_NAME}",
    f"\temail = {hardening.IDENTITY_EMAIL}",
]
