"""Define the record of a game that was played without a screen: facts, no score. `Game`, `GamePlay`, `GameError`."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

__all__ = ["CLIPS", "Game", "GameClip", "GameError", "GamePlay", "GameState", "without_game_texts"]

CLIPS: Final = "clips"
"""The folder of a run's clips, in its directory."""

GameState = Literal["ran", "crashed", "blank", "no_reaction", "undecided", "no_program", "not_run"]
"""What became of a game.

ran          in every play, with a picture
crashed      in one of the plays: an exception, a signal, or more time, memory or output than it may have
blank        no frame was shown, or every frame is of one colour
no_reaction  to none of the keys that its prompt names
undecided    what it left behind contradicts itself
no_program   the answer holds none
not_run      the sandbox failed
"""


class GamePlay(msgspec.Struct, kw_only=True):
    """Hold one play: which keys were pressed, and how it ended."""

    policy: str
    """`no keys`, `w`, `random keys`, `escape`, `restart`, …"""
    seconds: float = 0.0
    """Virtual time."""
    frames: int = 0
    """Frames that were shown."""
    distinct: int = 0
    """Different ones among them."""
    ended: str = ""
    """How it ended, in words."""


class GameError(msgspec.Struct, kw_only=True):
    """Hold the first exception that ended a play."""

    policy: str
    what: str
    """Type and message, on one line."""
    line: int | None = None
    """Line of the program, from 1."""
    source: str = ""
    """That line."""
    traceback: str = ""


class Game(msgspec.Struct, kw_only=True):
    """Hold what playing a game has shown. The game's own process reports it: a program may deceive it."""

    state: GameState
    checks: dict[str, bool | None] = {}
    """Fact → whether it holds; None: not decidable. `starts`, `draws`, `runs`, `reacts_to_w`, `shows_score`, …"""
    says: dict[str, str] = {}
    """Fact → what was seen, in words."""
    seconds: float = 0.0
    """Virtual time of a play."""
    plays: list[GamePlay] = []
    error: GameError | None = None
    why: str = ""
    """Why it could not be decided or run; empty otherwise."""
    clip: str = ""
    """Path of the clip (APNG) in the run's directory; empty: there is none."""
    clip_of: str = ""
    """The play that the clip shows."""


class GameClip(msgspec.Struct, kw_only=True):
    """Hold the clip of a game as an output carries it: an animated PNG, or its first frame."""

    data: str = ""
    """The PNG, in base64; empty: it is left out, or there is none."""
    width: int = 0
    height: int = 0
    frames: int = 0
    """1: the first frame only."""
    file: str = ""
    """Path of the clip in the run's directory."""
    note: str = ""
    """Why it is not the clip, in a sentence; empty if it is."""


def without_game_texts(game: Game | None) -> Game | None:
    """Return the record without what quotes the program: facts and states stay."""
    if game is None or (game.error is None and not game.says):
        return game
    return msgspec.structs.replace(game, error=None, says={})
