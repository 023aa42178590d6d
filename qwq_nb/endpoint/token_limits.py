"""Read from a server's refusal how many tokens it would allow, and say which --max-tokens to give."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["RefusedLimit", "refused_limit"]

_NUMBER = r"[`'\"]?(\d{1,3}(?:,\d{3})+|\d{1,12})"
_NAME = r"max_(?:completion_|new_|output_)?tokens"
_ASKED = re.compile(
    rf"{_NAME}[`'\"\s]*(?:=|:|is too (?:large|long|high|big):?|of)\s*{_NUMBER}"
    rf"|{_NUMBER}\s*(?:tokens )?(?:in|for) the completion|you provided {_NUMBER}"
    rf"|{_NUMBER}\s*`?{_NAME}\b|value={_NUMBER}",
    re.I,
)
_WINDOW = re.compile(
    rf"max_model_len\W{{0,4}}{_NUMBER}|context (?:length|window|size)(?: of| is|:)?(?: only)?\s*\(?{_NUMBER}"
    rf"|{_NUMBER}[ -]tokens? context",
    re.I,
)
"""A window that prompt and answer share: vLLM, SGLang, llama.cpp, OpenAI, Mistral."""
_MOST = re.compile(
    rf"(?:at most|maximum of|less than or equal to|no more than|up to|<=|must not exceed|cannot exceed)\s*{_NUMBER}"
    rf"|\[\s*\d+\s*,\s*{_NUMBER}\s*\]|between \d+ and {_NUMBER}|>\s*{_NUMBER}, which is the maximum",
    re.I,
)
"""A limit of the answer alone: OpenAI, Groq ("less than or equal to"), DeepSeek and DashScope (a range), Anthropic."""
_MENTIONED = re.compile(rf"\b{_NAME}\b|in the completion", re.I)


class RefusedLimit(NamedTuple):
    """Hold what a refusal says of the number of tokens. `advice` is empty if it is not about `max_tokens`."""

    advice: str
    """What to give, as a sentence after a space."""
    concerns_all: bool
    """No prompt would fit beside so many tokens, or the limit is the answer's: every request meets it."""


def refused_limit(said: str) -> RefusedLimit:
    """Read a server's message, of 2,000 characters at most."""
    if not _MENTIONED.search(said):
        return RefusedLimit("", False)
    windows, most, asked = _numbers(_WINDOW, said), _numbers(_MOST, said), _numbers(_ASKED, said)
    if most:
        return RefusedLimit(f" Give --max-tokens {min(most)} or less.", True)
    if windows:
        window = min(windows)
        return RefusedLimit(
            f" Give --max-tokens {window} or less, so that the prompt fits beside it.", max(asked, default=0) >= window
        )
    return RefusedLimit(" Give a smaller --max-tokens.", False)


def _numbers(pattern: re.Pattern[str], said: str) -> list[int]:
    groups = (group for match in pattern.finditer(said) for group in match.groups() if group)
    return [number for group in groups if (number := int(group.replace(",", ""))) > 0]
