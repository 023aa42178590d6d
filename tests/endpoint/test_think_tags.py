"""Thoughts between tags, in every family's form: whatever the cut into chunks, none of them is part of the answer."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwq_nb.endpoint.delta import Delta
from qwq_nb.endpoint.reasoning import ReasoningSplitter, Split, split
from qwq_nb.endpoint.think_tags import TAGS

PAIRS = [pair for opening, closing in TAGS for pair in zip(opening, closing, strict=False)]
THOUGHT, ANSWER = "Maybe \\boxed{5}? No.", "It is \\boxed{4}."

# What a model or a server writes: content, reasoning, answer, shape; ended by `stop`.
WRITTEN: dict[str, tuple[str, str, str, str]] = {
    "harmony": (
        "<|channel|>analysis<|message|>why<|end|><|start|>assistant<|channel|>final<|message|>4<|return|>",
        "why",
        "4",
        "tags",
    ),
    "harmony, the header in the prompt": (
        "why<|end|><|start|>assistant<|channel|>final<|message|>4",
        "why",
        "4",
        "prefilled",
    ),
    "harmony, three channels": (
        "<|channel|>analysis<|message|>why<|end|><|start|>assistant<|channel|>commentary<|message|>so<|end|>"
        "<|start|>assistant<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>4",
        "why\n\nso\n\nhm",
        "4",
        "tags",
    ),
    "harmony, without the ends": ("<|channel|>analysis<|message|>why<|channel|>final<|message|>4", "why", "4", "tags"),
    "harmony, a constrained answer": (
        "<|channel|>analysis<|message|>why<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>{}",
        "why",
        "{}",
        "tags",
    ),
    "harmony, no answer": ("<|channel|>analysis<|message|>why<|end|>", "why", "", "tags"),
    "harmony, an answer alone": ("<|channel|>final<|message|>4<|return|>", "", "4", "prefilled"),
    "harmony, cut in its thought": ("<|channel|>analysis<|message|>why, wh", "why, wh", "", "unclosed"),
    "harmony, cut in its header": (
        "<|channel|>analysis<|message|>why<|end|><|start|>assistant<|chan",
        "why",
        "",
        "unclosed",
    ),
    "harmony, special tokens removed": ("analysisWe add.assistantfinal4", "We add.", "4", "tags"),
    "harmony, removed and cut": ("analysisWe add, but", "We add, but", "", "unclosed"),
    "Sky-T1": (
        "<|begin_of_thought|>\n\nwhy\n\n<|end_of_thought|>\n\n<|begin_of_solution|>\n\n4\n\n<|end_of_solution|>",
        "why",
        "4",
        "tags",
    ),
    "Sky-T1, its thought not closed": (
        "<|begin_of_thought|>why<|begin_of_solution|>4<|end_of_solution|>",
        "why",
        "4",
        "tags",
    ),
    "Command A": (
        "<|START_THINKING|>why<|END_THINKING|><|START_RESPONSE|>4<|END_RESPONSE|>",
        "why",
        "4",
        "tags",
    ),
    "Apriel": (
        "My reasoning steps:\nwhy\n[BEGIN FINAL RESPONSE]\n4\n[END FINAL RESPONSE]",
        "My reasoning steps:\nwhy",
        "4",
        "prefilled",
    ),
    "an empty block first": ("<think></think>\n\n<think>why</think>4", "why", "4", "tags"),
    "two in a row": ("<think>a</think>\n<think>why</think>4", "a\n\nwhy", "4", "tags"),
    "two families": ("<think>a</think>\n<thinking>why</thinking>4", "a\n\nwhy", "4", "tags"),
    "closed twice": ("<think>a</think>\nwhy</think>\n4", "a\nwhy", "4", "tags"),
    "closed twice, nothing between": ("<think>why</think></think>4", "why", "4", "tags"),
    "closed three times": ("<think>a</think>b</think>why</think>\n4", "abwhy", "4", "tags"),
    "closed again after the answer": ("<think>why</think>4</think>", "why", "4", "tags"),
    "closed by another family's tag": ("<think>why</thinking>4", "why", "4", "tags"),
    "a thought in the middle": ("<think>a</think>First.\n<think>why</think>\n4", "a\n\nwhy", "First.\n\n4", "tags"),
    "numbers that a thought parts": ("<think>a</think>4<think>why</think>2", "a\n\nwhy", "4\n2", "tags"),
    "a thought begun after the answer": ("<think>a</think>4\n<think>Wait", "a\n\nWait", "4", "tags"),
    "a second thought never closed": ("<think>a</think>\n<think>why", "a\n\nwhy", "", "unclosed"),
    "a mention in code": ("<think>a</think>A `<think>` opens. 4", "a", "A `<think>` opens. 4", "tags"),
    "a mention in quotes": (
        '<think>a</think>A "<think>" opens, a \u201c</think>\u201d closes. 4',
        "a",
        'A "<think>" opens, a \u201c</think>\u201d closes. 4',
        "tags",
    ),
    "a quoted pair": ("<think>a</think>Write '<think>x</think>'. 4", "a", "Write '<think>x</think>'. 4", "tags"),
    "a mention in a fence": (
        "<think>a</think>4\n```xml\n<think>x</think>\n```",
        "a",
        "4\n```xml\n<think>x</think>\n```",
        "tags",
    ),
    "a mention in a sentence": (
        "<think>a</think>The tag </think> ends a thought. 4",
        "a",
        "The tag </think> ends a thought. 4",
        "tags",
    ),
    "a quotation that ends a thought": ('<think>he said "why"</think>"4"', 'he said "why"', '"4"', "tags"),
    "a mention in quotes within a thought": (
        '<think>a "</think>" ends it</think>4',
        'a "</think>" ends it',
        "4",
        "tags",
    ),
    "a mention, and no thought": ("Put <reasoning> before it. 4", "", "Put <reasoning> before it. 4", "answer_only"),
    "a thought begun after a word": ("Sure. <think>why", "Sure. why", "", "unclosed"),
    "a thought begun after a space": (" <think> why", "why", "", "unclosed"),
    "no tag at all": ("[4, 2] < {x} and <b>4</b>", "", "[4, 2] < {x} and <b>4</b>", "answer_only"),
}

BESIDE: dict[str, tuple[str, str, str]] = {
    "the rest of the thought": ("would end it. \\boxed{5}?\n</think>\n\n4", "would end it. \\boxed{5}?", "4"),
    "the rest, in the tag of another family": ("\\boxed{5}?[/THINK]4", "\\boxed{5}?", "4"),
    "a block": ("<thinking>\\boxed{5}?</thinking>4", "\\boxed{5}?", "4"),
    "a block in the middle": ("First.\n<think>\\boxed{5}?</think>\n4", "\\boxed{5}?", "First.\n\n4"),
    "a lone closing tag": ("</think>4", "", "4"),
    "a tag at the end": ("4</think>", "", "4"),
    "harmony's answer": ("<|channel|>final<|message|>4", "", "4"),
}
"""Content beside the field `why`: what is added to the reasoning, and the answer."""


def streamed(content: str, cuts: list[int], finish: str = "stop", field: str = "") -> Split:
    splitter = ReasoningSplitter()
    if field:
        splitter.feed(Delta(reasoning_content=field))
    marks = [0, *sorted(cut % (len(content) + 1) for cut in cuts), len(content)]
    for start, end in itertools.pairwise(marks):
        splitter.feed(Delta(content=content[start:end]))
    return splitter.finish(finish)


@pytest.mark.parametrize(("content", "reasoning", "answer", "shape"), WRITTEN.values(), ids=WRITTEN.keys())
def test_what_models_write_at_every_cut(content: str, reasoning: str, answer: str, shape: str) -> None:
    assert split("", content, finish_reason="stop") == Split(reasoning, answer, shape)
    for cut in range(len(content)):
        assert streamed(content, [cut]) == Split(reasoning, answer, shape)
    assert streamed(content, list(range(len(content)))) == Split(reasoning, answer, shape)


@pytest.mark.parametrize(("content", "more", "answer"), BESIDE.values(), ids=BESIDE.keys())
def test_tags_beside_a_field_at_every_cut(content: str, more: str, answer: str) -> None:
    expected = Split(f"why\n\n{more}" if more else "why", answer, "field_and_tags")
    for cut in range(len(content)):
        assert streamed(content, [cut], field="why") == expected


@pytest.mark.parametrize(("opening", "closing"), PAIRS)
@pytest.mark.parametrize("prefilled", [None, True, False])
def test_every_family_opened_in_the_text_or_in_the_prompt(opening: str, closing: str, prefilled: bool | None) -> None:
    written = f"{opening}\n{THOUGHT}\n{closing}\n\n{ANSWER}"
    assert split("", written, finish_reason="stop", prefilled=prefilled) == Split(THOUGHT, ANSWER, "tags")
    lone = f"{THOUGHT}\n{closing}\n\n{ANSWER}"
    assert split("", lone, finish_reason="stop", prefilled=prefilled) == Split(THOUGHT, ANSWER, "prefilled")
    for finish in ("length", "stop", "something_new", None):
        cut = split("", f"{opening}{THOUGHT}", finish_reason=finish, prefilled=prefilled)
        assert cut == Split(THOUGHT, "", "unclosed")


@given(st.sampled_from(PAIRS), st.lists(st.integers(0, 200), max_size=8), st.booleans(), st.booleans())
def test_no_cut_into_chunks_lets_a_thought_into_the_answer(
    tags: tuple[str, str], cuts: list[int], is_opened: bool, is_doubled: bool
) -> None:
    opening, closing = tags
    content = f"{opening if is_opened else ''}{THOUGHT}{closing}"
    content += f"\n{opening}{THOUGHT}{closing}{ANSWER}" if is_doubled else f"\n{ANSWER}"
    result = streamed(content, cuts)
    assert (result.answer, result.reasoning.count("boxed")) == (ANSWER, 1 + is_doubled)


@pytest.mark.parametrize(("opening", "closing"), PAIRS)
def test_live_views_show_no_part_of_a_tag_and_no_thought_as_answer(opening: str, closing: str) -> None:
    splitter = ReasoningSplitter()
    for character in f"{opening}why{closing}4":
        splitter.feed(Delta(content=character))
        reasoning, answer = splitter.reasoning_so_far(100), splitter.answer_so_far(100)
        assert reasoning in ("", "w", "wh", "why")
        assert answer in ("", "4")
    assert (reasoning, answer) == ("why", "4")
    assert (splitter.reasoning_chunks, splitter.answer_chunks) == (len(opening + "why" + closing), 1)


@pytest.mark.parametrize("finish", ["length", "something_new"])
def test_a_text_that_was_cut_after_a_further_closing_tag_has_no_answer(finish: str) -> None:
    """Ended by itself it would be an answer with one tag too many; cut, it is the rest of a thought."""
    assert split("", "<think>a</think>\\boxed{5}?</think>", finish_reason=finish).answer == ""


@pytest.mark.parametrize("finish", ["length", "max_output_tokens", "MAX_TOKENS", "null", "", None, "something_new"])
def test_untagged_text_is_a_thought_unless_it_ended_by_itself(finish: str | None) -> None:
    assert split("", THOUGHT, finish_reason=finish, prefilled=True) == Split(THOUGHT, "", "untagged_cut")
    assert split("", THOUGHT, finish_reason="STOP", prefilled=True).answer == THOUGHT


@pytest.mark.parametrize(
    "unit", ["<think></think>", "<think>a</think>b", "</think>a", "<think>`</think>`", '"<think>"', "<|channel|>a"]
)
def test_the_work_is_linear_in_the_number_of_tags(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = 0

    def counted(text: str, mark: object) -> bool:
        nonlocal looked
        looked += 1
        return False

    monkeypatch.setattr("qwq_nb.endpoint.think_blocks.is_mention", counted)
    split("", unit * 5_000, finish_reason="stop")
    assert looked <= 10_001
