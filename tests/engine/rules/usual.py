"""The base, the edit and the claims that most hostile bundles of these tests start from."""

from __future__ import annotations

from typing import Any

CAFE = "caf\u00e9".encode()
CAFE_DECOMPOSED = "cafe\u0301".encode()
LINES = b"".join(b"line %d\n" % number for number in range(1, 31))

BASE: dict[bytes, Any] = {
    b"src/app.py": b"one\ntwo\nthree\n",
    b"src/long.txt": LINES,
    b"src/" + CAFE: b"coffee\n",
    b"src/link": ("120000", b"../docs"),
    b"docs/guide.md": b"# Guide\n",
    b"docs/image.bin": bytes(range(256)),
    b"README.md": b"hello\n",
}
EDIT = {b"src/app.py": b"one\n2\nthree\n"}


def claims(*paths: str, **fields: Any) -> list[dict[str, Any]]:
    """Claims about files that were added with the content of `new_file`."""
    said = {
        "change_type": "added",
        "reason": "test",
        "sha256": "73cb3858a687a8494ca3323053016282f3dad39d42cf62ca4e79dda2aac7d9ac",
        **fields,
    }
    return [{"path": path, **said} for path in paths]
