"""Whole runs of games: what is kept, shown and exported of them, how they are ruled on, resumed and compared."""

from __future__ import annotations

import base64
import html
import json
import re
from pathlib import Path

import msgspec
import pytest

pytest.importorskip("pygame")
pytest.importorskip("PIL")

from qwq_nb.analysis.compare.api import compare
from qwq_nb.core.clip_png import read_clip
from qwq_nb.demo import shared
from qwq_nb.errors import OptionError, SandboxUnavailable
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.evaluation.request import build_request
from qwq_nb.run.bundle import bundle
from qwq_nb.run.open import load_run
from qwq_nb.run.run import Run
from qwq_nb.run.text import run_text
from qwq_nb.view.budget import FINAL_BYTES, saved_size
from tests.bench.games.transcripts import program
from tests.support.demo_server import request_counts
from tests.support.sandboxes import skip_unless_here

SECONDS = 0.6
PONG, BREAKOUT = "games/pong/0", "games/breakout/0"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two of the four games, one of which is good, as the built-in endpoint answers them."""
    skip_unless_here()
    out = tmp_path_factory.mktemp("runs")
    return evaluate("games", subset=["pong", "breakout"], demo=True, seconds=SECONDS, out=out, show=False)


def test_each_answer_awaits_a_ruling_and_no_accuracy_is_claimed(run: Run) -> None:
    table = run.table()
    assert table.subset.to_list() == ["pong", "breakout", "all"]
    assert table.awaiting_ruling.to_list() == [1, 1, 2]
    assert table.accuracy.isna().all()
    assert "tests_total" not in table
    samples = run.samples()
    assert set(samples.outcome) == {"awaiting_ruling"}
    assert samples.execution.to_list() == ["passed", "failed"]
    assert samples.tests_total.isna().all()


def test_a_sample_has_facts_a_clip_and_its_program(run: Run, tmp_path: Path) -> None:
    good = run.sample(PONG)
    assert good.checks["starts"] is good.checks["reacts_to_w"] is good.checks["ends_on_quit"] is True
    assert False not in good.checks.values()
    clip = Path(good.clip)
    assert clip == run.path / "clips" / "games-pong-0-0.png"
    assert read_clip(clip.read_bytes())[:2] == (240, 180)
    assert good.why.startswith("it ran")
    saved = good.save(tmp_path / "game.py")
    assert saved.read_text(encoding="utf-8") == program("pong")


def test_a_crash_is_shown_beside_its_line(run: Run) -> None:
    bad = run.sample(BREAKOUT)
    assert bad.checks["runs"] is False
    assert bad.why == "it crashed: NameError: name 'paddle_speed' is not defined in line 39"
    shown = bad._repr_mimebundle_()
    assert re.search(r"▶ +39 +paddle\.x \+= paddle_speed", shown["text/html"])
    assert "Traceback (most recent call last)" in shown["text/html"]
    assert "✗ runs" in shown["text/plain"]


def test_the_output_holds_the_clips_and_its_budget(run: Run) -> None:
    made = bundle(run.record(), live=False)
    assert saved_size(made) <= FINAL_BYTES
    images = re.findall(r'<img src="data:image/png;base64,([^"]+)" alt="([^"]+)"', str(made["text/html"]))
    assert [alt.partition(" of games/")[2] for _, alt in images] == ["pong/0", "breakout/0"]
    assert base64.b64decode(images[0][0]) == Path(run.sample(PONG).clip).read_bytes()
    assert "reacts to W" in str(made["text/html"])


def test_the_text_holds_the_facts_and_no_times(run: Run) -> None:
    text = run_text(run.record(), times=False)
    assert "✓ reacts to W: frame " in text
    assert "? reacts to RIGHT: NameError" in text
    assert "await your ruling" in text


def test_a_page_holds_the_clips(run: Run, tmp_path: Path) -> None:
    for traces in (False, True):
        page = run.export(tmp_path / "run.html", traces=traces).read_text(encoding="utf-8")
        assert page.count('<img src="data:image/png;base64,') == 2
        assert "img-src data:" in page


def test_viewers_of_the_folder_have_the_clips(run: Run) -> None:
    record = json.loads((run.path / "qwq_record.json").read_text(encoding="utf-8"))
    assert [row["picture"]["file"] for row in record["samples"]] == [
        *("clips/games-pong-0-0.png", "clips/games-breakout-0-0.png")
    ]
    assert "code" not in record["samples"][0]


def test_it_is_opened_again_with_all_that_was_seen(run: Run) -> None:
    again = load_run(run.path)
    assert again.sample(PONG).checks == run.sample(PONG).checks
    assert again.sample(PONG).clip == run.sample(PONG).clip
    assert again.sample(PONG).extracted == program("pong")
    assert again.sample(BREAKOUT).execution == run.sample(BREAKOUT).execution


def test_the_same_line_asks_nothing_and_plays_nothing(run: Run) -> None:
    clip = Path(run.sample(PONG).clip)
    before, asked = clip.stat().st_mtime_ns, sum(request_counts(shared()).values())
    again = evaluate("games", subset=["pong", "breakout"], demo=True, seconds=SECONDS, out=run.path.parent, show=False)
    assert again.path == run.path
    assert sum(request_counts(shared()).values()) == asked
    assert clip.stat().st_mtime_ns == before


def test_the_line_of_a_run_says_its_seconds(run: Run) -> None:
    line = f"%qwq_eval games --subset pong --subset breakout --seconds 0.6 --out {run.path.parent} --demo"
    assert run.command == line


def test_two_runs_are_shown_beside_each_other(run: Run) -> None:
    found = compare(run, load_run(run.path))
    assert found.html.count('<img src="data:image/png;base64,') == 4
    assert re.search(r"games/pong/0: \S+ \(A\) ran; \S+ \(B\) ran", found.text)
    assert "awaits your ruling" in found.text
    assert "data:image/png" in found.flip(PONG)._repr_mimebundle_()["text/html"]


def test_a_reader_rules(run: Run) -> None:
    run.rule(PONG, True, note="I played it")
    run.rule(BREAKOUT, False)
    try:
        again = load_run(run.path)
        assert again.samples().outcome.to_list() == ["correct", "wrong"]
        assert again.sample(PONG).checks["starts"] is True
        assert again.accuracies() == {"games": 0.5}
        assert "data:image/png" in str(bundle(again.record(), live=False)["text/html"])
    finally:
        for id in (PONG, BREAKOUT):
            run.rule(id, None)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda clip: clip.unlink(), "is not in the run's folder"),
        (lambda clip: clip.write_bytes(b"<svg onload=alert(1)>"), "it is no PNG"),
        (lambda clip: clip.write_bytes(clip.read_bytes()[:-20]), "it is damaged|it is cut off"),
        (lambda clip: clip.write_bytes(bytes(2_000_000)), "too large"),
        (lambda clip: (clip.unlink(), clip.symlink_to("/etc/passwd")), "is not read"),
    ],
    ids=["gone", "no PNG", "damaged", "too large", "a link"],
)
def test_a_strangers_clip_is_checked_before_it_is_shown(run: Run, spoil: object, says: str) -> None:
    clip = Path(run.sample(PONG).clip)
    kept = clip.read_bytes()
    try:
        spoil(clip)  # type: ignore[operator]
        assert run.sample(PONG).clip == ""
        shown = html.unescape(str(bundle(run.record(), live=False)["text/html"]))
        assert shown.count('<img src="data:image/png;base64,') == 1
        assert re.search(f"No clip: clips/games-pong-0-0.png.*(?:{says})", shown)
    finally:
        clip.unlink(missing_ok=True)
        clip.write_bytes(kept)


@pytest.mark.parametrize("file", ["../qwq_run.json", "clips/../x.png", "/etc/passwd", "clips/a/b.png", "clips/x.svg"])
def test_no_other_file_is_read_as_a_clip(run: Run, file: str) -> None:
    result = run.results()[0]
    verdict = result.verdict
    assert verdict is not None
    assert verdict.execution is not None
    assert verdict.execution.game is not None
    game = msgspec.structs.replace(verdict.execution.game, clip=file)
    execution = msgspec.structs.replace(verdict.execution, game=game)
    changed = msgspec.structs.replace(result, verdict=msgspec.structs.replace(verdict, execution=execution))
    picture = run.record([changed]).samples[0].picture
    assert picture is not None
    assert (picture.data, picture.frames) == ("", 0)
    assert "no clip in its folder" in picture.note


def test_what_the_line_may_not_say() -> None:
    with pytest.raises(OptionError, match="--seconds is an option of games alone"):
        build_request(["math_500"], demo=True, seconds=3)
    with pytest.raises(OptionError, match="--prompt is an option of games alone"):
        build_request(["games", "math_500"], demo=True, prompt="x.txt")
    with pytest.raises(OptionError, match="leave one of them out"):
        build_request(["games"], demo=True, prompt="x.txt", data="y.txt")
    with pytest.raises(OptionError, match=r"--seconds takes a number from 0\.5 to 60"):
        build_request(["games"], demo=True, seconds=1e9)


def test_games_are_not_played_in_docker(tmp_path: Path) -> None:
    with pytest.raises(SandboxUnavailable, match="not played in Docker"):
        evaluate("games", demo=True, sandbox="docker", out=tmp_path, show=False)


def test_an_answer_without_a_program_awaits_a_ruling_too(tmp_path: Path) -> None:
    """The built-in endpoint does not know this prompt, and says so."""
    skip_unless_here()
    file = tmp_path / "tetris.txt"
    file.write_text("Write Tetris with pygame: the arrow keys move the piece. ESC ends it.")
    run = evaluate("games", subset="tetris", demo=True, prompt=file, seconds=SECONDS, out=tmp_path, show=False)
    found = run.sample("games/tetris/0")
    assert (found.outcome, found.checks, found.clip) == ("awaiting_ruling", {}, "")
    assert found.why == "no program: the answer holds none that uses pygame"
    with pytest.raises(OptionError, match="has no program to save"):
        found.save(tmp_path / "game.py")
    assert f"--prompt {file}" in run.command
    assert "Game: no program" in run_text(run.record(), times=False)
