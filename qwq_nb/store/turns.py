"""Keep the finished turns of solvers that make several requests a sample, and find them again after a `kill -9`.

`qwq_turns.jsonl` in the run's directory has a row for each completion that a solver was given, durable before the
solver sees it::

    {"id": "code_editing/default/17", "repeat": 0, "number": 2, "request": "<hash>", "url": "http://…",
     "role": "editor", "completion": {…}}

and one for each verdict that it was given on the way, with `verdict` in the place of `completion`. `number` counts the
rows of a sample × repeat from 1. `request` is the hash of what was asked: messages, tools, role, model, sampling and
seed. The messages are not in the row: a solver that is run again makes the same ones.

The file stays when the run is complete: other runs may take turns of it that they would ask in the same way (the
architect's, of pairs that differ in the editor). Its rows are data from whoever wrote the folder: they are checked as
those of other files are, and no more is used of them than a completion.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from qwq_nb.core.compressed import compressed, restored
from qwq_nb.core.records import Completion, Message, Verdict
from qwq_nb.core.text import valid_values
from qwq_nb.store.jsonl import UNREADABLE

__all__ = ["MOST_TURNS", "TURNS", "RecordedTurns", "Turn", "check_hash", "request_hash"]

TURNS: Final = "qwq_turns.jsonl"
MOST_TURNS: Final = 1_000
"""Rows of one sample × repeat that are read at most."""

Key = tuple[str, int]


class Turn(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Hold one row."""

    id: str
    repeat: int
    number: int
    request: str
    url: str = ""
    """Of the endpoint that the request was for; `demo` for the built-in one."""
    role: str = ""
    completion: Completion | None = None
    verdict: Verdict | None = None


def request_hash(messages: Sequence[Message], tools: Sequence[Any], role: str, endpoint: Mapping[str, Any]) -> str:
    """Return 32 hex digits that change with what is asked.

    `endpoint` is what identifies it (`store.request.endpoint_identity`). Its URL is left out: a server may move
    between two calls of a run.
    """
    own = {name: value for name, value in endpoint.items() if name != "url"}
    return _digest([messages, tools, role, own])


def check_hash(completion: Completion) -> str:
    """Return 32 hex digits that change with the answer, and with the answers of all steps before it."""
    steps = [[step.role, step.completion.answer, step.edit] for step in completion.steps]
    return _digest([completion.answer, steps])


def _digest(value: Any) -> str:
    plain = valid_values(msgspec.to_builtins(value, enc_hook=str))
    return hashlib.sha256(msgspec.json.encode(plain, order="deterministic")).hexdigest()[:32]


class RecordedTurns:
    """Hold turns that were read from files, each of which is given out once, in the order of its file."""

    def __init__(self) -> None:
        self._completions: dict[tuple[Key, str], deque[tuple[str, Completion]]] = defaultdict(deque)
        self._verdicts: dict[tuple[Key, str], Verdict] = {}
        self._counts: dict[Key, int] = defaultdict(int)
        self.tokens = 0
        """Completion tokens of all that were read."""

    def read(self, rows: Iterable[Mapping[str, Any]], wanted: Collection[Key]) -> None:
        """Take in rows of a file, of the samples × repeats that are wanted. A row of another form is passed over."""
        for row in rows:
            id_, repeat = row.get("id"), row.get("repeat")
            if not (isinstance(id_, str) and isinstance(repeat, int)) or (id_, repeat) not in wanted:
                continue
            try:
                turn = msgspec.convert(row, Turn)
            except UNREADABLE:
                continue
            own = (id_, repeat)
            if self._counts[own] >= MOST_TURNS:
                continue
            self._counts[own] += 1
            if turn.completion is not None:
                self.tokens += turn.completion.completion_tokens
                turn.completion.steps = []  # a request has none
                self._completions[own, turn.request].append((turn.url, compressed(turn.completion)))
            elif turn.verdict is not None:
                self._verdicts[own, turn.request] = turn.verdict

    def count(self, key: Key) -> int:
        """Return how many rows of a sample × repeat were read."""
        return self._counts.get(key, 0)

    def take(self, key: Key, request: str, url: str | None = None) -> Completion | None:
        """Return the next completion of a request, and give it out no more; None: there is none (left).

        `url`: only that of an endpoint with this URL.
        """
        found = self._completions.get((key, request))
        if not found or (url is not None and found[0][0] != url):
            return None
        return restored(found.popleft()[1])

    def verdict(self, key: Key, request: str) -> Verdict | None:
        """Return the verdict on what `check_hash` gave; None: there is none."""
        return self._verdicts.get((key, request))
