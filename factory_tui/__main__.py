"""`python -m factory_tui` and the command `factory`.

Owns the two answers that need nothing: `--help` and `--version` are given before anything else is
imported. Everything else is `cli.main`'s.
"""

from __future__ import annotations

import sys

from factory_tui.cli.overview import answer
from factory_tui.cli.streams import write_out

TYPE_CHECKING = False  # importing typing costs as much as starting Python
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> NoReturn:
    """Run the command line of this process and end it with the command's exit code."""
    text = answer(sys.argv)
    if text is not None:
        write_out(text)
        sys.exit(0)
    from factory_tui.cli.main import main as run_command  # not needed for the two answers above

    sys.exit(run_command())


if __name__ == "__main__":
    main()
