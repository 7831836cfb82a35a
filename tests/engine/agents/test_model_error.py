"""What agents say about their models, sorted."""

from __future__ import annotations

import pytest

from factory_engine.agents.model_error import model_error_of, wait_in


@pytest.mark.parametrize(
    ("message", "status", "told", "kind"),
    [
        ("the key is not known", 401, "not logged in", None),
        ("no access", 403, "not logged in", None),
        ("Invalid API key · Fix external API key", 0, "not logged in", None),
        ("unexpected status 401 Unauthorized: no", 0, "not logged in", None),
        (
            "exceeded retry limit, last status: 429 Too Many Requests",
            0,
            "limits the rate",
            "rate_limit",
        ),
        ("slow down", 429, "limits the rate", "rate_limit"),
        ("You've hit your usage limit. Try again at 3 pm.", 429, "allowance is used up", None),
        ("You exceeded your current quota", 0, "allowance is used up", None),
        ("Overloaded", 529, "has trouble", "service"),
        ("quota service is down", 503, "has trouble", "service"),
        ("unexpected status 502 Bad Gateway: x", 0, "has trouble", "service"),
        ("idle timeout waiting for SSE", 0, "fell silent", "silent"),
        ("stream closed before response.completed", 0, "was cut", "cut"),
        ("connect ECONNREFUSED", 0, "was cut", "cut"),
        ("Your input exceeds the context window of this model", 0, "has outgrown", None),
        ("The model `gpt-9` does not exist", 404, "no such model", None),
        ("I would rather not", 0, "the model refused", None),
    ],
)
def test_a_message_is_sorted(message: str, status: int, told: str, kind: str | None) -> None:
    error = model_error_of(message, status)
    assert told in error.reason
    assert error.reason.endswith(message)
    assert error.kind == kind


def test_the_sentence_is_taken_out_of_a_body() -> None:
    error = model_error_of('{"error": {"message": "too many requests", "code": "x"}}')
    assert error.reason == "the model service limits the rate: too many requests"


@pytest.mark.parametrize("message", ["", "[" * 100_000, "{}", "null", "7"])
def test_what_says_nothing_is_a_refusal(message: str) -> None:
    assert model_error_of(message).reason.startswith("the model refused")


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Rate limit reached for x. Please try again in 11.5s. Visit", 11.5),
        ("please try again in 820ms", 0.82),
        ("try again in 6m0s", 360),
        ("try again in 1h2m3.5s.", 3723.5),
        ("Retry-After: 20", 20),
        ("retry after 30 seconds", 30),
        ("try again in 2 days, 3 hours", 2 * 86_400 + 3 * 3600),
        ("try again in 5 minutes 1 sec", 301),
        ("try again at 3 pm", 0),
        ("try again in a while", 0),
        ("slow down", 0),
    ],
)
def test_a_wait_that_is_asked_for_is_heard(message: str, seconds: float) -> None:
    assert wait_in(message) == pytest.approx(seconds)


def test_trouble_that_no_wait_mends_asks_for_none() -> None:
    assert model_error_of("usage limit, try again in 5s", 429).retry_after_s == 0
    assert model_error_of("slow down, try again in 5s", 429).retry_after_s == 5
