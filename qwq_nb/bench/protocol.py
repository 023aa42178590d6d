"""Define the typed messages between the kernel and the benchmark worker.

Each is one line of JSON. A request is `{"id", "op", "body"}`; its answer is `{"id", "ok"}` or `{"id", "error",
"message"}` where `error` names a class of `qwq_nb.errors`. Without an id come `{"event": "hello" | "step" | "beat" |
"ready" | "pong"}`.
"""

from __future__ import annotations

import hashlib
import os
from typing import Any, Literal, TypeVar

import msgspec

from qwq_nb.core.records import AnswerKind, Completion, Sample, Verdict
from qwq_nb.core.text import valid_values

__all__ = [
    "LONGEST_LINE",
    "BenchPlan",
    "BenchmarkFacts",
    "BenchmarkSource",
    "ConfigJob",
    "DataJob",
    "GradeJob",
    "LoadRequest",
    "LoadedBenchmark",
    "Message",
    "Opinion",
    "RebaseJob",
    "ReportJob",
    "Request",
    "WorkerInfo",
    "decode",
    "encode",
]

T = TypeVar("T")

LONGEST_LINE = 1 << 30
"""Bytes of the longest message: a loaded benchmark is one line, and asyncio's own limit of 64 kB would break it."""


class BenchmarkSource(msgspec.Struct, kw_only=True, frozen=True):
    """Tell the worker process where to import a registered benchmark from."""

    target: str
    """`package.module:Name`: a class without arguments, or an instance."""
    code: str = ""
    """SHA-256 of the module's source files: a benchmark that was edited is imported, and its prompts loaded, anew."""
    import_path: tuple[str, ...] = ()
    """The kernel's `sys.path`, absolute, so that a module beside the notebook is found."""


class LoadRequest(msgspec.Struct, kw_only=True, frozen=True):
    """Select samples of a benchmark and their preparation. Also identifies the adapter for a grading."""

    benchmark: str
    subsets: tuple[str, ...] | None = None
    """Subsets by evalscope's names; None: all of them."""
    data: str | None = None
    """A data file or a folder with one; None: from the hub."""
    hub: Literal["modelscope", "huggingface"] = "modelscope"
    few_shot: int | None = None
    """Examples in the prompt; None: the benchmark's default."""
    dataset_args: dict[str, Any] = {}
    """More of evalscope's dataset arguments (`prompt_template`, `system_prompt`, `extra_params`, …)."""
    revision: str | None = None
    """Revision of the hub's data set."""
    source: BenchmarkSource | None = None
    """Source of a registered benchmark; None: it is evalscope's."""
    preset: str = ""
    """Name of a preset of `qwq_nb.bench.code.presets`; empty: as evalscope has it."""

    def __post_init__(self) -> None:
        """Make `data` absolute: a notebook may change its working folder, the worker keeps the one it started in."""
        if self.data is not None:
            msgspec.structs.force_setattr(self, "data", os.path.abspath(os.path.expanduser(self.data)))

    def key(self) -> str:
        """Return a hash of every option, equal in all processes and independent of the import path."""
        return hashlib.sha256(msgspec.json.encode(self.without_import_path(), order="sorted")).hexdigest()

    def without_import_path(self) -> LoadRequest:
        """Return the request without the import path, which changes no sample and no verdict, for comparison."""
        if self.source is None or not self.source.import_path:
            return self
        return msgspec.structs.replace(self, source=msgspec.structs.replace(self.source, import_path=()))


class BenchmarkFacts(msgspec.Struct, kw_only=True, frozen=True):
    """Hold a benchmark's own description, as resolved for one request. Kept in the run's manifest."""

    pretty_name: str
    metric: str
    """Name of the main metric (`accuracy`)."""
    evaluation_version: str
    few_shot_num: int
    prompt_template: str
    dataset_id: str
    withheld: bool = False
    """True if the authors ask that the texts not be published."""
    target: str = ""
    """`package.module:Name` of a registered benchmark; empty: evalscope's."""
    preset: str = ""
    """Name of the preset it is run by."""
    seconds_per_test: float | None = None
    """CPU time that code may take, of a benchmark whose answers are programs: for each test, or for all together."""
    tests: str = ""
    """Which tests the problems have, in words: `public samples only`; empty: all of them, or none are run."""


class LoadedBenchmark(msgspec.Struct, kw_only=True):
    """Hold a benchmark's samples with their prompts: whole subsets, each sample once."""

    request: LoadRequest
    benchmark: str
    subsets: list[str]
    """In evalscope's order; only those that hold samples."""
    samples: list[Sample]
    data_hash: str
    """SHA-256 of the records, in order."""
    kind: AnswerKind
    multiple_choice: bool
    facts: BenchmarkFacts
    versions: dict[str, str]
    """Versions of evalscope, math_verify, latex2sympy2_extended, or of what a registered benchmark names."""
    notes: list[str] = []
    """Decisions made for the user (few-shot examples left out, …), one sentence each."""
    few_shot_records: dict[str, list[dict[str, Any]]] = {}
    """The records of the examples in the prompts, by subset, so that a run can store them."""


