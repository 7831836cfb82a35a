"""Puts a checkout at the repository's own path, then becomes the next program.

A script: `mounter.py [KEY VALUE]… -- PROGRAM …`. Owns the mount namespace of one program: an
overlay or a folder at that path, what is covered, and what is shown all the same. Runs under
`python -I -S` before any layer confines the program, changes nothing that outlives its namespace,
and hands the launcher's text on in a file descriptor, since its path may lie below the checkout.
Keys are those of `View.order`; constants are the kernel's: linux/mount.h, sched.h, prctl.h.
"""

from __future__ import annotations

import os
import signal
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factory_engine.sandbox import launcher
else:
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # `-I` leaves it out
    import launcher

_READ_ONLY, _REMOUNT, _BIND, _RECURSIVE, _PRIVATE = 1, 1 << 5, 1 << 12, 1 << 14, 1 << 18
# The flags that a mount has are to be named again at a change (mount(2)); statvfs(3) shows them.
_KEPT = ((2, 2), (4, 4), (8, 8), (1024, 1024), (2048, 2048), (4096, 1 << 21))
_DEATH_SIGNAL = 1
# No renames of folders, no copies of metadata alone: what changed must lie in the upper folder as
# it is (overlayfs.rst). These are named by `userxattr`, which an ordinary user has to ask for.
_OPTIONS = "userxattr"


def main(arguments: list[str]) -> int:
    """Mount as ordered, then become the program; returns only if that is impossible."""
    split = arguments.index("--")
    order: dict[str, list[str]] = {}
    for key, value in zip(arguments[:split:2], arguments[1:split:2], strict=True):
        order.setdefault(key, []).append(value)
    try:
        _hand_on_launcher(int(order["text"][0]))  # the one that lies there now
        _mount_all(order)
        os.chdir(order["cwd"][0])
        os.execvpe(arguments[split + 1], arguments[split + 1 :], launcher.environment())
    except launcher.Refused as refusal:
        sys.stderr.write(f"checkout: {refusal}\n")
    except OSError as error:
        sys.stderr.write(f"checkout: {error.filename or ''}: {error.strerror}\n")
    return launcher.NOT_STARTED


def _mount_all(order: dict[str, list[str]]) -> None:
    launcher.call("prctl", _DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    launcher.own_mounts()
    launcher.call("mount", b"none", b"/", None, _RECURSIVE | _PRIVATE, None)
    at = order["at"][0]
    # Everything is opened before anything is covered: much of it lies below what will be.
    checkout = {key: _opened(order.get(key, ())) for key in ("lower", "upper", "work", "checkout")}
    shown = _opened(order.get("show", ()))
    over = order.get("over", [])
    carried = [_opened(order.get(name, ())) for name in ("carry", "changes", "beside")]
    closed = [path for path in order.get("hide", ()) if _cover(path)]
    os.makedirs(at, exist_ok=True)
    # It names the run in the list of mounts, and nothing of the operator's lies below the checkout.
    _mount(order["mark"][0].encode(), at, b"tmpfs", 2 | 4, b"mode=755")
    if checkout["checkout"]:
        _bind(checkout["checkout"][0], at)
    else:
        _overlay(checkout, at, order["mark"][0])
    for target, source, upper, scratch in zip(over, *carried, strict=True):
        _carry(source, target, upper, scratch)
    for source, target, how in zip(shown, order.get("as", ()), order.get("how", ()), strict=True):
        _stand(source, target)
        _bind(source, target)
        if how == "read":
            _make_read_only(target)
    for path in closed:
        _make_read_only(path)
    for descriptors in (shown, *carried, *checkout.values()):
        _close(descriptors)


def _close(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        if descriptor >= 0:
            os.close(descriptor)


def _opened(paths: list[str] | tuple[str, ...]) -> list[int]:
    """What lies there now; -1 for an empty path, which stands for nothing."""
    return [os.open(path, os.O_PATH | os.O_CLOEXEC) if path else -1 for path in paths]


def _name(descriptor: int) -> str:
    """A name of what was opened, whatever lies over its path by now."""
    return f"/proc/self/fd/{descriptor}"


def _overlay(checkout: dict[str, list[int]], at: str, name: str) -> None:
    lower = ":".join(map(_name, checkout["lower"]))
    upper, work = _name(checkout["upper"][0]), _name(checkout["work"][0])
    options = f"lowerdir={lower},upperdir={upper},workdir={work},{_OPTIONS}"
    _mount(name.encode(), at, b"overlay", 0, options.encode())


def _carry(source: int, target: str, upper: int, scratch: int) -> None:
    """A folder of the operator's, which takes no change: those go to `upper`, if anywhere."""
    _stand(source, target)
    if upper >= 0:
        _overlay({"lower": [source], "upper": [upper], "work": [scratch]}, target, "carried")
    else:
        _bind(source, target)
        _make_read_only(target)


def _bind(source: int, target: str) -> None:
    _mount(_name(source).encode(), target, None, _BIND | _RECURSIVE, None)


def _cover(path: str) -> bool:
    """Nothing where `path` is; True if that has to be made read-only once mounts stand on it."""
    try:
        folder = stat.S_ISDIR(os.stat(path).st_mode)
    except OSError:
        return False  # not there, or out of reach: nothing to hide
    if folder:
        _mount(b"factory", path, b"tmpfs", 2 | 4, b"mode=755")
    else:
        _mount(os.devnull.encode(), path, None, _BIND, None)
    return folder


def _stand(source: int, target: str) -> None:
    """Something at `target` to mount on: a folder for a folder, a file for a file."""
    if os.path.lexists(target):
        return
    if stat.S_ISDIR(os.fstat(source).st_mode):
        os.makedirs(target)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _make_read_only(path: str) -> None:
    now = os.statvfs(path).f_flag
    kept = sum(flag for shown, flag in _KEPT if now & shown)
    _mount(b"none", path, None, _REMOUNT | _BIND | _READ_ONLY | kept, None)


def _mount(source: bytes, at: str, kind: bytes | None, flags: int, data: bytes | None) -> None:
    try:
        launcher.call("mount", source, os.fsencode(at), kind, flags, data)
    except launcher.Refused as refusal:
        raise launcher.Refused(f"{at}: {refusal}") from None


def _hand_on_launcher(number: int) -> None:
    """The launcher's text as an open file: at its path the checkout will be, or nothing."""
    with open(launcher.__file__, "rb") as file:
        text = file.read()
    descriptor = os.memfd_create("launcher")
    os.write(descriptor, text)
    os.dup2(descriptor, number, inheritable=True)
    os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
