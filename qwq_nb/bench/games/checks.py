"""Tell from the plays of a game what holds: facts, each True, False, or None where it cannot be decided. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from qwq_nb.bench.games.policies import RESTART
from qwq_nb.bench.games.report import Played
from qwq_nb.core.game import GameState

__all__ = ["Facts", "facts_of"]

_NUMBER: Final = re.compile(r"\d+")
_OTHER: Final = re.compile(r"\b(fps|time|timer|press|level|lives|life|best|high|record)\b", re.IGNORECASE)
"""Texts whose numbers are no score."""
_NEAR: Final = 8
"""Frames at the beginning, and after the restart key, that are compared."""


class Facts:
    """Gather facts: `checks` by name, and what was seen in `says`."""

    def __init__(self, plays: Sequence[Played], *, keys: Sequence[str], quit: str, restart: str, score: bool) -> None:
        self.checks: dict[str, bool | None] = {}
        self.says: dict[str, str] = {}
        self._plays = plays
        self._still = next((play for play in plays if play.policy.kind == "none"), None)
        self._starts()
        self._draws()
        self._runs()
        for key in keys:
            self._reacts(key)
        if score:
            self._score()
        self._ends("ends_on_quit", self._still)
        if quit:
            self._ends(f"ends_on_{quit.lower()}", self._play("quit"))
        if restart:
            self._restarts()

    def note(self, name: str, holds: bool | None, says: str) -> None:
        """Note a fact."""
        self.checks[name], self.says[name] = holds, says

    def _play(self, kind: str, key: str = "") -> Played | None:
        return next((p for p in self._plays if p.policy.kind == kind and key in ("", p.policy.key)), None)

    @property
    def problem(self) -> str:
        """Return what contradicts itself in any play; empty: nothing does."""
        return next((play.problem for play in self._plays if play.problem), "")

    # -- one fact each ---------------------------------------------------------------------------------------------

    def _starts(self) -> None:
        still = self._still
        if still is None or still.problem:
            self.note("starts", None, still.problem if still else "not played")
        elif still.hashes:
            self.note("starts", True, "it shows a first frame")
        else:
            self.note("starts", False, still.crash or "it shows no frame")

    def _draws(self) -> None:
        seen = {each for play in self._plays for each in play.hashes}
        kept = [frame for play in self._plays for frame in play.frames]
        if self.problem:
            self.note("draws", None, self.problem)
        elif len(seen) < 2:
            self.note("draws", False, "all frames are alike" if seen else "no frame is shown")
        elif len(kept) > 1 and len(set(kept)) < 2:
            self.note("draws", None, "the frames that were kept are all alike")
        else:
            most = max(self._plays, key=lambda play: play.distinct)
            self.note("draws", True, f"{most.distinct:,} different frames of {len(most.hashes):,} with {_name(most)}")

    def _runs(self) -> None:
        timed = [p for p in self._plays if p.policy.kind in ("none", "key", "random")]
        failed = next((p for p in timed if p.problem or not p.has_quit), None)
        if not timed or (failed is not None and failed.problem):
            self.note("runs", None, failed.problem if failed else "not played")
        elif failed is not None:
            self.note("runs", False, f"with {_name(failed)}: {failed.how}")
        elif any(not p.hashes for p in timed):
            self.note("runs", False, "it shows no frame")
        else:
            said = [f"{len(timed)} plays of {_seconds(timed)} s"]
            self.note("runs", True, ", ".join(said))

    def _reacts(self, key: str) -> None:
        name, play = f"reacts_to_{key.lower()}", self._play("key", key)
        quiet = [p for p in self._plays if p.policy.kind == "none"]
        if play is None or play.problem or len(quiet) < 2:
            self.note(name, None, play.problem if play is not None else "not played")
        elif not quiet[0].hashes:
            self.note(name, None, "it shows no frame")
        elif quiet[0].hashes != quiet[1].hashes or any(p.crash or p.problem for p in quiet):
            why = next((p.crash for p in quiet if p.crash), "")
            self.note(name, None, why or "two plays without keys differ from each other")
        else:
            at = _first_difference(quiet[0].hashes, play.hashes)
            if at is not None:
                self.note(name, True, f"frame {at + 1:,} is another one than without keys")
            elif play.crash:
                self.note(name, None, play.crash)
            elif len(play.hashes) != len(quiet[0].hashes):
                self.note(
                    name, True, f"it shows {len(play.hashes):,} frames, and {len(quiet[0].hashes):,} without keys"
                )
            else:
                self.note(name, False, "every frame is the same as without keys")

    def _score(self) -> None:
        texts = [t for p in self._plays if p.policy.kind not in ("quit", "restart") for t in _scores(p)]
        if self.problem or not any(p.report for p in self._plays):
            for name in ("shows_score", "changes_score"):
                self.note(name, None, self.problem or "it did not come to that")
            return
        self.note("shows_score", bool(texts), f"it writes {texts[0]!r}" if texts else "it writes no number")
        kinds: dict[str, list[str]] = {}
        for text in texts:
            kinds.setdefault(_NUMBER.sub("#", text), []).append(text)
        changed = next((found for found in kinds.values() if len(set(found)) > 1), None)
        if not texts:
            self.note("changes_score", None, "it writes no number")
        elif changed is None:
            self.note("changes_score", None, "the number is the same in all plays")
        else:
            other = next(text for text in changed if text != changed[0])
            self.note("changes_score", True, f"from {changed[0]!r} to {other!r}")

    def _ends(self, name: str, play: Played | None) -> None:
        if play is None or play.problem or play.report is None or play.crash:
            self.note(name, None, play.how if play is not None else "not played")
            return
        report, told = play.report, play.policy.kind == "quit"
        if report.ended == "exception":
            self.note(name, False, play.how)
        elif told and not play.has_quit:
            self.note(name, True, f"it ended after {report.seconds:.1f} s")
        elif told:
            self.note(name, False, "it went on")
        elif not play.has_quit:
            self.note(name, None, f"it ended by itself after {report.seconds:.1f} s")
        else:
            self.note(name, report.ended != "went_on", "it went on" if report.ended == "went_on" else "it ended")

    def _restarts(self) -> None:
        play, still = self._play("restart"), self._still
        if play is None or still is None or play.report is None or play.crash:
            self.note("restarts", None, play.how if play is not None else "not played")
            return
        at = play.report.marks.get(RESTART)
        if at is None or not still.hashes or at >= len(play.hashes):
            self.note("restarts", None, "it ended before the key was pressed")
            return
        first = set(play.hashes[:_NEAR])
        if play.hashes[max(0, at - 1)] in first:
            self.note("restarts", None, "its picture was still that of the beginning")
        elif first & set(play.hashes[at : at + _NEAR]):
            self.note("restarts", True, "the first picture comes again")
        elif play.hashes == still.hashes:
            self.note("restarts", False, "the key changes nothing")
        else:
            self._restarts_by_score(play, at)

    def _restarts_by_score(self, play: Played, at: int) -> None:
        """Decide by the score, which is as at the beginning again: where the first picture depends on chance."""
        assert play.report is not None
        first: dict[str, str] = {}
        last: dict[str, str] = {}
        for frame, text in play.report.texts:
            if not _NUMBER.search(text) or _OTHER.search(text):
                continue
            kind = _NUMBER.sub("#", text)
            if frame < at:
                first.setdefault(kind, text)
                last[kind] = text
            elif frame <= at + _NEAR and text == first.get(kind) != last.get(kind):
                self.note("restarts", True, f"{text!r} stands there again")
                return
        self.note("restarts", None, "the picture changes, but the first one does not come again")


def _name(play: Played) -> str:
    return play.policy.name if play.policy.kind in ("none", "random") else f"{play.policy.name.upper()}"


def _seconds(plays: Sequence[Played]) -> str:
    found = [play.report.seconds for play in plays if play.report is not None]
    return f"{min(found, default=0):.0f}"


def _scores(play: Played) -> list[str]:
    """Return the texts with numbers that may be a score: those that say so, where any does."""
    texts = [text for _, text in play.report.texts] if play.report is not None else []
    numbers = [text for text in texts if _NUMBER.search(text)]
    named = [text for text in numbers if re.search(r"\b(score|points?)\b", text, re.IGNORECASE)]
    return named or [text for text in numbers if not _OTHER.search(text)]


def _first_difference(one: Sequence[bytes], other: Sequence[bytes]) -> int | None:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)


def facts_of(
    plays: Sequence[Played], *, keys: Sequence[str], quit: str, restart: str, score: bool
) -> tuple[Facts, GameState]:
    """Return the facts of a game's plays, and its state: the first that holds of undecided, crashed, blank, …"""
    facts = Facts(plays, keys=keys, quit=quit, restart=restart, score=score)
    if facts.problem:
        # Of what contradicts itself nothing is believed.
        facts.checks = dict.fromkeys(facts.checks)
    reactions = [facts.checks[f"reacts_to_{key.lower()}"] for key in keys]
    rules: list[tuple[GameState, Callable[[], bool]]] = [
        ("undecided", lambda: bool(facts.problem)),
        ("crashed", lambda: any(play.crash for play in plays)),
        ("blank", lambda: not any(play.hashes for play in plays) or _is_blank(plays)),
        ("no_reaction", lambda: bool(reactions) and all(reacts is False for reacts in reactions)),
    ]
    return facts, next((state for state, holds in rules if holds()), "ran")


def _is_blank(plays: Sequence[Played]) -> bool:
    """Return whether there is one picture in all plays, and it has one colour."""
    if len({each for play in plays for each in play.hashes}) > 1:
        return False
    kept = next((play.frames[0] for play in plays if play.frames), b"")
    return bool(kept) and kept == kept[:3] * (len(kept) // 3)
