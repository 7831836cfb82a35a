"""The environment that a worker or a check starts with.

Owns which of the caller's variables are handed on. Pure: reads no environment itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatch, fnmatchcase
from itertools import islice

from factory_engine.secret_formats import BEGINNING, WINDOW, kind_at

# They say how git and the factory are to work for the caller. By its very name one is handed on:
# some hold a name or a login (GIT_AUTHOR_NAME; FACTORY_API_KEY of an agent of that name).
_CALLERS_TOOLS = ("GIT_*", "FACTORY_*")

# They would turn every git command of a worker on the caller's repository.
_NEVER = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"),
    *("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_CEILING_DIRECTORIES"),
    *("GIT_CONFIG*", "GIT_EXEC_PATH"),
)

# They name the caller's folder, and programs believe them more than their working directory.
_CALLERS_PLACE = ("PWD", "OLDPWD", "INIT_CWD")

_CREDENTIALS = (
    *("TOKEN", "*_TOKEN", "*_TOKEN_*", "*SECRET*", "*CREDENTIAL*", "*COOKIE*"),
    *("*PASSWORD*", "*PASSWD*", "*PASSPHRASE*", "*_PASS", "*_PWD"),
    *("*APIKEY*", "*_KEY", "*_KEYS", "*_KEY_*", "AWS_*KEY*", "AWS_SESSION*", "*_PAT"),
    *("*_AUTH", "*_AUTH_CONFIG", "*_DSN", "DATABASE_URL", "*_DATABASE_URL"),
    *("SSH_AUTH_SOCK", "KRB5CCNAME", "BW_SESSION", "OP_SESSION*", "*PAPERKEY*", "*_WEBHOOK"),
    *("*_WEBHOOK_URL", "*_SK", "*_JWT", "JWT", "*_CONNECTION_STRING", "*_CONN_STR", "*_PAT"),
)
_PASSWORD_IN_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@")
_KEY_WORDS = ("PRIVATE KEY-----", "PuTTY-User-Key-File-")
_MOST_LOOKED_AT = 1 << 20
_MOST_BEGINNINGS = 1_000


def worker_environment(
    inherited: Mapping[str, str],
    *,
    pass_env: Sequence[str],
    set_env: Mapping[str, str],
    factory: Mapping[str, str],
) -> dict[str, str]:
    """What a program started for a worker finds in its environment.

    Args:
        inherited: the caller's environment.
        pass_env: names or shell patterns (`OPENAI_*`) of credentials to hand on all the same; of
            `GIT_*` and `FACTORY_*` only by their full names.
        set_env: variables of the configuration; they win over inherited ones.
        factory: the factory's own variables; they win over all.
    """
    kept = {
        name: value for name, value in inherited.items() if _is_handed_on(name, value, pass_env)
    }
    return {**kept, **set_env, **factory}


def can_be_handed_on(name: str) -> bool:
    """False for what would lead a program to the caller's repository or settings."""
    upper = name.upper()
    if upper.startswith("FACTORY_"):  # else a setting of the factory, or what it tells by itself
        return looks_like_credential(name) and "__" not in name
    return upper not in _CALLERS_PLACE and not _matches(upper, _NEVER)


def withheld(inherited: Mapping[str, str], given: Mapping[str, str]) -> list[str]:
    """The names, sorted, of what is not handed on to a program that finds `given`.

    A program misses neither what names the caller's folder nor the factory's own settings.
    """
    return sorted(
        name
        for name in inherited
        if name not in given
        and name.upper() not in _CALLERS_PLACE
        and (can_be_handed_on(name) or not name.upper().startswith("FACTORY_"))
    )


def looks_like_credential(name: str) -> bool:
    """True if a variable of this name usually holds a secret or the way to one."""
    return _matches(name.upper(), _CREDENTIALS)


def holds_credential(value: str) -> bool:
    """True if a value is, or holds, what can be told for a credential by its looks."""
    if _PASSWORD_IN_URL.search(value):
        return True
    if any(words in value for words in _KEY_WORDS):
        return True
    data = value[:_MOST_LOOKED_AT].encode("utf-8", "surrogateescape")
    return any(
        kind_at(data[found.start() :].decode("utf-8", "replace")[:WINDOW]) is not None
        for found in islice(BEGINNING.finditer(data), _MOST_BEGINNINGS)
    )


def _is_handed_on(name: str, value: str, pass_env: Sequence[str]) -> bool:
    upper = name.upper()
    if not can_be_handed_on(name):
        return False
    if _matches(upper, _CALLERS_TOOLS):
        return name in pass_env
    if any(fnmatch(name, asked) for asked in pass_env):
        return True
    return not looks_like_credential(name) and not holds_credential(value)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
