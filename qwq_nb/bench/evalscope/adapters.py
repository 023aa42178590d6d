"""Build evalscope's benchmark adapters, check which can be run, and compute the official score of one answer.

Importing evalscope takes seconds: only worker processes import this module. The parts of evalscope that change between
releases (its isolation switch, its grading objects) are used here and in `loading` and `interop` only.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import warnings
from collections.abc import Iterator
from importlib import metadata
from typing import Any, NamedTuple

import evalscope.metrics.math.parser as math_parser
from evalscope.api.benchmark import MultiChoiceAdapter
from evalscope.api.dataset import Sample as EvalSample
from evalscope.api.evaluator import TaskState
from evalscope.api.messages import ChatMessageAssistant, ContentReasoning, ContentText, dict_to_chat_message
from evalscope.api.metric import SampleScore, Score
from evalscope.api.model import ChatCompletionChoice, ModelOutput, ModelUsage
from evalscope.api.registry import get_benchmark
from evalscope.config import TaskConfig
from evalscope.constants import ScoreStatus
from evalscope.utils.io_utils import convert_normal_types

from qwq_nb.bench.code.catalog import evalscope_runs_code
from qwq_nb.bench.code.presets import preset_for
from qwq_nb.bench.evalscope.confined import confine
from qwq_nb.bench.evalscope.nltk_data import missing_resource, provide_sentence_model
from qwq_nb.bench.evalscope.runnable import check_runnable, judge_settings, missing_packages
from qwq_nb.bench.protocol import GradeJob, LoadRequest
from qwq_nb.core.records import AnswerKind, Completion, Sample, Verdict
from qwq_nb.errors import OptionError, UnknownBenchmark
from qwq_nb.store.evalscope_rows import evalscope_id

__all__ = [
    "OWN_METRIC",
    "OfficialScore",
    "build_adapter",
    "completion_of",
    "excluded_score",
    "grade_in_this_process",
    "kind_of",
    "official_score",
    "preset_options",
    "score_dump",
    "versions",
    "warm_up",
]

_PACKAGES = ("evalscope", "math_verify", "latex2sympy2_extended")
_NOT_INSTALLED = ("ImportError", "ModuleNotFoundError", "LookupError")
"""Exceptions of a metric whose package or data is missing, by their names."""
_RESERVED = {"local_path", "dataset_id", "subset_list", "few_shot_num", "dataset_revision", "hf_dataset_revision"}


OWN_METRIC = "acc"
"""Name of a registered benchmark's metric: its verdict's score, 0…1."""


class OfficialScore(NamedTuple):
    """Hold evalscope's `SampleScore` of one answer. `usable` False: it has no value and is left out of the mean."""

    usable: bool
    value: float
    extracted: str
    explanation: str
    dump: dict[str, Any]


@functools.cache
def versions() -> dict[str, str]:
    """Return the versions of the packages that verdicts depend on."""
    return {name: metadata.version(name) for name in _PACKAGES}


def quiet() -> None:
    """Undo the logging set-up of evalscope's import: its handler on the root logger and its level INFO."""
    for name in ("evalscope", "datasets", "huggingface_hub", "modelscope", "modelscope_hub", "httpx", "httpx2"):
        logging.getLogger(name).setLevel(logging.ERROR)
    root = logging.getLogger()
    root.handlers.clear()
    root.setLevel(logging.WARNING)
    warnings.simplefilter("ignore")


def warm_up() -> dict[str, str]:
    """Fill the parsers' caches, so that every forked grader starts warm. Returns `versions()`.

    A LaTeX answer through evalscope's own extraction and comparison loads ANTLR's tables and SymPy.
    """
    quiet()
    provide_sentence_model()
    grade_in_this_process()
    for answer, gold in (
        (r"Thus $\boxed{\frac{3}{4}}$.", "0.75"),
        (r"so $x=\boxed{\left(1,\sqrt{2}\right)}$", r"(1,\sqrt 2)"),
    ):
        math_parser.compare_answers(math_parser.extract_answer(answer), gold)
    return versions()


def grade_in_this_process() -> None:
    """Switch off evalscope's own fork per call: this package's grader process is the isolation, and it is warm.

    Nowhere else is evalscope patched. Verdicts are the same in both modes (in evalscope 1.14, `_math_call` of
    `evalscope/metrics/math/parser.py` runs the very same function), only its deadline of 30 s does not apply.
    """
    math_parser.isolation_available = lambda: False


