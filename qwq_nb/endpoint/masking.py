"""Remove keys from what a server says and streams.

A server can echo the key it was sent: in an error page, in an error within a stream, even as the answer. A masked key
never reaches a display, a file or a message.
"""

from __future__ import annotations

import re

from qwq_nb.endpoint.delta import Delta

__all__ = ["MASK", "DeltaMask", "Mask", "TextMask", "without"]

MASK = "[key removed]"
SHORTEST = 12
"""Least length in characters of a key that is masked in answers. Servers without keys are given `EMPTY` or `none`:
words that an answer may contain, and that are no secret."""


class Mask:
    """Hold the keys that were sent so far, and remove them from texts. Neither `repr` nor `vars` show them."""

    __slots__ = ("_keys",)

    def __init__(self) -> None:
        self._keys: list[str] = []

    def note(self, key: str) -> None:
        """Remember a key that is about to be sent. An earlier key is kept: it can still be echoed."""
        if key and key not in self._keys:
            self._keys.append(key)

    def hide(self, text: str) -> str:
        """Return a server's error text without the keys, and without keys whose middle the server starred out."""
        text = without("", text)
        for key in self._keys:
            text = without(key, text)
        return text

    def hide_in_answer(self, text: str) -> str:
        """Return a model's text without the keys of 12 characters or more. Nothing else is changed."""
        for key in self._keys:
            if len(key) >= SHORTEST:
                text = text.replace(key, MASK)
        return text

    def stream(self) -> DeltaMask | None:
        """Return the mask of one stream's texts; None if there is no key to look for."""
        return DeltaMask(self) if any(len(key) >= SHORTEST for key in self._keys) else None

    def held_back(self, text: str) -> int:
        """Return how many characters at the end of `text` may be the beginning of a key."""
        return max((beginning(key, text) for key in self._keys if len(key) >= SHORTEST), default=0)


class TextMask:
    """Mask one streamed text, however it is split: an end that may begin a key is held back for the next piece."""

    __slots__ = ("_held", "_mask")

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._held = ""

    def feed(self, piece: str) -> str:
        """Add a piece; return the text that may be shown now."""
        text = self._mask.hide_in_answer(self._held + piece)
        held = self._mask.held_back(text)
        self._held = text[len(text) - held :]
        return text[: len(text) - held]

    def rest(self) -> str:
        """Return the text still held back when the text ended."""
        held, self._held = self._held, ""
        return held


class DeltaMask:
    """Mask the texts of one stream. Each field is a text of its own, with its own splits.

    Tool calls are not changed here: they are shown only when they are whole, and masked then.
    """

    __slots__ = ("_alias", "_content", "_parts", "_reasoning")

    def __init__(self, mask: Mask) -> None:
        self._reasoning, self._alias, self._content = TextMask(mask), TextMask(mask), TextMask(mask)
        self._parts = TextMask(mask)

    def feed(self, delta: Delta) -> None:
        """Change a delta's texts in place to what may be shown now."""
        if delta.reasoning:
            delta.reasoning = self._reasoning.feed(delta.reasoning)
        if delta.reasoning_content:
            delta.reasoning_content = self._alias.feed(delta.reasoning_content)
        if delta.reasoning_parts:
            delta.reasoning_parts = self._parts.feed(delta.reasoning_parts)
        if delta.content:
            delta.content = self._content.feed(delta.content)

    def rest(self) -> Delta:
        """Return the texts still held back when the stream ended."""
        reasoning, alias, content = self._reasoning.rest(), self._alias.rest(), self._content.rest()
        return Delta(reasoning, alias, content, reasoning_parts=self._parts.rest())


def beginning(key: str, text: str) -> int:
    """Return the length of the longest end of `text` that is a proper beginning of `key`."""
    for length in range(min(len(key) - 1, len(text)), 0, -1):
        if text.endswith(key[:length]):
            return length
    return 0


_MASKED = re.compile(r"[^\s\"':]*[A-Za-z0-9_\-]\*{3,}[^\s\"']*|[^\s\"':]*\*{4,}[A-Za-z0-9][^\s\"']*")
"""A key with its middle starred out, as OpenAI echoes it: its ends are key material too."""


def without(key: str, text: str) -> str:
    """Return `text` without `key` and without any key whose middle is starred out."""
    if key:
        text = text.replace(key, "[key removed]")
    return _MASKED.sub("[key removed]", text) if "***" in text else text
