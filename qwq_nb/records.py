"""The typed records that pass between the rooms, and the one that is drawn: `RunRecord` (`run.v1`).

`Sample` → `Completion` → `Verdict` → `SampleResult` is the way of one answer through a run. `RunRecord` is what a
viewer gets: it holds everything that is drawn and nothing that is secret. Its JSON Schema is `run_schema()`; the
copy in the package (`run.v1.schema.json`) is what the JupyterLab renderer is checked against.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import msgspec

__all__ = [
    "MIME_TYPE",
    "OUTCOMES",
    "Analysis",
    "Clip",
    "Completion",
    "InFlight",
    "Loop",
    "Outcome",
    "Progress",
    "RunRecord",
    "Sample",
    "SampleResult",
    "SampleView",
    "State",
    "SubsetRow",
    "Verdict",
    "run_schema",
]

MIME_TYPE = "application/vnd.qwq-nb.run.v1+json"

Outcome = Literal["correct", "wrong", "no_answer", "truncated", "not_gradable", "error", "pending"]
"""Each sample × repeat has exactly one.

correct       the benchmark's own grader says so
wrong         finished, an answer was extracted, and it is not the gold one
no_answer     finished, nothing could be extracted
truncated     cut by the token limit (an unclosed thought included) and not correct
not_gradable  the grader ran into its deadline or memory limit
error         the endpoint failed after all retries: never counted as wrong
pending       not asked yet, or interrupted
"""
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

State = Literal["starting", "running", "paused", "stopped", "failed", "complete"]


class Sample(msgspec.Struct, kw_only=True, frozen=True):
    """One problem as the benchmark's adapter prepared it."""

    benchmark: str
    subset: str
    """evalscope's name of the subset: `Level 3`, `default`."""
    id: str
    """Unique in a run and the same for every limit: `math_500/level-3/17`."""
    index: int
    """Position within the subset of the whole data set, from 0."""
    question: str
    """The problem as it stands in the data set, before the prompt template."""
    gold: str
    targets: list[str] = []
    """All accepted targets; `gold` is the first."""
    messages: list[dict[str, str]]
    """What goes on the wire."""
    choices: list[str] = []
    source_id: str = ""
    """The data set's own id, where it has one (`test/algebra/24.json`)."""
    metadata: dict[str, Any] = {}
    record: dict[str, Any] = {}
    """The raw record, so that the run directory can carry the data it was run on."""


class Completion(msgspec.Struct, kw_only=True):
    """One finished (or broken) answer. Times are in seconds and of the attempt that counted."""

    reasoning: str = ""
    answer: str = ""
    shape: str = "answer_only"
    """How the reasoning came: see `qwq_nb.reasoning.SHAPES`."""
    finish_reason: str = ""
    """As the server gave it (`stop`, `length`, …); `interrupted` if the stream ended without one."""
    prompt_tokens: int = 0
    reasoning_tokens: int = 0
    answer_tokens: int = 0
    tokens_from: Literal["usage", "usage_share", "chunks", "estimate"] = "chunks"
    """`usage`: the server counted both; `usage_share`: its total, split by text length; `chunks`: stream pieces;
    `estimate`: four characters each, where nothing was streamed or counted."""
    ttft_s: float | None = None
    """Time to first token, or None where nothing was streamed."""
    latency_s: float = 0.0
    attempts: int = 1
    retried: list[str] = []
    """Why earlier attempts did not count, one line each."""
    model: str = ""
    """The model's name as the server gave it."""
    endpoint: str = ""
    """The name of the endpoint that answered: several may share a run. Empty in older runs."""

    @property
    def completion_tokens(self) -> int:
        return self.reasoning_tokens + self.answer_tokens


class Loop(msgspec.Struct, kw_only=True):
    """A span that the model wrote over and over. Offsets are characters of the reasoning."""

    start: int
    """Where the first repetition begins: from here on the text is wasted."""
    end: int
    period: int
    """Characters of what is repeated."""
    repeats: int
    """How often it stands there, the first time included."""


