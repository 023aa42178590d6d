"""The typed records that pass between the rooms, and the one that is drawn: `RunRecord` (`run.v1`).

`Sample` → `Completion` → `Verdict` → `SampleResult` is the way of one answer through a run. `RunRecord` is what a
viewer gets: it holds everything that is drawn and nothing that is secret. Its JSON Schema is `run_schema()`; the
copy in the package (`run.v1.schema.json`) is what the JupyterLab renderer is checked against.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import msgspec

__all__ = [
    "LIMIT_REASONS",
    "OUTCOMES",
    "Analysis",
    "Completion",
    "Item",
    "Loop",
    "Outcome",
    "Sample",
    "SampleResult",
    "State",
    "Verdict",
]

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
    """How the reasoning came: see `qwq_nb.endpoint.reasoning.SHAPES`."""
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
    """How one completion thought, as `qwq_nb.trace.measure` found it. Offsets are characters of the reasoning."""

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


class Item(msgspec.Struct, kw_only=True, frozen=True):
    """One question to ask: a sample, its position among the selected ones of its subset, and which repeat."""

    sample: Sample
    position: int
    repeat: int

    @property
    def key(self) -> tuple[str, int]:
        return self.sample.id, self.repeat


LIMIT_REASONS = frozenset({"length", "max_tokens", "model_length"})
"""Finish reasons that mean "cut by the token limit": OpenAI's, and the two that gateways and evalscope use."""
