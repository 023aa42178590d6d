"""Drawing a run while it goes on: in a notebook, in a terminal, or not at all until its end.

One display, updated at most four times a second: what changes between two updates is what an update carries. The
only room of the view that knows IPython.
"""

from __future__ import annotations

import shutil
import sys
import threading
from typing import TYPE_CHECKING, Any

from qwq_nb.core.frontend import in_kernel, ipython, is_live
from qwq_nb.core.records import SampleResult
from qwq_nb.core.run_record import MIME_TYPE, RunRecord
from qwq_nb.run.bundle import bundle
from qwq_nb.run.controls import controls_for
from qwq_nb.run.text import progress_line, render_text
from qwq_nb.run.withhold import withhold
from qwq_nb.view.budget import FINAL_BYTES, LIVE_BYTES

if TYPE_CHECKING:
    from qwq_nb.run.run import Run

__all__ = ["View", "record_of", "show_run", "view_for"]

MOST_CHANGED = 100
"""Rows that one update tries to carry."""


def view_for(run: Run, show: bool, *, controls: bool = False) -> View:
    """The view that suits where we are; `controls`: with buttons, where there can be some."""
    shell = ipython()
    if not show:
        return View(run)
    if in_kernel(shell):
        return NotebookView(run, shell, controls=controls) if is_live() else FinalView(run, shell)
    if shell is not None:
        return TerminalView(run) if is_live() else FinalView(run, shell)
    return TerminalView(run, text=False) if sys.stderr.isatty() and is_live() else View(run)


def record_of(run: Run, samples: list[SampleResult] | None = None) -> RunRecord:
    """What is drawn of it: all samples at its end, or those that changed."""
    room = FINAL_BYTES if samples is None else LIVE_BYTES
    return withhold(run.record(samples, room=room), reveal=run.revealed)


class View:
    """Draws nothing: for scripts and for coroutines."""

    interval_s = 0.25

    def __init__(self, run: Run) -> None:
        self.run = run

    def update(self) -> None:
        """Called about every `interval_s` seconds while the run goes on."""

    def finish(self, failed: bool = False) -> None:
        """Called once at its end; `failed` where an error follows in the cell."""

    def leave(self) -> None:
        """Called instead after an interrupt: what takes long must not keep the cell."""
        self.finish()


class FinalView(View):
    """One display at the end, its text without times."""

    def __init__(self, run: Run, shell: Any) -> None:
        super().__init__(run)
        self.shell = shell

    def finish(self, failed: bool = False) -> None:
        record = record_of(self.run)
        if failed and not record.progress.done:
            return
        if in_kernel(self.shell):
            from IPython.display import display

            display(bundle(record, live=False, times=False), raw=True)  # type: ignore[no-untyped-call]
        else:
            print(render_text(record, times=False))
        mark_shown(self.run, self.shell)


class NotebookView(View):
    """A display that is updated in place and ends as the complete report."""

    def __init__(self, run: Run, shell: Any, *, controls: bool = False) -> None:
        super().__init__(run)
        self.shell = shell
        # First, so that they stand above an output that may be long.
        self._controls = controls_for(run, shell) if controls else None
        self._parent = shell.get_parent() if hasattr(shell, "get_parent") else None
        self._drawn: dict[tuple[str, int], str] = {}
        self._handle: Any = None
        self._bound = False
        self.update()
        mark_shown(run, shell)

    def update(self) -> None:
        self._bind()
        changed = [r for r in self.run.results() if self._drawn.get((r.sample.id, r.repeat), "pending") != r.outcome]
        made = bundle(record_of(self.run, changed[:MOST_CHANGED]), live=True)
        # Rows that found no room in this update come with a later one.
        sent: Any = made[MIME_TYPE]
        self._drawn.update({(row["id"], row.get("repeat", 0)): row["outcome"] for row in sent["samples"]})
        self._draw(made)
        if self._controls is not None:
            self._controls.update()

    def finish(self, failed: bool = False) -> None:
        self._bind()
        if self._controls is not None:
            self._controls.close()
        record = record_of(self.run)
        if failed and not record.progress.done:
            # Nothing to keep: the error alone is what the cell has to say.
            self._draw({"text/plain": ""})
            return
        self._draw(bundle(record, live=False))

    def leave(self) -> None:
        # A report of 500 long traces takes about a second to make: as long as an interrupt may take in all.
        self.update()
        threading.Thread(target=self.finish, name="qwq-view", daemon=True).start()

    def _draw(self, data: dict[str, object]) -> None:
        if self._handle is None:
            from IPython.display import display

            self._handle = display(data, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(data, raw=True)

    def _bind(self) -> None:
        """In a thread of our own: let outputs go to the cell that began the run, not to the last one that ran.

        From ipykernel 7 on the parent is a property of the thread; before, it is one for the whole kernel and must not
        be touched, and the display's id alone finds the output.
        """
        if self._bound or threading.current_thread() is threading.main_thread():
            return
        self._bound = True
        ipykernel = sys.modules.get("ipykernel")
        if self._parent and ipykernel is not None and ipykernel.version_info[0] >= 7:
            self.shell.set_parent(self._parent)


class TerminalView(View):
    """One line that is written over, on stderr; the text report at the end."""

    def __init__(self, run: Run, *, text: bool = True) -> None:
        super().__init__(run)
        self._text = text
        self._tty = sys.stderr.isatty()

    def update(self) -> None:
        if self._tty:
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write("\r" + progress_line(record_of(self.run, []), width).ljust(width))
            sys.stderr.flush()

    def finish(self, failed: bool = False) -> None:
        if self._tty:
            sys.stderr.write("\r" + " " * (shutil.get_terminal_size().columns - 1) + "\r")
            sys.stderr.flush()
        record = record_of(self.run)
        if self._text and not (failed and not record.progress.done):
            print(render_text(record, times=True))
            mark_shown(self.run, ipython())


def mark_shown(run: Run, shell: Any) -> None:
    """Remember in which cell the run was drawn, so that the cell's value does not draw it again."""
    run._shown_in = shell.execution_count if shell is not None else None


def show_run(run: Run) -> None:
    """Draw a run as the value of a cell, unless this cell has drawn it already."""
    shell = ipython()
    if shell is None or run._shown_in == shell.execution_count:
        return
    record = record_of(run)
    if in_kernel(shell):
        from IPython.display import display

        display(bundle(record, live=False, times=is_live()), raw=True)  # type: ignore[no-untyped-call]
    else:
        print(render_text(record, times=is_live()))
    mark_shown(run, shell)
