"""Collect the log probabilities of an answer's tokens as they come: a confidence and an entropy each."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from math import isfinite

from qwq_nb.core.token_logprobs import STEP_NATS, UNKNOWN_ENTROPY, TokenLogprobs, packed_entropies
from qwq_nb.endpoint.delta import TokenLogprob
from qwq_nb.trace.confidence import entropy, token_confidence, trace_confidence

__all__ = ["TokenConfidence"]

_MOST_TOKENS = 10_000_000
"""Of one answer: more than any model writes."""


class TokenConfidence:
    """Collect the tokens of one answer, and measure it at the end."""

    __slots__ = ("_confidences", "_entropies", "_sum", "_top", "tokens")

    def __init__(self) -> None:
        self.tokens = 0
        """Tokens with a log probability."""
        self._sum = 0.0
        self._top = 0
        self._confidences = array("d")
        self._entropies = bytearray()

    def add(self, tokens: Sequence[TokenLogprob]) -> None:
        """Add the tokens of one event; one without a log probability is passed over."""
        for token in tokens:
            logprob = token.logprob
            if logprob is None or not isfinite(logprob) or logprob > 0 or self.tokens >= _MOST_TOKENS:
                continue
            self.tokens += 1
            self._sum += logprob
            others = [a.logprob for a in token.top_logprobs or () if a.logprob is not None]
            step = UNKNOWN_ENTROPY
            if others:
                self._top = max(self._top, len(others))
                confidence, spread = token_confidence(others), entropy(others)
                if confidence is not None:
                    self._confidences.append(confidence)
                if spread is not None:
                    step = min(UNKNOWN_ENTROPY - 1, round(spread / STEP_NATS))
            self._entropies.append(step)

    def measured(self) -> TokenLogprobs | None:
        """Return what is kept of the answer; None without any log probability."""
        if not self.tokens:
            return None
        found = trace_confidence(self._confidences)
        return TokenLogprobs(
            tokens=self.tokens,
            top=self._top,
            mean_logprob=self._sum / self.tokens,
            mean=None if found is None else found.mean,
            tail=None if found is None else found.tail,
            lowest_group=None if found is None else found.lowest_group,
            bottom_tenth=None if found is None else found.bottom_tenth,
            entropies=packed_entropies(bytes(self._entropies)),
        )