class GradeJob(msgspec.Struct, kw_only=True):
    """Hold one answer to grade. `position` is the sample's index in its subset of the run (evalscope's group id)."""

    request: LoadRequest
    sample: Sample
    completion: Completion
    position: int
    repeat: int = 0
    repeats: int = 1
    model: str = ""
    deadline_s: float = 10.0
    """Wall time for the official verdict, the second opinion and the analysis together."""
    verdict: Verdict | None = None
    """Given if the answer is graded already and only its reasoning is to be measured."""
    measures: dict[str, str] = {}
    """Further measures of the reasoning: name → `package.module:Name`."""
    import_path: list[str] = []
    """Folders that the kernel imports them from."""
    rehearsal: bool = False
    """A made-up answer, to see whether the sample can be graded: there is no second opinion and no analysis of it."""
    prepared: bool = False
    """Set by the worker: the process that graders are forked from has imported what grading the benchmark takes, or
    rehearsing it did not end."""
    sandbox: str = "auto"
    """What code is run in, of a benchmark whose answers are programs: one of `qwq_nb.sandbox.SANDBOXES`."""
    jobs: int | None = None
    """Programs that run at once; None: one fewer than there are processors."""
    judge: str = ""
    """Name of the model that judges the answer, of a benchmark that has none of its own; empty: it is not judged."""
    replies: dict[str, str] = {}
    """What the judge has answered so far: text by request (`qwq_nb.core.request_key`)."""


class Opinion(msgspec.Struct, kw_only=True):
    """Hold the second part of a grading: see `qwq_nb.bench.worker.second_opinion`."""

    second_extracted: str = ""
    second_correct: bool | None = None
    present: bool = False
    unstated: bool = False


class BenchPlan(msgspec.Struct, kw_only=True):
    """Hold one benchmark's part of a run: its samples in plan order (evalscope's ids follow from it)."""

    request: LoadRequest
    samples: list[Sample] = []
    few_shot_num: int = 0
    few_shot_records: dict[str, list[dict[str, Any]]] = {}


class DataJob(msgspec.Struct, kw_only=True):
    """Request that the selected records of one benchmark be written into a run directory."""

    run_dir: str
    plan: BenchPlan


class ConfigJob(msgspec.Struct, kw_only=True):
    """Request that evalscope's `configs/task_config.yaml` be written into a run directory whose data is written."""

    run_dir: str
    model: str
    model_id: str
    api_url: str
    plans: list[BenchPlan]
    """Their `samples` are not needed here: the subsets come from the data that was written."""
    generation_config: dict[str, Any] = {}
    repeats: int = 1
    seed: int | None = 42


class ReportJob(msgspec.Struct, kw_only=True):
    """Request evalscope's reports of the rows on disk. `errored`: benchmark → subset → number of failed requests."""

    run_dir: str
    errored: dict[str, dict[str, int]] = {}
    sources: dict[str, BenchmarkSource] = {}
    """Sources of the registered benchmarks, by name."""


class RebaseJob(msgspec.Struct, kw_only=True):
    """Request that evalscope's configuration of a moved run directory be written anew."""

    run_dir: str
    sources: dict[str, BenchmarkSource] = {}


class Request(msgspec.Struct, kw_only=True):
    """Wrap a request. `op`: load, grade, cancel, ping, write_data, write_config, write_report, rebase.

    `cancel` takes back the loading or grading whose id is its body; neither is answered then. `ping` is answered by the
    event `pong`.
    """

    id: int
    op: str
    body: msgspec.Raw


class WorkerInfo(msgspec.Struct, kw_only=True):
    """Report that the worker is ready to grade."""

    pid: int
    versions: dict[str, str] = {}
    seconds: float = 0.0
    """From its start to ready: imports and warm-up."""
    fork: bool = True
    """False if graders are plain child processes (Windows)."""


class Message(msgspec.Struct):
    """Represent a line from the worker: an answer, or an event."""

    id: int = -1
    ok: msgspec.Raw = msgspec.Raw(b"")
    error: str = ""
    message: str = ""
    event: str = ""
    text: str = ""
    info: WorkerInfo | None = None


def encode(message: Any) -> bytes:
    """Encode a message as one line of JSON. Values without a JSON form become text; lone surrogates become U+FFFD."""
    try:
        return msgspec.json.encode(message, enc_hook=str) + b"\n"
    except UnicodeEncodeError:
        return msgspec.json.encode(valid_values(msgspec.to_builtins(message, enc_hook=str))) + b"\n"


def decode(raw: bytes | msgspec.Raw, type: type[T]) -> T:
    """Decode a line to a message of the given type. Raises msgspec.ValidationError if it is not of that type."""
    return msgspec.json.decode(raw, type=type)
