"""The to-do list that claude keeps, told by its calls and results."""

from __future__ import annotations

from factory_engine.agents.claude.plan import ClaudePlan


def todo(content: str, status: str) -> dict[str, str]:
    return {"content": content, "status": status}


def test_a_whole_list_replaces_the_one_before() -> None:
    plan = ClaudePlan()
    todos = {"todos": [todo("one", "completed"), todo("two", "in_progress"), todo("three", "")]}
    assert plan.called("TodoWrite", todos)
    assert plan.standing() == (1, 3, "two")
    assert not plan.called("TodoWrite", todos)
    assert plan.called("TodoWrite", {"todos": [todo("four", "pending")]})
    assert plan.standing() == (0, 1, "four")


def test_a_task_is_known_by_the_id_of_its_result() -> None:
    plan = ClaudePlan()
    created = {"tool_use_result": {"task": {"id": "1", "subject": "one"}}}
    assert plan.created(created)
    assert not plan.created(created)
    assert not plan.created({"tool_use_result": "text"})
    assert plan.called("TaskUpdate", {"taskId": "1", "status": "completed"})
    assert plan.standing() == (1, 1, "")
    assert plan.called("TaskUpdate", {"taskId": "1", "status": "deleted"})
    assert plan.standing() == (0, 0, "")


def test_an_update_of_an_unknown_task_changes_nothing() -> None:
    assert not ClaudePlan().called("TaskUpdate", {"taskId": "9", "status": "completed"})
