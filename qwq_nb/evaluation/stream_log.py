"""What is being streamed, written down every few seconds: of a kernel that is killed, partial texts are kept too.

`qwq_streams.jsonl` in the run's directory holds a row a look, with what each stream wrote since the last one. It goes
when the call ends in order, since the journal then has the partial texts; where it is found, a kernel was killed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from qwq_nb.evaluation.in_flight import InFlightItem
from qwq_nb.store.jsonl import encode_row, repair, replace_file
from qwq_nb.store.partial_streams import STREAMS, Key, Piece

__all__ = ["StreamLog"]
LOOK_EVERY_S = 5.0
"""So much of a stream is lost at most where its kernel is killed."""
MOST_BYTES = 32_000_000
"""From here on the file is begun anew, with the streams of that moment whole."""


class StreamLog:
    """Writes the file. `look` is for the loop's thread, `write` and `end` for the one that writes."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / STREAMS
        self._seen: dict[Key, tuple[int, int, int]] = {}
        """Of each stream: its attempt, and how much of its reasoning and its answer is written."""
        self._size = 0

    def look(self, flights: Iterable[InFlightItem]) -> tuple[list[Piece], bool]:
        """What is new, and whether the file begins anew with it."""
        anew = not self._seen or self._size > MOST_BYTES
        if anew:
            self._seen.clear()
            self._size = 0
        pieces, left = [], set(self._seen)
        for flight in flights:
            key, live = flight.item.key, flight.live
            left.discard(key)
            attempt, reasoning_before, answer_before = self._seen.get(key, (0, 0, 0))
            if attempt != live.begun:
                reasoning_before = answer_before = 0
            reasoning, answer = live.splitter.reasoning_length(), live.splitter.answer_length()
            now = (live.begun, reasoning, answer)
            if now == self._seen.get(key) or not reasoning + answer:
                continue
            self._seen[key] = now
            # What was taken for the answer may turn out to be reasoning: then a part shrinks.
            reasoning_at, answer_at = min(reasoning_before, reasoning), min(answer_before, answer)
            pieces.append(
                Piece(
                    id=key[0],
                    repeat=key[1],
                    attempt=live.begun,
                    tokens=live.chunks,
                    reasoning_at=reasoning_at,
                    reasoning=live.splitter.reasoning_so_far(reasoning - reasoning_at)
                    if reasoning > reasoning_at
                    else "",
                    answer_at=answer_at,
                    answer=live.splitter.answer_so_far(answer - answer_at) if answer > answer_at else "",
                )
            )
        for key in left:
            del self._seen[key]
            pieces.append(Piece(id=key[0], repeat=key[1], over=True))
        self._size += sum(len(p.reasoning) + len(p.answer) for p in pieces)
        return pieces, anew

    def write(self, pieces: list[Piece], anew: bool) -> None:
        """Raises OSError: the disk is full or gone; then a later look is as good."""
        line = encode_row({"streams": msgspec.to_builtins(pieces)})
        if anew:
            replace_file(self._file, line)
            return
        repair(self._file)
        with open(self._file, "ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def end(self) -> None:
        """Nothing is streamed any more, and what was is in other files."""
        self._file.unlink(missing_ok=True)
