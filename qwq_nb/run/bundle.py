"""Make the mime bundle of a `RunRecord`: `run.v1` JSON, html and plain text, within a budget of bytes."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from qwq_nb.core.run_record import MIME_TYPE, InFlight, RunRecord
from qwq_nb.run.html import run_html
from qwq_nb.run.sample_budget import fit_samples
from qwq_nb.run.text import run_text
from qwq_nb.view.budget import FINAL_BYTES, LIVE_BYTES, saved_size
from qwq_nb.view.clean import one_line
from qwq_nb.view.clip import lean

__all__ = ["bundle"]

_MOST_IN_FLIGHT: Final = (256, 128, 64, 32)
"""Streams that an update shows: as many as leave enough bytes for the rows that changed."""
_AROUND: Final = 0.5
_TAILS: Final = 24_000
"""Characters of all streams' ends together in one update."""


def bundle(record: RunRecord, *, live: bool, times: bool = True) -> dict[str, object]:
    """Return the three forms of a record that `display(…, raw=True)` takes.

    `live`: one update while running, small, with the html's samples left out. `times=False`: text/plain with nothing
    in it that differs between two runs with the same answers. GPQA's texts are the caller's duty: see `withhold`.
    """
    limit = LIVE_BYTES if live else FINAL_BYTES
    whole = record
    for most in _MOST_IN_FLIGHT:
        if most != _MOST_IN_FLIGHT[-1] and most >= 2 * len(whole.in_flight):
            continue  # the next one shows them all too
        record = _bounded(whole, most)
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
        "text/html": run_html(record, live=live),
        "text/plain": run_text(record, times=times),
    }


def _bounded(record: RunRecord, most: int) -> RunRecord:
    """The record with nothing but the samples left that could grow without end."""
    shown = record.in_flight[:most]
    in_flight = [_shortened(entry, _TAILS // len(shown)) for entry in shown]
    return replace(
        record,
        in_flight=in_flight,
        notes=[one_line(note, 600) for note in record.notes[:30]],
        progress=replace(record.progress, waiting=one_line(record.progress.waiting, 600)),
        references=record.references[:50],
        samples_total=max(record.samples_total, len(record.samples)),
    )


def _shortened(entry: InFlight, most: int) -> InFlight:
    """Keep the last `most` characters of what the entry has written."""
    answer = entry.answer_tail[-most:]
    reasoning = entry.reasoning_tail[-max(0, most - len(answer)) :] if len(answer) < most else ""
    return replace(
        entry,
        reasoning_tail=reasoning,
        reasoning_at=entry.reasoning_at + len(entry.reasoning_tail) - len(reasoning),
        answer_tail=answer,
        answer_at=entry.answer_at + len(entry.answer_tail) - len(answer),
    )
