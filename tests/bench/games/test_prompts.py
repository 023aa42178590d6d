"""The four prompts, and those of a user's own file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qwq_nb.bench.games.benchmark import Games, check_extra
from qwq_nb.bench.games.prompt_file import keys_named, read_prompts
from qwq_nb.bench.games.prompts import PROMPTS
from qwq_nb.bench.protocol import LoadRequest
from qwq_nb.errors import DataError, OptionError, UserError
from tests.bench.games.transcripts import FILE, rows


def test_each_prompt_names_the_keys_that_it_is_played_with() -> None:
    words = {"w": "W", "s": "S", "UP": "up", "DOWN": "down", "LEFT": "left", "RIGHT": "right", "SPACE": "SPACE"}
    for prompt in PROMPTS:
        assert all(words[key] in prompt.prompt for key in prompt.keys), prompt.name
        assert "ESC" in prompt.prompt
        assert "R is pressed" in prompt.prompt
        assert prompt.score
        assert ("score" in prompt.prompt.lower()) or prompt.name == "pong"


def test_the_built_in_endpoint_answers_these_prompts() -> None:
    kept = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
    assert kept == rows(), "run python -m tests.bench.games.transcripts"


def test_they_are_loaded_as_one_subset_each() -> None:
    loaded = Games().load(LoadRequest(benchmark="games", dataset_args={"seconds": 2}))
    assert [sample.id for sample in loaded.samples] == [
        *("games/pong/0", "games/breakout/0", "games/asteroids/0", "games/flappy-bird/0")
    ]
    assert loaded.samples[0].metadata["keys"] == ["w", "s", "UP", "DOWN"]
    assert {sample.metadata["seconds"] for sample in loaded.samples} == {2.0}
    assert not any(sample.gold or sample.targets[0] for sample in loaded.samples)


@pytest.mark.parametrize("given", [0, 61, "6", True, float("nan"), -1])
def test_seconds_that_cannot_be(given: object) -> None:
    with pytest.raises(OptionError, match=r"--seconds takes a number from 0\.5 to 60"):
        Games().load(LoadRequest(benchmark="games", dataset_args={"seconds": given}))


def test_other_arguments_are_refused() -> None:
    with pytest.raises(OptionError, match="no dataset argument 'prompt_template'"):
        Games().load(LoadRequest(benchmark="games", dataset_args={"prompt_template": "x"}))
    with pytest.raises(OptionError, match="no worked examples"):
        Games().load(LoadRequest(benchmark="games", few_shot=2))


def test_a_text_file_is_one_game_beside_the_four(tmp_path: Path) -> None:
    file = tmp_path / "snake game.txt"
    file.write_text("Write Snake with pygame. The arrow keys turn the snake. Press R to restart. ESC quits the game.")
    loaded = Games().load(LoadRequest(benchmark="games", data=str(file)))
    assert loaded.subsets == ["pong", "breakout", "asteroids", "flappy_bird", "snake_game"]
    own = loaded.samples[-1]
    assert own.id == "games/snake-game/0"
    assert (own.metadata["keys"], own.metadata["restart"], own.metadata["quit"]) == (
        ["LEFT", "RIGHT", "UP", "DOWN"],
        "r",
        "ESCAPE",
    )
    assert any("snake_game: played with the keys LEFT, RIGHT, UP, DOWN" in note for note in loaded.notes)


def test_a_line_of_jsonl_is_a_game_and_takes_the_place_of_one_of_its_name(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    lines = [
        {"name": "pong", "prompt": "Pong, please.", "keys": ["A", "K_UP", "space", "mouse"], "quit": "esc"},
        {"name": "lights", "prompt": "Blink.", "keys": [], "score": False},
    ]
    file.write_text("\n".join(map(json.dumps, lines)) + "\n")
    loaded = Games().load(LoadRequest(benchmark="games", data=str(file)))
    pong = loaded.samples[0]
    assert (len(loaded.samples), pong.question) == (5, "Pong, please.")
    assert (pong.metadata["keys"], pong.metadata["quit"]) == (["a", "UP", "SPACE", "MOUSE"], "ESCAPE")
    assert loaded.samples[-1].metadata["score"] is False


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("W and S move the left paddle, the arrow keys up and down the right one.", ("w", "s", "UP", "DOWN")),
        ("Steer with WASD and shoot with the spacebar.", ("w", "a", "s", "d", "SPACE")),
        ("Click with the mouse.", ("MOUSE",)),
        ("A game about a ball.", ()),
    ],
)
def test_the_keys_that_a_text_names(text: str, found: tuple[str, ...]) -> None:
    assert keys_named(text)[0] == found


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.txt", b"", "is empty"),
        ("a.txt", b"\xff\xfe\x00", "is no text in UTF-8"),
        ("a.txt", b"x" * 1_000_001, "more than 1,000,000 bytes"),
        ("a.jsonl", b"{", "line 1: it is no JSON object"),
        ("a.jsonl", b"[1]", "line 1: it is no JSON object"),
        ("a.jsonl", b'{"name": "x"}', "line 1: .*prompt"),
        ("a.jsonl", b'{"name": "x", "prompt": "y", "key": 1}', "no field 'key'"),
        ("a.jsonl", b'{"name": "x", "prompt": "y", "keys": "w"}', "line 1: "),
        ("a.jsonl", b'{"name": "x", "prompt": "y", "keys": ["__class__"]}', "is no key"),
        ("a.jsonl", b'{"name": "../x", "prompt": "y"}', "cannot name a game"),
        ("a.jsonl", b'{"name": "all", "prompt": "y"}', "cannot name a game"),
        ("a.jsonl", b'{"name": "x", "prompt": " "}', "the prompt is empty"),
        ("a.jsonl", b'{"name": "x", "prompt": "y"}\n\n{"name": "x", "prompt": "z"}', "line 3: a second game"),
    ],
)
def test_a_file_that_is_none_of_prompts(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(DataError, match=says):
        read_prompts(str(file))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no file"):
        read_prompts(str(tmp_path / "missing.txt"))
    with pytest.raises(DataError, match="there is no file"):
        read_prompts(str(tmp_path))


def test_what_is_missing_is_said_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [])
    for module in ("pygame", "PIL"):
        monkeypatch.delitem(__import__("sys").modules, module, raising=False)
    with pytest.raises(UserError, match=r"games needs pygame-ce and Pillow.*%pip install 'qwq-nb\[games\]'"):
        check_extra()
