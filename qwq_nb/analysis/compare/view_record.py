"""Make what the JupyterLab view of a comparison draws (`compare.v1`): conclusion, table, and pairs with their texts.

Each run is a `run.v1` record with the samples of the pairs, so that the view draws them with the parts of a run's own
view, and reads whole texts from each run's folder.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from qwq_nb.analysis.compare.record import ComparisonRecord, PairKey
from qwq_nb.analysis.compare.scores import is_share
from qwq_nb.analysis.compare.text import table_of
from qwq_nb.core.run_record import RunRecord, SampleView
from qwq_nb.run.sample_budget import fit_samples, row_cost
from qwq_nb.view.clean import one_line
from qwq_nb.view.clip import lean

__all__ = ["COMPARE_MIME", "compare_view"]

COMPARE_MIME: Final = "application/vnd.qwq-nb.compare.v1+json"

_PAIR: Final = 180
"""Bytes that the naming of a pair takes in a notebook's file."""
_SIDE: Final = 4_000
"""Bytes of a run's record without its samples."""
_MARGIN: Final = 40
"""Bytes by which the estimate of a row may be too low: more room than rows take is never lacking."""
_ROWS_SHARE: Final = 2 / 3
"""Of the bytes, for rows without texts: what is listed can be read in the run's folder."""
_MOST_PAIRS: Final = 2_000


def compare_view(record: ComparisonRecord, notes: str, budget_bytes: int) -> dict[str, Any]:
    """Return the JSON of the view in about `budget_bytes`: texts are clipped first, then pairs are left out.

    `notes`: how the table is read. What is to be withheld is withheld in the record already.
    """
    pairs, rows_bytes = _that_fit(record, int((budget_bytes - _SIDE * len(record.runs)) * _ROWS_SHARE))
    for_texts = max(0, budget_bytes - _SIDE * len(record.runs) - len(pairs) * _PAIR - sum(rows_bytes.values()))
    heads, groups = table_of(record)
    return {
        "schema": "compare.v1",
        "demo": record.demo,
        "withheld": record.withheld,
        "warnings": [lean(one_line(c.text, 600)) for c in record.caveats[:30] if c.serious],
        "conclusions": [
            {
                "on": lean(one_line(found.on, 200)),
                "kind": found.kind,
                "headline": lean(one_line(found.headline, 600)),
                "detail": lean(one_line(found.detail, 1_000)),
            }
            for found in record.conclusions
        ],
        "notes": [
            *(lean(one_line(c.text, 600)) for c in record.caveats[:30] if not c.serious),
            *(lean(one_line(line, 400)) for line in record.coverage[:20]),
        ],
        "runs": [
            {
                "letter": card.letter,
                "name": lean(one_line(card.name, 200)),
                "title": lean(one_line(card.title, 120)),
                "model": lean(one_line(card.model, 120)),
                "note": lean(one_line(card.note, 300)),
                "record": _side(
                    record.sides.get(card.letter),
                    {key for pair in pairs for key in _keys_of(pair, card.letter)},
                    rows_bytes[card.letter] + for_texts // len(record.runs),
                ),
            }
            for card in record.runs
        ],
        "table": {
            "heads": lean(heads),
            "reading": notes,
            "groups": [
                {
                    "title": lean(group.title),
                    "rows": [
                        {
                            "benchmark": lean(row.benchmark),
                            "subset": lean(row.subset),
                            "b": row.b,
                            "cells": lean(cells),
                            # Of a score that is no share there is no common axis of percentage points.
                            "difference": lean(row.difference) if is_share(row) else None,
                            "low": lean(row.ci_low) if is_share(row) else None,
                            "high": lean(row.ci_high) if is_share(row) else None,
                            "comparable": row.comparable,
                        }
                        for row, cells in group.rows
                    ],
                }
                for group in groups
            ],
        },
        "pairs": [lean({"b": p.b, "kind": p.kind, "first": p.first, "second": p.second}) for p in pairs],
        "left": len(record.pairs) - len(pairs),
    }


def _that_fit(record: ComparisonRecord, budget_bytes: int) -> tuple[list[PairKey], dict[str, int]]:
    """Return the first pairs whose rows, without texts, take so many bytes at most, and the bytes of each run's."""
    views = {letter: {(view.id, view.repeat): view for view in side.samples} for letter, side in record.sides.items()}
    costs: dict[str, dict[tuple[str, int], int]] = {card.letter: {} for card in record.runs}
    found: list[PairKey] = []
    left = budget_bytes
    for pair in record.pairs[:_MOST_PAIRS]:
        sides = [(letter, key) for letter in ("A", pair.b) for key in _keys_of(pair, letter)]
        if any(key not in views[letter] for letter, key in sides):
            continue
        new = {(letter, key): _bare_cost(views[letter][key]) for letter, key in sides if key not in costs[letter]}
        left -= _PAIR + sum(new.values())
        if left < 0:
            break
        for (letter, key), cost in new.items():
            costs[letter][key] = cost
        found.append(pair)
    return found, {letter: sum(own.values()) for letter, own in costs.items()}


def _keys_of(pair: PairKey, letter: str) -> list[tuple[str, int]]:
    return [pair.first] if letter == "A" else [pair.second] if letter == pair.b else []


def _bare_cost(view: SampleView) -> int:
    return row_cost(replace(view, question=None, reasoning=None, answer=None), 0) + _MARGIN


def _side(record: RunRecord | None, keys: set[tuple[str, int]], budget_bytes: int) -> dict[str, Any] | None:
    if record is None:
        return None
    samples = [view for view in record.samples if (view.id, view.repeat) in keys]
    bare = replace(
        record,
        notes=[one_line(note, 600) for note in record.notes[:10]],
        in_flight=[],
        references=[],
        samples=fit_samples(samples, budget_bytes, in_html=False),
    )
    return lean(bare)  # type: ignore[no-any-return]
