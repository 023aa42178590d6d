"""Where the right choice first stands, in traces in the manner of QwQ's on GPQA.

The traces and their questions are written for this test: no recorded trace of a benchmark of choices is at hand, and
GPQA's own questions must not stand in a repository. `«` marks where the right choice is first given as the answer, as a
reader would say; a trace without it never gives it.
"""

from __future__ import annotations

import pytest

from qwq_nb.trace.measure import measure

QUESTION = (
    "A ball of 2 kg falls 5 m onto a spring of 400 N/m. By how much is the spring compressed at most? (g = 10 m/s²)"
)
CHOICES = ["0.50 m", "0.71 m", "0.76 m", "1.00 m"]
GENES = "A strain of yeast cannot grow on galactose. Which explanation fits that it grows again at a lower temperature?"
CAUSES = [
    "A deletion of the whole gene",
    "A temperature-sensitive missense mutation",
    "A loss of the promoter",
    "Aneuploidy",
]

TRACES = [
    pytest.param(
        "Which of them is it? Option D is out, nothing is doubled. Let's check the others: «option B» is the missense "
        "mutation. That should be the answer.",
        GENES,
        "B",
        CAUSES,
        id="called the answer in the next sentence",
    ),
    pytest.param(
        "Okay, so a ball falls onto a spring. Let me recall energy conservation. Option A is 0.50 m, option B is "
        "0.71 m, and C says 0.76 m. m g (h + x) = k x²/2. So 20(5 + x) = 200 x², x² - 0.1 x - 0.5 = 0. Hence "
        "x = (0.1 + sqrt(0.01 + 2))/2 = (0.1 + 1.418)/2 = 0.759. So that is about 0.76 m. «So the answer is C.»\n\n"
        "Wait, did I forget the mass of the spring? It is not given. If I leave out m g x, I get sqrt(0.5) = 0.71, "
        "which is option B, the usual mistake. So C it is. The answer is C.",
        QUESTION,
        "C",
        CHOICES,
        id="listed first, then computed",
    ),
    pytest.param(
        "Hmm. A deletion would not come back at any temperature, so A is out. Option C: a lost promoter has the same "
        "problem. D, aneuploidy, I don't see how. What about B? A protein that folds at 25 degrees and not at 37. "
        "«Therefore, B is the correct» choice. Let me double-check A: no. I'm going with B.",
        GENES,
        "B",
        CAUSES,
        id="by elimination",
    ),
    pytest.param(
        "Is it A? If the answer is B, then a missense mutation must make the protein unstable. But maybe the promoter "
        "is lost. So the answer is C. Final answer: C.",
        GENES,
        "B",
        CAUSES,
        id="never given: only asked about",
    ),
    pytest.param(
        "嗯，先看选项。A 是缺失，不可能恢复。如果选 C，启动子丢失，也不行。所以«答案是 B»。再检查一下，D 不对。",
        GENES,
        "B",
        CAUSES,
        id="in Chinese",
    ),
    pytest.param(
        "Let me think about temperature. So the most likely explanation is «a temperature-sensitive missense "
        "mutation». Which letter is that? B. So B.",
        GENES,
        "B",
        CAUSES,
        id="by its words, then by its letter",
    ),
    pytest.param(
        "Alternatively, the answer might be A, since a deletion is common. But wait, a deletion cannot revert. "
        "I think «the answer is (B)». A closer look at D: an extra chromosome. No. \\boxed{B}",
        GENES,
        "B",
        CAUSES,
        id="another one first",
    ),
]


@pytest.mark.parametrize(("marked", "question", "gold", "choices"), TRACES)
def test_the_first_place(marked: str, question: str, gold: str, choices: list[str]) -> None:
    start, end = marked.find("«"), marked.find("»") - 1
    trace = marked.replace("«", "").replace("»", "")
    asked = "\n".join([question, *(f"({letter}) {text}" for letter, text in zip("ABCD", choices, strict=True))])
    found = measure(
        trace, "", asked, gold, kind="choice", choices=choices, correct=None, equal=lambda a, b: False
    ).first_correct
    if start < 0:
        assert found is None, trace[found[0] - 30 : found[1] + 30]
        return
    assert found is not None
    assert start <= found[0] < end, (trace[start:end], trace[found[0] - 40 : found[1] + 10])


