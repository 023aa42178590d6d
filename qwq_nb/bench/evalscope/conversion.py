"""Convert records to samples by an adapter's own function, and report faults in a user's data in words.

Independent of evalscope: the function is passed in. It may change the record that it is given; what is kept of the
record is what it then is.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from qwq_nb.bench.data_formats import Record
from qwq_nb.bench.evalscope.fields import (
    GOLD_FIELDS,
    FieldFault,
    LastingFault,
    is_gap,
    is_single,
    named_as_needed,
    single_values,
    whole_numbers,
)
from qwq_nb.errors import DataError, listed

__all__ = ["RawRow", "check_graded_from", "convert_all", "needed_fields"]

T = TypeVar("T")

_BESIDE: dict[str, dict[str, Callable[[int], Any]]] = {
    "math_500": {"unique_id": str, "solution": lambda number: ""},
    "ifeval": {"key": int},
    "ifbench": {"key": int},
}
"""Fields that an adapter reads but uses neither in prompts nor in grading, and what is made of a record's number for
them: a user's file may leave them out. The files of IFEval that QwQ's authors ship have no `key`."""

_GRADED_FROM: dict[str, tuple[str, ...]] = {
    "ifeval": ("prompt", "instruction_id_list", "kwargs"),
    "ifbench": ("prompt", "instruction_id_list", "kwargs"),
}
"""Fields that the scorer of an adapter reads, which no probe finds: without them no answer could be graded."""

_MOST_NAMES = 30
_LONGEST_NAME = 60
_LONGEST_REASON = 300
"""Bounds of what a message repeats of a record."""

RawRow = dict[str, Any]
"""A raw record, in the form in which it was converted to a sample."""


def along(record: RawRow, number: int, benchmark: str) -> RawRow:
    """Return the optional fields that a record lacks: an id made of its number, the others empty."""
    beside = _BESIDE.get(benchmark, {})
    return {name: made(number) for name, made in beside.items() if name not in record}


def check_graded_from(record: RawRow, benchmark: str) -> None:
    """Check the fields that are read when an answer is graded.

    Raises KeyError, LastingFault, and ValueError where a text holds the list that is wanted.
    """
    for name in _GRADED_FROM.get(benchmark, ()):
        value = record[name]
        if name != "prompt" and isinstance(value, str) and isinstance(_decoded(value), list):
            raise ValueError(f"the field {name!r} is a list in a text")
        if name != "prompt" and not isinstance(value, list):
            raise LastingFault(f"the field {name!r} is no list")
        if not value:
            raise LastingFault(f"the field {name!r} is empty")


def convert_all(
    rows: Sequence[Record], convert: Callable[[RawRow], T], benchmark: str, needed: Sequence[str]
) -> list[tuple[RawRow, T]]:
    """Convert records by `convert`; return each record, in the form in which it was converted, with its result.

    `needed` are the fields that the adapter reads, from `needed_fields`. They are found without regard to case, and
    whole floats become integers. If values are of another type than the adapter expects (numbers in JSON, lists in a
    table's cell), all records are tried once more with numbers as text, then with JSON in text decoded, then with lists
    of one value replaced by it.

    Raises DataError with file, line and field.
    """
    forms: tuple[Callable[[RawRow], RawRow], ...] = (dict, numbers_as_text, _json_cells, _single_cells)
    last = len(forms) - 1
    for attempt, form in enumerate(forms):
        made: list[tuple[RawRow, T]] = []
        for number, (record, where) in enumerate(rows, 1):
            shaped = form(named_as_needed(whole_numbers(record), needed))
            shaped.update(along(shaped, number, benchmark))
            try:
                made.append((shaped, convert(shaped)))
            except FieldFault as error:
                lasting = attempt == last or isinstance(error, LastingFault)
                if lasting or not any(map(is_single, shaped.values())):
                    raise DataError(_unfit(error, record, where, needed, benchmark)) from None
                break
            except KeyError as error:
                raise DataError(_missing(error, record, where, needed, benchmark)) from None
            except MemoryError:
                raise
            except Exception as error:  # what an adapter meets in a value of another type may be of any class
                if attempt == last:
                    raise DataError(_unfit(error, record, where, needed, benchmark)) from None
                break
        else:
            return made
    raise AssertionError("the last form either converts or raises")


def numbers_as_text(record: RawRow) -> RawRow:
    """Return a record with numbers as text, whole floats without `.0` (tables hold integers beside gaps so)."""
    return {key: _text(value) for key, value in record.items()}


def needed_fields(convert: Callable[[RawRow], Any], benchmark: str) -> list[str]:
    """Return the fields that an adapter reads without a default, found by giving it an empty record.

    With them those that only its scorer reads.
    """
    probe = _Probe()
    with contextlib.suppress(Exception):  # it may fail on made-up values; the fields read so far are the result
        convert(probe)
    return list(dict.fromkeys([*probe.asked, *_GRADED_FROM.get(benchmark, ())]))


class _Probe(dict[str, Any]):
    """Act as an empty record that has a value for every field, and note which were read."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def __missing__(self, key: str) -> str:
        if key not in self.asked:
            self.asked.append(key)
        return "0"

    def get(self, key: str, default: Any = None) -> Any:
        """Ignore a default for the gold answer: it is a way to look for it in another field, not to do without."""
        return self[key] if key in GOLD_FIELDS else default


def _text(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _json_cells(record: RawRow) -> RawRow:
    """Decode texts that are a JSON list or object, which a table's cell can only hold as text."""
    shaped = numbers_as_text(record)
    for key, value in shaped.items():
        if isinstance(value, str) and value[:1] in "[{" and value[-1:] in "]}":
            shaped[key] = _decoded(value)
    return shaped


def _decoded(text: str) -> Any:
    """Return what a JSON text holds; the text itself if it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _single_cells(record: RawRow) -> RawRow:
    return numbers_as_text(whole_numbers(single_values(_json_cells(record))))


def _missing(error: KeyError, record: RawRow, where: str, needed: Sequence[str], benchmark: str) -> str:
    field = str(error.args[0]) if error.args else "?"
    if field in record:
        return _unfit(error, record, where, needed, benchmark)
    return (
        f"{where}: the record has no field {field[:_LONGEST_NAME]!r}. It has: {listed(record) or 'no fields'}. "
        f"{benchmark} needs: {', '.join(needed or [field])}."
    )


def _unfit(error: Exception, record: RawRow, where: str, needed: Sequence[str], benchmark: str) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    # pydantic puts the field on the second line and what is wrong with it on the third.
    reason = f"{lines[1].strip()}: {lines[2].split('[')[0].strip()}" if len(lines) > 2 else lines[0]
    odd = {name: _kind(record[name]) for name in record if is_gap(record[name]) or name in needed}
    named = ", ".join(f"{name} ({kind})" for name, kind in list(odd.items())[:_MOST_NAMES] if kind)
    hint = f" Neither text nor number: {named}." if named and not isinstance(error, FieldFault) else ""
    return (
        f"{where}: the record does not fit {benchmark}: {reason[:_LONGEST_REASON]}.{hint} It has: {listed(record)}. "
        f"{benchmark} needs: {', '.join(needed) or 'other values in them'}."
    )


def _kind(value: Any) -> str:
    if is_gap(value):
        return "null"
    return {list: "a list", dict: "an object", bool: "true or false"}.get(type(value), "")
