"""Define one sample with its texts whole (`run.sample(id)`), and show it."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from qwq_nb.core.execution import Execution, without_texts
from qwq_nb.core.records import Message, Outcome
from qwq_nb.core.vocabulary import VOCABULARY
from qwq_nb.run.candidates import Candidate, candidates_line
from qwq_nb.run.code_parts import execution_html, execution_lines, squares, tests_word
from qwq_nb.run.withhold import WITHHELD_NOTE, shown_error, shown_value
from qwq_nb.view.clean import one_line, visible
from qwq_nb.view.html import Typesetter, code, esc, image, pre

__all__ = ["SampleDetail", "sample_bundle"]


class SampleDetail(msgspec.Struct, kw_only=True):
    """Hold one sample × repeat with its texts whole: `run.sample(id, repeat)`.

    `candidates` are the statements of a candidate answer in the reasoning, right or wrong, in their order: each a tuple
    (start, end, text, right), of which `right` is None where the gold answer is not known. So it shows how an answer
    came about: 204 → 204 → 60. It is empty of runs that were measured by the rules of an older version.
    """

    benchmark: str
    subset: str
    id: str
    repeat: int
    outcome: str
    why: str
    question: str
    reasoning: str
    answer: str
    gold: str
    extracted: str
    second_extracted: str
    flags: list[str]
    reasoning_tokens: int
    answer_tokens: int
    finish_reason: str
    attempts: int
    ttft_s: float | None
    latency_s: float | None
    error: str
    retried: list[str]
    choices: list[str]
    messages: list[Message]
    source_id: str
    execution: Execution | None = None
    """What running the code has shown, of a benchmark whose answers are programs; `extracted` is the code."""
    drawing: str = ""
    """The svg of a picture of problem and answer, of benchmarks that have one: a maze with the answer's path."""
    drawing_alt: str = ""
    """What it shows, in words."""
    drawing_text: str = ""
    """The same with plain characters."""
    candidates: list[Candidate] = []
    """Of 200 and more only the first and the last 100."""
    withheld: bool = False
    """Whether its texts are left out where it is shown (they are here all the same): see `Run.reveal`."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return sample_bundle(self)


def sample_bundle(sample: SampleDetail) -> dict[str, Any]:
    """Return one sample whole as html and text: question, verdict, reasoning and answer."""
    sample = shown(sample)
    typeset = Typesetter()
    repeat = f" repeat {sample.repeat}" if sample.repeat else ""
    values = f"gold {typeset.value(sample.gold)} · extracted {typeset.value(sample.extracted)}"
    if sample.execution is not None:
        values = f"{esc(tests_word(sample.execution))} {squares(sample.execution)}"
    parts = [
        f"<p><strong>{esc(sample.outcome.replace('_', ' '))}</strong> · {code(sample.id)}{repeat} · {values}</p>",
        f"<p><strong>Why:</strong> {esc(sample.why)}</p>",
        *([image(sample.drawing, sample.drawing_alt)] if sample.drawing else []),
        typeset.prose(sample.question, "Question"),
    ]
    if sample.choices:
        parts.append('<ol type="A">' + "".join(f"<li>{typeset.prose(c)}</li>" for c in sample.choices) + "</ol>")
    if sample.execution is not None:
        parts.append(execution_html(sample.execution, "" if sample.withheld else sample.extracted))
    if sample.candidates:
        parts.append(f"<p><strong>Candidates:</strong> {esc(candidates_line(sample.candidates))}</p>")
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
    """Return the sample as an output may hold it: what stands in a cell is saved, and published with the notebook."""
    if not sample.withheld:
        return sample
    return msgspec.structs.replace(
        sample,
        question=WITHHELD_NOTE,
        # Of programs it is counts of tests.
        why=sample.why if sample.execution else VOCABULARY.outcomes[cast(Outcome, sample.outcome)].withheld,
        execution=without_texts(sample.execution),
        reasoning="",
        answer="",
        gold=shown_value(sample.gold),
        extracted=shown_value(sample.extracted),
        second_extracted=shown_value(sample.second_extracted),
        choices=[],
        error=shown_error(sample.error),
        retried=[],
        drawing="",
        drawing_alt="",
        drawing_text="",
        candidates=[],
    )


def sample_text(sample: SampleDetail) -> str:
    """Return a sample as plain text: outcome, gold value, question, choices, reasoning, answer."""
    values = [f"gold {sample.gold!r}, extracted {sample.extracted!r}"]
    if sample.execution is not None:
        values = execution_lines(sample.execution, "" if sample.withheld else sample.extracted)
    lines = [
        f"{one_line(sample.id, 200)} repeat {sample.repeat}: {sample.outcome} ({one_line(sample.why, 600)})",
        *values,
        *(["", sample.drawing_text] if sample.drawing_text else []),
        "",
        "Question:",
        sample.question,
        *(f"{chr(65 + i)}) {choice}" for i, choice in enumerate(sample.choices)),
        "",
        *([f"candidates: {candidates_line(sample.candidates)}", ""] if sample.candidates else []),
        "Reasoning:",
        sample.reasoning or "-",
        "",
        "Answer:",
        sample.answer or "-",
    ]
    return visible("\n".join(lines))
