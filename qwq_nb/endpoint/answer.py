"""Collect the deltas of one answer into a completion: keys masked, reasoning split off, times and tokens counted."""

from __future__ import annotations

import time

from qwq_nb.core.finish_reasons import ending_of, more_exact
from qwq_nb.core.records import Completion
from qwq_nb.core.text import valid_text
from qwq_nb.core.tool_calls import with_calls
from qwq_nb.endpoint.delta import Delta, Usage
from qwq_nb.endpoint.limits import LONGEST_NAME, LONGEST_REASON
from qwq_nb.endpoint.masking import Mask
from qwq_nb.endpoint.stream_messages import StreamMessages
from qwq_nb.endpoint.streaming import StreamingCompletion
from qwq_nb.endpoint.token_confidence import TokenConfidence
from qwq_nb.endpoint.token_counts import Pieces, count_tokens, plausible
from qwq_nb.endpoint.tool_calls import ToolCallMerger

__all__ = ["StreamedAnswer"]


class StreamedAnswer:
    """Collect one answer as it arrives: `take` each delta, then `close`, then read its `completion`.

    Its texts go to `live`, where a viewer on another thread sees them. `is_streamed` is False for an answer that came
    whole: then there is no time to its first token, and its pieces are not counted as tokens.
    """

    __slots__ = (
        "_feed",
        "_is_streamed",
        "_live",
        "_logprobs",
        "_mask",
        "_masked",
        "_messages",
        "_native",
        "finish_reason",
        "is_limit_claimed",
        "is_over",
        "model",
        "pieces",
        "usage",
    )

    def __init__(self, live: StreamingCompletion, mask: Mask, *, is_streamed: bool = True) -> None:
        self.finish_reason = ""
        """The first one received that says how the answer ended; once it is closed, the most exact one."""
        self.usage: Usage | None = None
        self.model = ""
        self.pieces = 0
        """Deltas with a text or a tool call so far."""
        self.is_limit_claimed = False
        """Whether the server says that the answer used up its tokens, by a count that is not believed otherwise."""
        self.is_over = False
        """True once the event that ends the stream was received."""
        self._live = live
        self._feed = live.splitter.feed
        self._mask = mask
        self._masked = mask.stream()
        self._is_streamed = is_streamed
        self._messages: StreamMessages | None = None
        self._native = ""
        self._logprobs: TokenConfidence | None = None

    def take(self, delta: Delta) -> None:
        """Add one delta. Called some 10,000 times a second."""
        if delta.is_message:
            self._keep_message(delta)
        elif delta.content or delta.reasoning or delta.reasoning_content or delta.reasoning_parts or delta.tool_calls:
            self.pieces += 1
            if self._live.first_token is None and self._is_streamed:
                self._live.first_token = time.perf_counter()
            if delta.tool_calls:
                self._take_tool_calls(delta)
            if self._masked is not None:
                self._masked.feed(delta)
            self._feed(delta)
        if delta.finish_reason:
            # Some servers send the word "null" with every delta but the last.
            if not self.finish_reason and ending_of(delta.finish_reason) != "not_yet":
                self.finish_reason = delta.finish_reason
            if delta.native_finish_reason and ending_of(delta.native_finish_reason) != "not_yet":
                self._native = self._native or delta.native_finish_reason
        if delta.logprobs:
            if self._logprobs is None:
                self._logprobs = TokenConfidence()
            self._logprobs.add(delta.logprobs)
        if delta.usage is not None:
            self.usage = delta.usage
        if not self.model:
            self.model = delta.model

    def length(self) -> int:
        """Return the characters received so far, those of tool calls included."""
        told, tools = 0 if self._messages is None else self._messages.length(), self._live.tools
        return max(told, self._live.splitter.received_length() + (tools.length if tools is not None else 0))

    def cut(self) -> None:
        """End the answer at its limit, as truncated, whatever reason the server gave."""
        self.finish_reason = "length"

    def close(self) -> None:
        """End the answer after its last delta: pass on the text that the mask still holds back, settle how it ended."""
        self.finish_reason = more_exact(self.finish_reason, self._native)
        if self._messages is not None and self._live.tools is None and not self._live.splitter.received_length():
            self.take(self._messages.delta())
        if self._masked is not None:
            self._feed(self._masked.rest())

    def completion(self, endpoint: str, token_limit: int | None = None) -> Completion:
        """Return the completion, as answered by the endpoint of that name.

        `token_limit`: the request's. An answer that used it up was cut, whatever the server calls it.
        """
        live, now = self._live, time.perf_counter()
        usage = plausible(self.usage, token_limit)
        used = (usage.completion_tokens or 0) if usage is not None else 0
        limit_reached = self.is_limit_claimed or (bool(token_limit) and used >= (token_limit or 0))
        ending = "length" if limit_reached else self.finish_reason
        split, calls = live.splitter.finish(ending), [] if live.tools is None else live.tools.calls()
        answer = with_calls(valid_text(split.answer), calls, is_cut=ending_of(ending) == "truncated")
        completion = Completion(
            reasoning=valid_text(split.reasoning),
            answer=answer,
            shape="answer_only" if calls and split.shape == "empty" else split.shape,
            finish_reason=self._mask.hide_in_answer(self.finish_reason)[:LONGEST_REASON],
            limit_reached=limit_reached,
            ttft_s=live.first_token - live.started if live.first_token else None,
            latency_s=now - live.started,
            model=self._mask.hide_in_answer(self.model)[:LONGEST_NAME],
            endpoint=endpoint,
            tool_calls=calls,
            logprobs=None if self._logprobs is None else self._logprobs.measured(),
        )
        splitter = live.splitter
        pieces = Pieces(splitter.reasoning_chunks, splitter.answer_chunks + live.tool_chunks)
        count_tokens(completion, usage, pieces if self._is_streamed else None)
        return completion

    def _keep_message(self, delta: Delta) -> None:
        """Keep a whole message until it is known whether there are deltas."""
        self.pieces += 1
        if self._live.first_token is None and self._is_streamed:
            self._live.first_token = time.perf_counter()
        if self._messages is None:
            self._messages = StreamMessages()
        self._messages.add(delta)

    def _take_tool_calls(self, delta: Delta) -> None:
        if self._live.tools is None:
            self._live.tools = ToolCallMerger(self._mask)
        self._live.tools.feed(delta.tool_calls)
        if not (delta.content or delta.reasoning or delta.reasoning_content or delta.reasoning_parts):
            self._live.tool_chunks += 1
