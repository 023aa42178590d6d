"""The demo endpoint's scripted judge: its replies keep to every format that it is asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qwq_nb.analysis.judge.prompts import Fault, Word, pair_messages, read_pair, read_word, rubric_messages
from qwq_nb.analysis.judge.rubric import BUILT_IN, Criterion, Rubric
from qwq_nb.demo.judge import JUDGE_MODEL, judgement
from qwq_nb.demo.process import DemoEndpoint
from tests.demo.client import post


def reply(prompt: str) -> str:
    return judgement(prompt).variants[0].answer


def passes(answer: str, reference: str = "") -> bool:
    word = read_word(reply(rubric_messages(BUILT_IN, "How much?", answer, reference)[-1]["content"]), BUILT_IN)
    assert isinstance(word, Word)
    assert word.reason
    return word.score == 1


def better(first: str, second: str) -> Word | Fault:
    return read_pair(reply(pair_messages(BUILT_IN, "Q?", first, second)[-1]["content"]))


def test_an_answer_passes_that_holds_the_reference() -> None:
    assert passes("It is  FORTY-two.", "forty-two")
    assert not passes("It is 41.", "42")


def test_without_a_reference_some_pass_and_some_fail() -> None:
    assert 0 < sum(passes(f"Answer {i}.") for i in range(40)) < 40
    assert not passes("This is the demo endpoint: it replays recorded transcripts, and this prompt holds none.")
    assert passes("Answer 1.") == passes("Answer 1.")


def test_criteria_and_pairs_have_their_formats() -> None:
    criteria = (Criterion(text="Is short", points=2), Criterion(text="Is polite"))
    rubric = Rubric(name="r", text="1. Is short [2 points]\n2. Is polite [1 points]", criteria=criteria)
    assert isinstance(read_word(reply(rubric_messages(rubric, "Q?", "A")[-1]["content"]), rubric), Word)
    words = [
        read_pair(reply(pair_messages(BUILT_IN, "Q?", "short", f"a longer answer {i}")[-1]["content"]))
        for i in range(9)
    ]
    assert all(isinstance(word, Word) for word in words)
    same = read_pair(reply(pair_messages(BUILT_IN, "Q?", "same", "Same")[-1]["content"]))
    assert same == Word(better="tie", reason="Both say the same.")


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ('- "reasoning": a string\n- "verdict": exactly one of "A" or "B" or "C"', {"A", "B"}),
        ('- "verdict": exactly one of "m" or "M"', {"m", "M"}),
        ('- "reasoning": a string\n- "verdict": exactly one of "yes" or "no"', {"yes", "no"}),
    ],
)
def test_evalscopes_formats_are_kept(fields: str, wanted: set[str]) -> None:
    said: dict[str, Any] = json.loads(reply(f"Judge.\nReply with a single JSON object:\n{fields}"))
    assert said["verdict"] in wanted


def test_it_is_served_as_a_model_of_its_own(demo: DemoEndpoint) -> None:
    messages = rubric_messages(BUILT_IN, "How much?", "It is 42.", "42")
    answered = post(f"{demo.url}/chat/completions", json={"model": JUDGE_MODEL, "messages": messages})
    assert json.loads(answered.json()["choices"][0]["message"]["content"])["verdict"] == "pass"
    plain = post(f"{demo.url}/chat/completions", json={"model": demo.model, "messages": messages})
    assert "verdict" not in plain.json()["choices"][0]["message"]["content"]
