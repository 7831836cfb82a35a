"""`make bench`: every figure with the floor it is compared to, as a ratio in one run.

Owns the table. No test depends on a time; what counts here is the last column.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.bench import (
    console_rows,
    git_rows,
    ledger_rows,
    oneshot_rows,
    startup_rows,
    storage_rows,
)
from tests.bench.measure import Row


def main() -> int:
    """Measure everything, or the groups named on the command line."""
    groups = {
        "startup": startup_rows,
        "ledger": ledger_rows,
        "git": git_rows,
        "storage": storage_rows,
        "oneshot": oneshot_rows,
        "console": console_rows,
    }
    chosen = sys.argv[1:] or list(groups)
    print(f"{'what':<52} {'ms':>9} {'floor':>9} {'ratio':>7} {'bar':>7}  floor is")
    with tempfile.TemporaryDirectory(prefix="factory-bench-") as folder:
        for name in chosen:
            for row in groups[name].rows(Path(folder)):
                print(_line(row), flush=True)
    return 0


def _line(row: Row) -> str:
    ratio = row.ms / row.floor_ms if row.floor_ms else 0.0
    bar = f"{row.bar:>7.2f}" if row.bar is not None else f"{'-':>7}"
    if row.bar_ms is not None:
        bar = f"{row.bar_ms:>4.0f} ms"
    over = row.bar is not None and ratio > row.bar
    mark = "!" if over or (row.bar_ms is not None and row.ms > row.bar_ms) else " "
    return (
        f"{row.what:<52} {row.ms:>9.1f} {row.floor_ms:>9.1f} {ratio:>7.2f} {bar}{mark} {row.floor}"
    )


if __name__ == "__main__":
    sys.exit(main())
