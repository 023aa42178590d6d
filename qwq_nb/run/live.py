"""Draw a run while it goes on: what one update holds. `view.output` says where and how it is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from qwq_nb.core.frontend import ipython
from qwq_nb.core.records import SampleResult
from qwq_nb.core.run_record import MIME_TYPE, RunRecord
from qwq_nb.run.bundle import bundle
from qwq_nb.run.controls import controls_for
from qwq_nb.run.text import run_progress_line, run_text
from qwq_nb.run.withhold import withhold
from qwq_nb.view.budget import FINAL_BYTES, LIVE_BYTES
from qwq_nb.view.output import Output, Picture, show_picture

if TYPE_CHECKING:
    from qwq_nb.run.state import ShownRun

__all__ = ["View", "drawn_record", "show_run", "view_for"]

MOST_CHANGED: Final = 100
"""Rows that one update tries to carry."""


def view_for(run: ShownRun, show: bool, *, controls: bool = False) -> View:
    """Return the view that suits where we are; `controls`: with buttons, where there can be some."""
    return View(run, show=show, controls=controls)


def drawn_record(run: ShownRun, samples: list[SampleResult] | None = None) -> RunRecord:
    """Return what is drawn of a run: all samples at its end, or those that changed."""
    budget = FINAL_BYTES if samples is None else LIVE_BYTES
    return withhold(run.record(samples, budget=budget), reveal=run.revealed)


class RunPicture:
    """Draw a run: an update carries the rows that changed since the last one."""

    def __init__(self, run: ShownRun) -> None:
        self.run = run
        self._drawn: dict[tuple[str, int], str] = {}
        self._begun: set[tuple[str, int]] = set()

    def bundle(self, *, live: bool, times: bool) -> Mapping[str, Any]:
        """Return the mime bundle of an update, or of the whole run."""
        if not live:
            return bundle(drawn_record(self.run), live=False, times=times)
        results = self.run.results()
        changed = [r for r in results if self._drawn.get((r.sample.id, r.repeat), "pending") != r.outcome]
        # Of a sample that is being answered the row has the question.
        begun = self._begun - self._drawn.keys()
        changed += [r for r in results if r.outcome == "pending" and (r.sample.id, r.repeat) in begun]
        made = bundle(drawn_record(self.run, changed[:MOST_CHANGED]), live=True, times=times)
        # Rows that did not fit into this update come with a later one.
        sent: Any = made[MIME_TYPE]
        self._drawn.update({(row["id"], row.get("repeat", 0)): row["outcome"] for row in sent["samples"]})
        self._begun = {(flight["id"], flight.get("repeat", 0)) for flight in sent.get("in_flight", [])}
        return made

    def picture(self) -> Picture:
        """Return it as an output takes it."""
        return Picture(
            subject=self.run,
            bundle=self.bundle,
            text=lambda times: run_text(drawn_record(self.run), times=times),
            line=lambda width: run_progress_line(drawn_record(self.run, []), width),
        )


class View:
    """Draw a run that goes on, for the thread that draws; without `show` it draws nothing."""

    interval_s = Output.interval_s

    def __init__(self, run: ShownRun, *, show: bool = False, controls: bool = False) -> None:
        self.run = run
        self._output = Output(RunPicture(run).picture(), show=show)
        # First, so that they stand above an output that may be long.
        self._controls = controls_for(run, ipython()) if controls and self._output.is_updated else None
        if self._output.is_updated:
            self._output.update()

    def update(self) -> None:
        """Draw the present state of the run; called about every `interval_s` seconds while it goes on."""
        self._output.update()
        if self._controls is not None:
            self._controls.update()

    def finish(self, failed: bool = False) -> None:
        """Draw the whole run; called once at its end. `failed`: an error follows in the cell."""
        if self._controls is not None:
            self._controls.close()
        if failed and not self.run.progress().done:
            self._output.clear()
        else:
            self._output.finish()

    def leave(self) -> None:
        """Finish after an interrupt, leaving out what takes long to draw, so that the cell ends at once."""
        if self._controls is not None:
            self._controls.close()
        self._output.leave()


def show_run(run: ShownRun) -> None:
    """Draw a run as the value of a cell, unless this cell has drawn it already."""
    show_picture(RunPicture(run).picture())
