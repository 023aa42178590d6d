"""Make from results what is drawn: sample views, progress and the notes of a `RunRecord`. Pure."""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from qwq_nb.core.code_groups import group_rows
from qwq_nb.core.compressed import text_length
from qwq_nb.core.outcomes import ReasonCode, decide_outcome, is_answered, is_failure, sentence
from qwq_nb.core.records import Analysis, SampleResult
from qwq_nb.core.run_record import Clip, InFlight, Progress, Reason, RunCost, RunRecord, SampleView
from qwq_nb.core.tool_calls import calls_in, shown_call, tool_names
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import OptionError, did_you_mean, listed, one_line
from qwq_nb.run.candidates import stated_candidates
from qwq_nb.run.code_parts import drawn_execution
from qwq_nb.run.cost import Prices, cost_of
from qwq_nb.run.estimate_notes import repeat_notes
from qwq_nb.run.notes import notes_on
from qwq_nb.run.references import references_of
from qwq_nb.run.sample import SampleDetail
from qwq_nb.run.state import RunState
from qwq_nb.run.tool_parts import drawn_calls
from qwq_nb.run.withhold import withheld_benchmarks
from qwq_nb.store.evalscope_rows import model_segment, prediction_file
from qwq_nb.store.manifest import Manifest
from qwq_nb.store.rulings import decided, read_rulings, ruling_notes
from qwq_nb.store.run_dir import JOURNAL, RunDirectory
from qwq_nb.store.scores import score_rows
from qwq_nb.trace.drawn_marks import drawn_marks
from qwq_nb.view.clip import clip, fair_limit, lean, switches_within

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "bare_record",
    "current_record",
    "detail",
    "find_result",
    "frame",
    "make_run_record",
    "resuming_line",
    "sample_view",
    "save_record",
]

_PLAIN_LINE = re.compile(r"%qwq_eval [\w .,:/=+@%~'-]{1,2000}")
_PLAIN_NAME = re.compile(r"[\w.+][\w .,:=+@~'()-]{0,250}")

RECORD_QUESTION = 500
"""Characters of a question in the record that viewers of the directory read."""

SWITCHES_WITHOUT_TEXT = 50_000
"""Switches of thoughts in that record, of all samples together: about 0.3 MB."""

FOREIGN_RUNS = 20
"""Runs of foreign script that a drawn sample carries at most."""


