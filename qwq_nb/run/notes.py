"""Write the notes that a run's numbers give cause for: what is missing and why, what was cut, what is not finished."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Sequence

from qwq_nb.core.apart import APART, stands_apart, together
from qwq_nb.core.outcomes import is_answered
from qwq_nb.core.records import SampleResult
from qwq_nb.core.run_record import SubsetRow
from qwq_nb.endpoint.context_window import RAISE_IT
from qwq_nb.run.estimate_notes import estimate_notes
from qwq_nb.run.withhold import shown_error, withheld_benchmarks
from qwq_nb.store.manifest import Manifest
from qwq_nb.view.wording import count, number

__all__ = ["AUTO_NOTE", "SANDBOX_NOTE", "notes_on", "uncounted_note"]

TRUNCATION_SHARE = 0.05
"""From this share of cut completions on, the output says so in a sentence."""
AUTO_NOTE = "--concurrency auto came to"
"""Beginning of the note on how many streams were found."""
SANDBOX_NOTE = "Code is run in the sandbox"
"""Beginning of the note on the sandbox, whose name is of this machine."""
LONGEST_CAUSE = 240
"""Characters of an error that a note quotes."""


def notes_on(rows: list[SubsetRow], manifest: Manifest, results: Sequence[SampleResult], resuming: str) -> list[str]:
    """List what a reader must know beside the numbers. `rows` is the table of `results`.

    `resuming` is the line that goes on with the run.
    """
    notes: list[str] = []
    withheld = withheld_benchmarks(manifest)
    if manifest.streams and not manifest.request.demo and manifest.state in ("stopped", "failed", "complete"):
        notes.append(f"{AUTO_NOTE} {count(manifest.streams, 'stream')} at once.")
    for row in rows:
        is_apart = stands_apart(row.benchmark, row.subset)
        if row.subset != "all" and not is_apart:
            continue
        own = [result for result in results if result.sample.benchmark == row.benchmark]
        if is_apart:
            own = [result for result in own if result.sample.subset == row.subset]
            if len(own) == sum(result.sample.benchmark == row.benchmark for result in results):
                continue  # the row `all` is about it
            why = APART[row.benchmark][row.subset]
            notes.append(f"{row.benchmark}: {row.subset} stands apart, and the row all is without it: {why}.")
        else:
            notes += estimate_notes(row, manifest)
            own = together(own, lambda result: result.sample)
        notes += logprob_notes(row, own, manifest)
        if row.errors:
            errors = [result for result in own if result.outcome == "error"]
            notes += error_notes(row, errors, manifest, is_withheld=row.benchmark in withheld)
        if row.truncated:
            notes += truncation_notes(row, own, manifest)
        if row.not_gradable:
            notes += not_gradable_notes(row, own, is_withheld=row.benchmark in withheld)
        if row.awaiting_ruling:
            notes += awaiting_notes(row, own, manifest)
        until = manifest.request.selection.until
        if row.pending and until is not None and manifest.state == "complete":
            notes.append(
                f"{row.benchmark}: {row.pending} of {row.n} were not asked, since the interval is within ± {until:g} "
                f"points, as --until {until:g} wanted. The same line without --until asks them."
            )
        elif row.pending and manifest.state in ("stopped", "failed", "complete"):
            notes.append(
                f"{row.benchmark}: {number(row.pending)} of {number(row.n)} did not finish. To go on: {resuming}"
            )
    return notes


def logprob_notes(row: SubsetRow, own: Sequence[SampleResult], manifest: Manifest) -> list[str]:
    """Say that log probabilities were asked for, and not sent."""
    if manifest.request.endpoint.sampling.get("logprobs") is None:
        return []
    answered = [r.completion for r in own if r.completion is not None and r.completion.completion_tokens]
    missing = sum(completion.logprobs is None for completion in answered)
    if not missing:
        return []
    return [
        f"{row.benchmark}: log probabilities were asked for (--logprobs), and the server sent none with {missing} of "
        f"{count(len(answered), 'answer')}. Not every server has them: vLLM, SGLang and llama.cpp do."
    ]


def awaiting_notes(row: SubsetRow, results: Sequence[SampleResult], manifest: Manifest) -> Iterable[str]:
    """Write how many answers await a ruling or a judge, and which line asks one."""
    awaiting = [r.verdict.status for r in results if r.outcome == "awaiting_ruling" and r.verdict is not None]
    judged = awaiting.count("awaits_judge")
    if judged:
        name = shlex.quote(manifest.name) if manifest.name else "RUN"
        yield (
            f"{row.benchmark}: {judged} of {row.n} await a judge: %qwq_judge {name} --endpoint NAME asks one, or "
            f"run.rule(id, True or False) rules by hand. They are left out of the accuracy until then."
        )
    if row.awaiting_ruling > judged:
        yield (
            f"{row.benchmark}: {row.awaiting_ruling - judged} of {row.n} await your ruling, run.rule(id, True or "
            f"False), since their records have no reference to grade against. They are left out of the accuracy until "
            f"then. A judge may be asked too: %qwq_judge."
        )


def error_notes(
    row: SubsetRow, errors: Sequence[SampleResult], manifest: Manifest, *, is_withheld: bool
) -> Iterable[str]:
    """Write what is missing from one benchmark, with the first cause: what was refused, and what failed."""
    for refused in (True, False):
        group = [result for result in errors if result.refused == refused]
        if not group:
            continue
        missing = f"{row.benchmark}: {len(group)} of {row.n} are missing because the"
        first = shown_error(group[0].error) if is_withheld else " ".join(group[0].error.split())[:LONGEST_CAUSE]
        if refused:
            yield (
                f"{missing} endpoint refused {'it' if len(group) == 1 else 'them'}, asked once. The first: "
                f"{first.rstrip('.')}. They are not counted as wrong; the same line again asks them once more, and is "
                f"refused again unless the server or an option is changed."
            )
            continue
        tried = "at the only attempt (--max-retries 0)" if not manifest.request.endpoint.max_retries else ""
        yield (
            f"{missing} endpoint failed {tried or 'after all retries'}. The first: {first.rstrip('.')}. They are not "
            f"counted as wrong; the same line again asks them once more."
        )


def not_gradable_notes(row: SubsetRow, results: Sequence[SampleResult], *, is_withheld: bool) -> Iterable[str]:
    """Write how many answers could not be graded, and why: the most frequent reason, in the grader's own words."""
    given_up = [r.verdict.explanation for r in results if r.outcome == "not_gradable" and r.verdict is not None]
    reasons = Counter(" ".join(text.split()) for text in given_up if text.strip())
    said = ""
    if reasons and not is_withheld:
        reason, times = reasons.most_common(1)[0]
        said = (
            f" ({times} of them: {reason[:LONGEST_CAUSE].rstrip('.')})"
            if len(reasons) > 1
            else (f" ({reason[:LONGEST_CAUSE].rstrip('.')})")
        )
    counted = "0" if row.metric else "not correct"
    yield (
        f"{row.benchmark}: the grader gave up on {row.not_gradable}{said}. They count as {counted} here; evalscope's "
        f"own report leaves them out of its mean."
    )


