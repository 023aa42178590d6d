"""Count the tokens of a completion, from the best source available."""

from __future__ import annotations

from typing import Literal, NamedTuple

from qwq_nb.core.records import Completion
from qwq_nb.endpoint.delta import Usage

__all__ = ["Pieces", "count_tokens", "plausible"]

MOST = 10_000_000
"""Tokens of one completion that are believed: more than any model writes."""
OVERSHOOT = 4
"""How often the request's limit a total may be that is believed: some servers count a thought beside the limit."""
LONGEST_TOKEN = 32
"""Mean characters of a token, white space apart, beyond which a total is not believed."""
NEARLY = 0.1
"""Share by which the pieces of a stream may differ from the server's total and still be taken for its tokens."""
DIFFERENCE = 0.05
"""Share of the total by which the server's count of reasoning may differ from that of the pieces."""
DENSITY = 10
"""Ratio of the two parts' characters per token beyond which the server's count of reasoning is not believed."""
SHORT = 40
"""Characters of a part below which its density says nothing."""


class Pieces(NamedTuple):
    """Hold the pieces of a stream that had reasoning, and those that had an answer or a tool call and no reasoning."""

    reasoning: int
    answer: int


def plausible(usage: Usage | None, token_limit: int | None = None) -> Usage | None:
    """Return the usage with the reasoning inside `completion_tokens`; None if there is none that can be believed.

    OpenAI counts reasoning within `completion_tokens`. xAI, and Kimi behind gateways, count it beside: then
    `total_tokens` is the sum of all three. Gemini gives the total alone: what it exceeds the other two by is reasoning.
    """
    if usage is None:
        return None
    prompt, completion = usage.prompt_tokens or 0, usage.completion_tokens or 0
    reasoning, total = usage.reasoning_tokens or 0, usage.total_tokens or 0
    if min(prompt, completion, reasoning, total) < 0:
        return None
    most = MOST if token_limit is None else min(MOST, OVERSHOOT * token_limit + MOST // 1000)
    beside = total - prompt - completion
    if reasoning:
        is_beside = 2 * abs(beside - reasoning) < reasoning if total else reasoning > completion
        completion += reasoning if is_beside else 0
    elif prompt and completion and 0 < beside <= most - completion:
        completion, reasoning = completion + beside, beside
    counted = Usage(prompt, completion, min(reasoning, completion), cached_tokens=usage.cached_tokens)
    return counted if 0 < completion <= most else None


def count_tokens(completion: Completion, usage: Usage | None, pieces: Pieces | None) -> None:
    """Set a completion's token counts, and `tokens_from`, their source.

    `usage`: as `plausible` returns it. `pieces`: None if nothing was streamed. In order: `usage` (the server counted
    reasoning too, or there is one part only); `usage_share` (the server's total, split by the pieces of the stream
    where they are nearly as many, else by the texts' lengths); `chunks` (pieces of the stream, one token each as most
    servers send them); `estimate` (a quarter of the characters). Tool calls stand in the answer. A part without
    text has no tokens, but for reasoning that the server counts and does not show.
    """
    lengths = (len(completion.reasoning), len(completion.answer))
    total = (usage.completion_tokens or 0) if usage else 0
    counted = (usage.reasoning_tokens or 0) if usage else 0
    completion.prompt_tokens = (usage.prompt_tokens or 0) if usage else 0
    cached = (usage.cached_tokens or 0) if usage else 0
    completion.cached_tokens = min(max(cached, 0), completion.prompt_tokens)
    if total and not _is_too_small(total, counted, completion, lengths, pieces):
        completion.reasoning_tokens, completion.tokens_from = _divided(total, counted, lengths, pieces)
    elif pieces is not None:
        total = sum(pieces)
        completion.reasoning_tokens = _by_pieces(total, lengths, pieces)
        completion.tokens_from = "chunks"
    else:
        total = sum(lengths) // 4
        completion.reasoning_tokens = lengths[0] // 4 if lengths[1] else total
        completion.tokens_from = "estimate"
    # One without text has none, whatever the server counts for its end.
    completion.answer_tokens = total - completion.reasoning_tokens if lengths[1] else 0


def _is_too_small(
    total: int, counted: int, completion: Completion, lengths: tuple[int, int], pieces: Pieces | None
) -> bool:
    """Return whether the server cannot have counted all: too few tokens for the texts, or none for the answer."""
    if sum(lengths) > LONGEST_TOKEN * total:
        written = sum(len(word) for text in (completion.reasoning, completion.answer) for word in text.split())
        if written > LONGEST_TOKEN * total:
            return True
    return counted == total and lengths[1] > 0 and pieces is not None and not _are_tokens(pieces, total)


def _are_tokens(pieces: Pieces, total: int) -> bool:
    """Return whether a stream came in pieces of about a token each."""
    return abs(sum(pieces) - total) <= max(2, NEARLY * total)


def _divided(
    total: int, counted: int, lengths: tuple[int, int], pieces: Pieces | None
) -> tuple[int, Literal["usage", "usage_share"]]:
    """Return how many of the server's total are reasoning, and where that is from. `counted`: by the server."""
    reasoning, answer = lengths
    if not answer:
        return (total if reasoning or counted else 0), "usage"
    if not reasoning:
        is_hidden = 0 < counted < total and (pieces is None or sum(pieces) <= (total - counted) * (1 + NEARLY) + 2)
        return (counted if is_hidden else 0), "usage"
    if pieces is not None and min(pieces) and _are_tokens(pieces, total):
        witnessed = _by_pieces(total, lengths, pieces)
        if counted and abs(counted - witnessed) <= max(3, DIFFERENCE * total):
            return counted, "usage"
        return witnessed, "usage_share"
    if 0 < counted < total and _is_dense_alike(reasoning / counted, answer / (total - counted), min(lengths)):
        return counted, "usage"
    return round(total * reasoning / (reasoning + answer)), "usage_share"


def _is_dense_alike(one: float, other: float, shortest: int) -> bool:
    """Return whether two parts have about as many characters a token. Of a short one that says nothing."""
    return shortest < SHORT or 1 / DENSITY <= one / other <= DENSITY


def _by_pieces(total: int, lengths: tuple[int, int], pieces: Pieces) -> int:
    """Return how many of a total are reasoning by the pieces of the stream, or by length where a piece had both."""
    reasoning, answer = lengths
    if not reasoning or not answer:
        return total if reasoning else 0
    parts = pieces if min(pieces) else lengths
    return round(total * parts[0] / sum(parts))
