"""What every git process is told before its own arguments: environment and config.

Owns the list of settings and the reason for each. Never starts a process.

Config goes in through GIT_CONFIG_COUNT (git-config(1)): it outranks every file, and unlike `-c` it
can carry any key, also the name of a filter with an equals sign in it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

IDENTITY_NAME = "factory"
IDENTITY_EMAIL = "factory@localhost"
# Commits exist only so that a merge has something to merge; a fixed date keeps their ids stable.
IDENTITY_DATE = "946684800 +0000"

NEVER_EXECUTE: tuple[tuple[str, str], ...] = (
    # A hook or a file system monitor named in a config would run as the factory.
    ("core.hooksPath", os.devnull),
    ("core.fsmonitor", "false"),
    # `.git` has spellings that only another system understands (CVE-2014-9390, CVE-2019-1352,
    # CVE-2019-1353). Git checks the HFS+ ones only on macOS unless it is told to.
    ("core.protectHFS", "true"),
    ("core.protectNTFS", "true"),
    # No network, no helper, not even a file URL; the fetch of a base lifts it for `file` alone.
    ("protocol.allow", "never"),
    # Nothing may go on in the background after a command has returned.
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
)
ALLOW_FILES: tuple[tuple[str, str], ...] = (("protocol.file.allow", "always"),)

SAME_EVERYWHERE: tuple[tuple[str, str], ...] = (
    # The bytes of blobs decide: no line ending conversion, no attributes or ignores of one person.
    ("core.autocrlf", "false"),
    ("core.safecrlf", "false"),
    ("core.attributesFile", os.devnull),
    ("core.excludesFile", os.devnull),
    ("apply.whitespace", "nowarn"),
    # Names in messages are quoted to ASCII, so that a rejection reads the same on every machine.
    ("core.quotePath", "true"),
    # Renames are judged as a deletion and an addition; a merge that follows one could move a
    # change to a path that its worker was never granted.
    ("merge.renames", "false"),
    ("merge.directoryRenames", "false"),
    # The whole stat data must match, ctime and inode included: a program that puts size and mtime
    # back (rsync, touch -r) must not hide what it changed. Each index is written for the files it
    # describes, so the strict check costs nothing.
    ("core.trustctime", "true"),
    ("core.checkStat", "default"),
    ("core.untrackedCache", "false"),
    ("core.splitIndex", "false"),
    # What a run's store holds can be made again; the store of the bases overrides this.
    ("core.fsync", "none"),
    # Pack windows count against the address space limit; without these one mapping may take it all.
    ("core.packedGitWindowSize", "64m"),
    ("core.packedGitLimit", "1g"),
)
if os.name == "nt":
    # Windows has no executable bit, needs a privilege for symbolic links, and cuts at 260 letters.
    SAME_EVERYWHERE += (
        ("core.fileMode", "false"),
        ("core.symlinks", "false"),
        ("core.longPaths", "true"),
    )

DURABLE: tuple[tuple[str, str], ...] = (("core.fsync", "committed"),)

FIXED_ENVIRONMENT: Mapping[str, str] = {
    # Reading must not refresh the user's index (`git diff --quiet` rewrites it otherwise).
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    # A replace ref would show another base than the one that was pinned.
    "GIT_NO_REPLACE_OBJECTS": "1",
    # A partial clone must not go to the network behind the user's back (CVE-2024-32004).
    "GIT_NO_LAZY_FETCH": "1",
    "LC_ALL": "C",
    "LANGUAGE": "C",
    "TZ": "UTC",
    "GIT_AUTHOR_NAME": IDENTITY_NAME,
    "GIT_AUTHOR_EMAIL": IDENTITY_EMAIL,
    "GIT_AUTHOR_DATE": IDENTITY_DATE,
    "GIT_COMMITTER_NAME": IDENTITY_NAME,
    "GIT_COMMITTER_EMAIL": IDENTITY_EMAIL,
    "GIT_COMMITTER_DATE": IDENTITY_DATE,
}
# What points git at the user's own config files, where those are wanted.
CONFIG_FILE_VARIABLES = frozenset({"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"})
NO_CONFIG_FILES: Mapping[str, str] = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
}


def inherited_environment(kept: frozenset[str] = frozenset()) -> dict[str, str]:
    """This process' environment without anything that git takes for itself, but for `kept`.

    A run started from a hook has GIT_DIR, GIT_INDEX_FILE and more pointing at the user's files.
    """
    return {
        key: value
        for key, value in os.environ.items()
        if key in kept or not key.upper().startswith("GIT_")
    }


def config_environment(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """`pairs` as GIT_CONFIG_COUNT and its company; of two pairs with one key the later one wins."""
    listed = tuple(pairs)
    variables = {"GIT_CONFIG_COUNT": str(len(listed))}
    for number, (key, value) in enumerate(listed):
        variables[f"GIT_CONFIG_KEY_{number}"] = key
        variables[f"GIT_CONFIG_VALUE_{number}"] = value
    return variables
