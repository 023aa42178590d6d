"""Export a run as a log of Inspect (`run.export("run.eval")`), which `inspect view` and Inspect's API open.

Format: version 2 of Inspect's logs, as inspect_ai 0.3 writes them: a zip of `header.json`, `summaries.json` and a JSON
file for each sample × epoch. Verdicts are the run's own, as the score `qwq_nb` with the values C and I; not graded
answers have none. A log holds one task: of a run of several benchmarks one is named.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from qwq_nb._version import __version__
from qwq_nb.core.outcomes import counts
from qwq_nb.core.records import SampleResult
from qwq_nb.core.text import valid_values
from qwq_nb.errors import OptionError
from qwq_nb.run.withhold import WITHHELD, withheld_benchmarks

if TYPE_CHECKING:
    from qwq_nb.run.state import ShownRun

__all__ = ["inspect_log"]

SCORER = "qwq_nb"
_STATUS = {"complete": "success", "failed": "error"}


def inspect_log(run: ShownRun, benchmark: str | None = None) -> bytes:
    """Return the run's results as the bytes of an `.eval` file.

    Raises:
        OptionError: the run has several benchmarks and none is named, or nothing was asked.
    """
    names = run.benchmarks
    if benchmark is None and len(names) == 1:
        benchmark = names[0]
    if benchmark is None:
        raise OptionError(
            f"A log of Inspect holds one task, and {run.name} has {len(names)} benchmarks: end the file's name with "
            f"the one that is meant, run.export('{names[0]}.eval'), run.export('{names[1]}.eval')."
        )
    results = [r for r in run.results() if r.sample.benchmark == benchmark and r.outcome != "pending"]
    if not results:
        raise OptionError(f"The run {run.name} has no answers to export.")
    hidden = benchmark in withheld_benchmarks(run.manifest) and not (run.revealed or run.demo)
    samples = [_sample(result, run.model, hidden) for result in results]
    packed = io.BytesIO()
    # Deflate: every zip reader knows it, Inspect's too.
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as log:

        def write(name: str, value: Any) -> None:
            log.writestr(name, msgspec.json.encode(valid_values(value)))

        for sample in samples:
            write(f"samples/{sample['id']}_epoch_{sample['epoch']}.json", sample)
        write("summaries.json", [_summary(sample) for sample in samples])
        write("header.json", _header(run, benchmark, results))
    return packed.getvalue()


def _header(run: ShownRun, benchmark: str, results: Sequence[SampleResult]) -> dict[str, Any]:
    manifest = run.manifest
    graded = [r for r in results if counts(r.outcome)]
    accuracy = sum(r.outcome == "correct" for r in graded) / len(graded) if graded else 0.0
    ids = list(dict.fromkeys(r.sample.id for r in results))
    sampling = manifest.request.endpoint.sampling
    known = ("temperature", "top_p", "top_k", "max_tokens", "seed", "frequency_penalty", "presence_penalty")
    config = {name: sampling[name] for name in known if sampling.get(name) is not None}
    epochs = manifest.request.selection.repeats
    return {
        "version": 2,
        "status": _STATUS.get(run.state, "cancelled"),
        "eval": {
            "eval_id": manifest.run_id or run.name,
            "run_id": manifest.run_id or run.name,
            "created": _stamp(manifest.created),
            "task": benchmark,
            "task_id": manifest.run_id or run.name,
            "task_version": 0,
            "task_attribs": {},
            "task_args": {},
            "dataset": {"name": benchmark, "samples": len(ids), "sample_ids": ids, "shuffled": False},
            "model": f"openai-api/qwq-nb/{run.model}",
            "model_generate_config": config,
            "model_args": {},
            "config": {"epochs": epochs},
            "packages": {SCORER: __version__, **manifest.versions},
            "scorers": [{"name": SCORER, "options": {}, "metrics": [{"name": "inspect_ai/accuracy", "options": {}}]}],
        },
        "plan": {"name": "plan", "steps": [{"solver": "generate", "params": {}}], "config": config},
        "results": {
            "total_samples": len(results),
            "completed_samples": sum(r.outcome != "error" for r in results),
            "scores": [
                {
                    "name": SCORER,
                    "scorer": SCORER,
                    "params": {},
                    "scored_samples": len(graded),
                    "metrics": {"accuracy": {"name": "accuracy", "value": accuracy, "params": {}}},
                }
            ],
        },
        "stats": {
            "started_at": _stamp(manifest.created),
            "completed_at": _stamp(manifest.updated),
            "model_usage": {run.model: _usage(results)},
        },
    }


def _sample(result: SampleResult, model: str, hidden: bool) -> dict[str, Any]:
    sample, completion, verdict = result.sample, result.completion, result.verdict
    question = WITHHELD if hidden else sample.question

    def shown(text: str) -> str:
        return WITHHELD if hidden and text else text

    messages: list[dict[str, Any]] = [
        {"role": message["role"], "content": shown(message["content"]), "source": "input"}
        for message in sample.messages
        if message["role"] in ("system", "user", "assistant")
    ]
    made: dict[str, Any] = {
        "id": sample.id,
        "epoch": result.repeat + 1,
        "input": question,
        "target": sample.targets if len(sample.targets) > 1 else sample.gold,
        "messages": messages,
        "metadata": {"subset": sample.subset, "source_id": sample.source_id, "outcome": result.outcome},
        "store": {},
        "events": [],
        "attachments": {},
        "model_usage": {model: _usage([result])},
        "output": {"model": model, "choices": []},
        "scores": {},
    }
    if sample.choices:
        made["choices"] = [shown(choice) for choice in sample.choices]
    if completion is not None:
        content: list[dict[str, Any]] = []
        if completion.reasoning:
            content.append({"type": "reasoning", "reasoning": shown(completion.reasoning)})
        content.append({"type": "text", "text": shown(completion.answer)})
        reply = {"role": "assistant", "content": content, "source": "generate", "model": completion.model or model}
        messages.append(reply)
        stop = "max_tokens" if completion.is_truncated else "stop"
        made["output"] = {
            "model": completion.model or model,
            "choices": [{"message": reply, "stop_reason": stop}],
            "usage": _usage([result]),
            "time": completion.latency_s,
        }
        made["total_time"] = made["working_time"] = completion.latency_s
    if verdict is not None and counts(result.outcome):
        made["scores"] = {
            SCORER: {
                "value": "C" if result.outcome == "correct" else "I",
                "answer": shown(verdict.extracted),
                "explanation": result.outcome.replace("_", " "),
            }
        }
    if result.outcome == "error":
        made["error"] = {"message": shown(result.error), "traceback": "", "traceback_ansi": ""}
    return made


def _summary(sample: dict[str, Any]) -> dict[str, Any]:
    names = ("id", "epoch", "input", "target", "metadata", "scores", "model_usage", "total_time", "working_time")
    made = {name: sample[name] for name in names if name in sample}
    made["input"] = made["input"][:2000]
    if "error" in sample:
        made["error"] = sample["error"]["message"]
    return {**made, "completed": "error" not in sample}


def _usage(results: Sequence[SampleResult]) -> dict[str, int]:
    known = [r.completion for r in results if r.completion is not None]
    prompt, written = sum(c.prompt_tokens for c in known), sum(c.completion_tokens for c in known)
    return {
        "input_tokens": prompt,
        "output_tokens": written,
        "total_tokens": prompt + written,
        "reasoning_tokens": sum(c.reasoning_tokens for c in known),
    }


def _stamp(text: str) -> str:
    return text.replace("Z", "+00:00")
