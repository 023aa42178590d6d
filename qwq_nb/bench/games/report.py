"""Read what a play left behind, strictly: whatever contradicts itself decides nothing. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from qwq_nb.bench.games.policies import Policy
from qwq_nb.core.text import valid_text
from qwq_nb.errors import one_line
from qwq_nb.sandbox import Execution

__all__ = ["FILES", "HASH_BYTES", "MOST_FRAMES", "SIDE", "PlayReport", "Played", "read_play"]

SIDE: Final = 240
"""Longest side of a kept frame, in pixels."""
MOST_FRAMES: Final = 80
"""Kept frames of a play."""
HASH_BYTES: Final = 8
_MOST_SHOWN: Final = 400_000
_REPORT_BYTES: Final = 200_000

REPORT: Final = "report.json"
HASHES: Final = "hashes.bin"
FRAMES: Final = "frames.raw"
FILES: Final = {REPORT: _REPORT_BYTES, HASHES: HASH_BYTES * _MOST_SHOWN, FRAMES: 3 * SIDE * SIDE * MOST_FRAMES}
"""What is handed back, and the most bytes of each."""

NO_PYGAME: Final = 3
"""The driver's exit code where it cannot import pygame."""


class ReportedError(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Hold the exception that ended the game."""

    type: str
    message: str
    line: int | None
    traceback: str


class PlayReport(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Hold the driver's report, as the driver writes it."""

    nonce: str
    ended: str
    """`returned`, `exit`, `exception`, `went_on` (after QUIT), `window` (too large a one)."""
    seconds: float
    flips: int
    window: tuple[int, int]
    frame: tuple[int, int]
    """Size of a kept frame."""
    frames: int
    quit_flip: int
    """Frames shown before QUIT; -1: there was none."""
    marks: dict[str, int]
    texts: list[tuple[int, str]]
    """Texts that were rendered, with the frames shown before each."""
    error: ReportedError | None


@dataclass(frozen=True)
class Played:
    """Hold one play: what was done, how its process ended, and what it left."""

    policy: Policy
    done: Execution
    report: PlayReport | None = None
    """None: it left none, or none that can be believed."""
    hashes: tuple[bytes, ...] = ()
    frames: tuple[bytes, ...] = ()
    """Kept frames: RGB, three bytes a pixel."""
    is_thinned: bool = False
    """Whether most of them were dropped since."""
    problem: str = ""
    """What contradicts itself; empty: nothing."""

    @property
    def distinct(self) -> int:
        """Return the number of different frames."""
        return len(set(self.hashes))

    @property
    def crash(self) -> str:
        """Return how the game failed, in words; empty: it did not."""
        report = self.report
        if report is not None and report.ended == "window":
            width, height = report.window
            return f"it asked for a window of {width:,} × {height:,} pixels"
        if report is not None and report.ended == "exception" and not self.has_quit:
            return error_text(report)
        if report is not None or self.problem:
            return ""
        if self.done.status == "passed":
            return "it ended its process by itself"
        return {"timeout": "it ran out of time: ", "memory": "it ran out of memory: "}.get(
            self.done.status, ""
        ) + one_line(self.done.reason, 300)

    @property
    def has_quit(self) -> bool:
        """Return whether it went on until it was told to quit."""
        return self.report is not None and self.report.quit_flip >= 0

    @property
    def how(self) -> str:
        """Return how it ended, in words."""
        report = self.report
        if self.problem:
            return self.problem
        if self.crash or report is None:
            return self.crash
        if report.ended == "exception":
            return f"{error_text(report)}, after QUIT"
        if report.ended == "went_on":
            return "went on after QUIT"
        return "ended on QUIT" if self.has_quit else f"ended by itself after {report.seconds:.1f} s"


def error_text(report: PlayReport) -> str:
    """Return the exception of a report on one line."""
    error = report.error
    return "" if error is None else one_line(f"{error.type}: {error.message}" if error.message else error.type, 300)


def read_play(policy: Policy, done: Execution, nonce: str, seconds: float) -> Played:
    """Read what a play of `seconds` virtual seconds left. `nonce`: what its report must begin with."""
    raw = done.files.get(HASHES, b"")
    hashes = tuple(raw[at : at + HASH_BYTES] for at in range(0, len(raw) - HASH_BYTES + 1, HASH_BYTES))
    if REPORT not in done.files:
        return Played(policy, done, hashes=hashes)
    try:
        report = msgspec.json.decode(done.files[REPORT], type=PlayReport)
    except (msgspec.DecodeError, RecursionError):
        return Played(policy, done, problem="its report cannot be read")
    frames, problem = _frames(report, done.files.get(FRAMES, b""))
    problem = problem or _contradiction(report, done, len(raw), nonce, seconds)
    if problem:
        return Played(policy, done, problem=problem)
    texts = [(at, valid_text(text)) for at, text in report.texts]
    return Played(policy, done, msgspec.structs.replace(report, texts=texts), hashes, frames)


def _contradiction(report: PlayReport, done: Execution, hashed: int, nonce: str, seconds: float) -> str:
    if report.nonce != nonce:
        return "its report is not the driver's"
    if done.status != "passed" or report.ended not in ("returned", "exit", "exception", "went_on", "window"):
        return "its report does not say how it ended"
    if report.flips * HASH_BYTES != hashed:
        return "its report counts other frames than there are"
    if not 0 <= report.seconds <= seconds + 3600 or (report.ended == "exception") != (report.error is not None):
        return "its report contradicts itself"
    if not -1 <= report.quit_flip <= report.flips or (report.quit_flip < 0 and report.ended == "went_on"):
        return "its report contradicts itself"
    if report.quit_flip >= 0 and report.seconds < seconds:
        return "its report says that it was told to quit before the time"
    if any(not 0 <= at <= report.flips for at in (*report.marks.values(), *(at for at, _ in report.texts))):
        return "its report names frames that there are not"
    return ""


def _frames(report: PlayReport, raw: bytes) -> tuple[tuple[bytes, ...], str]:
    width, height = report.frame
    if not report.frames:
        return (), "" if not raw else "there are frames that its report does not count"
    size = 3 * width * height
    fits = 0 < width <= SIDE and 0 < height <= SIDE and 0 < report.frames <= MOST_FRAMES
    if not fits or size * report.frames != len(raw):
        return (), "its kept frames are not those that its report counts"
    return tuple(raw[at : at + size] for at in range(0, len(raw), size)), ""
