"""One output that is drawn again in place while a sweep or a speed test goes on, wherever we are.

As for a run (`qwq_nb.run.live`): at most four updates a second; one display at the end where nothing is live, its
text free of times.
"""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING, Any, Final, Protocol

from qwq_nb.core.frontend import in_kernel, ipython, is_live

if TYPE_CHECKING:
    from qwq_nb.view.figures import Figure


from qwq_nb.view.figures import Figure
from qwq_nb.view.html import esc

__all__ = ["INTERVAL_S", "Output", "Picture", "show_figure", "show_picture", "show_with_figure"]

INTERVAL_S: Final = 0.25
"""Between two updates at least."""


class Picture(Protocol):
    """What is drawn."""

    _shown_in: Any

    def _bundle(self, *, live: bool, times: bool) -> dict[str, Any]:
        """text/html and text/plain. `live`: it goes on. `times=False`: a text that two such tests have in common."""

    def plot(self) -> Figure:
        """Its figure."""

    def _line(self) -> str:
        """Where it stands, on one line, for a terminal."""


class Output:
    """The output of one picture: a notebook's display, a terminal's line, or nothing (`show=False`)."""

    interval_s = INTERVAL_S

    def __init__(self, picture: Picture, *, show: bool = True) -> None:
        self.picture = picture
        self._shell = ipython()
        self._notebook = show and in_kernel(self._shell)
        self._updates = self._notebook and is_live()
        self._terminal = show and not self._notebook and is_live() and sys.stderr.isatty()
        self._text = show and not self._notebook and self._shell is not None
        self._handle: Any = None
        self._last = 0.0

    def update(self) -> None:
        """Draw how it stands; does nothing where that was done a moment ago."""
        now = time.monotonic()
        if now - self._last < self.interval_s * 0.9:
            return
        self._last = now
        if self._updates:
            self._draw(self.picture._bundle(live=True, times=True))
        elif self._terminal:
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write("\r" + self.picture._line()[:width].ljust(width))
            sys.stderr.flush()

    def finish(self, *, figure: bool = True) -> None:
        """Draw what it has come to; `figure=False` leaves out the figure below it, after an interrupt."""
        if self._terminal:
            sys.stderr.write("\r" + " " * (shutil.get_terminal_size().columns - 1) + "\r")
            sys.stderr.flush()
        if self._notebook:
            self._draw(self.picture._bundle(live=False, times=is_live()))
            if figure:
                show_figure(self.picture.plot())
        elif self._text:
            print(self.picture._bundle(live=False, times=is_live())["text/plain"])
        if self._notebook or self._text:
            self.picture._shown_in = self._shell.execution_count

    def _draw(self, data: dict[str, Any]) -> None:
        if self._handle is None:
            from IPython.display import display

            self._handle = display(data, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(data, raw=True)


def show_picture(picture: Picture) -> None:
    """Draw it as the value of a cell, unless this cell has drawn it already."""
    shell = ipython()
    if shell is not None and picture._shown_in != shell.execution_count:
        Output(picture).finish()


def show_with_figure(made: dict[str, Any], figure: Figure | None, *, repeats: bool = True) -> None:
    """Display a bundle, and a figure of it below; in a terminal, print its text alone.

    Two outputs, since a front end draws one form of each: what can draw plotly would not show the tables.
    """
    if not in_kernel(ipython()):
        print(made["text/plain"])
        return
    from IPython.display import display

    display(made, raw=True)  # type: ignore[no-untyped-call]
    if figure is not None:
        show_figure(figure, repeats=repeats)


def show_figure(figure: Figure, *, repeats: bool = True) -> None:
    """Display a figure below the tables of what it shows; `repeats`: its numbers stand in these already."""
    from IPython.display import display

    drawn = figure._repr_mimebundle_()
    if repeats:
        said = f"Figure: {figure.title}. Its numbers stand in the table above."
        drawn |= {"text/html": f"<p>{esc(said)}</p>", "text/plain": said}
    display(drawn, raw=True)  # type: ignore[no-untyped-call]
