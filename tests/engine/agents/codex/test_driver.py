"""The driver for codex: its command line, and what its events mean."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from factory_engine.agents import driver
from factory_engine.agents.codex.driver import CodexDriver
from factory_engine.agents.protocol import Activity, Conversation
from factory_engine.errors import UsageError
from factory_engine.processes.program import Finished
from tests.support.streams import lines, reader_of, task

WELL = Finished("exited", 0, "exit 0")


def argv(**changes: Any) -> tuple[str, ...]:
    return CodexDriver().prepare(task(**changes)).argv


def events(*found: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in found)


def item(kind: str, *, at: str = "completed", **fields: Any) -> dict[str, Any]:
    return {"type": f"item.{at}", "item": {"id": "item_1", "type": kind, **fields}}


def test_it_is_known_by_its_name() -> None:
    assert isinstance(driver("codex"), CodexDriver)


def test_codex_runs_in_its_sandbox_without_asking_and_reads_the_prompt() -> None:
    launch = CodexDriver().prepare(task(argv=(), prompt="Mend é.\n"))
    assert launch.argv == (
        *("codex", "exec", "--json", "--color", "never", "--skip-git-repo-check"),
        *("-C", "/workspace", "--add-dir", "/outbox", "-c", 'approval_policy="never"'),
        *("--sandbox", "workspace-write", "-"),
    )
    assert launch.stdin == "Mend é.\n".encode()
    assert launch.separate_stderr


def test_its_keys_are_handed_on_and_it_is_interrupted_before_it_is_killed() -> None:
    needs = CodexDriver().needs((), {})
    assert set(needs.pass_env) == {"CODEX_API_KEY", "OPENAI_API_KEY"}
    assert CodexDriver().prepare(task()).stop_signals[0] == signal.SIGINT


@pytest.mark.parametrize(
    ("argv", "settings", "own"),
    [
        ((), {}, True),
        (("codex",), {"sandbox": "read-only"}, True),
        (("codex",), {"sandbox": "danger-full-access"}, False),
        (("codex", "-s", "danger-full-access"), {}, False),
        (("codex", "--dangerously-bypass-approvals-and-sandbox"), {}, False),
    ],
)
def test_it_brings_its_own_sandbox_unless_that_is_turned_off(
    argv: tuple[str, ...], settings: dict[str, object], own: bool
) -> None:
    assert CodexDriver().needs(argv, settings).own_sandbox is own


def test_the_configured_program_and_its_arguments_come_first() -> None:
    words = argv(argv=("/opt/codex", "-p", "work"))
    assert words[:4] == ("/opt/codex", "-p", "work", "exec")


def test_options_become_arguments() -> None:
    words = argv(settings={"model": "gpt-5.5", "sandbox": "read-only", "network": True})
    assert words[-7:] == (
        *("--sandbox", "read-only"),
        *("-c", "sandbox_workspace_write.network_access=true", "-m", "gpt-5.5", "-"),
    )


def test_a_session_is_gone_on_with_under_the_same_settings() -> None:
    words = argv(argv=("codex",), settings={"model": "gpt-5.5"}, session="01a2")
    assert words[-5:] == ("-m", "gpt-5.5", "resume", "01a2", "-")
    assert "--sandbox" in words[: words.index("resume")]


@pytest.mark.parametrize(
    ("named", "known"),
    [("01a2-b3", "01a2-b3"), ("--last", ""), ("", ""), ("a b", ""), ("a\nb", ""), (7, "")],
)
def test_its_session_is_known_if_its_name_can_be_said_again(named: object, known: str) -> None:
    reader = reader_of("codex")
    reader.feed(events({"type": "thread.started", "thread_id": named}))
    assert reader.session == known


def test_a_session_that_is_not_found_has_not_begun() -> None:
    reader = reader_of("codex")
    reader.feed_stderr(b"Error: thread/resume failed: no rollout found for thread id 01a2\n")
    verdict = reader.verdict(Finished("exited", 1, "exit 1"))
    assert (verdict.ok, verdict.retryable, verdict.begun) == (False, False, False)
    assert "no rollout found" in verdict.reason


@pytest.mark.parametrize(
    "flag", ["-s", "--sandbox=x", "--dangerously-bypass-approvals-and-sandbox"]
)
def test_a_sandbox_named_among_the_arguments_is_left_alone(flag: str) -> None:
    assert "--sandbox" not in argv(argv=("codex", flag))[2:]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"sandbocks": "x"}, "A_worker, agent codex: unknown option 'sandbocks'; did you mean"),
        ({"sandbox": "none"}, "option 'sandbox' is 'none'; set one of workspace-write, read-only"),
        ({"network": "yes"}, "option 'network' is 'yes'; set true or false"),
        ({"model": 5}, "option 'model' is 5; set a text"),
        ({"max_cost": 5}, "unknown option 'max_cost'; there is model, network, sandbox"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        argv(settings=settings)


@pytest.mark.parametrize("prompt", [None, "", " \n"])
def test_codex_without_a_prompt_is_a_mistake_of_the_configuration(prompt: str | None) -> None:
    with pytest.raises(UsageError, match="A_worker: the agent `codex` has no prompt"):
        argv(prompt=prompt)


def test_a_turn_is_shown_while_it_runs() -> None:
    reader = reader_of("codex-edit")
    shown = [activity for line in lines("codex-edit") for activity in reader.feed(line)]
    texts = [activity.text for activity in shown if activity.text]
    assert texts == [
        *("thinking", "running `true`", "thinking", "running `echo before; ls`", "thinking"),
        *("running `cat hello.txt`", "thinking", "editing `hello.txt`", "thinking"),
        "The greeting is changed.",
    ]
    assert reader.last_message == "The greeting is changed."
    assert Activity("editing", counts={"files": 1}) in shown
    assert shown[-1] == Activity(
        "tokens", counts={"tokens_in": 500, "tokens_cached": 200, "tokens_out": 50, "turns": 1}
    )


def test_it_is_not_talked_to() -> None:
    assert not isinstance(reader_of("codex-edit"), Conversation)


def test_a_plan_is_shown_by_its_next_step() -> None:
    steps = [{"text": "look", "completed": True}, {"text": "mend it", "completed": False}]
    (shown,) = reader_of("codex").feed(events(item("todo_list", at="updated", items=steps)))
    assert shown == Activity("plan", "plan 1/2: mend it", {"plan_done": 1, "plan_steps": 2})


def test_other_tools_are_shown_too() -> None:
    reader = reader_of("codex")
    call = item("mcp_tool_call", at="started", server="docs", tool="find")
    search = item("web_search", at="started", query="pytest marks")
    shown = reader.feed(events(call, search, item("reasoning", text="Hm.")))
    assert [activity.text for activity in shown] == [
        *("running `docs.find`", "searching pytest marks", "thinking"),
    ]


def test_several_files_are_shown_as_one_and_more() -> None:
    changes = [{"path": f"/workspace/{name}", "kind": "add"} for name in ("a", "b/c", "d")]
    change = item("file_change", at="started", changes=changes)
    (shown,) = reader_of("codex").feed(events(change))
    assert shown == Activity("editing", "editing `a` and 2 more")


def test_a_retry_is_shown_as_waiting() -> None:
    reader = reader_of("codex-retries")
    texts = [activity.text for line in lines("codex-retries") for activity in reader.feed(line)]
    assert texts[1].startswith("waiting: Reconnecting... 1/2")


def test_a_warning_is_no_failure() -> None:
    reader = reader_of("codex")
    warning = item("error", message="Model metadata for `x` not found.")
    reader.feed(events(warning, {"type": "turn.started"}, {"type": "turn.completed"}))
    assert reader.verdict(WELL).ok


def test_a_refused_patch_is_heard_on_standard_error() -> None:
    reader = reader_of("codex-read-only")
    reader.feed(b"".join(lines("codex-read-only")))
    reader.feed_stderr(
        b"2026-01-01T00:00:00Z ERROR codex_core::tools::router: error=patch rejected: writing is "
        b"blocked by read-only sandbox; rejected by user approval settings\n"
    )
    verdict = reader.verdict(WELL)
    assert not verdict.ok
    assert "did nothing else: a patch (writing is blocked by read-only sandbox)" in verdict.reason


def test_a_home_in_the_temporary_folder_is_named_as_the_cause() -> None:
    reader = reader_of("codex-failed-patch")
    reader.feed_stderr(b'WARNING: Refusing to create helper binaries under temporary dir "/tmp"\n')
    reader.feed(b"".join(lines("codex-failed-patch")))
    assert "CODEX_HOME lies in the temporary folder" in reader.verdict(WELL).reason


def test_who_was_refused_and_went_on_otherwise_has_done_something() -> None:
    reader = reader_of("codex")
    declined = item("command_execution", command="rm x", status="declined")
    worked = item("command_execution", command="sed -i s/a/b/ x", status="completed")
    reader.feed(events({"type": "turn.started"}, declined, worked, {"type": "turn.completed"}))
    verdict = reader.verdict(WELL)
    assert (verdict.ok, verdict.reason) == (True, "turn completed; refused on the way: to run rm x")


def test_a_command_that_was_interrupted_with_the_turn_is_what_was_seen_last() -> None:
    reader = reader_of("codex")
    started = item("command_execution", at="started", command="pytest -q")
    ended = item("command_execution", command="pytest -q", exit_code=130, status="failed")
    reader.feed(events({"type": "turn.started"}, started, ended))
    verdict = reader.verdict(Finished("timeout", 1, "no end within 9 s: stopped"))
    assert verdict.reason == "no end within 9 s: stopped; last seen running `pytest -q`"
