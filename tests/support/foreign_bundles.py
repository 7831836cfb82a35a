"""Bundles that somebody else made, with nothing but the published fields.

Owns the writing of them into a run that `launch --dry-run` made.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.repositories import isolated_environment

TIME = "2026-01-01T00:00:00Z"


def git_patch(root: Path, changes: Mapping[str, bytes | None], folder: Path) -> bytes:
    """What `git diff` says in a clone of `root` after `changes` (None deletes)."""
    clone = folder / "clone"

    def git(*args: str) -> bytes:
        command = ["git", "-c", "user.name=x", "-c", "user.email=x@y", *args]
        return subprocess.run(
            command, cwd=clone, env=isolated_environment(), check=True, capture_output=True
        ).stdout

    subprocess.run(
        ["git", "clone", "-q", str(root), str(clone)], env=isolated_environment(), check=True
    )
    for name, content in changes.items():
        path = clone / name
        if content is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    git("add", "-A")
    return git("diff", "--cached", "--binary")


def change(path: str, content: bytes, change_type: str = "modified") -> dict[str, str]:
    """One entry of FILES_CHANGED.json."""
    digest = hashlib.sha256(content).hexdigest()
    return {"path": path, "change_type": change_type, "reason": "asked for", "sha256": digest}


def write_bundle(
    run: Path,
    patch: bytes,
    changes: Sequence[Mapping[str, Any]],
    worker_id: str = "A_worker",
    **status: Any,
) -> Path:
    """Replace a worker's bundle below the run folder `run`; its folder."""
    bundle = run / worker_id
    lock = json.loads((bundle / "SCOPE_LOCK.json").read_text())
    head = {"schema_version": 1, "run_id": run.name}
    checks: dict[str, list[Any]] = {"required_checks": [], "optional_checks": []}
    texts: dict[str, list[Any]] = {"errors": [], "warnings": [], "artifacts": []}
    files: dict[str, Any] = {
        "STATUS.json": {
            **head,
            "worker_id": worker_id,
            "status": "PASS",
            "started_at": TIME,
            "ended_at": TIME,
            **checks,
            **texts,
            **status,
        },
        "FILES_CHANGED.json": {**head, "owner": worker_id, "changes": list(changes)},
        "SCOPE_LOCK.json": lock,
        "HANDOFF_NOTE.json": {
            **head,
            "worker_id": worker_id,
            "summary": "done",
            "decisions": [],
            "risks": [],
            "next_actions": [],
        },
        "LOGS/INDEX.json": {**head, "owner": worker_id, "logs": []},
    }
    for name, document in files.items():
        (bundle / name).write_text(json.dumps(document))
    (bundle / "DIFF.patch").write_bytes(patch)
    return bundle
