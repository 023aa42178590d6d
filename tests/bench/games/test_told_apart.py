"""Games that are faulty on purpose are told apart, and two good ones have no fault."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

pytest.importorskip("pygame")
Image = pytest.importorskip("PIL.Image")

from qwq_nb import sandbox  # noqa: E402
from qwq_nb.bench.games.clips import clip_of  # noqa: E402
from qwq_nb.bench.games.playing import kept_play, play_game  # noqa: E402
from qwq_nb.bench.games.prompts import PROMPTS  # noqa: E402
from qwq_nb.core.clip_png import read_clip, still_of  # noqa: E402
from tests.bench.games.faulty import FAULTY, Faulty  # noqa: E402
from tests.bench.games.styles import STYLES  # noqa: E402
from tests.bench.games.transcripts import program  # noqa: E402
from tests.support.sandboxes import skip_unless_here  # noqa: E402

SECONDS = 0.6
"""Virtual time of a play: as short as lets each key be pressed."""


@pytest.fixture(scope="module")
def box() -> Iterator[sandbox.Sandbox]:
    with sandbox.Sandbox(skip_unless_here(), jobs=1) as found:
        yield found


def case(name: str, faulty: Faulty) -> object:
    return pytest.param(faulty, id=name, marks=[pytest.mark.long] if faulty.is_long else [])


@pytest.mark.parametrize("faulty", [case(*each) for each in FAULTY.items()])
def test_a_faulty_game_is_told_apart(faulty: Faulty, box: sandbox.Sandbox) -> None:
    game, _ = play_game(faulty.code, PROMPTS[0].metadata(SECONDS), box.run)
    assert game.state == faulty.state, game
    assert {name: game.checks[name] for name in faulty.checks} == faulty.checks
    said = [*game.says.values(), *(play.ended for play in game.plays), game.why]
    assert faulty.says in " | ".join([*said, game.error.what if game.error else ""])


@pytest.mark.parametrize("wanted", [pytest.param("landlock", marks=pytest.mark.long), "auto"])
def test_a_good_game_has_no_fault(wanted: str) -> None:
    """In Landlock and seccomp alone, and with bubblewrap where it is there."""
    with sandbox.Sandbox(skip_unless_here(wanted), jobs=1) as box:
        game, plays = play_game(program("pong"), PROMPTS[0].metadata(2.0), box.run)
    assert (game.state, game.error, game.why) == ("ran", None, "")
    assert set(game.checks.values()) == {True}, game.says
    assert list(game.checks)[:3] == ["starts", "draws", "runs"]
    kept = kept_play(plays)
    assert kept is not None
    assert kept.report is not None
    clip = clip_of(kept.frames, kept.report.frame, 100)
    assert read_clip(clip) == (240, 180, len(kept.frames))
    with Image.open(io.BytesIO(clip)) as image:
        assert image.n_frames == len(kept.frames)
        first = image.convert("RGB").tobytes()
    assert first == kept.frames[0]
    with Image.open(io.BytesIO(still_of(clip))) as image:
        assert image.convert("RGB").tobytes() == first


@pytest.mark.long
@pytest.mark.parametrize("prompt", PROMPTS, ids=lambda prompt: prompt.name)
def test_the_demo_programs_are_what_they_are_said_to_be(prompt: object, box: sandbox.Sandbox) -> None:
    found = next(each for each in PROMPTS if each is prompt)
    game, _ = play_game(program(found.name), found.metadata(6.0), box.run)
    states = {"pong": "ran", "breakout": "crashed", "asteroids": "no_reaction", "flappy_bird": "ran"}
    assert game.state == states[found.name]
    if game.state == "ran":
        assert set(game.checks.values()) == {True}, game.says


def test_a_sandbox_that_fails_says_nothing_of_the_game() -> None:
    def failing(program: sandbox.Program) -> sandbox.Execution:
        return sandbox.Execution(status="not_run", reason="its process was killed")

    game, _ = play_game(program("pong"), PROMPTS[0].metadata(SECONDS), failing)
    assert (game.state, game.why, game.checks) == ("not_run", "its process was killed", {})


@pytest.mark.long
@pytest.mark.parametrize("code", [pytest.param(code, id=name) for name, code in STYLES.items()])
def test_a_good_game_has_no_fault_in_any_style(code: str, box: sandbox.Sandbox) -> None:
    wanted = {"keys": ["a", "d"], "restart": "r", "quit": "ESCAPE", "score": True, "seconds": 2.0}
    game, _ = play_game(code, wanted, box.run)
    assert (game.state, game.error) == ("ran", None), game
    assert set(game.checks.values()) == {True}, game.says
    assert {play.seconds for play in game.plays if play.policy == "no keys"} != {0.0}
