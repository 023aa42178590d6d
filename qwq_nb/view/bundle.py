"""`RunRecord` → the mime bundle of one display: `run.v1` JSON, html and plain text, within a budget of bytes."""

from __future__ import annotations

import re
from typing import Final

import msgspec
from msgspec.structs import replace

from qwq_nb.records import MIME_TYPE, InFlight, Outcome, RunRecord, SampleView
from qwq_nb.view.clean import one_line, scrub
from qwq_nb.view.clip import fit_samples, lean
from qwq_nb.view.html import render_html
from qwq_nb.view.text import render_text

__all__ = ["FINAL_BYTES", "LIVE_BYTES", "WITHHELD_NOTE", "bundle", "is_withheld", "saved_size", "withhold"]

FINAL_BYTES: Final = 1_000_000
"""The whole output of a finished run, as it stands in the .ipynb."""
LIVE_BYTES: Final = 100_000
"""One update while running."""

_FLIGHTS: Final = (256, 128, 64, 32)
"""Streams that an update shows: as many as leave room for the rows that changed."""
_AROUND: Final = 0.5
_TAILS: Final = 24_000
"""Characters of all streams' ends together in one update."""

WITHHELD_NOTE: Final = (
    "GPQA's authors ask that its questions not be published: its texts are withheld in this output. "
    "They are in the run's folder; --reveal shows them here."
)
_WITHHELD_WHY: Final[dict[Outcome, str]] = {
    "correct": "the extracted letter is the gold one",
    "wrong": "the extracted letter is not the gold one",
    "no_answer": "finished, but no letter could be extracted",
    "truncated": "cut by the token limit",
    "not_gradable": "the grader gave up",
    "error": "the endpoint failed; the message is withheld, since it may quote the question",
    "pending": "not asked yet, or interrupted",
}


def bundle(record: RunRecord, *, live: bool, times: bool = True) -> dict[str, object]:
    """The three forms of a record that `display(…, raw=True)` takes.

    `live`: one update while running, small, with the html's samples left out. `times=False`: text/plain with nothing
    in it that differs between two runs with the same answers. GPQA's texts are the caller's duty: see `withhold`.
    """
    limit = LIVE_BYTES if live else FINAL_BYTES
    whole = record
    for flights in _FLIGHTS:
        if flights != _FLIGHTS[-1] and flights >= 2 * len(whole.in_flight):
            continue  # the next one shows them all too
        record = _bounded(whole, flights)
        around = saved_size(_render(replace(record, samples=[]), live, times))
        if around <= limit * _AROUND:
            break
    for_samples = limit - around
    # fit_samples estimates; what escaping and formulas add is seen only in the result.
    while True:
        fitted = replace(record, samples=fit_samples(record.samples, for_samples, in_html=not live))
        made = _render(fitted, live, times)
        over = saved_size(made) - limit
        if over <= 0 or not fitted.samples:
            return made
        for_samples -= over + for_samples // 50


def _render(record: RunRecord, live: bool, times: bool) -> dict[str, object]:
    return {
        MIME_TYPE: lean(record),
        "text/html": render_html(record, live=live),
        "text/plain": render_text(record, times=times),
    }


def _bounded(record: RunRecord, most_flights: int) -> RunRecord:
    """The record with nothing but the samples left that could grow without end."""
    shown = record.in_flight[:most_flights]
    flights = [_shortened(flight, _TAILS // len(shown)) for flight in shown]
    return replace(
        record,
        in_flight=flights,
        notes=[one_line(note, 600) for note in record.notes[:30]],
        progress=replace(record.progress, waiting=one_line(record.progress.waiting, 600)),
        references=record.references[:50],
        samples_total=max(record.samples_total, len(record.samples)),
    )


def _shortened(flight: InFlight, most: int) -> InFlight:
    """The flight with at most `most` characters of what it wrote, the latest ones."""
    answer = flight.answer_tail[-most:]
    reasoning = flight.reasoning_tail[-max(0, most - len(answer)) :] if len(answer) < most else ""
    return replace(
        flight,
        reasoning_tail=reasoning,
        reasoning_at=flight.reasoning_at + len(flight.reasoning_tail) - len(reasoning),
        answer_tail=answer,
        answer_at=flight.answer_at + len(flight.answer_tail) - len(answer),
    )


def saved_size(made: dict[str, object]) -> int:
    """Bytes that the bundle takes in an .ipynb: indented, and with texts split into lines."""
    data = {
        mime: content.splitlines(keepends=True) if isinstance(content, str) else content
        for mime, content in made.items()
    }
    notebook = {"cells": [{"outputs": [{"data": data, "metadata": {}, "output_type": "display_data"}]}]}
    # As nbformat's json.dumps writes it, and thirty times faster; numbers may differ by a zero in their exponent.
    return len(msgspec.json.format(msgspec.json.encode(notebook), indent=1))


def withhold(record: RunRecord, reveal: bool) -> RunRecord:
    """The record without the texts of GPQA's problems, unless they are revealed or this project's own (demo).

    Ids, outcomes, letters and numbers stay; whatever could quote a question goes, errors included.
    """
    if reveal or record.demo or not any(map(is_withheld, _benchmarks(record))):
        return record
    return replace(
        record,
        samples=[_withhold_sample(view) if is_withheld(view.benchmark) else view for view in record.samples],
        in_flight=[_withhold_tail(flight) if is_withheld(flight.benchmark) else flight for flight in record.in_flight],
        notes=record.notes if WITHHELD_NOTE in record.notes else [*record.notes, WITHHELD_NOTE],
        withheld=True,
    )


def _benchmarks(record: RunRecord) -> set[str]:
    return {*record.benchmarks, *(view.benchmark for view in record.samples), *(f.benchmark for f in record.in_flight)}


def is_withheld(benchmark: str) -> bool:
    """Whether its authors ask not to publish its problems."""
    return benchmark.lower().startswith("gpqa")


def _withhold_sample(view: SampleView) -> SampleView:
    return replace(
        view,
        question=None,
        reasoning=None,
        answer=None,
        choices=[],
        gold=_letter(view.gold),
        extracted=_letter(view.extracted),
        second_extracted=_letter(view.second_extracted),
        why=_WITHHELD_WHY[view.outcome],
        error=_kind_of_error(view.error),
    )


def _withhold_tail(flight: InFlight) -> InFlight:
    return replace(flight, reasoning_tail="", answer_tail="")


def _letter(value: str) -> str:
    """A choice's letter as it is; a choice's text would be a part of the problem."""
    found = re.fullmatch(r"\s*\(?([A-Za-z])\)?[.:]?\s*", scrub(value))
    return found[1] if found else "(withheld)" if value.strip() else ""


def _kind_of_error(error: str) -> str:
    """`HTTP 503`, `ReadTimeout`: the first word or the status, and nothing that the server wrote."""
    status = re.search(r"\b(?:HTTP|status)\s*(?:code)?\s*:?\s*(\d{3})\b", error[:200])
    if status:
        return f"HTTP {status[1]}"
    kind = re.match(r"[A-Z][A-Za-z]{0,40}(?:Error|Timeout|Exception|Interrupted)\b", error)
    return kind[0] if kind else "(withheld)" if error else ""
