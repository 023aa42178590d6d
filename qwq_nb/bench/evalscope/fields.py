"""Fit the fields of a user's records to what an adapter reads, as hubs ship them; refuse values that cannot be meant.

Independent of evalscope: what the adapter made of a record is passed in. Each function names the field at fault.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = [
    "GOLD_FIELDS",
    "FieldFault",
    "LastingFault",
    "check_choices",
    "check_gold_present",
    "check_made",
    "is_gap",
    "is_single",
    "named_as_needed",
    "said_of_subset",
    "single_values",
    "source_id",
    "spelt_as",
    "whole_numbers",
]

GOLD_FIELDS = ("answer", "gold", "label", "target", "answerKey", "answer_letter", "Correct Answer", "Short Answer")
"""Fields that hold the gold answer."""

_IDS = (
    "question_id",
    "unique_id",
    "id",
    "record_id",
    "problem_id",
    "problem_idx",
    "idx",
    "uuid",
    "qid",
    "task_id",
)
"""Fields that hold the data set's own id, best first, as `_folded` writes them."""

_QUESTION_FIELDS = ("problem", "question", "prompt")

_NO_ID = (None, "", "unknown")


class FieldFault(ValueError):
    """Report a field whose value cannot be meant. The message names the field, without file and line."""


class LastingFault(FieldFault):
    """Report a field whose value no other form of the record would mend."""


def named_as_needed(record: Mapping[str, Any], needed: Iterable[str]) -> dict[str, Any]:
    """Return a record with its fields named as needed where only case, spaces or underscores differ (`Problem`)."""
    wanted = {_folded(name): name for name in needed if name not in record}
    names = {key: wanted.get(_folded(key), key) for key in record}
    counts = list(names.values())
    return (
        {key if counts.count(name) > 1 else name: record[key] for key, name in names.items()} if wanted else {**record}
    )


def whole_numbers(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with whole floats as integers: tables hold a column of integers with a gap as floats."""
    return {k: int(v) if isinstance(v, float) and abs(v) < 2**53 and v.is_integer() else v for k, v in record.items()}


def single_values(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with lists of one text or number replaced by it."""
    return {k: v[0] if is_single(v) else v for k, v in record.items()}


def is_single(value: Any) -> bool:
    """Return whether a value is a list of one text or number."""
    return isinstance(value, list) and len(value) == 1 and isinstance(value[0], str | int | float)


def check_gold_present(record: Mapping[str, Any], needed: Iterable[str]) -> None:
    """Check that no needed field which holds the gold answer is a gap. Raises FieldFault.

    Some adapters would take another field instead, or the word `None`.
    """
    for name in needed:
        if name in GOLD_FIELDS and is_gap(record.get(name, "")):
            raise FieldFault(f"the field {name!r} has no value (null or NaN) where a text or a number is expected")


def check_made(record: Mapping[str, Any], needed: Sequence[str], question: str, targets: Sequence[str]) -> None:
    """Check the question and the accepted answers that an adapter made of a record.

    None may be Python's spelling of a gap, a list or an object, as adapters that call `str` make them; and a field may
    not give several answers where one is compared.

    Raises FieldFault.
    """
    made = {question.strip(), *targets}
    for name in dict.fromkeys((*needed, *_QUESTION_FIELDS, *GOLD_FIELDS)):
        value = record.get(name, "")
        several = isinstance(value, list) and len(value) > 1 and [str(item) for item in value] == list(targets)
        if several or (str(value) in made and (is_gap(value) or isinstance(value, list | dict))):
            raise FieldFault(f"the field {name!r} {_described(value)} where one text or number is expected")


def check_choices(
    record: Mapping[str, Any], needed: Sequence[str], choices: Sequence[str], targets: Sequence[str]
) -> None:
    """Check the choices of a record: there are some, none is a gap, the gold answer is the letter of one.

    Several gold answers, as a benchmark may have where several choices are right, are not looked at.

    Raises FieldFault.
    """
    if not choices:
        empty = next((name for name in needed if not (value := record.get(name)) or isinstance(value, dict)), "")
        said = f"the field {empty!r} holds no choices" if empty else "there are no choices"
        raise FieldFault(f"{said}, where texts to choose from are expected")
    gap = next((name for name in needed if is_gap(record.get(name, ""))), "")
    if gap and any(not choice.strip() for choice in choices):
        raise FieldFault(f"the field {gap!r} has no value (null or NaN) where a text is expected")
    letters, target = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(choices)], targets[0] if len(targets) == 1 else ""
    if re.fullmatch(r"\d+|[A-Z]", target) and target not in letters:
        name = next((name for name in record if name in GOLD_FIELDS and str(record[name]) == target), "answer")
        raise FieldFault(
            f"the field {name!r} is {target!r} where one of the letters {letters[0]} to {letters[-1]} is expected"
        )


