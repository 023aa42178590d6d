"""Variants of a transcript that are for requests with a certain sampling, and the built-in 4-bit model's."""

from __future__ import annotations

from pathlib import Path

import pytest

from qwq_nb.bench.mazes.generate import built_in_mazes
from qwq_nb.bench.mazes.maze import write_maze
from qwq_nb.bench.mazes.walk import official_moves, walk
from qwq_nb.bench.prompts.slate import SLATE
from qwq_nb.demo import QUANTISED
from qwq_nb.demo.replay import Transcript, Transcripts, Variant, built_in, split_tokens
from qwq_nb.errors import DataError
from tests.support.math_problems import write_jsonl

COOL = Variant("r", "cool", sampling=(("temperature", 0.6),))
BOTH = Variant("r", "both", sampling=(("temperature", 0.6), ("top_k", 40)))
ANY = Variant("r", "any")


@pytest.mark.parametrize(
    ("body", "answers"),
    [
        ({}, ["any"]),
        ({"temperature": 1.0, "top_k": 40}, ["any"]),
        ({"temperature": 0.6}, ["cool"]),
        ({"temperature": 0.6, "top_k": 40}, ["both"]),
    ],
)
def test_the_variant_that_asks_for_most_of_the_request_is_taken(body: dict[str, object], answers: list[str]) -> None:
    transcript = Transcript("k", "p", (ANY, COOL, BOTH))
    assert [variant.answer for variant in transcript.variants_for(body)] == answers


def test_without_a_variant_that_fits_any_is_taken() -> None:
    assert Transcript("k", "p", (COOL, BOTH)).variants_for({}) == [COOL, BOTH]


@pytest.mark.parametrize("sampling", [3, {"temperature": [0.6]}])
def test_a_sampling_that_is_none_is_refused(sampling: object, tmp_path: Path) -> None:
    variant = {"reasoning": "r", "answer": "a", "sampling": sampling}
    book = write_jsonl(tmp_path / "book.jsonl", [{"unique_id": "u", "problem": "a b c", "variants": [variant]}])
    with pytest.raises(DataError, match="line 1: not a transcript: `sampling`"):
        Transcripts.load([book])


def test_every_built_in_maze_and_prompt_has_its_transcript() -> None:
    book = Transcripts.load(built_in())
    mazes = built_in_mazes()
    keys = [book.find(f"Solve it.\n{write_maze(maze)}").key for _, maze in mazes]
    assert keys == [f"maze-{number}" for number in range(1, 61)]
    for part, entries in SLATE.items():
        for number, entry in enumerate(entries, 1):
            assert book.find(f"{entry.prompt}\n\nAnswer it.").key == f"{part}-{number}"


def test_what_is_meant_to_be_right_is_right_and_the_rest_is_not() -> None:
    book = Transcripts.load([*built_in()])
    for _, maze in built_in_mazes():
        for variant in book.find(write_maze(maze)).variants:
            walked = walk(maze, official_moves(variant.answer))
            assert walked.solved == (variant.kind in ("right", "longer")), variant


def test_the_4_bit_model_thinks_about_twice_as_long_until_its_sampling_is_mended() -> None:
    full, small = Transcripts.load(built_in()), Transcripts.load(QUANTISED)
    tokens = [0, 0, 0]
    for _, maze in built_in_mazes()[:40]:
        mazes = write_maze(maze)
        mended: dict[str, object] = {"temperature": 0.6, "top_k": 40}
        for place, (book, body) in enumerate(((full, mended), (small, {}), (small, mended))):
            variant = book.find(mazes).variants_for(body)[0]
            tokens[place] += len(split_tokens(variant.reasoning)) + len(split_tokens(variant.answer))
    assert 1.7 < tokens[1] / tokens[0] < 2.3
    assert 0.9 < tokens[2] / tokens[0] < 1.1
