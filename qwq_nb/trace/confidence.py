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

from collections.abc import Iterable, Sequence
from math import exp, isfinite, log
from typing import Final

import msgspec

__all__ = ["WINDOW", "TraceConfidence", "entropy", "group_confidences", "token_confidence", "trace_confidence"]

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


def token_confidence(logprobs: Sequence[float]) -> float | None:
    """Compute the confidence of one token from the log probabilities of its most probable alternatives.

    None without any. What is no number, or above 0, is left out.
    """
    known = _known(logprobs)
    return -sum(known) / len(known) if known else None


def entropy(logprobs: Sequence[float]) -> float | None:
    """Compute the entropy, in nats, of one token over the alternatives that were sent, as if there were no others.

    None without any.
    """
    known = _known(logprobs)
    if not known:
        return None
    weights = [exp(value) for value in known]
    whole = sum(weights)
    if whole <= 0:
        return None
    return -sum(w / whole * log(w / whole) for w in weights if w)


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


def _known(logprobs: Iterable[float]) -> list[float]:
    return [max(value, _LEAST_LOGPROB) for value in logprobs if isfinite(value) and value <= 0]
