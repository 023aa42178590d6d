"""Language mixing: which words of another script in a reasoning are a change of language, and which are none."""

from __future__ import annotations

import json

import msgspec
import pytest

from qwq_nb.trace.built_in import ForeignScriptsMeasure
from qwq_nb.trace.foreign_scripts import find_foreign
from qwq_nb.trace.measures import Trace
from qwq_nb.trace.prose import blanked, formula_texts, inline_spans
from qwq_nb.trace.scripts import SCRIPTS, named_scripts
from tests.trace import quality_loops

CASES = json.loads(quality_loops.LANGUAGES.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[f"{case['kind']}-{n}" for n, case in enumerate(CASES)])
def test_passages(case: dict[str, str | list[str]]) -> None:
    """The labelled passages: each change of language is met, and where there is none nothing is found."""
    text, question, wanted = str(case["text"]), str(case["question"]), case["foreign"]
    found = [text[start:end] for start, end in find_foreign(text, question).spans]
    assert len(found) == len(wanted)
    assert all(said in span for said, span in zip(found, wanted, strict=True))


WORDS = {
    "Han": "因此",
    "Hiragana": "つまり",
    "Katakana": "データ",
    "Hangul": "그래서",
    "Cyrillic": "поэтому",
    "Arabic": "لذلك",
    "Hebrew": "לכן",
    "Thai": "ดังนั้น",
    "Lao": "ດັ່ງນັ້ນ",
    "Khmer": "ដូច្នេះ",
    "Myanmar": "ဒါကြောင့်",
    "Tibetan": "དེར་བརྟེན",
    "Devanagari": "इसलिए",
    "Bengali": "সুতরাং",
    "Gurmukhi": "ਇਸ ਲਈ",
    "Gujarati": "તેથી",
    "Tamil": "எனவே",
    "Telugu": "కాబట్టి",
    "Kannada": "ಆದ್ದರಿಂದ",
    "Malayalam": "അതുകൊണ്ട്",
    "Sinhala": "එබැවින්",
    "Ethiopic": "ስለዚህ",
    "Greek": "επομένως",
    "Armenian": "ուստի",
    "Georgian": "ამიტომ",
}


def test_every_script_has_a_word_here() -> None:
    assert set(WORDS) == set(SCRIPTS)


@pytest.mark.parametrize("script", WORDS)
def test_a_word_of_each_script(script: str) -> None:
    """Vowel signs and the like belong to the word: the span is all of it."""
    word = WORDS[script]
    text = f"We fix one person, {word} the number of ways is 24."
    found = find_foreign(text, "In how many ways can five people sit?")
    assert [text[start:end] for start, end in found.spans] == [word]
    assert found.names == [script]
    assert found.share > 0


@pytest.mark.parametrize(
    ("question", "scripts"),
    [
        ("Translate it into Hindi.", {"Devanagari", "Latin"}),
        ("Write a haiku in Marathi.", {"Devanagari"}),
        ("What is the Japanese word for it?", {"Han", "Hiragana", "Katakana"}),
        ("Read the Chinese manuscript.", {"Han"}),
        ("用俄语回答", {"Cyrillic"}),
        ("请翻译这句话", {"Latin"}),
        ("Use the Chinese remainder theorem.", set()),
        ("A Chinese merchant sells silk to 12 Greek soldiers.", set()),
        ("He plays Russian roulette in a Chinese restaurant.", set()),
        ("Which programming languages have it?", set()),
    ],
)
def test_what_a_question_asks_for(question: str, scripts: set[str]) -> None:
    assert named_scripts(question) == scripts


def test_a_question_without_letters_has_the_language_of_its_reasoning() -> None:
    assert find_foreign("两个加两个是四。", "$2+2$").spans == []
    assert find_foreign("Two and two are four.", "$2+2$").spans == []
    text = "Two and two are four, 所以 that is it."
    assert [text[start:end] for start, end in find_foreign(text, "").spans] == ["所以"]


@pytest.mark.parametrize("question", ["sin(x) = 0", "log(100) = ?", "$\\frac{1}{2} + x$"])
def test_a_formula_is_in_no_language(question: str) -> None:
    assert find_foreign("所以答案是二。", question).spans == []


@pytest.mark.parametrize("question", ["解 log x = 2", "什么是 CPU？", "请解释 machine learning 的原理与应用"])
def test_terms_in_a_question_do_not_make_it_latin(question: str) -> None:
    text = "首先 we have to know what it is 然后再说。"
    found = find_foreign(text, question)
    assert [text[start:end] for start, end in found.spans] == ["we have to know what it is"]


def test_a_task_in_english_is_answered_in_english() -> None:
    assert find_foreign("It means that I love you, so that is it.", "Translate 我爱你").spans == []
    assert find_foreign("The text says that it is late.", "Summarize: 今天已经很晚了，我们该回家了。").spans == []


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("We ask Confucius (孔子) for help.", False),
        ("Let's (角度) compute it, since the angle is known.", True),
        ("So it is Jacob's (总共) share.", True),
        ("Growth (生长) matters, and growth stops.", True),
        ("It is the growth period (生长周期) that matters.", True),
    ],
)
def test_brackets_behind_a_name_hold_the_name(text: str, marked: bool) -> None:
    assert bool(find_foreign(text, "Who is it?").spans) is marked


def test_the_script_of_a_choice_is_not_foreign() -> None:
    trace = Trace(reasoning="It is 北京, since 上海 is no capital.", question="Which is the capital?")
    found = ForeignScriptsMeasure()
    assert len(found.of(trace).spans) == 2
    assert found.of(msgspec.structs.replace(trace, choices=["北京", "上海"])).spans == []


def test_money_is_no_formula() -> None:
    text = "It is $5 for 成人 and $10 for two; $x_1$ is a formula, $\\text{总数} = 3$ has a text."
    formulas = inline_spans(text)
    assert [text[start:end] for start, end in formulas] == ["$x_1$", "$\\text{总数} = 3$"]
    seen = blanked(text, formulas, formula_texts(text, formulas))
    assert len(seen) == len(text)
    assert "总数" in seen
    assert "x_1" not in seen
