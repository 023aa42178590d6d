"""Draw one output anew while something goes on, in a notebook or a terminal; and record what this cell has drawn.

In a notebook: a display that is updated at most four times a second and ends as the whole picture, with its figure
below. Where nothing is live (`QWQ_NB_LIVE=0`): one display at the end, its text free of times. In a terminal: one line
on stderr that is written over, and the text at the end. In a script: that line alone, where stderr is a terminal.
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from qwq_nb.core.frontend import in_kernel, ipython, is_live
from qwq_nb.view.clean import one_line, visible
from qwq_nb.view.figures import Figure
from qwq_nb.view.html import esc

__all__ = [
    "INTERVAL_S",
    "Output",
    "Picture",
    "draw_again",
    "forget_shown",
    "is_shown",
    "mark_shown",
    "show_figure",
    "show_picture",
    "show_with_figure",
    "shown_subjects",
]

NOTHING_DONE: Final = "Nothing was answered: the error below says why."
INTERVAL_S: Final = 0.25
"""Between two updates at least."""

_SHOWN: Final[weakref.WeakKeyDictionary[Any, Any]] = weakref.WeakKeyDictionary()
"""What was drawn last in which cell (its execution count)."""

_HANDLES: Final[weakref.WeakKeyDictionary[Any, Any]] = weakref.WeakKeyDictionary()
"""The displays in which things were drawn last."""


class Bundle(Protocol):
    """Make a mime bundle. `live`: more is to come; `times=False`: a text that two runs with the same answers share."""

    def __call__(self, *, live: bool, times: bool) -> Mapping[str, Any]: ...


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Hold what an output draws."""

    subject: Any
    """The object that it is of: the value of a cell is not drawn where the cell has drawn it already."""
    bundle: Bundle
    """For a notebook: text/html, text/plain and whatever else there is."""
    text: Callable[[bool], str]
    """For a terminal, at the end; `text(False)` is free of times."""
    line: Callable[[int], str] | None = None
    """Where it stands, on one line of at most so many columns; None: a terminal shows nothing before the end."""
    figure: Callable[[], Figure] | None = None
    """Drawn below at the end, in a notebook."""


