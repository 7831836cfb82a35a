"""Every recording through its reader: whole, in pieces, cut anywhere, and with rubbish between."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory_engine.agents.own_files import OwnFiles, OwnFolder
from factory_engine.agents.protocol import AgentVerdict, Conversation
from factory_engine.processes.program import Finished
from tests.support.streams import EXPECTED, FOLDER, lines, reader_of

NAMES = sorted(EXPECTED)
RUBBISH = (
    b"\n",
    b"npm warn something\n",
    b"\xff\xfe\x00\n",
    b"{\n",
    b"[]\n",
    b"null\n",
    b'{"type":"item.completed","item":7}\n',
    b'{"type":"assistant","message":{"content":[null,{"type":"tool_use","input":[]}]}}\n',
    b'{"type":"user","message":{"content":"words"}}\n',
    b'{"type":"thread.started","thread_id":["--last"]}\n',
    b'{"type":"system","subtype":"api_retry","retry_delay_ms":"soon"}\n',
    b'{"type":{},"id":[],"method":7,"result":null}\n',
    b'{"id":{"a":1},"method":"session/request_permission","params":[]}\n',
    b'{"id":99,"result":{"stopReason":"end_turn"}}\n',
    b'{"id":true,"result":{"stopReason":"end_turn"}}\n',
    b'{"method":"session/update","params":{"update":{"sessionUpdate":"plan","entries":{}}}}\n',
    b"[" * 100_000 + b"\n",
    b'{"n":' + b"9" * 5000 + b"}\n",
)


def exited(rc: int) -> Finished:
    return Finished("exited", rc, f"exit {rc}")


def verdict_on(name: str, chunks: list[bytes], rc: int) -> AgentVerdict:
    reader = reader_of(name)
    for chunk in chunks:
        reader.feed(chunk)
        for errand in reader.errands() if isinstance(reader, Conversation) else ():
            errand.answer(errand.do(OwnFiles(OwnFolder(Path("/workspace")), pid=0)))
    verdict: AgentVerdict = reader.verdict(exited(rc))
    return verdict


def decides(line: bytes) -> bool:
    """True for the line in which an agent says that its turn is over."""
    event: dict[str, Any] = json.loads(line)
    ends = event.get("type") in ("turn.completed", "turn.failed", "result")
    return ends or "stopReason" in str(event.get("result")) or "error" in event


def test_each_recording_has_its_verdict_and_each_verdict_its_recording() -> None:
    assert [file.stem for file in sorted(FOLDER.glob("*.jsonl"))] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_comes_to_its_verdict(name: str) -> None:
    expected = EXPECTED[name]
    verdict = verdict_on(name, lines(name), expected.rc)
    assert expected.reason in verdict.reason
    assert (verdict.ok, verdict.retryable) == (expected.ok, expected.retryable)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_it_does_not_matter_how_the_bytes_arrive(name: str, size: int) -> None:
    whole = b"".join(lines(name))
    reader, piecewise = reader_of(name), reader_of(name)
    shown = reader.feed(whole)
    pieces = [whole[n : n + size] for n in range(0, len(whole), size)]
    assert [activity for piece in pieces for activity in piecewise.feed(piece)] == shown
    finished = exited(EXPECTED[name].rc)
    assert piecewise.verdict(finished) == reader.verdict(finished)


@pytest.mark.parametrize("name", NAMES)
def test_a_stream_that_is_cut_before_its_end_is_no_success(name: str) -> None:
    recorded = lines(name)
    end = max(n for n, line in enumerate(recorded) if decides(line))
    for length in range(end):
        for rc in (0, 1, -9):
            verdict = verdict_on(name, recorded[:length], rc)
            assert not verdict.ok
            assert verdict.reason
    half = recorded[end][: len(recorded[end]) // 2]
    assert not verdict_on(name, [*recorded[:end], half], 0).ok


@pytest.mark.parametrize("name", NAMES)
def test_rubbish_between_the_lines_changes_nothing(name: str) -> None:
    recorded = lines(name)
    mixed = [part for line in recorded for part in (*RUBBISH, line)]
    # Calls that nobody knows may count as steps, so only what decides is compared.
    clean, dirty = (verdict_on(name, chunks, EXPECTED[name].rc) for chunks in (recorded, mixed))
    assert (dirty.ok, dirty.retryable) == (clean.ok, clean.retryable)


@pytest.mark.parametrize("name", NAMES)
def test_neither_cut_nor_rubbish_together_make_a_success(name: str) -> None:
    recorded = lines(name)
    reader = reader_of(name)
    for line in recorded[: max(n for n, line in enumerate(recorded) if decides(line))]:
        for part in (*RUBBISH, line):
            reader.feed(part)
        for rc in (0, 1, -9):
            verdict = reader.verdict(exited(rc))
            assert not verdict.ok
            assert verdict.reason


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_is_shown_names_a_folder_of_the_machine(name: str) -> None:
    reader = reader_of(name)
    shown = [activity.text for line in lines(name) for activity in reader.feed(line)]
    shown.append(reader.verdict(exited(EXPECTED[name].rc)).reason)
    assert [text for text in shown if "/workspace" in text or "/home/" in text] == []
    assert [text for text in shown if "127.0.0.1" in text or "\n" in text] == []


@pytest.mark.parametrize("name", NAMES)
def test_counts_are_whole_numbers_and_never_negative(name: str) -> None:
    reader = reader_of(name)
    counts = [
        c
        for line in lines(name)
        for activity in reader.feed(line)
        for c in activity.counts.values()
    ]
    assert all(type(count) is int and count >= 0 for count in counts)
    assert counts or not EXPECTED[name].ok


@pytest.mark.parametrize("name", ["codex-edit", "claude-edit", "acp-claude-edit"])
def test_a_turn_that_completed_counts_though_its_program_had_to_be_stopped(name: str) -> None:
    reader = reader_of(name)
    reader.feed(b"".join(lines(name)))
    assert reader.over
    verdict = reader.verdict(Finished("timeout", -2, "no end within 9 s: stopped"))
    assert verdict.ok
    assert "did not exit by itself" in verdict.reason


@pytest.mark.parametrize("name", ["codex-edit", "claude-edit", "acp-claude-edit"])
def test_a_cancelled_worker_never_passes(name: str) -> None:
    reader = reader_of(name)
    reader.feed(b"".join(lines(name)))
    cancelled = Finished("cancelled", -2, "stopped on request")
    assert reader.verdict(cancelled) == AgentVerdict(False, "stopped on request")


@pytest.mark.parametrize("name", ["codex-edit", "claude-edit", "acp-claude-edit"])
def test_a_silent_turn_is_told_by_what_was_seen_last(name: str) -> None:
    reader = reader_of(name)
    for line in lines(name):
        if decides(line) and not line.startswith(b'{"jsonrpc"'):
            break
        reader.feed(line)
        if b"hello.txt" in line:
            break
    verdict = reader.verdict(Finished("timeout", -2, "no end within 9 s: stopped"))
    assert not verdict.ok
    assert verdict.retryable
    assert verdict.reason.startswith("no end within 9 s: stopped; last seen ")


@pytest.mark.parametrize("name", ["codex-edit", "claude-edit"])
def test_a_program_that_fails_after_its_turn_has_failed(name: str) -> None:
    verdict = verdict_on(name, lines(name), 70)
    assert not verdict.ok
    assert verdict.reason.endswith("ended its turn, and then with exit 70")


COMPLAINT = b"reading config\nerror: unexpected argument '--nope'\n\nsee --help\n"


@pytest.mark.parametrize("cut", range(len(COMPLAINT)))
@pytest.mark.parametrize("name", ["codex-edit", "claude-edit", "acp-claude-edit"])
def test_a_program_that_cannot_begin_is_told_in_its_own_words(name: str, cut: int) -> None:
    reader = reader_of(name)
    reader.feed_stderr(COMPLAINT[:cut])
    reader.feed_stderr(COMPLAINT[cut:])
    verdict = reader.verdict(exited(2))
    assert (verdict.ok, verdict.retryable) == (False, False)
    assert verdict.reason.endswith("did not begin: exit 2: error: unexpected argument '--nope'")


@pytest.mark.parametrize("name", ["codex-edit", "claude-edit", "acp-claude-edit"])
def test_a_program_that_is_not_there_is_told_as_it_is(name: str) -> None:
    finished = Finished("not_started", 127, "program not found: agent")
    assert reader_of(name).verdict(finished) == AgentVerdict(False, "program not found: agent")


_KNOWN = """
    type subtype item message content text status id method params update sessionUpdate result
    tool_use tool_result item.completed file_change changes path usage modelUsage toolCallId kind
    assistant user system init command_execution todo_list items tool_call edit entries plan
    permission_denials tool_input session/update session/request_permission options
"""
_WORDS = st.sampled_from(re.findall(r"\S+", _KNOWN))
_ODD = st.sampled_from(["\ud800", "/a\0b", "~" * 5000, "/workspace/../../..", "\u202e", "\n"])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | _WORDS | _ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=5),
    max_leaves=20,
)


@given(st.lists(st.dictionaries(_WORDS, _JSON, max_size=6), max_size=5))
@pytest.mark.parametrize("name", ["codex-edit", "claude-edit", "acp-claude-edit"])
def test_no_event_makes_a_reader_fall_over(name: str, events: list[dict[str, Any]]) -> None:
    reader = reader_of(name)
    for event in events:
        reader.feed(json.dumps(event).encode() + b"\n")
    assert not reader.verdict(exited(1)).ok
