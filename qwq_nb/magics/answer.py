"""Show one completion that `%%qwq` streams: redrawn in a notebook's cell, as text in a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qwq_nb.endpoint.context_window import RAISE_IT
from qwq_nb.view.clean import one_line, visible
from qwq_nb.view.html import Typesetter, esc
from qwq_nb.view.output import Output, Picture
from qwq_nb.view.wording import count, duration

if TYPE_CHECKING:
    from qwq_nb.core.records import Completion
    from qwq_nb.endpoint.streaming import StreamingCompletion

__all__ = ["AnswerView", "completion_bundle"]

LIVE_TAIL = 4000
"""Characters of a stream's end that an update shows; the whole text is shown at the end."""
STOPPED_TAIL = 1_000_000
"""Characters that are shown of a text that was stopped: as good as all of it."""
_BOX = "display:flex;flex-direction:column-reverse;max-height:16em;overflow:auto"
"""The page stays as it is while a text grows: a box whose end is in sight, without any script."""


class AnswerView:
    """Show a completion: redrawn in a notebook's cell while it is streamed, in a terminal once it is whole.

    `clock` counts seconds, as the stream's own times do.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._began = clock()
        self._live: StreamingCompletion | None = None
        self._attempt = 0
        self._answered: float | None = None
        self._thought: float | None = None
        self._stopped: float | None = None
        self._completion: Completion | None = None
        self._output = Output(Picture(subject=self, bundle=self.bundle, text=self.text))

    def update(self, live: StreamingCompletion) -> None:
        """Draw the text streamed so far."""
        self._live = live
        if live.begun != self._attempt:
            self._attempt, self._answered = live.begun, None
        if self._answered is None and live.phase == "answer":
            self._answered = self._clock()
        self._output.update()

    def finish(self, completion: Completion) -> None:
        """Draw the completion whole."""
        self._completion, self._thought = completion, self._thinking_s()
        self._output.finish()

    def stop(self) -> str:
        """Draw what has come until the user stopped it, and say in a sentence when that was."""
        self._stopped = self._clock() - self._began
        self._output.finish()
        return self._stopped_sentence()

    def bundle(self, *, live: bool, times: bool) -> dict[str, Any]:
        """Return the mime bundle of the end of the stream so far, or of the whole completion."""
        if self._completion is not None:
            return completion_bundle(self._completion, times=times, thought_s=self._thought)
        return {} if self._live is None and self._stopped is None else self._so_far()

    def text(self, times: bool) -> str:
        """Return the completion as text, without times; empty before it is whole."""
        if self._stopped is not None:
            return self._stopped_sentence()
        return "" if self._completion is None else completion_text(self._completion)

    def _thinking_s(self) -> float | None:
        """Return the seconds from the first token to the answer, or until now; None where nothing was seen of them."""
        if self._live is None or self._live.first_token is None:
            return None
        return (self._clock() if self._answered is None else self._answered) - self._live.first_token

    def _stopped_sentence(self) -> str:
        return f"Stopped after {_seconds(self._stopped or 0)}: this is what had come."

    def _so_far(self) -> dict[str, Any]:
        """Return the end of the text so far: the reasoning in sight while it is written, folded when it is done."""
        live, over = self._live, self._stopped is not None
        # All of it where no more is to come.
        tail = STOPPED_TAIL if over else LIVE_TAIL
        reasoning = "" if live is None else _whole_lines(live.reasoning_so_far(tail), tail)
        answer = "" if live is None else _whole_lines(live.answer_so_far(tail), tail)
        # No formulas: typeset anew four times a second they would flicker.
        write = Typesetter(*(() if over else (0, 0)))
        parts = []
        if reasoning:
            seconds = _seconds(self._thinking_s() or 0)
            is_open = not over and self._answered is None
            said = f"Thinking for {seconds}" if is_open else f"Thought for {seconds}"
            box = f'<div style="{_BOX}"><div>{write.reasoning(reasoning)}</div></div>'
            parts.append(f"<details{' open' if is_open else ''}><summary>{said}</summary>{box}</details>")
        if answer:
            parts.append(write.prose(answer))
        if over:
            parts.append(f"<p><em>{esc(self._stopped_sentence())}</em></p>")
        elif live is not None:
            parts.append(f"<p><small>{esc(self._standing(live))}</small></p>")
        plain = [visible(answer)] if answer or not over else []
        return {
            "text/html": "\n".join(parts),
            "text/plain": "\n\n".join([*plain, *([self._stopped_sentence()] if over else [])]),
        }

    def _standing(self, live: StreamingCompletion) -> str:
        waited = _seconds(self._clock() - live.started)
        if live.waiting_for_retry:
            return f"waiting for a retry: {one_line(live.retried[-1], 200)}" if live.retried else "waiting for a retry"
        if live.phase == "waiting":
            return f"waiting for the first token, for {waited}"
        tokens = f"about {count(live.chunks, 'token')}"
        return f"thinking · {tokens}" if live.phase == "reasoning" else f"answering · {tokens}"


def _seconds(seconds: float) -> str:
    """Format a time that one waits: `12 s`, `1 min 05 s`."""
    return "less than a second" if seconds < 0.5 else f"{round(seconds)} s" if seconds < 59.5 else duration(seconds)


def _whole_lines(text: str, tail: int) -> str:
    """Drop the first line of a text's end where that is cut: it may begin within a word or a formula."""
    start = text.find("\n") + 1
    return text[start:] if len(text) >= tail and 0 < start < len(text) // 2 else text


def completion_bundle(completion: Completion, *, times: bool, thought_s: float | None = None) -> dict[str, Any]:
    """Return a completion as HTML (reasoning folded, both typeset; `times`: with latencies) and as plain text.

    `thought_s`: the seconds from the first token to the answer, where they were seen.
    """
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
    write = Typesetter()
    if c.reasoning:
        seconds = f" for {_seconds(thought_s)}" if times and thought_s is not None else ""
        # Of an answer that was cut there is nothing else to read.
        is_open = " open" if not c.answer else ""
        said = f"Thought{seconds} · {count(c.reasoning_tokens, 'token')}"
        parts.append(f"<details{is_open}><summary>{said}</summary>{write.reasoning(c.reasoning)}</details>")
    if c.answer:
        parts.append(write.prose(c.answer))
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
