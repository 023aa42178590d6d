"""Withhold texts that a benchmark's authors ask not to publish."""

from __future__ import annotations

import re
from typing import Final

from msgspec.structs import replace

from qwq_nb.core.run_record import InFlight, RunRecord, SampleView
from qwq_nb.core.text import scrub
from qwq_nb.core.vocabulary import VOCABULARY

__all__ = ["WITHHELD_NOTE", "is_withheld", "withhold"]


WITHHELD_NOTE: Final = (
    "GPQA's authors ask that its questions not be published: its texts are withheld in this output. "
    "They are in the run's folder; --reveal shows them here."
)


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
        why=VOCABULARY.outcomes[view.outcome].withheld,
        reason=None,
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


def letter_of(value: str) -> str:
    """A choice's letter as it is; a longer value may quote the problem."""
    return value if len(value.strip()) <= 1 else "(withheld)"
