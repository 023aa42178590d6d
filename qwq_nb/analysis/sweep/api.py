"""Evaluate one benchmark line over a grid of settings (`sweep(…) -> Sweep`): a run a setting, the same problems.

The runs follow one another, so that none takes streams from another and latencies can be compared. Each has its own
run directory: the same call again redoes nothing that is finished.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from qwq_nb.analysis.sweep.calls import call_of, checked_calls
from qwq_nb.analysis.sweep.grid import SWEEP, checked_grid, grid_of, settings_of
from qwq_nb.analysis.sweep.limits import other_limit
from qwq_nb.analysis.sweep.pairs import PAIRS
from qwq_nb.analysis.sweep.report import SweepPicture, sweep_html, sweep_progress_line, sweep_text
from qwq_nb.analysis.sweep.settings import (
    SettingRow,
    caveat,
    finished,
    leader,
    sweep_conclusion,
    with_numbers,
    with_p_values,
)
from qwq_nb.bench.catalog import is_withheld
from qwq_nb.core.event_loop import future_result
from qwq_nb.core.records import SampleResult
from qwq_nb.core.turn_counts import CODE_EDITING
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import InterruptedWithResult, OptionError, QwqError, UserError
from qwq_nb.evaluation.begin import begin
from qwq_nb.evaluation.control import STOP_WITHIN_S, Control
from qwq_nb.run.board.rows import board_rows
from qwq_nb.run.run import Run
from qwq_nb.view.clean import one_line
from qwq_nb.view.output import Output, Picture, show_picture
from qwq_nb.view.wording import percent

if TYPE_CHECKING:
    import pandas as pd
    from typing_extensions import Unpack

    from qwq_nb.evaluation.options import EvalOptions
    from qwq_nb.run.board.frame import Board
    from qwq_nb.view.figures import ChartFigure

__all__ = ["SWEEP", "Best", "Sweep", "SweepInterrupted", "grid_of", "sweep"]


class SweepInterrupted(InterruptedWithResult):
    """Report that the user interrupted a sweep. What is finished is kept; `sweep` is what there is."""

    def __init__(self, made: Sweep) -> None:
        done = len(finished(made.rows()))
        super().__init__(
            f"the sweep stopped after {done} of {len(made.settings)} settings; to go on: {made.command}", made
        )
        self.sweep = made


class Best(msgspec.Struct, kw_only=True, frozen=True):
    """Hold the setting of the highest accuracy, and what must be said with it."""

    values: dict[str, Any]
    row: SettingRow
    run: Any
    caveat: str

    def __str__(self) -> str:
        share = percent(self.row.accuracy)
        return f"{self.row.label}: accuracy {share}. {self.caveat}"

    __repr__ = __str__


class Setting:
    """Hold one setting: its values, and its run once its turn has come."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self.run: Run | None = None
        self.row = SettingRow(values={axis: v.name if isinstance(v, Endpoint) else v for axis, v in values.items()})

    def refresh(self, state: str, problem: str = "") -> None:
        """Take the numbers anew from the run."""
        bare = msgspec.structs.replace(self.row, state=state, problem=problem)
        if self.run is not None:
            bare = with_numbers(msgspec.structs.replace(bare, run=self.run.name), self.run.results(), self.run.rows())
        self.row = bare


