"""Keys sign what they are given, and only their own signatures hold."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from factory_engine.errors import FactoryError, UsageError
from factory_engine.provenance import keys
from factory_engine.provenance.envelope import Envelope, Signature

library = pytest.importorskip("securesystemslib.dsse")
ENVELOPE = Envelope(b'{"a": 1}')


@pytest.fixture(scope="module")
def pair() -> keys.KeyPair:
    return keys.generate()


def test_a_signature_holds_for_its_key_alone(pair: keys.KeyPair) -> None:
    signed = keys.sign(ENVELOPE, pair.private)
    assert [signature.keyid for signature in signed.signatures] == [pair.keyid]
    assert keys.is_signed_by(signed, pair.public)
    assert not keys.is_signed_by(signed, keys.generate().public)
    assert not keys.is_signed_by(ENVELOPE, pair.public)


def test_the_same_key_gives_the_same_bytes(pair: keys.KeyPair) -> None:
    first, second = (keys.sign(ENVELOPE, pair.private).to_bytes() for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    "changed", [{"payload": b'{"a": 2}'}, {"payload_type": "application/json"}]
)
def test_payload_and_type_are_both_signed(pair: keys.KeyPair, changed: dict[str, str]) -> None:
    signed = keys.sign(ENVELOPE, pair.private)
    assert not keys.is_signed_by(replace(signed, **changed), pair.public)  # type: ignore[arg-type]


def test_the_named_key_decides_nothing(pair: keys.KeyPair) -> None:
    signed = keys.sign(ENVELOPE, pair.private)
    renamed = replace(signed, signatures=(Signature("", signed.signatures[0].sig),))
    assert keys.is_signed_by(renamed, pair.public)
    other = keys.sign(ENVELOPE, keys.generate().private)
    claimed = replace(other, signatures=(Signature(pair.keyid, other.signatures[0].sig),))
    assert not keys.is_signed_by(claimed, pair.public)


def test_one_good_signature_among_others_is_found(pair: keys.KeyPair) -> None:
    signed = keys.sign(keys.sign(ENVELOPE, keys.generate().private), pair.private)
    broken = replace(signed, signatures=(Signature(pair.keyid, b"short"), *signed.signatures))
    assert keys.is_signed_by(broken, pair.public)


def test_the_reference_library_takes_what_is_signed_here(pair: keys.KeyPair) -> None:
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    key = library.Key if hasattr(library, "Key") else None
    assert key is not None
    public = pytest.importorskip("securesystemslib.signer").SSlibKey.from_crypto(
        serialization.load_pem_public_key(pair.public)
    )
    read = library.Envelope.from_dict(json.loads(keys.sign(ENVELOPE, pair.private).to_bytes()))
    assert read.verify([public], 1) == {pair.keyid: public}
    unsigned = library.Envelope.from_dict(json.loads(ENVELOPE.to_bytes()))
    with pytest.raises(Exception, match="do not match threshold"):
        unsigned.verify([public], 1)


def test_the_id_is_that_of_the_public_half(pair: keys.KeyPair) -> None:
    assert keys.key_id(pair.public) == pair.keyid


def test_a_signing_key_inside_the_repository_is_refused(pair: keys.KeyPair, tmp_path: Path) -> None:
    repository = tmp_path / "repo"
    (repository / "deep").mkdir(parents=True)
    inside = repository / "deep" / "key.pem"
    inside.write_bytes(pair.private)
    link = tmp_path / "link.pem"
    link.symlink_to(inside)
    for path in (inside, link):
        with pytest.raises(UsageError, match="inside the repository"):
            keys.read_signing_key(path, [repository])
    assert keys.read_signing_key(inside, [tmp_path / "other"]) == pair.private


def test_what_is_no_key_is_said_without_showing_it(pair: keys.KeyPair, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    with pytest.raises(UsageError, match="cannot be read"):
        keys.read_signing_key(path, [])
    for data in (b"", b"secret", pair.public):
        path.write_bytes(data)
        with pytest.raises(UsageError, match="no private key") as caught:
            keys.read_signing_key(path, [])
        assert "secret" not in str(caught.value)
    for data in (b"", pair.private):
        with pytest.raises(UsageError, match="no public key"):
            keys.key_id(data)


def test_a_key_of_another_kind_is_refused() -> None:
    signer = pytest.importorskip("securesystemslib.signer").CryptoSigner.generate_ecdsa()
    with pytest.raises(UsageError, match="ecdsa, not for ed25519"):
        keys.sign(ENVELOPE, signer.private_bytes)


def test_without_the_library_it_says_what_to_install(
    pair: keys.KeyPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "securesystemslib.signer", None)
    for call in (keys.generate, lambda: keys.is_signed_by(ENVELOPE, pair.public)):
        with pytest.raises(FactoryError, match=r"pip install 'codex-factory\[sign\]'"):
            call()
