"""Prove that an endpoint enforces a thinking budget of its own, by one request a field.

Servers name the field differently, and most answer 200 to a name that they do not know, or take it and think on. So a
field counts only if a problem that the run thought about for long is answered within a small budget: the reasoning ends
at the budget, and an answer follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from qwq_nb.core.outcomes import counts
from qwq_nb.core.records import Completion, Message, SampleResult
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import EndpointError, EndpointRefused, OptionError, UserError, did_you_mean
from qwq_nb.evaluation.continuing.probe import answered

__all__ = ["AUTO", "NATIVE_FIELDS", "NativeBudget", "NoNativeBudget", "checked_field", "find_native", "is_within"]

AUTO: Final = "auto"
NATIVE_FIELDS: Final = ("thinking_token_budget", "thinking_budget_tokens", "thinking_budget")
"""vLLM's (with a reasoning parser), llama.cpp's, and the one of DashScope and SiliconFlow."""

_BUDGET: Final = 16
_ROOM: Final = 112
"""Tokens for the end of the thought, and the beginning of an answer."""
_LEAST_THOUGHT: Final = 8 * _BUDGET
"""Of the recorded reasoning: one that is shorter would end by itself."""
_SLACK_SHARE: Final = 1.05
_SLACK_TOKENS: Final = 16
"""How far a reasoning may go beyond its budget: servers close a thought with words of their own, and count its marks.
"""


class NoNativeBudget(UserError):
    """Report that no thinking budget of an endpoint's own could be proved."""


class NativeBudget(msgspec.Struct, kw_only=True, frozen=True):
    """Hold the field that was proved."""

    field: str
    tokens: int
    """Thinking tokens of the answer that proves it."""
    recorded: int
    """Thinking tokens that the run took for the same problem."""
    requests: int
    rejected: list[str] = []
    """Fields that were tried before, and what the server did."""


def checked_field(name: str) -> str:
    """Check the name of a field, or `auto`, and return it.

    Raises:
        OptionError: it cannot be the name of a field of a request.
    """
    if not isinstance(name, str) or not name.isascii() or not name.isidentifier() or len(name) > 64:
        near = did_you_mean(str(name), [AUTO, *NATIVE_FIELDS])
        raise OptionError(f"--native takes the name of a field of the request, or {AUTO!r}, not {name!r}.{near}")
    return name


def is_within(tokens: int, budget: int) -> bool:
    """Return whether a reasoning kept to its budget."""
    return tokens <= budget * _SLACK_SHARE + _SLACK_TOKENS


async def find_native(endpoint: Endpoint, results: Iterable[SampleResult], field: str = AUTO) -> NativeBudget:
    """Find the first field that the endpoint enforces; `field`: this one only.

    Raises:
        NoNativeBudget: none is; the message says what the server did with each, and what to start it with.
        EndpointRefused: the key is refused.
        EndpointError: the endpoint cannot be reached.
    """
    probed = _probed(results)
    if probed is None:
        raise NoNativeBudget(
            f"That a thinking budget is kept to cannot be proved: no answer of this run has {_LEAST_THOUGHT} thinking "
            f"tokens and more."
        )
    messages, recorded = probed
    rejected: list[str] = []
    for asked, name in enumerate(NATIVE_FIELDS if field == AUTO else (field,), 1):
        try:
            completion = await answered(_probing(endpoint, name), messages)
        except EndpointRefused:
            raise
        except EndpointError as exc:
            if exc.status is None or exc.status in (401, 402, 403) or (exc.retryable and exc.status != 500):
                raise
            rejected.append(f"{name}: refused (HTTP {exc.status})")
            continue
        fault = _fault(completion)
        if not fault:
            tokens = completion.reasoning_tokens
            return NativeBudget(field=name, tokens=tokens, recorded=recorded, requests=asked, rejected=rejected)
        rejected.append(f"{name}: {fault}")
    raise NoNativeBudget(
        f"The endpoint {endpoint.name!r} enforces no thinking budget of its own, as far as can be proved. "
        f"{'; '.join(rejected)}. vLLM takes thinking_token_budget if it is started with --reasoning-parser, llama.cpp "
        f"thinking_budget_tokens; the field of another server is named by --native FIELD."
    )


def _probed(results: Iterable[SampleResult]) -> tuple[Sequence[Message], int] | None:
    """Return the prompt of the answer with the longest reasoning, and its tokens; None where all are short."""
    thought = [
        (r.completion.reasoning_tokens, r.sample.messages)
        for r in results
        if r.completion is not None and counts(r.outcome)
    ]
    tokens, messages = max(thought, key=lambda pair: pair[0], default=(0, []))
    return (messages, tokens) if tokens >= _LEAST_THOUGHT else None


def _probing(endpoint: Endpoint, field: str) -> Endpoint:
    unset = {"max_completion_tokens": None}
    sampling = {**endpoint.sampling, **unset, "max_tokens": _BUDGET + _ROOM, field: _BUDGET}
    return endpoint.replace(stream=False, sampling=sampling)


def _fault(completion: Completion) -> str:
    """Say what is wrong with the answer to a request with a budget; empty if nothing."""
    tokens = completion.reasoning_tokens
    if not completion.reasoning.strip():
        return "no reasoning came, so nothing is proved"
    if not is_within(tokens, _BUDGET):
        return f"ignored ({tokens} thinking tokens with a budget of {_BUDGET})"
    if not completion.answer.strip():
        return f"the thought ended after {tokens} tokens, and no answer followed"
    return ""
