"""Name a request by its messages, so that its reply is found again. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from qwq_nb.core.records import Message

__all__ = ["request_key"]


def request_key(messages: Sequence[Message]) -> str:
    """Return 32 hex digits of the SHA-256 of a request's roles and texts."""
    told = [(message["role"], message["content"]) for message in messages]
    return hashlib.sha256(repr(told).encode("utf-8", "surrogatepass")).hexdigest()[:32]
