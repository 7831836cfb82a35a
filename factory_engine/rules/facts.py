"""What the judging of a bundle is given, and what it answers.

Owns the shape of both. Whoever gathers the facts does all reading, applying and hashing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from factory_engine.artifacts.bundle import FilesChanged, ScopeLock
from factory_engine.artifacts.integrator import Violation
from factory_engine.artifacts.names import WORKER_ARTIFACTS
from factory_engine.config.models import PolicyConfig
from factory_engine.config.paths import RUNS_DIR
from factory_engine.git.diff import TreeChange
from factory_engine.patch.model import PatchReading
from factory_engine.rules.base_index import BaseIndex


@dataclass(frozen=True)
class UnusableArtifact:
    """Why an artifact has no bytes.

    Args:
        kind: `missing`, `type` (no regular file, or a link), `size` or `unreadable`.
        message: one clause for people.
    """

    kind: str
    message: str = ""


@dataclass(frozen=True)
class BundleFacts:
    """Everything that is known of one bundle.

    Args:
        worker_id: the worker that the run plan names.
        run_id: the run that is judged.
        issued_lock: the lock that counts.
        artifacts: the bytes of each artifact by its name in the bundle, or why there are none.
        base: the tree of the base commit.
        changes: what the patch makes of base, renames not detected; empty when it was not applied.
        rejection: why the patch does not apply, in git's words; empty when it does.
        offsets: hunks that git found at another place than the patch says, each as one line.
        sha256_of: the sha256 of every content on either side of `changes`, by object id.
        sizes: the size in bytes of every new content, by object id.
        contents: the contents that `bundle.contents_wanted` names, by object id.
        policy: what no worker may do.
        runs_dir: the folder of runs from the top of the repository; None where it lies elsewhere.
        required_checks: names of checks that must have a result.
        required_artifacts: names of artifacts that must be there.
        extras: the other files of the bundle, each with what is wrong with it, if anything; None
            where there are too many.
        reading: the patch as `patch.read_patch` reads it, where that was done already.
    """

    worker_id: str
    run_id: str
    issued_lock: ScopeLock
    artifacts: Mapping[str, bytes | UnusableArtifact]
    base: BaseIndex = field(default_factory=BaseIndex)
    changes: Sequence[TreeChange] = ()
    rejection: str = ""
    offsets: Sequence[str] = ()
    sha256_of: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    contents: Mapping[str, bytes] = field(default_factory=dict)
    policy: PolicyConfig = field(default_factory=PolicyConfig)
    runs_dir: bytes | None = RUNS_DIR.encode()
    required_checks: Sequence[str] = ()
    required_artifacts: Sequence[str] = WORKER_ARTIFACTS
    extras: Mapping[str, UnusableArtifact | None] | None = field(default_factory=dict)
    reading: PatchReading | None = None


@dataclass(frozen=True)
class BundleVerdict:
    """Everything that is wrong with a bundle, sorted, errors first.

    `claims` are what its FILES_CHANGED.json says; None where it could not be taken.
    """

    violations: tuple[Violation, ...]
    claims: FilesChanged | None = None

    @property
    def errors(self) -> tuple[Violation, ...]:
        """What blocks."""
        return tuple(item for item in self.violations if item.severity == "error")

    @property
    def warnings(self) -> tuple[Violation, ...]:
        """What does not."""
        return tuple(item for item in self.violations if item.severity == "warning")

    @property
    def blocked(self) -> bool:
        """Whether the bundle must not be merged."""
        return bool(self.errors)
