"""A process that gives command lines one after the other: `python -m` and the name of this module.

Owns what happens between two commands of one wish, such as starting a worker again and then
judging the run: it outlives the console that asked for it. A step that could not do its part
stops the sequence; PASS, BLOCKED and unfinished are answers, after which the next one has its
say.
"""

from __future__ import annotations

import json
import subprocess
import sys

from factory_tui.text.exit_codes import ANSWERS


def main(document: str) -> int:
    """Run the command lines that a JSON list of lists holds; the exit code of the last one run."""
    code = 0
    for argv in json.loads(document):
        code = subprocess.call(argv, stdin=subprocess.DEVNULL)
        if code not in ANSWERS:
            break
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
