"""How files and messages of agents are shown to others."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory_engine.agents.worker_paths import WorkerPaths

PATHS = WorkerPaths(Path("/home/me/cache/tree"), Path("/home/me/cache/outbox"))


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/home/me/cache/tree/src/a.py", "src/a.py"),
        ("src/../a.py", "a.py"),
        ("/home/me/cache/outbox/SUMMARY.md", "outbox/SUMMARY.md"),
        ("/home/me/.bashrc", "…/.bashrc"),
        ("../outside", "…/outside"),
        ("a\0b\n\u202e\ud800", r"ab\u{a}\u{202e}?"),
    ],
)
def test_a_path_is_shown_without_folders_of_the_machine(path: str, shown: str) -> None:
    assert PATHS.path(path) == shown


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("cat /home/me/cache/tree/src/a.py", "cat src/a.py"),
        ("cd /home/me/cache/tree && make", "cd . && make"),
        ("echo x > /home/me/cache/outbox/S.md", "echo x > outbox/S.md"),
        ("cp /home/me/.ssh/id_rsa x", "cp …/id_rsa x"),
        ("/usr/bin/python3 -m pytest", "/usr/bin/python3 -m pytest"),
        (r"type C:\Users\me\x.txt", "type …/x.txt"),
        ("bash ./run.sh a/b/c", "bash ./run.sh a/b/c"),
        ("failed, url: http://127.0.0.1:99/v1/responses", "failed"),
        ("see https://me.example.org/a for more", "see … for more"),
        ("check your gateway (127.0.0.1:8111).", "check your gateway (…)."),
        ("one\ntwo", "one …"),
        ("  \n", ""),
        ("", ""),
    ],
)
def test_words_are_shown_without_folders_of_the_machine(words: str, shown: str) -> None:
    assert PATHS.text(words) == shown
