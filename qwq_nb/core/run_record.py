"""Define the drawn record of a run, `RunRecord` (`run.v1`), and its parts."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from qwq_nb.core.board_row import BoardRow
from qwq_nb.core.drawn_parts import Chosen, Drawing, RulingView, Track
from qwq_nb.core.execution import Execution
from qwq_nb.core.game import GameClip
from qwq_nb.core.records import Analysis, Outcome, State
from qwq_nb.core.tool_check import DrawnCall

__all__ = [
    "MIME_TYPE",
    "Clip",
    "GroupRow",
    "InFlight",
    "Phase",
    "Progress",
    "Reason",
    "RepeatScores",
    "RunRecord",
    "SampleView",
    "SubsetRow",
    "TurnView",
    "run_schema",
]


MIME_TYPE = "application/vnd.qwq-nb.run.v1+json"

Phase = Literal["waiting", "reasoning", "answer", "retry", "grading"]
"""What a sample that is being answered waits for."""


class RepeatScores(msgspec.Struct, kw_only=True):
    """Hold avg@k, pass@k and cons@k of a row at its largest k, with 95 % intervals (`qwq_nb.run.repeats`). Shares."""

    k: int
    """Answers to a problem: the most that one has."""
    problems: int
    """Problems with so many answers."""
    short: int = 0
    """Problems with fewer, left out."""
    avg_at_k: float | None = None
    avg_low: float | None = None
    avg_high: float | None = None
    pass_at_k: float | None = None
    pass_low: float | None = None
    pass_high: float | None = None
    cons_at_k: float | None = None
    cons_low: float | None = None
    cons_high: float | None = None


class SubsetRow(msgspec.Struct, kw_only=True):
    """Hold one row of `run.table()`: a subset, or all of a benchmark (`subset == "all"`). Shares are 0…1."""

    benchmark: str
    subset: str
    n: int
    """Samples × repeats planned."""
    correct: int
    accuracy: float | None
    """correct / (n − errors − pending − awaiting_ruling); None while nothing is finished. On a row `all` whose
    `population` is known, the estimate for all of its problems, each subset weighted by its size.
    """
    ci_low: float | None
    """95 %: of a subset's accuracy on problems like its own (`stats.interval_of_counts`); on such a row `all`, of the
    accuracy on all of the benchmark's problems: without width where each was answered once.
    """
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
    accuracy_of_asked: float | None = None
    """correct / (n − errors − pending − awaiting_ruling)."""
    population: int | None = None
    """Problems that the benchmark has in the levels or subsets chosen; None: not known."""
    mean_score: float | None = None
    """Mean of the benchmark's own score, where that is not 0 or 1: then there is no accuracy, and `ci_low` and
    `ci_high` are of this mean (`qwq_nb.core.mean_scores`).
    """
    metric: str = ""
    """Name of that score (`Rouge-L-R`); empty where the accuracy is the score."""
    awaiting_ruling: int = 0
    """Answers to prompts without a reference, left out of the accuracy until a reader rules on them."""
    tests_passed: int | None = None
    """Tests that the code of its answers passed, over all answers whose code was run; None: none was."""
    tests_total: int | None = None
    problems: int = 0
    """Distinct problems: n / repeats."""
    similar_low: float | None = None
    """Of a row `all` whose `population` is known: 95 % interval of the accuracy on problems like these, of which the
    benchmark's are a sample.
    """
    similar_high: float | None = None
    repeated: RepeatScores | None = None
    """None: each problem has one answer at most, or its score is not 0 or 1."""

    @property
    def answered(self) -> int:
        """Return the number of answers that count for the accuracy."""
        return self.n - self.errors - self.pending - self.awaiting_ruling

    @property
    def score(self) -> float | None:
        """Return the benchmark's score: the accuracy, or the mean of scores that are not 0 or 1."""
        return self.mean_score if self.metric else self.accuracy

    @property
    def estimated_of(self) -> int | None:
        """Return how many answers there would be of the whole benchmark, where only a part was asked; else None."""
        if self.population is None or not self.problems:
            return None
        whole = round(self.population * self.n / self.problems)
        return whole if self.n < whole or self.pending else None


class GroupRow(msgspec.Struct, kw_only=True):
    """Hold one row of `run.groups()`: the answers to the problems of one difficulty, platform or month."""

    benchmark: str
    by: str
    """`difficulty`, `platform` or `month`."""
    name: str
    problems: int
    n: int
    """Answers."""
    correct: int
    accuracy: float | None
    ci_low: float | None
    ci_high: float | None
    tests_passed: int
    tests_total: int


class Clip(msgspec.Struct, kw_only=True):
    """Hold a text, or its beginning and end: `omitted` characters are missing at offset `at`."""

    text: str = ""
    omitted: int = 0
    at: int = 0


class Reason(msgspec.Struct, kw_only=True, frozen=True):
    """Hold the reason of an outcome as a code with values: `vocabulary.json` has the sentence for each code.

    The gold value, the extracted value and the error are not among the values: they are fields of the sample.
    """

    code: str
    """One of `qwq_nb.core.outcomes.ReasonCode`; a reader that does not know it takes the sentence in `why`."""
    values: dict[str, int | str] = {}
    """`tokens`, `total`, `seconds`, `passed`, `test`: the numbers that the sentence names; `detail`: what follows it
    after a colon."""


