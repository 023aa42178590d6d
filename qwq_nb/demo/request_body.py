"""Read the body of a request to the demo endpoint, or say what is wrong with it."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["BadRequestError", "alternatives", "parsed_body", "said_in", "texts_of", "thinking_budget", "token_limit"]


class BadRequestError(Exception):
    """Refuse the request with this status, message and error code."""

    def __init__(self, status: int, message: str, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.param = status, code, param


def parsed_body(raw: bytes) -> dict[str, Any]:
    """Parse a body. Raises BadRequestError if it is no JSON object."""
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise BadRequestError(400, f"The body is not JSON: {error}.") from error
    if not isinstance(body, dict):
        raise BadRequestError(400, "The body is not a JSON object.")
    return body


def token_limit(body: dict[str, Any]) -> int | None:
    """Return the limit of tokens, by either name; None for none. Raises BadRequestError if it is no number of them."""
    for name in ("max_completion_tokens", "max_tokens"):
        limit = body.get(name)
        if limit is not None:
            if not isinstance(limit, int) or limit < 1:
                raise BadRequestError(400, f"{name} is a whole number of at least 1, not {limit!r}.", param=name)
            return limit
    return None


def thinking_budget(body: dict[str, Any]) -> int | None:
    """Return the thinking budget of a request, by vLLM's name for it; None for none. Other names are ignored."""
    budget = body.get("thinking_token_budget")
    if budget is not None and (not isinstance(budget, int) or isinstance(budget, bool) or budget < 0):
        message = f"thinking_token_budget is a whole number of at least 0, not {budget!r}."
        raise BadRequestError(400, message, param="thinking_token_budget")
    return budget


def alternatives(body: dict[str, Any]) -> int | None:
    """Return how many alternatives a token are asked for (`logprobs`, `top_logprobs`); None: no log probabilities.

    Raises BadRequestError for another number than 0 to 20, as OpenAI does.
    """
    wanted, top = body.get("logprobs"), body.get("top_logprobs") or 0
    if not wanted:
        return None
    if wanted is not True or not isinstance(top, int) or isinstance(top, bool) or not 0 <= top <= 20:
        raise BadRequestError(400, "logprobs is true, and top_logprobs a number from 0 to 20.", param="top_logprobs")
    return top


def texts_of(body: dict[str, Any]) -> list[str]:
    """Return the texts of the messages, with that of the last user message put last."""
    messages = body.get("messages")
    found: list[tuple[bool, str]] = []
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, dict):
            found.append((message.get("role") == "user", _content(message.get("content"))))
    last = max((i for i, (is_user, _) in enumerate(found) if is_user), default=None)
    if last is None:
        raise BadRequestError(400, "`messages` has no user message.", param="messages")
    return [text for _, text in [*found[:last], *found[last + 1 :], found[last]]]


def said_in(messages: list[Any]) -> list[tuple[str, str]]:
    """Return role and text of each message."""
    return [(str(m.get("role")), _content(m.get("content"))) for m in messages if isinstance(m, dict)]


def _content(content: object) -> str:
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, dict))
        return "\n".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""
