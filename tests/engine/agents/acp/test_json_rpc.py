"""One side of a JSON-RPC conversation."""

from __future__ import annotations

import json
from typing import Any

from factory_engine.agents.acp.json_rpc import NO_METHOD, JsonRpc


def said(rpc: JsonRpc) -> list[dict[str, Any]]:
    return [json.loads(line) for line in rpc.take().splitlines()]


def test_each_question_has_a_number_and_its_answer_is_known_once() -> None:
    rpc = JsonRpc()
    rpc.ask("initialize", protocolVersion=1)
    rpc.ask("session/new")
    first, second = said(rpc)
    assert (first["id"], first["method"], first["params"]) == (
        0,
        "initialize",
        {"protocolVersion": 1},
    )
    assert (second["id"], second["jsonrpc"]) == (1, "2.0")
    assert rpc.answered({"id": 1, "result": {}}) == "session/new"
    assert rpc.answered({"id": 1, "result": {}}) == ""


def test_an_answer_that_nobody_asked_for_answers_nothing() -> None:
    rpc = JsonRpc()
    rpc.ask("initialize")
    assert [rpc.answered({"id": number}) for number in (7, "0", False, None)] == [""] * 4


def test_requests_are_answered_under_their_own_id() -> None:
    rpc = JsonRpc()
    rpc.reply({"id": "x"}, None)
    rpc.refuse({"id": 4}, NO_METHOD, "no")
    rpc.tell("session/cancel", sessionId="s")
    reply, refusal, notice = said(rpc)
    assert reply == {"jsonrpc": "2.0", "id": "x", "result": None}
    assert refusal["error"] == {"code": NO_METHOD, "message": "no"}
    assert "id" not in notice
    assert rpc.take() == b""


def test_a_lone_surrogate_can_be_said() -> None:
    rpc = JsonRpc()
    rpc.reply({"id": "\ud800"}, None)
    assert b"\\ud800" in rpc.take()
