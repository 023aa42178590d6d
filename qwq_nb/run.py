"""`Run`: what `evaluate()` and `load_run()` return. Tables, samples and the record that is drawn, from one run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from qwq_nb.analysis.references import references_of
from qwq_nb.errors import OptionError, did_you_mean
from qwq_nb.records import InFlight, Progress, RunRecord, SampleResult, State, SubsetRow
from qwq_nb.run_record import detail, finished_progress, notes_on, relative, sample_view
from qwq_nb.rundir import Manifest, RunDir
from qwq_nb.tally import SAMPLE_COLUMNS, TABLE_COLUMNS, sample_records, table_records, tally
from qwq_nb.view.clip import clip, lean
from qwq_nb.view.sample import SampleDetail

if TYPE_CHECKING:
    import pandas as pd

    from qwq_nb.view.figures import RunFigure

__all__ = ["Report", "Run", "SampleDetail"]

RECORD_QUESTION = 500
"""Characters of a question in the record that viewers of the directory read."""


class Report:
    """A run's report: `str()` is the text, a notebook shows the html, `save()` writes either."""

    def __init__(self, record: RunRecord) -> None:
        self.record = record

    @property
    def text(self) -> str:
        from qwq_nb.view import render_text

        return render_text(self.record, times=True)

    @property
    def html(self) -> str:
        from qwq_nb.view import render_html

        return render_html(self.record)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it as a page (`.html`, `.htm`) or as text (any other ending)."""
        file = Path(path)
        page = file.suffix.lower() in (".html", ".htm")
        content = f'<!doctype html>\n<meta charset="utf-8">\n{self.html}' if page else self.text
        file.write_text(content, encoding="utf-8")
        return file

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Report of {self.record.name}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from qwq_nb.view import bundle

        return bundle(self.record, live=False)


class Run:
    """A run: finished, stopped, or still going on in the background.

    `table()` has a row a subset and then `all`; `samples()` a row a sample × repeat; `sample(id)` the texts.
    """

    def __init__(
        self,
        rundir: RunDir,
        manifest: Manifest,
        results: Callable[[], list[SampleResult]],
        *,
        progress: Callable[[], Progress] | None = None,
        in_flight: Callable[[], list[InFlight]] | None = None,
        control: Any = None,
    ) -> None:
        self._rundir = rundir
        self._manifest = manifest
        self._results = results
        self._progress = progress
        self._in_flight = in_flight
        self._control = control
        self._reveal = False

    # -- what it is ----------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self._manifest.name

    @property
    def path(self) -> Path:
        """The run's directory."""
        return self._rundir.path

    @property
    def state(self) -> State:
        """`running`, `paused`, `stopped`, `failed` or `complete`."""
        return self._manifest.state

    @property
    def model(self) -> str:
        return self._manifest.endpoint.model

    @property
    def benchmarks(self) -> list[str]:
        return list(self._manifest.benchmarks)

    @property
    def demo(self) -> bool:
        """Whether it was answered by the built-in endpoint: its score says nothing of any model."""
        return self._manifest.demo

    @property
    def command(self) -> str:
        """The magic line that resumes it, or shows it again."""
        return self._manifest.command

    def __repr__(self) -> str:
        rows = [row for row in self.rows() if row.subset == "all"]
        scores = ", ".join(f"{row.benchmark} {row.accuracy:.1%}" for row in rows if row.accuracy is not None)
        total = sum(row.n for row in rows)
        done = total - sum(row.pending for row in rows)
        return f"<Run {self.name!r} {self.state}: {scores or 'nothing finished'}; {done} of {total}>"

    # -- tables --------------------------------------------------------------------------------------------------

    def results(self) -> list[SampleResult]:
        """The records themselves, one a sample × repeat, in the data set's order."""
        return self._results()

    def rows(self) -> list[SubsetRow]:
        """The rows of `table()` as records."""
        return tally(self._results())

    def accuracies(self) -> dict[str, float | None]:
        """Accuracy of each benchmark over all its subsets (0…1)."""
        return {r.benchmark: r.accuracy for r in self.rows() if r.subset == "all"}

    def table(self) -> pd.DataFrame:
        """Scores by subset; columns as in `qwq_nb.tally.TABLE_COLUMNS`. Shares are 0…1, times seconds."""
        import pandas as pd

        return pd.DataFrame(table_records(self.rows()), columns=list(TABLE_COLUMNS))

    def samples(self) -> pd.DataFrame:
        """A row a sample × repeat; columns as in `qwq_nb.tally.SAMPLE_COLUMNS`."""
        import pandas as pd

        return pd.DataFrame(sample_records(self._results()), columns=list(SAMPLE_COLUMNS))

    def sample(self, id: str, repeat: int = 0) -> SampleDetail:
        """One sample's texts and verdict. `id` is that of `samples()`, or the data set's own.

        Raises:
            OptionError: no such sample or repeat.
        """
        results = self._results()
        wanted = str(id)
        found = [r for r in results if wanted in (r.sample.id, r.sample.source_id) and r.repeat == repeat]
        if not found:
            if any(wanted in (r.sample.id, r.sample.source_id) for r in results):
                raise OptionError(f"Sample {wanted!r} has no repeat {repeat}: the run has {self._manifest.repeats}.")
            known = [r.sample.id for r in results]
            hint = did_you_mean(wanted, known, many=f"The first ones are {', '.join(known[:3])}.")
            raise OptionError(f"The run {self.name} has no sample {wanted!r}.{hint}")
        from qwq_nb.view import withhold

        drawn = withhold(self.record(found[:1]), reveal=self._reveal).samples[0]
        return msgspec.structs.replace(detail(found[0]), withheld=drawn.question is None)

    # -- the drawn record ----------------------------------------------------------------------------------------

    def record(self, samples: Iterable[SampleResult] | None = None) -> RunRecord:
        """The run as it is drawn; `samples` are the rows it carries (all by default), with their texts whole."""
        m = self._manifest
        results = self._results()
        rows = tally(results)
        shown = results if samples is None else list(samples)
        progress = self._progress() if self._progress else finished_progress(results, m)
        return RunRecord(
            run_id=m.run_id,
            name=m.name,
            state=m.state,
            demo=m.demo,
            created=m.created,
            updated=m.updated,
            model=m.endpoint.model,
            endpoint=m.endpoint.name,
            url=m.endpoint.url,
            sampling={k: v for k, v in m.endpoint.sampling.items() if v is not None},
            benchmarks=m.benchmarks,
            repeats=m.repeats,
            limit=m.limit,
            seed=m.seed,
            concurrency=m.concurrency,
            data=m.data_label,
            versions=m.versions,
            run_dir=relative(self.path),
            command=m.command,
            progress=progress,
            table=rows,
            samples=[sample_view(r, m.endpoint.model) for r in shown],
            samples_total=len(results),
            partial=samples is not None,
            in_flight=self._in_flight() if self._in_flight else [],
            notes=[*m.notes, *notes_on(rows, m)],
            references=[] if m.demo else references_of(rows, m.endpoint.model, whole=not (m.levels or m.subsets)),
        )

    def save_record(self) -> None:
        """Write `qwq_record.json` into the run's directory: what viewers draw, without the texts that lie beside it."""
        record = self.record()
        rows = [
            msgspec.structs.replace(
                view,
                question=clip(view.question.text, RECORD_QUESTION) if view.question else None,
                reasoning=None,
                answer=None,
            )
            for view in record.samples
        ]
        bare = msgspec.structs.replace(record, samples=rows, in_flight=[])
        self._rundir.save_record(msgspec.json.encode(lean(bare)))

    def report(self) -> Report:
        """The report: shown by a notebook, `str()` for text, `.save("report.html")` for a file."""
        from qwq_nb.view import withhold

        return Report(withhold(self.record(), reveal=self._reveal))

    def plot(self, kind: str | None = None) -> RunFigure:
        """A plotly figure: `accuracy` by subset, `tokens` by outcome, `latency`, or all of them below one another.

        Its `.figure` is plotly's own, `.save("run.html")` writes a page. Where plotly cannot draw, its numbers show.

        Raises:
            OptionError: another kind.
        """
        from qwq_nb.view.figures import RunFigure

        return RunFigure(self.record(), kind)

    def reveal(self, on: bool = True) -> Run:
        """Show texts that are withheld by default (GPQA's authors ask not to publish its questions)."""
        self._reveal = on
        return self

    # -- control of a run in the background ----------------------------------------------------------------------

    def stop(self) -> None:
        """End it now; what is finished stays, and `command` resumes it. No effect on a run that is over."""
        if self._control is not None:
            self._control.stop()

    def pause(self) -> None:
        """Ask nothing new until `resume()`; streams under way go on to their end."""
        if self._control is not None:
            self._control.pause()

    def resume(self) -> None:
        """Go on after `pause()`."""
        if self._control is not None:
            self._control.resume()

    def wait(self, timeout: float | None = None) -> Run:
        """Block until a run in the background is over. Raises TimeoutError, and whatever ended the run."""
        if self._control is not None:
            self._control.wait(timeout)
        return self

    _shown_in: Any = None

    def _ipython_display_(self) -> None:
        """Shown once a cell: a magic that has drawn the run already is not followed by a second picture of it."""
        from qwq_nb.view.live import show_run

        show_run(self)