class TurnView(msgspec.Struct, kw_only=True):
    """Hold one turn of a sample that took several requests, as it is drawn: see `records.Step`."""

    role: str
    """`architect`, `editor`, `solo`, or another of a solver's."""
    endpoint: str = ""
    model: str = ""
    try_number: int = msgspec.field(default=1, name="try")
    retry: int = 0
    reasoning_tokens: int = 0
    answer_tokens: int = 0
    latency_s: float | None = None
    reasoning: Clip | None = None
    answer: Clip | None = None
    same_reasoning: bool = False
    """Its reasoning is the sample's, and stands there alone."""
    same_answer: bool = False
    format: str = ""
    """How its reply was read: `whole`, `diff`, `udiff`; empty: it was not read as an edit."""
    malformed: str = ""
    """What is wrong with the reply's format, as it went back to the model."""
    syntax_error: str = ""
    """Why a file is no Python after the reply, as it went back to the model."""
    files: list[str] = []
    """The files that it changed."""
    diff: Clip | None = None
    """How it changed them, as a unified diff."""
    execution: Execution | None = None
    """What running the tests after it has shown; None: they were not run after it."""


class SampleView(msgspec.Struct, kw_only=True):
    """Hold a sample as it is drawn: the row of `run.samples()` and its texts, clipped to the output's budget."""

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
    """With the first foreign runs only, and with the switches that stand in the text that `reasoning` carries: all of
    them where they are one fewer than the thoughts."""
    reason: Reason | None = None
    """Why this outcome, for a viewer that words it itself; None in older records, and where texts are withheld."""
    code: Clip | None = None
    """The program that was taken out of the answer and run; None: there is none, or it is withheld."""
    execution: Execution | None = None
    """What running its code has shown; None where no code is run. Without the tests' texts where they are withheld."""
    entropy: str = ""
    """The mean entropy of stretches of its reasoning, a digit each (`qwq_nb.run.entropy_strip`); empty: not known."""
    calls: list[DrawnCall] = []
    """The tool calls of its answer beside the expected ones, where calls were checked."""
    turns: list[TurnView] = []
    """Its requests in order, where a solver made several."""
    picture: GameClip | None = None
    """The clip of a game; None: it is none, or has none."""
    drawing: Drawing | None = None
    """A picture of the problem and the answer, of benchmarks that have one."""
    ruling: RulingView | None = None
    """The reader's own, where it is on this answer."""
    track: Track | None = None
    """The answers that its reasoning states; None: none were found, it was not measured, or they are withheld."""


class InFlight(msgspec.Struct, kw_only=True):
    """Hold a sample that is being answered now."""

    benchmark: str
    subset: str
    id: str
    repeat: int
    tokens: int
    elapsed_s: float
    phase: Phase
    attempt: int = 1
    reasoning_tail: str = ""
    """The end of the reasoning so far; a viewer that has seen the earlier updates puts them together by `_at`."""
    reasoning_at: int = 0
    """Where the tail begins within the reasoning so far, in characters."""
    answer_tail: str = ""
    answer_at: int = 0


class ShardProgress(msgspec.Struct, kw_only=True):
    """Hold how far a shard of a run is that an executor's workers ask."""

    number: int
    total: int
    done: int
    state: str
    """`waiting` for a worker, `running`, `paused`, `done`, or what it is at before it asks."""
    worker: str = ""
    """The host and process that has it, or had it last."""
    in_flight: int = 0
    tokens_per_s: float = 0.0
    moved: int = 0
    """Times that another worker took it up, since its own died."""


class Progress(msgspec.Struct, kw_only=True):
    """Hold the counts and rates of a run at one moment.

    Rates are over the last seconds; tokens are completion tokens received so far.
    """

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
    problems_left: int | None = None
    """About how many further answers it takes until the interval is as narrow as `--until` wants; None without it."""
    tokens: int = 0
    tokens_per_s: float = 0.0
    step: str = ""
    """What is being waited for before the first request: `loading benchmarks`, …"""
    concurrency: int = 0
    """Streams allowed at once now: what `--concurrency auto` has come to; 0 where it is not known."""
    waiting: str = ""
    """Why nothing is asked now (the endpoint is gone, the key is refused) and what there is to do; empty otherwise."""
    shards: list[ShardProgress] = []
    """Of a run that an executor's workers ask, while it goes on; empty: the kernel asks itself."""


class RunCost(msgspec.Struct, kw_only=True):
    """Hold what a run costs, in the unit of its endpoint's prices; see `qwq_nb.run.cost` for what is in it."""

    so_far: float
    """Of the answers that are there."""
    expected: float | None
    """At the end, each pending answer at the mean cost of its subset's; None while nothing is answered."""
    per_correct: float | None
    """so_far / correct answers; None without any."""
    uncounted: int = 0
    """Answers whose tokens the server did not count, or not credibly: their prompts are not in it."""
    currency: str = ""
    """What the prices are in; empty where it was not said."""


class RunRecord(msgspec.Struct, kw_only=True):
    """Hold a run as it is drawn, saved in the notebook and read by the JupyterLab renderer (`run.v1`)."""

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
    key_env: str = ""
    """Name of the environment variable that holds the endpoint's key; empty: it takes none."""
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
    groups: list[GroupRow] = []
    """Answers that are programs, by difficulty, platform and month of their problems."""
    board: list[BoardRow] = []
    """Pass rates by try and counts of malformed replies, of answers that edit files; else empty."""
    withheld: bool = False
    """True where texts are withheld because the benchmark's authors ask not to publish them."""
    withheld_benchmarks: list[str] | None = None
    """Names of the benchmarks whose authors ask that, also where their texts are revealed; None: not known."""
    chosen: Chosen | None = None
    """The sample that is shown first; None: the view chooses."""
    interrupted: bool = False
    """True where nobody stopped the run: its kernel went away while it was going on. Its state is `stopped`."""


def run_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of `RunRecord`."""
    schema = msgspec.json.schema(RunRecord)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": MIME_TYPE, **schema}
