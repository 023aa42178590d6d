"""Record the requests that a solver makes for one sample, and add them up."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import chain
from typing import Literal

import msgspec

from qwq_nb.core.records import Completion, Message, Step
from qwq_nb.core.tool_calls import with_calls
from qwq_nb.endpoint.completer import Completer
from qwq_nb.endpoint.dialects.dialect import Tool
from qwq_nb.endpoint.streaming import StreamingCompletion

__all__ = ["StepRecorder", "partial"]

_LEAST_EXACT_FIRST: tuple[Literal["estimate", "chunks", "usage_share", "usage"], ...] = (
    "estimate",
    "chunks",
    "usage_share",
    "usage",
)


class StepRecorder:
    """Record the requests of one sample: an `Ask` that passes them to the run's completer and keeps who was asked what.

    Lives on the event loop's thread.
    """

    def __init__(self, completer: Completer, repeat: int, live: StreamingCompletion) -> None:
        self._completer = completer
        self._repeat = repeat
        self._live = live
        self._steps: list[tuple[Step, StreamingCompletion]] = []
        """In the order of their beginning. One that is still open has an empty completion until it is whole."""
        self._open = 0
        self._lives = [live]

    async def __call__(
        self,
        messages: Sequence[Message],
        *,
        endpoint: str | None = None,
        tools: Sequence[Tool] = (),
        role: str = "",
    ) -> Completion:
        """Return one completion, as `Ask` says."""
        if self._open:
            live = StreamingCompletion()  # the viewer's shows the first of several at once
            self._lives.append(live)
        else:
            live = self._live
            if self._steps:
                live.next_step()
        step = Step(role=role or endpoint or "", endpoint=endpoint or "", messages=[*messages], completion=Completion())
        self._steps.append((step, live))
        self._open += 1
        try:
            completion = await self._completer.complete(
                messages, repeat=self._repeat, live=live, endpoint=endpoint, tools=tools
            )
        except BaseException:
            step.completion = partial(live)
            raise
        finally:
            self._open -= 1
        step.completion, step.endpoint = completion, completion.endpoint
        return completion

    @property
    def retries(self) -> int:
        """Return the attempts that did not count so far, over all requests."""
        return sum(live.retries for live in self._lives)

    @property
    def chunks(self) -> int:
        """Return the deltas received so far, over all requests."""
        return sum(live.total_chunks for live in self._lives)

    def whole(self, completion: Completion) -> Completion:
        """Return the completion that a solver gave, with its steps, and with the tokens and times of all of them.

        One that is just what its only request gave is returned as it is, without steps.
        """
        if len(self._steps) == 1 and self._steps[0][0].completion is completion:
            return completion
        return totalled(completion, [step for step, _ in self._steps])

    def interrupted(self) -> Completion:
        """Return what there is of a sample that was stopped or given up on: the text of the last request.

        Its steps are there where there was more than one.
        """
        if len(self._steps) < 2:
            kept = self._steps[0][0].completion if self._steps else None
            # Splitting a long text takes time, and a stop meets all streams at once: what is split already is taken.
            return kept if kept is not None and kept.finish_reason == "interrupted" else partial(self._live)
        steps = [step for step, _ in self._steps]
        last = max(range(len(steps)), key=lambda i: (has_text(steps[i].completion), i))
        return totalled(msgspec.structs.replace(steps[last].completion, finish_reason="interrupted"), steps)


def totalled(completion: Completion, steps: list[Step]) -> Completion:
    """Return `completion` with `steps`, and with their tokens, seconds and retries added up.

    The time to first token is that of the first step; tokens are counted as exactly as in the least exact step.
    """
    asked = [step.completion for step in steps]
    if not asked:
        return completion
    counted = {c.tokens_from for c in asked}
    return msgspec.structs.replace(
        completion,
        steps=steps,
        prompt_tokens=sum(c.prompt_tokens for c in asked),
        reasoning_tokens=sum(c.reasoning_tokens for c in asked),
        answer_tokens=sum(c.answer_tokens for c in asked),
        tokens_from=next(kind for kind in _LEAST_EXACT_FIRST if kind in counted),
        ttft_s=asked[0].ttft_s,
        latency_s=sum(c.latency_s for c in asked),
        attempts=1 + sum(max(0, c.attempts - 1) for c in asked),
        retried=[*chain.from_iterable(c.retried for c in asked)],
        model=completion.model or asked[-1].model,
        endpoint=completion.endpoint or asked[-1].endpoint,
    )


def partial(live: StreamingCompletion) -> Completion:
    """Return what a broken or stopped stream had written."""
    split = live.splitter.finish("interrupted")
    calls = [] if live.tools is None else live.tools.calls()
    return Completion(
        reasoning=split.reasoning,
        answer=with_calls(split.answer, calls, is_cut=True),
        shape="answer_only" if calls and split.shape == "empty" else split.shape,
        finish_reason="interrupted",
        reasoning_tokens=live.splitter.reasoning_chunks,
        answer_tokens=live.splitter.answer_chunks + live.tool_chunks,
        tool_calls=calls,
        ttft_s=live.first_token - live.started if live.first_token else None,
        latency_s=time.perf_counter() - live.started,
        attempts=live.attempt,
        retried=list(live.retried),
    )


def has_text(completion: Completion) -> bool:
    """Return whether a completion has any reasoning or answer."""
    return bool(completion.reasoning or completion.answer)
