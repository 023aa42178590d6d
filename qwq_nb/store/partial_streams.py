"""Read the partial texts that a killed kernel left behind."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from qwq_nb.core.records import Completion
from qwq_nb.store.jsonl import UNREADABLE

__all__ = ["STREAMS", "read_streams"]


STREAMS = "qwq_streams.jsonl"


Key = tuple[str, int]


class Piece(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Hold what one stream wrote since the last look.

    `reasoning_at` and `answer_at` are the characters that stand before the new text. `over`: the stream has ended, and
    its text is in other files.
    """

    id: str
    repeat: int
    attempt: int = 0
    tokens: int = 0
    reasoning_at: int = 0
    reasoning: str = ""
    answer_at: int = 0
    answer: str = ""
    over: bool = False


def read_streams(rows: Iterable[dict[str, Any]]) -> dict[Key, Completion]:
    """Read the partial text of each stream that a killed kernel left behind, by (sample id, repeat).

    `rows`: those of `qwq_streams.jsonl`.
    """
    found: dict[Key, tuple[Piece, str, str]] = {}
    for row in rows:
        for piece in row_pieces(row):
            key = (piece.id, piece.repeat)
            before = found.pop(key, None)
            if piece.over:
                continue
            same = before is not None and before[0].attempt == piece.attempt
            reasoning, answer = (before[1], before[2]) if before is not None and same else ("", "")
            found[key] = (
                piece,
                reasoning[: piece.reasoning_at] + piece.reasoning,
                answer[: piece.answer_at] + piece.answer,
            )
    return {key: completion_from_texts(*entry) for key, entry in found.items()}


def row_pieces(row: dict[str, Any]) -> list[Piece]:
    """Return the pieces of a row; none where it has another form."""
    try:
        return msgspec.convert(row.get("streams"), list[Piece])
    except UNREADABLE:
        return []


def completion_from_texts(last: Piece, reasoning: str, answer: str) -> Completion:
    """Make the completion of an interrupted stream.

    `last.tokens` counts the stream's pieces; they are split between reasoning and answer by the length of the texts.
    """
    thought = round(last.tokens * len(reasoning) / max(1, len(reasoning) + len(answer)))
    return Completion(
        reasoning=reasoning,
        answer=answer,
        finish_reason="interrupted",
        reasoning_tokens=thought,
        answer_tokens=last.tokens - thought,
        attempts=max(1, last.attempt),
    )
