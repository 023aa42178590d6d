"""What messages quote: any text of a server, a file or a manifest, made harmless by one rule."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwq_nb import errors
from qwq_nb.errors import (
    DataError,
    EndpointError,
    InterruptedWithResult,
    OptionError,
    QwqError,
    UnknownRun,
    did_you_mean,
    error_named,
    listed,
    one_line,
    visible,
)
from tests.support.hostile_texts import CORPUS

UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
"""What drives a terminal, is not seen or cannot be encoded; line feeds and tabs are a message's own."""

TREE = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, QwqError)]


@pytest.mark.parametrize("kind", TREE)
def test_no_error_says_what_a_terminal_obeys(kind: type[QwqError]) -> None:
    for text in CORPUS:
        said = str(kind(text))
        assert not UNSEEN.search(said)
        assert len(said) < 8_100


@pytest.mark.parametrize("kind", TREE)
def test_an_error_that_another_process_named_is_of_its_kind(kind: type[QwqError]) -> None:
    assert type(error_named(kind.__name__, "why", OptionError)) is kind


@pytest.mark.parametrize("name", ["", "ValueError", "listed", "Final", "InterruptedWithResult", "__name__", "re"])
def test_a_name_of_no_error_of_ours_is_the_other(name: str) -> None:
    found = error_named(name, "why", UnknownRun)
    assert (type(found), str(found)) == (UnknownRun, "why")


@given(st.text() | st.text(st.sampled_from("a\x1b\x9b\u202e\ud800\udc00\r\n\t\u200b")))
def test_a_text_is_made_visible_once_and_for_all(text: str) -> None:
    shown = visible(text)
    assert not UNSEEN.search(shown)
    assert visible(shown) == shown
    assert "\n" not in one_line(text, 50)
    assert len(one_line(text, 50)) <= 50


def test_a_message_of_ours_keeps_its_lines() -> None:
    assert str(OptionError("One line.\n\tAnother.")) == "One line.\n\tAnother."
    assert str(UnknownRun("\x1b[2J\u202e")) == "␛[2J\\u202e"
    assert str(EndpointError("\x07", status=500)) == "␇"


def test_an_interrupt_is_told_visibly() -> None:
    assert InterruptedWithResult("run \x1b[2J stopped", None)._render_traceback_() == ["Interrupted: run ␛[2J stopped"]


def test_a_long_message_is_cut() -> None:
    said = str(DataError("x" * 1_000_000))
    assert said.endswith("x… [the rest is left out]")
    assert len(said) < 8_100


def test_a_list_says_how_many_more_there_are() -> None:
    assert listed([]) == ""
    assert listed(["a", "b"]) == "a, b"
    assert listed([f"r{n}" for n in range(10_000)], 3) == "r0, r1, r2 and 9,997 more"
    assert listed(["a\nb\x1b"]) == "a b␛", "each on one line"


def test_names_of_any_length_make_a_list_of_bounded_length() -> None:
    assert listed(["x" * 200_000]) == "x" * 99 + "…"
    many = listed(["x" * 200_000] * 30, 30)
    assert len(many) < 2_100
    assert many.endswith(" and 11 more")


def test_the_nearest_of_many_names_is_found_and_the_others_are_not_listed() -> None:
    names = [f"run-{n}" for n in range(5_000)]
    assert did_you_mean("run-4999", names) == " Did you mean 'run-4999'?"
    hint = did_you_mean("nothing like it", names)
    assert hint.startswith(" Known: run-0, run-1, ")
    assert hint.endswith("run-19 and 4,980 more.")


def test_names_that_are_too_long_are_near_to_none_and_take_no_time() -> None:
    hint = did_you_mean("x" * 100_000, ["x" * 200_000] * 10_000)
    assert hint.startswith(" Known: xxx")
    assert len(hint) < 2_100


def test_the_nearest_name_is_quoted_visibly() -> None:
    assert did_you_mean("QwQ-32B", ["QwQ-32B\u202e\x1b"]) == " Did you mean 'QwQ-32B\\\\u202e␛'?"
