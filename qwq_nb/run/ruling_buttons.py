"""Show buttons that rule on answers that await it (`run.ruling_buttons()`): plain ipywidgets, removed by `Done`.

Widget models live in the kernel and in the page, never in the saved notebook, so nothing of them may stay behind.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from qwq_nb.core.run_record import SampleView
from qwq_nb.run.controls import any_shell, closed, widget_bundle
from qwq_nb.run.game_parts import game_text, picture_html
from qwq_nb.view.clean import one_line
from qwq_nb.view.html import code, esc
from qwq_nb.view.wording import count

__all__ = ["RulingButtons", "text_of"]

MOST: Final = 40
"""Answers that have buttons at once."""


class Ruled(Protocol):
    """Rule on an answer: `run.rule`."""

    def __call__(self, id: str, correct: bool | None, *, repeat: int) -> None: ...


class RulingButtons:
    """Show a row an answer: its clip or its id, and what it may be ruled. Shown when made."""

    def __init__(self, views: Sequence[SampleView], rule: Ruled, shell: Any) -> None:
        """`views`: the answers, as they are drawn. `rule` is called at each press."""
        from IPython.display import display

        self._rule = rule
        self._lock = threading.Lock()
        self._context = any_shell(shell)
        self._do(lambda: self._make(views[:MOST]))
        self._handle: Any = display(  # type: ignore[no-untyped-call]
            widget_bundle(self._box, text_of(views)), raw=True, display_id=True
        )

    def close(self) -> None:
        """Remove the buttons; the output is emptied first, so that no view is left without its model."""
        self._handle.update({}, raw=True)
        self._do(lambda: closed(self._box))

    def _do(self, work: Callable[[], None]) -> None:
        # As in `run.controls`: clicks come from another thread than the cell.
        with self._lock:
            self._context.copy().run(work)

    def _make(self, views: Sequence[SampleView]) -> None:
        from ipywidgets import Button, VBox

        done = Button(description="Done", tooltip="Remove these buttons; rulings stay")
        done.on_click(lambda _: self.close())
        self._box = VBox([*map(self._row, views), done])

    def _row(self, view: SampleView) -> Any:
        from ipywidgets import HTML, Button, HBox, Label, VBox

        said = Label(value=_ruled(view.outcome))
        buttons = []
        for name, correct in (("✓ right", True), ("✗ not right", False), ("take back", None)):
            button = Button(description=name)
            button.layout.width = "auto"
            button.on_click(lambda _, correct=correct: self._pressed(view, correct, said))
            buttons.append(button)
        repeat = f" repeat {view.repeat}" if view.repeat else ""
        game = view.execution.game if view.execution is not None else None
        state = f": {esc(game_text(game))}" if game is not None else ""
        title = HTML(f"{picture_html(view.picture, view.id)}<div>{code(one_line(view.id, 200))}{repeat}{state}</div>")
        return VBox([title, HBox([*buttons, said])])

    def _pressed(self, view: SampleView, correct: bool | None, said: Any) -> None:
        try:
            self._rule(view.id, correct, repeat=view.repeat)
            words = _ruled({True: "correct", False: "wrong", None: "awaiting_ruling"}[correct])
        except Exception as error:  # a full disk, a folder that is gone: said where it was pressed
            words = one_line(f"not kept: {error}", 200)

        def show() -> None:
            said.value = words

        self._do(show)


def _ruled(outcome: str) -> str:
    return {"correct": "ruled right", "wrong": "ruled not right"}.get(outcome, "awaits your ruling")


def text_of(views: Sequence[SampleView]) -> str:
    """Return what front ends without widgets show: the lines that rule."""
    lines = [f"{count(len(views), 'answer')} to rule on:"]
    for view in views[:MOST]:
        repeat = f", repeat={view.repeat}" if view.repeat else ""
        lines.append(f"run.rule({one_line(view.id, 200)!r}, True{repeat})   # or False")
    return "\n".join(lines)