def truncation_notes(row: SubsetRow, results: Sequence[SampleResult], manifest: Manifest) -> Iterable[str]:
    """Write how many answers were cut, and by which limit: that of the request, or the server's own."""
    finished = row.answered
    if not finished or row.truncated / finished < TRUNCATION_SHARE:
        return
    cut = [r.completion for r in results if r.outcome == "truncated" and r.completion is not None]
    by_server = [completion for completion in cut if completion.cut_by_server]
    cap = manifest.request.endpoint.sampling.get("max_tokens")
    counted = "They count as incorrect; the column “accuracy, untruncated only” leaves them out."
    of = number(finished)
    by_limit = row.truncated - len(by_server)
    if by_limit:
        limit = f" (max-tokens {cap})" if cap else ""
        yield f"{row.benchmark}: {number(by_limit)} of {of} were cut by the token limit{limit}. {counted}"
    if not by_server:
        return
    below = f", far below max-tokens {cap}" if cap else ""
    answers = {completion.completion_tokens for completion in by_server}
    totals = {c.prompt_tokens + c.completion_tokens for c in by_server if c.prompt_tokens}
    if len(by_server) > 1 and len(answers) == 1 and len(totals) > 1:
        yield (
            f"{row.benchmark}: {number(len(by_server))} of {of} were cut by a limit of the server's own{below}: each "
            f"answer ends after {answers.pop():,} tokens. {counted}"
        )
        return
    sums = f" (prompt + answer = {max(totals):,} tokens)" if totals else ""
    yield (
        f"{row.benchmark}: {number(len(by_server))} of {of} were cut by the server's context window{sums}{below}. "
        f"Restart the server with a larger one ({RAISE_IT}). {counted}"
    )


def uncounted_note(results: Sequence[SampleResult]) -> list[str]:
    """Return the note on answers whose tokens the server did not count, or not credibly; empty if there are none."""
    found = [r.completion for r in results if r.completion is not None and is_answered(r.outcome)]
    ours = sum(completion.tokens_from in ("chunks", "estimate") for completion in found)
    if not ours:
        return []
    return [
        f"{ours} of {len(found)} answers came without a token count that can be believed: their tokens are counted "
        f"here, as chunks of the stream, or as a quarter of the characters where nothing was streamed."
    ]
