"""`factory keygen`: a key to sign attestations with."""

from __future__ import annotations

import argparse
import contextlib
import os
from pathlib import Path

import platformdirs

from factory_engine import storage
from factory_engine.config.paths import APPLICATION
from factory_engine.errors import UsageError
from factory_engine.provenance.keys import KeyPair, generate
from factory_engine.runs.whereabouts import find_root
from factory_tui.cli.arguments import add_location
from factory_tui.cli.output import Output
from factory_tui.cli.targets import shown_path, start_of
from factory_tui.text.exit_codes import ExitCode

NAME = "signing-key.pem"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to put it."""
    add_location(parser, config=False)
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=Path,
        help="the private key (default: in your configuration folder); FILE.pub is the public one",
    )


def execute(arguments: argparse.Namespace) -> ExitCode:
    """Make a key pair; an existing file is never overwritten."""
    output = Output(arguments)
    private = _target(start_of(arguments), arguments.out)
    public = private.with_name(f"{private.name}.pub")
    pair = generate()
    _write(private, public, pair)
    output.result(f"key      {pair.keyid}")
    output.result(f"private  {shown_path(private)}")
    output.result(f"public   {shown_path(public)}")
    output.document(
        {
            "schema": "factory.keygen/1",
            "keyid": pair.keyid,
            "private": str(private),
            "public": str(public),
        }
    )
    output.remark(f"next: factory oneshot --set paths.signing_key={private}")
    output.remark("give away the public key only; who can read the private one can sign as you")
    return ExitCode.PASS


def _target(start: Path, named: Path | None) -> Path:
    """Where the private key goes. Raises UsageError for a place where it would be shared."""
    if named is None:
        folder = platformdirs.user_config_path(APPLICATION, appauthor=False)
        storage.make_folder(folder)
        return folder / NAME
    target = Path(os.path.abspath(start / named.expanduser()))
    if not target.parent.is_dir():
        raise UsageError("no such folder", where=str(named.parent))
    if find_root(target.parent) is not None:
        raise UsageError(
            "a signing key must not lie in a repository",
            where=str(named),
            advice="name a file outside of it",
        )
    return target


def _write(private: Path, public: Path, pair: KeyPair) -> None:
    """Both files or none. The private one is for its owner alone from its first byte on."""
    try:
        _create(private, pair.private, 0o600)
        try:
            _create(public, pair.public, 0o644)
        except OSError:
            with contextlib.suppress(OSError):
                private.unlink()
            raise
    except FileExistsError as error:
        raise UsageError(
            "there is a key already",
            where=str(error.filename),
            advice="keep it, or name another file with --out",
        ) from None
    except OSError as error:
        raise storage.storage_error(error, private, "the key cannot be written") from error


def _create(path: Path, data: bytes, mode: int) -> None:
    fd = storage.disk.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        storage.write_all(fd, data)
        storage.disk.fsync(fd)
    finally:
        os.close(fd)
