"""Put the clips of games into drawn samples: read them from the run's directory, and fit them into an output."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from qwq_nb.core.clip_png import read_clip, still_of
from qwq_nb.core.game import GameClip
from qwq_nb.core.records import SampleResult
from qwq_nb.core.run_record import SampleView
from qwq_nb.store.clips import load_clip
from qwq_nb.store.run_dir import RunDirectory

__all__ = ["PictureOf", "clip_picture", "fit_pictures", "picture_cost"]

LEFT_OUT = "The clip is left out here, to keep the notebook small: it is {file} in the run's folder."
STILL = "The first frame only, to keep the notebook small: the clip is {file} in the run's folder."

PictureOf = Callable[[SampleResult], "GameClip | None"]


def clip_picture(directory: RunDirectory) -> PictureOf:
    """Return the function that gives the picture of a result: its clip, or why there is none; None: no game."""

    def picture(result: SampleResult) -> GameClip | None:
        execution = result.verdict.execution if result.verdict is not None else None
        file = execution.game.clip if execution is not None and execution.game is not None else ""
        if not file:
            return None
        clip, why = load_clip(directory, file)
        if not clip:
            return GameClip(note=f"No clip: {why}.")
        width, height, frames = read_clip(clip)
        data = base64.b64encode(clip).decode()
        return GameClip(data=data, width=width, height=height, frames=frames, file=file)

    return picture


def picture_cost(picture: GameClip | None, *, in_html: bool) -> int:
    """Return the bytes that a picture takes in a saved output: in the JSON, and once more in the html."""
    if picture is None:
        return 0
    each = len(picture.data) + len(picture.note) + 300
    return 2 * each if in_html else each


def fit_pictures(views: Sequence[SampleView], budget: int, *, in_html: bool) -> list[GameClip | None]:
    """Return the views' pictures, within so many bytes: clips in their order, then first frames, then a sentence."""
    made: list[GameClip | None] = []
    stills = [_still(view.picture) for view in views]
    # Every first frame is kept before any clip is: each game is seen then.
    left = budget - sum(picture_cost(still, in_html=in_html) for still in stills)
    for view, still in zip(views, stills, strict=True):
        more = picture_cost(view.picture, in_html=in_html) - picture_cost(still, in_html=in_html)
        if view.picture is None or more <= left:
            made.append(view.picture)
            left -= max(0, more)
        else:
            made.append(still)
    spent = 0
    for number, picture in enumerate(made):
        spent += picture_cost(picture, in_html=in_html)
        if picture is not None and picture.data and spent > budget:
            spent -= picture_cost(picture, in_html=in_html)
            made[number] = GameClip(note=LEFT_OUT.format(file=picture.file), file=picture.file)
    return made


def _still(picture: GameClip | None) -> GameClip | None:
    if picture is None or picture.frames < 2:
        return picture
    still = still_of(base64.b64decode(picture.data))
    note = STILL.format(file=picture.file)
    return replace(picture, data=base64.b64encode(still).decode(), frames=1, note=note)
