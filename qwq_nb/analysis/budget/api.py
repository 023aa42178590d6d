"""Measure how much thinking is enough (`budget(run, …)`, `run.budget()`): curves over thinking tokens, and a figure."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwq_nb.analysis.budget.answers import answers_of
from qwq_nb.analysis.budget.figures import BudgetFigure
from qwq_nb.analysis.budget.forced_curve import MARGIN
from qwq_nb.analysis.budget.forced_panel import forced_part
from qwq_nb.analysis.budget.forced_plan import plan_units
from qwq_nb.analysis.budget.grid import GRIDS, Grid, budgets_between, checked_budgets
from qwq_nb.analysis.budget.measure import Measurement, stored
from qwq_nb.analysis.budget.native_probe import checked_field
from qwq_nb.analysis.budget.native_runs import NativeRuns, native_points
from qwq_nb.analysis.budget.record import BudgetPanel, budget_panel
from qwq_nb.analysis.budget.report import budget_html, budget_text
from qwq_nb.analysis.budget.tables import answer_rows, budget_rows, use_rows
from qwq_nb.core.apart import together
from qwq_nb.core.files import save_file
from qwq_nb.core.outcomes import counts
from qwq_nb.core.paths import expand_user
from qwq_nb.core.records import SampleResult
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import InterruptedWithResult, OptionError, did_you_mean, listed
from qwq_nb.evaluation.continuing.suffixes import suffix_of
from qwq_nb.run.backfill import with_analysis
from qwq_nb.run.run import Run
from qwq_nb.view.output import show_with_figure
from qwq_nb.view.page import save_page

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BudgetCurve", "BudgetInterrupted", "budget"]

MOST_RUNS = 6


class BudgetInterrupted(InterruptedWithResult):
    """Report that the user interrupted the forcing of answers; `curve` holds what there is."""

    def __init__(self, curve: BudgetCurve) -> None:
        super().__init__("the forced answers that came are kept; the same line asks for the others", curve)
        self.curve = curve


def budget(
    *runs: Run,
    forced: bool = False,
    grid: Grid = "octaves",
    budgets: str | Iterable[int] | None = None,
    endpoint: Endpoint | str | None = None,
    limit: int | None = None,
    margin: float = MARGIN,
    concurrency: int | None = None,
    native: str | None = None,
    cost: bool = False,
    show: bool = True,
    tell: Callable[[str], None] | None = None,
) -> BudgetCurve:
    """Measure by how many thinking tokens the right answer is stated, and given, from the traces of one to six runs.

    No request is made, unless answers are `forced`: each recorded reasoning is then cut at every budget, and the model
    made to answer. Runs without analysis (evalscope's own) are measured first. Forced answers are kept beside the run
    (`qwq_budget.jsonl`), shown by later calls too, and none is asked twice.

    Args:
        runs: `Run` objects; `load_run` opens them by name or path.
        forced: ask for forced answers; what it costs is said first.
        grid: budgets: octaves of 256 tokens, or half octaves.
        budgets: budgets by name instead, in thinking tokens, as "500,1000" or [500, 1000].
        endpoint: who is asked for forced answers: an endpoint, or its name. The run's own by default.
        limit: force answers to the first so many problems of each benchmark only.
        margin: percentage points that the accuracy may be below the full one in what is concluded.
        concurrency: streams at once; the run's by default.
        native: run the benchmark again at each budget, with a thinking budget of the server's own: the name of its
            field (`thinking_token_budget`), or `auto` for the first that is proved. These answers are others: they are
            not paired with the run's. The runs lie beside this one, and later calls show them too.
        cost: say what forced answers, or these runs, would cost (`.cost`), and ask for nothing.
        show: draw how far the asking is.
        tell: hears how far the measuring of traces is.

    Raises:
        OptionError: no run, more than six, one without any finished answer, or an option that is out of range.
        NoTransport: no way to put a thought before the endpoint's model could be proved.
        NoNativeBudget: no budget of the server's own could be proved.
        EndpointError: no endpoint answers any more; what came is kept.
        BudgetInterrupted: the user interrupted; a KeyboardInterrupt that carries the curve.
        WorkerError: the benchmark worker cannot start.
    """
    if not 1 <= len(runs) <= MOST_RUNS:
        raise OptionError(f"budget takes one to {MOST_RUNS} runs, not {len(runs)}.")
    for run in runs:
        if not hasattr(run, "results"):
            raise OptionError(f"budget() takes runs, not {type(run).__name__}: load_run() opens one by name or path.")
    if grid not in GRIDS:
        raise OptionError(f"--grid must be one of {', '.join(GRIDS)}, not {grid!r}.")
    for name, value in (("limit", limit), ("concurrency", concurrency)):
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            raise OptionError(f"--{name} takes a whole number from 1, not {value!r}.")
    if isinstance(margin, bool) or not isinstance(margin, (int, float)) or not 0 < margin <= 100:
        raise OptionError(f"--margin is a number of percentage points above 0, up to 100, not {margin!r}.")
    if native is not None:
        checked_field(native)
        if forced:
            raise OptionError("--forced and --native are two ways to measure: give one of them.")
    named = checked_budgets(budgets)
    found = {run: with_analysis(run, tell=tell) for run in runs}
    for run, results in found.items():
        if not any(r.completion is not None and counts(r.outcome) for r in results):
            raise OptionError(
                f"The run {run.name!r} has no answer that counts yet: there is nothing to draw a curve of."
            )
    ask = forced or (cost and native is None)
    chosen = {run: budgets_of(run, results, grid, named, fresh=ask) for run, results in found.items()}
    natives = [
        NativeRuns(run, native_budgets(chosen[run]), results, field=native, endpoint=endpoint, concurrency=concurrency)
        for run, results in found.items()
        if native is not None
    ]
    plans = [
        Measurement(run, chosen[run], results, endpoint=endpoint, limit=limit, concurrency=concurrency)
        for run, results in found.items()
        if ask
    ]
    told = "\n".join([*(plan.cost() for plan in plans), *(runs_of.cost() for runs_of in natives)])
    curve = functools.partial(BudgetCurve, found, chosen, margin=margin, limit=limit if ask else None, cost=told)
    try:
        for plan in plans if not cost else ():
            plan.measure(show=show)
        for runs_of in natives if not cost else ():
            runs_of.run(show=show)
    except KeyboardInterrupt:
        raise BudgetInterrupted(curve()) from None
    return curve()


def native_budgets(chosen: dict[str, list[int]]) -> list[int]:
    """Return the budgets of whole runs: those of all benchmarks together, without the longest reasonings themselves."""
    return sorted({budget for budgets in chosen.values() for budget in budgets[:-1]})


def budgets_of(
    run: Run, results: Iterable[SampleResult], grid: Grid, named: list[int] | None, *, fresh: bool
) -> dict[str, list[int]]:
    """Return the budgets of each benchmark; unless `fresh`, those at which answers were forced before."""
    rows = list(results)
    plans = {} if fresh or named is not None or grid != "octaves" else stored(run).plans
    chosen = {}
    for benchmark in dict.fromkeys(r.sample.benchmark for r in rows):
        own = [r for r in rows if r.sample.benchmark == benchmark and counts(r.outcome)]
        tokens = [float(r.completion.reasoning_tokens) for r in own if r.completion is not None]
        if tokens:
            before = plans[benchmark].budgets if benchmark in plans else named
            chosen[benchmark] = budgets_between(tokens, grid, before)
    return chosen


class BudgetCurve:
    """Hold budget curves: `table()` by budget, `samples()` by answer, `plot()` the figure; shown by a notebook."""

    def __init__(
        self,
        found: dict[Run, list[SampleResult]],
        budgets: dict[Run, dict[str, list[int]]],
        *,
        margin: float = MARGIN,
        limit: int | None = None,
        cost: str = "",
    ) -> None:
        self.cost = cost
        """What forced answers cost, in words; empty where none were asked for."""
        self._panels = [
            panel
            for run, results in found.items()
            for panel in _panels_of(run, results, budgets[run], margin=margin, limit=limit)
        ]

    @property
    def panels(self) -> list[BudgetPanel]:
        """Return what is drawn: a `BudgetPanel` a run and benchmark."""
        return self._panels

    def table(self) -> pd.DataFrame:
        """Return a DataFrame with a row a budget, of each run and benchmark. Shares are 0…1.

        `budget`: thinking tokens. `accuracy`, `ci_low`, `ci_high`: of answers forced at the budget, empty where none
        was; over `forced_n` answers. `stands`: share of all answers whose right answer is stated by then; `ended`:
        whose reasoning has ended;
        `ended_right`: ended and right; `n`: answers. `difference`: of forced answers and the run's own verdicts,
        paired, with its p-value `p`; `settled`: share of answers that need no more tokens than the budget;
        `share_of_tokens`: tokens that are spent with the budget, of all. `native`, `native_n`, `native_tokens`: the
        accuracy of a whole run with this budget of the server's own, its answers, and their mean thinking tokens; empty
        where there is none, or where the server did not keep to it. `_low` and `_high` are the ends of 95 % intervals.
        """
        import pandas as pd

        return pd.DataFrame(budget_rows(self._panels))

    def use(self) -> pd.DataFrame:
        """Return a DataFrame with a row a run and benchmark: what its thinking tokens went into.

        Columns as in `qwq_nb.analysis.budget.curve.ThinkingUse`; `_low` and `_high` are the ends of 95 % intervals.
        """
        import pandas as pd

        return pd.DataFrame(use_rows(self._panels))

    def samples(self) -> pd.DataFrame:
        """Return a DataFrame with a row an answer: its tokens, and by how many the right answer was stated.

        `needed_tokens`: the first budget from which a forced answer is right and stays so; empty where none was forced.
        `stated_at`: the character of the reasoning where the statement ends.
        """
        import pandas as pd

        return pd.DataFrame(answer_rows(self._panels))

    def plot(self, benchmark: str | None = None) -> BudgetFigure:
        """Draw the curves of one benchmark, a panel a run. Of several benchmarks: the first.

        Raises:
            OptionError: no run has that benchmark.
        """
        there = list(dict.fromkeys(panel.benchmark for panel in self._panels))
        if benchmark is not None and benchmark not in there:
            raise OptionError(f"No run here has {benchmark!r}.{did_you_mean(benchmark, there)}")
        chosen = benchmark or there[0]
        demo = "DEMO (says nothing of any model): " if any(panel.demo for panel in self._panels) else ""
        shown = [panel for panel in self._panels if panel.benchmark == chosen]
        return BudgetFigure(
            f"{demo}How much thinking is enough on {chosen}", shown, html=budget_html(shown), text=budget_text(shown)
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the table (`.csv`), a page (`.html`, `.htm`), or the text (any other ending).

        Raises:
            UserError: the file cannot be written there.
        """
        file = expand_user(path)
        if file.suffix.lower() == ".csv":
            return save_file(file, self.table().to_csv(index=False))
        return save_page(path, str(self).splitlines()[0], lambda: self.html, lambda: str(self))

    @property
    def claims(self) -> list[str]:
        """Return what may be concluded from forced answers, one sentence a panel that has them."""
        return [s for panel in self._panels if panel.forced is not None for s in panel.forced.sentences]

    @property
    def html(self) -> str:
        """Return the tables as html."""
        return budget_html(self._panels)

    def __str__(self) -> str:
        return budget_text(self._panels)

    def __repr__(self) -> str:
        return f"<BudgetCurve of {listed(dict.fromkeys(panel.run for panel in self._panels))}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/html": self.html, "text/plain": str(self)}

    def _ipython_display_(self) -> None:
        """The tables, and below them the figure."""
        show_with_figure(self._repr_mimebundle_(), self.plot())


def _panels_of(
    run: Run, results: list[SampleResult], budgets: dict[str, list[int]], *, margin: float, limit: int | None
) -> list[BudgetPanel]:
    """Make the panels of a run, one a benchmark of which there is an answer."""
    kept = stored(run)
    panels = []
    for benchmark, own_budgets in budgets.items():
        points, problems = native_points(run, benchmark, kept.natives)
        shown = sorted({*own_budgets, *(p.budget for p in points if p.budget < own_budgets[-1])})
        own = together((r for r in results if r.sample.benchmark == benchmark), lambda result: result.sample)
        suffix = suffix_of(own)
        part = None
        if suffix is not None and benchmark in kept.plans:
            most = kept.plans[benchmark].limit if limit is None else limit
            plan = plan_units(own, own_budgets, suffix.max_tokens, most)
            part = forced_part(own, answers_of(own), plan, kept, suffix, own_budgets, margin)
        panels.append(
            budget_panel(
                own,
                run=run.name,
                model=run.model,
                benchmark=benchmark,
                demo=run.demo,
                run_dir=run.directory.display_path,
                budgets=shown,
                forced=part,
                native=points,
                native_problems=problems,
            )
        )
    return panels
