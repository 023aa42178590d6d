"""Rows as evalscope writes and reads them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.core.records import Completion, Step, ToolCall
from qwq_nb.store.evalscope_rows import (
    completion_from_row,
    model_segment,
    outcome_from_row,
    prediction_row,
    review_row,
    verdict_from_row,
)

TOOL_CALLS: list[ToolCall] = [
    {"id": "call-1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "K\u00f6ln"}'}},
    {"id": "call-2", "type": "function", "function": {"name": "now", "arguments": ""}},
]
COMPLETIONS = [
    Completion(
        reasoning="Let me <think> about it.",
        answer=r"Thus \boxed{4} </think>",
        shape="field",
        finish_reason="stop",
        prompt_tokens=30,
        reasoning_tokens=60,
        answer_tokens=31,
        tokens_from="usage",
        ttft_s=0.25,
        latency_s=2.5,
        attempts=2,
        retried=["HTTP 500"],
        model="qwq-32b-served",
    ),
    Completion(answer="<think>open", finish_reason="length", answer_tokens=1, latency_s=1.0),
    Completion(reasoning="cut", finish_reason="interrupted"),
    Completion(answer="lone \ud800 surrogate", finish_reason="eos", ttft_s=3.0, latency_s=2.0, answer_tokens=5),
    Completion(
        answer="It is raining.",
        finish_reason="tool_calls",
        answer_tokens=9,
        latency_s=2.0,
        tool_calls=TOOL_CALLS,
        steps=[
            Step(
                role="draft",
                endpoint="own",
                messages=[{"role": "tool", "content": "rain", "tool_call_id": "call-1"}],
                completion=Completion(answer="Rain.", tool_calls=TOOL_CALLS),
            )
        ],
    ),
]


@pytest.fixture(scope="module")
def graded(load: Any, grade: Any) -> list[Any]:
    """(sample, completion, verdict, prediction row, review row) for each kind of completion."""
    found = []
    for name in ("math_500", "gpqa_diamond"):
        loaded = load(name)
        for position, completion in enumerate(COMPLETIONS):
            sample = loaded.samples[position % len(loaded.samples)]
            verdict = grade(loaded, sample, completion.answer, position=position, repeat=1, repeats=3)
            row = prediction_row(sample, position, 1, 3, completion, "Qwen/QwQ-32B")
            review = review_row(sample, position, 1, 3, completion, verdict, "wrong", ["check_by_hand"])
            found.append((sample, completion, verdict, row, review))
    return found


def test_rows_are_dumps_of_evalscopes_own_models(graded: Any, with_evalscope: Callable[..., Any]) -> None:
    code = """
from evalscope.api.evaluator.cache import ModelResult, ReviewResult
from evalscope.utils.io_utils import convert_normal_types
result = [[convert_normal_types(model.model_validate(row).model_dump(mode="json")) for model, row in
           zip((ModelResult, ReviewResult), pair)] for pair in given]
"""
    pairs = [[prediction, review] for *_, prediction, review in graded]
    for pair, back in zip(pairs, with_evalscope(code, pairs), strict=True):
        for row, dump in zip(pair, back, strict=True):
            assert {key: value for key, value in row.items() if key != "qwq"} == dump


def test_rows_are_what_evalscope_makes_of_the_same_answer(graded: Any, with_evalscope: Callable[..., Any]) -> None:
    """Key for key, from its own objects; only message ids differ, which it draws at random."""
    code = """
from evalscope.api.dataset import Sample
from evalscope.api.evaluator import TaskState
from evalscope.api.evaluator.cache import ModelResult
from evalscope.api.messages import ChatMessageAssistant, ChatMessageUser, ContentReasoning, ContentText
from evalscope.api.messages.perf_metrics import PerformanceMetrics
from evalscope.api.model import ChatCompletionChoice, ModelOutput, ModelUsage, as_stop_reason
from evalscope.api.tool import ToolCall
result = []
for c, messages, target, metadata in given:
    parts = [ContentReasoning(reasoning=c["reasoning"], reasoning_tokens=c["reasoning_tokens"])]
    parts = parts if c["reasoning"] else []
    total = c["reasoning_tokens"] + c["answer_tokens"]
    perf = PerformanceMetrics(latency=c["latency_s"], ttft=c["ttft_s"], input_tokens=c["prompt_tokens"],
                              output_tokens=total)
    model = c["model"] or "Qwen/QwQ-32B"
    message = ChatMessageAssistant(content=[*parts, ContentText(text=c["answer"])], model=model, source="generate",
                                   perf_metrics=perf)
    for call in c["tool_calls"]:
        call["function"]["arguments"] = call["function"]["arguments"] or "{}"
        message.tool_calls = [*(message.tool_calls or []), ToolCall(**call)]
    usage = ModelUsage(input_tokens=c["prompt_tokens"], output_tokens=total, total_tokens=c["prompt_tokens"] + total,
                       reasoning_tokens=c["reasoning_tokens"])
    choice = ChatCompletionChoice(message=message, stop_reason=as_stop_reason(c["finish_reason"]))
    output = ModelOutput(model=model, time=c["latency_s"], usage=usage, choices=[choice])
    prompt = [ChatMessageUser(content=m["content"]) for m in messages]
    sample = Sample(input=prompt, target=target, id=1, group_id=0, metadata=metadata)
    state = TaskState(model="Qwen/QwQ-32B", sample=sample, messages=[*prompt, message], output=output, completed=True)
    result.append(ModelResult.from_task_state(state).model_dump(mode="json"))
