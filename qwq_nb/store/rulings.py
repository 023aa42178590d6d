"""Keep a reader's rulings on single verdicts: `qwq_rulings.jsonl` in the run's directory.

A ruling stands beside the official verdict and never changes it, nor anything in evalscope's own files. The file is
append-only and fsynced row by row, and the last row of a sample × repeat wins; `correct: null` takes a ruling back.
Each row names the model (evalscope keeps several models' runs in one directory) and a hash of the answer that was ruled
on: should that sample be asked again, the ruling on the old answer does not count for the new one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from qwq_nb.core.outcomes import UNGRADED, is_answered
from qwq_nb.core.records import Completion, SampleResult
from qwq_nb.core.run_record import SubsetRow
from qwq_nb.core.tally import tally
from qwq_nb.errors import OptionError
from qwq_nb.store.jsonl import UNREADABLE
from qwq_nb.store.manifest import now
from qwq_nb.store.run_dir import RunDirectory
from qwq_nb.view.wording import row_score

__all__ = [
    "RULED_COLUMNS",
    "RULINGS",
    "RULING_COLUMNS",
    "Ruling",
    "answer_fingerprint",
    "applies",
    "decided",
    "read_rulings",
    "rule",
    "ruled",
    "ruled_rows",
    "ruling_notes",
    "ruling_rows",
]

RULINGS = "qwq_rulings.jsonl"

Key = tuple[str, int]

RULING_COLUMNS = ("benchmark", "subset", "id", "repeat", "outcome", "ruling", "note", "at", "applies")
RULED_COLUMNS = (
    "benchmark",
    "subset",
    "n",
    "rulings",
    "changed",
    "correct",
    "accuracy",
    "ci_low",
    "ci_high",
    "ruled_correct",
    "ruled_accuracy",
    "ruled_ci_low",
    "ruled_ci_high",
)


class Ruling(msgspec.Struct, kw_only=True):
    """Hold one row of the file."""

    model: str
    id: str
    repeat: int
    correct: bool | None
    """None takes an earlier ruling back."""
    note: str = ""
    at: str = ""
    """ISO 8601, UTC."""
    answer: str = ""
    """Hash of the text that was ruled on (`answer_fingerprint`)."""


def answer_fingerprint(completion: Completion | None) -> str:
    """Return 16 hex digits of the SHA-256 of a completion's reasoning and answer."""
    text = f"{completion.reasoning}\0{completion.answer}" if completion else ""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def rule(directory: RunDirectory, model: str, result: SampleResult, correct: bool | None, note: str = "") -> Ruling:
    """Write a ruling on `result` into the run's directory; it is durable when this returns.

    No lock is taken: a row is one write to the end of a file that only rulings use.

    Raises:
        OptionError: there is no answer yet, or `correct` is not True, False or None.
        OSError: the directory cannot be written.
    """
    if correct is not None and not isinstance(correct, bool):
        raise OptionError(f"correct must be True, False or None (which takes a ruling back), not {correct!r}.")
    if not is_answered(result.outcome) and correct is not None:
        raise OptionError(
            f"{result.sample.id} repeat {result.repeat} has no answer to rule on: it is {result.outcome}."
        )
    ruling = Ruling(
        model=model,
        id=result.sample.id,
        repeat=result.repeat,
        correct=correct,
        note=str(note),
        at=now(),
        answer=answer_fingerprint(result.completion),
    )
    # A handle of its own: the run's writer, if there is one, is another object or another process.
    writer = RunDirectory(directory.path)
    try:
        writer.append(RULINGS, msgspec.structs.asdict(ruling))
    finally:
        writer.close()
    return ruling


def read_rulings(directory: RunDirectory, model: str) -> dict[Key, Ruling]:
    """Return the rulings in force, by (sample id, repeat), in the order of ruling. Unreadable rows are skipped."""
    found: dict[Key, Ruling] = {}
    for row in directory.rows(RULINGS):
        try:
            ruling = msgspec.convert(row, Ruling)
        except UNREADABLE:
            continue
        if ruling.model != model:
            continue
        found.pop((ruling.id, ruling.repeat), None)
        if ruling.correct is not None:
            found[ruling.id, ruling.repeat] = ruling
    return found


def applies(ruling: Ruling | None, result: SampleResult) -> bool:
    """Return whether the ruling is on this result's present answer."""
    if ruling is None or not is_answered(result.outcome):
        return False
    return ruling.answer in ("", answer_fingerprint(result.completion))


def decided(results: list[SampleResult], rulings: Callable[[], Mapping[Key, Ruling]]) -> list[SampleResult]:
    """Return the results with those that await a ruling as they were ruled: they have no other verdict.

    `rulings` reads the rulings; it is called only where something awaits one.
    """
    if not any(result.outcome == "awaiting_ruling" for result in results):
        return results
    found = rulings()
    return [_decided(r, found) if r.outcome == "awaiting_ruling" else r for r in results]


