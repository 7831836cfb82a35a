"""JSON that readers disagree about, and documents that are not what they should be.

Owns the cases about STATUS, claims, lock, handoff note and log index.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.hostile.cases import hostile
from tests.hostile.forge import WORKER, Forge, claim, content, new_file


def status_of(text: str) -> Callable[[Forge], object]:
    """A good bundle whose STATUS.json has `text` in the place of the worker's reason."""

    def build(forge: Forge) -> None:
        forge.simple(reason="@")
        path = forge.run / WORKER / "STATUS.json"
        path.write_text(path.read_text().replace('"@"', text))

    return build


def bytes_of(name: str, data: bytes | Callable[[bytes], bytes]) -> Callable[[Forge], object]:
    """A good bundle with other bytes in one document."""

    def build(forge: Forge) -> None:
        forge.simple()
        path = forge.run / WORKER / name
        path.write_bytes(data if isinstance(data, bytes) else data(path.read_bytes()))

    return build


def edited(name: str, change: Callable[[dict[str, Any]], Any]) -> Callable[[Forge], object]:
    """A good bundle with one document altered."""

    def build(forge: Forge) -> None:
        forge.simple()
        forge.rewrite(name, change)

    return build


def claimed(**fields: Any) -> Callable[[Forge], object]:
    """A good bundle whose one claim says something else."""
    return edited("FILES_CHANGED.json", lambda document: document["changes"][0].update(fields))


STATUS, CLAIMS, LOCK = "STATUS.json", "FILES_CHANGED.json", "SCOPE_LOCK.json"
HANDOFF, LOGS = "HANDOFF_NOTE.json", "LOGS/INDEX.json"

