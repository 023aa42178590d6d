"""Clips in an output: first frames before clips, clips while there is room, and a sentence where there is none."""

from __future__ import annotations

import base64

from qwq_nb.core.game import Game, GameClip
from qwq_nb.core.run_record import SampleView
from qwq_nb.run.clip_pictures import fit_pictures, picture_cost
from qwq_nb.run.game_parts import game_lines, picture_html
from tests.core.test_clip_png import apng

CLIP = apng(frames=40, size=(64, 48))


def view(number: int, data: bytes | None = CLIP) -> SampleView:
    picture = None
    if data is not None:
        text = base64.b64encode(data).decode()
        picture = GameClip(data=text, width=64, height=48, frames=40, file=f"clips/{number}.png")
    return SampleView(
        benchmark="games",
        subset="pong",
        id=f"games/pong/{number}",
        repeat=0,
        outcome="awaiting_ruling",
        why="",
        gold="",
        extracted="",
        picture=picture,
    )


def frames(budget: int, *views: SampleView) -> list[int | None]:
    found = fit_pictures(views, budget, in_html=True)
    assert sum(picture_cost(each, in_html=True) for each in found if each is None or each.data) <= budget
    return [each.frames if each is not None else None for each in found]


def test_all_are_kept_where_there_is_room() -> None:
    assert frames(1_000_000, view(0), view(1, None), view(2)) == [40, None, 40]


def test_first_frames_come_before_clips() -> None:
    whole = picture_cost(view(0).picture, in_html=True)
    assert frames(2 * whole, view(0), view(1), view(2)) == [40, 1, 1]
    still = fit_pictures([view(0), view(1), view(2)], 2 * whole, in_html=True)[1]
    assert still is not None
    assert (
        still.note == "The first frame only, to keep the notebook small: the clip is clips/1.png in the run's folder."
    )


def test_without_room_a_sentence_says_where_the_clip_is() -> None:
    found = fit_pictures([view(0), view(1)], 100, in_html=True)
    assert [each and each.data for each in found] == ["", ""]
    assert "it is clips/1.png in the run" in picture_html(found[1], "x")


def test_what_is_no_base64_and_what_a_name_says_stay_out_of_the_html() -> None:
    bad = GameClip(data='x" onerror="alert(1)', width=1, height=1, frames=2)
    assert "<img" not in picture_html(bad, "x")
    named = picture_html(view(0).picture, 'a"><script>alert(1)</script>')
    assert "<script" not in named
    assert 'alt="Clip of 40 frames of a&quot;&gt;' in named


def test_foreign_text_of_a_record_is_made_visible_in_lines() -> None:
    game = Game(state="ran", checks={"reacts_to_\x1b[31m": True}, says={"reacts_to_\x1b[31m": "x\ny\x1b[0m"})
    assert all("\x1b" not in line and "\n" not in line for line in game_lines(game))