WEIGHED = [
    pytest.param(
        "* A. A deletion? No, it would not come back.\n* «B». A temperature-sensitive missense mutation? Yes.\n"
        "* C. A loss of the promoter? No.\n\nTherefore, B is the best choice.",
        id="the only one of a list that gets a yes",
    ),
    pytest.param(
        "* A. A deletion: true in part.\n* B. A temperature-sensitive missense mutation (Could be correct, but rare)\n"
        "* C. A loss of the promoter (Incorrect)\n\nIs there any chance that the answer is B? If the answer is B, it "
        "is unstable. Both A and B are correct.\n\n«Therefore, B is the strongest answer.»",
        id="not where it is doubted, asked about, or one of two",
    ),
    pytest.param(
        "* A. A deletion (Correct for a null allele)\n* B. A missense mutation (Correct)\n* C. A lost promoter (No)\n\n"
        "«B matches perfectly.»",
        id="not where another got a yes before it",
    ),
    pytest.param(
        "Many sources list “A temperature-sensitive missense mutation is seen” as one. The explanation is «a "
        "temperature-sensitive missense mutation». So B.",
        id="of what is asked for",
    ),
    pytest.param(
        'Between these, «"a temperature-sensitive missense mutation» is the most plausible explanation. So B.',
        id="called the most plausible",
    ),
    pytest.param("We get 37 degrees, which is very close to 37.2 (Option «B»). So B.", id="a result near it"),
    pytest.param("Is $62 an option? Yes, option «B». Let me think again.", id="an option after all"),
]


@pytest.mark.parametrize("marked", WEIGHED)
def test_options_that_are_weighed_one_by_one(marked: str) -> None:
    test_the_first_place(marked, GENES, "B", CAUSES)


def test_a_verdict_says_nothing_where_what_is_not_so_is_asked_for() -> None:
    trace = "* A. A deletion: No.\n* B. A missense mutation: Yes, it is one.\n* C. A lost promoter: No."
    asked = "\n".join(
        ["Which of these is NOT a cause?", *(f"{a}: {text}" for a, text in zip("ABCD", CAUSES, strict=True))]
    )
    found = measure(trace, "", asked, "B", kind="choice", choices=CAUSES, correct=None, equal=lambda a, b: False)
    assert found.first_correct is None


def test_the_right_choice_left_for_another() -> None:
    trace = "So the answer is B. Hmm, but the promoter is the usual suspect. So the answer is C."
    found = measure(
        trace, "ANSWER: C", GENES, "B", kind="choice", choices=CAUSES, correct=False, equal=lambda a, b: False
    )
    assert found.left is not None
    assert trace[slice(*found.left)] == "B"


@pytest.mark.parametrize(
    "text",
    [
        "The best match is D.",
        "D is the answer.",
        "So the correct statement is D)",
        "So that would be choice D: 1.00 m",
        "So D it is.",
        "only Option D gives the right sign",
        "Hence D.",
        "I'm fairly sure it's D.",
        "D seems right.",
        "Option D fits.",
        "Answer: **D**",
        "(D) is correct.",
        "The closest option is D.",
        "This matches option D.",
        "That corresponds to choice D.",
        "Thus the correct choice: D",
        "I'd pick D.",
        "Looking at the options, D matches best.",
        "Final answer D.",
        "So the one closest to it is 1.00 m, which is choice D.",
        "Looking at the options, option D is twice that.",
        "Option D says twice that. So that's exactly what I calculated.",
        "Option D states exactly that.",
    ],
)
def test_ways_to_call_a_letter_the_answer(text: str) -> None:
    assert first_letter(text) == "D"


@pytest.mark.parametrize(
    "text",
    [
        "Option D says 1.00 m.",
        "Is it D?",
        "If D is right, then the spring is long.",
        "It cannot be D.",
        "I don't think it's D.",
        "D is wrong.",
        "Vitamin D is right there.",
        "angle D is right",
        "So A, B, C and D are options.",
        "D) 1.00 m",
        "see Appendix D.",
        "So D and C are similar.",
        "b_D is the closest to it",
        "I think the answer is D, A, or C.",
        "The answer is D or C.",
        "One in the second list (A-D) would be the best.",
        "Looking at the options, D says twice that. Option C says half.",
    ],
)
def test_a_letter_that_is_only_mentioned(text: str) -> None:
    assert first_letter(text) is None


