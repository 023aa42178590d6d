"""Thoughts, loops and language mixing: what counts and what does not, and that nothing takes long."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwq_nb.trace.foreign_scripts import find_foreign
from qwq_nb.trace.loops import find_loop
from qwq_nb.trace.measure import measure
from qwq_nb.trace.thoughts import NEAR, THINKBENCH, switches
from qwq_nb.trace.values import normal


def no(candidate: str, gold: str) -> bool:
    return False


# Thoughts


@pytest.mark.parametrize("phrase", THINKBENCH)
def test_every_phrase_of_thinkbench_opens_a_thought(phrase: str) -> None:
    text = f"It is seven. {phrase.capitalize()} of seeing it is this."
    assert switches(text) == [13]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("We wait for the bus. I hold on to it.", 0),
        ("So it is 5. Wait, that is wrong.", 1),
        ("So it is 5.\n\nHmm, wait. Let me check. It is 6.", 1),
        ("Wait, what is asked? It is 5.", 0),
        ("It is 5. Let me try another approach.", 1),
        ("It is 5.\nAlternatively, count. " + "It goes on for a while here now. " * 3 + "But wait, no.", 2),
        ("答案是5。等等，不对。", 1),
        ("或者这样。" + "我们来计算一下这个问题的答案是多少。" * 4 + "换个角度，再来。另一种方法也可以。", 1),
        ("waiter. Waiting is not a wait. Actuality.", 0),
    ],
)
def test_switches(text: str, count: int) -> None:
    assert len(switches(text)) == count


# Loops


def test_loops() -> None:
    unit = "Wait, but maybe the answer is different, since the circle touches the line in one more point. "
    text = "First we draw this:\n" + unit * 6 + "Fine, now the sum."
    loop = find_loop(text)
    assert loop
    assert (loop.start, loop.period, loop.repeats) == (20 + len(unit), len(unit), 6)
    assert text[loop.start : loop.end] == unit * 5, "it got out of it"
    token = find_loop("It begins here and goes on. " + "set" * 500)
    assert token
    assert token.period == 3
    near = "".join(unit if i % 3 else unit.replace("Wait, but", "But") for i in range(12))
    assert find_loop("Let us see. " + near)
    steps = [f"Then we compute the side number {n} of the triangle. " for n in "abcdefg"]
    rounds = "".join(
        "".join(steps) + f"I am not sure about {word}. " for word in ("it", "this", "that", "them", "those")
    )
    assert find_loop(rounds), "the same steps with new words between"


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"Case {n}: {n} squared is {n * n}, which leaves {n * n % 7}.\n" for n in range(100)),
        "| a | b |\n|---|---|\n" + "".join(f"| {n} | {n * 3} |\n" for n in range(100)),
        "1/7 = 0." + "142857" * 60 + ", it repeats.",
        "-" * 300 + "\ntitle\n" + "=" * 300,
        "10^{400} is 1" + "0" * 400 + ".",
        "The answer is 5. Let me check it.\n\n" * 3 + "So the answer is 5.",
        ", ".join(str(n) for n in range(500)),
        "0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, and so on",
    ],
)
def test_no_loops(text: str) -> None:
    assert find_loop(text) is None


# Language mixing


@pytest.mark.parametrize(
    ("text", "question", "spans", "names"),
    [
        ("So the 因为 answer is 5.", "What is it?", ["因为"], ["Han"]),
        ("So 因为 x 所以 y.", "What is it?", ["因为 x 所以"], ["Han"]),
        ("Let α = β + γ, Δθ and ∑ ≤ π.", "What is it?", [], []),
        ("Let Ш be the group, and א a cardinal.", "What is it?", [], []),
        ("Это the answer.", "What is it?", ["Это"], ["Cyrillic"]),
        ("因为 x = 5，所以 AB 等于 $\\frac{1}{2}$，sin x，RMSE。", "求 x 的值", [], []),
        ("因为 we have that it is so 所以", "求 x 的值", ["we have that it is so"], ["Latin"]),
        ("因为 \\begin{pmatrix} a \\end{pmatrix} 所以", "求 x 的值", [], []),
        ("The character 人 and 因为 here.", "What does 人 mean?", [], []),
        ("漢字を", "ひらがな?", [], []),
        ("El resultado es cinco, naïve.", "What is it?", [], []),
    ],
)
def test_language_mixing(text: str, question: str, spans: list[str], names: list[str]) -> None:
    found = find_foreign(text, question)
    assert [text[a:b] for a, b in found.spans] == spans
    assert found.names == names
    assert (found.share > 0) is bool(spans)


def test_share_of_letters() -> None:
    assert find_foreign("abcd因为", "What?").share == pytest.approx(2 / 6)


# All of it, on anything

PIECES = [
    "wait ",
    "\n",
    "=",
    " is ",
    "\\boxed{",
    "}",
    "$",
    "\\frac{",
    "(",
    "1",
    "37",
    ",",
    ".",
    "x",
    "因为",
    "等等",
    "answer ",
    "if ",
    "\\",
    "^",
    " ",
]


@settings(max_examples=150, deadline=None)
@given(
    text=st.one_of(st.text(max_size=300), st.lists(st.sampled_from(PIECES), max_size=80).map("".join)),
    gold=st.sampled_from(
        ["37", "1", "x", "1,x", "\\frac{1}{37}", "(1,x)", "x=1", "\\text{wait}", "C", "", "\\sqrt{x}"]
    ),
    question=st.sampled_from(["", "Find $x$.", "求 x", "What is 37?"]),
    kind=st.sampled_from(["math", "choice", "other"]),
    correct=st.sampled_from([True, False, None]),
)
def test_spans_lie_in_the_text(text: str, gold: str, question: str, kind: str, correct: bool | None) -> None:
    found = measure(
        text,
        text[::-1],
        question,
        gold,
        kind=kind,  # type: ignore[arg-type]
        choices=["a b", "1", "x y"],
        correct=correct,
        equal=lambda a, b: len(a) % 2 == 0,
    )
    assert found.chars == len(text)
    spans = [s for s in (found.first_correct, found.last_correct, found.left) if s]
    assert all(0 <= start < end <= len(text) for start, end in [*spans, *found.foreign])
    if found.first_correct and found.last_correct:
        assert found.first_correct[0] <= found.last_correct[0]
    assert found.thoughts == (len(found.switches) + 1 if text.strip() else 0)
    assert all(b - a >= NEAR for a, b in pairwise(found.switches))
    assert 0 <= found.foreign_share <= 1
    if found.loop:
        assert 0 <= found.loop.start < found.loop.end <= len(text)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_normal_is_total(text: str) -> None:
    assert isinstance(normal(text), str)


UNITS = [
    "a",
    "= ",
    "\\boxed{",
    "\n",
    " ",
    "$",
    "(",
    "the answer is ",
    "1,",
    ". ",
    "Wait, ",
    "等",
    "\\",
    "so 1=",
    "| 1 |\n",
    "1 and ",
    "\n  ",
]
UNITS += ["\\frac{", "we have ", "'", "Ш ", "{", "if x = 5, ", "-", "No. ", "\\text{", "1 ", "9" * 50 + " "]
UNITS += ["是the ", '是"', "《是", "（人 ", "이 ", "x人$", "```\n", '{"a": 1},\n', "\\["]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(
    ("gold", "question", "kind"), [("1", "Find $x$.", "math"), ("1,x", "解 x", "math"), ("B", "", "choice")]
)
def test_time_is_linear_in_the_length(unit: str, gold: str, question: str, kind: str) -> None:
    def seconds(size: int) -> float:
        text = (unit * (size // len(unit) + 1))[:size]
        begun = time.process_time()
        measure(text, "", question, gold, kind=kind, choices=[], correct=False, equal=no)  # type: ignore[arg-type]
        return time.process_time() - begun

    # Eight times the text: 8 if linear, 64 if quadratic; the best of some tries, since a loaded machine adds to both.
    for _ in range(3):
        short, long = seconds(8_000), seconds(64_000)
        if long < max(0.25, 24 * short):
            return
    pytest.fail(f"{long:.2f} s for eight times what took {short:.3f} s")
