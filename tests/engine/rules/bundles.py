"""Bundles for the tests of the rules: a base in a real repository, a patch, and what is said of it.

Owns the gathering of facts as a stage would do it, with plain git, so that the rules meet what git
really answers.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from factory_engine.artifacts.bundle import ScopeLock
from factory_engine.config.models import PolicyConfig
from factory_engine.git.diff import TreeChange
from factory_engine.patch.reader import read_patch
from factory_engine.rules.base_index import BaseIndex
from factory_engine.rules.bundle import (
    BundleFacts,
    BundleVerdict,
    UnusableArtifact,
    contents_wanted,
    judge_bundle,
    may_apply,
)

RUN_ID = "oneshot_20260101T000000Z_0123abcd_001"
WORKER = "A_worker"

Entry = bytes | tuple[str, bytes]
"""A file's content, or a mode and the content (for a submodule: the commit)."""


def lock(
    allow: Sequence[str] = ("src/**",), block: Sequence[str] = (), shared: Sequence[str] = ()
) -> ScopeLock:
    """A scope lock of the worker."""
    return ScopeLock(
        run_id=RUN_ID,
        worker_id=WORKER,
        allowed_globs=list(allow),
        blocked_globs=list(block),
        allow_shared_paths=list(shared),
    )


@dataclass
class Repository:
    """A bare repository in which trees are made and patches applied."""

    folder: Path
    base: str = ""
    files: dict[bytes, Entry] = field(default_factory=dict)

    @classmethod
    def create(cls, folder: Path, files: Mapping[bytes, Entry]) -> Repository:
        """A repository whose base holds `files`."""
        folder.mkdir(parents=True, exist_ok=True)
        repository = cls(folder, files=dict(files))
        repository.git("init", "-q", "--bare", str(folder))
        repository.base = repository.tree(files)
        return repository

    def git(
        self, *arguments: str, stdin: bytes = b"", index: str = "index", ok: bool = True
    ) -> Any:
        """Run git in the repository with an index of its own."""
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_DIR": str(self.folder),
            "GIT_INDEX_FILE": str(self.folder / index),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "LC_ALL": "C",
        }
        done = subprocess.run(
            ["git", *arguments],
            input=stdin,
            cwd=self.folder,  # `init --bare` takes the current folder, whatever GIT_DIR says
            env=environment,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0 or not ok, (arguments, done.stderr)
        return done

    def blob(self, content: bytes) -> str:
        """The id of a stored content."""
        oid: bytes = self.git("hash-object", "-w", "--stdin", stdin=content).stdout
        return oid.decode().strip()

    def tree(self, files: Mapping[bytes, Entry]) -> str:
        """The id of a tree that holds `files`; built past git's own checks of names."""
        folders: dict[bytes, dict[bytes, Entry]] = {}
        lines = []
        for path, entry in files.items():
            first, slash, rest = path.partition(b"/")
            if slash:
                folders.setdefault(first, {})[rest] = entry
                continue
            mode, content = entry if isinstance(entry, tuple) else ("100644", entry)
            oid = content.decode() if mode == "160000" else self.blob(content)
            kind = "commit" if mode == "160000" else "blob"
            lines.append(f"{mode} {kind} {oid}\t".encode() + path)
        for name, inside in folders.items():
            lines.append(f"040000 tree {self.tree(inside)}\t".encode() + name)
        listing = b"".join(line + b"\0" for line in lines)
        oid = self.git("mktree", "-z", "--missing", stdin=listing).stdout
        return str(oid.decode().strip())

    def patch_to(self, files: Mapping[bytes, Entry], *options: str) -> bytes:
        """The patch from base to a tree of `files`, as git writes it."""
        return self.patch_to_tree(self.tree(files), *options)

    def patch_to_tree(self, tree: str, *options: str) -> bytes:
        """The patch from base to `tree`."""
        usual = ("--binary", "--full-index", "-M")
        done = self.git("diff-tree", "-r", "-p", *usual, *options, self.base, tree)
        patch: bytes = done.stdout
        return patch

    def patch_with(self, changed: Mapping[bytes, Entry | None], *options: str) -> bytes:
        """The patch from base to base with `changed`; None removes a path."""
        files = {**self.files, **changed}
        kept = {path: entry for path, entry in files.items() if entry is not None}
        return self.patch_to(kept, *options)

    @cached_property
    def _index(self) -> BaseIndex:
        listed = self.git("ls-tree", "-r", "-z", "--full-tree", self.base).stdout
        entries = []
        for line in listed.split(b"\0")[:-1]:
            facts, _, path = line.partition(b"\t")
            mode, _, oid = facts.decode().split(" ")
            entries.append((path, mode, oid))
        return BaseIndex.of(entries)

    def base_index(self) -> BaseIndex:
        """The names of base."""
        return self._index

    def apply(self, patch: bytes) -> tuple[str | None, str, list[str]]:
        """The tree that `patch` yields, or None and why not; the hunks that git moved."""
        self.git("read-tree", self.base, index="scratch")
        done = self.git(
            "apply",
            "--cached",
            "--verbose",
            "--binary",
            "-",
            stdin=patch,
            index="scratch",
            ok=False,
        )
        said = done.stderr.decode("utf-8", "backslashreplace")
        if done.returncode:
            return None, said, []
        tree = self.git("write-tree", index="scratch").stdout.decode().strip()
        return tree, "", re.findall(r"Hunk #.*offset.*", said)

    def changes(self, tree: str) -> list[TreeChange]:
        """What `tree` changes of base."""
        command = ("diff-tree", "-r", "-z", "--raw", "--no-renames", "--full-index")
        raw = self.git(*command, self.base, tree).stdout.split(b"\0")[:-1]
        found = []
        for facts, path in zip(raw[0::2], raw[1::2], strict=True):
            modes = [m if m.strip("0") else None for m in facts[1:].decode().split(" ")[:4]]
            found.append(TreeChange(path, *modes))
        return found

    def content(self, oid: str) -> bytes:
        """The content of a stored blob."""
        content: bytes = self.git("cat-file", "blob", oid).stdout
        return content


def claims_of(repository: Repository, changes: Sequence[TreeChange]) -> list[dict[str, Any]]:
    """Honest claims about `changes`."""
    found = []
    for change in changes:
        oid = change.new_oid or change.old_oid or ""
        mode = change.new_mode or change.old_mode or ""
        content = b"" if mode == "160000" else repository.content(oid)
        if change.old_mode is None:
            kind = "added"
        elif change.new_mode is None:
            kind = "deleted"
        else:
            kind = "mode" if change.old_oid == change.new_oid else "modified"
        found.append(
            {
                "path": change.path.decode("utf-8", "surrogateescape"),
                "change_type": kind,
                "reason": "test",
                "sha256": hashlib.sha256(content).hexdigest(),
                "mode": mode,
            }
        )
    return found


def artifacts(
    patch: bytes, claims: Sequence[Mapping[str, Any]], issued: ScopeLock
) -> dict[str, Any]:
    """The artifacts of a good bundle, JSON as plain values so that a test can spoil them."""
    head = {"schema_version": 1, "run_id": RUN_ID}
    return {
        "STATUS.json": {
            **head,
            "worker_id": WORKER,
            "status": "PASS",
            "started_at": "2026-01-01T00:00:00Z",
            "ended_at": "2026-01-01T00:00:01Z",
            "required_checks": [],
            "optional_checks": [],
            "errors": [],
            "warnings": [],
            "artifacts": [],
        },
        "SUMMARY.md": b"# Done\n",
        "FILES_CHANGED.json": {**head, "owner": WORKER, "changes": list(claims)},
        "DIFF.patch": patch,
        "SUGGESTIONS.md": b"None.\n",
        "SCOPE_LOCK.json": issued.model_dump(),
        "HANDOFF_NOTE.json": {
            **head,
            "worker_id": WORKER,
            "summary": "",
            "decisions": [],
            "risks": [],
            "next_actions": [],
        },
        "LOGS/INDEX.json": {**head, "owner": WORKER, "logs": []},
    }


def gather(
    repository: Repository,
    patch: bytes,
    *,
    issued: ScopeLock | None = None,
    policy: PolicyConfig | None = None,
    claims: Sequence[Mapping[str, Any]] | None = None,
    spoil: Callable[[dict[str, Any]], None] | None = None,
) -> BundleFacts:
    """The facts of a bundle that holds `patch`, with honest claims where none are given."""
    issued = issued or lock()
    policy = policy or PolicyConfig()
    reading = read_patch(patch)
    tree, rejection, offsets = None, "", list[str]()
    if patch and may_apply(reading, policy):
        tree, rejection, offsets = repository.apply(patch)
    changes = repository.changes(tree) if tree else []
    said = claims_of(repository, changes) if claims is None else claims
    found = artifacts(patch, said, issued)
    if spoil is not None:
        spoil(found)
    sides = [(c.old_oid, c.old_mode) for c in changes] + [(c.new_oid, c.new_mode) for c in changes]
    blobs = {
        oid: repository.content(oid) for oid, mode in sides if oid is not None and mode != "160000"
    }
    return BundleFacts(
        worker_id=WORKER,
        run_id=RUN_ID,
        issued_lock=issued,
        artifacts={name: as_artifact(value) for name, value in found.items()},
        base=repository.base_index(),
        changes=changes,
        rejection=rejection,
        offsets=offsets,
        sha256_of={oid: hashlib.sha256(content).hexdigest() for oid, content in blobs.items()},
        sizes={oid: len(content) for oid, content in blobs.items()},
        contents={oid: blobs[oid] for oid in contents_wanted(changes)},
        policy=policy,
        reading=reading,
    )


def judge(repository: Repository, patch: bytes, **options: Any) -> BundleVerdict:
    """The verdict on a bundle that holds `patch`; options as for `gather`."""
    return judge_bundle(gather(repository, patch, **options))


def judge_again(facts: BundleFacts, **changed: Any) -> BundleVerdict:
    """The verdict on the same facts with some of them changed."""
    return judge_bundle(replace(facts, **changed))


def codes(verdict: BundleVerdict) -> set[str]:
    """The codes of all errors."""
    return {item.code for item in verdict.errors}


def as_artifact(value: Any) -> bytes | UnusableArtifact:
    """Bytes of an artifact that a test gave as JSON value, bytes or problem."""
    if isinstance(value, bytes | UnusableArtifact):
        return value
    return json.dumps(value, indent=2).encode()


def new_file(path: bytes, content: bytes = b"x\n", mode: str = "100644") -> bytes:
    """A hand-made section that adds a text file, with `path` spelled as it is given."""
    lines = content.split(b"\n")
    lines = [line + b"\n" for line in lines[:-1]] + lines[-1:] * bool(lines[-1])
    return (
        b"diff --git a/%b b/%b\nnew file mode %b\n--- /dev/null\n+++ b/%b\n@@ -0,0 +1,%d @@\n"
        % (path, path, mode.encode(), path, len(lines))
    ) + b"".join(b"+" + line for line in lines)
