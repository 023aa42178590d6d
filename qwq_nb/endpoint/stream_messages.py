"""Read whole messages that come in a stream, where deltas should.

Some servers end a stream with the whole `message` (MiniMax: after its deltas), send nothing but one such event, write
each piece as `message`, or repeat in each the text so far. Deltas count where there are any; otherwise the messages do:
the last one where each repeats the one before it, else all together.
"""

from __future__ import annotations

from qwq_nb.endpoint.delta import Delta

__all__ = ["StreamMessages"]

_TEXTS = ("reasoning", "reasoning_content", "content", "reasoning_parts")
_SURE = 8
"""Messages that each repeat the one before and go on, after which the stream is taken to repeat itself: then only the
last one is kept. The same text again and again is no sign of it: those may be the pieces of an answer.
"""


class StreamMessages:
    """Collect the messages of one stream: `add` each, then `delta` is what they say together."""

    __slots__ = ("_grown", "_length", "_pieces", "_repeats")

    def __init__(self) -> None:
        self._pieces: list[Delta] = []
        self._grown = 0
        """Messages that were longer than the one before which they repeat."""
        self._repeats = True
        self._length = 0
        """Characters of the pieces that are kept."""

    def add(self, message: Delta) -> None:
        """Add one event's message."""
        if self._pieces and self._repeats:
            previous = self._pieces[-1]
            self._repeats = all(getattr(message, name).startswith(getattr(previous, name)) for name in _TEXTS)
            self._grown += _length(message) > _length(previous)
        if self._repeats and self._grown >= _SURE:
            self._pieces.clear()
            self._length = 0
        self._pieces.append(message)
        self._length += _length(message)

    def length(self) -> int:
        """Return the characters of all that is kept so far."""
        return self._length

    def delta(self) -> Delta:
        """Return the texts and tool calls of all."""
        pieces = self._pieces[-1:] if self._repeats else self._pieces
        joined = Delta(tool_calls=[call for piece in pieces for call in piece.tool_calls])
        for name in _TEXTS:
            setattr(joined, name, "".join(getattr(piece, name) for piece in pieces))
        return joined


def _length(message: Delta) -> int:
    return sum(len(getattr(message, name)) for name in _TEXTS)
