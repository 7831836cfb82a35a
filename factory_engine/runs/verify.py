"""Whether a run's folder proves what it says; with a repository, by making the result again.

Owns the order of what has to hold, and the first thing that does not. Changes nothing, writes only
to a temporary folder and needs no network.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from factory_engine.amendment import all_words
from factory_engine.artifacts import strict_json
from factory_engine.artifacts.integrator import IntegratorStatus
from factory_engine.artifacts.manifest import RunManifest, WorkerPlan
from factory_engine.artifacts.names import (
    ATTESTATION,
    BUNDLES_DIGEST,
    DIFF,
    INTEGRATOR,
    MANIFEST,
    REPORT_DIGEST,
    STATUS,
)
from factory_engine.artifacts.strict_json import JsonProblem
from factory_engine.config import Config, digest, from_sealed
from factory_engine.errors import FactoryError, RepositoryError, UnfinishedError
from factory_engine.git.repository import Repository
from factory_engine.ledger import Head
from factory_engine.provenance.envelope import PAYLOAD_TYPE, Envelope
from factory_engine.provenance.keys import is_signed_by, key_id
from factory_engine.provenance.statement import Result, first_difference, statement
from factory_engine.run_folder import RunFolder, Unreadable
from factory_engine.runs.rederive import Sealed, rederive
from factory_engine.runs.replay import Replay, replay
from factory_engine.state import RunState
from factory_engine.status import Status


@dataclass(frozen=True)
class Verification:
    """What came of it.

    Args:
        state: the run as its ledger tells it.
        problem: the first thing that does not hold, naming event or file; empty for a sound run.
        held: what was looked at before that and holds, in order.
        notes: what is worth knowing and breaks nothing.
        head: the end of the verified chain.
        signed_by: the key ids that the attestation names; vouched for only if `key_checked`.
        key_checked: a signature of the given key holds.
        rederived: the bundles were judged and merged again, with the same result.
    """

    state: RunState
    problem: str = ""
    held: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    head: Head = field(default_factory=Head)
    signed_by: tuple[str, ...] = ()
    key_checked: bool = False
    rederived: bool = False


@dataclass
class _Inspection:
    """One verification under way."""

    folder: RunFolder
    replayed: Replay
    held: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    signed_by: tuple[str, ...] = ()
    key_checked: bool = False
    rederived: bool = False

    def ended(self, problem: str = "") -> Verification:
        """The verification, with the problem that ended it."""
        return Verification(
            state=self.replayed.state,
            problem=problem,
            held=tuple(self.held),
            notes=tuple(self.notes),
            head=self.replayed.head,
            signed_by=self.signed_by,
            key_checked=self.key_checked,
            rederived=self.rederived,
        )


async def verify(
    folder: RunFolder,
    *,
    public_key: bytes | None = None,
    repository: Repository | None = None,
    runs_dir: Path | None = None,
) -> Verification:
    """Look at everything that a finished run says, up to the first thing that does not hold.

    Args:
        folder: the run's folder, wherever it lies.
        public_key: a public Ed25519 key in PEM: a signature of it must hold.
        repository: where base may be; what has it re-derives every tree.
        runs_dir: the folder of runs of that repository, which no bundle may change.

    Raises:
        UnfinishedError: nothing is wrong so far, and there is no verdict to verify.
        UsageError: `public_key` is no public key. FactoryError: the library for it is missing.
        StorageError: the disk refused.
    """
    inspection = _Inspection(folder, replay(folder))
    state = inspection.replayed.state
    inspection.notes += inspection.replayed.notes
    inspection.notes += all_words(state.amendments)
    if inspection.replayed.problems:
        return inspection.ended(inspection.replayed.problems[0])
    inspection.held.append(f"{inspection.replayed.head.seq} events and every recorded file")
    if not state.status.is_verdict:
        raise UnfinishedError("the run has not finished", where=state.run_id or folder.run_id)
    try:
        sealed = _sealed(folder, state)
    except _Broken as broken:
        return inspection.ended(str(broken))
    for look in (_plan_and_verdict, _digests, _attested(public_key)):
        problem = next(look(inspection, sealed), "")
        if problem:
            return inspection.ended(problem)
    return await _again(inspection, sealed, repository, runs_dir)


class _Broken(Exception):
    """Why the sealed plan cannot be taken."""


def _sealed(folder: RunFolder, state: RunState) -> Sealed:
    """The plan of the run and the configuration sealed in it."""
    try:
        manifest = RunManifest.from_bytes(folder.read(MANIFEST, RunManifest.max_bytes))
        sealed = Sealed(manifest, from_sealed(manifest.config))
    except (Unreadable, JsonProblem) as error:
        raise _Broken(f"{MANIFEST} {error}") from None
    except FactoryError as error:
        raise _Broken(f"{MANIFEST}: {error.what}") from None
    if digest(manifest.config) != manifest.config_sha256:
        raise _Broken(f"{MANIFEST}: config_sha256 is not the digest of its config")
    ledger = (state.run_id, state.base_commit, state.dry_run, sorted(state.workers))
    workers = sorted(plan.worker_id for plan in manifest.workers)
    if (manifest.run_id, manifest.base_commit, manifest.dry_run, workers) != ledger:
        raise _Broken(f"{MANIFEST} is the plan of another run than the ledger's first event")
    for plan in manifest.workers:
        if not _follows(plan, sealed.config):
            raise _Broken(f"{MANIFEST} plans {plan.worker_id} otherwise than its config says")
    return sealed


def _follows(plan: WorkerPlan, config: Config) -> bool:
    """Whether a lock was issued as configured: the attestation names the digest of config only."""
    worker = config.workers.get(plan.worker_id)
    if worker is None or (plan.has_task and not worker.has_task):
        return False
    scope = worker.scope
    return (plan.agent, plan.allowed_globs, plan.blocked_globs, plan.allow_shared_paths) == (
        worker.agent,
        scope.allow,
        scope.block,
        scope.shared,
    )


# --- the verdict --------------------------------------------------------------------------------


def _plan_and_verdict(inspection: _Inspection, sealed: Sealed) -> Iterator[str]:
    """A PASS must follow from what the run's own files say."""
    state, name = inspection.replayed.state, f"{INTEGRATOR}/{STATUS}"
    document = IntegratorStatus.from_bytes(inspection.folder.read(name))
    written = [*document.required_checks, *document.optional_checks]
    recorded = {(check.name, check.required, check.rc) for check in state.integrator.checks}
    if recorded != {(check.name, check.required, check.rc) for check in written}:
        yield f"{name} has other results of checks than the ledger"
    if state.status is Status.PASS:
        yield from _unfounded_pass(inspection.folder, state, document, sealed.config)
    inspection.held.append(f"the verdict {state.status} follows from the run's own results")


