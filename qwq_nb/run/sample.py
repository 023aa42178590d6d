"""Define one sample with its texts whole (`run.sample(id)`), and show it."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any, cast

import msgspec

from qwq_nb.core.clip_png import read_clip
from qwq_nb.core.execution import Execution, without_texts
from qwq_nb.core.files import save_file
from qwq_nb.core.formats import UNKNOWN
from qwq_nb.core.game import GameClip
from qwq_nb.core.paths import expand_user
from qwq_nb.core.records import Message, Outcome, Step
from qwq_nb.core.token_logprobs import TokenLogprobs
from qwq_nb.core.tool_calls import ShownCall, calls_in
from qwq_nb.core.tool_check import DrawnCall, ToolCheck
from qwq_nb.core.vocabulary import VOCABULARY
from qwq_nb.errors import OptionError
from qwq_nb.run.candidates import Candidate, candidates_line
from qwq_nb.run.code_parts import execution_html, execution_lines, squares, tests_word
from qwq_nb.run.entropy_strip import strip_html, strip_text
from qwq_nb.run.game_parts import picture_html
from qwq_nb.run.tool_parts import calls_html, calls_lines, drawn_calls, drawn_unchecked
from qwq_nb.run.turn_parts import steps_lines, turns_html
from qwq_nb.run.turn_views import step_views
from qwq_nb.run.withhold import WITHHELD_NOTE, shown_error, shown_value
from qwq_nb.store.clips import load_clip
from qwq_nb.store.run_dir import RunDirectory
from qwq_nb.view.clean import one_line, visible
from qwq_nb.view.html import Typesetter, code, esc, image

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
    tools: list[dict[str, Any]] = []
    """What the model was offered to call, in the format of `/chat/completions`."""
    tool_calls: list[ShownCall] = []
    """The tool calls of the answer, in order: `name` and `arguments` of each, and `problem` if it cannot be called."""
    tool_check: ToolCheck | None = None
    """What checking them has found, of a benchmark that expects calls."""
    logprobs: TokenLogprobs | None = None
    """Of its tokens, of a run with `--logprobs K`."""
    entropy: str = ""
    """Along its reasoning, as the strip draws it: see `qwq_nb.run.entropy_strip`."""
    drawing: str = ""
    """The svg of a picture of problem and answer, of benchmarks that have one: a maze with the answer's path."""
    drawing_alt: str = ""
    """What it shows, in words."""
    drawing_text: str = ""
    """The same with plain characters."""
    candidates: list[Candidate] = []
    """Of 200 and more only the first and the last 100."""
    steps: list[Step] = []
    """The requests that were made for it in order, where a solver made several: who was asked, in which try, what came,
    how it changed the files, and what the tests after it have shown."""
    checks: dict[str, bool | None] = {}
    """Facts on a game, as `Game.checks` has them; None where it cannot be decided. Empty of other answers."""
    clip: str = ""
    """Path of the clip of a game, an animated PNG in the run's directory; empty: there is none."""
    withheld: bool = False
    """Whether its texts are left out where it is shown (they are here all the same): see `Run.reveal`."""

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the program that was taken out of the answer to a file (`game.py`), and return its path.

        Whoever runs it runs a model's code on his own machine, outside the sandbox.

        Raises:
            OptionError: there is no program.
            UserError: the file cannot be written there.
        """
        if self.execution is None or not self.extracted.strip():
            raise OptionError(f"{self.id} repeat {self.repeat} has no program to save: it is {self.outcome}.")
        return save_file(expand_user(path), self.extracted)

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
    if sample.clip:
        parts.append(picture_html(_picture(sample), sample.id))
    if sample.execution is not None:
        parts.append(execution_html(sample.execution, "" if sample.withheld else sample.extracted))
    parts.append(calls_html(_calls_of(sample)))
    parts.append(turns_html(step_views(sample.steps)))
    if sample.candidates:
        parts.append(f"<p><strong>Candidates:</strong> {esc(candidates_line(sample.candidates))}</p>")
    parts.append(strip_html(sample.entropy))
    # What stands in a turn already is not shown twice.
    if sample.reasoning and not _in_a_step("reasoning", sample):
        title = f"Reasoning, {sample.reasoning_tokens:,} tokens"
        parts.append(f"<details><summary>{title}</summary>{typeset.reasoning(sample.reasoning)}</details>")
    if sample.answer and not _in_a_step("answer", sample):
        title = f"Answer, {sample.answer_tokens:,} tokens"
        parts.append(f"<details open><summary>{title}</summary>{typeset.prose(sample.answer)}</details>")
    if sample.error:
        parts.append(f"<p><strong>Error:</strong> {code(sample.error)}</p>")
    for cause in sample.retried:
        parts.append(f"<p><small>An earlier attempt: {esc(cause)}</small></p>")
    return {"text/html": "\n".join(parts), "text/plain": sample_text(sample)}


def _calls_of(sample: SampleDetail) -> list[DrawnCall]:
    """Return the calls as they are drawn: beside those expected where they were checked."""
    if sample.tool_check is not None:
        return drawn_calls(sample.tool_check)
    return drawn_unchecked(calls_in(sample.answer))


def _picture(sample: SampleDetail) -> GameClip:
    """Return the clip, read where it lies: a sample's `clip` is a file in the run's directory."""
    file = Path(sample.clip)
    clip, why = load_clip(RunDirectory(file.parent.parent), f"{file.parent.name}/{file.name}")
    if not clip:
        return GameClip(note=f"No clip: {why}.")
    width, height, frames = read_clip(clip)
    return GameClip(data=base64.b64encode(clip).decode(), width=width, height=height, frames=frames)


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
        tools=[],
        tool_calls=[],
        tool_check=None,
        steps=[],
        clip="",
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
        *([*calls_lines(calls), ""] if (calls := _calls_of(sample)) else []),
        *([f"candidates: {candidates_line(sample.candidates)}", ""] if sample.candidates else []),
        *([strip_text(sample.entropy), ""] if sample.entropy else []),
        *([*steps_lines(sample.steps), ""] if sample.steps else []),
        *([] if _in_a_step("reasoning", sample) else ["Reasoning:", sample.reasoning or UNKNOWN, ""]),
        *([] if _in_a_step("answer", sample) else ["Answer:", sample.answer or UNKNOWN]),
    ]
    return visible("\n".join(lines))


def _in_a_step(name: str, sample: SampleDetail) -> bool:
    """Whether the sample's reasoning or answer is that of one of its steps."""
    own = getattr(sample, name)
    return any(getattr(step.completion, name) == own for step in sample.steps)
