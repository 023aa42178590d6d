"""What a play left behind is read strictly: whatever contradicts itself decides nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qwq_nb.bench.games.checks import facts_of
from qwq_nb.bench.games.policies import Policy, policies
from qwq_nb.bench.games.report import FILES, Played, read_play
from qwq_nb.sandbox import Execution

NONCE = "f" * 32
STILL = Policy("no keys", "none", is_kept=True)
GOOD: dict[str, Any] = {
    "nonce": NONCE,
    "ended": "exit",
    "seconds": 1.017,
    "flips": 3,
    "window": [64, 48],
    "frame": [2, 1],
    "frames": 2,
    "quit_flip": 3,
    "marks": {},
    "texts": [[0, "Score: 0"], [2, "Score: 10"]],
    "error": None,
}
HASHES = b"12345678" * 2 + b"abcdefgh"
FRAMES = b"\x00" * 6 + b"\x01" * 6


def played(report: object = GOOD, *, hashes: bytes = HASHES, frames: bytes = FRAMES, **ended: Any) -> Played:
    content = report if isinstance(report, bytes) else json.dumps(report).encode()
    files = {"report.json": content, "hashes.bin": hashes, "frames.raw": frames}
    done = Execution(**{"status": "passed", "exit_code": 0, "files": files, **ended})
    return read_play(STILL, done, NONCE, 1.0)


def test_a_whole_report_is_read() -> None:
    play = played()
    assert (play.problem, play.crash, play.how) == ("", "", "ended on QUIT")
    assert (len(play.hashes), play.distinct, play.frames) == (3, 2, (b"\x00" * 6, b"\x01" * 6))


@pytest.mark.parametrize(
    "change",
    [
        {"nonce": "0" * 32},
        {"flips": 4},
        {"frames": 1},
        {"frame": [1, 1]},
        {"frame": [-2, -1]},
        {"frame": [100_000, 100_000]},
        {"ended": "splendidly"},
        {"ended": "exception"},
        {"seconds": -1.0},
        {"seconds": 1e9},
        {"seconds": 0.1},
        {"quit_flip": 9},
        {"ended": "went_on", "quit_flip": -1},
        {"marks": {"restart": 99}},
        {"texts": [[7, "Score: 1"]]},
        {"texts": "Score: 1"},
        {"score": 100},
        {"error": {"type": "X", "message": "", "line": 1, "traceback": ""}},
    ],
    ids=str,
)
def test_a_report_that_contradicts_itself_decides_nothing(change: dict[str, Any]) -> None:
    play = played({**GOOD, **change})
    assert play.problem
    assert play.report is None
    facts, state = facts_of([play], keys=["w"], quit="ESCAPE", restart="r", score=True)
    assert state == "undecided"
    assert set(facts.checks.values()) == {None}


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"{}", b"[" * 100_000, b"null"], ids=lambda text: text[:8])
def test_what_is_no_report_decides_nothing(content: bytes) -> None:
    assert played(content).problem == "its report cannot be read"


def test_a_report_beside_another_end_of_the_process_is_not_believed() -> None:
    assert played(status="failed", exit_code=1).problem
    assert played(hashes=HASHES[:-3]).problem
    assert played(frames=FRAMES + b"\x00").problem


def test_a_play_without_a_report_is_known_by_how_its_process_ended() -> None:
    for status, reason, crash in (
        ("crashed", "it was ended by SIGSEGV", "it was ended by SIGSEGV"),
        ("timeout", "it used more than 13 s of CPU time", "it ran out of time: it used more than 13 s of CPU time"),
        ("passed", "", "it ended its process by itself"),
    ):
        done = Execution(status=status, reason=reason, files={"hashes.bin": HASHES})  # type: ignore[arg-type]
        play = read_play(STILL, done, NONCE, 1.0)
        assert (play.crash, play.problem, len(play.hashes)) == (crash, "", 3)


def test_no_more_is_handed_back_than_its_sandbox_allows() -> None:
    assert sum(FILES.values()) <= 64 << 20


def test_the_plays_press_each_key_alone_and_come_in_one_order() -> None:
    plays = policies(["w", "SPACE"], restart="r", quit="ESCAPE", seconds=2.0)
    assert [play.name for play in plays] == [
        *("no keys", "no keys", "random keys", "w", "SPACE", "random keys", "ESCAPE", "restart")
    ]
    for play in plays:
        assert list(play.actions) == sorted(play.actions, key=lambda action: action[0])
        assert all(0 < action[0] < 2000 for action in play.actions)
    keys = {action[2] for action in plays[3].actions}
    assert keys == {"w"}
    assert plays == policies(["w", "SPACE"], restart="r", quit="ESCAPE", seconds=2.0)


def test_one_key_is_also_pressed_in_other_rhythms_and_the_mouse_is_moved() -> None:
    names = [play.name for play in policies(["SPACE"], restart="", quit="", seconds=2.0)]
    assert "SPACE every 0.55 s" in names
    mouse = next(p for p in policies(["MOUSE"], restart="", quit="", seconds=2.0) if p.kind == "key")
    assert {action[1] for action in mouse.actions} == {"move", "press", "release"}
