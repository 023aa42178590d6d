"""Write and read the rows of prediction and review files as evalscope 1.14 writes them, without importing it.

A prediction row equals a dump of evalscope's `ModelResult`, a review row one of its `ReviewResult`; both carry one key
more, `qwq`, which evalscope ignores. `completion_from_row` and `verdict_from_row` read them back: our rows and those
that evalscope itself wrote (1.3 and later).

evalscope numbers the samples of a subset from 0 in the order of the data: `position` here. With `repeats` its ids are
`position * repeats + repeat`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_args

import msgspec

from qwq_nb.core.records import Analysis, Completion, Outcome, Sample, ToolCall, Verdict
from qwq_nb.core.text import valid_values
from qwq_nb.store.row_parts import COMPLETION_PARTS, VERDICT_PARTS, converted, parts_in, parts_of

__all__ = [
    "NOT_A_ROW",
    "analysis_from",
    "completion_from_row",
    "evalscope_id",
    "model_segment",
    "outcome_from_row",
    "prediction_file",
    "prediction_row",
    "review_file",
    "review_row",
    "targets_of",
    "verdict_from_row",
]

T = TypeVar("T")

NOT_A_ROW = (LookupError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)
"""What reading a row may raise whose fields have other types than evalscope's, or are missing."""

_FINISH_REASONS = {"max_tokens": "length", "unknown": ""}
_USABLE = frozenset({"success", "fallback", "degraded"})
"""evalscope's `ScoreStatus` values that enter its mean."""


def prediction_file(run_dir: Path, model_id: str, benchmark: str, subset: str) -> Path:
    """Return the path of evalscope's predictions of one subset."""
    return run_dir / "predictions" / model_id / f"{benchmark}_{subset}.jsonl"


def review_file(run_dir: Path, model_id: str, benchmark: str, subset: str) -> Path:
    """Return the path of evalscope's reviews of one subset."""
    return run_dir / "reviews" / model_id / f"{benchmark}_{subset}.jsonl"


def model_segment(model: str) -> str:
    """Make a model's name one path segment (`Qwen/QwQ-32B` → `QwQ-32B`), as evalscope derives its `model_id`."""
    name = unicodedata.normalize("NFKD", model.rstrip("/").rsplit("/", 1)[-1]).encode("ascii", "ignore").decode()
    return re.sub(r"_+", "_", re.sub(r"[^A-Za-z0-9.\-_]", "_", name)).strip("._")[:200] or "model"


def evalscope_id(position: int, repeat: int, repeats: int) -> int:
    """Return evalscope's id of one sample × repeat within its subset: a whole number from 0."""
    return position * repeats + repeat


def targets_of(sample: Sample) -> list[str] | None:
    """Return the accepted answers as evalscope lists them: stripped, each once; None where there is none."""
    values = (value.strip() for value in (sample.targets or [sample.gold]))
    return list(dict.fromkeys(value for value in values if value)) or None


def prediction_row(
    sample: Sample, position: int, repeat: int, repeats: int, completion: Completion, model: str
) -> dict[str, Any]:
    """Make the prediction row of one completion. `model` is the model's name as it was asked for."""
    message = _assistant(sample, repeat, completion, model)
    row: dict[str, Any] = {
        "index": evalscope_id(position, repeat, repeats),
        "model": model,
        "model_output": {
            "id": None,
            "model": completion.model or model,
            "choices": [
                {
                    "message": message,
                    "stop_reason": completion.stop_reason,
                    "logprobs": None,
                }
            ],
            "usage": {
                "input_tokens": completion.prompt_tokens,
                "output_tokens": completion.completion_tokens,
                "total_tokens": completion.prompt_tokens + completion.completion_tokens,
                "input_tokens_cache_write": None,
                "input_tokens_cache_read": None,
                "reasoning_tokens": completion.reasoning_tokens,
            },
            "time": completion.latency_s,
            "metadata": None,
            "error": None,
            "perf_metrics": message["perf_metrics"],
        },
        "messages": [*_prompt(sample), message],
        "agent_trace": None,
        "metadata": sample.metadata,
        "qwq": {
            "id": sample.id,
            "repeat": repeat,
            "shape": completion.shape,
            "finish_reason": completion.finish_reason,
            "limit_reached": completion.limit_reached,
            "cut_by_server": completion.cut_by_server,
            "reasoning_tokens": completion.reasoning_tokens,
            "answer_tokens": completion.answer_tokens,
            "tokens_from": completion.tokens_from,
            "ttft_s": completion.ttft_s,
            "latency_s": completion.latency_s,
            "attempts": completion.attempts,
            "retried": completion.retried,
            "model": completion.model,
            "endpoint": completion.endpoint,
        },
    }
    row["qwq"] |= parts_of(completion, COMPLETION_PARTS)
    return cast(dict[str, Any], valid_values(row))


