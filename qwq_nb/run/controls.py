"""Show Stop, Pause and Resume of a run in the background: plain ipywidgets in an output of their own, gone at its end.

Widget models live in the kernel and in the page, never in the saved notebook, so nothing of them may stay behind.
"""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from qwq_nb.core.run_record import Progress
from qwq_nb.view.html import note
from qwq_nb.view.wording import count, is_known, rough_duration

if TYPE_CHECKING:
    from qwq_nb.run.state import ShownRun

__all__ = ["CONTROLS_MIME", "Controls", "any_shell", "closed", "controls_for", "status", "widget_bundle"]

WIDGET_MIME: Final = "application/vnd.jupyter.widget-view+json"
CONTROLS_MIME: Final = "application/vnd.qwq-nb.controls.v1+json"
"""Drawn as nothing by the JupyterLab extension, whose view has the buttons; widgets are for other front ends.

A widget that was saved with its notebook is an error message when that is reopened.
"""


class Controls:
    """Show the buttons of one run, shown when made. `update()` and `close()` are for the drawing thread."""

    def __init__(self, run: ShownRun, shell: Any) -> None:
        from IPython.display import display

        self.run = run
        self._asked = ""
        """The button that was pressed last, until the run's state shows it."""
        self._lock = threading.Lock()
        self._context = any_shell(shell)
        self._over = False
        self._do(self._make)
        about = f"Stop or pause this run: run.stop(), run.pause(), run.resume() ({run.name})"
        bundle = {CONTROLS_MIME: {"run": run.name}, **widget_bundle(self._box, about)}
        self._handle: Any = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]

    def update(self) -> None:
        """Show how far the run is and which buttons mean something now."""
        self._do(self._show)

    def close(self) -> None:
        """Remove the buttons; the output is emptied first, so that no view is left without its model."""
        self._handle.update({}, raw=True)
        self._do(self._close)

    def _do(self, work: Callable[[], None]) -> None:
        # Clicks and drawing come from two threads, and a context is entered by one at a time.
        with self._lock:
            self._context.copy().run(work)

    def _make(self) -> None:
        from ipywidgets import HTML, Button, HBox, Label, VBox

        self._label = Label()
        self._stop = Button(description="Stop", tooltip="End the run now; what is finished is kept and can be resumed")
        self._pause = Button(description="Pause", tooltip="Ask nothing new; streams under way go on to their end")
        self._resume = Button(description="Resume", tooltip="Go on asking")
        for button, action in ((self._stop, "stop"), (self._pause, "pause"), (self._resume, "resume")):
            button.layout.width = "auto"
            button.on_click(lambda _, action=action: self._pressed(action))
        self._waiting = HTML()
        self._box = VBox([HBox([self._stop, self._pause, self._resume, self._label]), self._waiting])
        self._show()

    def _pressed(self, action: str) -> None:
        getattr(self.run, action)()
        self._asked = action
        self._do(self._show)

    def _show(self) -> None:
        if self._over:
            return
        state = self.run.state
        if (self._asked, state) in (("pause", "paused"), ("resume", "running")):
            self._asked = ""
        going = self._asked != "stop" and state in ("starting", "running", "paused")
        self._stop.disabled = not going
        self._pause.disabled = not (going and state == "running" and self._asked != "pause")
        self._resume.disabled = not (going and state == "paused" and self._asked != "resume")
        progress = self.run.progress()
        self._label.value = status(state, progress, self._asked)
        self._waiting.value = waiting(progress)
        self._waiting.layout.display = "" if progress.waiting else "none"

    def _close(self) -> None:
        self._over = True
        closed(self._box)


def controls_for(run: ShownRun, shell: Any) -> Controls | None:
    """Return the buttons of a run in the background, or None where ipywidgets is missing."""
    try:
        return Controls(run, shell)
    except ImportError:
        return None


def status(state: str, progress: Progress, asked: str = "") -> str:
    """Describe the run in one line: `running: 12 of 40 done, 8 streaming, 31.0 s left`."""
    state = "waiting for the endpoint" if state == "paused" and progress.waiting else state
    head = {"stop": "stopping", "pause": "pausing", "resume": "resuming"}.get(asked, state)
    if not progress.total:
        return f"{head}: {progress.step}" if progress.step and head != progress.step else head
    parts = [f"{progress.done:,} of {progress.total:,} done"]
    if progress.in_flight:
        parts.append(f"{progress.in_flight} streaming")
    if progress.errors:
        parts.append(count(progress.errors, "error"))
    if is_known(progress.eta_s) and state == "running":
        parts.append(f"{rough_duration(progress.eta_s)} left")
    return f"{head}: {', '.join(parts)}"


def waiting(progress: Progress) -> str:
    """Explain why nothing is asked now and what there is to do, as html; empty where the run is not waiting."""
    if not progress.waiting:
        return ""
    # Lines are broken as in any text, not as in the one line that a widget's label is.
    return f'<div style="line-height:1.4;white-space:normal"><b>Waiting:</b> {note(progress.waiting)}</div>'


def widget_bundle(widget: Any, text: str) -> dict[str, Any]:
    """Return the mime bundle of a widget, with `text` for front ends that draw no widgets."""
    return {WIDGET_MIME: {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}, "text/plain": text}


def closed(widget: Any) -> None:
    """Close a widget, its children, and the layouts and styles that each of them brought along."""
    for child in getattr(widget, "children", ()):
        closed(child)
    for part in (widget.layout, getattr(widget, "style", None), widget):
        if part is not None:
            with contextlib.suppress(AttributeError):
                part.close()


def any_shell(shell: Any) -> contextvars.Context:
    """Return a context in which what a widget sends binds it to no shell of the kernel.

    ipykernel 7.4 hands a comm's message to the shell that sent on that comm last: sent from a cell, or from a thread
    of ours, that is the main shell, and a click would wait for a later cell to end. Without a parent message it goes
    where the front end sent it: in JupyterLab to a subshell, at once. Kernels before 7 have no such variable.
    """
    context = contextvars.copy_context()
    parent = getattr(getattr(shell, "kernel", None), "_shell_parent", None)
    if isinstance(parent, contextvars.ContextVar):
        context.run(parent.set, {})
    return context
