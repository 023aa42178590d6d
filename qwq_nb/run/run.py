"""Define `Run`, which `evaluate()` and `load_run()` return: tables, samples and the drawn record of one run."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from qwq_nb.core.apart import parts_of
from qwq_nb.core.records import SampleResult, State
from qwq_nb.core.run_record import Progress, RunRecord, SubsetRow
from qwq_nb.core.tally import SAMPLE_COLUMNS, TABLE_COLUMNS, sample_rows, table_rows
from qwq_nb.errors import listed, one_line
from qwq_nb.run import record as run_record
from qwq_nb.run.record import frame
from qwq_nb.run.report import Report
from qwq_nb.run.sample import SampleDetail
from qwq_nb.run.sample_view import detail
from qwq_nb.run.state import RunControl, RunState
from qwq_nb.run.studies import RunStudies
from qwq_nb.store import rulings as by_hand
from qwq_nb.store.clips import clip_path
from qwq_nb.store.judgements import settled
from qwq_nb.store.manifest import Manifest
from qwq_nb.store.run_dir import RunDirectory
from qwq_nb.store.scores import score_rows
from qwq_nb.view.wording import estimated_from, row_score

if TYPE_CHECKING:
    import pandas as pd

    from qwq_nb.run.board.frame import Board
    from qwq_nb.run.check_list import CheckList
    from qwq_nb.view.figures import ChartFigure

__all__ = ["Report", "Run", "SampleDetail"]


class Run(RunStudies):
    """Represent a run: finished, stopped, or still going on in the background.

    `table()` has a row a subset and then `all`; `samples()` a row a sample × repeat; `sample(id)` the texts.
    """

    def __init__(self, directory: RunDirectory, state: RunState, control: RunControl | None = None) -> None:
        """`control` steers a run that goes on; None: there is nothing to steer."""
        self._directory = directory
        self._state = state
        self._control = control
        self._revealed = False

    # -- what it is ----------------------------------------------------------------------------------------------

    @property
    def manifest(self) -> Manifest:
        """Return the manifest: what was asked, of which model, and the run's state.

        It is a copy: changing it does not change the run.
        """
        m = self._state.manifest
        return msgspec.structs.replace(m, notes=list(m.notes), scores=dict(m.scores))

    @property
    def directory(self) -> RunDirectory:
        """Return the run's directory on disk, as an object."""
        return self._directory

    @property
    def revealed(self) -> bool:
        """Return True if texts are shown that are withheld by default; see `reveal()`."""
        return self._revealed

    def progress(self) -> Progress:
        """Return counts and rates of this moment."""
        return self._state.progress()

    @property
    def name(self) -> str:
        """Return the name of the run: that of its directory."""
        return self._state.manifest.name

    @property
    def path(self) -> Path:
        """Return the absolute path of the run's directory."""
        return self._directory.path

    @property
    def state(self) -> State:
        """Return the state: `running`, `paused`, `stopped`, `failed` or `complete`."""
        return self._state.manifest.state

    @property
    def model(self) -> str:
        """Return the name of the model that was asked."""
        return self._state.manifest.request.endpoint.model

    @property
    def benchmarks(self) -> list[str]:
        """Return the names of the benchmarks, in the order given."""
        return list(self._state.manifest.request.benchmarks)

    @property
    def demo(self) -> bool:
        """Return True if the built-in endpoint answered: its score says nothing of any model."""
        return self._state.manifest.request.demo

    @property
    def withheld(self) -> list[str]:
        """Return the benchmarks whose texts are left out of outputs now.

        Their authors ask that they not be published; `reveal()` shows them.
        """
        from qwq_nb.run.withhold import withheld_benchmarks

        return [] if self._revealed or self.demo else withheld_benchmarks(self._state.manifest)

    @property
    def command(self) -> str:
        """Return the magic line that resumes the run, or shows it again."""
        return run_record.resuming_line(self._state.manifest)

    def __repr__(self) -> str:
        rows = [row for row in self.rows() if row.subset == "all"]
        said = {row.benchmark: f" ({estimate})" if (estimate := estimated_from(row)) else "" for row in rows}
        scores = listed(
            (f"{row.benchmark} {row.metric} {row_score(row)}" if row.metric else f"{row.benchmark} {row_score(row)}")
            + said[row.benchmark]
            for row in rows
            if row.score is not None
        )
        parts = parts_of(self.rows())
        total = sum(row.n for row in parts)
        done = total - sum(row.pending for row in parts)
        awaiting = sum(row.awaiting_ruling for row in parts)
        scores = scores or (f"{awaiting} await a ruling" if awaiting else "nothing finished")
        return f"<Run {one_line(self.name, 120)!r} {self.state}: {scores}; {done} of {total}>"

    # -- tables --------------------------------------------------------------------------------------------------

    def results(self) -> list[SampleResult]:
        """Return the results themselves, one a sample × repeat, in the data set's order."""
        return settled(self._state.results(), self._directory, self.model)

    def graded(self) -> list[SampleResult]:
        """Return the results as the benchmarks' own graders left them: without rulings, and without judges."""
        return self._state.results()

    def rows(self) -> list[SubsetRow]:
        """Return the rows of `table()` as `SubsetRow` structs."""
        return score_rows(self.results(), self._state.manifest)

    def accuracies(self) -> dict[str, float | None]:
        """Return the accuracy of each benchmark over all its subsets (0…1).

        None where nothing is finished, and where the score is not 0 or 1: see the column `mean_score` of `table()`.
        """
        return {r.benchmark: r.accuracy for r in self.rows() if r.subset == "all"}

    def table(self) -> pd.DataFrame:
        """Return the scores by subset as a DataFrame, a row a subset and then `all`.

        Columns as in `qwq_nb.core.tally.TABLE_COLUMNS`. Shares are 0…1, times seconds.
        """
        return frame(table_rows(self.rows()), TABLE_COLUMNS)

    def samples(self) -> pd.DataFrame:
        """Return a DataFrame with a row a sample × repeat; columns as in `qwq_nb.core.tally.SAMPLE_COLUMNS`."""
        return frame(sample_rows(self.results()), SAMPLE_COLUMNS)

    def groups(self) -> pd.DataFrame:
        """Return answers that are programs by difficulty, platform and month of their problems, as a DataFrame.

        Columns as in `qwq_nb.core.code_groups.GROUP_COLUMNS`; no rows where the data set says none of these.
        """
        from qwq_nb.core.code_groups import GROUP_COLUMNS, group_rows

        return frame(map(msgspec.structs.asdict, group_rows(self._state.results())), GROUP_COLUMNS)

    def board(self, *others: Run) -> Board:
        """Return the board of code editing as a DataFrame: a row for this run, and one for each of `others`.

        Columns as in `qwq_nb.core.board_row.BoardRow`, aider's and ours; published rows stand in its `published`.

        Raises:
            OptionError: a run whose answers are no edits of files.
        """
        from qwq_nb.run.board.frame import Board
        from qwq_nb.run.board.rows import rows_of_runs

        return Board(rows_of_runs([self, *others]))

    def sample(self, id: str, repeat: int = 0) -> SampleDetail:
        """Return one sample's texts and verdict. `id` is that of `samples()`, or the data set's own.

        Raises:
            OptionError: no such sample or repeat.
        """
        found = self._found(id, repeat)
        withheld = found.sample.benchmark in self.withheld
        clip = clip_path(self._directory, found)
        return msgspec.structs.replace(detail(found), withheld=withheld, clip=clip)

    # -- analysis ------------------------------------------------------------------------------------------------

    def repeats(self) -> pd.DataFrame:
        """Return avg@k, pass@k and cons@k by subset and k as a DataFrame.

        Columns as in `qwq_nb.run.repeats.REPEAT_COLUMNS`.
        """
        from qwq_nb.run.repeats import REPEAT_COLUMNS, repeat_rows

        rows = repeat_rows(self.results(), self._state.manifest.population)
        return frame(map(msgspec.structs.asdict, rows), REPEAT_COLUMNS)

    def cost(self, price_in: float | None = None, price_out: float | None = None) -> pd.DataFrame:
        """Return the cost so far, expected at the end, and per correct answer, as a DataFrame.

        Prices are for a million tokens of the prompt (`price_in`) and of the completion (`price_out`); costs are in
        their unit. Prices left out are the endpoint's; those of a pair's editor are its own. Columns as in
        `qwq_nb.run.cost.COST_COLUMNS`.

        Raises:
            OptionError: a price is neither given nor the endpoint's, or no price at all.
        """
        from qwq_nb.run.cost import COST_COLUMNS, cost_of, prices_of

        rows = cost_of(self.results(), prices_of(self._state.manifest.request, price_in, price_out))
        return frame(map(msgspec.structs.asdict, rows), COST_COLUMNS)

    # -- rulings by hand -----------------------------------------------------------------------------------------

    def check(self) -> CheckList:
        """List the verdicts worth a look by hand, each shown with its excerpt; `.table()` is a DataFrame of them."""
        from qwq_nb.run.check_list import CheckList, worth_checking
        from qwq_nb.run.withhold import withhold

        results, rulings = self.results(), self._rulings()
        record = withhold(self.record(worth_checking(results, rulings)), reveal=self._revealed)
        return CheckList(record, rulings, total=len(results), anew=self.check)

    def rule(self, id: str, correct: bool | None = True, note: str = "", repeat: int = 0) -> None:
        """Record your own ruling on one answer beside the official verdict, which stays; None takes it back.

        It is kept in the run's directory (`qwq_rulings.jsonl`), also of a run that is over or not ours.

        Raises:
            OptionError: no such sample or repeat, or no answer to rule on.
        """
        found = run_record.find_result(
            self.results(), id, repeat, name=self.name, repeats=self._state.manifest.request.selection.repeats
        )
        by_hand.rule(self._directory, self.model, found, correct, note)
        # A run that somebody writes gets its record from the writer.
        if self._directory.has_record() and not self._directory.is_locked():
            self.save_record()

    def rulings(self) -> pd.DataFrame:
        """Return the rulings that apply as a DataFrame; columns as in `qwq_nb.store.rulings.RULING_COLUMNS`."""
        return frame(by_hand.ruling_rows(self.results(), self._rulings()), by_hand.RULING_COLUMNS)

    def ruled_table(self) -> pd.DataFrame:
        """Return the official accuracy and that with rulings as a DataFrame.

        Columns as in `qwq_nb.store.rulings.RULED_COLUMNS`.
        """
        rows_of = functools.partial(score_rows, manifest=self._state.manifest)
        rows = by_hand.ruled_rows(self.results(), self._rulings(), rows_of)
        return frame(rows, by_hand.RULED_COLUMNS)

    def _found(self, id: str, repeat: int) -> SampleResult:
        repeats = self._state.manifest.request.selection.repeats
        return run_record.find_result(self.results(), id, repeat, name=self.name, repeats=repeats)

    def _rulings(self) -> dict[tuple[str, int], by_hand.Ruling]:
        return by_hand.read_rulings(self._directory, self.model)

    # -- files for others ----------------------------------------------------------------------------------------

    def export(self, path: str | os.PathLike[str], *, traces: bool = False) -> Path:
        """Write it as .csv, .parquet, .json, .jsonl, .html, .md, .tex or .yml, by the path's ending.

        See `qwq_nb.run.export`; .yml is a run of code editing in the shape of aider's leaderboards. `traces` adds the
        texts whole. What a report withholds (GPQA) is withheld here too; `reveal()` shows it.

        Raises:
            OptionError: another ending, traces for a table (.md, .tex, .yml), or .yml of answers that are no edits.
        """
        from qwq_nb.run.export import export_run

        return export_run(self, path, traces=traces)

    def to_csv(self, path: str | os.PathLike[str], *, traces: bool = False) -> Path:
        """Write `export()` as CSV, whatever the path's ending: a row an answer, no cell a spreadsheet's formula."""
        from qwq_nb.run.export import export_run

        return export_run(self, path, traces=traces, kind=".csv")

    def to_parquet(self, path: str | os.PathLike[str], *, traces: bool = False) -> Path:
        """Write `export()` as Parquet, whatever the path's ending: a row an answer, values as they are."""
        from qwq_nb.run.export import export_run

        return export_run(self, path, traces=traces, kind=".parquet")

    # -- the drawn record ----------------------------------------------------------------------------------------

    def record(self, samples: Iterable[SampleResult] | None = None, *, budget: int | None = None) -> RunRecord:
        """Return the run as it is drawn; `samples` are the rows it carries (all by default), with their texts whole.

        `budget`: bytes of the output that the record is made for, taken as characters. The longest texts are clipped
        until those of all failures together, and those of all other samples, have no more: a long run needs no memory
        for all of them at once. None: texts are whole; 0: there are none.
        """
        return run_record.current_record(self._state, self._directory, samples, budget=budget)

    def save_record(self) -> None:
        """Write into the run's directory what viewers draw (`qwq_record.json`), and what outputs of it are to hold."""
        from qwq_nb.run.saved_output import SavedOutput

        run_record.save_record(self._state, self._directory)
        SavedOutput(self._state, self._directory).write()

    def report(self) -> Report:
        """Return the report: shown by a notebook, `str()` for text, `.save("report.html")` for a file."""
        from qwq_nb.run.withhold import withhold

        return Report(withhold(self.record(), reveal=self._revealed))

    def plot(self, kind: str | None = None) -> ChartFigure:
        """Draw a plotly figure: `accuracy` by subset, `tokens` by outcome, `latency`, or all below one another.

        Its `.figure` is plotly's own; `.save("run.pdf", width="column")` writes it as a paper wants it (or `.svg`,
        `.png`, or a page: `.html`). Where plotly cannot draw, its numbers show.

        Raises:
            OptionError: another kind.
        """
        from qwq_nb.run.figures import run_figure

        return run_figure(self.record(budget=0), kind)

    def reveal(self, on: bool = True) -> Run:
        """Show texts that are withheld by default (GPQA's authors ask not to publish its questions)."""
        self._revealed = on
        return self

    # -- control of a run in the background ----------------------------------------------------------------------

    @property
    def is_going_on(self) -> bool:
        """Return whether this kernel runs it, and it is not over."""
        return self._control is not None and not self._control.done

    def stop(self) -> None:
        """Stop the run now; what is finished stays, and `command` resumes it. No effect on a run that is over."""
        if self._control is not None:
            self._control.stop()

    def pause(self) -> None:
        """Pause: ask nothing new until `resume()`; streams under way go on to their end."""
        if self._control is not None:
            self._control.pause()

    def resume(self) -> None:
        """Resume after `pause()`."""
        if self._control is not None:
            self._control.resume()

    def wait(self, timeout: float | None = None) -> Run:
        """Wait until a run in the background is over (`timeout` in seconds), and return it.

        Raises:
            TimeoutError: the run is not over in time.
            Exception: the error that ended the run, if one did.
        """
        if self._control is not None:
            self._control.wait(timeout)
        return self

    def _ipython_display_(self) -> None:
        """Shown once a cell: a magic that has drawn the run already is not followed by a second picture of it."""
        from qwq_nb.run.live import show_run

        show_run(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, object]:
        """The same as data, for front ends that do not ask `_ipython_display_` (marimo, exporters)."""
        from qwq_nb.core.frontend import is_live
        from qwq_nb.run.bundle import bundle
        from qwq_nb.run.withhold import withhold
        from qwq_nb.view.budget import FINAL_BYTES

        record = withhold(self.record(budget=FINAL_BYTES), reveal=self._revealed)
        return bundle(record, live=False, times=is_live())
