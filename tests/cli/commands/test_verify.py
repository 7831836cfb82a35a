"""`verify` and `keygen` as commands: exit codes, documents, files; nothing of a key is shown."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from factory_engine.errors import FactoryError, UsageError
from factory_engine.run_folder import RunFolder
from factory_tui.cli.arguments import CommandParser, add_output
from factory_tui.cli.commands import keygen, verify
from factory_tui.text.exit_codes import ExitCode
from tests.cli.shell import Answer, Shell
from tests.engine.provenance.forger import reseal

MODULES = {"verify": verify, "keygen": keygen}


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    return Call(capsys)


class Call:
    """The two commands, parsed as the entry point parses any."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, command: str, *argv: str) -> Answer:
        module = MODULES[command]
        parser = CommandParser(prog=f"factory {command}", allow_abbrev=False)
        module.add_arguments(parser)
        add_output(parser)
        self._capsys.readouterr()
        code = module.execute(parser.parse_all(argv))
        captured = self._capsys.readouterr()
        return Answer(int(code), captured.out, captured.err)


@pytest.fixture
def copied(reader: Shell, tmp_path: Path) -> Path:
    """The run that passed, attested, copied to where there is no repository."""
    folder = shutil.copytree(reader.run_folder("good"), tmp_path / "elsewhere" / "good")
    reseal(RunFolder(folder))
    return folder


def test_a_sound_run_gives_0_and_says_what_was_looked_at(
    call: Call, copied: Path, tmp_path: Path
) -> None:
    answer = call("verify", "--dir", str(copied), "-C", str(tmp_path / "elsewhere"))
    assert answer.code == ExitCode.PASS
    assert answer.out.splitlines()[-1] == "VERIFIED good, PASS"
    assert "note     no tree re-derived" in answer.out


def test_in_the_repository_the_trees_are_derived_anew(
    call: Call, reader: Shell, copied: Path
) -> None:
    answer = call("verify", "--dir", str(copied), "-C", reader.at, "--json")
    document = answer.document
    assert (answer.code, document["holds"], document["rederived"]) == (0, True, True)
    assert document["schema"] == "factory.verify/1"
    assert document["exit_code"] == 0
    assert document["problem"] == ""


def test_the_first_thing_that_does_not_hold_is_named_and_gives_2(
    call: Call, copied: Path, tmp_path: Path
) -> None:
    (copied / "A_worker" / "SUMMARY.md").write_text("\x1b[2Jother")
    answer = call("verify", "--dir", str(copied), "-C", str(tmp_path / "elsewhere"))
    assert answer.code == ExitCode.BLOCKED
    last = answer.out.splitlines()[-1]
    assert last == "DIFFERS  A_worker/SUMMARY.md is not the file that the ledger recorded"


def test_a_key_pair_is_made_once_and_signs(
    call: Call, copied: Path, tmp_path: Path, home: Path
) -> None:
    pytest.importorskip("securesystemslib")
    made = call("keygen", "--json")
    private, public = (Path(made.document[name]) for name in ("private", "public"))
    assert private.is_relative_to(home)
    if os.name != "nt":
        assert private.stat().st_mode & 0o077 == 0
    assert private.read_text().splitlines()[1] not in made.out + made.err
    with pytest.raises(UsageError, match="there is a key already"):
        call("keygen")
    reseal(RunFolder(copied), key=private.read_bytes())
    at = ("--dir", str(copied), "-C", str(tmp_path / "elsewhere"))
    answer = call("verify", *at, "--key", str(public), "--json")
    document = answer.document
    assert (answer.code, document["key_checked"]) == (0, True)
    assert document["signed_by"] == [made.document["keyid"]]
    with pytest.raises(UsageError, match="no public key"):
        call("verify", *at, "--key", str(private))
    with pytest.raises(UsageError, match="cannot be read"):
        call("verify", *at, "--key", str(tmp_path / "nowhere"))


def test_a_public_file_in_the_way_leaves_no_private_one(call: Call, tmp_path: Path) -> None:
    pytest.importorskip("securesystemslib")
    (tmp_path / "key.pub").write_text("mine")
    with pytest.raises(UsageError, match="there is a key already"):
        call("keygen", "--out", str(tmp_path / "key"))
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("key")] == ["key.pub"]


def test_no_key_is_put_into_a_repository(call: Call, reader: Shell) -> None:
    with pytest.raises(UsageError, match="must not lie in a repository"):
        call("keygen", "--out", str(reader.folder / "src" / "key"))


def test_without_the_library_keygen_says_what_to_install(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "securesystemslib.signer", None)
    with pytest.raises(FactoryError, match=r"pip install 'codex-factory\[sign\]'"):
        call("keygen", "--out", str(tmp_path / "key"))
    assert not (tmp_path / "key").exists()