class Output:
    """Draw one picture again and again: a notebook's display, a terminal's line and text, or nothing (`show=False`)."""

    interval_s = INTERVAL_S

    def __init__(self, picture: Picture, *, show: bool = True, clock: Callable[[], float] = time.monotonic) -> None:
        self.picture = picture
        self._shell = ipython()
        self._cell = getattr(self._shell, "execution_count", None)
        """The cell that began it, which a thread may outlive."""
        self._parent = self._shell.get_parent() if hasattr(self._shell, "get_parent") else None
        self._notebook = show and in_kernel(self._shell)
        self._terminal = show and not self._notebook and picture.line is not None and is_live() and sys.stderr.isatty()
        self._text = show and not self._notebook and self._shell is not None
        self._clock = clock
        self._last: float | None = None
        self._handle: Any = None
        self._has_line = False
        self._bound = False

    @property
    def is_updated(self) -> bool:
        """Return whether a notebook's display is drawn again as one and the same output."""
        return self._notebook and is_live()

    def update(self) -> None:
        """Draw the present state; does nothing where that was done a moment ago."""
        now = self._clock()
        if self._last is None or now - self._last >= self.interval_s * 0.9:
            self._last = now
            self.draw()

    def draw(self) -> None:
        """Draw the present state now."""
        if self.is_updated:
            self._draw(self.picture.bundle(live=True, times=True))
        elif self._terminal and self.picture.line is not None:
            width = shutil.get_terminal_size().columns - 1
            self._write("\r" + visible(self.picture.line(width)).replace("\n", " ")[:width].ljust(width))
            self._has_line = True

    def finish(self, *, figure: bool = True) -> None:
        """Draw the final state; `figure=False` leaves out the figure below it, after an interrupt."""
        self._clear_line()
        if self._notebook:
            self._draw(self.picture.bundle(live=False, times=is_live()))
            if figure and self.picture.figure is not None:
                show_figure(self.picture.figure())
        elif self._text:
            print(visible(self.picture.text(is_live())))
            mark_shown(self.picture.subject, self._cell)

    def leave(self) -> None:
        """Finish after an interrupt, leaving out what takes long to draw, so that the cell ends at once."""
        if not self.is_updated:
            self.finish(figure=False)
            return
        self.draw()
        # A report of 500 long traces takes about a second to make: as long as an interrupt may take in all.
        threading.Thread(target=self.finish, kwargs={"figure": False}, name="qwq-view", daemon=True).start()

    def clear(self) -> None:
        """Replace what was drawn by one line: what follows in the cell, an error, says everything else.

        A single output cannot be taken back, and an empty one would leave a gap.
        """
        self._clear_line()
        if self._handle is not None:
            self._draw({"text/plain": NOTHING_DONE, "text/html": f"<p>{NOTHING_DONE}</p>"})

    def _draw(self, data: Mapping[str, Any]) -> None:
        self._bind()
        if self._handle is None:
            from IPython.display import display

            self._handle = display(data, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(data, raw=True)
        _HANDLES[self.picture.subject] = self._handle
        mark_shown(self.picture.subject, self._cell)

    def _bind(self) -> None:
        """In a thread of our own: let outputs go to the cell that began it, not to the last one that ran.

        From ipykernel 7 on the parent is a property of the thread; before, it is one for the whole kernel and must not
        be touched, and the display's id alone finds the output.
        """
        if self._bound or threading.current_thread() is threading.main_thread():
            return
        self._bound = True
        ipykernel = sys.modules.get("ipykernel")
        if self._parent and ipykernel is not None and ipykernel.version_info[0] >= 7:
            self._shell.set_parent(self._parent)

    def _clear_line(self) -> None:
        if self._has_line:
            self._write("\r" + " " * (shutil.get_terminal_size().columns - 1) + "\r")
            self._has_line = False

    @staticmethod
    def _write(text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


def mark_shown(subject: Any, cell: Any) -> None:
    """Record that a cell (its execution count) has drawn the object, so that its value is not drawn a second time."""
    _SHOWN[subject] = cell


def shown_subjects() -> list[Any]:
    """Return the objects that have been drawn and still exist."""
    return list(_SHOWN)


def draw_again(subject: Any, bundle: Callable[[], Mapping[str, Any]]) -> None:
    """Draw an object that has changed where it was drawn last in a live notebook, in the same output."""
    handle = _HANDLES.get(subject)
    if handle is not None and is_live():
        handle.update(bundle(), raw=True)


def forget_shown(subject: Any) -> None:
    """Let the object be drawn again, also in a cell that has drawn it."""
    _SHOWN.pop(subject, None)


def is_shown(subject: Any) -> bool:
    """Return whether the cell that runs now has drawn the object."""
    shell = ipython()
    return shell is not None and _SHOWN.get(subject) == shell.execution_count


def show_picture(picture: Picture) -> None:
    """Draw it as the value of a cell, unless this cell has drawn it already."""
    if ipython() is not None and not is_shown(picture.subject):
        Output(picture).finish()


def show_with_figure(
    made: dict[str, Any],
    figure: Figure | None,
    *,
    repeats: bool = True,
    leads: bool = False,
    subject: Any = None,
) -> None:
    """Show a bundle, and a figure of it below, or above where it `leads`; in a terminal, print its text alone.

    Two outputs, since a front end draws one form of each: what can draw plotly would not show the tables. `subject`:
    the object that it is of, to be drawn again in the same output when it has changed (`draw_again`).
    """
    if not in_kernel(ipython()):
        print(visible(made["text/plain"]))
        return
    from IPython.display import display

    if figure is not None and leads:
        show_figure(figure, repeats=repeats, where="below")
    handle = display(made, raw=True, display_id=subject is not None)  # type: ignore[no-untyped-call]
    if subject is not None:
        _HANDLES[subject] = handle
        mark_shown(subject, getattr(ipython(), "execution_count", None))
    if figure is not None and not leads:
        show_figure(figure, repeats=repeats)


def show_figure(figure: Figure, *, repeats: bool = True, where: str = "above") -> None:
    """Show a figure beside the tables of what it shows; `repeats`: its numbers are in these already, `where` says."""
    from IPython.display import display

    drawn = figure._repr_mimebundle_()
    if repeats:
        said = f"Figure: {one_line(figure.title, 300)}. Its numbers stand in the table {where}."
        drawn |= {"text/html": f"<p>{esc(said)}</p>", "text/plain": said}
    display(drawn, raw=True)  # type: ignore[no-untyped-call]
