"""Ed25519 keys: made, read, used to sign an envelope and to check a signature.

Owns every call into the library for it, which is an optional extra and loaded on first use. Never
writes a key anywhere and never puts one into an error.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from factory_engine.errors import FactoryError, UsageError
from factory_engine.provenance.envelope import Envelope, Signature

MAX_KEY_BYTES = 65_536
_ADVICE = "make one with `factory keygen`"


@dataclass(frozen=True)
class KeyPair:
    """A new key: both halves as PEM (PKCS #8 and SubjectPublicKeyInfo), and its id."""

    private: bytes
    public: bytes
    keyid: str


def generate() -> KeyPair:
    """A new Ed25519 key. Raises FactoryError where the library is missing."""
    library = _Library()
    signer = library.signers.CryptoSigner.generate_ed25519()
    public = library.serialization.load_pem_private_key(signer.private_bytes, None).public_key()
    pem = public.public_bytes(
        library.serialization.Encoding.PEM, library.serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return KeyPair(signer.private_bytes, pem, signer.public_key.keyid)


def sign(envelope: Envelope, private: bytes) -> Envelope:
    """`envelope` with one more signature; the same key over the same bytes gives the same one.

    Ed25519 is deterministic (RFC 8032, section 5.1.6).

    Raises:
        UsageError: `private` is no private Ed25519 key.
        FactoryError: the library is missing.
    """
    made = _signer(_Library(), private).sign(envelope.pae())
    signature = Signature(made.keyid, bytes.fromhex(made.signature))
    return replace(envelope, signatures=(*envelope.signatures, signature))


def is_signed_by(envelope: Envelope, public: bytes) -> bool:
    """Whether one of the signatures was made with the key that `public` belongs to.

    Every signature is tried: its key id is unauthenticated and decides nothing (DSSE protocol.md).

    Raises:
        As `key_id`.
    """
    library = _Library()
    key, pae = _public_key(library, public), envelope.pae()
    for signature in envelope.signatures:
        candidate = library.signers.Signature(key.keyid, signature.sig.hex())
        try:
            key.verify_signature(candidate, pae)
        except library.errors.UnverifiedSignatureError:
            continue
        return True
    return False


def key_id(public: bytes) -> str:
    """The id of a public key, as securesystemslib and in-toto compute it.

    Raises:
        UsageError: `public` is no public Ed25519 key.
        FactoryError: the library is missing.
    """
    return str(_public_key(_Library(), public).keyid)


def read_signing_key(path: Path, outside: Iterable[Path]) -> bytes:
    """The bytes of a private key that lies where no run and no commit can pick it up.

    Args:
        path: the key file.
        outside: folders that it must not lie in: the repository, the folder of all runs.

    Raises:
        UsageError: it lies in one of them, cannot be read, or is no private Ed25519 key.
        FactoryError: the library is missing.
    """
    resolved = Path(os.path.realpath(path))
    for folder in outside:
        if resolved.is_relative_to(os.path.realpath(folder)):
            raise UsageError(
                "the signing key lies inside the repository or its runs",
                where=os.fsdecode(path),
                advice="move it out, and make a new one if it was ever committed",
            )
    private = read_key(path)
    try:
        _signer(_Library(), private)
    except UsageError as error:
        raise UsageError(error.what, where=os.fsdecode(path), advice=error.advice) from None
    return private


def read_key(path: Path) -> bytes:
    """The bytes of a key file. Raises UsageError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_KEY_BYTES)
    except OSError as error:
        raise UsageError(
            f"the key cannot be read: {error.strerror}", where=os.fsdecode(path), advice=_ADVICE
        ) from error


class _Library:
    """The modules of the optional extra. FactoryError where one of them is not installed."""

    def __init__(self) -> None:
        try:
            self.signers: Any = import_module("securesystemslib.signer")
            self.errors: Any = import_module("securesystemslib.exceptions")
            self.serialization: Any = import_module("cryptography.hazmat.primitives.serialization")
            self.unsupported: Any = import_module("cryptography.exceptions").UnsupportedAlgorithm
        except ImportError as error:
            raise FactoryError(
                f"signatures need a library that is not installed ({error.name})",
                advice="pip install 'codex-factory[sign]'",
            ) from None


def _signer(library: _Library, private: bytes) -> Any:
    try:
        key = library.serialization.load_pem_private_key(private, None)
        signer = library.signers.CryptoSigner(key)
    except TypeError:
        raise UsageError("the key is locked with a passphrase", advice=_ADVICE) from None
    except (ValueError, library.unsupported):
        raise UsageError("this is no private key in PEM", advice=_ADVICE) from None
    _require_ed25519(signer.public_key)
    return signer


def _public_key(library: _Library, public: bytes) -> Any:
    try:
        loaded = library.serialization.load_pem_public_key(public)
        key = library.signers.SSlibKey.from_crypto(loaded)
    except (ValueError, library.unsupported):
        raise UsageError(
            "this is no public key in PEM", advice="name the .pub file that `factory keygen` made"
        ) from None
    _require_ed25519(key)
    return key


def _require_ed25519(key: Any) -> None:
    if key.keytype != "ed25519":
        raise UsageError(f"this is a key for {key.keytype}, not for ed25519", advice=_ADVICE)
