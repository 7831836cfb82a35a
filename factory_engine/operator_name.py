"""Who gives a command, in the words of this machine. Light."""

from __future__ import annotations

import getpass
import os


def operator_name() -> str:
    """The user's name; of a CI job whoever started it. Never empty."""
    for variable in ("GITHUB_ACTOR", "GITLAB_USER_LOGIN"):
        if name := os.environ.get(variable, "").strip():
            return name
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a user without a name
        return f"user {os.getuid()}" if hasattr(os, "getuid") else "unknown"
