"""What a real server makes of a begun thought: the prompt tokens of each form, beside what they should be."""

from __future__ import annotations

import asyncio

from qwq_nb.core.records import Message
from qwq_nb.endpoint.dialects.registry import DEFAULT_DIALECT
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import EndpointError
from qwq_nb.evaluation.continuing.probe import THOUGHT, continued, find_transport, prompt_tokens
from qwq_nb.evaluation.continuing.suffixes import MATH

__all__ = ["QUESTION", "counts_of", "transport_of"]

QUESTION: list[Message] = [{"role": "user", "content": "What is 2+3?"}]


def counts_of(endpoint: Endpoint) -> dict[str, int]:
    """Prompt tokens of the thought in each form, less those of the plain prompt; minus the status where it is
    refused."""

    async def ask() -> dict[str, int]:
        plain = await prompt_tokens(endpoint, DEFAULT_DIALECT, QUESTION)
        found = {}
        for dialect in ("raw_completions", "open_content", "reasoning_field"):
            try:
                found[dialect] = await prompt_tokens(endpoint, dialect, continued(QUESTION, THOUGHT)) - plain
            except EndpointError as exc:
                found[dialect] = -(exc.status or 0)
        return found

    return asyncio.run(ask())


def transport_of(endpoint: Endpoint) -> str:
    """The dialect that the probe finds."""
    return asyncio.run(find_transport(endpoint, QUESTION, 0, MATH)).dialect
