"""Decide whether run B is worse than run A by more than a margin: `gate(a, b, margin=1)` → GO, NO-GO, INCONCLUSIVE."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from qwq_nb.analysis.gate.decision import (
    DECISIONS,
    POOLED,
    Decision,
    GateRow,
    IntervalOf,
    interval_at_every_look,
    overall,
    row_of,
)
from qwq_nb.analysis.gate.options import MARGIN, checked_margin
from qwq_nb.analysis.gate.report import GateRecord, gate_html, gate_text
from qwq_nb.core.apart import together
from qwq_nb.core.graded_metrics import graded_metrics
from qwq_nb.core.paired import difference_interval
from qwq_nb.core.pairing import Pair, Pairing, by_problem, pair_up
from qwq_nb.errors import OptionError
from qwq_nb.run.comparability import bars, caveats, coverage, of_each
from qwq_nb.run.facts import facts_of, same_plan
from qwq_nb.run.token_limit import truncation
from qwq_nb.view.page import save_page

if TYPE_CHECKING:
    import pandas as pd

    from qwq_nb.run.run import Run

__all__ = ["Gate", "gate"]


def gate(a: Run, b: Run, margin: float = MARGIN) -> Gate:
    """Decide whether run `b` is worse than run `a` by more than `margin` percentage points, on the same problems.

    `a` is the run that is known (the full model, the old server), `b` the one that shall take its place.

    Raises:
        OptionError: something that is no run, or a margin that is no number from 0 to 100.
    """
    for run in (a, b):
        if not hasattr(run, "results"):
            raise OptionError(f"gate() takes runs, not {type(run).__name__}: load_run() opens one by name or path.")
    return Gate(a, b, checked_margin(margin))


class Gate:
    """Hold the decision whether run B may take the place of run A, as both stood when it was made.

    `decision` is `GO`, `NO-GO` or `INCONCLUSIVE`; `table()` has a row a benchmark and then one for all pairs together.
    """

    def __init__(self, a: Run, b: Run, margin: float, *, raced: bool = False) -> None:
        """`raced`: it was looked at while the runs went on, so the intervals are those that hold at every look."""
        self.a = a
        self.b = b
        self.margin = margin
        first, second = a.results(), b.results()
        facts_a, facts_b = facts_of("A", a, first), facts_of("B", b, second)
        pairings = [_mixed(p) for p in pair_up(first, second, functools.partial(same_plan, facts_a, facts_b))]
        # A benchmark that only one of the runs has is said in `coverage`, and not decided on.
        shared = [p for p in pairings if p.pairs or p.unanswered] or pairings
        found = caveats(facts_a, facts_b, pairings)
        metrics = graded_metrics([*first, *second])
        barred = {p.benchmark: [*bars(found, p.benchmark), *_of_degree(metrics.get(p.benchmark, ""))] for p in shared}
        interval = interval_at_every_look if raced else difference_interval
        rows = [_row(p, margin, barred[p.benchmark], interval) for p in shared]
        pooled = [pair for p in shared if not barred[p.benchmark] for pair in p.pairs]
        rows.append(_pooled(rows, pooled, margin, interval))
        decision, reason = overall(rows, [by_problem(p.pairs) for p in shared], interval)
        self.record = GateRecord(
            decision=decision,
            reason=reason,
            margin=margin,
            names=(_name("A", a, b), _name("B", b, a)),
            runs=(a.name, b.name),
            caveats=sorted([*of_each([facts_a, facts_b]), *found], key=lambda caveat: not caveat.serious),
            notes=[*coverage("A", "B", pairings), *truncation("A", "B", pairings)],
            rows=rows,
            demo=facts_a.demo or facts_b.demo,
            raced=raced,
        )

    @property
    def decision(self) -> Decision:
        """Return `GO`, `NO-GO` or `INCONCLUSIVE`, for all benchmarks together."""
        return self.record.decision

    @property
    def exit_code(self) -> int:
        """Return 0 for GO, 1 for NO-GO, 2 for INCONCLUSIVE, as `python -m qwq_nb gate --strict` exits."""
        return DECISIONS.index(self.decision)

    @property
    def warnings(self) -> list[str]:
        """Return what else differs between the runs, or is not known, as sentences; the serious ones first."""
        return [caveat.text for caveat in self.record.caveats]

    @property
    def sentence(self) -> str:
        """Return the decision in words."""
        return self.record.sentence

    def rows(self) -> list[GateRow]:
        """Return the rows of `table()` as structs."""
        return self.record.rows

    def table(self) -> pd.DataFrame:
        """Return a DataFrame with a row a benchmark and then one for all pairs together (`pooled`).

        Columns as in `decision.GateRow`. Shares are 0…1; the margin is in percentage points.
        """
        import pandas as pd

        rows = [msgspec.structs.asdict(row) for row in self.rows()]
        return pd.DataFrame(rows, columns=list(GateRow.__struct_fields__))

    @property
    def text(self) -> str:
        """Return the decision and its numbers as plain text."""
        return gate_text(self.record)

    @property
    def html(self) -> str:
        """Return the decision and its numbers as html."""
        return gate_html(self.record)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it as a page (`.html`, `.htm`) or as text (any other ending).

        Raises:
            UserError: the file cannot be written there.
        """
        return save_page(path, self.record.title, lambda: self.html, lambda: self.text)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Gate: {self.decision}, {self.record.title}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/html": self.html, "text/plain": self.text}


