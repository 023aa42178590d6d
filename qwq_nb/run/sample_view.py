"""Make what is shown of one sample: its details with whole texts, and its row in a drawn record. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from qwq_nb.bench.drawings import draw
from qwq_nb.core.drawn_parts import Drawing, RulingView
from qwq_nb.core.outcomes import ReasonCode, decide_outcome, sentence, why_decided
from qwq_nb.core.records import Analysis, SampleResult
from qwq_nb.core.run_record import Clip, Reason, SampleView
from qwq_nb.core.tool_calls import calls_in, shown_call
from qwq_nb.run.candidates import drawn_track, stated_candidates
from qwq_nb.run.clip_pictures import PictureOf
from qwq_nb.run.drawn_execution import drawn_execution
from qwq_nb.run.entropy_strip import entropy_levels
from qwq_nb.run.sample import SampleDetail
from qwq_nb.run.tool_parts import drawn_calls
from qwq_nb.run.turn_views import says_tests, turn_views
from qwq_nb.store.evalscope_rows import model_segment, prediction_file
from qwq_nb.store.rulings import Ruling, applies
from qwq_nb.store.run_dir import JOURNAL
from qwq_nb.trace.drawn_marks import drawn_marks
from qwq_nb.view.clip import clip, switches_within

__all__ = ["detail", "drawn_ruling", "sample_view"]

FOREIGN_RUNS = 20
"""Runs of foreign script that a drawn sample carries at most."""


def detail(result: SampleResult) -> SampleDetail:
    """Make the `SampleDetail` of a result: its texts whole."""
    s, c, v = result.sample, result.completion, result.verdict
    game = v.execution.game if v is not None and v.execution is not None else None
    drawing = draw(s, c.answer if c else "")
    return SampleDetail(
        benchmark=s.benchmark,
        subset=s.subset,
        id=s.id,
        repeat=result.repeat,
        outcome=result.outcome,
        why=explained(result)[1],
        question=s.question,
        reasoning=c.reasoning if c else "",
        answer=c.answer if c else "",
        gold=s.gold,
        extracted=v.extracted if v else "",
        second_extracted=v.second_extracted if v else "",
        flags=result.flags,
        reasoning_tokens=c.reasoning_tokens if c else 0,
        answer_tokens=c.answer_tokens if c else 0,
        finish_reason=c.finish_reason if c else "",
        attempts=c.attempts if c else 0,
        ttft_s=c.ttft_s if c else None,
        latency_s=(c.latency_s or None) if c else None,
        error=result.error,
        retried=c.retried if c else [],
        choices=s.choices,
        messages=s.messages,
        source_id=s.source_id,
        execution=v.execution if v else None,
        steps=c.steps if c else [],
        checks=dict(game.checks) if game is not None else {},
        candidates=stated_candidates(result),
        tools=s.tools,
        tool_calls=[shown_call(call) for call in calls_in(c.answer)] if c else [],
        tool_check=v.tool_check if v else None,
        logprobs=c.logprobs if c else None,
        entropy=entropy_levels(c),
        drawing=drawing.svg if drawing else "",
        drawing_alt=drawing.alt if drawing else "",
        drawing_text=drawing.text if drawing else "",
    )


def explained(result: SampleResult) -> tuple[Reason, str]:
    """Explain the outcome: as a code with values, and as a sentence."""
    if result.outcome == "pending":
        code: ReasonCode = "partial_kept" if result.completion else "not_asked"
        reason = Reason(code=code)
        return reason, sentence(reason)
    if result.verdict and result.outcome != "awaiting_ruling" and (decided := why_decided(result.verdict)):
        return decided, sentence(decided)
    decision = decide_outcome(result.completion, result.verdict, result.error, gold=result.sample.gold)
    return decision.reason, decision.why


def sample_view(
    result: SampleResult, model: str, *, most: int | None = None, picture: PictureOf = lambda _: None
) -> SampleView:
    """Make the view of a sample. `most`: characters that each of its texts may have; None: they are whole.

    `picture` gives the clip of a game.
    """
    d = detail(result)
    reasoning = clipped_text(d.reasoning, most)
    turns = turn_views(result.completion, most=most)
    file = JOURNAL
    if result.verdict is not None:
        file = prediction_file(Path(), model_segment(model), d.benchmark, d.subset).as_posix()
    return SampleView(
        benchmark=d.benchmark,
        subset=d.subset,
        id=d.id,
        repeat=d.repeat,
        outcome=result.outcome,
        why=d.why,
        gold=d.gold,
        extracted=d.extracted,
        second_extracted=d.second_extracted,
        flags=d.flags,
        reasoning_tokens=d.reasoning_tokens,
        answer_tokens=d.answer_tokens,
        finish_reason=d.finish_reason,
        attempts=d.attempts,
        ttft_s=d.ttft_s,
        latency_s=d.latency_s,
        error=d.error,
        source_id=d.source_id,
        question=Clip(text=d.question),
        reasoning=reasoning,
        answer=clipped_text(d.answer, most),
        choices=d.choices,
        file=file if result.completion else "",
        analysis=drawn_analysis(result, None if most == 0 else reasoning),
        reason=explained(result)[0],
        code=clipped_text(d.extracted, most) if d.execution is not None and d.extracted else None,
        execution=drawn_execution(d.execution, texts=not says_tests(turns)),
        calls=drawn_calls(d.tool_check),
        entropy=entropy_levels(result.completion),
        turns=turns,
        picture=picture(result),
        drawing=Drawing(svg=d.drawing, alt=d.drawing_alt) if d.drawing else None,
        track=drawn_track(result),
    )


def drawn_ruling(result: SampleResult, rulings: Mapping[tuple[str, int], Ruling]) -> RulingView | None:
    """Return the reader's ruling on a result's present answer; None if there is none."""
    ruling = rulings.get((result.sample.id, result.repeat))
    if ruling is None or not applies(ruling, result):
        return None
    return RulingView(correct=bool(ruling.correct), note=ruling.note, at=ruling.at)


def clipped_text(text: str, most: int | None) -> Clip:
    """Clip a text to `most` characters; None: it is whole."""
    if most == 0:
        return Clip(omitted=len(text))
    return Clip(text=text) if most is None or len(text) <= most else clip(text, most)


def drawn_analysis(result: SampleResult, reasoning: Clip | None) -> Analysis | None:
    """Return what is marked in the part `reasoning` of the reasoning; None: the viewer reads the text elsewhere."""
    analysis = result.analysis
    if analysis is None or not analysis.chars:
        return None
    switches = analysis.switches if reasoning is None else switches_within(analysis.switches, reasoning)
    return msgspec.structs.replace(
        analysis,
        switches=switches,
        candidates=[],  # the track has them
        foreign=analysis.foreign[:FOREIGN_RUNS],
        measures=drawn_marks(result) if analysis.measures else {},
    )
