"""Make log probabilities for the tokens of a demo completion: the same for the same token, surer in right answers.

No model wrote these tokens, so the numbers are planted: three in four tokens are nearly certain, and answers that are
not right are a little less sure on the whole, so that a study of confidence has something to find.
"""

from __future__ import annotations

import json
import zlib
from functools import lru_cache
from math import log
from typing import Final

__all__ = ["logprobs_of"]

_SURE: Final = 0.995
_LIKELY: Final = 0.62
"""Probability of the token that was written, in a place where the model is sure, and where it is not."""
_LESS: Final = 0.12
"""What the second is lower by in an answer that is not right."""


@lru_cache(maxsize=16384)
def logprobs_of(delta: bytes, top: int, *, is_right: bool) -> bytes:
    """Return the `logprobs` of one event, as JSON: its token, with `top` alternatives."""
    draw = zlib.crc32(delta)
    first = _SURE if draw % 4 else _LIKELY - (0.0 if is_right else _LESS)
    rest = 1 - first
    shares = [first, *(rest / 2 ** (i + 1) for i in range(max(0, top - 1)))]
    token = {"token": "x", "logprob": log(first), "bytes": None}
    alternatives = [{"token": "x", "logprob": log(share), "bytes": None} for share in shares[:top]]
    return json.dumps({"content": [{**token, "top_logprobs": alternatives}]}, separators=(",", ":")).encode()
