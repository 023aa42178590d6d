"""Define the records of one answer: `Sample` → `Completion` → `Verdict` → `SampleResult`.

They pass between the packages and are written to the run directory. What is drawn of a run is `core.run_record`.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict, get_args

import msgspec

from qwq_nb.core.edits import Edit
from qwq_nb.core.execution import Execution
from qwq_nb.core.finish_reasons import StopReason, ending_of, stop_reason_of
from qwq_nb.core.token_logprobs import TokenLogprobs
from qwq_nb.core.tool_check import ToolCheck

__all__ = [
    "OUTCOMES",
    "Analysis",
    "AnswerKind",
    "Completion",
    "Item",
    "Loop",
    "Message",
    "Outcome",
    "Sample",
    "SampleResult",
    "State",
    "Step",
    "ToolCall",
    "ToolFunction",
    "Verdict",
]

Outcome = Literal["correct", "wrong", "no_answer", "truncated", "not_gradable", "error", "pending", "awaiting_ruling"]
"""Each sample × repeat has exactly one.

correct       the benchmark's own grader says so
wrong         finished, an answer was extracted, and it is not the gold one
no_answer     finished, nothing could be extracted (a thought that ended by itself without an answer included)
truncated     cut by the token limit and not correct
not_gradable  the grader ran into its deadline or memory limit
error         the endpoint failed after all retries: never counted as wrong
pending       not asked yet, or interrupted
awaiting_ruling  there is nothing to grade against, or another model has to: left out of the accuracy until a reader
              rules on it, or a judge does
"""
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

AnswerKind = Literal["math", "choice", "code", "text"]
"""What a benchmark's answers are: an expression, a letter, a program, or any other text. The second opinion and the
search for the first correct position depend on it."""

State = Literal["starting", "running", "paused", "stopped", "failed", "complete"]


class ToolFunction(TypedDict):
    """Hold the function of a tool call: its name, and its arguments as the JSON text that the model wrote."""

    name: str
    arguments: str


class ToolCall(TypedDict):
    """Hold one call of a tool, in the format of `/chat/completions`."""

    id: str
    type: Literal["function"]
    function: ToolFunction


class _Message(TypedDict):
    role: str
    content: str


class Message(_Message, total=False):
    """Hold one message of a chat: a role and a text, and the fields that only messages with tools have."""

    tool_calls: list[ToolCall]
    """Of an assistant that calls tools."""
    tool_call_id: str
    """Of a tool's answer: the id of the call."""


class Sample(msgspec.Struct, kw_only=True, frozen=True):
    """Hold one problem as the benchmark's adapter prepared it."""

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
    messages: list[Message]
    """What goes on the wire."""
    tools: list[dict[str, Any]] = []
    """What the model may call, in the format of `/chat/completions`; they go on the wire beside the messages."""
    choices: list[str] = []
    source_id: str = ""
    """The data set's own id, where it has one (`test/algebra/24.json`)."""
    metadata: dict[str, Any] = {}
    source_row: dict[str, Any] = {}
    """The raw record, so that the run directory can carry the data it was run on."""


class Completion(msgspec.Struct, kw_only=True):
    """Hold one finished (or broken) answer. Times are in seconds and of the attempt that counted."""

    reasoning: str = ""
    answer: str = ""
    shape: str = "answer_only"
    """How the reasoning came: see `qwq_nb.endpoint.reasoning.SHAPES`."""
    finish_reason: str = ""
    """As the server gave it (`stop`, `length`, …: see `qwq_nb.core.finish_reasons`);
    `interrupted` if the stream ended without one."""
    limit_reached: bool = False
    """The server counted as many tokens as `max_tokens` allows: the answer was cut, whatever the finish reason says."""
    cut_by_server: bool = False
    """A limit cut it that is the server's own, far below `max_tokens`: as a rule its context window."""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    """Of the prompt: those that the server took from its prefix cache, where it says so."""
    reasoning_tokens: int = 0
    answer_tokens: int = 0
    tokens_from: Literal["usage", "usage_share", "chunks", "estimate"] = "chunks"
    """`usage`: the server counted both; `usage_share`: its total, split by the pieces of the stream or by text length;
    `chunks`: stream pieces; `estimate`: four characters each, where nothing was streamed or counted."""
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
    tool_calls: list[ToolCall] = []
    """The tools that the model called, in order, where the server sent them in fields of their own. They stand in the
    `answer` too, as `qwq_nb.core.tool_calls` writes them."""
    logprobs: TokenLogprobs | None = None
    """Of its tokens, where they were asked for (`--logprobs K`) and sent."""
    steps: list[Step] = []
    """The requests that a solver of several steps made, in order; empty where there was one request."""

    @property
    def completion_tokens(self) -> int:
        """Return the tokens of reasoning and answer together."""
        return self.reasoning_tokens + self.answer_tokens

    @property
    def is_truncated(self) -> bool:
        """Return whether a limit of tokens cut it: the request's, or the context window."""
        return self.limit_reached or ending_of(self.finish_reason) == "truncated"

    @property
    def stop_reason(self) -> StopReason:
        """Return evalscope's word for how it ended."""
        said = stop_reason_of(self.finish_reason)
        return "max_tokens" if self.limit_reached and said != "model_length" else said


