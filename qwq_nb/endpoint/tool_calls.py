"""Merge the pieces of streamed tool calls into whole ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from qwq_nb.core.records import ToolCall
from qwq_nb.core.text import valid_text
from qwq_nb.endpoint.delta import ToolCallPiece
from qwq_nb.endpoint.limits import LONGEST_NAME

__all__ = ["ToolCallMerger"]


class _Call:
    __slots__ = ("arguments", "id", "name")

    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.arguments: list[str] = []


class ToolCallMerger:
    """Merge the tool calls of one answer: `feed` the pieces as they arrive, read `calls` at the end.

    Pieces belong together by their index. Where a server gives none, a new call begins with another id than the last
    one's, or with a name that has no id. Id and name are taken from the first piece that has them (some servers repeat
    them in each); arguments are joined, so that the result does not depend on how they were split.
    """

    def __init__(self) -> None:
        self._calls: dict[int, _Call] = {}
        self.length = 0
        """Characters of all pieces so far."""
        self._last = -1
        """Key of the call that an unnumbered piece goes on with; unnumbered calls have negative keys."""

    def feed(self, pieces: Iterable[ToolCallPiece]) -> None:
        """Add pieces in the order in which they arrived."""
        for piece in pieces:
            call = self._call_of(piece)
            call.id = call.id or piece.id
            call.name = call.name or piece.name
            self.length += len(piece.id) + len(piece.name) + len(piece.arguments)
            if piece.arguments:
                call.arguments.append(piece.arguments)

    def calls(self, hide: Callable[[str], str] = str) -> list[ToolCall]:
        """Return the calls in the order in which they began, their texts passed through `hide`, which removes keys.

        Only whole texts are masked: a key may have been cut between two pieces. Ids and names are then clipped.
        """

        def shown(text: str) -> str:
            return hide(valid_text(text))

        return [
            {
                "id": shown(call.id)[:LONGEST_NAME],
                "type": "function",
                "function": {"name": shown(call.name)[:LONGEST_NAME], "arguments": shown("".join(call.arguments))},
            }
            for call in self._calls.values()
        ]

    def _call_of(self, piece: ToolCallPiece) -> _Call:
        key = piece.index
        if key is None or key < 0:
            last = self._calls.get(self._last)
            other_id = last is not None and piece.id and last.id and piece.id != last.id
            is_new = last is None or other_id or (piece.name and not piece.id)
            key = -1 - len(self._calls) if is_new else self._last
        self._last = key
        return self._calls.setdefault(key, _Call())
