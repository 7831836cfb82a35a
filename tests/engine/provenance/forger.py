"""Forged runs: a run folder whose files were changed and whose chain was made to fit again.

Owns the rewriting. What a forger without the signing key can do, this does; asserts nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from factory_engine.artifacts.manifest import RunManifest
from factory_engine.artifacts.names import (
    ATTESTATION,
    BUNDLES_DIGEST,
    INTEGRATOR,
    LEDGER,
    LEDGER_DIGEST,
    MANIFEST,
    REPORT_DIGEST,
)
from factory_engine.events import NO_PARENT, Draft, EventType, seal
from factory_engine.fold import fold_all
from factory_engine.ledger import read_events
from factory_engine.provenance.attestation import attest
from factory_engine.provenance.statement import Result
from factory_engine.run_folder import RunFolder
from tests.support.event_json import anything, said

Edit = Callable[[Draft], Draft | None]


def reseal(
    folder: RunFolder,
    edit: Edit = lambda draft: draft,
    *,
    sums: bool = True,
    attestation: bool = True,
    key: bytes | None = None,
) -> None:
    """Make everything that needs no key agree with the files as they are now.

    Args:
        folder: the run.
        edit: what becomes of each event; None drops it.
        sums: write the files for sha256sum anew.
        attestation: write the statement anew, signed with `key` if there is one.
        key: a private key in PEM.
    """
    _rechain(folder, edit)
    if sums:
        for name, part in ((BUNDLES_DIGEST, "_worker/"), (REPORT_DIGEST, f"{INTEGRATOR}/")):
            lines = [f"{folder.sha256(n)}  {n}\n" for n in folder.artifacts() if part in n]
            (folder.path / name).write_text("".join(lines), encoding="utf-8")
    if attestation:
        state = fold_all(read_events(folder.ledger))
        result = Result(
            str(state.status), state.merged_tree, state.integrator.checks, state.amendments
        )
        (folder.path / ATTESTATION).write_bytes(attest(folder, manifest_of(folder), result, key))
    _rechain(folder, lambda draft: draft)


def manifest_of(folder: RunFolder) -> RunManifest:
    """The sealed plan of a run."""
    return RunManifest.from_bytes(folder.read(MANIFEST, RunManifest.max_bytes))


def detailed(event_type: EventType, actor: str = "", **details: Any) -> Edit:
    """An edit that changes details of all events of a type, of one actor if it is named."""

    def edit(draft: Draft) -> Draft:
        if draft.event_type != event_type or actor not in ("", draft.actor):
            return draft
        return with_details(draft, **details)

    return edit


def with_details(draft: Draft, **details: Any) -> Draft:
    """The draft with other details, whatever these are."""
    fields = {**said(draft), **details}
    return replace(draft, details=anything(draft.event_type, fields))


def _rechain(folder: RunFolder, edit: Edit) -> None:
    lines: list[bytes] = []
    parent = NO_PARENT
    recorded = map(json.loads, folder.ledger.read_bytes().splitlines())
    for event, line_of_event in zip(read_events(folder.ledger), recorded, strict=True):
        draft = edit(
            Draft(
                details=anything(event.event_type, line_of_event["details"]),
                actor=event.actor,
                duration_ms=event.duration_ms,
                file_counts=event.file_counts,
                hashes=_current(folder, event.event_type, event.hashes),
                rc=event.rc,
            )
        )
        if draft is None:
            continue
        sealed, line = seal(
            draft, run_id=event.run_id, seq=len(lines) + 1, ts_utc=event.ts_utc, parent=parent
        )
        lines.append(line + b"\n")
        parent = sealed.event_id
    folder.ledger.write_bytes(b"".join(lines))
    digest = hashlib.sha256(b"".join(lines)).hexdigest()
    (folder.path / LEDGER_DIGEST).write_text(f"{digest}  {LEDGER}\n", encoding="utf-8")


def _current(folder: RunFolder, event_type: str, hashes: Any) -> dict[str, str]:
    found = {
        name: folder.sha256(name) if "/" in name or "." in name else digest
        for name, digest in hashes.items()
        if name == "tree" or (folder.path / name).is_file()
    }
    if event_type == EventType.REPORT_WRITTEN and (folder.path / ATTESTATION).is_file():
        found[ATTESTATION] = folder.sha256(ATTESTATION)
    return found
