"""Measure a model's confidence along its answer, from the log probabilities of its tokens. Pure.

Token confidence: the mean of −log P over the k most probable tokens, in nats; the surer the model, the higher. Group
confidence: its mean over a window of `WINDOW` tokens, at every place of the window; an answer that is shorter is one
group. Of an answer: the mean over all tokens, the mean over the last `WINDOW` tokens (tail), the lowest group, and the
mean of the lowest tenth of the groups.

Source: Fu, Y. et al. (2025). "Deep Think with Confidence." arXiv:2508.15260, sections 3.1 and 3.2; answers shorter than
the window, and a tenth rounded down, as in the authors' program (facebookresearch/deepconf). Values are those before
sampling: vLLM and llama.cpp send log probabilities that temperature has not changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "WINDOW",
    "TraceConfidence",
    "entropy",
    "group_confidences",
    "measure_tokens",
    "token_confidence",
    "trace_confidence",
]

WINDOW: Final = 2048
"""Tokens of a group and of the tail, as in the paper."""
_LEAST_LOGPROB: Final = -9999.0
"""What servers send for a probability of 0 (vLLM)."""


class TraceConfidence(msgspec.Struct, kw_only=True, frozen=True):
    """Hold the confidence of one answer by the paper's four measures, in nats."""

    mean: float
    tail: float
    lowest_group: float
    bottom_tenth: float


def measure_tokens(logprobs: Sequence[float], counts: Sequence[int]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Compute the confidence and the entropy of each of many tokens at once, in nats.

    `logprobs`: those of all tokens' alternatives, one token after the other; `counts`: how many each token has. What is
    no number, or above 0, is left out; nan where nothing is left, and where all are of a probability of 0 the entropy
    is nan too. The entropy is that over the alternatives that were sent, as if there were no others.
    """
    import numpy as np

    n = len(counts)
    values = np.array(logprobs, dtype=float)
    tokens = np.repeat(np.arange(n), np.array(counts, dtype=np.intp))
    known = np.isfinite(values) & (values <= 0)
    values, tokens = np.maximum(values[known], _LEAST_LOGPROB), tokens[known]
    weights = np.exp(values)
    whole = np.bincount(tokens, weights, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        confidences = -np.bincount(tokens, values, n) / np.bincount(tokens, minlength=n)
        entropies = np.log(whole) - np.bincount(tokens, weights * values, n) / whole
    return confidences, np.maximum(entropies, 0.0)


def token_confidence(logprobs: Sequence[float]) -> float | None:
    """Compute the confidence of one token from the log probabilities of its alternatives; None without any."""
    return _number(measure_tokens(logprobs, [len(logprobs)])[0][0])


def entropy(logprobs: Sequence[float]) -> float | None:
    """Compute the entropy of one token, in nats, from the log probabilities of its alternatives; None without any."""
    return _number(measure_tokens(logprobs, [len(logprobs)])[1][0])


def group_confidences(confidences: Sequence[float], window: int = WINDOW) -> list[float]:
    """Compute the mean of every `window` neighbouring confidences; of fewer than that the one mean of all."""
    n = len(confidences)
    if n <= window:
        return [sum(confidences) / n] if n else []
    means = []
    # Anew now and then: a sum that is only updated drifts.
    for start in range(0, n - window + 1, window):
        total = sum(confidences[start : start + window])
        means.append(total / window)
        for i in range(start + 1, min(start + window, n - window + 1)):
            total += confidences[i + window - 1] - confidences[i - 1]
            means.append(total / window)
    return means


def trace_confidence(confidences: Sequence[float], window: int = WINDOW) -> TraceConfidence | None:
    """Compute the four measures of one answer from its tokens' confidences; None without any."""
    groups = sorted(group_confidences(confidences, window))
    if not groups:
        return None
    lowest = groups[: max(1, len(groups) // 10)]
    last = confidences[-window:]
    return TraceConfidence(
        mean=sum(confidences) / len(confidences),
        tail=sum(last) / len(last),
        lowest_group=groups[0],
        bottom_tenth=sum(lowest) / len(lowest),
    )


def _number(value: float) -> float | None:
    return None if isnan(value) else float(value)
