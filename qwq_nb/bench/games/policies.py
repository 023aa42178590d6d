"""Decide which keys are pressed when, in each play of a game. Pure, and the same for every answer."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["NO_KEYS", "RANDOM_KEYS", "RESTART", "Policy", "policies"]

NO_KEYS: Final = "no keys"
RANDOM_KEYS: Final = "random keys"
RESTART: Final = "restart"
MOUSE: Final = "MOUSE"

_FIRST_MS: Final = 200.0
_TAP_MS: Final = 200.0
"""How long a key is held, and how long it is not."""
_RANDOM_MS: Final = (150.0, 300.0)
"""How long a key is held that is chosen by chance, or none is: in the first and in the second such play."""
_RHYTHMS_MS: Final = (450.0, 550.0, 650.0)
"""From one press to the next, of a game with one key: what it does depends on when that is pressed."""

Action = tuple[Any, ...]
"""When, in virtual milliseconds, what, and further values: see the driver's `World.act`."""


@dataclass(frozen=True)
class Policy:
    """Hold what one play does."""

    name: str
    kind: str
    """`none`, `key`, `random`, `quit` or `restart`."""
    key: str = ""
    seed: int = 0
    """Of the game's own chance."""
    actions: tuple[Action, ...] = ()
    is_kept: bool = False
    """Whether its frames are kept, for the clip."""


def policies(keys: Sequence[str], *, restart: str, quit: str, seconds: float) -> list[Policy]:
    """Return the plays of a game, in their order. `seconds`: virtual time of each."""
    end = 1000.0 * seconds
    plays = [
        Policy(NO_KEYS, "none", is_kept=True),
        Policy(NO_KEYS, "none"),
        Policy(RANDOM_KEYS, "random", actions=_random(keys, end, 1), is_kept=True),
        *(Policy(key, "key", key=key, actions=_taps(key, end), is_kept=True) for key in keys),
        Policy(RANDOM_KEYS, "random", seed=1, actions=_random(keys, end, 2), is_kept=True),
    ]
    if len(keys) == 1 and keys[0] != MOUSE:
        for rhythm in _RHYTHMS_MS:
            name = f"{keys[0]} every {rhythm / 1000:g} s"
            plays.append(Policy(name, "random", actions=_taps(keys[0], end, rhythm), is_kept=True))
    if quit:
        told = ((_FIRST_MS, "down", quit), (_FIRST_MS + _TAP_MS, "up", quit))
        plays.append(Policy(quit, "quit", key=quit, actions=told))
    if restart:
        half = end / 2
        pressed = ((half, "seed"), (half, "mark", RESTART), (half, "down", restart), (half + 50, "up", restart))
        plays.append(Policy(RESTART, "restart", key=restart, actions=pressed))
    return plays


def _taps(key: str, end: float, rhythm: float = 2 * _TAP_MS) -> tuple[Action, ...]:
    if key == MOUSE:
        return _mouse(random.Random(7), end)
    actions: list[Action] = []
    at = _FIRST_MS
    while at + _TAP_MS < end:
        actions += [(at, "down", key), (at + _TAP_MS, "up", key)]
        at += rhythm
    return tuple(actions)


def _mouse(chance: random.Random, end: float) -> tuple[Action, ...]:
    actions: list[Action] = []
    at = _FIRST_MS
    while at + _TAP_MS < end:
        actions += [(at, "move", chance.random(), chance.random()), (at + 50, "press"), (at + 150, "release")]
        at += _TAP_MS
    return tuple(actions)


def _random(keys: Sequence[str], end: float, seed: int) -> tuple[Action, ...]:
    """Return one key after another, by chance; or the mouse's moves."""
    chance, plain = random.Random(seed), [key for key in keys if key != MOUSE]
    actions = list(_mouse(chance, end)) if MOUSE in keys else []
    at, step = _FIRST_MS, _RANDOM_MS[seed - 1]
    while plain and at + step < end:
        key = chance.choice([*plain, ""])
        actions += [(at, "down", key), (at + step, "up", key)] if key else []
        at += step
    return tuple(sorted(actions, key=lambda action: action[0]))
