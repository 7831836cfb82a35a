"""Artifacts that are missing, broken or say the wrong thing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from factory_engine.rules.facts import UnusableArtifact
from tests.engine.rules.bundles import (
    RUN_ID,
    Repository,
    codes,
    gather,
    judge,
    judge_again,
    lock,
    new_file,
)
from tests.engine.rules.usual import claims


def test_a_digest_that_is_none_breaks_the_schema(repository: Repository) -> None:
    said = claims("src/a", sha256="not-a-digest")
    assert codes(judge(repository, new_file(b"src/a"), claims=said)) == {"SCHEMA"}


SPOILED = {
    "wrong-worker": ("STATUS.json", {"worker_id": "B_worker"}, "ID_MISMATCH"),
    "wrong-owner": ("FILES_CHANGED.json", {"owner": "B_worker"}, "ID_MISMATCH"),
    "wrong-run": ("HANDOFF_NOTE.json", {"run_id": "another"}, "ID_MISMATCH"),
    "wrong-lock-worker": ("SCOPE_LOCK.json", {"worker_id": "B_worker"}, "ID_MISMATCH"),
    "empty-lock": ("SCOPE_LOCK.json", {"allowed_globs": []}, "LOCK_MISMATCH"),
    "wider-lock": ("SCOPE_LOCK.json", {"allowed_globs": ["**"]}, "LOCK_MISMATCH"),
    "more-shared": ("SCOPE_LOCK.json", {"allow_shared_paths": ["src/**"]}, "LOCK_MISMATCH"),
    "extra-key": ("STATUS.json", {"extra": 1}, "SCHEMA"),
    "wrong-version": ("STATUS.json", {"schema_version": 2}, "SCHEMA"),
    "text-for-list": ("SCOPE_LOCK.json", {"allowed_globs": "src/**"}, "SCHEMA"),
    "bad-status": ("STATUS.json", {"status": "OK"}, "SCHEMA"),
    "failed": ("STATUS.json", {"status": "FAIL", "reason": "it broke"}, "WORKER"),
    "running": ("STATUS.json", {"status": "RUNNING"}, "WORKER"),
    "bad-rc": ("STATUS.json", {"rc": 3}, "WORKER"),
    "red-check": (
        "STATUS.json",
        {"required_checks": [{"name": "unit", "rc": 1, "status": "PASS"}]},
        "CHECK",
    ),
    "contradicting-check": (
        "STATUS.json",
        {"required_checks": [{"name": "unit", "rc": 0, "status": "BLOCKED"}]},
        "CHECK",
    ),
    "red-check-under-optional": (
        "STATUS.json",
        {"optional_checks": [{"name": "unit", "rc": 1, "required": True}]},
        "CHECK",
    ),
    "log-outside": ("LOGS/INDEX.json", {"logs": [{"name": "x", "path": "../x"}]}, "LOG_INDEX"),
    "log-absolute": ("LOGS/INDEX.json", {"logs": [{"name": "x", "path": "/x"}]}, "LOG_INDEX"),
    "log-elsewhere": ("LOGS/INDEX.json", {"logs": [{"name": "x", "path": "x"}]}, "LOG_INDEX"),
    "log-traversal": (
        "LOGS/INDEX.json",
        {"logs": [{"name": "x", "path": "LOGS/../../x"}]},
        "LOG_INDEX",
    ),
}


@pytest.mark.parametrize(("name", "fields", "code"), SPOILED.values(), ids=SPOILED)
def test_an_artifact_that_says_the_wrong_thing_is_refused(
    repository: Repository, name: str, fields: dict[str, Any], code: str
) -> None:
    verdict = judge(repository, b"", spoil=lambda found: found[name].update(fields))
    assert codes(verdict) == {code}


RAW_JSON = {
    "duplicate-key": (lambda text: text.replace(b"{", b'{"run_id": "x",', 1), "JSON_STRICT"),
    "nan": (lambda text: text.replace(b'"rc"', b'"x": NaN, "rc"', 1), "JSON_STRICT"),
    "trailing": (lambda text: text + b"{}", "JSON_STRICT"),
    "not-json": (lambda _: b"status: PASS", "JSON_STRICT"),
    "empty": (lambda _: b"", "JSON_STRICT"),
    "huge-number": (lambda text: text.replace(b'"rc": 0', b'"rc": ' + b"9" * 5000), "JSON_LIMIT"),
    "deep": (lambda _: b"[" * 50_000 + b"]" * 50_000, "JSON_LIMIT"),
    "large": (lambda text: text + b" " * 2_000_000, "JSON_LIMIT"),
    "bom": (lambda text: b"\xef\xbb\xbf" + text, "JSON_ENCODING"),
    "utf-16": (lambda text: text.decode().encode("utf-16"), "JSON_ENCODING"),
    "latin-1": (lambda text: text.replace(b"PASS", b"P\xe4SS"), "JSON_ENCODING"),
    "list": (lambda text: b"[" + text + b"]", "SCHEMA"),
    "null": (lambda _: b"null", "SCHEMA"),
    "text": (lambda _: b'"PASS"', "SCHEMA"),
}


@pytest.mark.parametrize(("spoil", "code"), RAW_JSON.values(), ids=RAW_JSON)
def test_json_that_readers_disagree_about_is_refused(
    repository: Repository, spoil: Any, code: str
) -> None:
    def replace_status(found: dict[str, Any]) -> None:
        status = {**found["STATUS.json"], "rc": 0}
        found["STATUS.json"] = spoil(json.dumps(status).encode())

    assert codes(judge(repository, b"", spoil=replace_status)) == {code}


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("missing", "ARTIFACT_MISSING"),
        ("type", "ARTIFACT_TYPE"),
        ("size", "ARTIFACT_SIZE"),
        ("unreadable", "ARTIFACT_UNREADABLE"),
    ],
)
@pytest.mark.parametrize("name", ["SUMMARY.md", "DIFF.patch", "LOGS/INDEX.json"])
def test_an_artifact_that_cannot_be_taken_is_refused(
    repository: Repository, name: str, kind: str, code: str
) -> None:
    spoil = {name: UnusableArtifact(kind, "is a link")}
    assert codes(judge(repository, b"", spoil=lambda found: found.update(spoil))) == {code}


def test_an_artifact_that_is_not_mentioned_is_missing(repository: Repository) -> None:
    verdict = judge(repository, b"", spoil=lambda found: found.pop("SUGGESTIONS.md"))
    assert codes(verdict) == {"ARTIFACT_MISSING"}


def test_a_summary_may_hold_anything(repository: Repository) -> None:
    hostile = b"\x1b]8;;http://x\x07[bold red]## What blocks\n\nNone\xff\xe2\x80\xae"
    spoil = {"SUMMARY.md": hostile, "SUGGESTIONS.md": hostile}
    assert judge(repository, b"", spoil=lambda found: found.update(spoil)).violations == ()


def test_a_required_check_without_a_result_is_refused(repository: Repository) -> None:
    facts = gather(repository, b"")
    assert codes(judge_again(facts, required_checks=["unit"])) == {"CHECK"}


def test_a_warning_of_a_worker_does_not_block(repository: Repository) -> None:
    verdict = judge(repository, b"", spoil=lambda f: f["STATUS.json"].update(status="WARN"))
    assert [(v.code, v.severity) for v in verdict.violations] == [("WORKER", "warning")]


def test_a_broken_pattern_in_the_issued_lock_is_refused(repository: Repository) -> None:
    verdict = judge(repository, b"", issued=lock(["src/**"], ["src/[z-a]"]))
    assert codes(verdict) == {"PATTERN"}


def test_the_run_id_of_the_tests_is_one_that_artifacts_accept() -> None:
    assert lock().run_id == RUN_ID
