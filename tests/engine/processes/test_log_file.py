"""The log with a size limit."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factory_engine.errors import StorageError
from factory_engine.processes.log_file import CappedLog, LogSummary
from tests.support.faulty_disk import broken, faulty


def write(path: Path, *chunks: bytes, head: int = 10, tail: int = 10) -> tuple[bytes, LogSummary]:
    log = CappedLog(path, head, tail)
    for chunk in chunks:
        log.write(chunk)
    return b"", log.close()


def test_a_short_output_is_kept_as_it_is(tmp_path: Path) -> None:
    _, summary = write(tmp_path / "log", b"one\n", b"", b"two")
    assert (tmp_path / "log").read_bytes() == b"one\ntwo"
    assert summary == LogSummary(bytes_seen=7, lines_seen=2, last_line=b"two")


def test_an_empty_output_leaves_an_empty_file(tmp_path: Path) -> None:
    _, summary = write(tmp_path / "log")
    assert (tmp_path / "log").read_bytes() == b""
    assert summary == LogSummary()


def test_an_output_that_just_fits_is_not_cut(tmp_path: Path) -> None:
    _, summary = write(tmp_path / "log", b"0123456789abcdefghij")
    assert (tmp_path / "log").read_bytes() == b"0123456789abcdefghij"
    assert not summary.truncated


def test_the_cut_is_marked_on_a_line_of_its_own(tmp_path: Path) -> None:
    write(tmp_path / "log", b"0123456789" + b"x" * 1_234_567 + b"abcdefghij")
    expected = "0123456789\n[… 1,234,567 bytes cut here …]\nabcdefghij"
    assert (tmp_path / "log").read_bytes() == expected.encode()


def test_a_head_that_ends_a_line_needs_no_other_line_end(tmp_path: Path) -> None:
    write(tmp_path / "log", b"012345678\n", b"x" * 500, b"abcdefghij")
    expected = "012345678\n[… 500 bytes cut here …]\nabcdefghij"
    assert (tmp_path / "log").read_bytes() == expected.encode()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    chunks=st.lists(st.binary(max_size=300), max_size=12),
    head=st.integers(0, 60),
    tail=st.integers(0, 200),
)
def test_the_final_file_depends_on_the_bytes_alone(
    tmp_path: Path, chunks: list[bytes], head: int, tail: int
) -> None:
    data = b"".join(chunks)
    _, in_pieces = write(tmp_path / "pieces", *chunks, head=head, tail=tail)
    _, at_once = write(tmp_path / "once", data, head=head, tail=tail)
    assert in_pieces == at_once
    assert (tmp_path / "pieces").read_bytes() == (tmp_path / "once").read_bytes()
    kept = (tmp_path / "once").read_bytes()
    assert kept.startswith(data[:head])
    assert kept.endswith(data[max(head, len(data) - tail) :])
    assert at_once.truncated == (len(data) > head + tail)


def test_the_file_never_outgrows_head_and_twice_the_tail(tmp_path: Path) -> None:
    log, sizes = CappedLog(tmp_path / "log", 1000, 500), []
    for _ in range(2000):
        log.write(b"x" * 77)
        sizes.append((tmp_path / "log").stat().st_size)
    log.close()
    assert max(sizes) <= 1000 + 2 * 500 + 64
    assert (tmp_path / "log").stat().st_size <= 1000 + 500 + 64


def test_another_process_sees_the_newest_output_at_any_time(tmp_path: Path) -> None:
    log = CappedLog(tmp_path / "log", 100, 300)
    for number in range(1000):
        log.write(b"line %d\n" % number)
        assert (tmp_path / "log").read_bytes().endswith(b"line %d\n" % number)
    log.close()


def test_the_last_line_is_told_though_it_was_cut_out(tmp_path: Path) -> None:
    _, summary = write(tmp_path / "log", b"first\n", b"a last line longer than what is kept")
    assert summary.last_line == b"a last line longer than what is kept"


def test_closing_twice_changes_nothing(tmp_path: Path) -> None:
    log = CappedLog(tmp_path / "log", 5, 5)
    log.write(b"0123456789abcdef")
    assert log.close() == log.close()


def test_a_folder_that_is_missing_is_an_expected_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="the log cannot be created: No such file"):
        CappedLog(tmp_path / "none" / "log", 10, 10)


@pytest.mark.skipif(sys.platform == "win32", reason="O_NOFOLLOW")
def test_a_log_is_not_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "log").symlink_to(tmp_path / "victim")
    with pytest.raises(StorageError):
        CappedLog(tmp_path / "log", 10, 10)
    assert (tmp_path / "victim").read_text() == "precious"


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full")
def test_a_full_disk_is_remembered_and_the_bytes_are_counted(tmp_path: Path) -> None:
    _, summary = write(Path("/dev/full"), b"one\n", b"two\n")
    refusal = "No space left on device"
    assert summary == LogSummary(8, 2, truncated=True, error=refusal, last_line=b"two")


def test_a_log_that_the_disk_refused_a_piece_of_says_so(tmp_path: Path) -> None:
    log = CappedLog(tmp_path / "log", 1000, 1000)
    log.write(b"kept\n")
    with faulty(broken, 1):
        log.write(b"refused\n")
    log.write(b"only counted\n")
    summary = log.close()
    assert (tmp_path / "log").read_bytes().startswith(b"kept\n\n[\xe2\x80\xa6 bytes cut here: ")
    assert (summary.truncated, summary.bytes_seen) == (True, 26)


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_FSIZE")
def test_what_was_written_before_the_disk_was_full_stays(tmp_path: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    log = CappedLog(tmp_path / "log", 1000, 1000)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        log.write(b"x" * 150)
        log.write(b"more")
        summary = log.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / "log").read_bytes() == b"x" * 100  # no room to say so, either
    assert (summary.bytes_seen, summary.error) == (154, "File too large")
