"""How many tokens a completion has, from the best count there is."""

from __future__ import annotations

from qwq_nb.core.records import Completion
from qwq_nb.endpoint.chat_completions import Usage

__all__ = ["count_tokens"]


def count_tokens(completion: Completion, usage: Usage | None, chunks: tuple[int, int] | None) -> None:
    """Set the token counts: as the server counted them, else split by text, else by streamed pieces."""
    total = (usage.completion_tokens or 0) if usage else 0
    completion.prompt_tokens = (usage.prompt_tokens or 0) if usage else 0
    details = usage.completion_tokens_details if usage else None
    length = len(completion.reasoning) + len(completion.answer)
    if total and details and details.reasoning_tokens and completion.reasoning:
        completion.reasoning_tokens = min(details.reasoning_tokens, total)
        completion.tokens_from = "usage"
    elif total:
        completion.reasoning_tokens = round(total * len(completion.reasoning) / length) if length else 0
        completion.tokens_from = "usage" if not completion.reasoning or not completion.answer else "usage_share"
    elif chunks is not None:
        total = sum(chunks)
        completion.reasoning_tokens = round(total * len(completion.reasoning) / length) if length else 0
        completion.tokens_from = "chunks"
    else:
        total = length // 4
        completion.reasoning_tokens = len(completion.reasoning) // 4
        completion.tokens_from = "estimate"
    completion.answer_tokens = total - completion.reasoning_tokens