class Analysis(msgspec.Struct, kw_only=True):
    """How one completion thought, as `qwq_nb.analysis.measure` found it. Offsets are characters of the reasoning."""

    version: int = 1
    """Of the rules; an older one is measured anew."""
    chars: int = 0
    """Length of the reasoning."""
    thoughts: int = 0
    """One more than the switches; 0 without reasoning."""
    switches: list[int] = []
    """Where each further thought begins."""
    first_correct: tuple[int, int] | None = None
    """The first place where the right answer is stated as an answer; None: nowhere, or the gold answer is not known."""
    last_correct: tuple[int, int] | None = None
    """The last such place."""
    left: tuple[int, int] | None = None
    """The last statement of the right answer, where another answer was given in the end."""
    loop: Loop | None = None
    foreign: list[tuple[int, int]] = []
    """Runs of a script that the question is not written in."""
    foreign_share: float = 0.0
    """Of the reasoning's letters, 0…1."""
    languages: list[str] = []
    """Names of the foreign scripts, the most frequent first: `Han`, `Cyrillic`, …"""


class Verdict(msgspec.Struct, kw_only=True):
    """What the grader said of one answer."""

    status: Literal["graded", "deadline", "memory", "crashed", "excluded"] = "graded"
    correct: bool = False
    score: float = 0.0
    """evalscope's main value, 0…1."""
    extracted: str = ""
    second_extracted: str = ""
    second_correct: bool | None = None
    """The second opinion; None where there is none for this benchmark."""
    present: bool = False
    """The gold value stands in the answer or the reasoning's end although it was not extracted."""
    explanation: str = ""
    seconds: float = 0.0
    sample_score: dict[str, Any] = {}
    """evalscope's own SampleScore, as it goes into the review file."""
    analysis: Analysis | None = None
    """How the completion thought, measured beside the grading because it needs the benchmark's equivalence."""


class SampleResult(msgspec.Struct, kw_only=True):
    """One sample × repeat of a run: a row of `run.samples()`."""

    sample: Sample
    repeat: int = 0
    outcome: Outcome = "pending"
    completion: Completion | None = None
    verdict: Verdict | None = None
    flags: list[str] = []
    """`present_not_extracted`, `check_by_hand`, `reasoning_only`, `demo`, …"""
    error: str = ""
    analysis: Analysis | None = None
    """The verdict's, where it carries one; None: not measured (yet)."""

    def __post_init__(self) -> None:
        if self.analysis is None and self.verdict is not None:
            self.analysis = self.verdict.analysis


class SubsetRow(msgspec.Struct, kw_only=True):
    """One row of `run.table()`: a subset, or all of a benchmark (`subset == "all"`). Shares are 0…1."""

    benchmark: str
    subset: str
    n: int
    """Samples × repeats planned."""
    correct: int
    accuracy: float | None
    """correct / (n − errors − pending); None while nothing is finished."""
    ci_low: float | None
    ci_high: float | None
    accuracy_finished: float | None
    """correct / (the same − truncated)."""
    truncated: int
    no_answer: int
    not_gradable: int
    errors: int
    mean_reasoning_tokens: float | None
    mean_answer_tokens: float | None
    ttft_p50_s: float | None
    tokens_per_s_p50: float | None
    pending: int = 0
    wrong: int = 0
    problems: int = 0
    """Distinct problems: n / repeats."""


class Clip(msgspec.Struct, kw_only=True):
    """A text, or its beginning and end: `omitted` characters are missing at offset `at`."""

    text: str = ""
    omitted: int = 0
    at: int = 0


class SampleView(msgspec.Struct, kw_only=True):
    """A sample as a viewer gets it: the row of `run.samples()` plus its texts, clipped to the output's budget."""

    benchmark: str
    subset: str
    id: str
    repeat: int
    outcome: Outcome
    why: str
    """One line: why this outcome."""
    gold: str
    extracted: str
    second_extracted: str = ""
    flags: list[str] = []
    reasoning_tokens: int = 0
    answer_tokens: int = 0
    finish_reason: str = ""
    attempts: int = 0
    ttft_s: float | None = None
    latency_s: float | None = None
    error: str = ""
    source_id: str = ""
    question: Clip | None = None
    """None: withheld (GPQA without --reveal) or left out for the budget."""
    reasoning: Clip | None = None
    answer: Clip | None = None
    choices: list[str] = []
    file: str = ""
    """Where the full text is: path within the run directory."""
    analysis: Analysis | None = None
    """Without its switches, which a viewer finds in the text, and with the first foreign runs only."""


