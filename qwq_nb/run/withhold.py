"""Withhold texts that a benchmark's authors ask not to publish: the one rule for everything that is shown or saved.

Which benchmarks these are is a property of the benchmark (`Benchmark.withheld`), kept in the run's manifest.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec.structs import replace

from qwq_nb.bench.catalog import is_withheld_name
from qwq_nb.core.execution import without_texts
from qwq_nb.core.run_record import InFlight, RunRecord, SampleView
from qwq_nb.core.text import valid_text
from qwq_nb.core.vocabulary import VOCABULARY
from qwq_nb.run.turn_views import turns_without_texts
from qwq_nb.store.manifest import Manifest
from qwq_nb.trace.drawn_marks import without_words

__all__ = [
    "WITHHELD",
    "WITHHELD_NOTE",
    "shown_error",
    "shown_value",
    "withheld_benchmarks",
    "withhold",
]

WITHHELD: Final = "(withheld)"
"""What is shown instead of a value."""

WITHHELD_NOTE: Final = (
    "The benchmark's authors ask that its questions not be published: its texts are withheld in this output. "
    "They are in the run's folder; --reveal shows them here."
)


def withheld_benchmarks(manifest: Manifest) -> list[str]:
    """Return the names of a run's benchmarks whose authors ask that their texts not be published.

    Where the manifest does not say it (a run of an older version, or evalscope's own), evalscope's names decide.
    """
    if manifest.withheld is not None:
        return list(manifest.withheld)
    return [name for name in manifest.request.benchmarks if is_withheld_name(name)]


def withhold(record: RunRecord, reveal: bool) -> RunRecord:
    """Return the record without the texts that are to be withheld, unless they are revealed or this project's own.

    Ids, outcomes, letters and numbers stay; whatever could quote a question goes, errors included.
    """
    hidden = set(_withheld_in(record))
    if reveal or record.demo or not hidden & _benchmarks(record):
        return record
    return replace(
        record,
        samples=[_withhold_sample(view) if view.benchmark in hidden else view for view in record.samples],
        in_flight=[_withhold_tail(entry) if entry.benchmark in hidden else entry for entry in record.in_flight],
        notes=record.notes if WITHHELD_NOTE in record.notes else [*record.notes, WITHHELD_NOTE],
        withheld=True,
    )


def shown_value(value: str) -> str:
    """Return a gold or extracted answer as it may be shown: a choice's letter; anything else may be a part of a text.

    `A` and `(A)` give `A`; `7`, `B and C` and the text of a choice give `(withheld)`; empty stays empty.
    """
    found = re.fullmatch(r"\s*\(?([A-Za-z])\)?[.:]?\s*", valid_text(value))
    return found[1] if found else WITHHELD if value.strip() else ""


def shown_error(error: str) -> str:
    """Return an error without what the server wrote: `HTTP 503`, `ReadTimeout`, else `(withheld)`."""
    status = re.search(r"\b(?:HTTP|status)\s*(?:code)?\s*:?\s*(\d{3})\b", error[:200])
    if status:
        return f"HTTP {status[1]}"
    kind = re.match(r"[A-Z][A-Za-z]{0,40}(?:Error|Timeout|Exception|Interrupted)\b", error)
    return kind[0] if kind else WITHHELD if error else ""


def _withheld_in(record: RunRecord) -> list[str]:
    """As the record says it; by evalscope's names where it does not."""
    if record.withheld_benchmarks is not None:
        return record.withheld_benchmarks
    return [name for name in _benchmarks(record) if is_withheld_name(name)]


def _benchmarks(record: RunRecord) -> set[str]:
    return {*record.benchmarks, *(view.benchmark for view in record.samples), *(f.benchmark for f in record.in_flight)}


def _withhold_sample(view: SampleView) -> SampleView:
    return replace(
        view,
        question=None,
        reasoning=None,
        answer=None,
        choices=[],
        gold=shown_value(view.gold),
        extracted=shown_value(view.extracted),
        second_extracted=shown_value(view.second_extracted),
        # Of programs it is counts of tests.
        why=view.why if view.execution is not None else VOCABULARY.outcomes[view.outcome].withheld,
        reason=view.reason if view.execution is not None else None,
        code=None,
        drawing=None,
        # A note may quote the question.
        ruling=replace(view.ruling, note="") if view.ruling else None,
        execution=without_texts(view.execution),
        calls=[],
        track=None,
        turns=turns_without_texts(view.turns),
        picture=None,
        error=shown_error(view.error),
        analysis=without_words(view.analysis),
    )


def _withhold_tail(entry: InFlight) -> InFlight:
    return replace(entry, reasoning_tail="", answer_tail="")
