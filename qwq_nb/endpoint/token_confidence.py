"""Collect the log probabilities of an answer's tokens as they come: a confidence and an entropy each."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from math import inf
from typing import Final

from qwq_nb.core.token_logprobs import STEP_NATS, UNKNOWN_ENTROPY, TokenLogprobs, packed_entropies
from qwq_nb.endpoint.delta import TokenLogprob
from qwq_nb.trace.confidence import measure_tokens, trace_confidence

__all__ = ["TokenConfidence"]

_MOST_TOKENS: Final = 10_000_000
"""Of one answer: more than any model writes."""
_MOST_ALTERNATIVES: Final = 255
"""Of one token: a count is a byte; servers send 20 at most."""
_BLOCK: Final = 2048
"""Tokens: a stream in flight keeps some 100 kB of them at 5 alternatives."""


class TokenConfidence:
    """Collect the tokens of one answer, and measure it at the end.

    What comes is only put by; it is measured `_BLOCK` tokens at a time, which costs a third of one at a time.
    """

    __slots__ = ("_confidences", "_counts", "_entropies", "_logprobs", "_sum", "_top", "tokens")

    def __init__(self) -> None:
        self.tokens = 0
        """Tokens with a log probability."""
        self._sum = 0.0
        self._top = 0
        self._logprobs = array("d")
        """Those of the alternatives of the tokens that are not measured yet, and how many each token has."""
        self._counts = bytearray()
        self._confidences = array("d")
        self._entropies = bytearray()

    def add(self, tokens: Sequence[TokenLogprob]) -> None:
        """Add the tokens of one event; one without a log probability is passed over."""
        for token in tokens:
            logprob = token.logprob
            if logprob is None or not -inf < logprob <= 0 or self.tokens >= _MOST_TOKENS:
                continue
            self.tokens += 1
            self._sum += logprob
            others = [a.logprob for a in token.top_logprobs or () if a.logprob is not None]
            del others[_MOST_ALTERNATIVES:]
            self._logprobs.extend(others)
            self._counts.append(len(others))
        if len(self._counts) >= _BLOCK:
            self._measure()

    def _measure(self) -> None:
        if not self._counts:
            return
        confidences, entropies = measure_tokens(self._logprobs, self._counts)
        self._top = max(self._top, *self._counts)
        self._confidences.extend(float(value) for value in confidences if value == value)
        self._entropies += bytes(
            UNKNOWN_ENTROPY if value != value else min(UNKNOWN_ENTROPY - 1, round(value / STEP_NATS))
            for value in entropies.tolist()
        )
        self._logprobs, self._counts = array("d"), bytearray()

    def measured(self) -> TokenLogprobs | None:
        """Return what is kept of the answer; None without any log probability."""
        if not self.tokens:
            return None
        self._measure()
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