class InFlight(msgspec.Struct, kw_only=True):
    """A sample that is being answered now."""

    benchmark: str
    subset: str
    id: str
    repeat: int
    tokens: int
    elapsed_s: float
    phase: Literal["waiting", "reasoning", "answer", "retry", "grading"]
    attempt: int = 1
    reasoning_tail: str = ""
    """The end of the reasoning so far; a viewer that has seen the earlier updates puts them together by `_at`."""
    reasoning_at: int = 0
    """Where the tail begins within the reasoning so far, in characters."""
    answer_tail: str = ""
    answer_at: int = 0


class Progress(msgspec.Struct, kw_only=True):
    """Where a run stands. Rates are over the last seconds, tokens are completion tokens received so far."""

    total: int = 0
    done: int = 0
    """Finished and graded, errors included."""
    reused: int = 0
    """Of `done`: taken over from an earlier call of the same line."""
    in_flight: int = 0
    grading: int = 0
    errors: int = 0
    retries: int = 0
    elapsed_s: float = 0.0
    eta_s: float | None = None
    tokens: int = 0
    tokens_per_s: float = 0.0
    step: str = ""
    """What is being waited for before the first request: `loading benchmarks`, …"""
    concurrency: int = 0
    """Streams allowed at once now: what `--concurrency auto` has come to; 0 where it is not known."""
    waiting: str = ""
    """Why nothing is asked now (the endpoint is gone, the key is refused) and what there is to do; empty otherwise."""


class RunCost(msgspec.Struct, kw_only=True):
    """What a run costs, in the unit of its endpoint's prices; see `qwq_nb.analysis.cost` for what is in it."""

    so_far: float
    """Of the answers that are there."""
    expected: float | None
    """At the end, each pending answer at the mean cost of its subset's; None while nothing is answered."""
    per_correct: float | None
    """so_far / correct answers; None without any."""
    uncounted: int = 0
    """Answers whose tokens the server did not count: their prompts are not in it."""


class RunRecord(msgspec.Struct, kw_only=True):
    """A run as it is drawn, saved in the notebook and read by the JupyterLab renderer (`run.v1`)."""

    schema: Literal["run.v1"] = "run.v1"
    run_id: str
    name: str
    state: State
    demo: bool
    created: str
    """ISO 8601, UTC."""
    updated: str
    model: str
    endpoint: str
    """The endpoint's name."""
    url: str
    """Without credentials: an Endpoint refuses URLs that carry them."""
    sampling: dict[str, Any]
    benchmarks: list[str]
    repeats: int
    limit: int | None
    seed: int
    concurrency: int
    data: str
    """Where the problems came from: a hub, a file's name, or `built-in demo problems`."""
    versions: dict[str, str]
    run_dir: str
    """Relative to the notebook's folder where it lies below it."""
    command: str
    """The magic line that repeats or resumes this run."""
    progress: Progress
    cost: RunCost | None = None
    """None where the endpoint has no prices."""
    table: list[SubsetRow]
    samples: list[SampleView]
    samples_total: int = 0
    """Rows in the run; `samples` may hold only those that changed (live) or fit the budget."""
    partial: bool = False
    """True in live updates: `samples` holds only the rows that changed since the last one."""
    in_flight: list[InFlight] = []
    notes: list[str] = []
    """Sentences that a reader must see: missing samples, truncation, differences from evalscope's own count."""
    references: list[dict[str, Any]] = []
    """Published scores beside ours: benchmark, subset, model, score, source."""
    withheld: bool = False
    """True where texts are withheld because the benchmark's authors ask not to publish them."""


def run_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of `RunRecord`."""
    schema = msgspec.json.schema(RunRecord)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": MIME_TYPE, **schema}
