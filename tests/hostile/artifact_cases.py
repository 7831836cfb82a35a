"""Artifacts that are no plain files, and bundles whose folders lead elsewhere.

Owns the cases about what lies in the run folder.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

from tests.hostile.cases import hostile, legal
from tests.hostile.forge import WORKER, Forge

Spoil = Callable[[Path], object]


def link_to(target: str) -> Spoil:
    """In its place a symbolic link."""

    def spoil(path: Path) -> None:
        path.unlink()
        path.symlink_to(target)

    return spoil


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def second_name(path: Path) -> None:
    os.link(path, path.with_name("second"))


def unix_socket(path: Path) -> None:
    path.unlink()
    here = os.getcwd()
    os.chdir(path.parent)  # the name of a socket may not be long
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path.name)
    finally:
        os.chdir(here)


def sparse(size: int) -> Spoil:
    """As large as `size`, with nothing in it."""

    def spoil(path: Path) -> None:
        with path.open("r+b") as file:
            file.truncate(size)

    return spoil


TERABYTE = 1 << 40

for name, artifact, spoil, errors in (
    ("50 symlinked-artifact", "SUMMARY.md", link_to("/etc/passwd"), "ARTIFACT_TYPE"),
    ("symlinked-status", "STATUS.json", link_to("../B_worker/STATUS.json"), "ARTIFACT_TYPE"),
    ("symlinked-patch", "DIFF.patch", link_to("/dev/zero"), "ARTIFACT_TYPE"),
    ("dangling-link", "HANDOFF_NOTE.json", link_to("nowhere"), "ARTIFACT_TYPE"),
    ("link-to-itself", "SUMMARY.md", link_to("SUMMARY.md"), "ARTIFACT_TYPE"),
    ("51 pipe", "SUMMARY.md", pipe, "ARTIFACT_TYPE"),
    ("pipe-patch", "DIFF.patch", pipe, "ARTIFACT_TYPE"),
    ("52 dir-artifact", "SUMMARY.md", folder, "ARTIFACT_TYPE"),
    ("hard-link", "SUMMARY.md", second_name, "ARTIFACT_TYPE"),
    ("socket", "SUGGESTIONS.md", unix_socket, "ARTIFACT_TYPE"),
    ("53 missing-summary", "SUMMARY.md", Path.unlink, "ARTIFACT_MISSING"),
    ("missing-patch", "DIFF.patch", Path.unlink, "ARTIFACT_MISSING"),
    ("missing-claims", "FILES_CHANGED.json", Path.unlink, "ARTIFACT_MISSING"),
    ("missing-lock", "SCOPE_LOCK.json", Path.unlink, "ARTIFACT_MISSING"),
    ("missing-index", "LOGS/INDEX.json", Path.unlink, "ARTIFACT_MISSING"),
    ("55 huge-summary", "SUMMARY.md", sparse(2_000_000), "ARTIFACT_SIZE"),
    ("sparse-summary", "SUMMARY.md", sparse(TERABYTE), "ARTIFACT_SIZE"),
    ("sparse-status", "STATUS.json", sparse(TERABYTE), "ARTIFACT_SIZE"),
    ("sparse-patch", "DIFF.patch", sparse(TERABYTE), "ARTIFACT_SIZE"),
    ("sparse-claims", "FILES_CHANGED.json", sparse(TERABYTE), "ARTIFACT_SIZE"),
):

    def with_artifact(forge: Forge, artifact: str = artifact, spoil: Spoil = spoil) -> None:
        spoil(forge.simple() / artifact)

    hostile(name, *errors.split())(with_artifact)


@hostile("bundle-is-a-link", "ARTIFACT_TYPE")
def bundle_is_a_link(forge: Forge) -> None:
    bundle = forge.simple()
    bundle.rename(forge.run / "elsewhere")
    bundle.symlink_to("elsewhere")


@hostile("bundle-is-gone", "ARTIFACT_MISSING")
def bundle_is_gone(forge: Forge) -> None:
    shutil.rmtree(forge.simple())


@hostile("bundle-is-a-file", "ARTIFACT_TYPE")
def bundle_is_a_file(forge: Forge) -> None:
    bundle = forge.simple()
    shutil.rmtree(bundle)
    bundle.write_bytes(b"x")


@hostile("logs-is-a-link", "ARTIFACT_TYPE")
def logs_is_a_link(forge: Forge) -> None:
    logs = forge.simple() / "LOGS"
    shutil.rmtree(logs)
    logs.symlink_to("/")


@hostile("log-is-a-link", "ARTIFACT_TYPE")
def log_is_a_link(forge: Forge) -> None:
    (forge.simple() / "LOGS/agent.log").symlink_to("/etc/passwd")


@hostile("log-is-a-pipe", "ARTIFACT_TYPE")
def log_is_a_pipe(forge: Forge) -> None:
    os.mkfifo(forge.simple() / "LOGS/agent.log")


@hostile("log-is-huge", "ARTIFACT_SIZE")
def log_is_huge(forge: Forge) -> None:
    path = forge.simple() / "LOGS/agent.log"
    path.write_bytes(b"")
    sparse(TERABYTE)(path)


@hostile("log-of-a-forged-name", "NAME_CONTROL")
def log_of_a_forged_name(forge: Forge) -> None:
    """A name that would be two lines in the list of digests."""
    name = "x\n" + "0" * 64 + "  SUMMARY.md"
    (forge.simple() / "LOGS" / name).write_bytes(b"x")


@hostile("log-of-bytes", "NAME_ENCODING")
def log_of_bytes(forge: Forge) -> None:
    folder = os.fsencode(forge.simple() / "LOGS")
    with open(folder + b"/caf\xe9.log", "wb") as file:
        file.write(b"x")


@hostile("index-entry-twice", "LOG_INDEX")
def index_entry_twice(forge: Forge) -> None:
    (forge.simple() / "LOGS/a.log").write_bytes(b"")
    entry = {"name": "a", "path": "LOGS/a.log"}
    forge.rewrite("LOGS/INDEX.json", lambda document: document.update(logs=[entry, entry]))


@legal("half-written-leftover")
def leftover(forge: Forge) -> None:
    """What a killed process left is swept, and was never read."""
    bundle = forge.simple()
    (bundle / ".tmp.STATUS.json").write_bytes(b"{")
    assert bundle.name == WORKER
