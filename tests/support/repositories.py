"""Builders of real git repositories for tests, cut off from the configuration of whoever runs them.

Owns making, driving and photographing them. Never touches a repository outside the given path.
"""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

# Names are text or bytes; a key type that says so would refuse a plain dict[str, str].
Files = Mapping[Any, str | bytes]
State = tuple[int, int, str]


def isolated_environment() -> dict[str, str]:
    """The environment of a user who has configured nothing, with a fixed name and date."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    fixed = {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
        "TZ": "UTC",
    }
    for role in ("AUTHOR", "COMMITTER"):
        fixed |= {
            f"GIT_{role}_NAME": "Tester",
            f"GIT_{role}_EMAIL": "tester@example.org",
            f"GIT_{role}_DATE": "2026-01-01T00:00:00Z",
        }
    return kept | fixed


def git(path: Path, *args: str | bytes, check: bool = True) -> str:
    """Runs git in `path` and answers its standard output without the final newline."""
    command = ["git", "-c", "gc.auto=0", "-c", "protocol.file.allow=always", *args]
    done = subprocess.run(
        command, cwd=path, env=isolated_environment(), capture_output=True, check=False
    )
    if check and done.returncode != 0:
        raise AssertionError(f"git {args} failed: {done.stderr!r}")
    return os.fsdecode(done.stdout).removesuffix("\n")


def make_repository(path: Path, files: Files, *, object_format: str = "sha1") -> Path:
    """A repository at `path` on branch `main`, with one commit if there are any files."""
    path.mkdir(parents=True, exist_ok=True)
    git(path, "init", "--quiet", "--template=", f"--object-format={object_format}", "-b", "main")
    if files:
        write_files(path, files)
        commit_all(path, "base")
    return path


def write_files(path: Path, files: Files) -> None:
    """Writes each of `files`; a name may be bytes, a content may be text in UTF-8."""
    for name, content in files.items():
        file = path / os.fsdecode(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)


def commit_all(path: Path, message: str = "change") -> str:
    """Commits everything there is and answers the commit's id."""
    git(path, "add", "--all")
    git(path, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(path, "rev-parse", "HEAD")


def snapshot_bytes(path: Path, skipped: Collection[Path] = ()) -> dict[str, State]:
    """Mode, mtime in nanoseconds and sha256 (of a link its target) of all there is below `path`.

    `.git` is included, the folders `skipped` are not. Compare two of them for equality to show
    that nothing was touched.
    """
    found: dict[str, State] = {}
    for folder, folders, files in os.walk(path):
        folders[:] = [name for name in folders if Path(folder, name) not in skipped]
        for name in folders + files:
            entry = Path(folder, name)
            facts = entry.lstat()
            content = ""
            if entry.is_symlink():
                content = hashlib.sha256(os.fsencode(entry.readlink())).hexdigest()
            elif stat.S_ISREG(facts.st_mode):
                content = hashlib.sha256(entry.read_bytes()).hexdigest()
            found[str(entry.relative_to(path))] = (facts.st_mode, facts.st_mtime_ns, content)
    return found
