"""Show how far two parties agree on a run's answers (`run.agreement()`): counts, κ, and what they differ on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwq_nb.analysis.judge.opened import opened_html, opened_text
from qwq_nb.analysis.judge.sides import READER, Held, held, named_sides
from qwq_nb.run.run import Run
from qwq_nb.run.withhold import WITHHELD
from qwq_nb.view.html import esc
from qwq_nb.view.page import save_page
from qwq_nb.view.tables import demo_frame, demo_line, html_table, text_table
from qwq_nb.view.wording import is_known, number, percent

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Agreement", "agreement", "agreement_sentence"]

_WORDS = ("correct", "not correct")
_READING = (
    "κ (Cohen 1960): 1 where both always say the same, 0 where they agree as often as chance would have it. 95 % "
    "interval by Fleiss, Cohen and Everitt (1969); where all verdicts agree, its lower end by Donner and Eliasziw "
    "(1992)."
)


def agreement(run: Run, judge: str | None = None, against: str = READER) -> Agreement:
    """Return how far a judge agrees with your rulings, with the grader, or with another judge.

    Args:
        run: a run with verdicts of a judge.
        judge: its model, endpoint or rubric; None: the one asked last.
        against: `reader` (your rulings), `grader`, or another judge.

    Raises:
        OptionError: no judge has decided anything in this run, or none of that name.
    """
    first, second, results = named_sides(run, judge, against)
    return Agreement(held(first, second, results), hidden=run.withheld, demo=run.demo, repeats=_repeats(run))


class Agreement:
    """Hold the agreement of two parties: `kappa` with `ci_low` and `ci_high`, `table`, and `disagreements()`."""

    def __init__(self, held: Held, *, hidden: list[str], demo: bool = False, repeats: int = 1) -> None:
        """`hidden`: benchmarks whose texts are not shown."""
        self._held = held
        self._hidden = hidden
        self._demo = demo
        self._repeats = repeats

    @property
    def kappa(self) -> float:
        """Return Cohen's κ; NaN where it is not defined, and `why` says why."""
        return self._held.kappa.value

    @property
    def ci_low(self) -> float:
        """Return the lower end of its 95 % interval."""
        return self._held.kappa.low

    @property
    def ci_high(self) -> float:
        """Return the upper end of its 95 % interval."""
        return self._held.kappa.high

    @property
    def why(self) -> str:
        """Return why κ, or its interval, is not defined; empty where it is."""
        return self._held.kappa.why

    @property
    def n(self) -> int:
        """Return the number of answers on which both have a verdict."""
        return self._held.kappa.n

    @property
    def agreed(self) -> int:
        """Return on how many of them they say the same."""
        return self._held.kappa.agreed

    @property
    def table(self) -> pd.DataFrame:
        """Return the 2×2 counts as a DataFrame: rows the reader's (or other) verdict, columns the judge's."""
        import pandas as pd

        both, first, second, neither = self._held.counts
        frame = pd.DataFrame([[both, first], [second, neither]], index=list(_WORDS), columns=list(_WORDS))
        frame.index.name, frame.columns.name = self._held.first.name, self._held.second.name
        return frame

    def disagreements(self) -> pd.DataFrame:
        """Return a DataFrame with a row an answer on which they differ: both verdicts and their reasons."""
        import pandas as pd

        rows = []
        for result in self._held.differing:
            is_hidden = result.sample.benchmark in self._hidden
            key = result.sample.id, result.repeat
            first, second = self._held.first.opinions[key], self._held.second.opinions[key]
            rows.append(
                {
                    "benchmark": result.sample.benchmark,
                    "id": key[0],
                    "repeat": key[1],
                    "first": _WORDS[not first.correct],
                    "first_why": WITHHELD if is_hidden else first.why,
                    "second": _WORDS[not second.correct],
                    "second_why": WITHHELD if is_hidden else second.why,
                }
            )
        columns = ["benchmark", "id", "repeat", "first", "first_why", "second", "second_why"]
        return pd.DataFrame(rows, columns=columns)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a page (`.html`, `.htm`), or the text (any other ending).

        Raises:
            UserError: the file cannot be written there.
        """
        return save_page(path, agreement_sentence(self._held), lambda: self.html, lambda: str(self))

    @property
    def html(self) -> str:
        """Return the counts, κ, and the disagreements opened side by side, as html."""
        parts = [demo_frame()] if self._demo else []
        parts.append(f"<p><strong>{esc(agreement_sentence(self._held))}</strong></p>\n")
        if self.n:
            parts.append(html_table("Answers by both verdicts", self._heads(), self._rows()))
        parts.append(opened_html(self._held, self._hidden))
        parts.append(f"<p><small>{esc(self._reading())}</small></p>\n")
        return f"<div>{''.join(parts)}</div>"

    def __str__(self) -> str:
        lines = [demo_line()] if self._demo else []
        lines.append(agreement_sentence(self._held))
        if self.n:
            lines += ["", *text_table(self._heads(), self._rows())]
        return "\n".join([*lines, *opened_text(self._held, self._hidden), "", self._reading()])

    def __repr__(self) -> str:
        return f"<Agreement: {agreement_sentence(self._held)}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/html": self.html, "text/plain": str(self)}

    def _heads(self) -> list[str]:
        return [f"{self._held.first.name} \\ {self._held.second.name}", *_WORDS]

    def _rows(self) -> list[list[str]]:
        both, first, second, neither = self._held.counts
        return [[_WORDS[0], f"{both:,}", f"{first:,}"], [_WORDS[1], f"{second:,}", f"{neither:,}"]]

    def _reading(self) -> str:
        repeated = " Repeats of one problem count singly." if self._repeats > 1 else ""
        return f"{_READING}{repeated}"


def agreement_sentence(held: Held) -> str:
    """Say in one sentence how far two parties agree."""
    kappa = held.kappa
    who = f"{held.second.name} and {held.first.name}"
    if not kappa.n:
        hint = " run.rule(id, True or False) rules on an answer." if held.first.name == "your rulings" else ""
        return f"{who[:1].upper()}{who[1:]}: {kappa.why}, so there is no agreement to measure.{hint}"
    said = f"{who[:1].upper()}{who[1:]} agree on {kappa.agreed:,} of {kappa.n:,} ({percent(kappa.agreed / kappa.n)})"
    if not is_known(kappa.value):
        return f"{said}; Cohen's κ is not defined: {kappa.why}."
    if not is_known(kappa.low):
        return f"{said}; Cohen's κ {_kappa(kappa.value)}: {kappa.why}."
    return f"{said}; Cohen's κ {_kappa(kappa.value)}, 95 % interval {_kappa(kappa.low)} … {_kappa(kappa.high)}."


def _kappa(value: float) -> str:
    return number(value, 2)


def _repeats(run: Run) -> int:
    return run.manifest.request.selection.repeats
