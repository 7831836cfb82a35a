"""What agents say about their models, sorted."""

from __future__ import annotations

import pytest

from factory_engine.agents.trouble import model_trouble


@pytest.mark.parametrize(
    ("message", "status", "kind", "retryable"),
    [
        ("the key is not known", 401, "not logged in", False),
        ("no access", 403, "not logged in", False),
        ("Invalid API key · Fix external API key", 0, "not logged in", False),
        ("unexpected status 401 Unauthorized: no", 0, "not logged in", False),
        ("exceeded retry limit, last status: 429 Too Many Requests", 0, "limits the rate", True),
        ("slow down", 429, "limits the rate", True),
        ("You've hit your usage limit. Try again at 3 pm.", 429, "allowance is used up", False),
        ("You exceeded your current quota", 0, "allowance is used up", False),
        ("Overloaded", 529, "has trouble", True),
        ("quota service is down", 503, "has trouble", True),
        ("unexpected status 502 Bad Gateway: x", 0, "has trouble", True),
        ("idle timeout waiting for SSE", 0, "fell silent", True),
        ("stream closed before response.completed", 0, "was cut", True),
        ("connect ECONNREFUSED", 0, "was cut", True),
        ("Your input exceeds the context window of this model", 0, "has outgrown", False),
        ("The model `gpt-9` does not exist", 404, "no such model", False),
        ("I would rather not", 0, "the model refused", False),
    ],
)
def test_a_message_is_sorted(message: str, status: int, kind: str, retryable: bool) -> None:
    trouble = model_trouble(message, status)
    assert kind in trouble.reason
    assert trouble.reason.endswith(message)
    assert trouble.retryable is retryable


def test_the_sentence_is_taken_out_of_a_body() -> None:
    trouble = model_trouble('{"error": {"message": "too many requests", "code": "x"}}')
    assert trouble.reason == "the model service limits the rate: too many requests"


@pytest.mark.parametrize("message", ["", "[" * 100_000, "{}", "null", "7"])
def test_what_says_nothing_is_a_refusal(message: str) -> None:
    assert model_trouble(message).reason.startswith("the model refused")