def _unfounded_pass(
    folder: RunFolder, state: RunState, document: IntegratorStatus, config: Config
) -> Iterator[str]:
    for worker in state.workers.values():
        if worker.judged is not Status.PASS:
            yield f"the run passed and the bundle of {worker.worker_id} did not"
    if document.conflicts or any(v.severity == "error" for v in document.violations):
        yield f"the run passed and {INTEGRATOR}/{STATUS} lists errors or conflicts"
    if not state.merged_tree:
        if not state.dry_run or folder.read(f"{INTEGRATOR}/{DIFF}"):
            yield "the run passed and has no merged tree"
        return
    results = {check.name: check.rc for check in state.integrator.checks}
    for check in config.integrator.checks:
        if check.name not in results:
            yield f"the run passed and check {check.name} has no result"
        elif check.required and results[check.name] != 0 and not _known(check.name, state, config):
            yield f"the run passed and its required check {check.name} did not"


def _known(check: str, state: RunState, config: Config) -> bool:
    """Whether a required check may be red because it is red on base."""
    on_base = state.baseline.get(check)
    known = config.integrator.baseline == "known-red"
    return known and on_base is not None and on_base.status != "PASS"


# --- the attestations ---------------------------------------------------------------------------


def _digests(inspection: _Inspection, sealed: Sealed) -> Iterator[str]:
    """The files for sha256sum list every file of their part as it is, and no other."""
    for name, part in ((BUNDLES_DIGEST, "_worker/"), (REPORT_DIGEST, f"{INTEGRATOR}/")):
        try:
            text = inspection.folder.read(name).decode("utf-8", "surrogateescape")
        except Unreadable as error:
            yield f"{name} {error}"
            return
        listed = {line for line in text.split("\n") if line and not line.startswith("# ")}
        present = set(_sums(inspection.folder, part))
        for line in sorted(present - listed):
            yield f"{name} does not list {line[66:]} as it is"
        for line in sorted(listed - present):
            yield f"{name} lists {line[66:]}, which is not so"
    inspection.held.append(f"{BUNDLES_DIGEST} and {REPORT_DIGEST}")


