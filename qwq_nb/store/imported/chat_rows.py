"""Read plain rows of chats, a JSON object a line: what a script of one's own writes.

Each row has an answer: `messages` that end with an assistant's, or `response` (`answer`, `output`, `completion`) beside
`prompt` (`question`, `problem`, `input`) or `messages`. All else is optional: `reasoning` (`reasoning_content`,
`thinking`), `gold` (`answer`, `target`, `reference`, `expected` where these are not the response), `id`, `repeat`,
`benchmark` (`task`), `level` (`subset`), `choices`, `model`, `finish_reason`, `usage` (OpenAI's), `latency_s`,
`correct` (or `score`), `extracted`, `error`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec

from qwq_nb.endpoint.delta import Usage
from qwq_nb.errors import DataError
from qwq_nb.store.imported.rows import (
    MOST_ROWS,
    ImportedRow,
    ImportedRun,
    content_parts,
    messages_of,
    number_of,
    text_of,
)
from qwq_nb.store.jsonl import read_rows

__all__ = ["is_chat_file", "read_chat_rows", "row_of"]

_RESPONSES: Final = ("response", "output", "completion", "generation", "prediction", "answer")
_QUESTIONS: Final = ("prompt", "question", "problem", "input", "query")
_REASONINGS: Final = ("reasoning", "reasoning_content", "thinking", "thoughts")
_GOLDS: Final = ("gold", "target", "reference", "expected", "expected_answer", "label", "answer")
_LOOKED_AT: Final = 20


def is_chat_file(path: Path) -> bool:
    """Return whether a `.jsonl` file's first rows are chats with an answer."""
    if path.suffix not in (".jsonl", ".ndjson") or not path.is_file():
        return False
    first = list(islice(read_rows(path), _LOOKED_AT))
    return bool(first) and any(row_of(row, 0, "") is not None for row in first)


def read_chat_rows(path: Path) -> ImportedRun:
    """Read a file of chats.

    Raises:
        DataError: no row has an answer; the message names the fields that are looked for.
    """
    rows, passed = [], 0
    for number, row in enumerate(islice(read_rows(path), MOST_ROWS)):
        made = row_of(row, number, path.stem)
        if made is None:
            passed += 1
        else:
            rows.append(made)
    if not rows:
        raise DataError(
            f"{path} has no row with an answer. A row needs `messages` that end with an assistant's, or `prompt` and "
            f"`response`; beside them `reasoning`, `gold` and `correct` are read."
        )
    notes = [f"{passed:,} of {passed + len(rows):,} rows have no answer, and are left out."] if passed else []
    models = list(dict.fromkeys(row.model for row in rows if row.model))
    if len(models) > 1:
        notes.append(f"The rows name {len(models)} models ({', '.join(models[:5])}); they are shown as one run.")
    if all(row.finish_reason is None for row in rows):
        notes.append("The rows have no finish_reason: whether a limit cut an answer is not known.")
    if all(row.usage is None for row in rows):
        notes.append("The rows have no usage: tokens are estimated from the texts.")
    return ImportedRun(tool="chat rows", model=models[0] if models else "model", rows=_repeated(rows), notes=notes)


def row_of(row: dict[str, Any], number: int, task: str) -> ImportedRow | None:
    """Return the answer that a row holds; None where it holds none."""
    messages = row.get("messages")
    prompt = messages_of(messages)
    reply: dict[str, Any] = {}
    if prompt and prompt[-1]["role"] == "assistant" and isinstance(messages, list):
        prompt, reply = prompt[:-1], messages[-1]
    taken, response = _first(row, _RESPONSES)
    if reply:
        reasoning, content = content_parts(reply.get("content"))
        reasoning = reasoning or text_of(_first(reply, _REASONINGS)[1])
        taken = ""
    elif isinstance(response, dict):
        reasoning, content = content_parts(response.get("content"))
        reasoning = reasoning or text_of(_first(response, _REASONINGS)[1])
    else:
        reasoning, content = "", text_of(response)
    reasoning = reasoning or text_of(_first(row, _REASONINGS)[1])
    error = text_of(row.get("error"))
    if not (content or reasoning or error):
        return None
    question = text_of(_first(row, _QUESTIONS)[1]) or "\n\n".join(m["content"] for m in prompt if m["role"] == "user")
    if not question and not reply:
        return None
    gold = _first({key: value for key, value in row.items() if key != taken}, _GOLDS)[1]
    golds = [text for each in (gold if isinstance(gold, list) else [gold]) if (text := text_of(each))]
    identity = text_of(row.get("id")) or text_of(row.get("unique_id"))
    correct = row.get("correct")
    return ImportedRow(
        task=text_of(row.get("benchmark")) or text_of(row.get("task")) or task,
        problem=identity or question,
        is_position=not identity,
        repeat=max(0, int(number_of(row.get("repeat")) or 0)),
        question=question,
        messages=prompt or [{"role": "user", "content": question}],
        choices=[text_of(each) for each in row.get("choices") or [] if isinstance(each, str)],
        targets=golds,
        level=text_of(row.get("level")) or text_of(row.get("subset")),
        reasoning=reasoning,
        content=content,
        finish_reason=text_of(row.get("finish_reason")) or None,
        usage=_usage(row.get("usage")),
        latency_s=number_of(row.get("latency_s")),
        model=text_of(row.get("model")),
        score=number_of(correct) if correct is not None else number_of(row.get("score")),
        extracted=text_of(row.get("extracted"), 4000),
        error=error,
    )


def _first(row: dict[str, Any], names: Iterable[str]) -> tuple[str, Any]:
    return next(((name, row[name]) for name in names if row.get(name) not in (None, "", [])), ("", None))


def _repeated(rows: list[ImportedRow]) -> list[ImportedRow]:
    """Number the answers to one problem, where the rows do not do it themselves."""
    if any(row.repeat for row in rows):
        return rows
    return list(_numbered(rows))


def _numbered(rows: list[ImportedRow]) -> Iterator[ImportedRow]:
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row.task, row.problem)
        yield msgspec.structs.replace(row, repeat=seen.get(key, 0))
        seen[key] = seen.get(key, 0) + 1


def _usage(usage: Any) -> Usage | None:
    if not isinstance(usage, dict):
        return None
    details = usage.get("completion_tokens_details")
    counts = {**usage, **(details if isinstance(details, dict) else {})}
    names = ("prompt_tokens", "completion_tokens", "reasoning_tokens", "total_tokens")
    found = {name: int(value) for name in names if (value := number_of(counts.get(name))) is not None}
    return Usage(**found) if found else None
