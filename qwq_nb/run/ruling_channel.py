"""Take rulings from the JupyterLab view, and Stop, Pause and Resume: its buttons send them over a comm.

The view asks for a channel when it stands beside a kernel; without one (a saved notebook, GitHub) it has no buttons.
Each message names a run by its folder, a sample and a repeat. A run that this kernel has drawn is ruled on as that
object, and drawn again where it stands, so that the saved notebook holds the ruling; another is opened from its folder.
So are the lists of verdicts to check and the comparisons that show the run (`ShowsRulings`).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Literal, Protocol, runtime_checkable

import msgspec

from qwq_nb.core.ruling_target import RULINGS_TARGET
from qwq_nb.errors import QwqError, one_line
from qwq_nb.run.bundle import bundle
from qwq_nb.run.live import drawn_record
from qwq_nb.run.open import load_run
from qwq_nb.run.run import Run
from qwq_nb.view.clip import lean
from qwq_nb.view.output import draw_again, shown_subjects

__all__ = ["RulingMessage", "ShowsRulings", "SteeringMessage", "accept_rulings", "answer_to", "opened"]


@runtime_checkable
class ShowsRulings(Protocol):
    """Draw rulings beside what else an output shows."""

    def after_ruling(self, run_dir: str) -> Mapping[str, Any] | None:
        """Return the bundle as it is after a ruling on the run in that folder; None if it shows another."""


class RulingMessage(msgspec.Struct, kw_only=True):
    """Hold what a press of a button says."""

    request: int
    """Returned with the answer."""
    run_dir: str
    id: str
    repeat: int = 0
    correct: bool | None = None
    """None takes a ruling back."""
    note: str = ""


class SteeringMessage(msgspec.Struct, kw_only=True):
    """Hold what a button that steers a run says; `look` asks whether this kernel runs it at all."""

    request: int
    run_dir: str
    action: Literal["look", "stop", "pause", "resume"]


def accept_rulings(shell: Any) -> None:
    """Let views open a channel to this kernel. Nothing is done where there is none, and twice is as good as once."""
    manager = getattr(getattr(shell, "kernel", None), "comm_manager", None)
    if manager is not None:
        manager.register_target(RULINGS_TARGET, opened)


def opened(comm: Any, message: Any) -> None:
    """Answer what comes on a channel that a view has opened, after saying that this kernel can."""
    comm.on_msg(lambda sent: comm.send(answer_to(sent["content"]["data"])))
    comm.send({"ready": True})


def answer_to(data: Any) -> dict[str, Any]:
    """Do as a message says; return `{"request", …}` with what there is to say of it, or `{"request", "error"}`.

    The answer to a ruling has the row as it then is, in `record`; that to a button that steers a run says in `steered`
    whether this kernel runs it.
    """
    if isinstance(data, dict) and "action" in data:
        return steered(data)
    try:
        asked = msgspec.convert(data, RulingMessage)
    except msgspec.ValidationError as error:
        number = data.get("request") if isinstance(data, dict) else None
        return {"request": number, "error": f"The ruling could not be read: {error}."}
    try:
        run = _run_in(asked.run_dir)
        run.rule(asked.id, asked.correct, asked.note, repeat=asked.repeat)
        rows = [r for r in run.results() if r.sample.id == asked.id and r.repeat == asked.repeat]
        record = lean(drawn_record(run, rows))
    except (QwqError, OSError) as error:
        return {"request": asked.request, "error": one_line(str(error), 400)}
    # In a thread of its own: a long run takes a moment to draw, and the next press need not wait for it.
    threading.Thread(target=_draw_again, args=(run, asked.run_dir), name="qwq-view", daemon=True).start()
    return {"request": asked.request, "record": record}


def steered(data: dict[str, Any]) -> dict[str, Any]:
    """Stop, pause or resume the run of a folder, if this kernel runs it."""
    try:
        asked = msgspec.convert(data, SteeringMessage)
    except msgspec.ValidationError as error:
        return {"request": data.get("request"), "error": f"The message could not be read: {error}."}
    going = [run for run in _drawn(asked.run_dir) if run.is_going_on]
    if not going:
        if asked.action == "look":
            return {"request": asked.request, "steered": False}
        return {"request": asked.request, "error": "this kernel does not run it"}
    if asked.action != "look":
        getattr(going[-1], asked.action)()
    return {"request": asked.request, "steered": True}


def _drawn(folder: str) -> list[Run]:
    return [run for run in shown_subjects() if isinstance(run, Run) and run.directory.display_path == folder]


def _run_in(folder: str) -> Run:
    """Return the run of a folder: the one that was drawn last here, else as it is on disk."""
    drawn = _drawn(folder)
    return drawn[-1] if drawn else load_run(folder)


def _draw_again(run: Run, run_dir: str) -> None:
    draw_again(run, lambda: bundle(drawn_record(run), live=False))
    for subject in shown_subjects():
        if isinstance(subject, ShowsRulings) and (made := subject.after_ruling(run_dir)) is not None:
            draw_again(subject, lambda made=made: made)  # type: ignore[misc]