def _sums(folder: RunFolder, part: str) -> Iterator[str]:
    """A line for each file that can be read; the others are a comment in the list."""
    for relative in folder.artifacts():
        if part in relative:
            with contextlib.suppress(Unreadable):
                yield folder.checksum(relative)


def _attested(public_key: bytes | None) -> Callable[[_Inspection, Sealed], Iterator[str]]:
    """Signature first, then the content: what is not authentic is not looked into."""

    def look(inspection: _Inspection, sealed: Sealed) -> Iterator[str]:
        try:
            envelope = Envelope.from_bytes(inspection.folder.read(ATTESTATION))
        except (Unreadable, JsonProblem) as error:
            yield f"{ATTESTATION} {error}"
            return
        inspection.signed_by = tuple(signature.keyid for signature in envelope.signatures)
        if public_key is not None:
            yield from _signature_problems(envelope, public_key)
            inspection.key_checked = True
            inspection.held.append(f"a signature of key {key_id(public_key)}")
        elif envelope.signatures:
            names = ", ".join(inspection.signed_by)
            inspection.notes.append(f"signed by {names}, not checked: name a public key with --key")
        else:
            inspection.notes.append("the attestation is not signed")
        yield from _statement_problems(inspection, sealed, envelope)
        inspection.held.append(f"{ATTESTATION}, each of its digests")

    return look


def _signature_problems(envelope: Envelope, public_key: bytes) -> Iterator[str]:
    wanted = key_id(public_key)  # first, so that a key that is none is told in any case
    if not envelope.signatures:
        yield f"{ATTESTATION} is not signed, a signature of key {wanted} was asked for"
    elif not is_signed_by(envelope, public_key):
        names = ", ".join(signature.keyid or "no name" for signature in envelope.signatures)
        yield f"{ATTESTATION} holds no valid signature of key {wanted}; it names {names}"


def _statement_problems(
    inspection: _Inspection, sealed: Sealed, envelope: Envelope
) -> Iterator[str]:
    state = inspection.replayed.state
    if envelope.payload_type != PAYLOAD_TYPE:
        yield f"{ATTESTATION}: payloadType is not {PAYLOAD_TYPE}"
    result = Result(str(state.status), state.merged_tree, state.integrator.checks, state.amendments)
    try:
        said = strict_json.parse(envelope.payload)
        difference = first_difference(
            said, statement(inspection.folder, sealed.manifest, result), "statement"
        )
    except (JsonProblem, Unreadable) as error:
        difference = f"statement: {error}"
    if difference:
        yield f"{ATTESTATION}: {difference}"


# --- once more ----------------------------------------------------------------------------------


async def _again(
    inspection: _Inspection,
    sealed: Sealed,
    repository: Repository | None,
    runs_dir: Path | None,
) -> Verification:
    """Judge and merge again where there is a repository that has base."""
    state, base = inspection.replayed.state, sealed.manifest.base_commit
    if not state.stage("integrate").status.is_verdict:
        inspection.notes.append("nothing to re-derive: the run did not come to merging")
        return inspection.ended()
    if repository is None or not await _has(repository, base):
        inspection.notes.append(f"no tree re-derived: no repository at hand has base {base[:12]}")
        return inspection.ended()
    if problem := await rederive(inspection.folder, sealed, state, repository, runs_dir):
        return inspection.ended(problem)
    inspection.rederived = True
    inspection.held.append(
        f"every bundle's tree and the merged tree, derived anew from {base[:12]}"
    )
    return inspection.ended()


async def _has(repository: Repository, commit: str) -> bool:
    try:
        return await repository.resolve_commit(commit) == commit
    except RepositoryError:
        return False
