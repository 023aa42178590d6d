"""Define what a measure of a trace is, and register measures: what can be said of one completion's reasoning.

A measure is asked in the worker process, beside the grading, where the benchmark's own equivalence is at hand; what it
finds goes into the run directory. Its columns and marks are made of that in the kernel. `trace.built_in` has the
measures that come with the package.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar

import msgspec

from qwq_nb.core.records import Outcome, SampleResult, Verdict
from qwq_nb.core.registry import Registry
from qwq_nb.errors import OptionError
from qwq_nb.trace.thresholds import Thresholds

__all__ = [
    "BUILT_IN",
    "MEASURES",
    "Mark",
    "Measure",
    "Trace",
    "further_marks",
    "further_measures",
    "is_measured",
    "marks_among",
    "measure_targets",
    "measured_columns",
    "measured_value",
    "register_measure",
]

T = TypeVar("T")


class Trace(msgspec.Struct, kw_only=True, frozen=True):
    """Hold one completion as a measure reads it.

    All texts come from a model or a data set: they may be of any length and content.
    """

    reasoning: str
    answer: str = ""
    question: str = ""
    """The problem as it stands in the data set."""
    gold: str = ""
    """The right answer; empty where none is known."""
    choices: list[str] = []
    """Of a multiple-choice problem, in the order of their letters."""
    kind: str = "other"
    """What the benchmark's answers are: `math` (an expression), `choice` (a letter), or anything else."""
    reasoning_tokens: int = 0
    outcome: Outcome = "pending"
    verdict: Verdict | None = None
    """The grader's; None: not graded."""
    equal: Callable[[str, str], bool | None] | None = None
    """The benchmark's equivalence of a candidate and the gold answer."""

    @property
    def correct(self) -> bool | None:
        """Return whether the answer was graded as correct; None: it was not graded."""
        return self.verdict.correct if self.verdict is not None and self.verdict.status == "graded" else None

    def equivalent(self, candidate: str, gold: str | None = None) -> bool | None:
        """Return whether a candidate equals the gold answer (or another) by the benchmark's own rules; None: unknown.

        It may take milliseconds: ask it of few values.
        """
        return None if self.equal is None else self.equal(candidate, self.gold if gold is None else gold)


class Mark(msgspec.Struct, frozen=True):
    """Hold something worth a reader's look in one trace. The same name may be given at several positions."""

    name: str
    """In lower case with underscores: `hedging_loop`. Shown with spaces instead of underscores."""
    span: tuple[int, int] | None = None
    """Where it is seen: first and last + 1 character of the reasoning; None: of the trace as a whole."""
    says: str = ""
    """The finding in a few words or numbers."""
    weight: float = 0.0
    """Strength of the finding: the strongest are shown first."""


class Measure(Protocol[T]):
    """Define a measure: what it computes of one trace, its numbers, and its marks.

    Pure, and linear in the trace's length; safe to import anywhere.

    `T` is what JSON holds (numbers, texts, lists, dicts), a dataclass or a `msgspec.Struct`: it is written into the
    run directory and read back as the type that the annotation of `of` names.

    >>> class Hedging:
    ...     name, version = "hedging", 1
    ...     def of(self, trace: Trace) -> int | None:
    ...         return trace.reasoning.count("maybe")
    ...     def columns(self, value: int) -> dict[str, float | None]:
    ...         return {"maybes": value}
    ...     def marks(self, value: int, peers: Sequence[int], thresholds: Thresholds) -> list[Mark]:
    ...         return [Mark("hedging", says=f"{value} times maybe")] if value > 9 else []
    """

    name: str
    """Its key in the registry and in `Analysis.measures`, and the prefix of its columns: `hedging_maybes`."""
    version: int
    """Raised when the rules change: values of another version are measured anew by `think`."""

    def of(self, trace: Trace) -> T | None:
        """Measure one completion; None: nothing to say. Runs in the worker process, within the grading's deadline.

        An exception costs this value alone.
        """

    def columns(self, value: T) -> Mapping[str, float | None]:
        """Return the numbers of a value: their means by subset are columns of `%qwq_think`; None is left out."""

    def marks(self, value: T, peers: Sequence[T], thresholds: Thresholds) -> Sequence[Mark]:
        """Return what to mark in a trace with this value.

        `peers` are the values of the same run and subset, this one among them; empty where they are not known yet.
        """


BUILT_IN: Final[dict[str, str]] = {
    "answer_places": "qwq_nb.trace.built_in:AnswerPositionsMeasure",
    "thoughts": "qwq_nb.trace.built_in:ThoughtsMeasure",
    "loops": "qwq_nb.trace.built_in:LoopsMeasure",
    "foreign_scripts": "qwq_nb.trace.built_in:ForeignScriptsMeasure",
}
"""The measures of the package, in the order in which their marks are shown."""

MEASURES: Final[Registry[Any]] = Registry("measure", "qwq_nb.measures", BUILT_IN)


