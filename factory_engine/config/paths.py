"""Where things lie unless something else is set, and which texts name a place for good.

Owns the names. Light enough for commands that must answer at once.
"""

from __future__ import annotations

RUNS_DIR = "tools/codex/runs"
CONFIG_FILE = "tools/codex/factory/factory.config.json"
APPLICATION = "codex-factory"


def is_fixed(text: str) -> bool:
    """Whether a location means the same in every folder: it is absolute or starts at a home."""
    from pathlib import Path

    return text.startswith("~") or Path(text).is_absolute()


def not_fixed(text: str) -> str:
    """The clause for a `paths.workspaces_dir` that is not."""
    from factory_engine.config.wording import shown

    return f"expected an absolute path or one from ~, not {shown(text)}"
