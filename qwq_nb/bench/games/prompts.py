"""Define the four games that are asked for, with prompts in our own words: `GamePrompt`, `PROMPTS`."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

__all__ = ["PROMPTS", "GamePrompt"]

_TERMS: Final = """

Write it in Python with pygame, as one complete program in one code block. The program
- needs no files: it draws everything itself, and plays no sound;
- opens a window of at most 800 by 600 pixels and runs at 60 frames a second by pygame.time.Clock;
- begins to play at once, without a menu and without waiting for a key;
- ends when the window is closed, and when ESC is pressed;
- starts the game anew, with the score at zero, whenever R is pressed.

Check the program for mistakes before you answer."""


class GamePrompt(msgspec.Struct, kw_only=True, frozen=True):
    """Hold what is asked for, and which of it can be looked at by playing."""

    name: str
    """Letters, digits, `_` and `-`: the subset's name."""
    prompt: str
    keys: tuple[str, ...] = ()
    """The keys that play it, by pygame's names without `K_`: `w`, `UP`, `SPACE`; `MOUSE` for the mouse."""
    restart: str = ""
    """The key that starts it anew; empty: none."""
    quit: str = ""
    """The key that ends it; empty: none."""
    score: bool = True
    """Whether it has a score to show."""

    def metadata(self, seconds: float) -> dict[str, Any]:
        """Return what grading an answer needs, as JSON has it."""
        return {
            "keys": list(self.keys),
            "restart": self.restart,
            "quit": self.quit,
            "score": self.score,
            "seconds": seconds,
        }


def _flowing(text: str) -> str:
    """Return a text whose paragraphs and items are a line each, however they are broken here."""
    return re.sub(r"(?<!\n)\n(?![\n-])", " ", text.strip())


PROMPTS: Final[tuple[GamePrompt, ...]] = (
    GamePrompt(
        name="pong",
        keys=("w", "s", "UP", "DOWN"),
        restart="r",
        quit="ESCAPE",
        prompt=_flowing(
            """Write the game Pong for two players at one keyboard.

W and S move the left paddle up and down while they are held, the up and down arrow keys the right one. A ball bounces
off the upper and lower edge and off the paddles. When it leaves the field on the left or the right, the other player
gets a point, and the ball starts again from the middle. Both scores stand at the top of the window as text.
"""
            + _TERMS
        ),
    ),
    GamePrompt(
        name="breakout",
        keys=("LEFT", "RIGHT"),
        restart="r",
        quit="ESCAPE",
        prompt=_flowing(
            """Write the game Breakout.

Rows of coloured bricks fill the upper part of the window. The left and right arrow keys move a paddle at the bottom
while they are held. A ball, which is already moving when the game begins, bounces off the walls, the paddle and the
bricks; a brick that is hit disappears and gives ten points. Whoever misses the ball loses one of three lives. Score and
lives stand at the top as text.
"""
            + _TERMS
        ),
    ),
    GamePrompt(
        name="asteroids",
        keys=("LEFT", "RIGHT", "UP", "SPACE"),
        restart="r",
        quit="ESCAPE",
        prompt=_flowing(
            """Write the game Asteroids, drawn in lines on black.

The left and right arrow keys turn a ship in the middle of the window, the up arrow key accelerates it in the direction
in which it points, and SPACE shoots. Ship, shots and asteroids that leave the window on one side come back on the
other. A large asteroid that is hit breaks into two of middle size, one of middle size into two small ones; each hit
gives points. An asteroid that meets the ship takes one of three lives. The score stands in a corner as text.
"""
            + _TERMS
        ),
    ),
    GamePrompt(
        name="flappy_bird",
        keys=("SPACE",),
        restart="r",
        quit="ESCAPE",
        prompt=_flowing(
            """Write the game Flappy Bird.

A bird falls under gravity, and SPACE lifts it with one beat of its wings. Pairs of pipes with a gap between them, at
heights chosen by chance, come from the right; each pair that is passed gives a point. When the bird touches a pipe or
the ground, the game stands still, and shows the score and the best score so far. The score stands at the top as text
while the game is played, from 0 on.
"""
            + _TERMS
        ),
    ),
)