# What makes no difference of the claims possible any more leaves nothing else to say of them.
for name, code, build in (
    ("24 sha-notsha", "SCHEMA", claimed(sha256="zz" * 32)),
    ("sha-upper", "SCHEMA", claimed(sha256="AB" * 32)),
    ("sha-newline", "SCHEMA", claimed(sha256="a" * 64 + "\n")),
    ("23 sha-of-another", "CLAIM_MISMATCH", claimed(sha256="0" * 64)),
    ("62 change-type-lie", "CLAIM_MISMATCH", claimed(change_type="added")),
    ("mode-lie", "CLAIM_MISMATCH", claimed(mode="100755")),
    ("claimed-deleted", "CLAIM_MISMATCH", claimed(change_type="deleted")),
    ("path-traversal-claim", "SCHEMA", claimed(path=7)),
    ("negative-lines", "SCHEMA", claimed(insertions=-1)),
    ("fraction-of-lines", "SCHEMA", claimed(insertions=1.5)),
    ("25 wrong-run", "ID_MISMATCH", edited(STATUS, lambda d: d.update(run_id="other"))),
    ("26 wrong-worker", "ID_MISMATCH", edited(STATUS, lambda d: d.update(worker_id="B_worker"))),
    ("owner-z", "ID_MISMATCH", edited(CLAIMS, lambda d: d.update(owner="Z_integrator"))),
    ("worker-unknown", "SCHEMA", edited(STATUS, lambda d: d.update(worker_id="../A_worker"))),
    ("27 wider-lock", "LOCK_MISMATCH", edited(LOCK, lambda d: d.update(allowed_globs=["**"]))),
    ("28 empty-lock", "LOCK_MISMATCH", edited(LOCK, lambda d: d.update(allowed_globs=[]))),
    ("lock-unblocked", "LOCK_MISMATCH", edited(LOCK, lambda d: d["blocked_globs"].append("!x"))),
    ("lock-shared", "LOCK_MISMATCH", edited(LOCK, lambda d: d["allow_shared_paths"].append("*"))),
    ("lock-of-b", "ID_MISMATCH", edited(LOCK, lambda d: d.update(worker_id="B_worker"))),
    ("29 unknown-key", "SCHEMA", edited(STATUS, lambda d: d.update(extra=1))),
    ("no-version", "SCHEMA", edited(STATUS, lambda d: d.pop("schema_version"))),
    ("version-2", "SCHEMA", edited(STATUS, lambda d: d.update(schema_version=2))),
    ("version-text", "SCHEMA", edited(STATUS, lambda d: d.update(schema_version="1"))),
    ("version-true", "SCHEMA", edited(STATUS, lambda d: d.update(schema_version=True))),
    ("missing-field", "SCHEMA", edited(STATUS, lambda d: d.pop("required_checks"))),
    ("status-unknown", "SCHEMA", edited(STATUS, lambda d: d.update(status="OK"))),
    ("time-no-time", "SCHEMA", edited(STATUS, lambda d: d.update(started_at="yesterday"))),
    ("key-of-control", "SCHEMA", edited(HANDOFF, lambda d: d.update({"\x1b[2J\n": 1}))),
    ("30 dup-keys", "JSON_STRICT", status_of('"a","status":"PASS"')),
    ("31 nan", "JSON_STRICT", status_of("NaN")),
    ("infinity", "JSON_STRICT", status_of("-Infinity")),
    ("32 hugeint", "JSON_LIMIT", status_of("1" * 5000)),
    ("negative-hugeint", "JSON_LIMIT", status_of("-" + "9" * 400)),
    ("hugefloat", "JSON_LIMIT", status_of("1e999999")),
    ("33 deep", "JSON_LIMIT", status_of("[" * 100_000 + "]" * 100_000)),
    ("deep-objects", "JSON_LIMIT", status_of('{"a":' * 40 + "1" + "}" * 40)),
    ("lone-surrogate-key", "SCHEMA", status_of('"a","\\ud800":1')),
    ("lone-surrogate-enum", "SCHEMA", status_of('"a","agent":"\\udfff","rc":"\\ud800"')),
    ("comment", "JSON_STRICT", status_of('"a" /* ok */')),
    ("trailing-comma", "JSON_STRICT", status_of('"a",')),
    ("single-quotes", "JSON_STRICT", status_of("'a'")),
    ("control-in-text", "JSON_STRICT", status_of('"a\nb"')),
    ("34 bom", "JSON_ENCODING", bytes_of(STATUS, lambda data: b"\xef\xbb\xbf" + data)),
    (
        "35 utf-16",
        "JSON_ENCODING",
        bytes_of(STATUS, lambda data: data.decode().encode("utf-16")),
    ),
    ("latin-1-json", "JSON_ENCODING", bytes_of(HANDOFF, b'{"summary":"caf\xe9"}')),
    ("utf-16-no-bom", "JSON_STRICT", bytes_of(HANDOFF, '{"a":1}'.encode("utf-16-le"))),
    ("overlong-utf-8", "JSON_ENCODING", bytes_of(HANDOFF, b'{"a":"\xc0\xaf"}')),
    ("surrogate-utf-8", "JSON_ENCODING", bytes_of(HANDOFF, b'{"a":"\xed\xa0\x80"}')),
    ("36 toplevel-list", "SCHEMA", bytes_of(STATUS, b"[]")),
    ("37 toplevel-null", "SCHEMA", bytes_of(LOGS, b"null")),
    ("toplevel-text", "SCHEMA", bytes_of(HANDOFF, b'"done"')),
    ("empty-json", "JSON_STRICT", bytes_of(HANDOFF, b"")),
    ("nul-json", "JSON_STRICT", bytes_of(HANDOFF, b"\0" * 1000)),
    ("two-documents", "JSON_STRICT", bytes_of(HANDOFF, lambda data: data * 2)),
    ("behind-nul", "JSON_STRICT", bytes_of(HANDOFF, lambda data: data + b"\0")),
    ("half-json", "JSON_STRICT", bytes_of(CLAIMS, lambda data: data[:-20])),
    ("pickle", "JSON_ENCODING", bytes_of(HANDOFF, b"\x80\x04cos\nsystem\n(S'id'\ntR.")),
):
    hostile(name, code)(build)