def register_measure(name: str, target: str | type) -> None:
    """Register a measure for this process: the text `package.module:Name` of one, or its class.

    The worker process imports it by that text, from where this process imports it; it is asked of every completion
    that is graded from now on, and `think` measures those of older runs. A package registers its measures for good by
    entry points of the group `qwq_nb.measures`.

    >>> register_measure("hedging", "my_measures:Hedging")

    Raises:
        OptionError: the name is taken or ill-formed, or the class cannot be imported by another process (it is defined
            in a cell or in a function).
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", name):
        raise OptionError(f"A measure's name is of lower-case letters, digits and underscores, not {name!r}.")
    MEASURES.register(name, target if isinstance(target, str) else _text_of(name, target))


def _text_of(name: str, target: Any) -> str:
    """The text by which another process imports a class."""
    if not isinstance(target, type):
        raise OptionError(
            f"The measure {name!r} is registered by its class, or by the text `package.module:NAME` of an object: "
            f"the worker process cannot be given the object itself."
        )
    module, _, path = f"{target.__module__}:{target.__qualname__}".partition(":")
    found: Any = None
    if module != "__main__":
        try:
            found = functools.reduce(getattr, path.split("."), importlib.import_module(module))
        except (ImportError, AttributeError):
            found = None
    if found is not target:
        raise OptionError(
            f"The measure {name!r} is defined in a cell or a function, where the worker process cannot import it. "
            f"Write it into a file beside the notebook, as {name}.py, and register it by its text: "
            f'register_measure("{name}", "{name}:{target.__name__}").'
        )
    return f"{module}:{path}"


def further_measures() -> list[str]:
    """Return the names of the measures beside those of the package, in the order in which they were registered."""
    return [name for name in MEASURES.names() if name not in BUILT_IN]


def measure_targets() -> dict[str, str]:
    """Return the further measures as the worker is told of them: name → `package.module:Name`."""
    return {name: str(MEASURES.target(name)) for name in further_measures()}


@functools.cache
def _type_of(measure: Callable[..., Any]) -> Any:
    """What the values of a measure's `of` are read back as: its annotation, or anything where there is none."""
    try:
        return typing.get_type_hints(measure).get("return", Any)
    except Exception:  # a name that exists for type checkers only
        return Any


def measured_value(name: str, result: SampleResult) -> Any:
    """Return a measure's value of one answer; None: nothing to say, not measured, or by another version.

    Raises:
        OptionError: the measure is unknown, or cannot be imported.
    """
    measure = MEASURES.get(name)
    if name in BUILT_IN:
        return measure.restored(result)
    if not is_measured(name, result):
        return None
    assert result.analysis is not None
    try:
        return msgspec.convert(result.analysis.measures[name].get("value"), _type_of(type(measure).of))
    except (msgspec.ValidationError, TypeError):  # of a directory that somebody else wrote
        return None


def is_measured(name: str, result: SampleResult) -> bool:
    """Return whether a further measure was asked of an answer, in its present version, and did not fail."""
    entry = result.analysis.measures.get(name) if result.analysis is not None else None
    return isinstance(entry, dict) and "value" in entry and entry.get("version") == MEASURES.get(name).version


def measured_columns(name: str, result: SampleResult) -> dict[str, float | None]:
    """Return the columns of a measure for one answer, prefixed by its name; empty where it has nothing to say.

    A measure that raises has nothing to say.
    """
    value = measured_value(name, result)
    if value is None:
        return {}
    try:
        return {f"{name}_{column}": number for column, number in MEASURES.get(name).columns(value).items()}
    except Exception:
        return {}


def marks_among(
    results: Sequence[SampleResult], thresholds: Thresholds, peers: Sequence[SampleResult] | None = None
) -> list[list[Mark]]:
    """Return each answer's marks, in the order of the measures. `peers` are the answers themselves by default.

    A measure that raises, or that cannot be imported any more, marks nothing.
    """
    marks: list[list[Mark]] = [[] for _ in results]
    for measure in _built_in():
        values = [measure.restored(result) for result in results]
        others = values if peers is None else [measure.restored(peer) for peer in peers]
        for own, more in zip(marks, _marks(measure, values, others, thresholds), strict=True):
            own += more
    for found in further_marks(results, thresholds, peers).values():
        for own, more in zip(marks, found, strict=True):
            own += more
    return marks


def further_marks(
    results: Sequence[SampleResult], thresholds: Thresholds, peers: Sequence[SampleResult] | None = None
) -> dict[str, list[list[Mark]]]:
    """Return the marks of each further measure that the answers have values of: those of each answer."""
    there = {name for r in results if r.analysis is not None and r.analysis.measures for name in r.analysis.measures}
    found: dict[str, list[list[Mark]]] = {}
    for name in further_measures() if there else ():
        if name not in there:
            continue
        with contextlib.suppress(Exception):
            values = [measured_value(name, result) for result in results]
            others = values if peers is None else [measured_value(name, peer) for peer in peers]
            marks = _marks(MEASURES.get(name), values, others, thresholds)
            # Somebody else's code: what is no mark is an error of its measure, here and not where it is drawn.
            found[name] = [[msgspec.convert(msgspec.structs.asdict(m), Mark) for m in own] for own in marks]
    return found


@functools.cache
def _built_in() -> list[Any]:
    """The package's own measures: asked of every answer that is graded or read."""
    return [MEASURES.get(name) for name in BUILT_IN]


def _marks(measure: Any, values: list[Any], peers: list[Any], thresholds: Thresholds) -> list[list[Mark]]:
    known = [value for value in peers if value is not None]
    return [[] if value is None else list(measure.marks(value, known, thresholds)) for value in values]
