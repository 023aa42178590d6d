"""The three forms of a request that continues a thought, as they go over the wire and as they are read."""

from __future__ import annotations

import json

import pytest

from qwq_nb.core.records import Message
from qwq_nb.endpoint.dialects.continuations import CLOSE, OPEN, OpenContent, RawCompletions, ReasoningField
from qwq_nb.endpoint.endpoint import Endpoint

ENDPOINT = Endpoint("http://127.0.0.1:8801/v1", "m", stream=False, temperature=0)
SYSTEM: Message = {"role": "system", "content": "Be brief."}
USER: Message = {"role": "user", "content": "2+3?"}
THOUGHT = "2 and 3 make 5.\n\nWait."
SUFFIX = "The final answer is \\boxed{"


def begun(following: str) -> list[Message]:
    return [SYSTEM, USER, {"role": "assistant", "content": f"{OPEN}{THOUGHT}{following}"}]


def test_raw_completions_write_chatml() -> None:
    body = RawCompletions().body(ENDPOINT, begun(f"{CLOSE}{SUFFIX}"))
    assert body["prompt"] == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n2+3?<|im_end|>\n<|im_start|>assistant\n"
        f"<think>\n{THOUGHT}\n</think>\n\nThe final answer is \\boxed{{"
    )
    assert "messages" not in body
    assert (body["model"], body["temperature"]) == ("m", 0)


def test_raw_completions_are_read() -> None:
    dialect = RawCompletions()
    body = {
        "choices": [{"text": "5}", "finish_reason": "length"}],
        "usage": {"prompt_tokens": 61, "completion_tokens": 2},
        "model": "m",
    }
    delta = dialect.whole(json.dumps(body).encode())
    assert delta is not None
    assert (delta.content, delta.finish_reason) == ("5}", "length")
    assert delta.usage is not None
    assert delta.usage.prompt_tokens == 61
    assert dialect.delta(b" [DONE] ").ends == "done"  # type: ignore[union-attr]
    streamed = dialect.delta(b'{"choices":[{"text":"5"}]}')
    assert streamed is not None
    assert streamed.content == "5"
    assert dialect.whole(b'{"error":{"message":"no"}}').ends == "error"  # type: ignore[union-attr]
    assert dialect.whole(b'{"choices":[]}') is None
    with pytest.raises(ValueError, match="Expected"):
        dialect.whole(b"[]")


def test_counts_of_raw_completions_in_any_form_are_read() -> None:
    body = (
        b'{"choices":[{"text":"5","finish_reason":"stop"}],"usage":{"prompt_tokens":61.0,"completion_tokens":"1",'
        b'"prompt_tokens_details":{"cached_tokens":"48"}}}'
    )
    delta = RawCompletions().whole(body)
    assert delta is not None
    assert delta.usage is not None
    assert (delta.usage.prompt_tokens, delta.usage.completion_tokens, delta.usage.cached_tokens) == (61, 1, 48)


def test_open_content_is_continued_and_no_other_turn_begun() -> None:
    body = OpenContent().body(ENDPOINT, begun(f"\n\n{SUFFIX}"))
    assert body["messages"][-1]["content"] == f"<think>\n{THOUGHT}\n\n{SUFFIX}"
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)


@pytest.mark.parametrize(
    ("following", "reasoning", "content"),
    [
        (f"{CLOSE}{SUFFIX}", f"\n{THOUGHT}\n", f"\n\n{SUFFIX}"),
        ("", f"\n{THOUGHT}", ""),
    ],
    ids=["closed", "open"],
)
def test_the_thought_goes_into_its_field(following: str, reasoning: str, content: str) -> None:
    *before, last = ReasoningField().body(ENDPOINT, begun(following))["messages"]
    assert before == [SYSTEM, USER]
    assert last == {"role": "assistant", "content": content, "reasoning_content": reasoning}


def test_a_tag_within_the_thought_stays_there() -> None:
    messages = begun("")[:-1]
    thought = f"So </think> is a tag.{CLOSE}And more."
    messages.append({"role": "assistant", "content": f"{OPEN}{thought}{CLOSE}{SUFFIX}"})
    last = ReasoningField().body(ENDPOINT, messages)["messages"][-1]
    assert last["reasoning_content"] == f"\n{thought}\n"
    assert last["content"] == f"\n\n{SUFFIX}"
