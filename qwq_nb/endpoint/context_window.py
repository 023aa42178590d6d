"""Tell an answer that the server's context window cut from one that `max_tokens` cut: both end with `length`.

llama.cpp divides `-c` among its slots, Ollama's `num_ctx` is small by default, vLLM has `--max-model-len`: an answer
ends where prompt and answer together fill the window, however many tokens the request allows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qwq_nb.core.records import Completion

__all__ = ["RAISE_IT", "is_cut_by_server", "window_of", "window_warning"]

RAISE_IT = "llama.cpp: -c, which its -np slots share; Ollama: num_ctx; vLLM: --max-model-len"
"""How a larger window is had."""

FAR_BELOW = 0.9
"""Share of `max_tokens` up to which the server's own count of tokens is far below it: gateways count otherwise."""
FAR_BELOW_UNCOUNTED = 0.5
"""The same where the server counts nothing, and pieces of the stream or characters stand for tokens."""
LEAST = 8
"""Tokens at least that must be missing: the ends of messages are counted by some servers, and not by others."""
A_TOKEN = 3
"""Characters of a token where nothing is counted; rather too few than too many."""

_WINDOWS = ("max_model_len", "context_length", "context_window", "max_context_length", "n_ctx")
"""Fields of a model in `GET /models` that hold its window: vLLM and SGLang; OpenRouter; Groq; LM Studio; llama.cpp
(in `meta`: of one slot)."""


def is_cut_by_server(completion: Completion, asked: int) -> bool:
    """Return whether an answer ended at a limit of the server's own: `asked` tokens (0: no limit) are far more."""
    if completion.stop_reason == "model_length":
        return True  # the server says so itself
    if completion.limit_reached or not completion.is_truncated:
        return False
    if not asked:
        return True
    if completion.tokens_from in ("usage", "usage_share"):
        tokens, share = completion.completion_tokens, FAR_BELOW
    else:
        length = len(completion.reasoning) + len(completion.answer)
        tokens, share = max(completion.completion_tokens, length // A_TOKEN), FAR_BELOW_UNCOUNTED
    return tokens < share * asked and asked - tokens >= LEAST


def window_of(model: Mapping[str, Any]) -> int:
    """Return the context window, in tokens, that `GET /models` gives for a model; 0 where it gives none."""
    meta = model.get("meta")
    for fields in (model, meta if isinstance(meta, dict) else {}):
        for name in _WINDOWS:
            value = fields.get(name)
            if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**40:
                return value
    return 0


def window_warning(model: str, window: int, asked: int) -> str:
    """Write the warning for a window (tokens; 0: not known) that cannot hold `asked` tokens; empty where it can."""
    if not window or asked < window:
        return ""
    return (
        f"The server's context window for {model} is {window:,} tokens, prompt and answer together: it cuts "
        f"answers before max-tokens {asked:,}. Restart the server with a larger one ({RAISE_IT}), or give a smaller "
        f"--max-tokens."
    )
