"""Render the samples of a run as html: a fold a subset, in it a fold a sample, failures first."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Final

from qwq_nb.core.outcomes import is_failure
from qwq_nb.core.run_record import Clip, InFlight, RunRecord, SampleView
from qwq_nb.run.candidates import track_runs
from qwq_nb.run.code_parts import execution_html, squares, tests_word
from qwq_nb.run.entropy_strip import strip_html
from qwq_nb.run.tool_parts import calls_html
from qwq_nb.run.turn_parts import turns_html
from qwq_nb.trace.drawn_marks import read_marks
from qwq_nb.view.html import Typesetter, clipped, code, esc, image, pre
from qwq_nb.view.wording import SIGNS, WORDS, count, duration, flag_word, outcome_counts, phase, sample_key

__all__ = ["FOLD_ALL", "LIST_ALL", "in_flight", "samples"]

LIST_ALL: Final = 1_000
"""Up to so many samples are listed one by one; of more, only the failures."""

FOLD_ALL: Final = 200
"""Up to so many, correct samples have their texts behind a fold; of more, the failures only (the JSON has them all)."""

_TAILS: Final = 8
_INDENT: Final = 'style="margin-left:1.2em"'


def samples(record: RunRecord) -> str:
    """Return every sample behind a fold, or the failures alone where there are too many."""
    views = record.samples
    shown = views if len(views) <= LIST_ALL else [view for view in views if is_failure(view)]
    typeset = Typesetter()
    folds = []
    grouped = sorted(shown, key=lambda view: (_rank(record, view), sample_key(view)))
    for (benchmark, subset), group in groupby(grouped, key=lambda view: (view.benchmark, view.subset)):
        members = list(group)
        title = f"{esc(benchmark)} · {esc(subset)}: {count(len(members), 'sample')}, {outcome_counts(members)}"
        own_files = len({view.file for view in members}) > 1
        inner = "" if own_files or not members[0].file else f"<p>Full texts: {code(members[0].file)}</p>"
        for view in members:
            line_only = len(views) > FOLD_ALL and not is_failure(view)
            inner += _sample(view, typeset, "" if line_only else _inside(view, typeset, with_file=own_files)) + "\n"
        folds.append(f"<details><summary>{title}</summary><div {_INDENT}>{inner}</div></details>\n")
    return "".join(folds) + _not_shown(record, len(shown))


def _rank(record: RunRecord, view: SampleView) -> tuple[int, str, str]:
    """Benchmarks in the order asked for, subsets by name."""
    order = record.benchmarks.index(view.benchmark) if view.benchmark in record.benchmarks else len(record.benchmarks)
    return order, view.benchmark, view.subset


def _not_shown(record: RunRecord, shown: int) -> str:
    """What is left out to keep the notebook small, and where it is."""
    missing = max(record.samples_total, len(record.samples)) - shown
    if missing > 0:
        left_out = f"{count(missing, 'more sample')} not shown here"
    elif shown > FOLD_ALL:
        left_out = "The texts of correct samples are not shown here"
    else:
        return ""
    where = code(record.run_dir)
    show = code(f"%qwq_show {record.run_dir}")
    return f"<p>{left_out}, to keep the notebook small: {show} shows the run, and its full texts are in {where}.</p>"


def _sample(view: SampleView, typeset: Typesetter, inside: str) -> str:
    facts = [
        f"{SIGNS[view.outcome]} <strong>{WORDS[view.outcome]}</strong>",
        code(view.id) + (f" repeat {view.repeat}" if view.repeat else ""),
    ]
    if view.turns and view.source_id:
        facts.append(esc(view.source_id))  # an exercise is known by its name
    if view.execution is None:
        facts += [f"gold {typeset.value(view.gold)}", f"extracted {typeset.value(view.extracted)}"]
    else:
        facts.append(f"{esc(tests_word(view.execution))} {squares(view.execution)}")
    if view.reasoning_tokens or view.answer_tokens:
        facts.append(count(view.reasoning_tokens + view.answer_tokens, "token"))
    if view.latency_s is not None:
        facts.append(duration(view.latency_s))
    facts += [f"<em>{esc(flag_word(flag))}</em>" for flag in view.flags]
    if view.ruling is not None:
        facts.append(f"<strong>ruled {'correct' if view.ruling.correct else 'not correct'}</strong>")
    summary = " · ".join(facts)
    if not inside:
        return f"<div>{summary}</div>"
    return f"<details><summary>{summary}</summary><div {_INDENT}>{inside}</div></details>"


def _inside(view: SampleView, typeset: Typesetter, *, with_file: bool) -> str:
    parts = []
    if view.why:
        parts.append(f"<p><strong>Why:</strong> {esc(view.why)}</p>")
    if view.ruling is not None and view.ruling.note:
        parts.append(f"<p><strong>Note:</strong> {esc(view.ruling.note)}</p>")
    if view.error:
        parts.append(f"<p><strong>Error:</strong> {code(view.error)}</p>")
    if view.second_extracted and view.second_extracted != view.extracted:
        parts.append(f"<p><strong>Second opinion:</strong> {typeset.value(view.second_extracted)}</p>")
    for mark in read_marks(view.analysis):
        said = f": {esc(mark.says)}" if mark.says else ""
        position = f", at character {mark.span[0]:,} of the reasoning" if mark.span else ""
        parts.append(f"<p><strong>Mark:</strong> {esc(mark.name.replace('_', ' '))}{said}{position}</p>")
    if view.track is not None:
        parts.append(f"<p><strong>Answers stated:</strong> {esc(track_runs(view.track))}{_ending(view)}</p>")
    if view.execution is not None:
        parts.append(execution_html(view.execution, clipped(view.code) if view.code else ""))
    parts.append(calls_html(view.calls))
    parts.append(strip_html(view.entropy))
    if view.drawing is not None:
        parts.append(image(view.drawing.svg, view.drawing.alt))
    if view.question is not None:
        parts.append(typeset.prose(clipped(view.question), "Question"))
    if view.choices:
        choices = "".join(f"<li>{typeset.prose(choice)}</li>" for choice in view.choices)
        parts.append(f'<ol type="A">{choices}</ol>')
    parts.append(turns_html(view.turns))
    # Of several turns the tokens are those of all, and each turn says its own.
    reasoning, answer = (0, 0) if view.turns else (view.reasoning_tokens, view.answer_tokens)
    parts.append(_fold("Reasoning", view.reasoning, reasoning, typeset.reasoning))
    parts.append(_fold("Answer", view.answer, answer, typeset.prose))
    details = [f"finish reason {code(view.finish_reason)}"] if view.finish_reason else []
    if view.attempts > 1:
        details.append(f"{view.attempts} attempts")
    if view.ttft_s is not None:
        details.append(f"first token after {duration(view.ttft_s)}")
    if view.source_id:
        details.append(f"source {code(view.source_id)}")
    if view.file and with_file:
        details.append(f"full text in {code(view.file)}")
    if details:
        parts.append(f"<p><small>{' · '.join(details)}</small></p>")
    return "".join(parts)


def _ending(view: SampleView) -> str:
    """Which of the answers stated was given in the end, and where the right one stands."""
    assert view.track is not None
    values = view.track.values
    facts = []
    if view.track.given is not None and view.track.given < len(values):
        facts.append(f"given in the end: {SIGNS[view.outcome]} {esc(values[view.track.given])}")
    right = [values[number] for number in view.track.right if number < len(values)]
    if right and view.outcome != "correct":
        facts.append(f"right, and stated: {esc(right[0])}")
    return f" ({'; '.join(facts)})" if facts else ""


def _fold(name: str, text: Clip | None, tokens: int, write: Callable[[str], str]) -> str:
    if text is None or not (text.text or text.omitted):
        return ""
    title = name + (f", {count(tokens, 'token')}" if tokens else "")
    if text.omitted:
        title += f", {text.omitted:,} characters left out in the middle"
    return f"<details><summary>{title}</summary>{write(clipped(text))}</details>"


def in_flight(entries: list[InFlight]) -> str:
    """Return what is being answered now, with the end of what has come so far."""
    if not entries:
        return ""
    lines = []
    for entry in entries[:_TAILS]:
        head = f"{esc(entry.benchmark)} {code(entry.id)}" + (f" repeat {entry.repeat}" if entry.repeat else "")
        tail = entry.answer_tail or entry.reasoning_tail
        lines.append(f"<div>{head}: {esc(phase(entry))}</div>" + (pre("… " + tail[-300:]) if tail else ""))
    more = f"<div>and {len(entries) - _TAILS:,} more</div>" if len(entries) > _TAILS else ""
    title = f"In flight: {count(len(entries), 'sample')}"
    return f"<details><summary>{title}</summary><div {_INDENT}>{''.join(lines)}{more}</div></details>\n"
