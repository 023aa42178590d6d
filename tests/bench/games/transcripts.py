"""Write the answers of the built-in endpoint to the four prompts of games, from the programs beside this file.

python -m tests.bench.games.transcripts
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from qwq_nb import demo
from qwq_nb.bench.games.prompts import PROMPTS

__all__ = ["PROGRAMS", "program", "rows"]

PROGRAMS = Path(__file__).parent / "programs"

FILE = Path(demo.__file__).parent / "transcripts" / "games.jsonl"

_THOUGHTS = {
    "pong": (
        "Okay, two paddles, a ball and two scores. The paddles move while their keys are held, so I read "
        "pygame.key.get_pressed() in each frame. The ball is served from the middle, with a random slope. Wait, the "
        "point goes to the other player: a ball that leaves on the left is a point for the right one. R makes a new "
        "game, ESC and closing the window end the loop.",
        "correct",
    ),
    "breakout": (
        "Okay, bricks in five rows of ten, a paddle and a ball. The ball moves from the beginning. For the paddle I "
        "take a speed of 8 to the left, and let me make it a variable, paddle_speed, for the right. Three lives; when "
        "they are gone the game is reset.",
        "wrong",
    ),
    "asteroids": (
        "Okay, a ship of three corners that turns, and rocks that wrap around the edges. I keep the angle in degrees. "
        "For the keys I look at the events of this frame. Hmm, event.get() has been called already, but it should be "
        "fine. The shots come later, first the ship.",
        "wrong",
    ),
    "flappy_bird": (
        "Okay, the bird falls by its speed, and SPACE sets the speed to a value upwards. Three pairs of pipes are "
        "enough: one that has left the window on the left comes back on the right with a new gap. Wait, a point counts "
        "only once per pipe, so each one remembers that it was passed. When the game is over nothing moves, and R "
        "makes a new one.",
        "correct",
    ),
}
"""Game → reasoning, and what the answer is: two good programs, one that crashes at a key, one that hears none."""


def program(name: str) -> str:
    """Return the program of a game."""
    return (PROGRAMS / f"{name}.txt").read_text(encoding="utf-8")


def rows() -> list[dict[str, Any]]:
    """Return the transcripts, as the built-in endpoint reads them."""
    made = []
    for prompt in PROMPTS:
        reasoning, kind = _THOUGHTS[prompt.name]
        answer = f"Here is the program.\n\n```python\n{program(prompt.name)}```\n\nRun it with Python and pygame."
        variant = {"reasoning": reasoning, "answer": answer, "kind": kind}
        made.append({"unique_id": f"games/{prompt.name}", "problem": prompt.prompt, "variants": [variant]})
    return made


if __name__ == "__main__":
    lines = [json.dumps(row, ensure_ascii=False) for row in rows()]
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")
