"""From results to what is drawn: sample views, progress and the notes of a `RunRecord`. Pure."""

from __future__ import annotations

from pathlib import Path

from qwq_nb.bench.rows import model_segment, prediction_file
from qwq_nb.records import Clip, Progress, SampleResult, SampleView, SubsetRow
from qwq_nb.rundir import JOURNAL, Manifest
from qwq_nb.tally import decide_outcome
from qwq_nb.view.sample import SampleDetail

__all__ = ["detail", "finished_progress", "notes_on", "relative", "sample_view"]

TRUNCATION_SHARE = 0.05
"""From this share of cut completions on, the output says so in a sentence."""


def detail(result: SampleResult) -> SampleDetail:
    s, c, v = result.sample, result.completion, result.verdict
    return SampleDetail(
        benchmark=s.benchmark,
        subset=s.subset,
        id=s.id,
        repeat=result.repeat,
        outcome=result.outcome,
        why=why(result),
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
        latency_s=c.latency_s if c else None,
        error=result.error,
        retried=c.retried if c else [],
        choices=s.choices,
        messages=s.messages,
        source_id=s.source_id,
    )


def why(result: SampleResult) -> str:
    """One sentence: why this outcome."""
    if result.outcome == "pending":
        return "not finished: the partial text is kept" if result.completion else "not asked yet"
    return decide_outcome(result.completion, result.verdict, result.error, gold=result.sample.gold)[1]


def sample_view(result: SampleResult, model: str) -> SampleView:
    d = detail(result)
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
        reasoning=Clip(text=d.reasoning),
        answer=Clip(text=d.answer),
        choices=d.choices,
        file=file if result.completion else "",
    )


def finished_progress(results: list[SampleResult], manifest: Manifest) -> Progress:
    """The progress of a run that nobody is running: counts from its results, wall time from its manifest."""
    tokens = sum(r.completion.completion_tokens for r in results if r.completion)
    return Progress(
        total=len(results),
        done=sum(r.outcome != "pending" for r in results),
        errors=sum(r.outcome == "error" for r in results),
        retries=sum(max(0, r.completion.attempts - 1) for r in results if r.completion),
        elapsed_s=manifest.elapsed_s,
        tokens=tokens,
        tokens_per_s=tokens / manifest.elapsed_s if manifest.elapsed_s else 0.0,
    )


def notes_on(rows: list[SubsetRow], manifest: Manifest) -> list[str]:
    """What a reader must know beside the numbers."""
    notes: list[str] = []
    for row in rows:
        if row.subset != "all":
            continue
        finished = row.n - row.errors - row.pending
        if row.errors:
            notes.append(
                f"{row.benchmark}: {row.errors} of {row.n} are missing because the endpoint failed after all retries. "
                f"They are not counted as wrong; the same line again asks them once more."
            )
        if finished and row.truncated / finished >= TRUNCATION_SHARE:
            cap = manifest.endpoint.sampling.get("max_tokens")
            notes.append(
                f"{row.benchmark}: {row.truncated} of {finished} were cut by the token limit"
                + (f" (max-tokens {cap})" if cap else "")
                + ". They count as not correct; beside it stands the accuracy of the finished ones."
            )
        if row.not_gradable:
            notes.append(
                f"{row.benchmark}: the grader gave up on {row.not_gradable}. They count as not correct here; "
                f"evalscope's own report leaves them out of its mean."
            )
        if row.pending and manifest.state in ("stopped", "failed", "complete"):
            notes.append(f"{row.benchmark}: {row.pending} of {row.n} were not finished. To go on: {manifest.command}")
    return notes


def relative(path: Path) -> str:
    """`path` as seen from the working folder where it lies below it, else whole."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