def _decided(result: SampleResult, rulings: Mapping[Key, Ruling]) -> SampleResult:
    ruling = rulings.get((result.sample.id, result.repeat))
    if ruling is None or not applies(ruling, result):
        return result
    verdict = result.verdict and msgspec.structs.replace(result.verdict, score=float(bool(ruling.correct)))
    return msgspec.structs.replace(result, outcome="correct" if ruling.correct else "wrong", verdict=verdict)


def ruled(results: Iterable[SampleResult], rulings: Mapping[Key, Ruling]) -> list[SampleResult]:
    """Return the results with outcomes as ruled: True makes `correct`; False makes `wrong` of what was correct."""
    changed = []
    for result in results:
        ruling = rulings.get((result.sample.id, result.repeat))
        if ruling is not None and applies(ruling, result) and ruling.correct != (result.outcome == "correct"):
            result = _decided(result, rulings)
        changed.append(result)
    return changed


def ruling_rows(results: Iterable[SampleResult], rulings: Mapping[Key, Ruling]) -> list[dict[str, Any]]:
    """Return the rulings as dicts of RULING_COLUMNS, in the order of ruling.

    `applies` is False where the answer has changed since, or is gone.
    """
    by_key = {(r.sample.id, r.repeat): r for r in results}
    rows = []
    for key, ruling in rulings.items():
        result = by_key.get(key)
        rows.append(
            {
                "benchmark": result.sample.benchmark if result else "",
                "subset": result.sample.subset if result else "",
                "id": ruling.id,
                "repeat": ruling.repeat,
                "outcome": result.outcome if result else "",
                "ruling": "correct" if ruling.correct else "not correct",
                "note": ruling.note,
                "at": ruling.at,
                "applies": result is not None and applies(ruling, result),
            }
        )
    return rows


RowsOf = Callable[[Sequence[SampleResult]], list[SubsetRow]]


def ruled_rows(
    results: Sequence[SampleResult], rulings: Mapping[Key, Ruling], rows_of: RowsOf = tally
) -> list[dict[str, Any]]:
    """Return dicts of RULED_COLUMNS: the official accuracy (0…1) and the one with rulings, side by side.

    `rulings` counts those that apply, `changed` those of them that differ from the official verdict. Both accuracies
    are over the same answers, with the same kind of interval. `rows_of` makes the rows of results, as the run's own
    table has them. `shown` and `ruled_shown` are the scores as they are drawn.
    """
    made: dict[tuple[str, str], list[int]] = {}
    for result in results:
        ruling = rulings.get((result.sample.id, result.repeat))
        if ruling is None or not applies(ruling, result):
            continue
        for subset in {result.sample.subset, "all"}:
            pair = made.setdefault((result.sample.benchmark, subset), [0, 0])
            pair[0] += 1
            pair[1] += ruling.correct != (result.outcome == "correct")
    return [
        {
            **{name: getattr(official, name) for name in ("benchmark", "subset", "n")},
            "rulings": made.get(_subset_key(official), [0, 0])[0],
            "changed": made.get(_subset_key(official), [0, 0])[1],
            **{name: getattr(official, name) for name in ("correct", "accuracy", "ci_low", "ci_high")},
            **{"shown": row_score(official), "ruled_shown": row_score(own)},
            **{f"ruled_{name}": getattr(own, name) for name in ("correct", "accuracy", "ci_low", "ci_high")},
        }
        for official, own in zip(
            rows_of(results),
            rows_of(ruled(results, rulings)),
            strict=True,
        )
    ]


def _subset_key(row: SubsetRow) -> tuple[str, str]:
    return row.benchmark, row.subset


def ruling_notes(results: Sequence[SampleResult], rulings: Mapping[Key, Ruling], rows_of: RowsOf = tally) -> list[str]:
    """Write one sentence for each benchmark with rulings: its accuracy with them and without."""
    if not rulings:
        return []
    notes = []
    # Where there is nothing to grade against, the ruling is the verdict.
    only = {(r.sample.id, r.repeat) for r in results if r.verdict is not None and r.verdict.status in UNGRADED}
    beside = {key: ruling for key, ruling in rulings.items() if key not in only}
    if len(beside) < len(rulings):
        notes.append(f"{len(rulings) - len(beside):,} of the verdicts are your rulings: there is no other.")
    for row in ruled_rows(results, beside, rows_of):
        if row["subset"] != "all" or not row["rulings"]:
            continue
        n = row["rulings"]
        notes.append(
            f"{row['benchmark']}: with {n} ruling{'s' if n > 1 else ''} by hand {row['ruled_shown']} "
            f"instead of {row['shown']}. The table has the official verdicts; "
            f"`run.ruled_table()` has both."
        )
    return notes