"""
    import msgspec

    from qwq_nb.core.text import valid_values

    given = [
        [valid_values(msgspec.to_builtins(completion)), sample.messages, sample.gold, sample.metadata]
        for sample, completion, *_ in graded
    ]
    for (*_, ours, _), theirs in zip(graded, with_evalscope(code, given), strict=True):
        assert _without_ids(ours) == _without_ids(theirs)


def _without_ids(row: dict[str, Any]) -> dict[str, Any]:
    copy = json.loads(json.dumps({key: value for key, value in row.items() if key not in {"qwq", "index"}}))
    for message in [*copy["messages"], copy["model_output"]["choices"][0]["message"]]:
        del message["id"]
    return copy


def test_the_way_back_loses_nothing(graded: Any) -> None:
    for _, completion, verdict, prediction, review in graded:
        prediction, review = json.loads(json.dumps([prediction, review]))
        if "\ud800" in completion.answer:
            completion = Completion(**{**_fields(completion), "answer": "lone \ufffd surrogate"})
        assert completion_from_row(prediction) == completion
        assert verdict_from_row(review) == verdict
        assert outcome_from_row(review) == "wrong"
        assert prediction["index"] == review["index"] == review["sample_score"]["group_id"] * 3 + 1


def test_arguments_that_are_no_object_are_kept_and_named(graded: Any, with_evalscope: Callable[..., Any]) -> None:
    """As the model wrote them under `qwq`; as text, with the fault, where evalscope wants an object."""
    calls: list[ToolCall] = [{"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"cut'}}]
    row = prediction_row(graded[0][0], 0, 0, 1, Completion(tool_calls=calls), "m")
    assert completion_from_row(json.loads(json.dumps(row))).tool_calls == calls
    call = row["messages"][-1]["tool_calls"][0]
    assert call["function"]["arguments"] == {"text": '{"cut'}
    assert "no JSON object" in call["parse_error"]
    code = """
from evalscope.api.evaluator.cache import ModelResult
result = [ModelResult.model_validate(row).model_dump(mode="json")["messages"][-1] for row in given]
"""
    assert with_evalscope(code, [row]) == [row["messages"][-1]]


@pytest.mark.parametrize("steps", ["x", [1], [{"role": 7}], [{"role": "a"}], {"a": 1}])
def test_steps_of_another_make_are_passed_over(graded: Any, steps: Any) -> None:
    row = json.loads(json.dumps(graded[0][3]))
    row["qwq"].update(steps=steps, tool_calls=steps)
    assert completion_from_row(row) == graded[0][1]


def _fields(completion: Completion) -> dict[str, Any]:
    return {name: getattr(completion, name) for name in completion.__struct_fields__}


def test_rows_are_the_same_each_time(graded: Any) -> None:
    sample, completion, verdict, prediction, review = graded[0]
    assert prediction_row(sample, 0, 1, 3, completion, "Qwen/QwQ-32B") == prediction
    assert review_row(sample, 0, 1, 3, completion, verdict, "wrong", ["check_by_hand"]) == review
    other = prediction_row(sample, 0, 2, 3, completion, "Qwen/QwQ-32B")
    assert other["messages"][-1]["id"] != prediction["messages"][-1]["id"]


def test_a_run_of_evalscope_1_3_can_be_read(shared_data: Path) -> None:
    root = shared_data / "evalscope_run"
    counts = {"predictions": 0, "reviews": 0}
    for file in sorted(root.glob("predictions/*/*.jsonl")):
        for line in file.read_text("utf-8").splitlines():
            row = json.loads(line)
            completion = completion_from_row(row)
            assert completion.answer or completion.reasoning
            assert completion.completion_tokens == row["model_output"]["usage"]["output_tokens"]
            counts["predictions"] += 1
    correct = 0
    for file in sorted(root.glob("reviews/*/*.jsonl")):
        for line in file.read_text("utf-8").splitlines():
            row = json.loads(line)
            verdict = verdict_from_row(row)
            assert verdict.status == "graded"
            assert outcome_from_row(row) is None
            correct += verdict.correct == (row["sample_score"]["score"]["value"]["acc"] == 1.0)
            counts["reviews"] += 1
    assert counts == {"predictions": 598, "reviews": 598}
    assert correct == 598


@pytest.mark.parametrize(
    ("model", "segment"),
    [("Qwen/QwQ-32B", "QwQ-32B"), ("qwq:32b", "qwq_32b"), ("a/b/c/", "c"), ("通义", "model"), ("..", "model")],
)
def test_a_model_is_one_path_segment(model: str, segment: str) -> None:
    assert model_segment(model) == segment


@pytest.mark.parametrize(
    ("score", "reason"),
    [
        ({"explanation": "no reference for this version"}, "no reference for this version"),
        ({"metadata": {"metric_unavailable": True, "acc": "error: no integer"}}, "error: no integer"),
        ({"metadata": {"error": "it took too long"}}, "it took too long"),
        ({"metadata": "of a stranger's"}, "holds no value, and no reason"),
        ({}, "holds no value, and no reason"),
    ],
)
def test_a_row_without_a_value_has_a_reason(score: dict[str, Any], reason: str) -> None:
    """evalscope's own runs, too: an answer that is not gradable says why."""
    row = {"sample_score": {"score": {"value": {}, "status": "excluded", **score}}}
    verdict = verdict_from_row(row)
    assert verdict.status == "excluded"
    assert reason in verdict.explanation
