"""Every finished run leaves an attestation, signed where a key is set, and no trace of the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory_engine.artifacts.names import ATTESTATION
from factory_engine.provenance import keys
from factory_engine.provenance.envelope import Envelope
from factory_engine.run_folder import RunFolder
from factory_engine.runs.replay import replay
from factory_engine.runs.verify import verify
from factory_engine.status import Status
from tests.support.factory_runs import Bench, folder_of, require_agreement


def attestation(folder: RunFolder) -> Envelope:
    return Envelope.from_bytes(folder.read(ATTESTATION))


async def test_without_a_key_a_run_is_attested_and_not_signed(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.configure()
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    assert attestation(folder_of(outcome)).signatures == ()
    assert (await verify(folder_of(outcome))).problem == ""


async def test_with_a_key_it_is_signed_and_the_key_is_nowhere_in_it(tmp_path: Path) -> None:
    pytest.importorskip("securesystemslib")
    pair, key = keys.generate(), tmp_path / "key.pem"
    key.write_bytes(pair.private)
    bench = Bench(tmp_path)
    bench.configure(paths={"signing_key": str(key)})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.PASS)
    folder = folder_of(outcome)
    found = await verify(folder, public_key=pair.public)
    assert (found.problem, found.signed_by) == ("", (pair.keyid,))
    for name in folder.artifacts():
        data = folder.read(name)
        assert pair.private.splitlines()[1] not in data, name
        assert str(key).encode() not in data, name


async def test_a_key_that_cannot_be_used_stops_the_run_before_a_worker_starts(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path)
    key = bench.root / "key.pem"
    key.write_text("anything")
    bench.configure(paths={"signing_key": str(key)})
    outcome = await bench.oneshot()
    require_agreement(outcome, Status.BLOCKED)
    assert "the signing key lies inside the repository" in outcome.state.reason
    assert attestation(folder_of(outcome)).signatures == ()


async def test_a_run_that_goes_on_takes_its_attestation_back(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.configure()
    outcome = await bench.oneshot(run_id="goes-on")
    outcome = await bench.launch(run_id="goes-on")
    assert not (outcome.folder / ATTESTATION).exists()
    assert replay(folder_of(outcome)).problems == ()
    outcome = await bench.oneshot(run_id="goes-on")
    require_agreement(outcome, Status.PASS)
    assert (await verify(folder_of(outcome))).problem == ""
