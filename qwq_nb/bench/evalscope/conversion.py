"""Records to samples by an adapter's own function, with the faults of a user's data told in words.

Knows nothing of evalscope: the function and the errors that mean "of another type" are given.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from qwq_nb.bench.datafile import Record
from qwq_nb.errors import DataError

__all__ = ["RawRow", "convert_all", "needed_fields"]

T = TypeVar("T")

_GOLD_FIELDS = frozenset({"answer", "gold", "label", "target"})

_BESIDE: dict[str, tuple[str, ...]] = {"math_500": ("unique_id", "solution")}
"""Fields that an adapter reads but neither asks nor grades by: a file of one's own may leave them out."""

RawRow = dict[str, Any]
"""A raw record, in the form in which it was converted into a sample."""


def along(record: RawRow, number: int, benchmark: str) -> RawRow:
    """What the record lacks of the fields that only go along: an id from its number, the others empty."""
    absent = (name for name in _BESIDE.get(benchmark, ()) if name not in record)
    return {name: str(number) if name == "unique_id" else "" for name in absent}


def convert_all(
    rows: Sequence[Record],
    convert: Callable[[RawRow], T],
    benchmark: str,
    wrong_type: tuple[type[Exception], ...] = (),
) -> list[tuple[RawRow, T]]:
    """Each record with what became of it.

    Where values are of another type than the adapter wants (numbers in JSON, lists in a table's cell), all records are
    tried once more with numbers as text, then with JSON in text taken as such. Raises DataError with file, line and
    field.
    """
    forms: tuple[Callable[[RawRow], RawRow], ...] = (dict, numbers_as_text, _json_cells)
    last = len(forms) - 1
    unfit: tuple[type[Exception], ...] = (TypeError, AttributeError, ValueError, IndexError, *wrong_type)
    for attempt, form in enumerate(forms):
        made: list[tuple[RawRow, T]] = []
        for number, (record, where) in enumerate(rows, 1):
            shaped = {**form(record), **along(record, number, benchmark)}
            try:
                made.append((shaped, convert(shaped)))
            except KeyError as error:
                raise DataError(_missing(error, record, where, convert, benchmark)) from None
            except unfit as error:
                if attempt == last:
                    raise DataError(_unfit(error, record, where, convert, benchmark)) from None
                break
        else:
            return made
    raise AssertionError("the last form either converts or raises")


def numbers_as_text(record: RawRow) -> RawRow:
    """Numbers as text, whole floats without their `.0` (that is how tables hold integers beside gaps)."""
    return {key: _text(value) for key, value in record.items()}


def needed_fields(convert: Callable[[RawRow], Any]) -> list[str]:
    """The fields an adapter reads without a default, found out by giving it an empty record."""
    probe = _Probe()
    try:
        convert(probe)
    except Exception:  # it went as far as it could with made-up values; what it read is what was asked
        return probe.asked
    return probe.asked


class _Probe(dict[str, Any]):
    """An empty record that answers for every field and remembers which were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def __missing__(self, key: str) -> str:
        if key not in self.asked:
            self.asked.append(key)
        return "0"

    def get(self, key: str, default: Any = None) -> Any:
        """A default for the gold answer is a way to look for it elsewhere, not to do without."""
        return self[key] if key in _GOLD_FIELDS else default


def _text(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _json_cells(record: RawRow) -> RawRow:
    """Text that is a JSON list or object becomes one: a table's cell cannot hold it otherwise."""
    shaped = numbers_as_text(record)
    for key, value in shaped.items():
        if isinstance(value, str) and value[:1] in "[{" and value[-1:] in "]}":
            try:
                shaped[key] = json.loads(value)
            except ValueError:
                continue
    return shaped


def _missing(error: KeyError, record: RawRow, where: str, convert: Callable[[RawRow], Any], benchmark: str) -> str:
    field = str(error.args[0]) if error.args else "?"
    needs = needed_fields(convert)
    if field in record:
        return _unfit(error, record, where, convert, benchmark)
    return (
        f"{where}: the record has no field {field!r}. It has: {', '.join(map(str, record)) or 'no fields'}. "
        f"{benchmark} needs: {', '.join(needs or [field])}."
    )


def _unfit(error: Exception, record: RawRow, where: str, convert: Callable[[RawRow], Any], benchmark: str) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    # pydantic puts the field on the second line and what is wrong with it on the third.
    reason = f"{lines[1].strip()}: {lines[2].split('[')[0].strip()}" if len(lines) > 2 else lines[0]
    return (
        f"{where}: the record does not fit {benchmark}: {reason}. It has: {', '.join(map(str, record))}. "
        f"{benchmark} needs: {', '.join(needed_fields(convert)) or 'other values in them'}."
    )
