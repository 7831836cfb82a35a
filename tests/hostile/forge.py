"""A run whose bundles are forged: the base, the run folder, and the tools to make a bundle.

Owns the making of foreign bundles for the corpus and the fuzzing. Judges nothing.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from factory_tui.cli.main import main
from tests.support.foreign_bundles import write_bundle
from tests.support.repositories import (
    commit_all,
    isolated_environment,
    make_repository,
    snapshot_bytes,
)

RUN_ID = "hostile"
WORKER = "A_worker"
LINES = "".join(f"line {number}\n" for number in range(1, 41)).encode()
CAFE = "src/caf\u00e9.txt"
FILES: Mapping[str, bytes] = {
    "src/one.txt": LINES,
    "src/latin.txt": b"caf\xe9\nth\xe9\n",
    "src/crlf.txt": b"one\r\ntwo\r\nthree\r\n",
    "src/torn.txt": b"no newline at the end",
    "src/blob.bin": bytes(range(256)) * 8,
    "src/tool.sh": b"#!/bin/sh\nexit 0\n",
    "src/only/last.txt": b"the last file of its folder\n",
    "src/a name.txt": b"with a space\n",
    CAFE: b"composed\n",
    "docs/guide.md": b"guide\nof many\nlines\n",
    "README.md": b"read me\n",
}
LINK = "src/link"  # a symbolic link of base that leads out of the scope of A
_STAMPED = ("repo/tools/codex/runs",)  # its time says that runs were made in it
Contents = Mapping[str | bytes, bytes | None]


def content(number: int, words: bytes) -> bytes:
    """`LINES` with one line replaced."""
    return LINES.replace(b"line %d\n" % number, words + b"\n")


def sha256(data: bytes) -> str:
    """The digest as a claim has it."""
    return hashlib.sha256(data).hexdigest()


def claim(path: str, data: bytes = b"x\n", kind: str = "added", **more: Any) -> dict[str, Any]:
    """One entry of FILES_CHANGED.json."""
    return {"path": path, "change_type": kind, "reason": "", "sha256": sha256(data), **more}


def new_file(path: str | bytes, data: bytes = b"x\n", mode: str = "100644") -> bytes:
    """The section of a patch that adds a text file; `path` is written as it is."""
    name = path.encode() if isinstance(path, str) else path
    lines = data.removesuffix(b"\n").split(b"\n")
    count = b"1" if len(lines) == 1 else b"1,%d" % len(lines)
    torn = b"" if data.endswith(b"\n") else b"\\ No newline at end of file\n"
    return (
        b"diff --git a/%b b/%b\nnew file mode %b\n--- /dev/null\n+++ b/%b\n@@ -0,0 +%b @@\n"
        % (name, name, mode.encode(), name, count)
        + b"".join(b"+" + line + b"\n" for line in lines)
        + torn
    )


def quoted_file(path: bytes, data: bytes = b"x\n") -> bytes:
    """The same with the name between quotes, as git writes names that need them."""
    section = new_file(b"@", data)
    return section.replace(b"a/@ b/@", b'"a/%b" "b/%b"' % (path, path)).replace(
        b"+++ b/@", b'+++ "b/%b"' % path
    )


@dataclass
class Forge:
    """One repository with one dry run, whose bundles are replaced from case to case.

    Args:
        folder: an empty folder of its own.
    """

    folder: Path
    root: Path = field(init=False)
    run: Path = field(init=False)

    def __post_init__(self) -> None:
        self.root = self.folder / "repo"
        make_repository(self.root, {})
        for name, data in FILES.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        (self.root / LINK).symlink_to("../docs")
        commit_all(self.root, "base")
        self.run = self.root / "tools/codex/runs" / RUN_ID
        code = self.factory("launch", "--dry-run")
        assert code in (0, 3), code
        shutil.copytree(self.run, self.folder / "launched", symlinks=True)
        subprocess.run(
            ["git", "clone", "-q", str(self.root), str(self.folder / "clone")],
            env=isolated_environment(),
            check=True,
        )

    def reset(self) -> None:
        """The run as `launch --dry-run` left it."""
        shutil.rmtree(self.run)
        shutil.copytree(self.folder / "launched", self.run, symlinks=True)

    def arguments(self, command: str, *options: str) -> list[str]:
        """The command line of a command for the run."""
        scopes = {"A": ["src/**"], "B": ["docs/**"], "C": ["src/shared/**"]}
        settings = [f"workers.{key}.scope.allow={json.dumps(v)}" for key, v in scopes.items()]
        settings.append(f"paths.workspaces_dir={self.folder / 'cache'}")
        sets = [word for setting in settings for word in ("--set", setting)]
        return [command, "--run-id", RUN_ID, "-C", str(self.root), "--quiet", *sets, *options]

    def factory(self, command: str, *options: str) -> int:
        """`factory COMMAND` for the run, in this process; the exit code."""
        return main(self.arguments(command, *options))

    def surroundings(self) -> dict[str, Any]:
        """The repository and everything beside it, the run folder left out."""
        aside = [self.folder / name for name in ("launched", "clone", "cache")]
        found = snapshot_bytes(self.folder, [self.run, *aside])
        return {path: state for path, state in found.items() if path not in _STAMPED}

    def git(self, *args: str | bytes, stdin: bytes | None = None) -> bytes:
        """Git in the clone that patches are made in."""
        done = subprocess.run(
            ["git", "-c", "core.protectNTFS=false", *args],
            cwd=self.folder / "clone",
            env=isolated_environment(),
            input=stdin,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, (args, done.stderr)
        return done.stdout

    def patch(self, changes: Contents, *options: str, modes: Mapping[str, int] = {}) -> bytes:
        """What git says of base with `changes` (None removes) and `modes`."""
        clone = self.folder / "clone"
        for name, data in changes.items():
            path = clone / (
                name if isinstance(name, str) else name.decode("utf-8", "surrogateescape")
            )
            if data is None:
                path.unlink()
                continue
            if path.parent.is_file():
                path.parent.unlink()
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                shutil.rmtree(path)
            path.write_bytes(data)
        for name, mode in modes.items():
            (clone / name).chmod(mode)
        self.git("add", "-A")
        usual = ("--cached", "--binary", "--full-index", "-M")
        patch = self.git("diff", *usual, *options)
        self.git("reset", "-q", "--hard")
        self.git("clean", "-ffdxq")
        return patch

    def bundle(
        self,
        patch: bytes = b"",
        changes: Sequence[Mapping[str, Any]] = (),
        worker_id: str = WORKER,
        **status: Any,
    ) -> Path:
        """Replace a worker's bundle; its folder."""
        return write_bundle(self.run, patch, changes, worker_id, **status)

    def simple(self, **status: Any) -> Path:
        """A good bundle with one edited file."""
        edited = content(20, b"twenty")
        patch = self.patch({"src/one.txt": edited})
        return self.bundle(patch, [claim("src/one.txt", edited, "modified")], **status)

    def rewrite(self, name: str, change: Callable[[dict[str, Any]], Any]) -> None:
        """Alter one JSON document of the bundle."""
        path = self.run / WORKER / name
        document = json.loads(path.read_bytes())
        change(document)
        path.write_text(json.dumps(document))

    def replace(self, name: str, data: bytes) -> None:
        """Put other bytes in the place of an artifact."""
        (self.run / WORKER / name).write_bytes(data)
