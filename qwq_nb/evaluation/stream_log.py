"""Save partial texts of running streams every few seconds, so that they survive a killed kernel.

`qwq_streams.jsonl` in the run's directory gets one row a look, with what each stream wrote since the last one. The file
is removed when the call ends in order, since the journal then has the partial texts: its presence means that a kernel
was killed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import msgspec

from qwq_nb.evaluation.in_flight import InFlightItem
from qwq_nb.store.jsonl import encode_row
from qwq_nb.store.partial_streams import STREAMS, Key, Piece
from qwq_nb.store.run_dir import RunDirectory

__all__ = ["StreamLog"]
LOOK_EVERY_S = 5.0
"""Seconds between two looks: a killed kernel loses at most this much of a stream."""
MOST_BYTES = 32_000_000
"""Size from which the file is started anew, with the whole streams of that moment."""


class StreamLog:
    """Write the file of partial texts.

    `look` is called on the event loop's thread, `write` and `end` on the thread that writes files.
    """

    def __init__(self, directory: RunDirectory) -> None:
        self._directory = directory
        self._seen: dict[Key, tuple[int, int, int]] = {}
        """Stream → its attempt, and the characters of its reasoning and its answer that are written."""
        self._size = 0

    def look(self, items: Iterable[InFlightItem]) -> tuple[list[Piece], bool]:
        """Return what the streams wrote since the last look, and whether the file is to be started anew with it."""
        anew = not self._seen or self._size > MOST_BYTES
        if anew:
            self._seen.clear()
            self._size = 0
        pieces, left = [], set(self._seen)
        for entry in items:
            key, streaming = entry.item.key, entry.live
            left.discard(key)
            attempt, reasoning_before, answer_before = self._seen.get(key, (0, 0, 0))
            if attempt != streaming.begun:
                reasoning_before = answer_before = 0
            reasoning, answer = streaming.reasoning_length(), streaming.answer_length()
            now = (streaming.begun, reasoning, answer)
            if now == self._seen.get(key) or not reasoning + answer:
                continue
            self._seen[key] = now
            # Text taken for the answer may turn out to be reasoning: the answer then shrinks.
            reasoning_at, answer_at = min(reasoning_before, reasoning), min(answer_before, answer)
            pieces.append(
                Piece(
                    id=key[0],
                    repeat=key[1],
                    attempt=streaming.begun,
                    tokens=streaming.chunks,
                    reasoning_at=reasoning_at,
                    reasoning=streaming.reasoning_so_far(reasoning - reasoning_at) if reasoning > reasoning_at else "",
                    answer_at=answer_at,
                    answer=streaming.answer_so_far(answer - answer_at) if answer > answer_at else "",
                )
            )
        for key in left:
            del self._seen[key]
            pieces.append(Piece(id=key[0], repeat=key[1], over=True))
        self._size += sum(len(p.reasoning) + len(p.answer) for p in pieces)
        return pieces, anew

    def write(self, pieces: list[Piece], anew: bool) -> None:
        """Write the pieces: append them to the file, or replace it by them; they are durable when this returns.

        Raises:
            OSError: the disk is full or gone; a later look will have the same text.
        """
        line = encode_row({"streams": msgspec.to_builtins(pieces)})
        if anew:
            self._directory.folder.replace(STREAMS, line)
            return
        self._directory.repair(STREAMS)
        with self._directory.folder.append(STREAMS) as file:
            if file.write(line) != len(line):
                raise OSError(28, "No space left on device", STREAMS)
            os.fsync(file.fileno())

    def end(self) -> None:
        """Remove the file: no stream is running any more, and the partial texts are in other files."""
        self._directory.folder.remove(STREAMS)
