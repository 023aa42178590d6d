"""The measures that the literature names, by hand, and thinkbench's own counts against its own code."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from qwq_nb.analysis.think.api import think
from qwq_nb.analysis.think.literature import literature_rows
from qwq_nb.core.records import Analysis, Completion, Outcome, Sample, SampleResult
from qwq_nb.trace.measure import VERSION
from qwq_nb.trace.thoughts import THINKBENCH, thinkbench_parts, thinkbench_switches
from tests.support.made_runs import made_run
from tests.support.made_runs import result as made_result

TEXT = "Let x be 2. Alternatively, x is 3. But wait, no: so alternatively it is 4.\n\nThere is another way. Yes."


def result(problem: str, outcome: Outcome, first: int | None, *, benchmark: str = "math_500") -> SampleResult:
    """A reasoning of 100 characters and 1,000 tokens; the right answer is stated up to character `first`."""
    sample = Sample(benchmark=benchmark, subset="Level 1", id=problem, index=0, question="q", gold="7", messages=[])
    place = None if first is None else (first - 1, first)
    return SampleResult(
        sample=sample,
        outcome=outcome,
        completion=Completion(reasoning="x" * 100, answer="7", reasoning_tokens=1000),
        analysis=Analysis(chars=100, first_correct=place),
    )


RESULTS = [
    result("a", "correct", 50),
    result("b", "correct", None),  # right, but where is not known: left out
    result("c", "wrong", 20),
    result("d", "wrong", None),
    result("e", "truncated", 90),
    result("f", "no_answer", None),
    result("g", "not_gradable", 10),
]


def test_outcome_efficiency_counts_what_was_stated_whatever_the_verdict() -> None:
    row = literature_rows(RESULTS)[-1]
    assert row.outcome_efficiency.value == pytest.approx((0.5 + 0.2 + 0 + 0.9 + 0) / 5)
    assert row.outcome_efficiency.n == 5


def test_underthinking_is_of_the_wrong_answers_alone() -> None:
    row = literature_rows(RESULTS)[-1]
    assert row.underthinking_score.value == pytest.approx((0.8 + 0 + 0.1 + 0) / 4)
    assert row.underthinking_score.n == 4
    assert literature_rows(RESULTS[:2])[-1].underthinking_score.value is None, "no wrong answer, nothing to say"


def test_a_benchmark_in_which_no_answer_has_a_place_says_nothing() -> None:
    code = [result("a", "wrong", None, benchmark="humaneval"), result("b", "correct", None, benchmark="humaneval")]
    rows = {row.benchmark: row for row in literature_rows([*code, *RESULTS])}
    assert rows["humaneval"].underthinking_score.value is None
    assert rows["humaneval"].outcome_efficiency.value is None
    assert rows["math_500"].underthinking_score.value is not None


def test_a_tokenizer_counts_both() -> None:
    row = literature_rows(RESULTS[:1], lambda text: len(text) // 3)[-1]
    assert row.outcome_efficiency.value == pytest.approx(16 / 33)


def test_thinkbenchs_switches_are_counted_in_any_case_and_its_parts_cut_in_lower_case() -> None:
    assert thinkbench_switches(TEXT) == 4
    assert thinkbench_parts(TEXT, "keywords") == [
        "Let x be 2. Alternatively, x is 3. But wait, no: so",
        "alternatively it is 4.\n\nThere is",
        "another way. Yes.",
    ]
    assert len(thinkbench_parts(TEXT, "separator")) == 2
    assert thinkbench_parts("", "keywords") == [""]


def thinkbench_source() -> Path:
    spec = importlib.util.find_spec("evalscope")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "third_party" / "thinkbench" / "eval.py"


def test_thinkbench_itself_counts_so() -> None:
    """Its methods, taken from the installed evalscope without importing it: it would load a tokenizer."""
    source = thinkbench_source().read_text(encoding="utf-8")
    (phrases,) = re.findall(r"self\.switch_tokens = \[(.*?)\]", source, re.S)
    assert tuple(re.findall(r"'([^']+)'", phrases)) == THINKBENCH
    assert "sum(think_part.lower().count(token) for token in self.switch_tokens)" in source
    methods = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    space: dict[str, Any] = {"re": re, "List": list}
    for method in methods:
        if method.name in ("split_by_keywords", "split_by_separator"):
            exec(compile(ast.Module([method], []), "thinkbench", "exec"), space)
    its = SimpleNamespace(switch_tokens=list(THINKBENCH))
    for text in (TEXT, "", "another angle", "x\n\n\n\ny", "Another way or another approach, alternatively"):
        assert thinkbench_parts(text, "keywords") == space["split_by_keywords"](its, text)
        assert thinkbench_parts(text, "separator") == space["split_by_separator"](its, text)


def test_the_tables_have_them_by_their_names() -> None:
    made = made_result(1, "w", reasoning=TEXT, tokens=400)
    made.analysis = Analysis(version=VERSION, chars=len(TEXT), thoughts=3, first_correct=(3, 9))
    found = think(made_run([made], "one"))
    row = found.table().iloc[-1]
    assert row.underthinking_score == pytest.approx(1 - 9 / len(TEXT))
    assert row.outcome_efficiency == pytest.approx(9 / len(TEXT))
    assert (row.thinkbench_switches, row.thinkbench_keywords, row.thinkbench_separator) == (4, 3, 2)
    assert (found.samples().thinkbench_switches == 4).all()
    for drawn in (str(found), found.html):
        for name in ("ξ_O", "ξ_UT", "thought_num", "parts (keywords)", "arXiv:2501.18585"):
            assert name in drawn
