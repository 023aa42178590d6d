"""Show one completion that `%%qwq` streams: redrawn in a notebook's cell, as text in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwq_nb.endpoint.context_window import RAISE_IT
from qwq_nb.view.clean import visible
from qwq_nb.view.html import Typesetter, esc, pre
from qwq_nb.view.output import Output, Picture
from qwq_nb.view.wording import duration

if TYPE_CHECKING:
    from qwq_nb.core.records import Completion
    from qwq_nb.endpoint.streaming import StreamingCompletion

__all__ = ["AnswerView", "completion_bundle"]

LIVE_TAIL = 4000
"""Characters of a stream's end that an update shows; the whole text is shown at the end."""


class AnswerView:
    """Show a completion: redrawn in a notebook's cell while it is streamed, in a terminal once it is whole."""

    def __init__(self) -> None:
        self._live: StreamingCompletion | None = None
        self._completion: Completion | None = None
        self._output = Output(Picture(subject=self, bundle=self.bundle, text=self.text))

    def update(self, live: StreamingCompletion) -> None:
        """Draw the text streamed so far."""
        self._live = live
        self._output.update()

    def finish(self, completion: Completion) -> None:
        """Draw the completion whole."""
        self._completion = completion
        self._output.finish()

    def bundle(self, *, live: bool, times: bool) -> dict[str, Any]:
        """Return the mime bundle of the end of the stream so far, or of the whole completion."""
        if self._completion is not None:
            return completion_bundle(self._completion, times=times)
        return {} if self._live is None else live_bundle(self._live)

    def text(self, times: bool) -> str:
        """Return the completion as text, without times; empty before it is whole."""
        return "" if self._completion is None else completion_text(self._completion)


def live_bundle(live: StreamingCompletion) -> dict[str, Any]:
    """Return the end of a stream's text so far, as HTML and plain text."""
    phase = "waiting for a retry" if live.waiting_for_retry else live.phase
    head = f"<p><small>{esc(phase)} · {live.chunks:,} pieces</small></p>"
    reasoning, answer = live.reasoning_so_far(LIVE_TAIL), live.answer_so_far(LIVE_TAIL)
    fold = f"<details open><summary>Reasoning</summary>{pre(reasoning)}</details>" if reasoning else ""
    return {"text/html": head + fold + (pre(answer) if answer else ""), "text/plain": visible(answer)}


def completion_bundle(completion: Completion, *, times: bool) -> dict[str, Any]:
    """Return a completion as HTML (reasoning folded, answer typeset; `times`: with latencies) and as plain text."""
    c = completion
    facts = [
        f"{c.reasoning_tokens:,} reasoning and {c.answer_tokens:,} answer tokens",
        f"finish reason {c.finish_reason}",
    ]
    if times:
        facts.append(duration(c.latency_s))
        if c.ttft_s is not None:
            facts.append(f"first token after {duration(c.ttft_s)}")
    parts = []
    if c.reasoning:
        parts.append(
            f"<details><summary>Reasoning, {c.reasoning_tokens:,} tokens</summary>{pre(c.reasoning)}</details>"
        )
    if c.answer:
        parts.append(Typesetter().prose(c.answer))
    else:
        parts.append("<p><strong>No answer:</strong> " + esc(missing_answer(c)) + "</p>")
    parts.append(f"<p><small>{esc(' · '.join(facts))}</small></p>")
    return {"text/html": "\n".join(parts), "text/plain": completion_text(c)}


def completion_text(completion: Completion) -> str:
    """Return a completion as plain text: reasoning, then answer, each with its number of tokens."""
    c = completion
    lines = []
    if c.reasoning:
        lines += [f"Reasoning ({c.reasoning_tokens:,} tokens):", visible(c.reasoning), ""]
    lines += [f"Answer ({c.answer_tokens:,} tokens):", visible(c.answer) or missing_answer(c)]
    return "\n".join(lines)


def missing_answer(completion: Completion) -> str:
    """Return why a completion has no answer, for the user."""
    if completion.cut_by_server:
        total = completion.prompt_tokens + completion.completion_tokens
        sums = f" (prompt + answer = {total:,} tokens)" if completion.prompt_tokens else ""
        return f"the server's context window cut it{sums}. Restart the server with a larger one ({RAISE_IT})."
    if completion.is_truncated:
        return "the token limit cut the completion inside its reasoning; a higher one is set by --max-tokens."
    return "the model ended without one."
