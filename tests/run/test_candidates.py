"""The candidate answers of one sample: `run.sample(id).candidates`."""

from __future__ import annotations

from typing import Any

from qwq_nb.core.records import Analysis, SampleResult
from qwq_nb.run.candidates import Candidate, candidates_line
from tests.support.made_runs import made_run, result

TEXT = "So it is $204$. The answer is \\boxed{204}. No: it is <b>60</b>."


def answered(**changes: Any) -> SampleResult:
    made = result(1, "w", reasoning=TEXT, **changes)
    spans = [(TEXT.index(said), TEXT.index(said) + len(said)) for said in ("$204$", "\\boxed{204}", "<b>60</b>")]
    candidates: list[tuple[int, int, bool | None]] = [
        (*span, right) for span, right in zip(spans, (True, True, False), strict=True)
    ]
    made.analysis = Analysis(version=3, chars=len(TEXT), candidates=candidates)
    return made


def test_each_has_its_place_and_what_it_says() -> None:
    sample = made_run([answered()]).sample("math_500/1")
    assert [(c.text, c.right) for c in sample.candidates] == [("204", True), ("204", True), ("<b>60</b>", False)]
    assert sample.reasoning[sample.candidates[1].start : sample.candidates[1].end] == "\\boxed{204}"
    assert "candidates: 204 → 204 → <b>60</b>" in sample._repr_mimebundle_()["text/plain"]
    html = sample._repr_mimebundle_()["text/html"]
    assert "204 → 204 → &lt;b&gt;60&lt;/b&gt;" in html


def test_they_are_withheld_with_the_texts() -> None:
    gpqa = made_run([answered(benchmark="gpqa_diamond", subset="default")])
    sample = gpqa.sample("math_500/1")
    assert [c.text for c in sample.candidates][:1] == ["204"], "here all the same"
    shown = sample._repr_mimebundle_()
    assert "204" not in shown["text/html"] + shown["text/plain"]
    assert "204 → 204" in gpqa.reveal().sample("math_500/1")._repr_mimebundle_()["text/html"]


def test_none_without_an_analysis_and_none_beyond_the_text() -> None:
    assert made_run([result(1)]).sample("math_500/1").candidates == []
    made = answered()
    assert made.analysis is not None
    made.analysis.candidates = [(3, 10**6, True), (-5, 2, None)]
    sample = made_run([made]).sample("math_500/1")
    assert sample.candidates == []
    assert "andidates" not in sample._repr_mimebundle_()["text/html"]


def test_of_many_the_line_shows_the_first_and_the_last() -> None:
    many = [Candidate(i, i + 1, str(i), None) for i in range(100)]
    assert candidates_line(many) == "0 → 1 → 2 → 3 → 4 → 5 → … 88 more … → 94 → 95 → 96 → 97 → 98 → 99"
    assert candidates_line([]) == ""


def test_a_drawn_record_does_not_carry_them() -> None:
    drawn = made_run([answered()]).record().samples[0].analysis
    assert drawn is None or drawn.candidates == []