def build_adapter(request: LoadRequest, *, local_path: str | None = None, few_shot: int | None = None) -> Any:
    """Return a benchmark's adapter with the request's options, after a check that one chat completion can answer it.

    Raises UnknownBenchmark (not known, needs another package, cannot be run here) and OptionError.
    """
    name = request.benchmark
    check_runnable(name)
    reserved = sorted(_RESERVED & request.dataset_args.keys())
    if reserved:
        raise OptionError(f"dataset_args cannot hold {', '.join(reserved)}: the options of the same meaning set them.")
    options: dict[str, Any] = {key: value for key, value in request.dataset_args.items() if key != "shuffle"}
    if request.subsets is not None:
        options["subset_list"] = list(request.subsets)
    number = request.few_shot if few_shot is None else few_shot
    if number is not None:
        options["few_shot_num"] = number
    if local_path is not None:
        options["local_path"] = local_path
    elif request.revision is not None:
        options["hf_dataset_revision" if request.hub == "huggingface" else "dataset_revision"] = request.revision
    options |= preset_options(request)
    config = TaskConfig(
        model="qwq-nb",
        model_id="qwq-nb",
        eval_type="openai_api",
        api_url="http://127.0.0.1:9/v1",
        datasets=[name],
        dataset_args={name: options},
        dataset_hub=request.hub,
        judge=judge_settings([name]),
    )
    try:
        adapter = get_benchmark(name, config)
    except ImportError as error:
        raise UnknownBenchmark(missing_packages(name, error)) from None
    except (KeyError, ValueError) as error:
        raise OptionError(f"{name}: {error.args[0] if error.args else error}") from None
    confine(adapter, config)
    return adapter


def preset_options(request: LoadRequest) -> dict[str, Any]:
    """Return the dataset arguments that a preset sets. Raises OptionError where the line sets one of them too."""
    if not request.preset:
        return {}
    preset = preset_for(request.preset, [request.benchmark])
    same = sorted({"prompt_template", "system_prompt", "review_timeout", "extra_params"} & request.dataset_args.keys())
    if same:
        raise OptionError(f"--preset {request.preset} sets {', '.join(same)}: leave it out of --dataset-args.")
    return {"review_timeout": preset.seconds}


def kind_of(adapter: Any) -> AnswerKind:
    """Return the kind: `choice` by evalscope's own class, `math` if its metric compares numerically, else `text`.

    `code` if the answers are programs that are run here.
    """
    if evalscope_runs_code(str(adapter.name)):
        return "code"
    if isinstance(adapter, MultiChoiceAdapter):
        return "choice"
    metrics = [value for metric in adapter.metric_list if isinstance(metric, dict) for value in metric.values()]
    return "math" if any(isinstance(value, dict) and value.get("numeric") for value in metrics) else "text"


def metric_name(adapter: Any) -> str:
    """Return the first metric's name; empty without one."""
    first = next(iter(adapter.metric_list), "")
    return str(next(iter(first), "")) if isinstance(first, dict) else str(first)


def official_score(adapter: Any, job: GradeJob) -> OfficialScore:
    """Score the answer part by evalscope's own `calculate_metrics`. The adapter's exceptions pass through.

    A score without a value has a reason: evalscope's own, else what it logged, since some adapters log an exception and
    return an empty score.
    """
    with _logged() as logged:
        result = adapter.calculate_metrics(_state(job))
    result.generation_index = job.repeat
    if not adapter.save_metadata:
        result.sample_metadata = None
    score = result.score
    main = score.main_value
    failed = _unavailable(score)
    usable = bool(score.status.is_usable) and main is not None and not failed
    reasons = [
        score.explanation or "",
        *(str(v) for v in (score.metadata or {}).values() if str(v).startswith("error:")),
        failed,
    ]
    if not usable and not any(reasons):
        reasons = logged or [f"evalscope's grading of {adapter.name} gave no value, and no reason"]
    return OfficialScore(
        usable=usable,
        value=float(main) if usable and main is not None else 0.0,
        extracted=str(score.extracted_prediction or ""),
        explanation=_in_words(" ".join(filter(None, reasons))),
        dump=convert_normal_types(result.model_dump(mode="json")),
    )


