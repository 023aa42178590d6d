"""Show a run as a widget in any notebook that knows anywidget: VS Code, Colab, marimo. Needs `qwq-nb[widget]`.

In JupyterLab the run's ordinary output serves better: it is saved with the notebook. A widget is gone with its kernel.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

import msgspec
import traitlets
from msgspec.structs import replace

from qwq_nb.core.run_record import MIME_TYPE, RunRecord
from qwq_nb.core.vocabulary import VOCABULARY
from qwq_nb.errors import QwqError, UserError, one_line
from qwq_nb.run.live import RunPicture, drawn_record
from qwq_nb.run.sample_view import detail
from qwq_nb.view.clip import lean
from qwq_nb.view.standalone import renderer_module, renderer_styles

if TYPE_CHECKING:
    from qwq_nb.run.run import Run

__all__ = ["RunWidget"]


def _any_widget() -> Any:
    try:
        from anywidget import AnyWidget
    except ImportError:  # an extra: what is missing is said when a widget is made
        return None
    return AnyWidget


_ANY_WIDGET: Final[Any] = _any_widget()

_INTERVAL_S: Final = 0.5
"""Between two updates of a run that goes on."""

_TOGETHER: Final = 16
"""Samples whose whole texts are asked for at once."""


class _Question(msgspec.Struct, kw_only=True):
    """Hold what the view asks of the kernel."""

    type: str
    token: int
    keys: list[str] = []
    id: str = ""
    repeat: int = 0
    correct: bool | None = None
    note: str = ""


class RunWidget(_ANY_WIDGET or traitlets.HasTraits):  # type: ignore[misc]
    """Show a run as a widget, interactive in any notebook with anywidget; it follows a run that goes on.

    Raises:
        UserError: anywidget is not installed.
    """

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    record = traitlets.Dict().tag(sync=True)
    can_rule = traitlets.Bool(True).tag(sync=True)

    def __init__(self, run: Run) -> None:
        """`run` may be over or going on."""
        self._over = threading.Event()
        if _ANY_WIDGET is None:
            raise UserError("A widget needs anywidget, which is not installed: pip install 'qwq-nb[widget]'.")
        self.run = run
        super().__init__(_esm=renderer_module(), _css=renderer_styles(), record=self._whole())
        self.on_msg(lambda _, content, buffers: self.send(self._answer(content)))
        if self._is_live():
            threading.Thread(target=self._follow, name="qwq-widget", daemon=True).start()

    def __repr__(self) -> str:
        return f"<RunWidget of {one_line(self.run.name, 120)}>"

    def close(self) -> None:
        """Close the widget; a run that goes on is followed no longer."""
        self._over.set()
        super().close()

    def _is_live(self) -> bool:
        return VOCABULARY.states[self.run.state].live

    def _whole(self) -> dict[str, Any]:
        return self._drawn(drawn_record(self.run))

    def _drawn(self, record: RunRecord) -> dict[str, Any]:
        """As JSON; a row's `file` says with which others its texts are asked for."""
        places = {(r.sample.id, r.repeat): at // _TOGETHER for at, r in enumerate(self.run.results())}
        rows = [
            replace(view, file=f"texts-{places.get((view.id, view.repeat), 0)}") if view.file else view
            for view in record.samples
        ]
        found: dict[str, Any] = lean(replace(record, samples=rows))
        return found

    def _follow(self) -> None:
        picture = RunPicture(self.run)
        while self._is_live() and not self._over.wait(_INTERVAL_S):
            update = picture.bundle(live=True, times=True)[MIME_TYPE]
            self.send({"type": "update", "record": update})
        if not self._over.is_set():
            self.record = self._whole()

    def _answer(self, content: Any) -> dict[str, Any]:
        """Answer a question of the view; what is wrong with it is the answer too."""
        try:
            asked = msgspec.convert(content, _Question)
        except msgspec.ValidationError as error:
            token = content.get("token") if isinstance(content, dict) else None
            return {"type": "answer", "token": token, "problem": f"The question could not be read: {error}"}
        answer: dict[str, Any] = {"type": "answer", "token": asked.token}
        try:
            if asked.type == "texts":
                return answer | {"texts": self._texts(set(asked.keys))}
            if asked.type == "rule":
                self.run.rule(asked.id, asked.correct, asked.note, repeat=asked.repeat)
                rows = [r for r in self.run.results() if r.sample.id == asked.id and r.repeat == asked.repeat]
                self.send({"type": "update", "record": self._drawn(drawn_record(self.run, rows))})
                return answer
        except (QwqError, OSError) as error:
            return answer | {"problem": one_line(str(error), 400)}
        return answer | {"problem": f"Unknown question {one_line(asked.type, 40)!r}."}

    def _texts(self, keys: set[str]) -> dict[str, tuple[str, str]]:
        """Reasoning and answer by `<repeat> <id>`; what is withheld is not among them."""
        withheld = set(self.run.withheld)
        found = {}
        for result in self.run.results():
            key = f"{result.repeat} {result.sample.id}"
            if key in keys and result.completion is not None and result.sample.benchmark not in withheld:
                whole = detail(result)
                found[key] = (whole.reasoning, whole.answer)
        return found
