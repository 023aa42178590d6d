"""Define what is kept of the log probabilities of a completion's tokens: a byte a token, and measures of confidence."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Final

import msgspec

__all__ = ["STEP_NATS", "UNKNOWN_ENTROPY", "TokenLogprobs", "packed_entropies"]

STEP_NATS: Final = 1 / 32
"""What a step of a stored entropy is worth, in nats."""
UNKNOWN_ENTROPY: Final = 255
"""Stands for a token of which the server sent no alternatives."""
_MOST_TOKENS: Final = 10_000_000
"""A packed text that claims more is not unpacked: it may come from somebody else."""


class TokenLogprobs(msgspec.Struct, kw_only=True, frozen=True):
    """Hold the log probabilities of one completion's tokens, in nats. Measures are those of `qwq_nb.trace.confidence`.

    They were computed from all digits that the server sent, while the answer came.
    """

    tokens: int
    """Tokens with log probabilities, of reasoning and answer together."""
    top: int
    """Alternatives a token, most of them: K of `--logprobs K`, if the server sent so many."""
    mean_logprob: float
    """Of the tokens that were written: exp of it is their geometric mean probability."""
    mean: float | None = None
    """Mean token confidence; None, as those below, where no alternatives were sent."""
    tail: float | None = None
    lowest_group: float | None = None
    bottom_tenth: float | None = None
    entropies: str = ""
    """The entropy of each token over its alternatives, a byte each of `STEP_NATS`, compressed, as base64."""

    def steps(self) -> bytes:
        """Return the entropies, a byte a token (255: not known); empty if they cannot be read."""
        try:
            unpacking = zlib.decompressobj()
            found = unpacking.decompress(base64.b64decode(self.entropies, validate=True), _MOST_TOKENS)
        except (binascii.Error, ValueError, zlib.error):
            return b""
        return found if len(found) == self.tokens and not unpacking.unconsumed_tail else b""


def packed_entropies(entropies: bytes) -> str:
    """Return entropies, a byte a token, as `TokenLogprobs.entropies` has them."""
    return base64.b64encode(zlib.compress(entropies, 6)).decode("ascii") if entropies else ""
