"""The DSSE envelope: a payload, its type, and signatures over both.

Owns the bytes of the envelope and what a signature is made over. Knows no key and no algorithm, so
that a run without a signing key needs no library for one.

Source: DSSE v1.0.2, https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md and
envelope.md beside it.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from factory_engine.artifacts import strict_json
from factory_engine.artifacts.strict_json import JsonProblem

PAYLOAD_TYPE = "application/vnd.in-toto+json"
"""The in-toto specification wants this, or one with the name of a registered predicate:
https://github.com/in-toto/attestation/blob/main/spec/v1/envelope.md"""

_EITHER_ALPHABET = str.maketrans("-_", "+/")


@dataclass(frozen=True)
class Signature:
    """One signature. `keyid` is a hint that nothing vouches for: never trust it, only the key."""

    keyid: str
    sig: bytes


@dataclass(frozen=True)
class Envelope:
    """A payload with any number of signatures, none included.

    Without a signature it is still a whole envelope: `signatures` must be there, even if empty
    (envelope.md, parsing rules). A verifier that asks for one good signature refuses it, which is
    right, while the statement is found in the same place and can be signed later as it is.
    """

    payload: bytes
    payload_type: str = PAYLOAD_TYPE
    signatures: tuple[Signature, ...] = ()

    def pae(self) -> bytes:
        """What is signed: type and payload with their lengths, so that neither passes for other.

        PAE(type, body) = "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body (protocol.md).
        """
        kind = self.payload_type.encode()
        return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(self.payload), self.payload)

    def to_bytes(self) -> bytes:
        """The envelope as canonical JSON."""
        return strict_json.dump(
            {
                "payload": _text(self.payload),
                "payloadType": self.payload_type,
                "signatures": [
                    {"keyid": signature.keyid, "sig": _text(signature.sig)}
                    for signature in self.signatures
                ],
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Envelope:
        """Read an envelope; fields that it does not know are passed over, as the rules ask.

        Raises:
            JsonProblem: the bytes are no envelope.
        """
        document = _object(strict_json.parse(data), "the envelope")
        signatures = _field(document, "signatures", list)
        return cls(
            payload=_bytes(_field(document, "payload", str), "payload"),
            payload_type=_encodable(_field(document, "payloadType", str)),
            signatures=tuple(_signature(_object(item, "a signature")) for item in signatures),
        )


def _signature(item: dict[str, Any]) -> Signature:
    keyid = item.get("keyid") or ""  # unset and empty mean the same
    if not isinstance(keyid, str):
        raise JsonProblem("SCHEMA", "keyid: should be a string")
    return Signature(keyid, _bytes(_field(item, "sig", str), "sig"))


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise JsonProblem("SCHEMA", f"{what} is no object")
    return value


def _field(document: dict[str, Any], name: str, kind: type) -> Any:
    value = document.get(name)
    if not isinstance(value, kind):
        words = "is missing" if name not in document else "is of another type"
        raise JsonProblem("SCHEMA", f"{name}: {words}")
    return value


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise JsonProblem("SCHEMA", "payloadType: is no text") from None
    return text


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str, name: str) -> bytes:
    """Verifiers must take the standard alphabet and the URL-safe one."""
    try:
        return base64.b64decode(text.translate(_EITHER_ALPHABET), validate=True)
    except (binascii.Error, ValueError):
        raise JsonProblem("SCHEMA", f"{name}: is not Base64") from None
