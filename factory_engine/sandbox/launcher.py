"""Confines itself, then becomes the program. A script: `launcher.py [KEY VALUE]… -- PROGRAM …`.

Owns the calls of the kernel: namespaces, Landlock rules, signals back to their defaults. Runs
under `python -I -S`, so it needs nothing of this package, and loads little: it is part of every
start. Without keys it confines nothing (bubblewrap has done it). Keys are those of
`landlock.order`, and `file_bytes`; constants are the kernel's own: linux/landlock.h, sched.h,
prctl.h, capability.h. `mounter.py` uses its calls.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

Order = dict[str, list[str]]

NOT_STARTED = 125  # what env(1) and its kin answer when they themselves fail

_POLITE = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2")
_PYTHONS = ("SIGPIPE", "SIGXFSZ")  # Python ignores them, and what is ignored stays so in a program

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PATH_BENEATH = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE = 1 << 4 | 1 << 5
_MAKE_DEVICE = 1 << 6 | 1 << 11
_MAKE = 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 12  # folder, file, socket, pipe, link
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_READ = _EXECUTE | _READ_FILE
_WRITE = _WRITE_FILE | _REMOVE | _MAKE | _REFER | _TRUNCATE
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_HANDLED = _READ | _READ_DIR | _WRITE | _MAKE_DEVICE
_TCP, _TCP_ABI = 0b11, 4  # bind, connect
_SCOPES, _SCOPES_ABI = 0b11, 6  # abstract sockets, signals

_NEW_MOUNTS, _NEW_USER, _NEW_PROCESSES, _NEW_NETWORK = 1 << 17, 1 << 28, 1 << 29, 1 << 30
_PRIVATE_MOUNTS = 1 << 14 | 1 << 18
_PROC_FLAGS = 2 | 4 | 8  # nosuid, nodev, noexec
_DEATH_SIGNAL, _DROP_CAPABILITY, _NO_NEW_PRIVILEGES = 1, 24, 38
# The same that bubblewrap leaves to root.
_KEPT_CAPABILITIES = frozenset({0, 1, 3, 4, 5, 6, 7, 10})

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm")


class Refused(Exception):
    """The kernel did not do what the confinement needs."""


def main(arguments: list[str]) -> int:
    """Become the program; returns if that is impossible, or as its monitor when it is over."""
    _close_own_text()
    split = arguments.index("--")
    order: Order = {}
    for key, value in zip(arguments[:split:2], arguments[1:split:2], strict=True):
        order.setdefault(key, []).append(value)
    try:
        _limit_files(order.pop("file_bytes", []))
        code = _confine(order) if order else None
    except Refused as refusal:
        sys.stderr.write(f"sandbox: {refusal}\n")
        return NOT_STARTED
    return _become(arguments[split + 1 :]) if code is None else code


def _close_own_text() -> None:
    """Started from an open file (`mounter.py`): the program does not get it."""
    folder, _, number = sys.argv[0].rpartition("/")
    if folder == "/proc/self/fd":
        os.set_inheritable(int(number), False)


def _become(argv: list[str]) -> int:
    """The program; an exit code as a shell's if it cannot be started."""
    _no_core_files()
    variables = environment()
    for name in (*_POLITE, *_PYTHONS):
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        os.execvpe(argv[0], argv, variables)
    except OSError as error:
        sys.stderr.write(f"{argv[0]}: {error.strerror}\n")
        return 127 if isinstance(error, FileNotFoundError) else 126


def environment() -> dict[bytes, bytes]:
    """What this process was started with: in a C locale Python adds LC_CTYPE (PEP 538)."""
    try:
        with open("/proc/self/environ", "rb") as file:
            pairs = (entry.partition(b"=") for entry in file.read().split(b"\0") if entry)
            return {name: value for name, _, value in pairs}
    except OSError:
        return dict(os.environb)


