"""A measure from a package outside qwq_nb: asked in the worker, a column of `%qwq_think`, a mark in every view."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from qwq_nb.analysis.think.api import think
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.backfill import FILE
from qwq_nb.run.bundle import bundle
from qwq_nb.run.open import load_run
from qwq_nb.run.run import Run
from qwq_nb.run.withhold import withhold
from qwq_nb.trace.measures import MEASURES, further_measures, register_measure
from tests.support.demo_server import own_endpoint
from tests.support.math_problems import MATH

HEDGES = '''
"""Counts words that hedge."""

import re

from qwq_nb.trace.measures import Mark

WORDS = re.compile(r"(?i:maybe|perhaps|wait|hmm|let me)")


class Hedges:
    name = "hedges"
    version = 1

    def of(self, trace):
        assert trace.equivalent(trace.gold), "the benchmark's equivalence is at hand"
        found = [match.span() for match in WORDS.finditer(trace.reasoning)]
        return {"n": len(found), "first": found[0] if found else None, "tokens": trace.reasoning_tokens}

    def columns(self, value):
        return {"per_1000": 1000 * value["n"] / value["tokens"] if value["tokens"] else None}

    def marks(self, value, peers, thresholds):
        if not value["n"]:
            return []
        return [Mark("hedged", tuple(value["first"]), f"{value['n']} words <b>", value["n"])]
'''


@pytest.fixture
def hedges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The module of the measure, which the kernel finds and the worker was not started with."""
    file = tmp_path / "hedges_of_mine.py"
    file.write_text(HEDGES, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield file
    sys.modules.pop("hedges_of_mine", None)
    for name in further_measures():
        MEASURES.unregister(name)


def evaluated(server: DemoEndpoint) -> Run:
    return evaluate("math_500", endpoint=own_endpoint(server), data=MATH, levels=[1, 5], show=False)


def test_a_measure_from_another_package_is_a_column_and_a_mark(server: DemoEndpoint, hedges: Path) -> None:
    before = len(evaluated(server).samples().columns)
    register_measure("hedges", "hedges_of_mine:Hedges")
    run = evaluate("math_500", endpoint=own_endpoint(server), data=MATH, levels=[1, 5], show=False, fresh=True)
    assert all(r.analysis and r.analysis.measures["hedges"]["version"] == 1 for r in run.results() if r.completion)
    found = think(run)
    table = found.table().set_index("subset")
    assert (table.hedges_per_1000_low <= table.hedges_per_1000).all()
    assert table.hedges_per_1000["all"] > 0
    assert 0 < table.hedged["all"] <= 1
    assert "hedges per 1000" in str(found)
    assert "Further measures" in found.html
    assert "<summary>hedged (" in found.html
    samples = found.samples()
    assert (samples.hedges_per_1000 > 0).sum() == samples.marks.str.contains("hedged").sum() > 0
    assert len(run.samples().columns) == before
    assert run.samples()["flags"].str.contains("hedged").any()

    again = load_run(run.path)
    assert [r.flags for r in again.results()] == [r.flags for r in run.results()]
    drawn = bundle(withhold(run.record(), reveal=False), live=False)
    assert "<em>hedged</em>" in str(drawn["text/html"])
    assert "words &lt;b&gt;, at character" in str(drawn["text/html"])
    assert ", hedged" in str(drawn["text/plain"])
    marks = [v.analysis.measures["hedges"]["marks"] for v in run.record().samples if v.analysis and v.analysis.measures]
    assert all(mark["name"] == "hedged" and mark["start"] < mark["end"] for (mark,) in marks)


def test_an_older_run_is_measured_when_a_measure_is_new_or_has_new_rules(server: DemoEndpoint, hedges: Path) -> None:
    run = evaluated(server)
    known = [r.analysis for r in run.results()]
    assert "hedges" not in str(think(run))
    register_measure("hedges", "hedges_of_mine:Hedges")
    heard: list[str] = []
    assert "hedges per 1000" in str(think(run, tell=heard.append))
    assert heard
    rows = [json.loads(line) for line in (run.path / FILE).read_text(encoding="utf-8").splitlines() if line]
    assert {row["analysis"]["measures"]["hedges"]["version"] for row in rows} == {1}
    heard.clear()
    again = load_run(run.path)
    assert "hedges per 1000" in str(think(again, tell=heard.append))
    assert not heard, "what was found is kept"
    for result, old in zip(again.results(), known, strict=True):
        assert result.analysis is not None
        assert old is not None
        assert result.analysis.first_correct == old.first_correct
        assert result.analysis.switches == old.switches

    MEASURES.unregister("hedges")
    hedges.with_name("hedges_anew.py").write_text(HEDGES.replace("version = 1", "version = 2"), encoding="utf-8")
    register_measure("hedges", "hedges_anew:Hedges")
    think(again, tell=heard.append)
    assert heard, "its rules are new"
    sys.modules.pop("hedges_anew")


def test_a_measure_that_fails_is_noted_once(server: DemoEndpoint, hedges: Path) -> None:
    hedges.with_name("failing_measure.py").write_text(HEDGES.replace("WORDS.finditer", "WORDS.find"), encoding="utf-8")
    register_measure("failing", "failing_measure:Hedges")
    run = evaluated(server)
    assert run.accuracies()["math_500"]
    found = think(run)
    assert str(found).count("The measure failing failed on 16 of 16 answers") == 1
    assert found.html.count("AttributeError") == 1
    assert not [name for name in found.table().columns if name.startswith("failing")]
    sys.modules.pop("failing_measure")
