"""Record the requests that a solver makes for one sample, and add them up."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import chain
from typing import Literal

import msgspec

from qwq_nb.core.edits import Edit
from qwq_nb.core.records import Completion, Message, Step, Verdict
from qwq_nb.core.tool_calls import with_calls
from qwq_nb.endpoint.completer import Completer
from qwq_nb.endpoint.dialects.dialect import Tool
from qwq_nb.endpoint.streaming import StreamingCompletion
from qwq_nb.errors import RequestRejected
from qwq_nb.evaluation.turn_log import SampleTurns

__all__ = ["StepRecorder", "partial"]

_LEAST_EXACT_FIRST: tuple[Literal["estimate", "chunks", "usage_share", "usage"], ...] = (
    "estimate",
    "chunks",
    "usage_share",
    "usage",
)


_NO_ROOM = "model_length"
"""The finish reason of a request that the server refused because its prompt does not fit the context window."""


class StepRecorder:
    """Record the requests of one sample: an `Ask` that passes them to the run's completer and keeps who was asked what.

    Lives on the event loop's thread.
    """

    def __init__(
        self,
        completer: Completer,
        repeat: int,
        live: StreamingCompletion,
        *,
        turns: SampleTurns | None = None,
        grade: Callable[[Completion], Awaitable[Verdict]] | None = None,
    ) -> None:
        """`turns` keeps what requests gave, for a run that goes on (None: nothing does); `grade` is the benchmark's."""
        self._completer = completer
        self._repeat = repeat
        self._live = live
        self._turns = turns
        self._grade = grade
        self._checked: tuple[int, str, Verdict] | None = None
        """Of the last check: the steps there were, the answer, and the verdict."""
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
        try_number: int = 1,
        retry: int = 0,
    ) -> Completion:
        """Return one completion, as `Ask` says."""
        step = Step(
            role=role or endpoint or "",
            endpoint=endpoint or "",
            messages=[*messages],
            completion=Completion(),
            try_number=try_number,
            retry=retry,
        )

        async def request() -> Completion:
            return await self._requested(step, endpoint, tools)

        if self._turns is None:
            completion = await request()
        else:
            completion = await self._turns.completion(messages, tools, step.role, endpoint, request)
        if all(step is not other for other, _ in self._steps):  # it was recorded: nothing was asked
            step.completion, step.endpoint = completion, completion.endpoint
            self._steps.append((step, StreamingCompletion()))
        return completion

    async def _requested(self, step: Step, endpoint: str | None, tools: Sequence[Tool]) -> Completion:
        if self._open:
            live = StreamingCompletion()  # the viewer's shows the first of several at once
            self._lives.append(live)
        else:
            live = self._live
            if self._steps:
                live.next_step()
        self._steps.append((step, live))
        self._open += 1
        try:
            completion = await self._completer.complete(
                step.messages, repeat=self._repeat, live=live, endpoint=endpoint, tools=tools
            )
        except BaseException as exc:
            step.completion = partial(live)
            if isinstance(exc, RequestRejected) and exc.concerns == "length":
                step.completion.finish_reason = _NO_ROOM
            raise
        finally:
            self._open -= 1
        step.completion, step.endpoint = completion, completion.endpoint
        return completion

    def edited(self, completion: Completion, edit: Edit) -> None:
        """Note what a completion was read as, as `Ask` says."""
        step = next((step for step, _ in reversed(self._steps) if step.completion is completion), None)
        if step is None:
            raise ValueError("edited() takes a completion that this ask gave")
        step.edit = edit

    async def check(self, completion: Completion) -> Verdict:
        """Return the benchmark's verdict on a completion, as `Ask` says."""
        if self._grade is None:
            raise ValueError("there is nothing to grade with")
        grade, whole = self._grade, self.whole(completion)
        if self._turns is None:
            verdict = await grade(whole)
        else:
            verdict = await self._turns.verdict(whole, lambda: grade(whole))
        if self._steps:
            self._steps[-1][0].execution = verdict.execution
        self._checked = len(self._steps), completion.answer, verdict
        return verdict

    def verdict_on(self, completion: Completion) -> Verdict | None:
        """Return the verdict of the last check, where it was of this completion and nothing was asked since."""
        if self._checked is None or self._checked[:2] != (len(completion.steps) or 1, completion.answer):
            return None
        return self._checked[2]

    @property
    def replayed_tokens(self) -> int:
        """Return the completion tokens of requests that an earlier call of the run had made."""
        return 0 if self._turns is None else self._turns.replayed_tokens

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

        One that is just what its only request gave is returned as it is, without steps, unless that has a role.
        """
        if len(self._steps) == 1 and self._steps[0][0].completion is completion and not self._steps[0][0].role:
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
