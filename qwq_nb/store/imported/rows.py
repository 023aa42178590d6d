"""Define what is read of another tool's run: one `ImportedRow` an answer, and the run around them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from qwq_nb.core.records import Completion, Message
from qwq_nb.core.text import valid_text
from qwq_nb.endpoint.delta import Usage
from qwq_nb.endpoint.reasoning import split
from qwq_nb.endpoint.token_counts import count_tokens, plausible

__all__ = [
    "MOST_ROWS",
    "NOT_A_ROW",
    "ImportedRow",
    "ImportedRun",
    "completion_of",
    "content_parts",
    "messages_of",
    "number_of",
    "rows_of",
    "text_of",
]

MOST_ROWS: Final = 200_000
"""Answers of a run that are read."""
NOT_A_ROW: Final = (AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError, RecursionError)
"""What reading a row of another form than the tool's raises."""
_LONGEST: Final = 10_000_000
"""Characters of a text that are read."""


class ImportedRow(msgspec.Struct, kw_only=True):
    """Hold one answer as another tool wrote it down. What it did not write is empty or None."""

    task: str
    """The tool's name of the benchmark."""
    problem: str
    """What tells the problem from others of the task: the data set's own id, or a position."""
    is_position: bool = False
    """Whether `problem` is a position only, which another file may give to another problem."""
    repeat: int = 0
    question: str = ""
    messages: list[Message] = []
    """What was sent."""
    choices: list[str] = []
    targets: list[str] = []
    level: str = ""
    """Difficulty or subset, as the data set names it."""
    reasoning: str = ""
    content: str = ""
    """The answer; it may hold the reasoning between tags."""
    finish_reason: str | None = None
    """None: the tool does not write it."""
    usage: Usage | None = None
    latency_s: float | None = None
    ttft_s: float | None = None
    attempts: int = 1
    model: str = ""
    score: float | None = None
    """The tool's own primary score: 1 is right; None: the answer was not scored."""
    extracted: str = ""
    explanation: str = ""
    error: str = ""
    """Why there is no answer."""


class ImportedRun(msgspec.Struct, kw_only=True):
    """Hold what was read of a run of another tool."""

    tool: str
    """Its name and version, as far as they are known: `Inspect 0.3.285`."""
    model: str
    created: str = ""
    """ISO 8601, UTC; empty: not known."""
    sampling: dict[str, Any] = {}
    """As the tool wrote it, by the names that `%qwq_endpoint` has for it."""
    rows: list[ImportedRow]
    metrics: dict[str, str] = {}
    """Name of the primary score, by task."""
    notes: list[str] = []
    """What is missing or was chosen, one sentence each."""
    problems: list[str] = []
    """What could not be read, one sentence each."""


def rows_of(
    sources: Iterable[dict[str, Any]], make: Callable[[dict[str, Any]], Iterable[ImportedRow]], problems: list[str]
) -> list[ImportedRow]:
    """Return the rows that `make` makes of each source, MOST_ROWS at most; a source of another form is counted."""
    found: list[ImportedRow] = []
    unread = given = 0
    for source in sources:
        given += 1
        try:
            found += make(source)
        except NOT_A_ROW:
            unread += 1
        if len(found) >= MOST_ROWS:
            problems.append(f"Only the first {MOST_ROWS:,} answers are read.")
            break
    if unread:
        problems.append(f"{unread:,} of {given:,} rows are of another form, and were not read.")
    return found[:MOST_ROWS]


def completion_of(row: ImportedRow) -> Completion:
    """Return the completion of a row, split into reasoning and answer by the rules that hold for endpoints.

    A finish reason that is not known counts as `stop`. Tokens that nobody counted are estimated from the texts.
    """
    finish = "stop" if row.finish_reason is None else row.finish_reason
    parts = split(row.reasoning, row.content, finish_reason=finish)
    completion = Completion(
        reasoning=parts.reasoning,
        answer=parts.answer,
        shape=parts.shape,
        finish_reason=finish,
        ttft_s=row.ttft_s,
        latency_s=row.latency_s or 0.0,
        attempts=max(1, row.attempts),
        model=row.model,
    )
    count_tokens(completion, plausible(row.usage), None)
    return completion


def text_of(value: Any, most: int = _LONGEST) -> str:
    """Return a text of a stranger's file: valid Unicode, of bounded length; a number as it is written, else empty."""
    if isinstance(value, str):
        return valid_text(value[:most])
    if isinstance(value, bool) or value is None:
        return ""
    return str(value)[:most] if isinstance(value, int | float) else ""


def number_of(value: Any) -> float | None:
    """Return a finite number, True as 1 and False as 0; None for anything else."""
    if isinstance(value, int | float) and math.isfinite(value):
        return float(value)
    return None


def content_parts(content: Any) -> tuple[str, str]:
    """Return reasoning and text of a message's content, which is a text or a list of typed parts."""
    if not isinstance(content, list):
        return "", text_of(content)
    reasoning, text = [], []
    for part in content:
        if isinstance(part, str):
            text.append(text_of(part))
        elif isinstance(part, dict):
            kind = part.get("type")
            if kind in ("reasoning", "thinking"):
                reasoning.append(text_of(part.get("reasoning") or part.get("thinking") or part.get("text")))
            elif kind in ("text", "output_text", "input_text", None):
                text.append(text_of(part.get("text")))
    return "\n\n".join(filter(None, reasoning)), "\n".join(filter(None, text))


def messages_of(messages: Any) -> list[Message]:
    """Return the messages of a prompt: those before the answer, with their texts."""
    found: list[Message] = []
    for message in messages if isinstance(messages, list) else []:
        if isinstance(message, dict) and message.get("role") in ("system", "developer", "user", "assistant", "tool"):
            found.append({"role": text_of(message["role"]), "content": content_parts(message.get("content"))[1]})
    return found
