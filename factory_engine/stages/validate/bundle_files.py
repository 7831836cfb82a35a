"""The files of a bundle, read as the files of somebody else.

Owns how much of each is read. Never interprets one.
"""

from __future__ import annotations

from factory_engine.artifacts.names import DIFF, FILES_CHANGED, WORKER_ARTIFACTS
from factory_engine.artifacts.strict_json import MAX_CLAIM_BYTES
from factory_engine.rules.facts import UnusableArtifact
from factory_engine.run_folder import RunFolder, Unreadable

MAX_PATCH_BYTES = 256 << 20
MAX_TEXT_BYTES = 1 << 20

_LEAST_CLAIM_BYTES = 16_000_000
_BYTES_OF_A_CLAIM = 1_600  # with the longest path there may be


def read_artifacts(
    folder: RunFolder, worker_id: str, max_files: int
) -> dict[str, bytes | UnusableArtifact]:
    """The bytes of each artifact that every bundle has, or why there are none.

    Args:
        folder: the run.
        worker_id: whose bundle.
        max_files: how many files may change; the room for claims follows from it.
    """
    claims = min(MAX_CLAIM_BYTES, max(_LEAST_CLAIM_BYTES, _BYTES_OF_A_CLAIM * max_files))
    limits = {DIFF: MAX_PATCH_BYTES, FILES_CHANGED: claims}
    artifacts: dict[str, bytes | UnusableArtifact] = {}
    for name in WORKER_ARTIFACTS:
        try:
            artifacts[name] = folder.read(f"{worker_id}/{name}", limits.get(name, MAX_TEXT_BYTES))
        except Unreadable as error:
            artifacts[name] = UnusableArtifact(error.kind, error.message)
    return artifacts


def extra_files(folder: RunFolder, worker_id: str) -> dict[str, UnusableArtifact | None] | None:
    """The other files by their names in the bundle, sorted; None where there are too many."""
    extras = folder.extras(worker_id)
    if extras is None:
        return None
    files: dict[str, UnusableArtifact | None] = {}
    for relative in sorted(extras):
        name = relative.removeprefix(f"{worker_id}/")
        try:
            folder.size(relative)
            files[name] = None
        except Unreadable as error:
            files[name] = UnusableArtifact(error.kind, error.message)
    return files
