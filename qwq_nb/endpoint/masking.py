"""Remove keys from what a server says and streams.

A server can echo the key it was sent: in an error page, in an error within a stream, even as the answer. A masked key
never reaches a display, a file or a message.

In error texts and lists a key is found in every spelling that proxies, JSON and html give it: verbatim, in capitals,
with some or all of its characters percent-encoded (once or twice), as JSON or html escapes, or in base64 at any
alignment, as in that of `Bearer KEY`. A streamed answer is searched for the key as it was sent.
"""

from __future__ import annotations

import base64
import re

from qwq_nb.endpoint.delta import Delta

__all__ = ["MASK", "DeltaMask", "Mask", "TextMask", "without"]

MASK = "[key removed]"
SHORTEST = 12
"""Least length in characters of a key that is masked in answers. Servers without keys are given `EMPTY` or `none`:
words that an answer may contain, and that are no secret. In errors, such a word is masked as it was sent only."""


class Mask:
    """Hold the keys that were sent so far, and remove them from texts. Neither `repr` nor `vars` show them."""

    __slots__ = ("_keys", "_spellings")

    def __init__(self) -> None:
        self._keys: list[str] = []
        self._spellings: list[re.Pattern[str]] = []

    def note(self, key: str) -> None:
        """Remember a key that is about to be sent. An earlier key is kept: it can still be echoed."""
        if key and key not in self._keys:
            self._keys.append(key)
            self._spellings.append(spellings(key))

    def hide(self, text: str) -> str:
        """Return a server's error text without the keys, and without keys whose middle the server starred out."""
        for pattern in self._spellings:
            text = pattern.sub(MASK, text)
        return without("", text)

    def hide_in_answer(self, text: str) -> str:
        """Return a model's text without the keys of 12 characters or more. Nothing else is changed."""
        for key in self._keys:
            if len(key) >= SHORTEST:
                text = text.replace(key, MASK)
        return text

    def stream(self) -> DeltaMask | None:
        """Return the mask of one stream's texts; None if there is no key to look for."""
        return DeltaMask(self) if any(len(key) >= SHORTEST for key in self._keys) else None

    def stream_of_text(self) -> TextMask | None:
        """Return the mask of one text that is streamed by itself; None if there is no key to look for."""
        return TextMask(self) if any(len(key) >= SHORTEST for key in self._keys) else None

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


_WORD = re.compile(r"[^\s\"']+")
_STARRED = re.compile(r"[A-Za-z0-9_\-]\*{3,}|(?<!\*)\*{4,}(?=[A-Za-z0-9])")
"""In a word: a key with its middle starred out, as OpenAI echoes it. Its ends are key material too."""


def _without_ends(match: re.Match[str]) -> str:
    """A word up to its key: up to the last colon before the stars."""
    word = match[0]
    stars = _STARRED.search(word) if "***" in word else None
    return word if stars is None else word[: word.rfind(":", 0, stars.start()) + 1] + MASK


def without(key: str, text: str) -> str:
    """Return `text` without `key`, however it is spelt, and without any key whose middle is starred out."""
    if key:
        text = spellings(key).sub(MASK, text)
    return _WORD.sub(_without_ends, text) if "***" in text else text


def spellings(key: str) -> re.Pattern[str]:
    """Return the pattern of a key's spellings; of a key of less than 12 characters, the key as it is."""
    if len(key) < SHORTEST:
        return re.compile(re.escape(key))
    found = ["(?i:" + "".join(map(_character, key)) + ")"]
    found += [_in_base64(key.encode("utf-8", "surrogatepass"), before) for before in range(3)]
    return re.compile("|".join(found))


_HTML_NAMES = {"&": ("&amp;",), "<": ("&lt;",), ">": ("&gt;",), '"': ("&quot;",), "'": ("&apos;",), " ": ("+",)}
_BASE64_MARKS = {"+": r"(?:[+-]|%2[Bb])", "/": r"(?:\\?/|_|%2[Ff])"}
"""The marks of both alphabets (RFC 4648), also as they stand in a URL or in JSON."""


def _character(char: str) -> str:
    """Return the pattern of one character of a key: as it is, percent-encoded, or as an escape of JSON or html."""
    percent = "".join(f"%{byte:02x}" for byte in char.encode("utf-8", "surrogatepass"))
    forms = [char, percent, percent.replace("%", "%25"), *_HTML_NAMES.get(char, ())]
    patterns = [*map(re.escape, forms), rf"\\{{1,4}}u{ord(char):04x}", f"&#0?{ord(char)};", f"&#x0?{ord(char):x};"]
    if not char.isalnum():
        patterns.append(r"\\{1,4}" + re.escape(char))
    return f"(?:{'|'.join(patterns)})"


def _in_base64(key: bytes, before: int) -> str:
    """Return the pattern of what the base64 of any text with the key in it holds, `before` bytes (mod 3) into it.

    The character at either end also depends on the neighbours, and is masked with what depends on the key alone.
    """
    whole = base64.b64encode(bytes(before) + key).decode()
    first = (0, 2, 3)[before]  # so many characters hold bits of what stands before
    last = 4 * ((before + len(key)) // 3) + (0, 1, 2)[(before + len(key)) % 3]
    core = "".join(_BASE64_MARKS.get(char, char) for char in whole[first:last])
    return rf"[\w+/-]?{core}[\w+/-]?(?:=|%3[Dd])*"
