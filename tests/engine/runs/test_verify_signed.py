"""A signature vouches for a run where a key is given, and for nothing where none is."""

from __future__ import annotations

import base64
import os
import sys
from pathlib import Path

import pytest

from factory_engine.artifacts.names import ATTESTATION
from factory_engine.provenance import keys
from factory_engine.provenance.envelope import Envelope
from tests.engine.provenance.cases import (
    Case,
    elsewhere,
)
from tests.engine.provenance.forger import reseal


@pytest.fixture(scope="module")
def pair() -> keys.KeyPair:
    pytest.importorskip("securesystemslib")
    return keys.generate()


@pytest.fixture
def signed(case: Case, pair: keys.KeyPair) -> Case:
    reseal(case.folder, key=pair.private)
    return case


async def test_a_signature_holds_with_its_key(signed: Case, pair: keys.KeyPair) -> None:
    found = await signed.verify_again(public_key=pair.public)
    assert (found.problem, found.key_checked, found.rederived) == ("", True, True)
    assert found.signed_by == (pair.keyid,)
    assert any(pair.keyid in held for held in found.held)


async def test_without_a_key_the_signer_is_named_and_not_vouched_for(
    signed: Case, pair: keys.KeyPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "securesystemslib.signer", None)
    found = await signed.verify()
    assert (found.problem, found.key_checked, found.signed_by) == ("", False, (pair.keyid,))
    assert any(f"signed by {pair.keyid}, not checked" in note for note in found.notes)


async def test_another_key_is_named(signed: Case, pair: keys.KeyPair) -> None:
    other = keys.generate()
    problem = await signed.problem(public_key=other.public)
    assert f"no valid signature of key {other.keyid}; it names {pair.keyid}" in problem


async def test_a_missing_signature_is_named_where_one_is_asked_for(
    case: Case, pair: keys.KeyPair
) -> None:
    assert "is not signed" in await case.problem(public_key=pair.public)


async def test_whoever_forges_a_signed_run_cannot_sign_it(signed: Case, pair: keys.KeyPair) -> None:
    """Everything is made to fit, by somebody with another key who claims the name of the first."""
    signed.path("B_worker/SUMMARY.md").write_text("other\n")
    reseal(signed.folder, key=keys.generate().private)
    envelope = signed.document(ATTESTATION)
    envelope["signatures"][0]["keyid"] = pair.keyid
    signed.write(ATTESTATION, envelope)
    reseal(signed.folder, attestation=False)
    assert await signed.problem() == ""
    assert "no valid signature" in await signed.problem(public_key=pair.public)


async def test_a_signature_of_another_run_does_not_fit(
    signed: Case, pair: keys.KeyPair, red: Case, tmp_path: Path
) -> None:
    other = elsewhere(red, tmp_path / "red")
    other.path(ATTESTATION).write_bytes(signed.path(ATTESTATION).read_bytes())
    reseal(other.folder, attestation=False)
    problem = await other.problem(public_key=pair.public)
    assert problem.startswith(f"{ATTESTATION}: statement.predicate.")
    kept = Envelope.from_bytes(other.path(ATTESTATION).read_bytes())
    assert keys.is_signed_by(kept, pair.public)


async def test_the_signature_is_looked_at_before_the_statement(
    signed: Case, pair: keys.KeyPair
) -> None:
    envelope = signed.document(ATTESTATION)
    envelope["payload"] = base64.b64encode(b"not even JSON").decode()
    signed.write(ATTESTATION, envelope)
    reseal(signed.folder, attestation=False)
    assert "no valid signature" in await signed.problem(public_key=pair.public)


async def test_the_private_key_is_nowhere_in_the_run(signed: Case, pair: keys.KeyPair) -> None:
    secret = b"".join(pair.private.splitlines()[1:-1])
    for name in signed.folder.artifacts():
        assert secret not in signed.path(name).read_bytes().replace(b"\n", b"")


@pytest.mark.skipif(os.name == "nt", reason="no such links")
async def test_an_attestation_behind_a_link_is_not_opened(case: Case, tmp_path: Path) -> None:
    moved = tmp_path / "moved.json"
    case.path(ATTESTATION).rename(moved)
    case.path(ATTESTATION).symlink_to(moved)
    assert "symbolic link" in await case.problem()