@hostile("61 claimed-twice", "CLAIM_MISMATCH")
def claimed_twice(forge: Forge) -> None:
    forge.simple()
    forge.rewrite(CLAIMS, lambda document: document["changes"].append(document["changes"][0]))


@hostile("22 overclaim", "CLAIM_MISMATCH")
def overclaim(forge: Forge) -> None:
    forge.bundle(b"", [claim("src/one.txt", content(1, b"one"), "modified")])


@hostile("21 underclaim", "HIDDEN")
def underclaim(forge: Forge) -> None:
    forge.simple()
    forge.rewrite(CLAIMS, lambda document: document.update(changes=[]))


@hostile("17 hidden-in-many", "HIDDEN", "SCOPE")
def hidden(forge: Forge) -> None:
    forge.bundle(new_file("docs/evil") + new_file("src/good"), [claim("src/good")])


@hostile("rename-claimed-from-elsewhere", "CLAIM_MISMATCH", "SCOPE")
def renamed_from_elsewhere(forge: Forge) -> None:
    forge.bundle(
        new_file("src/new"),
        [claim("src/new", kind="renamed", previous_path="docs/guide.md")],
    )


@hostile("copy-claimed-of-nothing", "CLAIM_MISMATCH")
def copied_from_nothing(forge: Forge) -> None:
    forge.bundle(new_file("src/new"), [claim("src/new", kind="copied", previous_path="src/none")])


@hostile("lock-pattern-of-all", "LOCK_MISMATCH", "SCOPE")
def lock_of_all(forge: Forge) -> None:
    forge.bundle(new_file("docs/evil"), [claim("docs/evil")])
    forge.rewrite(LOCK, lambda document: document.update(allowed_globs=["/**"]))


def check(**fields: Any) -> dict[str, Any]:
    """A result of a check."""
    return {"name": "unit", "rc": 0, **fields}


for name, code, status in (
    ("71 required-check-red", "CHECK", {"required_checks": [check(rc=1)]}),
    ("required-hidden-as-optional", "CHECK", {"optional_checks": [check(rc=1, required=True)]}),
    ("check-blocked-with-rc-0", "CHECK", {"required_checks": [check(status="BLOCKED")]}),
    ("check-rc-true", "SCHEMA", {"required_checks": [check(rc=True)]}),
    ("check-rc-none", "SCHEMA", {"required_checks": [check(rc=None)]}),
    ("check-rc-negative", "CHECK", {"required_checks": [check(rc=-9)]}),
    ("worker-failed", "WORKER", {"status": "FAIL", "reason": "no\nSTATUS: PASS\x1b[2J"}),
    ("worker-running", "WORKER", {"status": "RUNNING"}),
    ("worker-rc-lie", "WORKER", {"rc": 1}),
):

    def with_status(forge: Forge, status: dict[str, Any] = status) -> None:
        forge.simple(**status)

    hostile(name, code)(with_status)


def logged(*entries: dict[str, Any]) -> Callable[[Forge], object]:
    """A good bundle with these entries in its index of logs."""

    def build(forge: Forge) -> None:
        forge.simple()
        (forge.run / WORKER / LOGS).write_text(
            json.dumps(
                {"schema_version": 1, "run_id": "hostile", "owner": WORKER, "logs": list(entries)}
            )
        )

    return build


ENTRY = {"name": "agent", "path": "LOGS/agent.log"}
for name, entries in (
    ("log-outside", [{**ENTRY, "path": "../../../../etc/passwd"}]),
    ("log-absolute", [{**ENTRY, "path": "/etc/passwd"}]),
    ("log-dotdot", [{**ENTRY, "path": "LOGS/../STATUS.json"}]),
    ("log-folder", [{**ENTRY, "path": "LOGS/"}]),
    ("log-newline", [{**ENTRY, "path": "LOGS/a\nb"}]),
):
    hostile(name, "LOG_INDEX")(logged(*entries))