def _limit_files(sizes: list[str]) -> None:
    """The largest file that can be written; set here, as from outside it could come too late."""
    for size in map(int, sizes):
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        size = size if most == resource.RLIM_INFINITY else min(size, most)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def _no_core_files() -> None:
    """They would land in the workspace and so in the bundle."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _confine(order: Order) -> int | None:
    """Put `order` in force; an exit code if this process was the monitor of the program."""
    as_root, offline = os.getuid() == 0, "off" in order.get("network", ())
    own = order.get("own", ())
    call("prctl", _DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    _enter_namespaces("processes" in own, offline and "network" in own, as_root)
    if "processes" in own:
        code = _split_off()
        if code is not None:
            return code
    if as_root:
        _drop_capabilities()
    _restrict(order, tcp=not offline or "network" in own)
    return None


def _enter_namespaces(processes: bool, network: bool, as_root: bool) -> None:
    flags = _NEW_PROCESSES | _NEW_MOUNTS if processes else 0
    flags |= _NEW_NETWORK if network else 0
    if not flags:
        return
    if as_root:
        call("unshare", flags)
    else:
        _as_nobody_else(flags)
    if network:
        _turn_loopback_on()


def own_mounts() -> None:
    """A mount namespace of its own; by way of a user namespace where the right is missing."""
    try:
        if os.getuid() != 0:
            raise Refused("only root can")
        call("unshare", _NEW_MOUNTS)
    except Refused:
        _as_nobody_else(_NEW_MOUNTS)


def _as_nobody_else(flags: int) -> None:
    """New namespaces, allowed by a new user namespace in which the identity stays what it was."""
    uid, gid = os.getuid(), os.getgid()
    call("unshare", flags | _NEW_USER)
    _write("/proc/self/setgroups", "deny")  # user_namespaces(7)
    _write("/proc/self/uid_map", f"{uid} {uid} 1")
    _write("/proc/self/gid_map", f"{gid} {gid} 1")


def _split_off() -> int | None:
    """None in the process that is to become the program, its exit code in the one that stays.

    Between them stands the first process of the namespace, which collects orphans; when it ends,
    the kernel ends all others. A program in its place would be deaf to signals that it does not
    handle (pid_namespaces(7)).
    """
    reading_end, tell = os.pipe()
    first = os.fork()
    if not first:
        call("prctl", _DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        call("mount", b"none", b"/", None, _PRIVATE_MOUNTS, None)
        call("mount", b"proc", b"/proc", b"proc", _PROC_FLAGS, None)
        program = os.fork()
        if not program:
            os.close(reading_end)
            os.close(tell)
            return None
        _step_back()
        os.write(tell, b"%d" % _status_of(program))
        os._exit(0)
    os.close(tell)
    _step_back()
    word = os.read(reading_end, 16)
    os.waitpid(first, 0)
    return _end_like(int(word)) if word else NOT_STARTED


def _step_back() -> None:
    """Polite signals are meant for the program, and so are input and output."""
    _no_core_files()
    for name in _POLITE:
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)


def _status_of(program: int) -> int:
    while True:
        pid, status = os.wait()
        if pid == program:
            return status


def _end_like(status: int) -> int:
    """The same exit code, or an end by the same signal."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    return os.waitstatus_to_exitcode(status)


def _drop_capabilities() -> None:
    """Root keeps what tests and installers need, and nothing that undoes or avoids the rules."""
    with open("/proc/sys/kernel/cap_last_cap") as file:
        last = int(file.read())
    for number in set(range(last + 1)) - _KEPT_CAPABILITIES:
        call("prctl", _DROP_CAPABILITY, number, 0, 0, 0)


def _restrict(order: Order, *, tcp: bool) -> None:
    """Landlock's rules, for this process and all that it starts, for good."""
    abi = int(order["abi"][0])
    network = 0 if tcp or abi < _TCP_ABI else _TCP
    scopes = _SCOPES if abi >= _SCOPES_ABI else 0
    attributes = b"".join(value.to_bytes(8, sys.byteorder) for value in (_HANDLED, network, scopes))
    rules = call("syscall", _CREATE_RULESET, attributes, len(attributes), 0)
    _allow(rules, "/", _READ_DIR)  # names show: a rule cannot end where a hidden folder begins
    writable = (*order.get("write", ()), *(f"/dev/{name}" for name in _DEVICES))
    for folder in ("/", *order.get("read", ()), *writable):
        for path in _seen(folder, frozenset(order.get("hide", ()))):
            _allow(rules, path, _READ)
    for path in writable:
        _allow(rules, path, _WRITE)
    call("prctl", _NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    call("syscall", _RESTRICT_SELF, rules, 0)
    os.close(rules)


def _seen(folder: str, hidden: frozenset[str]) -> list[str]:
    """The largest files and folders that hold all but what is hidden."""
    if folder in hidden:
        return []
    inside = f"{folder.rstrip('/')}/"
    if not any(path.startswith(inside) for path in hidden):
        return [folder]
    try:
        with os.scandir(folder) as entries:
            # A link would grant what it leads to, which has a place of its own.
            below = [entry.path for entry in entries if not entry.is_symlink()]
    except OSError:
        return []
    return [path for entry in below for path in _seen(entry, hidden)]


def _allow(rules: int, path: str, access: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there, or out of reach, needs no rule
    try:
        access &= -1 if os.path.isdir(path) else _OF_FILES
        rule = access.to_bytes(8, sys.byteorder) + fd.to_bytes(4, sys.byteorder)
        call("syscall", _ADD_RULE, rules, _PATH_BENEATH, rule, 0)
    finally:
        os.close(fd)


def _turn_loopback_on() -> None:
    """A new network has 127.0.0.1, but turned off; netdevice(7): SIOCSIFFLAGS."""
    import fcntl
    import socket  # half of a start, needed where the network is off

    up_and_running = 0x1 | 0x40
    request = b"lo".ljust(16, b"\0") + up_and_running.to_bytes(2, sys.byteorder)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(any_socket, 0x8914, request.ljust(40, b"\0"))
    except OSError as error:
        raise Refused(f"loopback: {error.strerror}") from None


def _write(path: str, text: str) -> None:
    try:
        with open(path, "w") as file:
            file.write(text)
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}") from None


def call(name: str, *arguments: int | bytes | None) -> int:
    """A function of the C library; `syscall` for what it has no name for. Refused if it fails."""
    libc = ctypes.CDLL(None, use_errno=True)
    wide = (ctypes.c_long(value) if isinstance(value, int) else value for value in arguments)
    result = int(getattr(libc, name)(*wide))
    if result < 0:
        raise Refused(f"{name}: {os.strerror(ctypes.get_errno())}")
    return result


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
