"""Ids of samples: readable, the same for every selection, and never one id for two subsets."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwq_nb.bench.evalscope_index import evalscope_names, subset_names
from qwq_nb.core.sample_id import sample_id, subset_slug


@pytest.mark.parametrize(
    ("subset", "expected"),
    [
        ("default", "bench/3"),
        ("Level 3", "bench/level-3/3"),
        ("ARC-Challenge", "bench/arc-challenge/3"),
        ("abstract_algebra", "bench/abstract-algebra/3"),
        ("C", "bench/c/3"),
        ("数学", "bench/数学/3"),
        ("हिन्दी", "bench/हिन्दी/3"),
        ("математика", "bench/математика/3"),
    ],
)
def test_ids_are_readable(subset: str, expected: str) -> None:
    assert sample_id("bench", subset, 3) == expected


def test_ascii_names_of_evalscope_keep_the_ids_that_older_runs_have() -> None:
    names = {subset for name in evalscope_names() for subset in subset_names(name) if subset.isascii()}
    assert len(names) > 300
    for name in names - {"default"}:
        assert subset_slug(name) == re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"), name


@pytest.mark.parametrize(
    "names",
    [
        ["C", "C++", "C#", "C*"],
        ["+", "++", "🎲", "🎯", "…", "!", " "],
        ["数学", "物理", "数学 ", "数-学"],
        [unicodedata.normalize(form, "géométrie") for form in ("NFC", "NFD")],
        ["Ähnlich", "ähnlich"],
        ["ß", "ẞ", "ss"],
        ["२", "2"],
    ],
)
def test_names_that_look_alike_have_ids_of_their_own(names: list[str]) -> None:
    assert len({sample_id("bench", name, 0) for name in names}) == len(names)


@pytest.mark.parametrize("names", [["C", "c"], ["a b", "a_b", "A-B"], ["x.y", "x (y)"]])
def test_names_that_differ_in_case_or_spaces_are_told_apart_whichever_are_selected(names: list[str]) -> None:
    ids = [sample_id("bench", name, 0, beside=names) for name in names]
    assert len(set(ids)) == len(names)
    assert [sample_id("bench", name, 0, beside=reversed([*names, "other"])) for name in names] == ids


@given(st.lists(st.text(min_size=1, max_size=12), min_size=2, max_size=8, unique=True))
def test_no_two_subsets_of_a_load_share_an_id(names: list[str]) -> None:
    ids = {sample_id("bench", name, index, beside=names) for name in names for index in (0, 1)}
    assert len(ids) == 2 * len(names)


@given(st.text())
def test_an_id_is_three_parts_without_spaces_or_controls(name: str) -> None:
    slug = subset_slug(name)
    assert slug
    assert "/" not in slug
    assert not any(c.isspace() or unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in slug)