def review_row(
    sample: Sample,
    position: int,
    repeat: int,
    repeats: int,
    completion: Completion,
    verdict: Verdict,
    outcome: Outcome,
    flags: list[str],
) -> dict[str, Any]:
    """Make the review row of one verdict, with the outcome and flags that followed from it."""
    number = evalscope_id(position, repeat, repeats)
    score = dict(verdict.sample_score)
    score.update(sample_id=number, group_id=position, generation_index=repeat)
    row: dict[str, Any] = {
        "index": number,
        "target": targets_of(sample),
        "messages": [*_prompt(sample), _assistant(sample, repeat, completion, completion.model)],
        "agent_trace": None,
        "sample_score": score,
        "qwq": {
            "id": sample.id,
            "repeat": repeat,
            "outcome": outcome,
            "flags": flags,
            "status": verdict.status,
            "second_extracted": verdict.second_extracted,
            "second_correct": verdict.second_correct,
            "present": verdict.present,
            "unstated": verdict.unstated,
            "explanation": verdict.explanation,
            "seconds": verdict.seconds,
            "analysis": msgspec.to_builtins(verdict.analysis),
        },
    }
    row["qwq"] |= parts_of(verdict, VERDICT_PARTS)
    if verdict.flags or verdict.explained:
        row["qwq"] |= {"verdict_flags": list(verdict.flags), "explained": verdict.explained}
    return cast(dict[str, Any], valid_values(row))


def completion_from_row(row: dict[str, Any]) -> Completion:
    """Read the completion of a prediction row, ours or evalscope's.

    Raises:
        NOT_A_ROW: it is neither.
    """
    output = row["model_output"]
    choice = output["choices"][0]
    reasoning, answer = _parts(choice["message"]["content"])
    usage = output.get("usage") or {}
    total = int(usage.get("output_tokens") or 0)
    perf = output.get("perf_metrics") or choice["message"].get("perf_metrics") or {}
    own = row.get("qwq") or {}
    counted = usage.get("reasoning_tokens")
    share: Literal["usage", "usage_share"] = "usage"
    if counted is None and reasoning:
        # The server gave one total: divide it by the length of the texts.
        counted, share = round(total * len(reasoning) / max(1, len(reasoning) + len(answer))), "usage_share"
    thought = int(counted or 0)
    stop = str(choice.get("stop_reason") or "")
    return _checked(
        Completion,
        reasoning=reasoning,
        answer=answer,
        shape=own.get("shape") or ("field" if reasoning else "answer_only"),
        finish_reason=own.get("finish_reason", _FINISH_REASONS.get(stop, stop)),
        limit_reached=own.get("limit_reached", False),
        cut_by_server=own.get("cut_by_server", False),
        prompt_tokens=int(usage.get("input_tokens") or 0),
        reasoning_tokens=own.get("reasoning_tokens", thought),
        answer_tokens=own.get("answer_tokens", max(0, total - thought)),
        tokens_from=own.get("tokens_from", share),
        ttft_s=own.get("ttft_s", perf.get("ttft")),
        latency_s=own.get("latency_s", perf.get("latency") or output.get("time") or 0.0),
        attempts=own.get("attempts", 1),
        retried=list(own.get("retried", [])),
        model=own.get("model", output.get("model") or ""),
        endpoint=own.get("endpoint", ""),
        **parts_in(own, COMPLETION_PARTS),
    )


def verdict_from_row(row: dict[str, Any]) -> Verdict:
    """Read the verdict of a review row, ours or evalscope's.

    Raises:
        NOT_A_ROW: it is neither.
    """
    sample_score = row["sample_score"]
    score = sample_score["score"]
    values = score.get("value") or {}
    name = score.get("main_score_name")
    main = values.get(name) if name in values else next(iter(values.values()), None)
    own = row.get("qwq") or {}
    graded = str(score.get("status") or "success") in _USABLE and main is not None
    value = float(main) if graded and main is not None else 0.0
    status = own.get("status", "graded" if graded else "excluded")
    return _checked(
        Verdict,
        status=status,
        correct=graded and value >= 1.0,
        score=value,
        extracted=score.get("extracted_prediction") or "",
        second_extracted=own.get("second_extracted", ""),
        second_correct=own.get("second_correct"),
        present=own.get("present", False),
        unstated=own.get("unstated", False),
        explanation=own.get("explanation") or _why(score, graded=graded),
        explained=own.get("explained", False),
        flags=converted(own.get("verdict_flags"), list[str]) or [],
        seconds=own.get("seconds", 0.0),
        sample_score=sample_score,
        analysis=analysis_from(own.get("analysis")),
        **parts_in(own, VERDICT_PARTS),
    )