class Step(msgspec.Struct, kw_only=True):
    """Hold one request of a solver that makes several: which endpoint was asked, the messages, and the completion."""

    role: str
    """Of the endpoint in the solver: `architect`, `editor`, …"""
    endpoint: str = ""
    """The endpoint's name."""
    messages: list[Message] = []
    completion: Completion
    try_number: int = msgspec.field(default=1, name="try")
    """From 1: another try is one after tests that failed."""
    retry: int = 0
    """How often the reply was asked for anew within this try, because its format could not be read."""
    edit: Edit | None = None
    """What the reply was read as, of a role that edits files."""
    execution: Execution | None = None
    """What running the tests after this step has shown; None: they were not run after it."""


class Loop(msgspec.Struct, kw_only=True):
    """Hold a span that the model wrote over and over. Offsets are characters of the reasoning."""

    start: int
    """Where the first repetition begins: from here on the text is wasted."""
    end: int
    period: int
    """Characters of what is repeated."""
    repeats: int
    """How often it stands there, the first time included."""


class Analysis(msgspec.Struct, kw_only=True):
    """Hold the analysis of one completion's reasoning (`qwq_nb.trace.measure`). Offsets are characters of it."""

    version: int = 1
    """Of the rules; an older one is measured anew."""
    chars: int = 0
    """Length of the reasoning."""
    thoughts: int = 0
    """One more than the switches; 0 without reasoning."""
    switches: list[int] = []
    """Where each further thought begins."""
    first_correct: tuple[int, int] | None = None
    """The first span that states the right answer as an answer; None: nowhere, or the gold answer is not known."""
    last_correct: tuple[int, int] | None = None
    """The last such span."""
    left: tuple[int, int] | None = None
    """The last statement of the right answer, where another answer was given in the end."""
    candidates: list[tuple[int, int, bool | None]] = []
    """Every statement of a candidate answer, in order: its span, and whether it is the right one (None: unknown)."""
    loop: Loop | None = None
    foreign: list[tuple[int, int]] = []
    """Runs of a script that the question is not written in."""
    foreign_share: float = 0.0
    """Of the reasoning's letters, 0…1."""
    languages: list[str] = []
    """Names of the foreign scripts, the most frequent first: `Han`, `Cyrillic`, …"""
    measures: dict[str, Any] = {}
    """Values of measures that were registered beside these, by the measure's name: `{"version": 1, "value": …}`."""


class Verdict(msgspec.Struct, kw_only=True):
    """Hold the grader's verdict on one answer."""

    status: Literal["graded", "deadline", "memory", "crashed", "excluded", "no_reference", "awaits_judge"] = "graded"
    correct: bool = False
    score: float = 0.0
    """evalscope's main value: 0…1, and beyond that of a few benchmarks (EQ-Bench's may be negative)."""
    extracted: str = ""
    second_extracted: str = ""
    second_correct: bool | None = None
    """The second opinion; None where there is none for this benchmark."""
    present: bool = False
    """The gold value stands in the answer or the reasoning's end although it was not extracted."""
    unstated: bool = False
    """The value was extracted from a text that states no answer: a refusal, a letter that is a pronoun or a label."""
    explanation: str = ""
    flags: list[str] = []
    """The benchmark's own, beside those that the outcome has: `wall` and `past` of a maze."""
    explained: bool = False
    """The explanation is for readers: it says in words why the answer is right, or why not."""
    seconds: float = 0.0
    sample_score: dict[str, Any] = {}
    """evalscope's own SampleScore, as it goes into the review file."""
    analysis: Analysis | None = None
    """How the completion thought, measured beside the grading because it needs the benchmark's equivalence."""
    execution: Execution | None = None
    """What running its code has shown; None where no code is run."""
    tool_check: ToolCheck | None = None
    """What checking its tool calls has found; None where no calls are expected or checked."""
    clip_png: bytes = b""
    """The clip of a game, on its way from the worker: the run keeps it as a file."""
    judge: str = ""
    """The judge whose verdict it is, a model (`qwq_nb.store.judgements`); empty: the benchmark's grader's."""
    wanted: list[Message] = []
    """What a judge has to be asked next, of an answer that awaits one and was graded for it."""


class SampleResult(msgspec.Struct, kw_only=True):
    """Hold one sample × repeat of a run: a row of `run.samples()`."""

    sample: Sample
    repeat: int = 0
    outcome: Outcome = "pending"
    completion: Completion | None = None
    verdict: Verdict | None = None
    flags: list[str] = []
    """`present_not_extracted`, `check_by_hand`, `loop`, …: all are in `qwq_nb/core/vocabulary.json`."""
    error: str = ""
    refused: bool = False
    """The error is a refusal of this request, which was asked once and would be refused again."""
    analysis: Analysis | None = None
    """The verdict's, where it carries one; None: not measured (yet)."""

    def __post_init__(self) -> None:
        if self.analysis is None and self.verdict is not None:
            self.analysis = self.verdict.analysis


class Item(msgspec.Struct, kw_only=True, frozen=True):
    """Hold one question to ask: a sample, its position among the selected ones of its subset, and which repeat."""

    sample: Sample
    position: int
    repeat: int

    @property
    def key(self) -> tuple[str, int]:
        """Return the key of its result: (sample id, repeat)."""
        return self.sample.id, self.repeat
