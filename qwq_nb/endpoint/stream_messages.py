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
"""Messages that each repeat the one before, after which the stream is taken to repeat itself: pieces are not kept."""


class StreamMessages:
    """Collect the messages of one stream: `add` each, then `delta` is what they say together."""

    __slots__ = ("_count", "_length", "_pieces", "_repeats")

    def __init__(self) -> None:
        self._pieces: list[Delta] = []
        self._count = 0
        self._repeats = True
        self._length = 0

    def add(self, message: Delta) -> None:
        """Add one event's message."""
        if self._pieces and self._repeats:
            previous = self._pieces[-1]
            self._repeats = all(getattr(message, name).startswith(getattr(previous, name)) for name in _TEXTS)
        self._count += 1
        if self._repeats and self._count >= _SURE:
            self._pieces.clear()
        self._pieces.append(message)
        self._length += _length(message)

    def length(self) -> int:
        """Return the characters that they have so far."""
        return _length(self._pieces[-1]) if self._repeats and self._pieces else self._length

    def delta(self) -> Delta:
        """Return the texts and tool calls of all."""
        pieces = self._pieces[-1:] if self._repeats else self._pieces
        joined = Delta(tool_calls=[call for piece in pieces for call in piece.tool_calls])
        for name in _TEXTS:
            setattr(joined, name, "".join(getattr(piece, name) for piece in pieces))
        return joined


def _length(message: Delta) -> int:
    return sum(len(getattr(message, name)) for name in _TEXTS)