def _why(score: dict[str, Any], *, graded: bool) -> str:
    """Return evalscope's explanation of a score; of one without a value the error that it holds, if any."""
    said = str(score.get("explanation") or "")
    if graded or said:
        return said
    metadata = score.get("metadata")
    held = metadata.items() if isinstance(metadata, dict) else ()
    errors = [str(value) for name, value in held if name == "error" or str(value).startswith("error:")]
    return next(iter(errors), "evalscope's row of it holds no value, and no reason")


def analysis_from(value: Any) -> Analysis | None:
    """Read the analysis of a row; None where there is none, or one of another format."""
    return converted(value, Analysis)


def outcome_from_row(row: dict[str, Any]) -> Outcome | None:
    """Read the outcome that was written with a review row of ours; None for evalscope's own rows."""
    outcome = (row.get("qwq") or {}).get("outcome")
    return cast(Outcome, outcome) if outcome in get_args(Outcome) else None


def _checked(kind: type[T], **fields: Any) -> T:
    """Make a struct of fields that may have any type. Raises ValueError where one has another than its own."""
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as exc:
        raise ValueError(str(exc)) from None


def _tool_calls(calls: list[ToolCall]) -> list[dict[str, Any]] | None:
    """Return the calls as evalscope's `ToolCall` has them: arguments as an object.

    Arguments that are no JSON object are kept as text.
    """
    found = []
    for call in calls:
        function, problem = call["function"], None
        try:
            arguments = msgspec.json.decode(function["arguments"] or "{}", type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as exc:
            arguments, problem = {"text": function["arguments"]}, f"The arguments are no JSON object: {exc}"
        found.append(
            {
                "id": call["id"],
                "function": {"name": function["name"], "arguments": arguments},
                "internal": None,
                "parse_error": problem,
                "view": None,
                "type": "function",
            }
        )
    return found or None


def _parts(content: Any) -> tuple[str, str]:
    """Return the reasoning and the text of a message's content, which is a string or a list of parts."""
    if isinstance(content, str):
        return "", content
    reasoning = "\n".join(part["reasoning"] for part in content if part.get("type") == "reasoning")
    return reasoning, "\n".join(part["text"] for part in content if part.get("type") == "text")


def _message_id(*parts: object) -> str:
    """Make a message id of eight hex digits from `parts`.

    evalscope draws random ones; these are the same at every call, so that rows can be compared.
    """
    return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _prompt(sample: Sample) -> list[dict[str, Any]]:
    rows = []
    for number, message in enumerate(sample.messages):
        row: dict[str, Any] = {
            "id": _message_id(sample.id, number),
            "content": message["content"],
            "source": None,
            "metadata": None,
            "internal": None,
            "perf_metrics": None,
            "role": message["role"],
        }
        if message["role"] == "user":
            row["tool_call_id"] = None
        if message["role"] == "assistant":
            row.update(tool_calls=None, model=None)
        rows.append(row)
    return rows


def _assistant(sample: Sample, repeat: int, completion: Completion, model: str) -> dict[str, Any]:
    """Make the assistant's message, its content a list of parts.

    evalscope would search a plain string for think tags again.
    """
    content: list[dict[str, Any]] = []
    if completion.reasoning:
        content.append(
            {
                "internal": None,
                "type": "reasoning",
                "reasoning": completion.reasoning,
                "signature": None,
                "redacted": False,
                "reasoning_tokens": completion.reasoning_tokens,
            }
        )
    content.append({"internal": None, "type": "text", "text": completion.answer, "refusal": None})
    return {
        "id": _message_id(sample.id, "answer", repeat),
        "content": content,
        "source": "generate",
        "metadata": None,
        "internal": None,
        "perf_metrics": _perf(completion),
        "role": "assistant",
        "tool_calls": _tool_calls(completion.tool_calls),
        "model": completion.model or model,
    }


def _perf(completion: Completion) -> dict[str, Any]:
    """Return evalscope's `PerformanceMetrics`: seconds and tokens.

    `tpot` is seconds per output token after the first.
    """
    tokens, tpot = completion.completion_tokens, None
    if completion.ttft_s is not None and tokens > 1 and completion.latency_s >= completion.ttft_s:
        tpot = (completion.latency_s - completion.ttft_s) / (tokens - 1)
    return {
        "latency": completion.latency_s,
        "ttft": completion.ttft_s,
        "input_tokens": completion.prompt_tokens,
        "output_tokens": tokens,
        "tpot": tpot,
    }
