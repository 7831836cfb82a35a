"""Credentials in added lines. Every one here is put together, so that no scanner meets a whole."""

from __future__ import annotations

import base64
import random
import string
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory_engine.artifacts.integrator import Violation
from factory_engine.patch.reader import read_patch
from factory_engine.rules import secrets
from factory_engine.rules.entropy import is_listing_of_hashes
from factory_engine.rules.secrets import MAX_ENTROPY_WARNINGS, secret_violations
from tests.engine.rules.bundles import Repository, new_file

CHANCE = random.Random(20260101)


def word(size: int, letters: str = string.ascii_letters + string.digits) -> str:
    return "".join(CHANCE.choice(letters) for _ in range(size))


UPPER = string.ascii_uppercase + string.digits
HEX = "0123456789abcdef"
CREDENTIALS = {
    "aws-access": "AKIA" + word(16, UPPER),
    "aws-session": "ASIA" + word(16, UPPER),
    "aws-example": "AKIA" + "IOSFODNN7EXAMPLE",
    "aws-secret": f"aws_secret_access_key = '{word(40)}'",
    "aws-secret-env": f"AWS_SECRET_ACCESS_KEY={word(40)}",
    "aws-secret-json": f'"SecretAccessKey": "{word(40)}"',
    "github": "ghp_" + word(36),
    "github-sequence": "ghp_" + "0123456789" + string.ascii_lowercase,
    "github-repeated": "ghp_" + "a" * 36,
    "github-app": "ghs_" + word(36),
    "github-fine": "github_pat_" + word(22) + "_" + word(59),
    "gitlab": "glpat-" + word(20),
    "slack": "xoxb-" + word(12, string.digits) + "-" + word(24),
    "slack-hook": "https://hooks.slack.com/services/T" + word(8) + "/B" + word(8) + "/" + word(24),
    "stripe": "sk_live_" + word(24),
    "google": "AIza" + word(35),
    "anthropic": "sk-ant-api03-" + word(90),
    "openai": "sk-proj-" + word(48),
    "openai-legacy": "sk-" + word(20) + "T3BlbkFJ" + word(20),
    "npm": "npm_" + word(36),
    "pypi": "pypi-AgEIcHlwaS5vcmc" + word(80),
    "hugging-face": "hf_" + word(34, string.ascii_letters),
    "digital-ocean": "dop_v1_" + word(64, HEX),
    "sendgrid": "SG." + word(22) + "." + word(43),
    "telegram": word(9, "123456789") + ":" + word(35),
    "azure": "AccountKey=" + word(86) + "==",
    "jwt": "eyJ" + word(20) + ".eyJ" + word(30) + "." + word(43),
    "rsa": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "pkcs8": "-----BEGIN " + "PRIVATE KEY-----",
    "openssh": "-----BEGIN OPENSSH " + "PRIVATE KEY-----",
    "pgp": "-----BEGIN PGP " + "PRIVATE KEY BLOCK-----",
    "putty": "PuTTY-User-Key-" + "File-2: ssh-rsa",
}
PLACEHOLDERS = ["ghp_" + "x" * 36, "AKIA" + "X" * 16, "sk-ant-" + "x" * 40, "glpat-" + "x" * 20]
HARMLESS = [
    "class APConfigurationManagerFactoryBuilder(Base):",
    "background: sk-estimator sk-parallel-item sk-label-container-long-name",
    "commit 0123456789abcdef0123456789abcdef01234567",
    "url = 'https://user:password@localhost/database_of_the_tests'",
    "AKIA is how an access key of AWS begins, and ghp_ a token",
    "a public key: -----BEGIN PUBLIC KEY----- or -----BEGIN CERTIFICATE-----",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ me@example.org",
    "task_management_sk-learn-contribution_guidelines",
    "eyJhbGciOiJIUzI1NiJ9 alone is a header only",
]


def scan(
    content: str | bytes, path: bytes = b"src/x", mode: Literal["block", "warn", "off"] = "block"
) -> list[Violation]:
    data = content.encode() if isinstance(content, str) else content
    reading = read_patch(new_file(path, data + b"\n"))
    assert reading.violations == ()
    return secret_violations(reading, mode, "A_worker")


@pytest.mark.parametrize("credential", CREDENTIALS.values(), ids=CREDENTIALS)
def test_a_credential_is_found_wherever_it_stands_in_a_line(credential: str) -> None:
    for line in (credential, f"token = '{credential}'  # mine", f"A={credential}"):
        found = scan(f"first\n{line}\nlast")
        assert [(v.code, v.severity, v.path) for v in found] == [("SECRET", "error", "src/x")], line
        assert "line 2" in found[0].message
        assert credential[-12:] not in found[0].message