def frame(records: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Make a DataFrame of just these columns, also without rows.

    pandas is imported here, when the first one is wanted.
    """
    import pandas as pd

    return pd.DataFrame(list(records), columns=list(columns))


def find_result(results: Sequence[SampleResult], id: str, repeat: int, *, name: str, repeats: int) -> SampleResult:
    """Find the result of one sample × repeat, by the run's id of it or the data set's own.

    Raises:
        OptionError: no such sample or repeat in the run `name`.
    """
    wanted = str(id)
    same = [r for r in results if wanted in (r.sample.id, r.sample.source_id)]
    found = next((r for r in same if r.repeat == repeat), None)
    if found is not None:
        return found
    if same:
        raise OptionError(f"Sample {wanted!r} has no repeat {repeat}: the run has {repeats}.")
    known = [r.sample.id for r in results]
    hint = did_you_mean(wanted, known, many=f"The first ones are {listed(known[:3])}.")
    raise OptionError(f"The run {one_line(name, 120)} has no sample {wanted!r}.{hint}")


def resuming_line(manifest: Manifest) -> str:
    """Return the magic line that resumes the run or shows it again; empty for a run that evalscope wrote.

    It is offered to be pasted, and a stranger may have written the manifest. Only an evaluation's line of plain words
    is taken from there: IPython expands braces and dollars, `!` and `;` begin a shell's line, and a line end ends it.
    In the place of any other stands one that names the run, or none where its name is not plain either.
    """
    unsafe = re.search(r"--sandbox[ =]+off", manifest.command)  # no line written by us has it
    if not manifest.command or (_PLAIN_LINE.fullmatch(manifest.command) and not unsafe):
        return manifest.command
    return f"%qwq_resume {shlex.quote(manifest.name)}" if _PLAIN_NAME.fullmatch(manifest.name) else ""


def make_run_record(
    manifest: Manifest,
    path: str,
    results: Sequence[SampleResult],
    shown: Sequence[SampleResult],
    *,
    progress: Progress,
    in_flight: list[InFlight],
    notes: Sequence[str] = (),
    budget: int | None = None,
) -> RunRecord:
    """Make the record of the run in the directory `path`: the table of all `results`, and the samples `shown`.

    `notes` come after those that the manifest and the table give cause for. `budget`: characters that the texts of all
    failures may have together, and those of all other samples; the longest texts are clipped until they fit, so that
    what does not fit into a bundle of so many bytes is never in memory all at once. None: they are whole.
    """
    m, request = manifest, manifest.request
    rows = score_rows(results, m)
    most = caps(shown, budget)
    return RunRecord(
        run_id=m.run_id,
        name=m.name,
        state=m.state,
        demo=request.demo,
        created=m.created,
        updated=m.updated,
        model=request.endpoint.model,
        endpoint=request.endpoint.name,
        url=request.endpoint.url,
        sampling=drawn_sampling(request.endpoint),
        benchmarks=request.benchmarks,
        repeats=request.selection.repeats,
        limit=request.selection.limit,
        seed=request.selection.seed,
        concurrency=progress.concurrency if request.concurrency == "auto" else request.concurrency,
        data=m.data_label,
        versions=m.versions,
        run_dir=path,
        command=resuming_line(m),
        progress=progress,
        cost=cost_so_far(results, m),
        table=rows,
        groups=group_rows(results),
        samples=[sample_view(r, request.endpoint.model, most=most(r)) for r in shown],
        samples_total=len(results),
        in_flight=in_flight,
        notes=[
            *m.notes,
            *notes_on(rows, m, results, resuming_line(m)),
            *repeat_notes(results, m),
            *uncounted_note(results),
            *notes,
        ],
        withheld_benchmarks=withheld_benchmarks(m),
        references=[] if request.demo else references_of(rows, request.endpoint.model, whole=request.selection.whole),
    )


def drawn_sampling(endpoint: Endpoint) -> dict[str, Any]:
    """Return the sampling as it is drawn: what is set, tools by their names, and the seed of the requests."""
    found = {name: value for name, value in endpoint.sampling.items() if value is not None}
    if "tools" in found:
        found["tools"] = tool_names(found["tools"])
    # The built-in endpoint's seed is its own, and says nothing to the reader.
    if endpoint.request_seed is not None and not endpoint.is_demo:
        found["request_seed"] = endpoint.request_seed
    return found


def current_record(
    state: RunState,
    directory: RunDirectory,
    samples: Iterable[SampleResult] | None = None,
    *,
    budget: int | None = None,
) -> RunRecord:
    """Return a run as it is drawn now. `samples` are the rows it carries (None: all), with their texts whole.

    `budget`: bytes of the output that the record is made for, taken as characters. The longest texts are clipped until
    those of all failures together, and those of all other samples, have no more: a long run needs no memory for all of
    them at once. None: texts are whole; 0: there are none.
    """
    manifest = state.manifest
    results = decided(state.results(), lambda: read_rulings(directory, manifest.request.endpoint.model))
    record = make_run_record(
        manifest,
        directory.display_path,
        results,
        results if samples is None else list(samples),
        progress=state.progress(),
        in_flight=state.in_flight(),
        notes=[
            *ruling_notes(
                results,
                read_rulings(directory, manifest.request.endpoint.model),
                functools.partial(score_rows, manifest=manifest),
            ),
            *directory.problems,
        ],
        budget=budget,
    )
    return msgspec.structs.replace(record, partial=samples is not None)


def save_record(state: RunState, directory: RunDirectory) -> None:
    """Write `qwq_record.json` into the run's directory: what viewers draw, without the texts that lie beside it.

    Raises:
        OSError: it cannot be written.
    """
    record = bare_record(current_record(state, directory, budget=0))
    directory.save_record(msgspec.json.encode(lean(record)))


def caps(shown: Sequence[SampleResult], budget: int | None) -> Callable[[SampleResult], int | None]:
    """Return how long a result's texts may be (characters; None: whole): only the longest are cut to fit `budget`."""
    if budget is None:
        return lambda _: None
    lengths: dict[bool, list[int]] = {True: [], False: []}
    for result in shown:
        lengths[is_failure(result)].append(text_length(result.completion))
    found = {failed: fair_limit(lengths[failed], budget) for failed in lengths}
    return lambda result: found[is_failure(result)]


def cost_so_far(results: Sequence[SampleResult], manifest: Manifest) -> RunCost | None:
    """Return the cost of all benchmarks together, by the endpoint's prices; None where it has none or is free."""
    endpoint = manifest.request.endpoint
    if endpoint.prices is None or not any(endpoint.prices) or not results:
        return None
    whole = cost_of(results, Prices(*endpoint.prices))[-1]
    return RunCost(
        so_far=whole.cost,
        expected=whole.expected_cost,
        per_correct=whole.cost_per_correct,
        uncounted=whole.uncounted,
        currency=endpoint.price_currency,
    )


def bare_record(record: RunRecord) -> RunRecord:
    """Return the record without what lies beside it in the run's directory.

    It has no reasoning, no answers, and clipped questions. The switches stay, as long as there are not too many: the
    reasoning that a viewer reads there is cut by them.
    """
    rows, left = [], SWITCHES_WITHOUT_TEXT
    for view in record.samples:
        analysis = view.analysis
        if analysis is not None and analysis.switches:
            left -= len(analysis.switches)
            if left < 0:
                analysis = msgspec.structs.replace(analysis, switches=[])
        question = clip(view.question.text, RECORD_QUESTION) if view.question else None
        rows.append(
            msgspec.structs.replace(view, question=question, reasoning=None, answer=None, analysis=analysis, code=None)
        )
    return msgspec.structs.replace(record, samples=rows, in_flight=[])


def detail(result: SampleResult) -> SampleDetail:
    """Make the `SampleDetail` of a result: its texts whole."""
    s, c, v = result.sample, result.completion, result.verdict
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
        candidates=stated_candidates(result),
        tools=s.tools,
        tool_calls=[shown_call(call) for call in calls_in(c.answer)] if c else [],
        tool_check=v.tool_check if v else None,
    )


