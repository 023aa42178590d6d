"""Take rulings from the JupyterLab view: its buttons send them over a comm, and get the row as it then is.

The view asks for a channel when it stands beside a kernel; without one (a saved notebook, GitHub) it has no buttons.
Each message names a run by its folder, a sample and a repeat. A run that this kernel has drawn is ruled on as that
object, and drawn again where it stands, so that the saved notebook holds the ruling; another is opened from its folder.
"""

from __future__ import annotations

import threading
from typing import Any

import msgspec

from qwq_nb.core.ruling_target import RULINGS_TARGET
from qwq_nb.errors import QwqError, one_line
from qwq_nb.run.bundle import bundle
from qwq_nb.run.live import drawn_record
from qwq_nb.run.open import load_run
from qwq_nb.run.run import Run
from qwq_nb.view.clip import lean
from qwq_nb.view.output import draw_again, shown_subjects

__all__ = ["RulingMessage", "accept_rulings", "answer_to", "opened"]


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
    """Rule as a message says; return `{"request", "record"}` with the row as it then is, or `{"request", "error"}`."""
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
    threading.Thread(target=_draw_again, args=(run,), name="qwq-view", daemon=True).start()
    return {"request": asked.request, "record": record}


def _run_in(folder: str) -> Run:
    """Return the run of a folder: the one that was drawn last here, else as it is on disk."""
    drawn = [run for run in shown_subjects() if isinstance(run, Run) and run.directory.display_path == folder]
    return drawn[-1] if drawn else load_run(folder)


def _draw_again(run: Run) -> None:
    draw_again(run, lambda: bundle(drawn_record(run), live=False))