class Sweep:
    """Represent a sweep: a run for each setting, `table()` of all, `sentence`, `best()`, `plot()`."""

    def __init__(self, benchmarks: list[str], axes: dict[str, list[Any]], *, command: str, demo: bool, model: str):
        self.benchmarks = benchmarks
        self.axes = axes
        self.command = command
        """The magic line that goes on with it, or shows it again."""
        self.demo = demo
        self.settings = [Setting(values) for values in settings_of(axes)]
        self._model = model

    @property
    def runs(self) -> list[Run]:
        """Return the runs of the settings that have had their turn, in the grid's order."""
        return [setting.run for setting in self.settings if setting.run is not None]

    def rows(self) -> list[SettingRow]:
        """Return the rows of `table()` as `SettingRow` structs."""
        results = [setting.run.results() if setting.run is not None else [] for setting in self.settings]
        barred = [bool(reason) for reason in self._other_limits(results)]
        return with_p_values([setting.row for setting in self.settings], results, barred)

    def _other_limits(self, results: Sequence[Sequence[SampleResult]] | None = None) -> list[str]:
        """Why each setting is not comparable with the first; empty where it is."""
        found = [""] * len(self.settings)
        if "max_tokens" in self.axes or not {"endpoint", PAIRS} & set(self.axes):
            return found
        own = results or [setting.run.results() if setting.run is not None else [] for setting in self.settings]
        first, *others = zip(self.settings, own, strict=True)
        for i, (setting, given) in enumerate(others, 1):
            if first[0].run is not None and setting.run is not None:
                found[i] = other_limit(
                    (first[0].row.label, first[0].run, first[1]), (setting.row.label, setting.run, given)
                )
        return found

    def table(self) -> pd.DataFrame:
        """Return a DataFrame with a row a setting: the axes, then the fields of `SettingRow`. Shares are 0…1."""
        import pandas as pd

        names = [n for n in SettingRow.__struct_fields__ if n not in ("values", "state", "run", "problem")]
        names.remove("by_benchmark")
        first = ["n", "accuracy", "ci_low", "ci_high", "mean_tokens", "truncated_share", "loop_rate", "mean_latency_s"]
        first.append("p_value")
        rest = [name for name in names if name not in first]
        records = []
        for row in self.rows():
            own = {f"accuracy_{name}": share for name, share in row.by_benchmark.items()}
            numbers = {name: getattr(row, name) for name in first} | own | {name: getattr(row, name) for name in rest}
            values = {axis: "off" if value is None else value for axis, value in row.values.items()}
            records.append({**values, **numbers, "state": row.state, "run": row.run, "problem": row.problem})
        return pd.DataFrame(records)

    def board(self) -> Board:
        """Return the board of a sweep over code editing: a row a model or pair, as `run.board()` has them.

        Raises:
            OptionError: it is of another benchmark, or no setting has had its turn.
        """
        from qwq_nb.run.board.frame import Board
        from qwq_nb.run.board.rows import rows_of_runs

        if not self.runs:
            raise OptionError(f"No setting of this sweep has been run. To go on: {self.command}")
        return Board(rows_of_runs(self.runs))

    @property
    def sentence(self) -> str:
        """Return what may be concluded from the settings that are finished, as a sentence."""
        return sweep_conclusion(self.rows())

    def best(self) -> Best:
        """Return the finished setting of the highest accuracy, with its caveat.

        Of equals, that with the fewest tokens.

        Raises:
            OptionError: none is finished.
        """
        rows = self.rows()
        row = leader(rows)
        if row is None:
            raise OptionError(f"No setting of this sweep is finished. To go on: {self.command}")
        setting = self.settings[next(i for i, other in enumerate(rows) if other is row)]
        return Best(values=dict(setting.values), row=row, run=setting.run, caveat=caveat(row, rows))

    def plot(self, kind: str | None = None) -> ChartFigure:
        """Draw a plotly figure: `accuracy` or `tokens` by setting, `heatmap` of two axes, or all of them.

        Of code editing also `board`: the pass rates after each try.

        Raises:
            OptionError: another kind, a heat map of a grid that has not two axes, or a board of another benchmark.
        """
        from qwq_nb.analysis.sweep.figures import sweep_figure

        return sweep_figure(self._picture(), kind)

    # -- how it is drawn -----------------------------------------------------------------------------------------

    def _picture(self, *, live: bool = False) -> SweepPicture:
        # The paired tests wait for the end: while it goes on they would be made anew four times a second.
        rows = [setting.row for setting in self.settings] if live else self.rows()
        # What a server said may quote a question that its authors ask not to publish.
        hide = not self.demo and any(map(is_withheld, self.benchmarks))
        notes = [
            f"{row.label} failed: {'the message is withheld' if hide else one_line(row.problem, 300)}"
            for row in rows
            if row.problem
        ]
        notes += [
            f"{row.label}: {row.errors} of {row.n} are missing, the endpoint failed" for row in rows if row.errors
        ]
        notes += [] if live else filter(None, self._other_limits())
        return SweepPicture(
            benchmarks=self.benchmarks,
            axes=list(self.axes),
            rows=rows,
            model=self._model,
            demo=self.demo,
            live=live,
            command=self.command,
            notes=notes,
            board=[row for run in self.runs for row in board_rows(run.results(), run.manifest, run.command)],
        )

    def _bundle(self, *, live: bool, times: bool) -> dict[str, Any]:
        picture = self._picture(live=live)
        return {"text/html": sweep_html(picture), "text/plain": sweep_text(picture, times=times)}

    def _drawing(self) -> Picture:
        """Return it as an output takes it."""
        return Picture(
            subject=self,
            bundle=self._bundle,
            text=lambda times: sweep_text(self._picture(), times=times),
            line=lambda width: sweep_progress_line(self._picture(live=True))[:width],
            figure=self.plot,
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from qwq_nb.core.frontend import is_live

        return self._bundle(live=False, times=is_live())

    def _ipython_display_(self) -> None:
        show_picture(self._drawing())

    def __repr__(self) -> str:
        done = len(finished(setting.row for setting in self.settings))
        return f"<Sweep of {', '.join(self.axes)}: {done} of {len(self.settings)} settings finished>"


def sweep(
    *benchmarks: str,
    grid: Mapping[str, Any] | None = None,
    endpoint: Endpoint | str | None = None,
    out: str | Path | None = None,
    fresh: bool = False,
    show: bool = True,
    background: bool = False,
    reveal: bool = False,
    pairs: str | Sequence[str] | None = None,
    executor: Any = None,
    shards: int | None = None,
    grade_on: Any = None,
    **options: Unpack[EvalOptions],
) -> Sweep:
    """Evaluate over a grid of settings, one run after another; the same call again goes on with what is unfinished.

    >>> sweep("math_500", grid={"temperature": [0.2, 0.6, 1.0], "top_k": [20, 40]}, limit=50)

    Args:
        benchmarks: as for `evaluate`.
        grid: option → its values. What may be varied: sampling options, `endpoint`, `few_shot`, `think`. A value of
            None leaves a sampling option out of the request. At most 64 settings.
        endpoint, out, fresh, show, reveal: as for `evaluate`. A sweep does not run in the background.
        executor, shards, grade_on: as for `evaluate`, for each setting in turn.
        pairs: of code editing, the axis `pairs`: `"qwq; qwen; qwq+qwen"`, endpoints that edit alone, and pairs of an
            architect and an editor. What several settings ask in the same way, as an architect's first plan, is asked
            once.
        options: all other options of `evaluate`, the same for each setting.

    Raises:
        UserError: the call cannot work as written; nothing was asked.
        QwqError: a setting failed (bad key, endpoint gone). The others were run all the same and are kept, and shown.
        SweepInterrupted: the user interrupted; a KeyboardInterrupt that carries the sweep.
    """
    axes = checked_grid({**(grid or {}), PAIRS: pairs} if pairs is not None else grid)
    if background:
        raise OptionError("A sweep does not run in the background: leave --background out.")
    given = dict(options)
    calls = checked_calls(benchmarks, axes, endpoint=endpoint, out=out, options=given)
    made = Sweep(list(benchmarks), axes, command=calls.command, demo=calls.demo, model=calls.model)
    output = Output(made._drawing(), show=show)
    control: Control | None = None
    problems: list[QwqError] = []
    try:
        for setting in made.settings:
            own, where = call_of(setting.values, given, endpoint)
            try:
                # Settings that differ in the token limit are to differ in nothing else: no answers in common.
                setting.run, control = begin(
                    benchmarks,
                    out=out,
                    fresh=fresh,
                    endpoint=where,
                    reveal=reveal,
                    options=own,
                    lower_limits=False,
                    # Of code editing: what another setting's models were asked in the same way is not asked again.
                    turns_of=[run.path for run in made.runs] if CODE_EDITING in benchmarks else [],
                    executor=executor,
                    shards=shards,
                    grade_on=grade_on,
                )
                watch(control, setting, output)
                setting.refresh(setting.run.state)
            except QwqError as exc:
                # One endpoint of several may be down: the other settings have their turn.
                setting.refresh("failed", str(exc))
                problems.append(exc)
    except BaseException as exc:
        if control is not None and not control.done:
            control.stop()
            concurrent.futures.wait([control.future], STOP_WITHIN_S)
        for setting in made.settings:
            if setting.row.state not in ("complete", "failed") and setting.run is not None:
                setting.refresh("stopped")
        output.finish(figure=False)
        if isinstance(exc, KeyboardInterrupt):
            raise SweepInterrupted(made) from None
        raise
    output.finish()
    if problems:
        raise combined_error(problems, made)
    return made


def watch(control: Control, setting: Setting, output: Output) -> None:
    """Draw while the setting's run goes on; raises what ended it."""
    while not control.done:
        setting.refresh("running")
        output.update()
        concurrent.futures.wait([control.future], output.interval_s)
    # A run that is stopped is no error of the sweep's.
    with contextlib.suppress(concurrent.futures.CancelledError):
        future_result(control.future)


def combined_error(problems: list[QwqError], made: Sweep) -> QwqError:
    """Combine the errors of all that failed into one, of the first one's kind where that takes a message alone."""
    first = problems[0]
    if len(problems) == len(made.settings) or isinstance(first, UserError):
        return first
    return QwqError(
        f"{len(problems)} of {len(made.settings)} settings failed, the others are kept: {first} "
        f"To go on: {made.command}"
    )
