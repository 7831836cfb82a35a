"""The in-toto Statement of a run: which patch, made of what, with which verdict.

Owns the content of the statement, a pure function of base, bundles and configuration: it holds no
time, no duration, no version and nothing of the machine. Judges nothing and signs nothing.

Sources: in-toto Statement v1,
https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md; the names of digests,
spec/v1/digest_set.md beside it; the shape of the predicate, https://slsa.dev/spec/v1.0/provenance.
It is a predicate of its own all the same: a run's builder is no hosted one, and the verdict on the
result belongs to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from factory_engine.artifacts import strict_json
from factory_engine.artifacts.manifest import RunManifest
from factory_engine.artifacts.names import (
    BUNDLES_DIGEST,
    DIFF,
    FILES_CHANGED,
    FINAL_REPORT,
    INTEGRATOR,
    MERGE_PLAN,
)
from factory_engine.events import LockPatterns
from factory_engine.run_folder import RunFolder, Unreadable

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:codex-factory:attestation:merge:v1"
BUILD_TYPE = "urn:codex-factory:merge:v1"
BUILDER = "urn:codex-factory:integrator"
MERGED_TREE = "merged tree"

_BYPRODUCTS = (FILES_CHANGED, FINAL_REPORT, MERGE_PLAN)


class Check(Protocol):
    """A check on the merged tree, as a status file or a folded state has it."""

    @property
    def name(self) -> str:
        """Its name in the configuration."""

    @property
    def required(self) -> bool:
        """Whether it decides."""

    @property
    def rc(self) -> int | None:
        """Its exit code."""

    @property
    def status(self) -> str:
        """PASS, BLOCKED or SKIPPED."""


class Amended(Protocol):
    """A scope lock that an operator changed, as a folded state has it."""

    @property
    def worker_id(self) -> str:
        """Whose it is."""

    @property
    def who(self) -> str:
        """Who changed it; empty in ledgers of older versions."""

    @property
    def reason(self) -> str:
        """Why."""

    @property
    def old(self) -> LockPatterns:
        """What it was."""

    @property
    def new(self) -> LockPatterns:
        """What it is."""


@dataclass(frozen=True)
class Result:
    """What a run came to.

    Args:
        verdict: PASS, BLOCKED or FAIL.
        merged_tree: full id of the git tree that was checked; empty where nothing was merged.
        checks: the checks on it, in the order of the configuration.
        amendments: the scope locks that an operator changed.
    """

    verdict: str
    merged_tree: str
    checks: Sequence[Check]
    amendments: Sequence[Amended] = ()


def patterns(lock: LockPatterns) -> dict[str, list[str]]:
    """The lists of a scope lock as artifacts have them."""
    return {
        "allowed_globs": list(lock.allowed_globs),
        "blocked_globs": list(lock.blocked_globs),
        "allow_shared_paths": list(lock.allow_shared_paths),
    }


def statement(folder: RunFolder, manifest: RunManifest, result: Result) -> dict[str, Any]:
    """The statement about Z's patch.

    A run that did not pass has one too, and it says so: who relies on a statement has to look at
    `predicate.verdict`, as with the results of in-toto's own `test-result` predicate.

    Args:
        folder: the run; Z's artifacts and `bundles.sha256` are there already.
        manifest: its sealed plan.
        result: what it came to.

    Raises:
        Unreadable: Z's patch, `bundles.sha256` or another artifact of Z cannot be read.
    """
    subject = [_file(folder, f"{INTEGRATOR}/{DIFF}")]
    if result.merged_tree:
        subject.append(_resource(MERGED_TREE, gitTree=result.merged_tree))
    return {
        "_type": STATEMENT_TYPE,
        "subject": subject,
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "runId": manifest.run_id,
                    "dryRun": manifest.dry_run,
                    "workers": [plan.worker_id for plan in manifest.workers if plan.has_task],
                },
                "resolvedDependencies": _materials(folder, manifest),
            },
            "runDetails": {
                "builder": {"id": BUILDER},
                "byproducts": [_file(folder, f"{INTEGRATOR}/{name}") for name in _BYPRODUCTS],
            },
            **_amended(result.amendments),
            "verdict": result.verdict,
            "checks": [
                {
                    "name": check.name,
                    "required": check.required,
                    "rc": check.rc,
                    "status": check.status,
                }
                for check in result.checks
            ],
        },
    }


def _amended(amendments: Sequence[Amended]) -> dict[str, Any]:
    """Scopes that an operator changed; those without a name are of a version that said nothing."""
    made = [
        {
            "worker": one.worker_id,
            "who": one.who,
            "reason": one.reason,
            "old": patterns(one.old),
            "new": patterns(one.new),
        }
        for one in amendments
        if one.who
    ]
    return {"amendments": made} if made else {}


def statement_bytes(folder: RunFolder, manifest: RunManifest, result: Result) -> bytes:
    """The statement as canonical JSON. Raises as `statement`."""
    return strict_json.dump(statement(folder, manifest, result))


def first_difference(said: Any, derived: Any, place: str = "") -> str:
    """Where a statement says something else than what the run folder gives; empty where nowhere.

    Fields that only `said` has are passed over: a later version may add some, and consumers must
    ignore what they do not know (in-toto, parsing rules).
    """
    if isinstance(derived, Mapping) and isinstance(said, Mapping):
        steps: Iterable[tuple[str, Any, Any]] = (
            (f"{place}.{key}".removeprefix("."), said.get(key), value)
            for key, value in derived.items()
        )
    elif isinstance(derived, list) and isinstance(said, list):
        if len(derived) != len(said):
            return f"{place} has {len(said)} entries, not {len(derived)}"
        steps = (
            (f"{place}[{number}]", *pair)
            for number, pair in enumerate(zip(said, derived, strict=True))
        )
    else:
        same = said == derived and type(said) is type(derived)
        return "" if same else f"{place} is {_shown(said)}, not {_shown(derived)}"
    return next(filter(None, (first_difference(a, b, where) for where, a, b in steps)), "")


def _materials(folder: RunFolder, manifest: RunManifest) -> list[dict[str, Any]]:
    """Base, configuration, each bundle's patch, and the list of every file of every bundle."""
    materials = [
        _resource("base", gitCommit=manifest.base_commit),
        _resource("config", sha256=manifest.config_sha256),
        _file(folder, BUNDLES_DIGEST),
    ]
    for plan in manifest.workers:
        try:
            materials.append(_file(folder, f"{plan.worker_id}/{DIFF}"))
        except Unreadable:
            continue  # such a bundle was refused, and the report says why
    return materials


def _file(folder: RunFolder, relative: str) -> dict[str, Any]:
    return _resource(relative, sha256=folder.sha256(relative))


def _resource(name: str, **digest: str) -> dict[str, Any]:
    """A ResourceDescriptor, spec/v1/resource_descriptor.md; `gitTree` and the like are names of
    digest_set.md for object ids of either hash."""
    return {"name": name, "digest": digest}


def _shown(value: Any) -> str:
    text = json.dumps(value) if value is not None else "missing"
    return text if len(text) <= 100 else f"{text[:97]}..."
