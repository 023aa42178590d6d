"""Prove a way to put a recorded thought before an endpoint's model, by at most four requests of one token each.

Servers drop a thought, put an empty one before it, or end the turn behind it, and answer all the same. The thought sent
here has 40 tokens in every byte-level vocabulary met (a lone digit never merges, " the" is one token). A way is right
if the server counts exactly the tokens of the plain prompt and 40 more: less, and the thought was dropped; more, and
something else stands before or behind it. The plain count is the run's own, of the same prompt. The last request adds
the words that force an answer, and measures their tokens: with these the same equation checks every later request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from qwq_nb.core.records import Completion, Message
from qwq_nb.endpoint.connection import Connection
from qwq_nb.endpoint.dialects.continuations import OPEN
from qwq_nb.endpoint.dialects.registry import DEFAULT_DIALECT
from qwq_nb.endpoint.endpoint import RECOMMENDED_SAMPLING, Endpoint
from qwq_nb.endpoint.streaming import StreamingCompletion
from qwq_nb.errors import EndpointError, UserError
from qwq_nb.evaluation.continuing.suffixes import Suffix

__all__ = [
    "MOST_REQUESTS",
    "THOUGHT",
    "THOUGHT_TOKENS",
    "NoTransport",
    "Transport",
    "answered",
    "brief",
    "continued",
    "find_transport",
    "prompt_tokens",
]

THOUGHT_TOKENS: Final = 40
THOUGHT: Final = "2" + " the" * (THOUGHT_TOKENS - 1)
MOST_REQUESTS: Final = 4
MOST_SUFFIX_TOKENS: Final = 40
LONGEST_WAIT_S: Final = 60.0
FREE: Final = (
    "Without --forced the curve needs no request. Where the server has a budget of its own, whole runs show it, "
    "unpaired: %qwq_budget RUN --native auto (vLLM: thinking_token_budget; llama.cpp: thinking_budget_tokens)."
)

_WAYS: Final = (
    ("raw_completions", True, "/completions with the prompt written here"),
    ("open_content", False, "chat, the last message's content continued"),
    ("reasoning_field", True, "chat, the thought in reasoning_content"),
)


class NoTransport(UserError):
    """Report that no way to continue a recorded thought could be proved on an endpoint."""


class Transport(msgspec.Struct, kw_only=True, frozen=True):
    """Hold a way that was proved."""

    dialect: str
    closed: bool
    """Whether the thought is closed before the answer is forced; else the answer is forced within it."""
    plain: int
    """Prompt tokens without a thought, of the prompt that it was proved with."""
    together: int
    """Prompt tokens with the thought of 40 tokens."""
    suffix_tokens: int
    requests: int
    """Requests that the proof took."""
    rejected: list[str] = []
    """Ways that were tried before, and what the server did."""


def brief(endpoint: Endpoint, dialect: str, max_tokens: int) -> Endpoint:
    """Return the endpoint for short greedy answers in a dialect: whole, with no other sampling than was asked for."""
    further = ("max_completion_tokens", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs")
    unset = dict.fromkeys({*RECOMMENDED_SAMPLING, *further})
    sampling = {**unset, "temperature": 0, "max_tokens": max_tokens}
    return endpoint.replace(dialect=dialect, stream=False, think="plain", request_seed=None, sampling=sampling)


def continued(messages: Sequence[Message], thought: str, following: str = "") -> list[Message]:
    """Return the messages with the assistant's begun: a thought, and what follows it."""
    return [*messages, {"role": "assistant", "content": f"{OPEN}{thought}{following}"}]


