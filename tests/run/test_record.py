"""What is drawn of a sample: the reason of its outcome as a code, and where its thoughts begin."""

from __future__ import annotations

import msgspec

from qwq_nb.core.outcomes import decide_outcome
from qwq_nb.core.records import Analysis, Completion, Sample, SampleResult, Verdict
from qwq_nb.core.run_record import Clip, Reason, SampleView
from qwq_nb.run import record as run_record
from qwq_nb.run.sample_budget import fit_samples
from qwq_nb.run.sample_view import sample_view
from qwq_nb.run.withhold import withhold
from qwq_nb.trace.thoughts import switches
from qwq_nb.view.clip import lean
from tests.support.run_records import record, view

REASONING = "😀 So x is 2, and this line is long enough to tell.\n\n" + "".join(
    f"Wait, let me look at 🧮 number {i} from another side, and then again.\n\n" for i in range(300)
)


def result(reasoning: str = REASONING, **changes: object) -> SampleResult:
    turns = switches(reasoning)
    verdict = Verdict(
        extracted="7",
        analysis=Analysis(version=2, chars=len(reasoning), thoughts=len(turns) + 1, switches=turns),
    )
    completion = Completion(reasoning=reasoning, answer="7", finish_reason="stop")
    decision = decide_outcome(completion, verdict)
    sample = Sample(
        benchmark="math_500", subset="Level 1", id="math_500/level-1/0", index=0, question="?", gold="12", messages=[]
    )
    made = SampleResult(sample=sample, outcome=decision.outcome, completion=completion, verdict=verdict)
    return msgspec.structs.replace(made, **changes)


def marked(view: SampleView) -> list[str]:
    """What stands at the switches that the view carries, in the text that it carries."""
    assert view.analysis is not None
    assert view.reasoning is not None
    clip = view.reasoning
    at = [s if s < clip.at or not clip.omitted else s - clip.omitted for s in view.analysis.switches]
    return [clip.text[i : i + 4] for i in at]


def test_the_reason_stands_beside_its_sentence() -> None:
    drawn = sample_view(result(), "QwQ")
    assert (drawn.why, drawn.reason) == ("extracted 7, gold is 12", Reason(code="other_value"))
    waiting = sample_view(result(outcome="pending", verdict=None), "QwQ")
    assert (waiting.why, waiting.reason) == ("not finished: the partial text is kept", Reason(code="partial_kept"))
    assert lean(drawn)["reason"] == {"code": "other_value"}


def test_an_older_record_without_a_reason_is_read() -> None:
    fields = lean(sample_view(result(), "QwQ"))
    del fields["reason"]
    assert msgspec.convert(fields, SampleView).reason is None


def test_withheld_texts_have_no_reason_that_could_quote_them() -> None:
    quoting = view(1, benchmark="gpqa_diamond", reason=Reason(code="grader_crashed", values={"detail": "zirconium"}))
    drawn = withhold(record([quoting], benchmarks=["gpqa_diamond"]), reveal=False)
    assert "zirconium" not in str(lean(drawn))
    assert drawn.samples[0].reason is None


def test_a_whole_reasoning_has_all_its_switches() -> None:
    drawn = sample_view(result(), "QwQ")
    assert marked(drawn) == ["Wait"] * 300
    (fitted,) = fit_samples([drawn], 1_000_000)
    assert fitted.analysis == drawn.analysis


def test_a_cut_reasoning_has_the_switches_of_what_is_left() -> None:
    whole = sample_view(result(), "QwQ")
    for drawn in (
        sample_view(result(), "QwQ", most=3_000),
        fit_samples([whole], 8_000)[0],
        fit_samples([sample_view(result(), "QwQ", most=9_000)], 8_000)[0],
    ):
        assert drawn.reasoning is not None
        assert drawn.reasoning.omitted > 0
        assert 10 < len(marked(drawn)) < 200
        assert set(marked(drawn)) == {"Wait"}
        assert len(marked(drawn)) == drawn.reasoning.text.count("Wait,")


def test_a_sample_without_its_reasoning_has_no_switches() -> None:
    drawn = sample_view(result(), "QwQ")
    for budget in (1_500, 700):
        for fitted in fit_samples([drawn] * 2, budget):
            assert not fitted.reasoning or not fitted.reasoning.text or len(marked(fitted)) < 20
            assert fitted.analysis is not None
            if fitted.reasoning is None:
                assert fitted.analysis.switches == []


def test_switches_take_their_share_of_the_budget() -> None:
    drawn = sample_view(result(), "QwQ")
    assert drawn.analysis is not None
    bare = msgspec.structs.replace(drawn, analysis=msgspec.structs.replace(drawn.analysis, switches=[]))

    def text(views: list[SampleView]) -> int:
        return sum(len((view.reasoning or Clip()).text) for view in views)

    with_them, without = fit_samples([drawn] * 20, 300_000), fit_samples([bare] * 20, 300_000)
    assert 0.8 * text(without) < text(with_them) < text(without)


def test_the_record_in_the_runs_folder_has_switches_as_long_as_there_are_few() -> None:
    """Its viewer reads the reasoning from the files beside it."""
    drawn = sample_view(result(), "QwQ", most=0)
    bare = run_record.bare_record(record([drawn] * 200))
    kept = [len(view.analysis.switches) for view in bare.samples if view.analysis]
    assert kept == [300] * 166 + [0] * 34
    assert all(view.reasoning is None for view in bare.samples)
