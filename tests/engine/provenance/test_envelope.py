"""The envelope is the one that others read, and hostile ones are refused in one line."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from factory_engine.artifacts.strict_json import JsonProblem
from factory_engine.provenance.envelope import PAYLOAD_TYPE, Envelope, Signature

TEXT = base64.b64encode(b"{}").decode()
WHOLE: dict[str, Any] = {"payload": TEXT, "payloadType": PAYLOAD_TYPE, "signatures": []}


def read(**changes: Any) -> Envelope:
    document = {key: value for key, value in {**WHOLE, **changes}.items() if value is not ...}
    return Envelope.from_bytes(json.dumps(document).encode())


def test_the_signed_bytes_are_those_of_the_specification() -> None:
    envelope = Envelope(b"hello world", "http://example.com/HelloWorld")
    assert envelope.pae() == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_lengths_are_of_bytes() -> None:
    assert Envelope("é".encode(), "é").pae() == b"DSSEv1 2 \xc3\xa9 2 \xc3\xa9"


def test_an_envelope_comes_back_as_it_was() -> None:
    signatures = (Signature("one", b"\0\xff"), Signature("", b""))
    for envelope in (Envelope(b"{}"), Envelope(b"", "x", signatures)):
        assert Envelope.from_bytes(envelope.to_bytes()) == envelope


def test_without_a_signature_the_list_is_there_and_empty() -> None:
    assert json.loads(Envelope(b"{}").to_bytes())["signatures"] == []


def test_both_alphabets_of_base64_are_taken() -> None:
    data = b"\xfb\xef\xff\xfe"
    for text in (base64.b64encode(data), base64.urlsafe_b64encode(data)):
        found = read(payload=text.decode(), signatures=[{"sig": text.decode()}])
        assert (found.payload, found.signatures) == (data, (Signature("", data),))


def test_fields_that_nobody_knows_are_passed_over() -> None:
    assert read(more=1, signatures=[{"sig": TEXT, "extension": {}}]).signatures[0].sig == b"{}"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"payload": ...}, "payload: is missing"),
        ({"payloadType": ...}, "payloadType: is missing"),
        ({"payloadType": "\ud800"}, "payloadType: is no text"),
        ({"signatures": ...}, "signatures: is missing"),
        ({"signatures": {}}, "signatures: is of another type"),
        ({"signatures": ["x"]}, "a signature is no object"),
        ({"signatures": [{"keyid": "x"}]}, "sig: is missing"),
        ({"signatures": [{"keyid": 1, "sig": TEXT}]}, "keyid: should be a string"),
        ({"signatures": [{"sig": "?"}]}, "sig: is not Base64"),
        ({"payload": "é"}, "payload: is not Base64"),
        ({"payload": "e30"}, "payload: is not Base64"),
        ({"payload": 5}, "payload: is of another type"),
    ],
)
def test_what_is_no_envelope_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(JsonProblem, match=words):
        read(**changes)


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b'{"payload":"","payload":""}', b"\xff"])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(JsonProblem):
        Envelope.from_bytes(data)
