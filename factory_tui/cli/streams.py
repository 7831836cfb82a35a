"""Writing to standard output and standard error, whatever has become of them.

Owns what happens when the other end is gone: a reader that has seen enough, or a terminal that was
closed, never changes how a command ends. Light: used before anything else is imported.
"""

from __future__ import annotations

import errno
import os
import sys

TYPE_CHECKING = False  # importing typing costs as much as starting Python
if TYPE_CHECKING:
    from typing import TextIO

# EIO is what a terminal answers that was closed; EBADF and EINVAL what Windows says of a lost pipe.
_GONE = (errno.EPIPE, errno.EIO, errno.ESHUTDOWN, errno.ENXIO, errno.EBADF, errno.EINVAL)


def prepare() -> None:
    """Let both streams show any text: what their encoding lacks is written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def write_out(text: str) -> None:
    """Write to standard output at once; dropped when nobody can read it any more.

    Inside GitHub Actions no line of `text` can be a command of the runner; `write_command` is for
    those.

    Raises:
        StorageError: a full disk and the like, behind a redirection.
    """
    try:
        _write(sys.stdout, _harmless(text))
    except OSError as error:
        from factory_engine.errors import StorageError  # keeps `--help` free of it

        raise StorageError(f"standard output cannot be written: {error.strerror}") from error


def write_err(text: str) -> None:
    """Write to standard error at once; dropped when it cannot be written for any reason."""
    write_command(_harmless(text))


def write_command(text: str) -> None:
    """As `write_err`, for a line that is meant to be a command of the GitHub runner."""
    try:  # contextlib would be a third of what `--version` loads
        _write(sys.stderr, text)
    except OSError:
        return


def in_github_actions() -> bool:
    """Whether a GitHub runner reads both streams, looking for commands in them."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def _harmless(text: str) -> str:
    """`text` without what the runner takes for a command: `::` first in a line, `##[` anywhere.

    https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
    """
    if not in_github_actions():
        return text
    lines = text.replace("##[", "## [").split("\n")
    return "\n".join(f". {line}" if line.lstrip().startswith("::") else line for line in lines)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether somebody sees what is written to `stream`."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # it is closed
        return False


def wants_color(option: str, stream: TextIO | None) -> bool:
    """Whether to colour what is written to `stream`.

    Args:
        option: `always`, `never`, or `auto`: as NO_COLOR (https://no-color.org) and FORCE_COLOR
            have it, else on a terminal only.
        stream: standard output or standard error.
    """
    if option != "auto":
        return option == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:  # a process started without it, as by pythonw
        return
    try:
        stream.write(text)
        stream.flush()
    except ValueError:  # it is closed
        return
    except OSError as error:
        _silence(stream)
        if error.errno not in _GONE:
            raise


def _silence(stream: TextIO) -> None:
    """Point a dead stream at nothing, so that Python's own flush at the end has no trouble.

    https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)
    except (OSError, ValueError):
        return