def explained(result: SampleResult) -> tuple[Reason, str]:
    """Explain the outcome: as a code with values, and as a sentence."""
    if result.outcome == "pending":
        code: ReasonCode = "partial_kept" if result.completion else "not_asked"
        reason = Reason(code=code)
        return reason, sentence(reason)
    if result.outcome != "awaiting_ruling" and result.verdict and result.verdict.status == "no_reference":
        reason = Reason(code="ruled")
        return reason, sentence(reason)
    decision = decide_outcome(result.completion, result.verdict, result.error, gold=result.sample.gold)
    return decision.reason, decision.why


def sample_view(result: SampleResult, model: str, *, most: int | None = None) -> SampleView:
    """Make the view of a sample. `most`: characters that each of its texts may have; None: they are whole."""
    d = detail(result)
    reasoning = clipped_text(d.reasoning, most)
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
        execution=drawn_execution(d.execution),
        calls=drawn_calls(d.tool_check),
    )


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
        candidates=[],  # `run.sample(id)` has them
        foreign=analysis.foreign[:FOREIGN_RUNS],
        measures=drawn_marks(result) if analysis.measures else {},
    )


def uncounted_note(results: Sequence[SampleResult]) -> list[str]:
    """Return the note on answers whose tokens the server did not count, or not credibly; empty if there are none."""
    found = [r.completion for r in results if r.completion is not None and is_answered(r.outcome)]
    ours = sum(completion.tokens_from in ("chunks", "estimate") for completion in found)
    if not ours:
        return []
    return [
        f"{ours} of {len(found)} answers came without a token count that can be believed: their tokens are counted "
        f"here, as pieces of the stream, or as a quarter of the characters where nothing was streamed."
    ]
