"""Confidence along an answer: the paper's definitions, written again in another way, to 1e-9."""

from __future__ import annotations

import math
import statistics
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwq_nb.core.token_logprobs import TokenLogprobs, packed_entropies
from qwq_nb.trace.confidence import entropy, group_confidences, token_confidence, trace_confidence

LOGPROBS = st.lists(st.floats(-40, 0), min_size=1, max_size=20)


@given(LOGPROBS)
def test_a_token_s_confidence_is_the_mean_of_minus_log_p(logprobs: list[float]) -> None:
    wanted = -Fraction(sum(map(Fraction, logprobs)), 1) / len(logprobs)
    assert token_confidence(logprobs) == pytest.approx(float(wanted), abs=1e-9)


@given(LOGPROBS)
def test_entropy_lies_between_0_and_log_k(logprobs: list[float]) -> None:
    found = entropy(logprobs)
    assert found is not None
    assert -1e-12 <= found <= math.log(len(logprobs)) + 1e-9


def test_entropies_that_are_known() -> None:
    assert entropy([math.log(0.25)] * 4) == pytest.approx(math.log(4))
    assert entropy([0.0, -9999.0]) == 0
    # Of 0.5 and 0.25, renormalised to 2/3 and 1/3.
    assert entropy([math.log(0.5), math.log(0.25)]) == pytest.approx(math.log(3) - 2 / 3 * math.log(2))
    assert entropy([]) is None
    assert token_confidence([]) is None
    assert token_confidence([float("nan"), float("inf"), 0.5]) is None, "none of them is a log probability"


@given(st.lists(st.floats(0, 50), min_size=1, max_size=300), st.integers(1, 80))
def test_groups_and_measures_are_those_of_the_definition(confidences: list[float], window: int) -> None:
    n = len(confidences)
    groups = (
        [statistics.fmean(confidences)]
        if n < window
        else [statistics.fmean(confidences[i : i + window]) for i in range(n - window + 1)]
    )
    assert group_confidences(confidences, window) == pytest.approx(groups, abs=1e-9)
    found = trace_confidence(confidences, window)
    assert found is not None
    lowest = sorted(groups)[: max(1, int(len(groups) * 0.1))]
    assert found.mean == pytest.approx(statistics.fmean(confidences), abs=1e-9)
    assert found.tail == pytest.approx(statistics.fmean(confidences[-window:]), abs=1e-9)
    assert found.lowest_group == pytest.approx(min(groups), abs=1e-9)
    assert found.bottom_tenth == pytest.approx(statistics.fmean(lowest), abs=1e-9)


def test_without_tokens_there_is_no_confidence() -> None:
    assert trace_confidence([]) is None


@given(st.binary(max_size=3000))
def test_entropies_are_packed_and_unpacked(entropies: bytes) -> None:
    packed = packed_entropies(entropies)
    kept = TokenLogprobs(tokens=len(entropies), top=5, mean_logprob=-0.1, entropies=packed)
    assert kept.steps() == entropies
    other = TokenLogprobs(tokens=len(entropies) + 1, top=5, mean_logprob=-0.1, entropies=packed)
    assert other.steps() == b"", "of another length: not believed"


@pytest.mark.parametrize("text", ["", "x", "é", "eJw", "A" * 1000])
def test_what_is_no_packed_text_has_no_entropies(text: str) -> None:
    assert TokenLogprobs(tokens=3, top=5, mean_logprob=0, entropies=text).steps() == b""


def test_a_real_trace_takes_less_than_a_byte_a_token() -> None:
    # Most tokens are nearly certain: the shape of what QwQ's traces look like.
    entropies = bytes(0 if i % 5 else (i * 7919) % 60 for i in range(12_000))
    assert len(packed_entropies(entropies)) < 12_000