async def find_transport(endpoint: Endpoint, messages: Sequence[Message], plain: int, suffix: Suffix) -> Transport:
    """Find the first way that is proved.

    `plain`: prompt tokens of these messages as the run counted them; 0: not known, which costs one of the requests.

    Raises:
        NoTransport: none is; the message says what the server did with each, and what to start it with.
        EndpointRefused: the key is refused.
        EndpointError: the endpoint cannot be reached.
    """
    asked = 0
    rejected: list[str] = []
    where = f"endpoint {endpoint.name!r}"
    if not plain:
        asked += 1
        plain = await prompt_tokens(endpoint, DEFAULT_DIALECT, messages)
        if not plain:
            raise NoTransport(
                f"The {where} counts no tokens of its prompts (`usage`), and the run has no count either: that a "
                f"thought arrives cannot be proved, so no answers are forced. {FREE}"
            )
    for dialect, closed, words in _WAYS:
        if asked + 2 > MOST_REQUESTS:  # the second one measures the suffix
            rejected.append(f"{words}: not tried, {MOST_REQUESTS} requests are the most")
            continue
        asked += 1
        try:
            together = await prompt_tokens(endpoint, dialect, continued(messages, THOUGHT))
            if fault := _fault(together, plain + THOUGHT_TOKENS, plain):
                rejected.append(f"{words}: {fault}")
                continue
            asked += 1
            whole = await prompt_tokens(endpoint, dialect, continued(messages, THOUGHT, suffix.after(closed=closed)))
        except EndpointError as exc:
            if not _is_answer(exc, dialect):
                raise
            rejected.append(f"{words}: refused (HTTP {exc.status})")
            continue
        more = whole - together
        if not 0 < more <= MOST_SUFFIX_TOKENS:
            rejected.append(f"{words}: with the words that force an answer {whole} prompt tokens after {together}")
            continue
        return Transport(
            dialect=dialect,
            closed=closed,
            plain=plain,
            together=together,
            suffix_tokens=more,
            requests=asked,
            rejected=rejected,
        )
    raise NoTransport(
        f"No way to put a recorded thought before the model of {where} could be proved, so no answers are forced. "
        f"{'; '.join(rejected)}. vLLM (`vllm serve MODEL`) and llama.cpp (`llama-server -m FILE --jinja`) take "
        f"thoughts; a gateway before them has to pass on /completions, and the prompt's token count (`usage`). {FREE}"
    )


def _fault(together: int, wanted: int, plain: int) -> str:
    """Say what is wrong with a count of prompt tokens; empty if nothing."""
    if together == wanted:
        return ""
    if not together:
        return "no prompt tokens are counted (`usage`), so nothing is proved"
    if together < plain + THOUGHT_TOKENS // 2:
        return f"the thought was dropped ({together} prompt tokens, {wanted} with it)"
    return f"something else stands before or behind the thought ({together - wanted:+d} tokens)"


def _is_answer(error: EndpointError, dialect: str) -> bool:
    """Return whether the server answered this request as it stands: a refusal of the form, or a fault in reading it.

    A key that is refused, an outage or a limit of requests says nothing of the form. A gateway may forbid the path of
    raw completions alone.
    """
    if error.status in (401, 403):
        return dialect == "raw_completions"
    return error.status not in (None, 402) and (not error.retryable or error.status == 500)


async def prompt_tokens(endpoint: Endpoint, dialect: str, messages: Sequence[Message]) -> int:
    """Ask for one token, and return the tokens of the prompt."""
    return (await answered(brief(endpoint, dialect, 1), messages)).prompt_tokens


async def answered(endpoint: Endpoint, messages: Sequence[Message]) -> Completion:
    """Ask once, and return the completion. What may pass is asked again, as in a run."""
    connection = Connection(endpoint, connections=1)
    failures = 0
    try:
        while True:
            try:
                return await connection.attempt(messages, 0, StreamingCompletion())
            except EndpointError as exc:
                failures += 1
                if not exc.retryable or exc.status == 500 or failures > endpoint.max_retries:
                    raise
                wait = exc.retry_after
            await asyncio.sleep(min(LONGEST_WAIT_S, endpoint.backoff * 2.0**failures if wait is None else wait))
    finally:
        await connection.aclose()