def _mixed(pairing: Pairing) -> Pairing:
    """Return a pairing without the pairs of subsets that stand apart: they are no part of an accuracy."""
    pairs, unanswered = (together(p, lambda pair: pair.a.sample) for p in (pairing.pairs, pairing.unanswered))
    return msgspec.structs.replace(pairing, pairs=pairs, unanswered=unanswered)


def _row(pairing: Pairing, margin: float, reasons: list[str], interval: IntervalOf) -> GateRow:
    problems = by_problem(pairing.pairs)
    row = row_of(pairing.benchmark, problems, _right(pairing.pairs), margin, bars=reasons, interval=interval)
    if row.decision != "GO":
        return row
    failed = [pair for pair in pairing.unanswered if pair.b.outcome == "error"]
    given = [*pairing.pairs, *(Pair(pair.a, msgspec.structs.replace(pair.b, outcome="wrong")) for pair in failed)]
    worst = row_of(pairing.benchmark, by_problem(given), _right(given), margin, interval=interval)
    if worst.decision == "GO":
        return row
    reason = f"{len(failed):,} answers of B failed and are left out; counted as wrong, they would change the decision"
    return msgspec.structs.replace(row, decision="INCONCLUSIVE", reason=reason)


def _pooled(rows: list[GateRow], pairs: list[Pair], margin: float, interval: IntervalOf) -> GateRow:
    """One benchmark is its own pool; of several, all pairs that may be compared are pooled."""
    if len(rows) == 1:
        return msgspec.structs.replace(rows[0], benchmark=POOLED)
    return row_of(POOLED, by_problem(pairs), _right(pairs), margin, interval=interval)


def _of_degree(metric: str) -> list[str]:
    """Return why nothing is decided on a benchmark whose score is not 0 or 1; empty for the others."""
    if not metric:
        return []
    return [f"its score ({metric}) is not right or wrong, and the margin is one of accuracies: see compare()"]


def _right(pairs: list[Pair]) -> tuple[int, int]:
    return sum(p.a.outcome == "correct" for p in pairs), sum(p.b.outcome == "correct" for p in pairs)


def _name(letter: str, run: Run, other: Run) -> str:
    """`B (QwQ-32B-AWQ)`: by model, or by run where models are the same."""
    models = run.manifest.request.endpoint.model, other.manifest.request.endpoint.model
    name = run.name if models[0] == models[1] else models[0]
    return f"{letter} ({name if len(name) <= 60 else f'{name[:59]}…'})"
