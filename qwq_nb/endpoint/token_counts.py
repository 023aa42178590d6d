"""Count the tokens of a completion, from the best source available."""

from __future__ import annotations

from qwq_nb.core.records import Completion
from qwq_nb.endpoint.delta import Usage

__all__ = ["count_tokens"]


def count_tokens(completion: Completion, usage: Usage | None, chunks: int | None) -> None:
    """Set a completion's token counts, and `tokens_from`, their source.

    In order: `usage` (the server counted reasoning too, or there is one part only); `usage_share` (the server's total,
    split by the texts' lengths); `chunks` (pieces of the stream with text or tool calls, one token each as most servers
    send them; None if nothing was streamed); `estimate` (a quarter of the characters). Tool calls count as answer.
    """
    total = (usage.completion_tokens or 0) if usage else 0
    completion.prompt_tokens = (usage.prompt_tokens or 0) if usage else 0
    counted = (usage.reasoning_tokens or 0) if usage else 0
    calls = sum(len(c["function"]["name"]) + len(c["function"]["arguments"]) for c in completion.tool_calls)
    length = len(completion.reasoning) + len(completion.answer) + calls
    if total and counted and completion.reasoning:
        completion.reasoning_tokens = min(counted, total)
        completion.tokens_from = "usage"
    elif total:
        completion.reasoning_tokens = round(total * len(completion.reasoning) / length) if length else 0
        is_one_part = not completion.reasoning or not (completion.answer or calls)
        completion.tokens_from = "usage" if is_one_part else "usage_share"
    elif chunks is not None:
        total = chunks
        completion.reasoning_tokens = round(total * len(completion.reasoning) / length) if length else 0
        completion.tokens_from = "chunks"
    else:
        total = length // 4
        completion.reasoning_tokens = len(completion.reasoning) // 4
        completion.tokens_from = "estimate"
    completion.answer_tokens = total - completion.reasoning_tokens
