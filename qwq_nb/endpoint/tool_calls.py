"""Merge the pieces of streamed tool calls into whole ones, and show them while they arrive."""

from __future__ import annotations

import json
from collections.abc import Iterable

from qwq_nb.core.records import ToolCall
from qwq_nb.core.text import valid_text
from qwq_nb.endpoint.delta import ToolCallPiece
from qwq_nb.endpoint.limits import LONGEST_NAME
from qwq_nb.endpoint.masking import Mask, TextMask

__all__ = ["ToolCallMerger"]


class _Call:
    __slots__ = ("arguments", "id", "name", "shown")

    def __init__(self, shown: TextMask | None) -> None:
        self.id = ""
        self.name = ""
        self.arguments: list[str] = []
        self.shown = shown


class ToolCallMerger:
    """Merge the tool calls of one answer: `feed` the pieces as they arrive, read `calls` at the end.

    Pieces belong together by their index. Where a server gives none, a new call begins with another id than the last
    one's, or with a name that has no id. Some servers number all calls alike: a piece with a name and another id begins
    a new call too, where the arguments before it are whole. Id and name are taken from the first piece that has them
    (some servers repeat them in each); arguments are joined, so that the result does not depend on how they were split.

    What is shown meanwhile (`text_so_far`) is in the order of arrival, and only grows. Other threads read it.
    """

    def __init__(self, mask: Mask | None = None) -> None:
        self._calls: dict[tuple[int, int], _Call] = {}
        """By index and number among the calls with this index; those without an index have negative ones."""
        self._present: dict[int, int] = {}
        """Index → number of the call that a piece with this index goes on with."""
        self._last: tuple[int, int] | None = None
        self._mask = mask
        self._shown: list[str] = []
        self._shown_of: _Call | None = None
        self.length = 0
        """Characters of all pieces so far."""
        self.shown_length = 0
        """Characters of the text shown so far."""

    def feed(self, pieces: Iterable[ToolCallPiece]) -> None:
        """Add pieces in the order in which they arrived."""
        for piece in pieces:
            call = self._call_of(piece)
            call.id = call.id or piece.id
            call.name = call.name or piece.name
            self.length += len(piece.id) + len(piece.name) + len(piece.arguments)
            if piece.arguments:
                call.arguments.append(piece.arguments)
            self._show(call, piece.arguments)

    def calls(self) -> list[ToolCall]:
        """Return the calls in the order of their numbers, or in which they began, without keys.

        Only whole texts are masked: a key may have been cut between two pieces. Ids and names are then clipped.
        """
        # Another thread may add calls meanwhile.
        found = list(self._calls.items())
        if all(index >= 0 for (index, _), _ in found):
            found.sort(key=lambda entry: entry[0])
        return [
            {
                "id": self._masked(call.id)[:LONGEST_NAME],
                "type": "function",
                "function": {
                    "name": self._masked(call.name)[:LONGEST_NAME],
                    "arguments": self._masked("".join(call.arguments)),
                },
            }
            for _, call in found
        ]

    def text_so_far(self, tail: int) -> str:
        """Return the last `tail` characters of what is shown of the calls so far."""
        pieces: list[str] = []
        for piece in reversed(self._shown):
            if tail <= 0:
                break
            pieces.append(piece[-tail:])
            tail -= len(piece)
        return "".join(reversed(pieces))

    def _masked(self, text: str) -> str:
        return valid_text(text) if self._mask is None else self._mask.hide_in_answer(valid_text(text))

    def _call_of(self, piece: ToolCallPiece) -> _Call:
        index = piece.index
        if index is None or index < 0:
            last = self._calls.get(self._last) if self._last is not None else None
            other_id = last is not None and piece.id and last.id and piece.id != last.id
            is_new = last is None or other_id or (piece.name and not piece.id)
            key = (-1 - len(self._calls), 0) if is_new or self._last is None else self._last
        else:
            key = (index, self._present.get(index, 0))
            if self._begins_another(self._calls.get(key), piece):
                key = (index, key[1] + 1)
            self._present[index] = key[1]
        self._last = key
        call = self._calls.get(key)
        if call is None:
            call = self._calls[key] = _Call(self._mask.stream_of_text() if self._mask is not None else None)
        return call

    @staticmethod
    def _begins_another(call: _Call | None, piece: ToolCallPiece) -> bool:
        """Return whether a piece with a call's own number is of another call."""
        if call is None or not (piece.name and piece.id and call.name and call.id) or piece.id == call.id:
            return False
        try:
            json.loads("".join(call.arguments) or "{}")
        except (ValueError, RecursionError):
            return False
        return True

    def _show(self, call: _Call, arguments: str) -> None:
        text = call.shown.feed(arguments) if call.shown is not None and arguments else arguments
        if call is not self._shown_of and (call.name or text):
            self._shown_of = call
            before = "\n" if self._shown else ""
            self._add(f'{before}<tool_call>\n{{"name": {json.dumps(self._masked(call.name))}, "arguments": ')
        if text:
            self._add(text)

    def _add(self, text: str) -> None:
        self._shown.append(text)
        self.shown_length += len(text)
