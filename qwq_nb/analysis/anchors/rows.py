"""Keep what was asked at the borders of thoughts in `qwq_anchors.jsonl` beside the run: a row a request.

A row is found again by its key, a hash of everything that the answer depends on, and is not asked again. No prompt is
in it: `text` is what the model wrote, without the rest of its thought.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from qwq_nb.core.records import Message
from qwq_nb.store.jsonl import UNREADABLE
from qwq_nb.store.run_dir import RunDirectory

__all__ = ["FILE", "AnchorRow", "Kind", "anchor_key", "read_anchors"]

FILE = "qwq_anchors.jsonl"
Kind = Literal["forced", "rollout"]


class AnchorRow(msgspec.Struct, kw_only=True):
    """Hold the answer to one request at the border of a thought."""

    sample: str
    repeat: int
    kind: Kind
    number: int = 0
    """Of the rollout, from 0."""
    chars: int
    """Characters of the reasoning that stood before it."""
    text: str = ""
    extracted: str = ""
    right: bool | None = None
    """The grader's verdict; None: not graded."""
    outcome: Literal["asked", "unproved", "failed"] = "asked"
    """`unproved`: the prompt's token count does not show that the thought was there; it counts nowhere. `failed`: there
    is no answer, and the next call asks again."""
    prompt: int = 0
    """Prompt tokens by the server."""
    expected: int = 0
    """Prompt tokens that there should be."""
    completion: int = 0
    finish: str = ""
    error: str = ""
    model: str = ""
    key: str


def anchor_key(
    messages: Iterable[Message], thought: str, *, kind: Kind, number: int, model: str, way: str, sampling: Any
) -> str:
    """Return the hash of what an answer depends on. `way`: the transport; `sampling`: options of the request."""
    told = [list(messages), thought, kind, number, model, way, sampling]
    return hashlib.sha256(msgspec.json.encode(told, order="sorted", enc_hook=str)).hexdigest()[:32]


def read_anchors(directory: RunDirectory) -> dict[str, AnchorRow]:
    """Return the rows that a run's directory holds, by key; the last counts. What is no row of ours is passed over."""
    found: dict[str, AnchorRow] = {}
    for row in directory.rows(FILE):
        with contextlib.suppress(*UNREADABLE):
            made = msgspec.convert(row, AnchorRow)
            found[made.key] = made
    return found
