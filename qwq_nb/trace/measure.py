"""Measure one completion by the registered measures: what they find, in one `Analysis`.

Pure and linear in the length of the reasoning; the benchmark's equivalence is asked for few values (`values.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from qwq_nb.core.records import Analysis, AnswerKind, Verdict
from qwq_nb.trace.built_in import VERSION
from qwq_nb.trace.measures import BUILT_IN, MEASURES, Trace

__all__ = ["VERSION", "further_values", "measure", "measure_trace"]

LONGEST_ERROR = 200


def measure_trace(trace: Trace) -> Analysis:
    """Measure one completion by the package's own measures. Offsets are characters of the reasoning."""
    if not trace.reasoning.strip():
        return Analysis(version=VERSION, chars=len(trace.reasoning))
    fields: dict[str, Any] = {}
    for name in BUILT_IN:
        own = MEASURES.get(name)
        value = own.of(trace)
        fields |= {} if value is None else own.fields(value)
    return Analysis(version=VERSION, chars=len(trace.reasoning), **fields)


def further_values(trace: Trace, names: Iterable[str]) -> dict[str, Any]:
    """Measure one completion by further measures: the content of `Analysis.measures`.

    A value is `{"version": 1, "value": …}`. A measure that raises, or cannot be imported, costs its own value alone:
    `{"version": 1, "error": "ZeroDivisionError: division by zero"}`, version 0 where it could not be imported.
    """
    values: dict[str, Any] = {}
    for name in names:
        version = 0
        try:
            own = MEASURES.get(name)
            version = int(own.version)
            values[name] = {"version": version, "value": msgspec.to_builtins(own.of(trace))}
        except Exception as exc:  # somebody else's code: whatever it raises
            error = f"{type(exc).__name__}: {exc}"[:LONGEST_ERROR]
            values[name] = {"version": version, "error": error}
    return values


def measure(
    reasoning: str,
    answer: str,
    question: str,
    gold: str,
    *,
    kind: AnswerKind,
    choices: list[str],
    correct: bool | None,
    equal: Callable[[str, str], bool],
) -> Analysis:
    """Measure texts by the package's own measures.

    `equal(candidate, gold)` is the benchmark's own equivalence, and asked last. `correct` is the verdict on the answer
    (None: not graded). Where the kind is `code` or `text` it cannot be said where the right answer is stated.
    """
    return measure_trace(
        Trace(
            reasoning=reasoning,
            answer=answer,
            question=question,
            gold=gold,
            kind=kind,
            choices=choices,
            verdict=None if correct is None else Verdict(correct=correct),
            equal=equal,
        )
    )