@contextlib.contextmanager
def _logged() -> Iterator[list[str]]:
    """Collect the errors that evalscope logs during the block."""
    lines: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(" ".join(record.getMessage().split()))

    collector, logger = Collector(logging.ERROR), logging.getLogger("evalscope")
    logger.addHandler(collector)
    try:
        yield lines
    finally:
        logger.removeHandler(collector)


def _in_words(reason: str) -> str:
    return missing_resource(reason) or reason


def _unavailable(score: Score) -> str:
    """Return why the main metric could not be computed at all, where evalscope gives 0 for it; else empty."""
    errors = (score.metadata or {}).get("metric_errors") or {}
    family = str(score.main_score_name or "").partition("-")[0].casefold()
    found = [str(error) for metric, error in errors.items() if metric.casefold() == family]
    return next((error for error in found if error.startswith(_NOT_INSTALLED)), "")


def score_dump(job: GradeJob, verdict: Verdict) -> dict[str, Any]:
    """Return a registered benchmark's verdict as a `SampleScore`, for evalscope's review file."""
    score = Score(
        value={OWN_METRIC: verdict.score},
        main_score_name=OWN_METRIC,
        prediction=job.completion.answer,
        extracted_prediction=verdict.extracted,
        explanation=verdict.explanation or None,
    )
    return _dumped(job, score)


def excluded_score(job: GradeJob, why: str, extracted: str = "") -> dict[str, Any]:
    """Return a `SampleScore` with the status `excluded`, which evalscope gives when its own grader overruns."""
    score = Score(
        prediction=job.completion.answer,
        extracted_prediction=extracted,
        status=ScoreStatus.EXCLUDED,
        explanation=why,
        metadata={"metric_unavailable": True, "error": why},
    )
    return _dumped(job, score)


def _dumped(job: GradeJob, score: Score) -> dict[str, Any]:
    result = SampleScore(
        score=score,
        sample_id=evalscope_id(job.position, job.repeat, job.repeats),
        group_id=job.position,
        generation_index=job.repeat,
        sample_metadata=job.sample.metadata,
    )
    return dict(result.model_dump(mode="json"))


def completion_of(state: TaskState) -> Completion:
    """Return the completion of an evalscope state: the fields that a benchmark's grading reads."""
    message = state.output.message if state.output is not None and state.output.choices else None
    content = message.content if message is not None else ""
    parts = [] if isinstance(content, str) else content
    return Completion(
        reasoning="\n".join(part.reasoning for part in parts if isinstance(part, ContentReasoning)),
        answer=content if isinstance(content, str) else "\n".join(p.text for p in parts if isinstance(p, ContentText)),
        finish_reason=str(state.output.stop_reason or "") if state.output is not None and state.output.choices else "",
        model=str(state.model),
    )


def _state(job: GradeJob) -> TaskState:
    completion, model = job.completion, job.model
    sample = _sample(job.sample)
    sample.id, sample.group_id = evalscope_id(job.position, job.repeat, job.repeats), job.position
    thought = [ContentReasoning(reasoning=completion.reasoning)] if completion.reasoning else []
    message = ChatMessageAssistant(
        content=[*thought, ContentText(text=completion.answer)], model=model, source="generate"
    )
    usage = ModelUsage(
        input_tokens=completion.prompt_tokens,
        output_tokens=completion.completion_tokens,
        total_tokens=completion.prompt_tokens + completion.completion_tokens,
        reasoning_tokens=completion.reasoning_tokens,
    )
    choice = ChatCompletionChoice(message=message, stop_reason=completion.stop_reason)
    output = ModelOutput(model=completion.model or model, time=completion.latency_s, choices=[choice], usage=usage)
    return TaskState(model=model, sample=sample, messages=[*sample.input, message], output=output, completed=True)


def _sample(sample: Sample) -> EvalSample:
    targets = sample.targets or [sample.gold]
    return EvalSample(
        input=[dict_to_chat_message(dict(message)) for message in sample.messages],
        choices=list(sample.choices) or None,
        target=targets[0] if len(targets) == 1 else targets,
        subset_key=sample.subset,
        metadata=dict(sample.metadata),
    )
