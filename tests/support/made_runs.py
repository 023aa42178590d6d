"""Runs made of outcomes alone, for the tests of comparisons: no endpoint, no grader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qwq_nb.core.records import Completion, Outcome, Sample, SampleResult, Verdict
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.run.run import Run
from qwq_nb.run.state import SavedState
from qwq_nb.store.manifest import Manifest, path_segment
from qwq_nb.store.request import EvalRequest, Selection, Source
from qwq_nb.store.run_dir import RunDirectory

__all__ = ["made_run", "result", "results_of"]

SHORT: dict[str, Outcome] = {
    "c": "correct",
    "w": "wrong",
    "n": "no_answer",
    "t": "truncated",
    "e": "error",
    "p": "pending",
}


def result(number: int, outcome: str = "c", repeat: int = 0, **changes: Any) -> SampleResult:
    """One answer to problem `number`; `changes` are the sample's, or `reasoning`, `answer`, `flags`."""
    word = SHORT[outcome]
    texts = {
        "reasoning": changes.pop("reasoning", f"Problem {number} is easy. It comes to {number}."),
        "answer": changes.pop("answer", f"It is \\boxed{{{number}}}."),
    }
    tokens = changes.pop("tokens", 100 + number)
    flags = changes.pop("flags", [])
    fields: dict[str, Any] = {
        "benchmark": "math_500",
        "subset": f"Level {number % 2 + 1}",
        "id": f"math_500/{number}",
        "index": number,
        "question": f"What is {number}?",
        "gold": str(number),
        "messages": [{"role": "user", "content": f"What is {number}? Think."}],
        "source_id": f"test/{number}.json",
    }
    sample = Sample(**(fields | changes))
    completion = None
    if word != "pending":
        completion = Completion(
            **texts, reasoning_tokens=tokens, answer_tokens=10, prompt_tokens=50, tokens_from="usage"
        )
    verdict = Verdict(correct=word == "correct", extracted=str(number)) if word in ("correct", "wrong") else None
    return SampleResult(
        sample=sample,
        repeat=repeat,
        outcome=word,
        completion=completion,
        verdict=verdict,
        flags=flags,
        error="HTTP 503" if word == "error" else "",
    )


def results_of(outcomes: Mapping[int, str] | Sequence[str], **changes: Any) -> list[SampleResult]:
    """Results by problem: each string holds a letter a repeat (`cwt`: correct, wrong, truncated)."""
    items = outcomes.items() if isinstance(outcomes, Mapping) else enumerate(outcomes)
    return [result(number, letter, repeat, **changes) for number, word in items for repeat, letter in enumerate(word)]


def made_run(results: list[SampleResult], name: str = "one", **changes: Any) -> Run:
    """A finished run of those results; `changes` are the manifest's."""
    model = changes.pop("model", f"model-{name}")
    sampling = changes.pop("sampling", {})
    endpoint = changes.pop("endpoint", None) or Endpoint("http://127.0.0.1:8801/v1", model, **sampling)
    repeats = max((r.repeat for r in results), default=0) + 1
    selection = {k: changes.pop(k) for k in ("levels", "subsets", "limit", "seed", "repeats") if k in changes}
    source = {k: changes.pop(k) for k in ("data", "hub", "few_shot") if k in changes}
    request = EvalRequest(
        benchmarks=changes.pop("benchmarks", None) or list(dict.fromkeys(r.sample.benchmark for r in results)),
        endpoints=[endpoint.replace(name="demo") if changes.pop("demo", False) else endpoint],
        selection=Selection(**{"repeats": repeats, **selection}),
        source=Source(**source),
        editing=changes.pop("editing", None),
    )
    fields: dict[str, Any] = {
        "run_id": name,
        "name": name,
        "key": name,
        "created": "2026-01-02T03:04:05Z",
        "updated": "2026-01-02T03:14:05Z",
        "state": "complete",
        "request": request,
        "data_hash": {r.sample.benchmark: "0123456789abcdef" for r in results},
        "versions": {"evalscope": "1.14.1", "math_verify": "0.9.0"},
        "adapters": {"math_500": {"prompt_template": "{question} Think.", "few_shot_num": 0}},
    }
    state = SavedState(Manifest(**(fields | changes)), lambda: results)
    return Run(RunDirectory(Path("qwq_runs") / path_segment(name)), state)
