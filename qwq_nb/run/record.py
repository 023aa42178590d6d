"""Make from results what is drawn: sample views, progress and the notes of a `RunRecord`. Pure."""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from qwq_nb.core.code_groups import group_rows
from qwq_nb.core.compressed import text_length
from qwq_nb.core.outcomes import is_failure
from qwq_nb.core.records import SampleResult
from qwq_nb.core.run_record import InFlight, Progress, RunRecord, SubsetRow
from qwq_nb.core.tool_calls import tool_names
from qwq_nb.core.vocabulary import VOCABULARY
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import OptionError, did_you_mean, listed, one_line
from qwq_nb.run.board.rows import board_rows
from qwq_nb.run.clip_pictures import PictureOf, clip_picture, fit_pictures
from qwq_nb.run.cost import cost_so_far
from qwq_nb.run.estimate_notes import repeat_notes
from qwq_nb.run.notes import notes_on, uncounted_note
from qwq_nb.run.references import references_of
from qwq_nb.run.repeats import repeat_scores
from qwq_nb.run.sample_view import drawn_ruling, sample_view
from qwq_nb.run.state import RunState
from qwq_nb.run.turn_views import bare_turns
from qwq_nb.run.withhold import withheld_benchmarks
from qwq_nb.store.judgements import judge_notes, settled
from qwq_nb.store.manifest import Manifest
from qwq_nb.store.rulings import Ruling, read_rulings, ruling_notes
from qwq_nb.store.run_dir import RunDirectory
from qwq_nb.store.scores import score_rows
from qwq_nb.view.clip import clip, fair_limit, lean

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "bare_record",
    "current_record",
    "find_result",
    "frame",
    "make_run_record",
    "resuming_line",
    "save_record",
]

_PLAIN_LINE = re.compile(r"%qwq_eval [\w .,:/=+@%~'-]{1,2000}")
_PLAIN_NAME = re.compile(r"[\w.+][\w .,:=+@~'()-]{0,250}")

RECORD_QUESTION = 500
"""Characters of a question in the record that viewers of the directory read."""

SWITCHES_WITHOUT_TEXT = 50_000
"""Switches of thoughts in that record, of all samples together: about 0.3 MB."""

TRACKS_WITHOUT_TEXT = 300_000
"""Characters of the answers stated in reasonings in that record, of all samples together."""

RECORD_PICTURES = 1_500_000
"""Bytes of all clips in that record."""

DRAWINGS_WITHOUT_TEXT = 1_000_000
"""Characters of drawings in the record that viewers of the directory read, of all samples together."""


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
    picture: PictureOf = lambda _: None,
    rulings: Mapping[tuple[str, int], Ruling] | None = None,
) -> RunRecord:
    """Make the record of the run in the directory `path`: the table of all `results`, and the samples `shown`.

    `notes` come after those that the manifest and the table give cause for. `budget`: characters that the texts of all
    failures may have together, and those of all other samples; the longest texts are clipped until they fit, so that
    what does not fit into a bundle of so many bytes is never in memory all at once. None: they are whole.
    """
    m, request = manifest, manifest.request
    rows = score_rows(results, m)
    if not VOCABULARY.states[m.state].live:  # with 2,000 answers they take 0.1 s, which no update has
        rows = with_repeat_scores(rows, results, m)
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
        key_env=request.endpoint.key_env,
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
        board=board_rows(results, m, resuming_line(m)),
        samples=[
            msgspec.structs.replace(
                sample_view(r, request.endpoint.model, most=most(r), picture=picture),
                ruling=drawn_ruling(r, rulings or {}),
            )
            for r in shown
        ],
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


def with_repeat_scores(rows: list[SubsetRow], results: Sequence[SampleResult], manifest: Manifest) -> list[SubsetRow]:
    """Return the rows with avg@k, pass@k and cons@k, where problems were answered more than once."""
    if manifest.request.selection.repeats < 2 and not any(result.repeat for result in results):
        return rows
    scores = repeat_scores(results, manifest.population)
    return [msgspec.structs.replace(row, repeated=scores.get((row.benchmark, row.subset))) for row in rows]


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
    rulings = read_rulings(directory, manifest.request.endpoint.model)
    results = settled(state.results(), directory, manifest.request.endpoint.model)
    record = make_run_record(
        manifest,
        directory.display_path,
        results,
        results if samples is None else list(samples),
        progress=state.progress(),
        # What a file holds of the streams must not be missing in the next update of the view.
        in_flight=state.in_flight(advance=samples is not None),
        notes=[
            *ruling_notes(
                results,
                rulings,
                functools.partial(score_rows, manifest=manifest),
            ),
            *judge_notes(results, directory, manifest.request.endpoint.model),
            *directory.problems,
        ],
        budget=budget,
        picture=clip_picture(directory),
        rulings=rulings,
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


def bare_record(record: RunRecord) -> RunRecord:
    """Return the record without what lies beside it in the run's directory.

    It has no reasoning, no answers, and clipped questions. The switches stay, as long as there are not too many: the
    reasoning that a viewer reads there is cut by them.
    """
    rows, left, space = [], SWITCHES_WITHOUT_TEXT, DRAWINGS_WITHOUT_TEXT
    tracks = TRACKS_WITHOUT_TEXT
    pictures = fit_pictures(record.samples, RECORD_PICTURES, in_html=False)
    for view, picture in zip(record.samples, pictures, strict=True):
        analysis = view.analysis
        if analysis is not None and analysis.switches:
            left -= len(analysis.switches)
            if left < 0:
                analysis = msgspec.structs.replace(analysis, switches=[])
        question = clip(view.question.text, RECORD_QUESTION) if view.question else None
        space -= len(view.drawing.svg) if view.drawing else 0
        tracks -= len(view.track.places) + sum(map(len, view.track.values)) if view.track else 0
        rows.append(
            msgspec.structs.replace(
                view,
                question=question,
                reasoning=None,
                answer=None,
                analysis=analysis,
                code=None,
                turns=bare_turns(view.turns),
                picture=picture,
                drawing=view.drawing if space >= 0 else None,
                track=view.track if tracks >= 0 else None,
            )
        )
    return msgspec.structs.replace(record, samples=rows, in_flight=[])
