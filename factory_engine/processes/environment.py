"""The environment that a worker or a check starts with.

Owns which of the caller's variables are handed on. Pure: reads no environment itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatch, fnmatchcase

# GIT_DIR and its kin would turn every git command of a worker on the caller's repository;
# FACTORY_* configures the factory, not its workers. Neither can be passed on, only set.
_NEVER = ("GIT_*", "FACTORY_*")

# They name the caller's folder, and programs believe them more than their working directory.
_CALLERS_PLACE = ("PWD", "OLDPWD", "INIT_CWD")

_CREDENTIALS = (
    *("TOKEN", "*_TOKEN", "*_TOKEN_*", "*SECRET*", "*CREDENTIAL*", "*COOKIE*"),
    *("*PASSWORD*", "*PASSWD*", "*PASSPHRASE*", "*_PASS", "*_PWD"),
    *("*APIKEY*", "*_KEY", "*_KEYS", "*_KEY_*", "AWS_*KEY*", "AWS_SESSION*", "*_PAT"),
    *("*_AUTH", "*_AUTH_CONFIG", "*_DSN", "DATABASE_URL", "*_DATABASE_URL"),
    *("SSH_AUTH_SOCK", "KRB5CCNAME"),
)


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
        pass_env: names or shell patterns (`OPENAI_*`) of credentials to hand on all the same.
        set_env: variables of the configuration; they win over inherited ones.
        factory: the factory's own variables; they win over all.
    """
    kept = {name: value for name, value in inherited.items() if _is_handed_on(name, pass_env)}
    return {**kept, **set_env, **factory}


def looks_like_credential(name: str) -> bool:
    """True if a variable of this name usually holds a secret or the way to one."""
    return _matches(name.upper(), _CREDENTIALS)


def _is_handed_on(name: str, pass_env: Sequence[str]) -> bool:
    upper = name.upper()
    if upper in _CALLERS_PLACE or _matches(upper, _NEVER):
        return False
    return not looks_like_credential(name) or any(fnmatch(name, asked) for asked in pass_env)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
