"""Make text valid UTF-8: join surrogate pairs, replace lone halves."""

from __future__ import annotations

from typing import Any

__all__ = ["clean_text", "scrub", "whole_characters"]


def clean_text(value: Any) -> Any:
    """The same value with each lone surrogate, which is no text in any encoding, replaced by U+FFFD."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list | tuple):
        return [clean_text(item) for item in value]
    if isinstance(value, dict):
        return {clean_text(key): clean_text(item) for key, item in value.items()}
    return value


def whole_characters(text: str) -> str:
    """`text` with surrogate pairs joined that came in two chunks, and lone halves as U+FFFD."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def scrub(text: str) -> str:
    """The text as UTF-8 can hold it: halves of a pair are joined, lone surrogates become U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
