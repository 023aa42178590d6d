"""The seam of measures: what is registered, what is stored and read back, and what a bad measure may cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pytest

from qwq_nb.core.records import Analysis, SampleResult
from qwq_nb.errors import OptionError
from qwq_nb.trace.drawn_marks import drawn_marks, read_marks, without_words
from qwq_nb.trace.habits import habits
from qwq_nb.trace.measure import VERSION, further_values, measure_trace
from qwq_nb.trace.measures import (
    BUILT_IN,
    MEASURES,
    Mark,
    Trace,
    further_measures,
    is_measured,
    measure_targets,
    measured_columns,
    measured_value,
    register_measure,
)
from qwq_nb.trace.thresholds import Thresholds
from tests.support.made_runs import result


class Count(msgspec.Struct):
    """How often, and where first."""

    n: int
    first: tuple[int, int] | None = None


class Perhaps:
    """Counts a word."""

    name = "perhaps"
    version = 3

    def of(self, trace: Trace) -> Count | None:
        at = trace.reasoning.find("perhaps")
        return Count(trace.reasoning.count("perhaps"), (at, at + 7) if at >= 0 else None)

    def columns(self, value: Count) -> dict[str, float | None]:
        return {"times": value.n}

    def marks(self, value: Count, peers: Sequence[Count], thresholds: Thresholds) -> list[Mark]:
        return [Mark("many_perhaps", value.first, f"{value.n} times", value.n)] if value.n > 1 else []


class Bad(Perhaps):
    """Fails at everything."""

    version = 1

    def of(self, trace: Trace) -> Count | None:
        raise ZeroDivisionError("no " * 200)

    def columns(self, value: Count) -> dict[str, float | None]:
        raise KeyError

    def marks(self, value: Count, peers: Sequence[Count], thresholds: Thresholds) -> list[Mark]:
        return [Mark(7, (1, 2))]  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    yield
    for name in further_measures():
        MEASURES.unregister(name)


def measured(text: str, **values: Any) -> SampleResult:
    made = result(1, "w", reasoning=text)
    analysis = measure_trace(Trace(reasoning=text))
    made.analysis = msgspec.structs.replace(
        analysis, measures=values or further_values(Trace(reasoning=text), further_measures())
    )
    # As the run directory gives it back.
    made.analysis = msgspec.json.decode(msgspec.json.encode(made.analysis), type=Analysis)
    return made


def test_the_packages_own_measures_come_first() -> None:
    assert MEASURES.names()[: len(BUILT_IN)] == ["answer_places", "thoughts", "loops", "foreign_scripts"]
    assert all(MEASURES.get(name).name == name and MEASURES.get(name).version == VERSION for name in BUILT_IN)


def test_the_value_of_a_further_measure_is_stored_and_read_back_as_its_type() -> None:
    register_measure("perhaps", Perhaps)
    assert measure_targets() == {"perhaps": "tests.trace.test_measures:Perhaps"}
    made = measured("So perhaps 7, perhaps 8.")
    assert made.analysis is not None
    assert made.analysis.measures == {"perhaps": {"version": 3, "value": {"n": 2, "first": [3, 10]}}}
    assert measured_value("perhaps", made) == Count(2, (3, 10))
    assert measured_columns("perhaps", made) == {"perhaps_times": 2}
    assert habits(made, ()) == ["many_perhaps"]
    assert habits(measured("So 7."), ()) == []


@pytest.mark.parametrize(
    "entry", [{"version": 2, "value": {"n": 9}}, {"version": 3, "error": "x"}, {"version": 3, "value": "text"}, 7, None]
)
def test_a_value_of_other_rules_or_another_form_says_nothing(entry: Any) -> None:
    register_measure("perhaps", Perhaps)
    made = measured("x", perhaps=entry)
    assert measured_value("perhaps", made) is None
    assert habits(made, ()) == []
    assert is_measured("perhaps", made) is (entry == {"version": 3, "value": "text"})


def test_a_measure_that_fails_costs_its_own_value_alone() -> None:
    register_measure("bad", Bad)
    register_measure("gone", "no_such_module_here:Measure")
    register_measure("perhaps", Perhaps)
    values = further_values(Trace(reasoning="perhaps"), ["bad", "gone", "perhaps"])
    assert values["bad"]["error"].startswith("ZeroDivisionError: no no")
    assert len(values["bad"]["error"]) <= 200
    assert "cannot be imported" in values["gone"]["error"]
    assert values["perhaps"]["value"]["n"] == 1
    made = measured("perhaps perhaps", bad={"version": 1, "value": {"n": 1}}, perhaps=values["perhaps"])
    assert measured_columns("bad", made) == {}
    assert habits(made, ()) == [], "what is no mark marks nothing, and a single perhaps is none"


def test_a_measure_that_no_other_process_can_import_is_refused() -> None:
    class Local(Perhaps):
        """Defined in a function."""

    with pytest.raises(OptionError, match=r'in a cell or a function.*register_measure\("mine", "mine:Local"\)'):
        register_measure("mine", Local)
    cell = type("Cell", (Perhaps,), {"__module__": "__main__"})
    with pytest.raises(OptionError, match="in a cell or a function"):
        register_measure("mine", cell)
    with pytest.raises(OptionError, match="by its class"):
        register_measure("mine", Perhaps())  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="'loops' is built in"):
        register_measure("loops", Perhaps)
    with pytest.raises(OptionError, match="lower-case letters"):
        register_measure("My measure", Perhaps)


def test_a_drawn_record_carries_the_marks_and_not_the_values() -> None:
    register_measure("perhaps", Perhaps)
    made = measured("So perhaps 7, perhaps 8.")
    assert made.analysis is not None
    drawn = msgspec.structs.replace(made.analysis, measures=drawn_marks(made))
    assert read_marks(drawn) == [Mark("many_perhaps", (3, 10), "2 times")]
    assert read_marks(without_words(drawn)) == [Mark("many_perhaps", (3, 10))]
    hostile = {"a": 1, "b": {"marks": [{"name": 3}, {"name": "x", "start": "y", "end": 2}, "z"]}}
    assert read_marks(Analysis(measures=hostile)) == [Mark("x")]


def test_the_benchmarks_equivalence_is_asked_by_way_of_the_trace() -> None:
    trace = Trace(reasoning="", gold="1/2", equal=lambda candidate, gold: (candidate, gold) == ("0.5", "1/2"))
    assert trace.equivalent("0.5") is True
    assert trace.equivalent("0.5", "2") is False
    assert Trace(reasoning="").equivalent("0.5") is None