@pytest.mark.parametrize("line", HARMLESS)
def test_ordinary_code_is_no_credential(line: str) -> None:
    assert scan(line) == []


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_a_placeholder_is_only_mentioned(placeholder: str) -> None:
    assert [(v.code, v.severity) for v in scan(placeholder)] == [("SECRET", "warning")]


def test_the_mode_decides_what_a_find_means() -> None:
    token = CREDENTIALS["github"]
    assert [v.severity for v in scan(token, mode="warn")] == ["warning"]
    assert scan(token, mode="off") == []


def test_only_added_lines_count(tmp_path: Path) -> None:
    token = CREDENTIALS["github"].encode()
    base = b"a\n" + token + b"\nb\n"
    repository = Repository.create(tmp_path / "r.git", {b"x": base, b"y": token + b"\n"})
    beside = read_patch(repository.patch_with({b"x": base + b"c\n", b"y": None}))
    assert secret_violations(beside, "block", "A_worker") == []


def test_each_line_is_told_and_with_its_own_number(tmp_path: Path) -> None:
    tokens = ["ghp_" + word(36) for _ in range(3)]
    base = b"".join(b"%d\n" % number for number in range(30))
    lines = base.decode().split("\n")
    lines[3:4] = [tokens[0], "z", tokens[1]]
    lines[25] = tokens[2]
    repository = Repository.create(tmp_path / "r.git", {b"x": base})
    reading = read_patch(repository.patch_with({b"x": "\n".join(lines).encode()}))
    messages = [v.message for v in secret_violations(reading, "block", "A_worker")]
    assert sorted(message.split(" ")[1] for message in messages) == ["26", "4", "6"]


def test_text_in_a_binary_block_is_looked_at_too(tmp_path: Path) -> None:
    content = b"first\ntoken = " + CREDENTIALS["github"].encode() + b"\n"
    repository = Repository.create(tmp_path / "r.git", {})
    tree = repository.tree({b"x": content})
    (repository.folder / "info").mkdir(exist_ok=True)
    (repository.folder / "info" / "attributes").write_text("* -diff\n")
    reading = read_patch(repository.patch_to_tree(tree))
    assert reading.files[0].binary
    (found,) = secret_violations(reading, "block", "A_worker")
    assert (found.code, found.path) == ("SECRET", "x")
    assert "line 2" in found.message


def test_a_random_word_is_a_warning_but_not_in_a_lock_file() -> None:
    random_word = base64.b64encode(random.Random(3).randbytes(40)).decode()
    line = f"password = '{random_word}'"
    assert [(v.code, v.severity) for v in scan(line)] == [("SECRET_ENTROPY", "warning")]
    for path in (b"uv.lock", b"web/package-lock.json", b"go.sum", b"dist/app.min.js"):
        assert scan(line, path) == []
    assert scan(line, mode="off") == []


def test_a_digest_counts_only_beside_a_name_that_promises_a_secret() -> None:
    digest = random.Random(4).randbytes(32).hex()
    assert scan(f"sha256 = '{digest}'") == []
    assert [v.code for v in scan(f"client_secret = '{digest}'")] == ["SECRET_ENTROPY"]


def test_warnings_about_random_words_end_some_time() -> None:
    chance = random.Random(5)
    words = (base64.b64encode(chance.randbytes(40)).decode() for _ in range(100))
    found = scan("\n".join(f"'{one}'" for one in words))
    assert len(found) == MAX_ENTROPY_WARNINGS + 1
    assert sum("further ones are not listed" in v.message for v in found) == 1


def test_a_flood_of_decoys_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "MAX_BEGINNINGS", 50)
    decoys = "\n".join(["eyJ-" + "a" * 30] * 100)
    (found,) = scan(decoys + "\n" + CREDENTIALS["github"])
    assert (found.code, found.severity) == ("SECRET", "error")
    assert "too many" in found.message


def test_chunks_do_not_hide_a_line_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_CHUNK", 64)
    for padding in range(0, 140, 7):
        assert len(scan("a\n" * padding + CREDENTIALS["github"] + "\n" + "b" * padding)) == 1


@given(st.binary(max_size=400))
def test_any_content_is_searched(content: bytes) -> None:
    scan(content.replace(b"\n\\", b"\n"))


def test_which_files_are_full_of_random_words() -> None:
    for path in (b"Cargo.lock", b"a/yarn.lock", b"x/pnpm-lock.yaml", b"go.sum", b"a.js.map"):
        assert is_listing_of_hashes(path)
    for path in (b"lock.py", b"src/summary.py", b"clock", b"mapping.py"):
        assert not is_listing_of_hashes(path)
