"""What the tests of git and of checkouts start from."""

from __future__ import annotations

from pathlib import Path

import pytest_asyncio

from tests.support.workbench import Workbench, workbench

BASE: dict[str, str | bytes] = {
    "README.md": "one\ntwo\nthree\n",
    "src/a.py": "".join(f"line {n}\n" for n in range(100)),
    "src/b.py": "b\n",
    "src/deep/c.py": "c\n",
    "docs/guide.md": "guide\n",
    "image.bin": b"\0\x01\x02" * 50,
    ".gitignore": "*.log\nbuild/\n",
}


@pytest_asyncio.fixture
async def bench(tmp_path: Path) -> Workbench:
    """A run's stores on a small repository."""
    return await workbench(tmp_path, BASE)
