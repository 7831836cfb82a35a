"""Trees read and written folder by folder, so that the cost follows what differs.

Owns the format of tree objects (git's Documentation/gitformat, `tree`: mode, name, raw id). An
index would have to be read and written whole for each of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from factory_engine.errors import GitError
from factory_engine.git.modes import FOLDER, GITLINK
from factory_engine.git.process import Git

_FEW = 32  # folders that are asked for by path in one go; of more, git would walk each path anew

Folder = dict[bytes, "Entry"]
"""What a folder holds, by name."""


@dataclass(frozen=True)
class Entry:
    """Mode and object id of a file, link, folder or submodule in a tree."""

    mode: str
    oid: str

    @property
    def is_folder(self) -> bool:
        """Whether it is a tree of its own."""
        return self.mode == FOLDER

    def record(self, path: bytes) -> bytes:
        """The entry at `path`, as `update-index --index-info` and `mktree` take it."""
        kind = {FOLDER: "tree", GITLINK: "commit"}.get(self.mode, "blob")
        return f"{self.mode} {kind} {self.oid}\t".encode("ascii") + path


def parent(path: bytes) -> bytes:
    """The folder that `path` lies in; empty for the top."""
    return path.rpartition(b"/")[0]


def inside(folder: bytes, name: bytes) -> bytes:
    """The path of `name` in `folder`."""
    return folder + b"/" + name if folder else name


def ancestors(path: bytes) -> list[bytes]:
    """The folders around `path`, the nearest first, the top last."""
    found = []
    while path:
        path = parent(path)
        found.append(path)
    return found


async def read_folders(git: Git, tree_ish: str, folders: Iterable[bytes]) -> dict[bytes, Folder]:
    """What each of `folders` of a tree holds; one that is no folder there is left out.

    Args:
        git: the store.
        tree_ish: full id of a commit or tree.
        folders: paths, empty for the top.

    Raises:
        GitError: the tree is not in the store.
    """
    paths = list(dict.fromkeys(folders))
    if not paths:
        return {}
    if len(paths) <= _FEW:
        contents = await _read(git, {path: f"{tree_ish}:".encode() + path for path in paths})
    else:
        contents = await _read_by_level(git, tree_ish, paths)
    if b"" in paths and b"" not in contents:
        raise GitError(f"tree {tree_ish[:12]} is missing")
    return contents


async def _read_by_level(git: Git, tree_ish: str, paths: Iterable[bytes]) -> dict[bytes, Folder]:
    """The folders, each by its id, which the one around it names: git walks no path for it."""
    wanted = {folder for path in paths for folder in (path, *ancestors(path))}
    contents = await _read(git, {b"": f"{tree_ish}:".encode()})
    level = [b""]
    while level:
        names = {
            path: entry.oid.encode()
            for folder in level
            for name, entry in contents[folder].items()
            if entry.is_folder and (path := inside(folder, name)) in wanted
        }
        contents |= await _read(git, names)
        level = [path for path in names if path in contents]
    return {path: contents[path] for path in paths if path in contents}


async def _read(git: Git, names: Mapping[bytes, bytes]) -> dict[bytes, Folder]:
    """The trees by path of those among `names`, by path, that are trees."""
    if not names:
        return {}
    command = ("cat-file", "--batch", "--buffer", "-z")
    output = (await git.run(*command, stdin=b"\0".join(names.values()) + b"\0")).stdout
    contents: dict[bytes, Folder] = {}
    at = 0
    for path, name in names.items():
        if output.startswith(name + b" missing\n", at):
            at += len(name) + len(b" missing\n")
            continue
        end = output.index(b"\n", at)
        oid, kind, size = output[at:end].split(b" ")
        at = end + 1 + int(size) + 1
        if kind == b"tree":
            contents[path] = _parsed(output[end + 1 : at - 1], len(oid) // 2)
    return contents


async def write_folders(git: Git, base: str, folders: Mapping[bytes, Folder]) -> str:
    """The tree whose folders hold what `folders` says; what they do not name stays as it is.

    Args:
        git: the store that gets the objects.
        base: an id of the repository, which shows its kind of ids.
        folders: what each folder holds, the top among them; of a folder that stands here itself,
            the entry in the one around it plays no part. One that holds nothing vanishes.

    Returns:
        the full id of the tree.

    Raises:
        GitError: git did not write them.
    """
    held = {path: dict(entries) for path, entries in folders.items()}
    texts: list[bytes] = []
    expected: list[str] = []
    oid = ""
    for path in sorted(held, key=lambda path: (-path.count(b"/") if path else 1, path)):
        entries = held[path]
        if path and not entries:
            held[parent(path)].pop(path.rpartition(b"/")[2], None)
            continue
        oid = _tree_id(entries, len(base))
        expected.append(oid)
        records = (entry.record(name) + b"\0" for name, entry in entries.items())
        texts.append(b"".join(records) + b"\0")
        if path:
            held[parent(path)][path.rpartition(b"/")[2]] = Entry(FOLDER, oid)
    # `--missing`: git would look up each entry; all were read from trees or have just been written.
    written = await git.run("mktree", "-z", "--batch", "--missing", stdin=b"".join(texts))
    if written.stdout.decode("ascii").split() != expected:
        raise GitError("git wrote other trees than were asked for")
    return oid


async def with_changes(git: Git, base: str, changes: Mapping[bytes, Entry | None]) -> str:
    """The tree of `base` with these entries; None takes a path away.

    Raises:
        GitError: an object is missing.
    """
    around = {folder for path in changes for folder in ancestors(path)} | {b""}
    folders = {path: Folder() for path in around}
    folders |= await read_folders(git, base, around)
    removals = {path for path, entry in changes.items() if entry is None}
    for path in removals:
        folders[parent(path)].pop(path.rpartition(b"/")[2], None)
    added = {path: entry for path, entry in changes.items() if entry is not None}
    for path, entry in added.items():
        folders[parent(path)][path.rpartition(b"/")[2]] = entry
    for folder in [
        one for one in folders if one in added or not added.keys().isdisjoint(ancestors(one))
    ]:
        del folders[folder]  # a file stands there now
    return await write_folders(git, base, folders)


def _parsed(content: bytes, oid_bytes: int) -> Folder:
    found: Folder = {}
    at = 0
    while at < len(content):
        blank = content.index(b" ", at)
        end = content.index(b"\0", blank)
        oid = content[end + 1 : end + 1 + oid_bytes].hex()
        found[content[blank + 1 : end]] = Entry(content[at:blank].decode("ascii"), oid)
        at = end + 1 + oid_bytes
    return found


def _tree_id(entries: Folder, digits: int) -> str:
    # git sorts a folder as if its name ended in a slash
    names = sorted(entries, key=lambda name: name + b"/" if entries[name].is_folder else name)
    content = b"".join(
        f"{entries[name].mode} ".encode("ascii") + name + b"\0" + bytes.fromhex(entries[name].oid)
        for name in names
    )
    digest = hashlib.sha256 if digits == 64 else hashlib.sha1
    return digest(b"tree %d\0" % len(content) + content).hexdigest()
