"""Token counts: the server's where they can be believed, the stream's pieces and the texts where they cannot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwq_nb.core.records import Completion, ToolCall
from qwq_nb.core.tool_calls import written
from qwq_nb.endpoint.delta import Usage
from qwq_nb.endpoint.token_counts import Pieces, count_tokens, plausible

CALL: ToolCall = {"id": "1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}


def counted(
    usage: Usage | None, pieces: Pieces | None, reasoning: int = 600, answer: int = 180, limit: int | None = 32768
) -> tuple[int, int, str]:
    """Reasoning and answer tokens of texts of so many characters, and where the counts are from."""
    completion = Completion(reasoning="r" * reasoning, answer="a" * answer)
    count_tokens(completion, plausible(usage, limit), pieces)
    return completion.reasoning_tokens, completion.answer_tokens, completion.tokens_from


PIECES = Pieces(200, 60)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        # OpenAI: reasoning within completion_tokens.
        (Usage(10, 260, 200, 270), (200, 60, "usage")),
        (Usage(10, 260, 200), (200, 60, "usage")),
        # xAI, and Kimi behind gateways: beside it.
        (Usage(10, 60, 200, 270), (200, 60, "usage")),
        (Usage(10, 60, 200), (200, 60, "usage")),
        (Usage(0, 60, 200, 260), (200, 60, "usage")),
        # Gemini: in the total alone.
        (Usage(10, 60, None, 270), (200, 60, "usage")),
        # vLLM with a parser that counts none, LiteLLM with a tokenizer of its own: the pieces are the better witness.
        (Usage(10, 260, 0, 270), (200, 60, "usage_share")),
        (Usage(10, 260, None), (200, 60, "usage_share")),
        (Usage(10, 260, 3), (200, 60, "usage_share")),
        (Usage(10, 260, 160), (200, 60, "usage_share")),
        (Usage(10, 260, 260, 270), (200, 60, "usage_share")),
        (Usage(10, 260, 197), (197, 63, "usage")),
        # None, zero, or absurd: counted here, and said so.
        (None, (200, 60, "chunks")),
        (Usage(), (200, 60, "chunks")),
        (Usage(10, 0, 0, 10), (200, 60, "chunks")),
        (Usage(10, 0, 200, 210), (200, 60, "chunks")),
        (Usage(10, -5), (200, 60, "chunks")),
        (Usage(-1, 260), (200, 60, "chunks")),
        (Usage(10, 1), (200, 60, "chunks")),
        (Usage(10, 10**9), (200, 60, "chunks")),
        (Usage(10, 500_000, 400_000), (200, 60, "chunks")),
        # A total that is absurd beside counts that are not.
        (Usage(10, 260, 200, 10**12), (200, 60, "usage")),
        (Usage(10, 260, None, 10**12), (200, 60, "usage_share")),
    ],
)
def test_the_servers_counts_beside_the_pieces_of_the_stream(
    usage: Usage | None, expected: tuple[int, int, str]
) -> None:
    assert counted(usage, PIECES) == expected


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (Usage(10, 260, 200), (200, 60, "usage")),
        (Usage(10, 60, 200, 270), (200, 60, "usage")),
        (Usage(10, 260), (200, 60, "usage_share")),
        (Usage(10, 256, 3), (197, 59, "usage_share")),  # 200 characters a token beside 0.7
        (Usage(10, 260, 260), (200, 60, "usage_share")),
        (None, (150, 45, "estimate")),
        (Usage(10, 0), (150, 45, "estimate")),
    ],
)
@pytest.mark.parametrize("pieces", [None, Pieces(20, 6)])
def test_answers_that_came_whole_or_in_large_pieces(
    usage: Usage | None, expected: tuple[int, int, str], pieces: Pieces | None
) -> None:
    if pieces is not None and expected[2] == "estimate":
        expected = (20, 6, "chunks")
    if pieces is not None and usage == Usage(10, 260, 260):
        expected = (20, 6, "chunks")  # none is left for the answer
    assert counted(usage, pieces) == expected


@pytest.mark.parametrize("pieces", [None, Pieces(200, 27)])
@pytest.mark.parametrize("usage", [None, Usage(10, 227, 200), Usage(10, 227, None), Usage(10, 200, 0, 210)])
def test_an_empty_answer_has_no_tokens(usage: Usage | None, pieces: Pieces | None) -> None:
    reasoning, answer, _ = counted(usage, pieces, answer=0)
    assert (reasoning > 0, answer) == (True, 0)


def test_reasoning_that_is_counted_and_not_shown() -> None:
    assert counted(Usage(10, 260, 200, 270), Pieces(0, 58), reasoning=0) == (200, 60, "usage")
    assert counted(Usage(10, 260, 200), None, reasoning=0) == (200, 60, "usage")
    assert counted(Usage(10, 200, 200), Pieces(0, 0), reasoning=0, answer=0) == (200, 0, "usage")
    # The answer alone has as many pieces as the server counts in all: nothing was hidden.
    assert counted(Usage(10, 260, 200), Pieces(0, 260), reasoning=0) == (0, 260, "usage")


def test_tool_calls_count_as_answer() -> None:
    completion = Completion(reasoning="r" * 30, answer=written([CALL]), tool_calls=[CALL])
    count_tokens(completion, plausible(Usage(10, 20, 10)), Pieces(10, 9))
    assert (completion.reasoning_tokens, completion.answer_tokens) == (10, 10)


def test_a_piece_that_had_both_is_divided_by_length() -> None:
    assert counted(None, Pieces(4, 0), reasoning=30, answer=10) == (3, 1, "chunks")


COUNTS = st.none() | st.integers(-5, 500) | st.sampled_from([10**7, 10**9, 2**62])
LENGTHS = st.integers(0, 400)


@given(st.builds(Usage, COUNTS, COUNTS, COUNTS, COUNTS), LENGTHS, LENGTHS, st.none() | st.tuples(LENGTHS, LENGTHS))
def test_whatever_the_server_says_no_count_is_negative_or_absurd(
    usage: Usage, reasoning: int, answer: int, pieces: tuple[int, int] | None
) -> None:
    found = counted(usage, Pieces(*pieces) if pieces else None, reasoning, answer, limit=1000)
    assert min(found[:2]) >= 0
    assert sum(found[:2]) <= 4 * 1000 + 10_000
    if not answer:
        assert found[1] == 0
