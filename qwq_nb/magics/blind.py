"""Show pairs of answers one at a time with buttons, in an output of their own: `%qwq_compare A B --blind`.

Widgets live in the kernel and in the page: a saved notebook keeps the list below them, which names nobody whose answers
await a ruling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from qwq_nb.run.controls import any_shell, closed, widget_bundle
from qwq_nb.view.html import Typesetter, esc
from qwq_nb.view.output import mark_shown

if TYPE_CHECKING:
    from qwq_nb.analysis.compare.blind import Blind
    from qwq_nb.analysis.compare.blind_pair import Choice

__all__ = ["BlindPanel", "show_blind"]

_BUTTONS = (
    ("first", "First is better", "The answer on the left"),
    ("second", "Second is better", "The answer on the right"),
    ("tie", "Tie", "Both are as good"),
    ("neither", "Neither", "Neither is any good"),
)


class BlindPanel:
    """Show one pair after the other; a press rules on it, says whose they were, and a further one goes on."""

    def __init__(self, blind: Blind, shell: Any) -> None:
        from IPython.display import display

        self._blind = blind
        self._context = any_shell(shell)
        self._order = [(pair.id, pair.repeat) for pair in blind.pairs()]
        self._at = 0
        self._context.copy().run(self._make)
        bundle = widget_bundle(self._box, blind.sentence)
        display(bundle, raw=True)  # type: ignore[no-untyped-call]
        self._list: Any = display(_listed(blind), raw=True, display_id=True)  # type: ignore[no-untyped-call]
        mark_shown(blind, getattr(shell, "execution_count", None))

    def _make(self) -> None:
        from ipywidgets import HTML, Button, HBox, Label, Text, VBox

        self._text, self._said, self._tally = HTML(), Label(), HTML()
        self.note = Text(placeholder="Note", continuous_update=False)
        self.buttons = {}
        for choice, label, about in _BUTTONS:
            self.buttons[choice] = Button(description=label, tooltip=about)
            self.buttons[choice].layout.width = "auto"
            self.buttons[choice].on_click(lambda _, choice=choice: self._run(self._rule, choice))
        self.back, self.on = Button(description="Previous"), Button(description="Next")
        for button, steps in ((self.back, -1), (self.on, 1)):
            button.layout.width = "auto"
            button.on_click(lambda _, steps=steps: self._run(self._go, steps))
        choices = HBox([*self.buttons.values(), self.note])
        choices.layout.flex_flow = "row wrap"
        self._box = VBox([self._text, choices, HBox([self.back, self.on, self._said]), self._tally])
        self._show()

    def _run(self, work: Any, argument: Any) -> None:
        self._context.copy().run(work, argument)

    def _rule(self, choice: str) -> None:
        id, repeat = self._order[self._at]
        self._blind.rule(id, cast("Choice", choice), self.note.value.strip(), repeat)
        self._show()
        self._list.update(_listed(self._blind), raw=True)

    def _go(self, steps: int) -> None:
        self._at = min(max(self._at + steps, 0), len(self._order) - 1)
        self._show()

    def _show(self) -> None:
        from qwq_nb.analysis.compare.blind_view import pair_columns, said_of

        by_key = {(pair.id, pair.repeat): pair for pair in self._blind.pairs()}
        pair = by_key[self._order[self._at]]
        self._text.value = pair_columns(pair, Typesetter())
        self._said.value = f"{self._at + 1:,} of {len(self._order):,}: {said_of(pair)}"
        self._tally.value = f"<p>{esc(self._blind.sentence)}</p>"
        self.note.value = pair.note
        self.back.disabled, self.on.disabled = self._at == 0, self._at == len(self._order) - 1

    def close(self) -> None:
        """Take the buttons away."""
        closed(self._box)


def _listed(blind: Blind) -> dict[str, str]:
    return {"text/html": blind.html, "text/plain": blind.text}


def show_blind(blind: Blind, shell: Any) -> BlindPanel | None:
    """Show the panel; None where there is nothing to rule on, or no ipywidgets."""
    if not len(blind):
        return None
    try:
        return BlindPanel(blind, shell)
    except ImportError:
        return None
