"""Where the tools of a confined program keep what they have built or fetched.

Owns the list of tools that fail if their cache is read-only. What works from a read-only cache
(cargo, Maven, Go's modules, pre-commit, model and browser downloads) stays where it is: moving it
would only empty it. Writes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from factory_engine.sandbox.confinement import Access, Confinement, lies_in, rules

# The variable that names a cache, and where it lies without it, below the home folder or, after
# `@`, below the cache folder. Each as its tool documents it.
_CACHES = {
    "BUN_INSTALL_CACHE_DIR": ".bun/install/cache",
    "CCACHE_DIR": "@ccache",
    "GOCACHE": "@go-build",
    "GRADLE_USER_HOME": ".gradle",
    "PIP_CACHE_DIR": "@pip",
    "PNPM_HOME": ".local/share/pnpm",
    "POETRY_CACHE_DIR": "@pypoetry",
    "SCCACHE_DIR": "@sccache",
    "UV_CACHE_DIR": "@uv",
    "YARN_GLOBAL_FOLDER": ".yarn/berry",
    "npm_config_cache": ".npm",
}


def moved_caches(
    environment: Mapping[str, str], confinement: Confinement, folder: str
) -> dict[str, str]:
    """The variables that give each tool a cache of its own below `folder`.

    A cache that the program may write anyway, since the configuration names it, is left alone.

    Args:
        environment: what the program would find without them.
        confinement: of the program.
        folder: its temporary folder, as it sees it.
    """
    home = Path(environment.get("HOME") or Path.home())
    usual = Path(environment.get("XDG_CACHE_HOME") or home / ".cache")
    granted = rules(confinement)
    variables = {}
    for variable, place in _CACHES.items():
        default = usual / place[1:] if place.startswith("@") else home / place
        now = os.path.realpath(environment.get(variable) or default)
        around = [rule for rule in granted if lies_in(now, [rule.path])]
        if not around or around[-1].access is not Access.WRITE:
            variables[variable] = os.path.join(folder, "caches", variable.lower())
    return variables