def is_gap(value: Any) -> bool:
    """Return whether a value is null or NaN, as tables have it where a cell is empty."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def spelt_as(record: Mapping[str, Any], subset: str, known: Sequence[str]) -> list[dict[str, Any]]:
    """Return the record with the field that names its subset spelt so that the subset may become one that is known.

    `Level 3`, `level 3`, `3`, `3.0` and `Math` name the subsets `Level 3` and `math`. `subset` is what the adapter made
    of the record. Each result changes one field; none if no known name resembles the subset, or several do.
    """
    word = _common_word(known)
    found = [name for name in known if _name_folded(name, word) == _name_folded(subset, word)]
    if len(found) != 1:
        return []
    changed = []
    for name, value in record.items():
        text = str(value)
        at = subset.rfind(text) if text.strip() else -1
        if isinstance(value, str | int | float) and at >= 0:
            before, after = subset[:at], subset[at + len(text) :]
            if found[0].startswith(before) and found[0].endswith(after):
                changed.append({**record, name: found[0][len(before) : len(found[0]) - len(after)]})
    return changed


def said_of_subset(record: Mapping[str, Any], subset: str) -> str:
    """Describe in words the field that the adapter made the subset's name of, and its value."""
    fitting = [k for k, v in record.items() if not isinstance(v, list | dict) and str(v) and str(v) in subset]
    field = max(fitting, key=lambda name: len(str(record[name])), default="")
    if not field:
        return f"it is of {subset[:80]!r}"
    value = record[field]
    return f"its field {field[:80]!r} is {'null' if is_gap(value) else repr(str(value)[:80])}"


def source_id(*holders: Mapping[str, Any]) -> str:
    """Return the data set's own id of a record, from the first holder that has one; empty if none has.

    AIME's `2024-I-8` may stand under `id`, `ID` or `Id`.
    """
    for holder in holders:
        folded = {_folded(name): value for name, value in reversed(list(holder.items()))}
        for key in _IDS:
            value = folded.get(key)
            if isinstance(value, str | int | float) and value not in _NO_ID and value == value:
                return str(int(value) if isinstance(value, float) and value.is_integer() else value)
    return ""


def _folded(name: Any) -> str:
    return re.sub(r"[\s_-]+", "_", str(name).strip()).casefold()


def _common_word(known: Sequence[str]) -> str:
    """Return the word that all the names begin with (`level ` of `Level 1` to `Level 5`), folded; else empty."""
    first, *others = {name.partition(" ")[0] for name in known}
    return f"{first} ".casefold() if not others and len(known) > 1 else ""


def _name_folded(name: str, word: str) -> str:
    text = re.sub(r"[\s_-]+", " ", name.strip()).casefold()
    while word and text.startswith(word):
        text = text[len(word) :]
    return re.sub(r"(?<=\d)\.0+\Z", "", text)


def _described(value: Any) -> str:
    if is_gap(value):
        return "has no value (null or NaN)"
    return f"is a list of {len(value)}" if isinstance(value, list) else "is an object"
