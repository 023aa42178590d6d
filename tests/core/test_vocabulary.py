"""The words that Python and the extension share: complete, and the same names as the records' types have."""

from __future__ import annotations

import string
from typing import get_args

from qwq_nb.core.outcomes import ReasonCode, counts, is_failure, sentence
from qwq_nb.core.records import OUTCOMES, State
from qwq_nb.core.run_record import Phase, Reason
from qwq_nb.core.vocabulary import FAILURES_FIRST, VOCABULARY, flag_word, tex_words
from qwq_nb.trace.habits import HABITS
from qwq_nb.view.tex import is_safe
from tests.support.run_records import view


def test_the_types_name_what_the_file_names() -> None:
    """In the same order too: it is the order of tables."""
    assert tuple(VOCABULARY.outcomes) == OUTCOMES
    assert tuple(VOCABULARY.states) == get_args(State)
    assert tuple(VOCABULARY.phases) == get_args(Phase)
    assert set(VOCABULARY.reasons) == set(get_args(ReasonCode))


def test_signs_and_words_tell_outcomes_apart() -> None:
    words = VOCABULARY.outcomes.values()
    assert len({w.sign for w in words}) == len({w.word for w in words}) == len(OUTCOMES)
    assert all(len(w.sign) == 1 and w.withheld for w in words)


def test_the_two_orders() -> None:
    assert FAILURES_FIRST == (
        "wrong",
        "no_answer",
        "truncated",
        "not_gradable",
        "error",
        "correct",
        "pending",
        "awaiting_ruling",
    )
    assert [o for o in OUTCOMES if not counts(o)] == ["error", "pending", "awaiting_ruling"]
    assert [o for o in OUTCOMES if not is_failure(view(0, outcome=o))] == ["correct", "pending", "awaiting_ruling"]


def test_every_template_names_values_that_there_are() -> None:
    known = {"gold", "extracted", "error", "tokens", "total", "seconds"}
    for code, words in VOCABULARY.reasons.items():
        for template in (words.why, words.without_gold, words.brief):
            named = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
            assert named <= known, code
        if "{gold}" in words.why:
            # For a view that shows the values beside it, and for a sample without a gold value.
            assert words.brief, code
            assert "{gold}" not in words.brief + words.without_gold
        reason = Reason(code=code, values={"tokens": 1, "total": 1, "seconds": 1})
        said = sentence(reason, gold="g", extracted="x", error="e")
        assert said
        assert "{" not in said


def test_braces_in_values_stay_as_they_are() -> None:
    assert sentence(Reason(code="right"), extracted="{gold} {0}") == "extracted {gold} {0}, which is right"
    assert sentence(Reason(code="request_failed"), error="{x}") == "{x}"


def test_flags_have_words_and_titles() -> None:
    assert all(flag.word and flag.title for flag in VOCABULARY.flags.values())
    assert set(HABITS) <= set(VOCABULARY.flags)
    assert "demo" not in VOCABULARY.flags
    assert flag_word("language_switch") == "language mixing"
    assert flag_word("of_a_later_version") == "of a later version"


def test_words_of_tex_are_typeset_and_dangerous_ones_are_not_among_them() -> None:
    allowed = tex_words()
    assert all(is_safe(rf"$\{word}$") for word in allowed.words - {"begin", "end", "hspace"})
    assert not allowed.words & {"def", "href", "html", "rule", "kern", "style", "require", "unicode", "newcommand"}
    assert "align" in allowed.environments
