"""Play a game in the sandbox, once for each policy, and make the record of it."""

from __future__ import annotations

import dataclasses
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from qwq_nb import sandbox
from qwq_nb.bench.games.checks import facts_of
from qwq_nb.bench.games.policies import Policy, policies
from qwq_nb.bench.games.report import FILES, NO_PYGAME, SIDE, Played, error_text, read_play
from qwq_nb.core.game import Game, GameError, GamePlay

__all__ = ["kept_play", "play_game"]

MEMORY_MB: Final = 2048
_DRIVER: Final = Path(__file__).with_name("driver.py")
_STAND_INS: Final = Path(__file__).with_name("stand_ins.py")
_CLIP_MS: Final = 100.0
_MOST_KEPT: Final = 70

Run = Callable[[sandbox.Program], sandbox.Execution]


class NotPlayed(Exception):
    """Report that the sandbox could not play the game, which says nothing of it."""


def play_game(code: str, wanted: Mapping[str, Any], run: Run) -> tuple[Game, list[Played]]:
    """Play a program, and return its record, without a clip, and the plays.

    `wanted`: `GamePrompt.metadata`. `run` runs a program in a sandbox and waits for it. What cannot be played without
    pressing a key is not played with one.
    """
    seconds = float(wanted["seconds"])
    keys = [str(key) for key in wanted["keys"]]
    restart, quit = str(wanted["restart"]), str(wanted["quit"])
    plays: list[Played] = []
    try:
        for policy in policies(keys, restart=restart, quit=quit, seconds=seconds):
            plays.append(_played(code, policy, seconds, run))
            _keep_best(plays)
            if _is_hopeless(plays):
                break
    except NotPlayed as error:
        return Game(state="not_run", why=str(error), seconds=seconds), plays
    facts, state = facts_of(plays, keys=keys, quit=quit, restart=restart, score=bool(wanted["score"]))
    game = Game(
        state=state,
        checks=facts.checks,
        says=facts.says,
        seconds=seconds,
        plays=[_row(play) for play in plays],
        error=_first_error(plays, code),
        why=facts.problem,
    )
    return game, plays


def kept_play(plays: Sequence[Played]) -> Played | None:
    """Return the play whose frames make the clip: of those with keys that of most different pictures, else any."""
    kept = [play for play in plays if play.frames and not play.is_thinned]
    return max(kept, key=lambda play: (play.policy.kind != "none", play.distinct), default=None)


def _keep_best(plays: list[Played]) -> None:
    """Drop the kept frames of those plays that the clip is not made of: they take megabytes each."""
    best = kept_play(plays)
    for number, play in enumerate(plays):
        if play is not best and play.frames:
            # Two of them show as well as all whether its picture changes.
            few = tuple(dict.fromkeys(play.frames))[:2]
            plays[number] = dataclasses.replace(play, frames=few, is_thinned=True)


def _played(code: str, policy: Policy, seconds: float, run: Run) -> Played:
    nonce = secrets.token_hex(16)
    settings = {
        "nonce": nonce,
        "seconds": seconds,
        "seed": policy.seed,
        "actions": policy.actions,
        "side": SIDE if policy.is_kept else 0,
        "every_ms": max(_CLIP_MS, 1000 * seconds / _MOST_KEPT),
    }
    done = run(
        sandbox.Program(
            code=_DRIVER.read_text(encoding="utf-8"),
            files={
                _STAND_INS.name: _STAND_INS.read_bytes(),
                "game.py": code.encode("utf-8", "replace"),
                "play.json": json.dumps(settings).encode(),
            },
            limits=sandbox.Limits(cpu_s=10 + 3 * seconds, memory_mb=MEMORY_MB),
            wanted=FILES,
        )
    )
    if done.status == "not_run":
        raise NotPlayed(done.reason or "it gave no reason")
    if done.exit_code == NO_PYGAME and "report.json" not in done.files and not done.files.get("hashes.bin"):
        raise NotPlayed("pygame cannot be imported in the sandbox")
    return read_play(policy, done, nonce, seconds)


def _is_hopeless(plays: Sequence[Played]) -> bool:
    """Return whether further plays would show nothing: it took all its time, or never came to a first frame."""
    last = plays[-1]
    return last.done.status in ("timeout", "output_limit", "memory") or (len(plays) == 1 and not last.hashes)


def _row(play: Played) -> GamePlay:
    return GamePlay(
        policy=play.policy.name,
        seconds=play.report.seconds if play.report is not None else 0.0,
        frames=len(play.hashes),
        distinct=play.distinct,
        ended=play.how,
    )


def _first_error(plays: Sequence[Played], code: str) -> GameError | None:
    """Return the first exception before QUIT, else the first after it; or how the process was ended."""
    raised = [play for play in plays if play.report is not None and play.report.error is not None]
    first = next((play for play in raised if play.crash), None)
    ended = next((play for play in plays if play.crash), None)
    found = first or ended or next(iter(raised), None)
    if found is None:
        return None
    error = found.report.error if found.report is not None else None
    if found.report is None or error is None:
        return GameError(policy=found.policy.name, what=found.crash, traceback=found.done.stderr[-2000:])
    lines = code.split("\n")
    line = error.line if error.line is not None and 0 < error.line <= len(lines) else None
    return GameError(
        policy=found.policy.name,
        what=error_text(found.report),
        line=line,
        source=lines[line - 1][:300] if line is not None else "",
        traceback=error.traceback,
    )
