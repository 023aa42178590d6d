"""One completion, streamed by `%%qwq`: in place in a notebook, as text in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwq_nb.core.frontend import in_kernel, is_live
from qwq_nb.core.text import valid_text
from qwq_nb.view.html import Typesetter, esc, pre

if TYPE_CHECKING:
    from qwq_nb.core.records import Completion
    from qwq_nb.endpoint.streaming import StreamingCompletion

__all__ = ["AnswerView", "completion_bundle"]

LIVE_TAIL = 4000
"""Characters of a stream's end that an update shows; the whole stands there at the end."""


class AnswerView:
    """Shows a completion while it is written, in place, in a notebook; in a terminal once it is whole."""

    def __init__(self, shell: Any) -> None:
        self._notebook = in_kernel(shell)
        self._handle: Any = None

    def update(self, live: StreamingCompletion) -> None:
        if self._notebook and is_live():
            splitter = live.splitter
            phase = "waiting for a retry" if live.waiting_for_retry else splitter.phase
            head = f"<p><small>{esc(phase)} · {live.chunks:,} pieces</small></p>"
            reasoning, answer = splitter.reasoning_so_far(LIVE_TAIL), splitter.answer_so_far(LIVE_TAIL)
            fold = f"<details open><summary>Reasoning</summary>{pre(reasoning)}</details>" if reasoning else ""
            self._draw({"text/html": head + fold + (pre(answer) if answer else ""), "text/plain": valid_text(answer)})

    def finish(self, completion: Completion) -> None:
        if self._notebook:
            self._draw(completion_bundle(completion))
        else:
            print(completion_text(completion))

    def _draw(self, data: dict[str, Any]) -> None:
        from IPython.display import display

        if self._handle is None:
            self._handle = display(data, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(data, raw=True)


def completion_bundle(completion: Completion) -> dict[str, Any]:
    """A completion as html (reasoning folded, answer typeset) and as text."""
    c = completion
    facts = [
        f"{c.reasoning_tokens:,} reasoning and {c.answer_tokens:,} answer tokens",
        f"finish reason {c.finish_reason}",
    ]
    if is_live():
        facts.append(f"{c.latency_s:.1f} s")
        if c.ttft_s is not None:
            facts.append(f"first token after {c.ttft_s:.2f} s")
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
    c = completion
    lines = []
    if c.reasoning:
        lines += [f"Reasoning ({c.reasoning_tokens:,} tokens):", valid_text(c.reasoning), ""]
    lines += [f"Answer ({c.answer_tokens:,} tokens):", valid_text(c.answer) or missing_answer(c)]
    return "\n".join(lines)


def missing_answer(completion: Completion) -> str:
    if completion.finish_reason == "length":
        return "the token limit cut the completion inside its reasoning; a higher one is set by --max-tokens."
    return "the model ended without one."
