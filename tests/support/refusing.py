"""Becomes a program to which the kernel refuses some calls, as in a locked-down container.

A script: `refusing.py CALL… -- PROGRAM …`. The calls are those of `NUMBERS`; the filter is of the
kernel (seccomp(2)) and holds for all that the program starts. Needs nothing of this project.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

_UNSHARE, _MOUNT = {"x86_64": (272, 165), "aarch64": (97, 40)}.get(platform.machine(), (-1, -1))
NUMBERS = {"unshare": (_UNSHARE, errno.EPERM), "mount": (_MOUNT, errno.EPERM)}
NUMBERS |= {"landlock": (444, errno.ENOSYS)}

# linux/filter.h, linux/seccomp.h, linux/prctl.h
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2


def main(arguments: list[str]) -> None:
    """Install the filter, then become the program."""
    split = arguments.index("--")
    lines = [(_LOAD, 0, 0, 0)]
    for name in arguments[:split]:
        number, error = NUMBERS[name]
        if number < 0:
            raise SystemExit(f"the number of {name} is not known on this machine")
        lines += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | error)]
    lines += [(_RETURN, 0, 0, _ALLOW)]
    text = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in lines))
    program = ctypes.create_string_buffer(struct.pack("@HP", len(lines), ctypes.addressof(text)))
    libc = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    for option, value, pointer in (
        (_NO_NEW_PRIVILEGES, ctypes.c_ulong(1), zero),
        (_SET_SECCOMP, ctypes.c_ulong(_FILTER), program),
    ):
        if libc.prctl(option, value, pointer, zero, zero):
            raise SystemExit(os.strerror(ctypes.get_errno()))
    os.execvp(arguments[split + 1], arguments[split + 1 :])


if __name__ == "__main__":
    main(sys.argv[1:])
