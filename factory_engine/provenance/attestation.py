"""The attestation of a run: statement, envelope and signature put together.

Owns the order of the three. Reads no configuration and writes no file.
"""

from __future__ import annotations

from factory_engine.artifacts.manifest import RunManifest
from factory_engine.provenance.envelope import Envelope
from factory_engine.provenance.keys import sign
from factory_engine.provenance.statement import Result, statement_bytes
from factory_engine.run_folder import RunFolder


def attest(
    folder: RunFolder, manifest: RunManifest, result: Result, signing_key: bytes | None = None
) -> bytes:
    """The bytes of the attestation; without a key an envelope without a signature.

    Args:
        folder: the run, with Z's artifacts and `bundles.sha256` written.
        manifest: its sealed plan.
        result: what it came to.
        signing_key: a private Ed25519 key in PEM.

    Raises:
        Unreadable: an artifact that the statement names cannot be read.
        UsageError, FactoryError: as `keys.sign`.
    """
    envelope = Envelope(statement_bytes(folder, manifest, result))
    return (sign(envelope, signing_key) if signing_key else envelope).to_bytes()
