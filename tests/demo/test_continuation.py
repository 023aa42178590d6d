"""The demo endpoint's raw completions: a begun thought is continued, and the answer depends on its length."""

from __future__ import annotations

from typing import Any

import pytest

from qwq_nb.demo.continuation import Vocabulary, final_answer, needed_tokens, read_prompt
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.demo.replay import Variant, split_tokens
from tests.demo.client import ROWS, get, post

QUESTION, VARIANT = ROWS[0]["problem"], ROWS[0]["variants"][0]
SUFFIX = "\n</think>\n\nThe final answer is \\boxed{"


def prompt(thought: str, following: str = SUFFIX) -> str:
    return f"<|im_start|>user\n{QUESTION}<|im_end|>\n<|im_start|>assistant\n<think>\n{thought}{following}"


def forced(demo: DemoEndpoint, thought: str, **more: object) -> dict[str, Any]:
    body = {"model": demo.model, "prompt": prompt(thought), "max_tokens": 64, **more}
    answered = post(f"{demo.url}/completions", json=body)
    assert answered.status_code == 200
    found: dict[str, Any] = answered.json()
    return found


def text_of(body: dict[str, Any]) -> str:
    (choice,) = body["choices"]
    return str(choice["text"])


def test_the_answer_is_right_from_the_planted_number_of_tokens_on(demo: DemoEndpoint) -> None:
    pieces = split_tokens(VARIANT["reasoning"])
    needed = needed_tokens("sum", Variant(VARIANT["reasoning"], VARIANT["answer"]))
    right = [text_of(forced(demo, "".join(pieces[:k]))).startswith("42}") for k in range(len(pieces) + 1)]
    assert right == [k >= needed for k in range(len(pieces) + 1)]


def test_each_variant_keeps_its_own_answer(demo: DemoEndpoint) -> None:
    assert text_of(forced(demo, ROWS[0]["variants"][1]["reasoning"])) == "41}."


def test_its_tokens_are_those_of_a_chat_and_of_the_thought(demo: DemoEndpoint) -> None:
    chat = {"model": demo.model, "messages": [{"role": "user", "content": QUESTION}], "max_tokens": 1}
    plain = post(f"{demo.url}/chat/completions", json=chat).json()["usage"]["prompt_tokens"]
    thought = "2" + " the" * 39
    usage = post(
        f"{demo.url}/completions", json={"model": demo.model, "prompt": prompt(thought, ""), "max_tokens": 1}
    ).json()["usage"]
    assert usage["prompt_tokens"] == plain + 40
    assert usage["completion_tokens"] == 1


@pytest.mark.parametrize("body", [{"prompt": "no turns"}, {"prompt": ["a"]}, {"prompt": 7}, {}], ids=str)
def test_what_is_no_raw_prompt_is_refused(demo: DemoEndpoint, body: dict[str, object]) -> None:
    assert post(f"{demo.url}/completions", json={"model": demo.model, **body}).status_code == 400


def test_a_prompt_is_read_into_its_parts() -> None:
    found = read_prompt(f"<|im_start|>system\nBrief.<|im_end|>\n{prompt('a b')}")
    assert found is not None
    assert found.texts == ("Brief.", QUESTION)
    assert (found.thought, found.following) == ("a b", SUFFIX)
    assert read_prompt("<|im_start|>assistant\nx") is None


@pytest.mark.parametrize(
    ("answer", "final"),
    [
        ("So \\boxed{1} or \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}"),
        ("ANSWER: C", "C"),
        ("No box.", ""),
        ("\\boxed{never closed", ""),
    ],
)
def test_the_final_answer_of_a_transcript(answer: str, final: str) -> None:
    assert final_answer(Variant("", answer)) == final


def test_a_vocabulary_gives_back_the_text_of_its_ids() -> None:
    words = Vocabulary()
    ids = words.ids("one two one")
    assert (ids[0], words.text(ids)) == (0, "one two one")
    assert words.text([0, 99, "x", -1]) == "one"


def test_the_list_of_models_is_still_there(demo: DemoEndpoint) -> None:
    assert get(f"{demo.url}/models").status_code == 200
