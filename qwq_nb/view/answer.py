"""One completion or one sample: streamed by `%%qwq`, shown whole by `run.sample(id)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from qwq_nb.view.bundle import WITHHELD_NOTE
from qwq_nb.view.clean import scrub
from qwq_nb.view.html_text import Typesetter, code, esc, pre
from qwq_nb.view.live import in_kernel, is_live

if TYPE_CHECKING:
    from qwq_nb.client import Live
    from qwq_nb.records import Completion
    from qwq_nb.run import SampleDetail

__all__ = ["AnswerView", "completion_bundle", "sample_bundle"]

LIVE_TAIL = 4000
"""Characters of a stream's end that an update shows; the whole stands there at the end."""


class AnswerView:
    """Shows a completion while it is written, in place, in a notebook; in a terminal once it is whole."""

    def __init__(self, shell: Any) -> None:
        self._notebook = in_kernel(shell)
        self._handle: Any = None

    def update(self, live: Live) -> None:
        if self._notebook and is_live():
            splitter = live.splitter
            phase = "waiting for a retry" if live.waiting_for_retry else splitter.phase
            head = f"<p><small>{esc(phase)} · {live.chunks:,} pieces</small></p>"
            reasoning, answer = splitter.reasoning_so_far(LIVE_TAIL), splitter.answer_so_far(LIVE_TAIL)
            fold = f"<details open><summary>Reasoning</summary>{pre(reasoning)}</details>" if reasoning else ""
            self._draw({"text/html": head + fold + (pre(answer) if answer else ""), "text/plain": scrub(answer)})

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
        lines += [f"Reasoning ({c.reasoning_tokens:,} tokens):", scrub(c.reasoning), ""]
    lines += [f"Answer ({c.answer_tokens:,} tokens):", scrub(c.answer) or missing_answer(c)]
    return "\n".join(lines)


def missing_answer(completion: Completion) -> str:
    if completion.finish_reason == "length":
        return "the token limit cut the completion inside its reasoning; a higher one is set by --max-tokens."
    return "the model ended without one."


def sample_bundle(sample: SampleDetail) -> dict[str, Any]:
    """One sample whole: question, verdict, reasoning and answer."""
    sample = shown(sample)
    typeset = Typesetter()
    repeat = f" repeat {sample.repeat}" if sample.repeat else ""
    parts = [
        f"<p><strong>{esc(sample.outcome.replace('_', ' '))}</strong> · {code(sample.id)}{repeat} · "
        f"gold {typeset.value(sample.gold)} · extracted {typeset.value(sample.extracted)}</p>",
        f"<p><strong>Why:</strong> {esc(sample.why)}</p>",
        typeset.prose(sample.question, "Question"),
    ]
    if sample.choices:
        parts.append('<ol type="A">' + "".join(f"<li>{typeset.prose(c)}</li>" for c in sample.choices) + "</ol>")
    if sample.reasoning:
        title = f"Reasoning, {sample.reasoning_tokens:,} tokens"
        parts.append(f"<details><summary>{title}</summary>{pre(sample.reasoning)}</details>")
    if sample.answer:
        title = f"Answer, {sample.answer_tokens:,} tokens"
        parts.append(f"<details open><summary>{title}</summary>{typeset.prose(sample.answer)}</details>")
    if sample.error:
        parts.append(f"<p><strong>Error:</strong> {code(sample.error)}</p>")
    for cause in sample.retried:
        parts.append(f"<p><small>An earlier attempt: {esc(cause)}</small></p>")
    return {"text/html": "\n".join(parts), "text/plain": sample_text(sample)}


def shown(sample: SampleDetail) -> SampleDetail:
    """The sample as an output may hold it: what stands in a cell is saved, and published with the notebook."""
    if not sample.withheld:
        return sample
    return msgspec.structs.replace(
        sample,
        question=WITHHELD_NOTE,
        why="withheld",
        reasoning="",
        answer="",
        gold=letter_of(sample.gold),
        extracted=letter_of(sample.extracted),
        choices=[],
        error="(withheld)" if sample.error else "",
        retried=[],
    )


def letter_of(value: str) -> str:
    """A choice's letter as it is; a longer value may quote the problem."""
    return value if len(value.strip()) <= 1 else "(withheld)"


def sample_text(sample: SampleDetail) -> str:
    lines = [
        f"{sample.id} repeat {sample.repeat}: {sample.outcome} ({sample.why})",
        f"gold {sample.gold!r}, extracted {sample.extracted!r}",
        "",
        "Question:",
        sample.question,
        *(f"{chr(65 + i)}) {choice}" for i, choice in enumerate(sample.choices)),
        "",
        "Reasoning:",
        sample.reasoning or "-",
        "",
        "Answer:",
        sample.answer or "-",
    ]
    return scrub("\n".join(lines))
