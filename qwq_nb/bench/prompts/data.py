"""Read prompts from a user's file: JSONL, JSON, CSV, TSV, Parquet, or plain text with one prompt a line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from qwq_nb.bench.benchmark import new_sample
from qwq_nb.bench.data_formats import MOST_RECORDS
from qwq_nb.bench.datafile import read_records
from qwq_nb.bench.regular_file import read_regular
from qwq_nb.core.records import Message, Sample
from qwq_nb.errors import DataError

__all__ = ["PROMPTS", "REFERENCES", "prompt_sample", "read_prompts"]

PROMPTS: Final = ("prompt", "query", "question", "text", "input", "problem", "instruction", "content")
REFERENCES: Final = ("reference", "references", "answer", "expected", "target", "gold", "ideal", "solution")
"""Names of fields, the first that is there and not empty counts."""
_SUBSETS: Final = ("subset", "category", "topic", "level", "kind")
_TEXT: Final = (".txt", ".md")
_ROLES: Final = ("system", "user", "assistant")


def read_prompts(path: str, benchmark: str) -> list[Sample]:
    """Return the samples of a file of prompts, in its order.

    Raises:
        DataError: it cannot be read, holds no prompt, or a row has no text to ask; the message names the row.
    """
    file = Path(path)
    if file.suffix.lower() in _TEXT and not file.is_dir():
        rows: Iterable[tuple[dict[str, Any], str]] = _lines(file)
    else:
        rows = read_records(path, benchmark)
    return [_sample(record, position) for record, position in rows]


def prompt_sample(
    prompt: str,
    references: Iterable[str] = (),
    *,
    subset: str = "default",
    source_id: str = "",
    asked: str = "",
    source_row: Mapping[str, Any] | None = None,
) -> Sample:
    """Return the sample of one prompt; `asked` is what is sent, if that is more than the prompt."""
    found = [text for text in references if text.strip()]
    return new_sample(
        prompt,
        found[0] if found else "",
        subset=subset,
        prompt=asked,
        targets=found[1:],
        source_id=source_id,
        source_row=source_row,
    )


def _lines(file: Path) -> list[tuple[dict[str, Any], str]]:
    raw = read_regular(file)
    try:
        lines = raw.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(f"{file}:{line}: not UTF-8 (byte 0x{raw[error.start]:02x}). Save the file as UTF-8.") from None
    found = [({"prompt": line.strip()}, f"{file}:{number}") for number, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise DataError(f"{file} holds no prompts: one stands on each line.")
    if len(found) > MOST_RECORDS:
        raise DataError(f"{file} holds more than {MOST_RECORDS:,} prompts, the most that are read.")
    return found


def _sample(record: Mapping[str, Any], position: str) -> Sample:
    fields = {str(name).casefold().strip(): value for name, value in record.items()}
    messages = _messages(fields.get("messages"), position)
    prompt = messages[-1]["content"] if messages else _prompt(fields, position)
    system = fields.get("system")
    if isinstance(system, str) and system.strip() and not messages:
        messages = [{"role": "system", "content": system}, {"role": "user", "content": prompt}]
    sample = prompt_sample(
        prompt,
        _references(fields, position),
        subset=_text(_first(fields, _SUBSETS)) or "default",
        source_id=_text(_first(fields, ("id", "unique_id", "key"))),
        source_row=record,
    )
    return msgspec.structs.replace(sample, messages=messages) if messages else sample


def _prompt(fields: Mapping[str, Any], position: str) -> str:
    for name in PROMPTS:
        value = fields.get(name)
        if isinstance(value, str) and value.strip():
            return value
        if value is not None and not isinstance(value, str):
            raise DataError(f"{position}: {name!r} is no text: {value!r:.60}.")
    names = ", ".join(map(repr, list(fields)[:8])) or "none"
    empty = next((f"{name!r} is empty" for name in PROMPTS if name in fields), "a row has `prompt`")
    raise DataError(f"{position}: there is no text to ask: {empty}. The row's fields: {names}.")


def _messages(value: Any, position: str) -> list[Message]:
    """Return the messages of a conversation that ends with the user's; empty if there are none."""
    if value is None or value == "":
        return []
    ends_with_user = (
        isinstance(value, list)
        and value
        and all(
            isinstance(each, dict) and each.get("role") in _ROLES and isinstance(each.get("content"), str)
            for each in value
        )
        and value[-1]["role"] == "user"
        and value[-1]["content"].strip()
    )
    if not ends_with_user:
        raise DataError(
            f"{position}: `messages` is a list of objects with `role` ({', '.join(_ROLES)}) and a text `content`, "
            "of which the last is the user's."
        )
    return [{"role": each["role"], "content": each["content"]} for each in value]


def _references(fields: Mapping[str, Any], position: str) -> list[str]:
    value = _first(fields, REFERENCES)
    values = value if isinstance(value, list) else [value]
    if any(isinstance(each, dict | list) for each in values):
        raise DataError(f"{position}: a reference is a text or a number, or a list of them: {value!r:.60}.")
    return [_text(each) for each in values if each is not None]


def _first(fields: Mapping[str, Any], names: Iterable[str]) -> Any:
    found = (fields.get(name) for name in names)
    return next((value for value in found if value is not None and value != [] and str(value).strip()), "")


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).strip()
