"""Compare two to six runs on the same problems, paired, and state what can be concluded (`compare(run, other)`)."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwq_nb.analysis.compare.conclusion import contrast_conclusion
from qwq_nb.analysis.compare.contrasts import COLUMNS, ComparisonRow, adjust, comparison_rows, contrast
from qwq_nb.analysis.compare.frontier import points
from qwq_nb.analysis.compare.inputs import (
    FLIP_COLUMNS,
    doubts,
    drawn,
    flip_row,
    has_game,
    listed_pairs,
    pair_keys,
    role_notes,
    run_note,
    run_prices,
    side_records,
    token_notes,
)
from qwq_nb.analysis.compare.record import ComparisonRecord, Conclusion, Flip, RunCard
from qwq_nb.analysis.compare.reference_scores import REFERENCE_COLUMNS, reference_rows
from qwq_nb.analysis.compare.side_by_side import SideBySide
from qwq_nb.analysis.compare.titles import run_titles
from qwq_nb.core.pairing import Pair, Pairing, pair_up
from qwq_nb.errors import OptionError, did_you_mean, listed
from qwq_nb.run.comparability import Caveat, bars, caveats, coverage, of_each
from qwq_nb.run.facts import facts_of, same_plan
from qwq_nb.run.token_limit import truncation
from qwq_nb.store.request import SEED
from qwq_nb.view.page import save_page
from qwq_nb.view.wording import UNKNOWN

if TYPE_CHECKING:
    import pandas as pd

    from qwq_nb.analysis.compare.blind import Blind
    from qwq_nb.run.run import Run
    from qwq_nb.view.figures import ChartFigure

__all__ = ["Comparison", "SideBySide", "compare", "compare_reference"]

LETTERS = "ABCDEF"
KINDS = ("lost", "gained")


def compare(*runs: Run, reveal: bool = False, prices: Mapping[str, tuple[float, float]] | None = None) -> Comparison:
    """Compare two to six runs on the problems that they share; each further one is compared with the first.

    `reveal` shows texts that are withheld by default (GPQA's). `prices`: (prompt, completion) of a million tokens, by
    model or by run name; where an endpoint has prices, they need not be given.

    Raises:
        OptionError: fewer than two runs, more than six, or something that is no run.
    """
    if not 2 <= len(runs) <= len(LETTERS):
        raise OptionError(f"compare() takes two to {len(LETTERS)} runs, not {len(runs)}.")
    for run in runs:
        if not hasattr(run, "results"):
            raise OptionError(f"compare() takes runs, not {type(run).__name__}: load_run() opens one by name or path.")
    return Comparison(runs, reveal=reveal, prices=prices)


def compare_reference(run: Run, name: str) -> pd.DataFrame:
    """Return a run's rows beside the published scores of the model `name`; see `reference_scores.reference_rows`.

    Raises:
        OptionError: nothing is published of that model on the run's benchmarks.
    """
    import pandas as pd

    request = run.manifest.request
    rows = reference_rows(run.rows(), name, whole=request.selection.whole)
    if request.demo:
        rows = [{**row, "conclusion": "demo: says nothing"} for row in rows]
    return pd.DataFrame(rows, columns=list(REFERENCE_COLUMNS))


class Comparison:
    """Hold runs compared with the first of them, as they stood when it was made. A is the first run, B the second.

    `table()` has a row a subset and then `all`, for each run against A; `flips()` the answers that only one of two
    has right; `flip(id)` both sides of one; `conclusion()` states in words what can be concluded.
    """

    def __init__(
        self, runs: Sequence[Run], *, reveal: bool = False, prices: Mapping[str, tuple[float, float]] | None = None
    ) -> None:
        self.runs = dict(zip(LETTERS, runs, strict=False))
        self.revealed = reveal
        self._given_prices = prices
        self._results = {letter: run.results() for letter, run in self.runs.items()}
        self._names = run_titles(self.runs)
        self._facts = {
            letter: facts_of(self._names[letter], run, self._results[letter]) for letter, run in self.runs.items()
        }
        self._prices = {letter: run_prices(run, prices or {}) for letter, run in self.runs.items()}
        self._tables = {letter: run.rows() for letter, run in self.runs.items()}
        totals = {letter: [r for r in rows if r.subset == "all"] for letter, rows in self._tables.items()}
        scores = {letter: {r.benchmark: r.score for r in rows} for letter, rows in totals.items()}
        metrics = {r.benchmark: r.metric for rows in totals.values() for r in rows if r.metric}
        first = self._facts["A"]
        self._pairings: dict[str, list[Pairing]] = {
            letter: pair_up(self._results["A"], self._results[letter], functools.partial(same_plan, first, facts))
            for letter, facts in self._facts.items()
            if letter != "A"
        }
        self._between = {letter: caveats(first, self._facts[letter], p) for letter, p in self._pairings.items()}
        self._contrasts = [
            contrast(
                pairing,
                "A",
                letter,
                self._results["A"],
                self._results[letter],
                (self._prices["A"], self._prices[letter]),
                bars(self._between[letter], pairing.benchmark),
                (scores["A"].get(pairing.benchmark), scores[letter].get(pairing.benchmark)),
                metrics.get(pairing.benchmark, ""),
            )
            for letter, pairings in self._pairings.items()
            for pairing in pairings
        ]
        adjust(self._contrasts)

    # -- numbers -------------------------------------------------------------------------------------------------

    def rows(self) -> list[ComparisonRow]:
        """Return the rows of `table()` as structs."""
        return [row for found in self._contrasts for row in found.rows]

    def table(self) -> pd.DataFrame:
        """Return a DataFrame with a row a subset and then `all`, for each benchmark and each run against A.

        Columns as in `contrasts.ComparisonRow`. Shares are 0…1; p-values of subsets are exploratory.
        """
        import pandas as pd

        return pd.DataFrame(comparison_rows(self.rows()), columns=list(COLUMNS))

    @property
    def p_value(self) -> float | None:
        """Return the p-value of B against A over all of the first benchmark that they share; None if they share none.

        Not adjusted for several comparisons. Where the runs are not comparable (`ComparisonRow.comparable`) it says
        nothing about the models.
        """
        return next((found.whole.p_value for found in self._contrasts if found.whole.pairs), None)

    # -- words ---------------------------------------------------------------------------------------------------

    @property
    def caveats(self) -> list[Caveat]:
        """Return what else differs between the runs, or is not known; the serious ones first."""
        found = of_each(self._facts.values())
        for between in self._between.values():
            found += between
        return sorted(dict.fromkeys(found), key=lambda caveat: not caveat.serious)

    @property
    def warnings(self) -> list[str]:
        """Return the `caveats` as sentences."""
        return [caveat.text for caveat in self.caveats]

    @property
    def conclusions(self) -> list[Conclusion]:
        """Return the conclusion for each benchmark and each run against A, in its parts."""
        family = sum(row.p_holm is not None for row in self.rows())
        shared = [found for found in self._contrasts if found.whole.pairs] or self._contrasts
        return [contrast_conclusion(found, self._names, family) for found in shared]

    @property
    def sentences(self) -> list[str]:
        """Return the conclusion for each benchmark and each run against A, a paragraph each."""
        said = [found.sentence for found in self.conclusions]
        if not any(facts.demo for facts in self._facts.values()):
            return said
        return [f"DEMO: {sentence} These are demos: that says nothing about any model." for sentence in said]

    @property
    def sentence(self) -> str:
        """Return the first of `sentences`: B against A on the first benchmark that they share."""
        return self.sentences[0]

    def conclusion(self) -> str:
        """Return the caveats, then the conclusions, each on a line."""
        return "\n".join([*self.warnings, *self.sentences])

    # -- flips ---------------------------------------------------------------------------------------------------

    def flips(self, kind: str | None = None) -> pd.DataFrame:
        """Return the answers that are right in one run and not in the other; columns as in `FLIP_COLUMNS`.

        `kind`: `lost` (A is right, the other is not), `gained` (the reverse), or both.

        Raises:
            OptionError: another kind.
        """
        import pandas as pd

        if kind not in (None, *KINDS):
            raise OptionError(f"flips are 'lost' or 'gained', not {kind!r}.{did_you_mean(str(kind), KINDS)}")
        rows = [flip_row(flip) for flip in self.record.flips if kind in (None, flip.kind)]
        return pd.DataFrame(rows, columns=list(FLIP_COLUMNS))

    def flip(self, id: str, repeat: int = 0, run: str = "B") -> SideBySide:
        """Return both sides of one sample: A's answer and that of `run`, whether they differ or not.

        Raises:
            OptionError: no such sample in both runs, or no such run.
        """
        if run not in self._pairings:
            raise OptionError(f"The runs to hold against A are {listed(self._pairings)}, not {run!r}.")
        pairs = [p for pairing in self._pairings[run] for p in (*pairing.pairs, *pairing.unanswered)]
        wanted = str(id)
        named = [p for p in pairs if wanted in (p.a.sample.id, p.a.sample.source_id, p.b.sample.id)]
        found = next((p for p in named if p.a.repeat == repeat), None)
        if found is None:
            if named:
                raise OptionError(f"Sample {wanted!r} has no repeat {repeat} in both A and {run}.")
            hint = did_you_mean(wanted, [p.a.sample.id for p in pairs], many="flips() lists those that differ.")
            raise OptionError(f"A and {run} have no sample {wanted!r} in common.{hint}")
        return SideBySide(self._drawn([found], run)[0], self._cards())

    def blind(self, seed: int = SEED) -> Blind:
        """Return the pairs of two runs' answers in an order that hides whose they are, to be ruled on one by one.

        Raises:
            OptionError: there are more than two runs, or `seed` is no whole number.
        """
        from qwq_nb.analysis.compare.blind import Blind

        if len(self.runs) != 2:
            raise OptionError(f"A blind comparison is between two runs, not {len(self.runs)}.")
        if not isinstance(seed, int) or isinstance(seed, bool):
            raise OptionError(f"seed takes a whole number, not {seed!r}.")
        pairs = [pair for pairing in self._pairings["B"] for pair in (*pairing.pairs, *pairing.unanswered)]
        return Blind(list(self.runs.values()), pairs, seed=seed, reveal=self.revealed)

    def _drawn(self, pairs: Sequence[Pair], letter: str) -> list[Flip]:
        return drawn(pairs, ("A", self.runs["A"]), (letter, self.runs[letter]), reveal=self.revealed)

    # -- views ---------------------------------------------------------------------------------------------------

    @functools.cached_property
    def record(self) -> ComparisonRecord:
        """Return the comparison as it is drawn."""
        flips = []
        for letter, pairings in self._pairings.items():
            flips += self._drawn([p for pairing in pairings for p in pairing.pairs if p.flip], letter)
        games = []
        for letter, pairings in self._pairings.items():
            played = [p for pairing in pairings for p in (*pairing.pairs, *pairing.unanswered) if has_game(p)]
            games += self._drawn(played, letter) if played else []
        names, first = self._names, self._names["A"]
        pairs = listed_pairs(self._pairings)
        return ComparisonRecord(
            runs=self._cards(),
            caveats=self.caveats,
            coverage=[
                *(line for b, pairings in self._pairings.items() for line in coverage(first, names[b], pairings)),
                *(line for b, pairings in self._pairings.items() for line in truncation(first, names[b], pairings)),
                *token_notes(self.rows(), names),
                *role_notes({names[letter]: results for letter, results in self._results.items()}),
                *doubts(flips),
            ],
            conclusions=self.conclusions,
            rows=self.rows(),
            flips=flips,
            games=games,
            points=points(self._results, self._pairings, self._prices),
            pairs=pair_keys(pairs),
            sides=side_records(self.runs, pairs, reveal=self.revealed),
            demo=any(facts.demo for facts in self._facts.values()),
            withheld=any(flip.first.question is None or flip.second.question is None for flip in flips),
        )

    def _cards(self) -> list[RunCard]:
        return [
            RunCard(
                letter=letter,
                name=facts.name,
                model=facts.model,
                title=self._names[letter],
                note=run_note(facts, self._tables[letter]),
            )
            for letter, facts in self._facts.items()
        ]

    def plot(self, kind: str | None = None) -> ChartFigure:
        """Draw a plotly figure: `frontier` (accuracy against tokens, or against cost), `differences`, or both.

        Raises:
            OptionError: another kind.
        """
        from qwq_nb.analysis.compare.figures import compare_figure

        return compare_figure(self.record, kind)

    def against(self, reference: str) -> pd.DataFrame:
        """Return every run beside the published scores of a model, the run's letter first; see `compare_reference`.

        Raises:
            OptionError: nothing is published of that model on a run's benchmarks.
        """
        import pandas as pd

        tables = []
        for letter, run in self.runs.items():
            table = compare_reference(run, reference)
            table.insert(0, "run", letter)
            tables.append(table)
        return pd.concat(tables, ignore_index=True)

    @property
    def text(self) -> str:
        """Return the comparison as plain text."""
        from qwq_nb.analysis.compare.text import render_comparison_text

        return render_comparison_text(self.record)

    @property
    def html(self) -> str:
        """Return the comparison as html."""
        from qwq_nb.analysis.compare.html import comparison_bundle

        return str(comparison_bundle(self.record)["text/html"])

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it as a page (`.html`, `.htm`) or as text (any other ending).

        Raises:
            UserError: the file cannot be written there.
        """
        return save_page(path, f"Comparison of {listed(self._names.values())}", lambda: self.html, lambda: self.text)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        names = listed(self._names.values())
        whole = next((found.whole for found in self._contrasts if found.whole.pairs), None)
        if whole is not None and not whole.comparable:
            return f"<Comparison of {names}: not comparable>"
        p = self.p_value
        return f"<Comparison of {names}: p = {UNKNOWN if p is None else format(p, '.3g')}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from qwq_nb.analysis.compare.html import comparison_bundle

        return comparison_bundle(self.record)

    def _ipython_display_(self) -> None:
        """The tables and flips, and below them accuracy against what it took."""
        from qwq_nb.view.output import show_with_figure

        figure = self.plot("frontier") if self.record.points else None
        show_with_figure(self._repr_mimebundle_(), figure, repeats=False, subject=self)

    def after_ruling(self, run_dir: str) -> dict[str, Any] | None:
        """Return its bundle as it is after a ruling on the run in that folder; None if it is of others."""
        if run_dir not in [run.directory.display_path for run in self.runs.values()]:
            return None
        anew = Comparison(list(self.runs.values()), reveal=self.revealed, prices=self._given_prices)
        return anew._repr_mimebundle_()
