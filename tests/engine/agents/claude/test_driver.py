"""The driver for claude: its command line, and what its events mean."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from factory_engine.agents import driver
from factory_engine.agents.claude.driver import ClaudeDriver
from factory_engine.agents.protocol import Activity
from factory_engine.errors import UsageError
from factory_engine.processes.program import Finished
from tests.support.streams import lines, reader_of, task

WELL = Finished("exited", 0, "exit 0")


def argv(**changes: Any) -> tuple[str, ...]:
    return ClaudeDriver().prepare(task(**changes)).argv


def said(*blocks: dict[str, Any], number: str = "m") -> bytes:
    message = {"id": number, "role": "assistant", "content": list(blocks), "usage": {}}
    return json.dumps({"type": "assistant", "message": message}).encode() + b"\n"


def used(tool: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": f"id of {tool}", "name": tool, "input": arguments}


def result(tool: str, *, error: bool = False, **more: Any) -> bytes:
    block = {"type": "tool_result", "tool_use_id": f"id of {tool}", "is_error": error}
    event = {"type": "user", "message": {"role": "user", "content": [block]}, **more}
    return json.dumps(event).encode() + b"\n"


def ended(**fields: Any) -> bytes:
    event = {"type": "result", "subtype": "success", "is_error": False, "result": "Done."}
    return json.dumps({**event, **fields}).encode() + b"\n"


def test_it_is_known_by_its_name() -> None:
    assert isinstance(driver("claude"), ClaudeDriver)


def test_claude_may_edit_and_run_commands_and_reads_the_prompt() -> None:
    launch = ClaudeDriver().prepare(task(argv=(), prompt="Mend é.\n"))
    assert launch.argv == (
        *("claude", "-p", "--output-format", "stream-json", "--verbose", "--add-dir", "/outbox"),
        *("--permission-mode", "acceptEdits", "--allowed-tools", "Bash"),
    )
    assert launch.stdin == "Mend é.\n".encode()
    assert launch.separate_stderr


def test_its_keys_are_handed_on_and_it_is_interrupted_before_it_is_killed() -> None:
    needs = ClaudeDriver().needs((), {})
    assert "ANTHROPIC_API_KEY" in needs.pass_env
    assert ClaudeDriver().prepare(task()).stop_signals[0] == signal.SIGINT
    assert needs.set_env == {"DISABLE_AUTOUPDATER": "1"}


def test_options_become_arguments() -> None:
    settings = {"model": "opus", "max_cost": 2.5, "max_turns": 40, "permission_mode": "plan"}
    words = argv(settings={**settings, "tools": ["Bash(make *)", "WebFetch"]})
    assert words[-10:] == (
        *("--permission-mode", "plan", "--allowed-tools", "Bash(make *),WebFetch"),
        *("--model", "opus", "--max-budget-usd", "2.5", "--max-turns", "40"),
    )


@pytest.mark.parametrize(("own", "given"), [(2.0, "1.5"), (1.0, "1.0"), (None, "1.5")])
def test_the_smaller_of_two_budgets_counts(own: float | None, given: str) -> None:
    words = argv(settings={"max_cost": own} if own else {}, max_cost=1.5)
    assert words[words.index("--max-budget-usd") + 1] == given


def test_a_session_is_gone_on_with() -> None:
    assert argv(session="01a2")[-2:] == ("--resume", "01a2")
    reader = reader_of("claude-edit")
    assert reader.session == ""
    reader.feed(lines("claude-edit")[0])
    assert reader.session == "31e40269-788a-489b-ab11-e51eccc33e51"


def test_a_session_that_is_not_found_has_not_begun() -> None:
    reader = reader_of("claude")
    error = "No conversation found with session ID: 01a2"
    reader.feed(ended(subtype="error_during_execution", is_error=True, num_turns=0, errors=[error]))
    verdict = reader.verdict(Finished("exited", 1, "exit 1"))
    assert (verdict.ok, verdict.retryable, verdict.begun) == (False, False, False)
    assert verdict.reason == f"claude: could not begin: {error}"


def test_its_own_last_wait_is_the_least_for_another_try() -> None:
    reader = reader_of("claude-retries")
    reader.feed(b"".join(lines("claude-retries")))
    verdict = reader.verdict(Finished("exited", 1, "exit 1"))
    assert (verdict.kind, verdict.retry_after_s) == ("service", 1.029)


def test_a_sandbox_that_is_asked_for_must_be_there() -> None:
    words = argv(settings={"sandbox": True})
    sandbox = json.loads(words[words.index("--settings") + 1])["sandbox"]
    assert sandbox["enabled"]
    assert sandbox["failIfUnavailable"]
    assert not sandbox["allowUnsandboxedCommands"]


def test_rights_named_among_the_arguments_are_left_alone() -> None:
    own = ("claude", "--permission-mode=dontAsk", "--allowedTools", "Bash(ls)")
    words = argv(argv=own)[len(own) :]
    assert "--permission-mode" not in words
    assert "--allowed-tools" not in words


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"max_cost": 0}, "option 'max_cost' is 0; set a number above 0"),
        ({"max_turns": True}, "option 'max_turns' is True; set a number above 0"),
        ({"tools": "Bash"}, "option 'tools' is 'Bash'; set a list of texts"),
        ({"permission_mode": "yolo"}, "option 'permission_mode' is 'yolo'; set one of acceptEdits"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        argv(settings=settings)


def test_claude_without_a_prompt_is_a_mistake_of_the_configuration() -> None:
    with pytest.raises(UsageError, match="A_worker: the agent `claude` has no prompt"):
        argv(prompt=None)


def test_a_turn_is_shown_while_it_runs() -> None:
    reader = reader_of("claude-edit")
    shown = [activity for line in lines("claude-edit") for activity in reader.feed(line)]
    texts = [activity.text for activity in shown if activity.text]
    assert texts == [
        *("thinking", "plan 0/1: look around", "thinking", "running `echo before; ls`"),
        *("thinking", "Read hello.txt", "thinking", "editing `hello.txt`", "thinking"),
        "The greeting is changed.",
    ]
    assert reader.last_message == "The greeting is changed."
    counts = {name: count for activity in shown for name, count in activity.counts.items()}
    assert counts == {
        **{"plan_done": 0, "plan_steps": 1, "files": 1, "turns": 5},
        **{"tokens_in": 500, "tokens_cached": 200, "tokens_out": 50, "cost_microusd": 2850},
    }


def test_tokens_are_counted_once_a_message_though_it_comes_in_pieces() -> None:
    reader = reader_of("claude")
    usage = {"input_tokens": 10, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 1}
    message = {"id": "m", "content": [], "usage": {**usage, "output_tokens": 3}}
    event = json.dumps({"type": "assistant", "message": message}).encode() + b"\n"
    reader.feed(event)
    (shown,) = reader.feed(event)
    assert shown.counts == {"tokens_in": 16, "tokens_cached": 5, "tokens_out": 3, "turns": 1}


def test_a_plan_is_followed_task_by_task() -> None:
    reader = reader_of("claude")
    for number, subject in (("1", "look"), ("2", "mend")):
        reader.feed(said(used("TaskCreate", subject=subject)))
        reader.feed(
            result("TaskCreate", tool_use_result={"task": {"id": number, "subject": subject}})
        )
    reader.feed(said(used("TaskUpdate", taskId="1", status="completed")))
    shown = reader.feed(said(used("TaskUpdate", taskId="2", status="in_progress")))
    assert Activity("plan", "plan 1/2: mend", {"plan_done": 1, "plan_steps": 2}) in shown


def test_a_plan_is_read_whole() -> None:
    todos = [
        {"content": "look", "status": "completed"},
        {"content": "mend", "status": "pending"},
        {"content": "test", "status": "in_progress"},
    ]
    shown = reader_of("claude").feed(said(used("TodoWrite", todos=todos)))
    assert Activity("plan", "plan 1/3: test", {"plan_done": 1, "plan_steps": 3}) in shown


def test_a_retry_is_shown_as_waiting() -> None:
    reader = reader_of("claude-retries")
    texts = [activity.text for line in lines("claude-retries") for activity in reader.feed(line)]
    assert "waiting: server_error, try 1/2" in texts


def test_a_failed_edit_touches_no_file() -> None:
    reader = reader_of("claude")
    reader.feed(said(used("Edit", file_path="/workspace/a")))
    shown = reader.feed(result("Edit", error=True))
    assert all("files" not in activity.counts for activity in shown)


DENIED = [{"tool_name": "Edit", "tool_use_id": "id of Edit", "tool_input": {"file_path": "/etc/x"}}]


@pytest.mark.parametrize(
    ("afterwards", "ok"),
    [
        ((), False),
        ((said(used("Read", file_path="/workspace/a")), result("Read")), False),
        ((said(used("Bash", command="false")), result("Bash", error=True)), False),
        ((said(used("Bash", command="make fix")), result("Bash")), True),
        ((said(used("Write", file_path="/workspace/a")), result("Write")), True),
    ],
)
def test_a_refusal_counts_if_nothing_was_done_after_it(
    afterwards: tuple[bytes, ...], ok: bool
) -> None:
    reader = reader_of("claude")
    reader.feed(said(used("Bash", command="ls")) + result("Bash"))
    reader.feed(said(used("Edit", file_path="/etc/x")) + result("Edit", error=True))
    reader.feed(b"".join(afterwards) + ended(permission_denials=DENIED))
    verdict = reader.verdict(WELL)
    assert verdict.ok is ok
    assert "Edit …/x" in verdict.reason


def test_an_answer_in_a_form_that_was_asked_for_needs_no_words() -> None:
    reader = reader_of("claude")
    reader.feed(ended(result="", structured_output={"summary": "Done."}))
    assert reader.verdict(WELL).ok


def test_what_it_says_when_it_is_stopped_does_not_hide_the_timeout() -> None:
    reader = reader_of("claude")
    reader.feed(said({"type": "thinking"}))
    stopped = {"subtype": "error_during_execution", "is_error": True, "errors": ["[diagnostic]"]}
    reader.feed(ended(num_turns=2, **stopped))
    verdict = reader.verdict(Finished("timeout", 0, "no end within 9 s: stopped"))
    assert verdict.reason == "no end within 9 s: stopped; last seen thinking"


def test_a_result_that_is_neither_good_nor_known_is_a_failure() -> None:
    reader = reader_of("claude")
    reader.feed(ended(subtype="error_of_tomorrow", is_error=True, result=""))
    verdict = reader.verdict(WELL)
    assert not verdict.ok
    assert verdict.reason.endswith("error of tomorrow")


def test_a_sandbox_that_is_not_there_is_told_and_not_tried_again() -> None:
    reader = reader_of("claude")
    problem = "Sandbox required but unavailable: socat not installed"
    failed = {"subtype": "error_during_execution", "is_error": True, "num_turns": 0}
    reader.feed(ended(**failed, errors=[problem]))
    verdict = reader.verdict(Finished("exited", 1, "exit 1"))
    assert verdict.reason == f"claude: could not begin: {problem}"
    assert not verdict.retryable