def first_letter(text: str) -> str | None:
    found = measure(
        text, "", QUESTION, "D", kind="choice", choices=CHOICES, correct=None, equal=lambda a, b: False
    ).first_correct
    return None if found is None else text[slice(*found)]


FAMILY = (
    "* Ann is Bob's parent.\n* Bob is Carl's parent.\nWhat is Carl's relationship to Ann?\n"
    "1. Carl is Ann's sibling.\n2. Carl is Ann's grandchild.\n3. Carl is Ann's aunt or uncle."
)
KIN = ["Carl is Ann's sibling", "Carl is Ann's grandchild", "Carl is Ann's aunt or uncle"]


@pytest.mark.parametrize(
    ("marked", "gold"),
    [
        (
            "Ann is Bob's parent. That makes «Carl Ann's grandchild», right? See: 2. Carl is Ann's grandchild.",
            "2",
        ),
        ("The options: 2. Carl is Ann's grandchild. So, option «2» is correct.", "2"),
        ("If Carl is Ann's grandchild, then … Hmm. The answer is <ANSWER>«2»</ANSWER>", "2"),
        ("So «Carl and Ann are siblings».", "1"),
        ("Therefore, «Carl would be Ann's uncle».", "3"),
        ("Is there any way Carl could be Ann's sibling? No. \\boxed{«1»}", "1"),
    ],
)
def test_numbered_options_and_their_words(marked: str, gold: str) -> None:
    start, end = marked.index("«"), marked.index("»") - 1
    text = marked.replace("«", "").replace("»", "")
    found = measure(
        text, "", FAMILY, gold, kind="choice", choices=KIN, correct=None, equal=lambda a, b: False
    ).first_correct
    assert found is not None
    assert start <= found[0] < end, text[slice(*found)]


def test_options_that_a_problem_of_mathematics_lists() -> None:
    question = "Find the curve. (A) Line (B) Circle (C) Parabola (D) Ellipse (E) Hyperbola  Enter the letter."
    text = "We get x² - y² = 4. So it is a hyperbola. Thus answer is (E)."
    found = measure(
        text, "", question, r"\text{(E)}", kind="math", choices=[], correct=None, equal=lambda a, b: False
    ).first_correct
    assert found is not None
    assert "hyperbola" in text[slice(*found)]


AMOUNTS = "Find the balance and the discount of 2 % on $90. The options are:"


@pytest.mark.parametrize(
    ("marked", "choices", "gold"),
    [
        pytest.param(
            "So the discount is $«1.84 and the balance is $98.71». Then all is well. The answer is A.",
            ["$98.71 and $1.84", "$98.71 and $1.80", "$90.00 and $1.84"],
            "A",
            id="all numbers in a sentence, in any order",
        ),
        pytest.param(
            "We add them: 41,725 + 5,600 = «47,325». Wait, is that right? The answer is B.",
            ["Total assets 49,000", "Total assets 47,325", "Total assets 44,500"],
            "B",
            id="the number behind the words of all choices",
        ),
        pytest.param(
            "So 40 + 6 = «46». So the balance is $46. Let me look. The answer is C.",
            ["$40 per share", "$44 per share", "$46 per share"],
            "C",
            id="a number with a unit",
        ),
        pytest.param(
            "The balance and the discount are of $90 per piece. We go on. So «the answer is B».",
            ["$1.80", "$90", "$88.20"],
            "B",
            id="a number that the question gives",
        ),
    ],
)
def test_amounts(marked: str, choices: list[str], gold: str) -> None:
    start, end = marked.index("«"), marked.index("»") - 1
    text = marked.replace("«", "").replace("»", "")
    asked = "\n".join([AMOUNTS, *(f"{letter}: {choice}" for letter, choice in zip("ABC", choices, strict=True))])
    found = measure(
        text, "", asked, gold, kind="choice", choices=choices, correct=None, equal=lambda a, b: False
    ).first_correct
    assert found is not None
    assert start <= found[0] < end, text[slice(*found)]


def test_words_with_an_apposition_between_them() -> None:
    text = "Therefore, Carl, being Bob's child, is Ann's grandchild. And so on. So, option 2 is correct."
    found = measure(
        text, "", FAMILY, "2", kind="choice", choices=KIN, correct=None, equal=lambda a, b: False
    ).first_correct
    assert found is not None
    assert text[found[0] :].startswith("Carl, being")
