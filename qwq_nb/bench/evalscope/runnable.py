"""Decide from its class alone whether a benchmark of evalscope's can be run here, and say why one cannot.

The adapter is not constructed for it: some clone repositories, ask hubs or want packages when they are, and the reason
would then be that instead of the true one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from evalscope.api.benchmark import BenchmarkMeta, DefaultDataAdapter
from evalscope.api.benchmark.adapters.agent_adapter import AgentAdapter
from evalscope.api.benchmark.adapters.audio_language_adapter import AudioLanguageAdapter
from evalscope.api.benchmark.adapters.multi_turn_adapter import MultiTurnAdapter
from evalscope.api.benchmark.adapters.text2image_adapter import Text2ImageAdapter
from evalscope.api.benchmark.adapters.vision_language_adapter import VisionLanguageAdapter
from evalscope.api.mixin import CodeExecutionSandboxMixin
from evalscope.api.registry import BENCHMARK_REGISTRY
from evalscope.constants import JudgeStrategy, Tags

from qwq_nb.bench.code.catalog import CODE, evalscope_runs_code
from qwq_nb.bench.tools.instead import instead_of
from qwq_nb.errors import UnknownBenchmark, listed

__all__ = [
    "AWAITED_JUDGE",
    "check_runnable",
    "judge_settings",
    "judge_strategy",
    "missing_packages",
    "needs_judge",
    "refusal",
    "rule_notes",
]

_HOOKS = ("run_inference", "_on_inference_start", "_on_inference", "_on_inference_end")
_OTHER_MEDIA = (AudioLanguageAdapter, Text2ImageAdapter, VisionLanguageAdapter)
_MEDIA_TAGS = {Tags.MULTI_MODAL, Tags.TEXT_TO_IMAGE, Tags.IMAGE_EDITING, Tags.AUDIO, Tags.SPEECH_RECOGNITION}
_DIALOGUES = (AgentAdapter, MultiTurnAdapter)
_CONTAINERS = "build_docker_images"
"""Option of the adapters that grade a patch by the tests in a repository's own container (SWE-bench)."""
_RANKINGS = ("arena_hard", "general_arena")
"""Benchmarks whose score is a model's rank among others, fitted over all the judge's comparisons."""

AWAITED_JUDGE = {"model_id": "awaits-a-judge", "eval_type": "openai_api", "api_url": "http://127.0.0.1:9/v1"}
"""The judge in evalscope's configuration of a run whose answers await one: evalscope takes none without. Nothing
listens there."""


def check_runnable(name: str) -> None:
    """Check that one chat completion a question, graded by rules or by a judge, is all that a benchmark needs.

    Its module is imported; no adapter is made, nothing is downloaded.

    Raises:
        UnknownBenchmark: it cannot be run here, and why; or evalscope has no such benchmark.
    """
    if why := instead_of(name):
        raise UnknownBenchmark(why)
    try:
        meta = BENCHMARK_REGISTRY.lookup(name)
    except ImportError as error:
        raise UnknownBenchmark(missing_packages(name, error)) from None
    except ValueError as error:
        raise UnknownBenchmark(str(error)) from None
    why = refusal(meta)
    if why:
        raise UnknownBenchmark(f"{name} cannot be run here: {why}.")


def refusal(meta: BenchmarkMeta) -> str:
    """Return why a benchmark cannot be run by single text completions, one verdict an answer; empty if it can."""
    kind = meta.data_adapter
    if issubclass(kind, _OTHER_MEDIA) or _MEDIA_TAGS & set(meta.tags or ()):
        return "its questions or answers are images or sound, and this is text only"
    if issubclass(kind, _DIALOGUES):
        return "it is a conversation of several turns or with tools, not one completion a question"
    if issubclass(kind, CodeExecutionSandboxMixin) and not evalscope_runs_code(str(meta.name)):
        return (
            "grading it executes the model's code within a Docker image of its own, with other packages or compilers "
            f"than this Python has; benchmarks whose code runs here are {listed(CODE)}"
        )
    if _CONTAINERS in (meta.extra_params or {}):
        return "grading it runs a repository's tests on the model's patch, in a container for each question"
    if not issubclass(kind, DefaultDataAdapter) or any(
        getattr(kind, hook, None) is not getattr(DefaultDataAdapter, hook) for hook in _HOOKS
    ):
        return "its adapter drives the model itself instead of taking one completion a question"
    if str(meta.name) in _RANKINGS:
        return "its score is a model's rank among others, by comparisons that another model makes"
    if not kind.scoring_policy.rule_supported:
        return ""  # it awaits a judge; what is computed of all answers together then stands beside its score
    if kind.batch_match_score is not DefaultDataAdapter.batch_match_score:
        return "it grades all answers of a subset together, not one by one"
    return ""


def is_graded_by_rule_on_request(name: str) -> bool:
    """Return whether evalscope grades a benchmark by another model unless it is told to grade it by its rules."""
    policy = BENCHMARK_REGISTRY.lookup(name).data_adapter.scoring_policy
    return bool(policy.rule_supported and policy.judge_by_default)


def needs_judge(name: str) -> bool:
    """Return whether answers to a benchmark of evalscope's can only be graded by another model."""
    return not BENCHMARK_REGISTRY.lookup(name).data_adapter.scoring_policy.rule_supported


def judge_settings(names: Sequence[str]) -> dict[str, Any]:
    """Return evalscope's `judge` settings for benchmarks: `judge_strategy`, and `AWAITED_JUDGE` where one is needed."""
    if any(map(needs_judge, names)):
        return {"strategy": str(JudgeStrategy.AUTO), "models": [AWAITED_JUDGE]}
    return {"strategy": judge_strategy(names)}


def judge_strategy(names: Iterable[str]) -> str:
    """Return evalscope's `judge.strategy` for benchmarks: its default, unless one has to be told to use its rules.

    Benchmarks that are graded by rules in any case are graded the same by both.
    """
    told = any(is_graded_by_rule_on_request(name) for name in names)
    return str(JudgeStrategy.RULE if told else JudgeStrategy.AUTO)


def missing_packages(name: str, error: ImportError) -> str:
    """Return the message for a benchmark whose packages are not installed, with the command that installs them."""
    text = str(error)
    said, _, cure = text.partition("`pip install")
    found = re.findall(r"`([\w.-]+)`", said) or [error.name or text.splitlines()[0]]
    command = re.match(r"[^`]+", cure)
    packages = "a package that is" if len(found) == 1 else "packages that are"
    how = f" pip install{command[0]}" if command else ""
    return f"{name} needs {packages} not installed: {', '.join(found)}.{how}"


def rule_notes(name: str) -> list[str]:
    """Return the note on a benchmark that evalscope by default has another model grade; none for the others."""
    if needs_judge(name):
        return [f"{name} is graded by another model, which is asked when the run is over: %qwq_judge --endpoint NAME."]
    if not is_graded_by_rule_on_request(name):
        return []
    return [
        f"{name} is graded by evalscope's own rules (judge.strategy 'rule'). By default evalscope has another model "
        f"grade it, which accepts other forms of an answer too: scores made so may be higher."
    ]
