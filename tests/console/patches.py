"""Patches for tests, as git writes them. Owns their bytes."""

from __future__ import annotations

from collections.abc import Sequence

OLD, NEW = "1" * 40, "2" * 40


def file_patch(path: str, *hunks: tuple[int, int, Sequence[str]]) -> str:
    """A modified file; a hunk is its first old and new line, and its lines with their signs."""
    parts = [
        f"diff --git a/{path} b/{path}\nindex {OLD}..{NEW} 100644\n--- a/{path}\n+++ b/{path}\n"
    ]
    for old, new, lines in hunks:
        before = sum(line[:1] in " -" for line in lines)
        after = sum(line[:1] in " +" for line in lines)
        parts.append(f"@@ -{old},{before} +{new},{after} @@ def near():\n")
        parts += [f"{line}\n" for line in lines]
    return "".join(parts)


def added(path: str, lines: Sequence[str]) -> str:
    """A new file."""
    body = "".join(f"+{line}\n" for line in lines)
    return (
        f"diff --git a/{path} b/{path}\nnew file mode 100644\nindex {'0' * 40}..{NEW}\n"
        f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1,{len(lines)} @@\n{body}"
    )


def renamed(old: str, new: str) -> str:
    """A file that only moved."""
    return (
        f"diff --git a/{old} b/{new}\nsimilarity index 100%\nrename from {old}\nrename to {new}\n"
    )


RUNS = file_patch(
    "src/api/runs.py",
    (
        40,
        40,
        [
            " def load(self):",
            "-    return read(p)",
            "+    with lock(p):",
            "+        return read(p)",
            " ",
        ],
    ),
    (80, 81, [" a", "-gone", " b"]),
)
PROJECT = file_patch("pyproject.toml", (1, 1, [" [project]", '+version = "2"']))
SAMPLE = PROJECT + RUNS + added("src/api/locks.py", ["import os", "", "def lock(p):", "    pass"])
