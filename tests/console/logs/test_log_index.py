"""A log by line number while it grows, is cut, or is no text at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory_tui.console.logs.log_index import LogIndex


def index_of(path: Path) -> LogIndex:
    index = LogIndex(path, path.parent)
    index.poll()
    return index


def all_lines(index: LogIndex) -> list[bytes]:
    return [index.line(number) for number in range(index.count)]


def as_lines(data: bytes) -> list[bytes]:
    return data.split(b"\n")[:-1] if data.endswith(b"\n") else data.split(b"\n") if data else []


@given(st.lists(st.binary(max_size=200_000), max_size=6))
def test_lines_are_those_of_the_file_however_it_grew(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("log") / "a.log"
    path.write_bytes(b"")
    index = index_of(path)
    for chunk in chunks:
        with path.open("ab") as file:
            file.write(chunk)
        index.poll()
    expected = [line[: 1 << 20] for line in as_lines(path.read_bytes())]
    assert all_lines(index) == expected
    index.close()


def test_many_lines_cost_few_marks(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"".join(b"line %d\n" % number for number in range(300_000)))
    index = index_of(path)
    assert index.count == 300_000
    assert index.line(123_456) == b"line 123456"
    assert len(index._offsets) < 100
    index.close()


def test_a_log_whose_middle_was_cut_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"head\n" + b"middle\n" * 1000)
    index = index_of(path)
    with path.open("r+b") as file:
        file.seek(5)
        file.write(b"[cut]\ntail\n" + b"new\n" * 2000)
    assert index.poll()
    assert all_lines(index)[:3] == [b"head", b"[cut]", b"tail"]
    index.close()


def test_an_endless_line_is_one_line_and_the_next_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"x" * 3_000_000 + b"\nafter\n")
    index = index_of(path)
    assert index.count == 2
    assert len(index.line(0)) <= 1 << 20
    assert index.line(1) == b"after"
    index.close()


def test_a_search_names_each_line_once(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(
        b"".join(b"Error error %d\n" % n if n % 1000 == 7 else b"ok\n" for n in range(50_000))
    )
    index = index_of(path)
    assert index.find(b"error", fold=True, most=1000) == [n for n in range(50_000) if n % 1000 == 7]
    assert index.find(b"error", fold=True, most=3) == [7, 1007, 2007]
    assert index.find(b"ERROR", fold=False, most=10) == []
    index.close()


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "missing", "outside"])
def test_what_is_no_plain_file_of_the_run_is_not_opened(tmp_path: Path, kind: str) -> None:
    root = tmp_path / "run"
    (root / "LOGS").mkdir(parents=True)
    path = root / "LOGS" / "a.log"
    secret = tmp_path / "secret.log"
    secret.write_text("secret")
    if kind == "link":
        path.symlink_to(secret)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "outside":
        (root / "LOGS").rmdir()
        (root / "LOGS").symlink_to(tmp_path)
        path = root / "LOGS" / "secret.log"
    index = LogIndex(path, root)
    assert not index.poll()
    assert index.count == 0
    assert index.problem
