"""What runs are called in a comparison: by what tells them apart."""

from __future__ import annotations

from typing import Any

import pytest

from qwq_nb.analysis.compare.titles import run_titles
from tests.support.made_runs import made_run, results_of


@pytest.mark.parametrize(
    ("first", "second", "titles"),
    [
        ({"model": "a"}, {"model": "b"}, ("a", "b")),
        (
            {"model": "a", "sampling": {"max_tokens": 400}},
            {"model": "a", "sampling": {"max_tokens": 2_000}},
            ("max_tokens=400", "max_tokens=2000"),
        ),
        (
            {"model": "a", "sampling": {"temperature": 0.6, "top_p": 0.95, "top_k": 40}},
            {"model": "a", "sampling": {"temperature": 0.0, "top_p": 1.0, "top_k": 20}},
            ("one", "two"),
        ),
        ({"model": "a"}, {"model": "a"}, ("one", "two")),
        ({"model": "a\nb" * 90}, {"model": "c"}, (("a b" * 90)[:59] + "…", "c")),
    ],
)
def test_runs_are_called_by_what_tells_them_apart(first: Any, second: Any, titles: tuple[str, str]) -> None:
    runs = {"A": made_run(results_of("c"), "one", **first), "B": made_run(results_of("c"), "two", **second)}
    assert tuple(run_titles(runs).values()) == titles


def test_where_only_some_models_are_the_same_those_are_told_apart_by_their_settings() -> None:
    sampling = [{"temperature": 0.6}, {"temperature": 0.6}, {"temperature": None}]
    runs = {
        letter: made_run(results_of("c"), name, model=model, sampling=settings)
        for letter, name, model, settings in zip("ABC", ("one", "two", "three"), ("a", "b", "b"), sampling, strict=True)
    }
    assert run_titles(runs) == {"A": "a", "B": "b, temperature=0.6", "C": "b, temperature=default"}
    assert run_titles({letter: runs["B" if letter == "C" else letter] for letter in "ABC"}) == {
        "A": "one (A)",
        "B": "two (B)",
        "C": "two (C)",
    }


def test_a_run_beside_itself_has_a_letter() -> None:
    run = made_run(results_of("c"), "one")
    assert run_titles({"A": run, "B": run}) == {"A": "one (A)", "B": "one (B)"}
