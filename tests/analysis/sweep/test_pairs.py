"""A sweep over models alone and pairs fills one board, and asks an architect once for all editors."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qwq_nb import sandbox
from qwq_nb.analysis.sweep.api import sweep
from qwq_nb.analysis.sweep.grid import SWEEP, checked_grid, grid_of
from qwq_nb.analysis.sweep.pairs import pair_call, pairs_of
from qwq_nb.core.turn_counts import turns_of
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.registry import set_default
from qwq_nb.errors import OptionError, SandboxUnavailable, UnknownEndpoint
from qwq_nb.magics.parsing import parse_line, tokens_of
from tests.support.demo_server import own_endpoint, request_counts
from tests.support.editing_exercises import exercises, write_exercises, write_replies

LINE = '--pairs "qwq; coder; qwq+coder" --limit 2'


def test_a_line_names_models_and_pairs() -> None:
    given = parse_line(tokens_of(LINE), SWEEP, "qwq_sweep")[1]
    assert grid_of(given) == ({"pairs": ["qwq", "coder", "qwq+coder"]}, {"limit": 2})
    assert pairs_of("qwq + coder ;") == ["qwq+coder"], "one setting is a sweep too; a last semicolon is none"
    assert (pair_call("qwq"), pair_call("qwq+coder")) == (("qwq", None), ("qwq", "coder"))


@pytest.mark.parametrize("text", ["", " ; qwq", "a+b+c", "+coder", "qwq+", "a,b"])
def test_what_is_no_list_of_pairs_says_how_to_write_one(text: str) -> None:
    with pytest.raises(OptionError, match=r"ARCHITECT\+EDITOR.*qwq; qwen; qwq\+qwen"):
        pairs_of(text)


def test_the_same_pair_twice_is_one_too_many() -> None:
    with pytest.raises(OptionError, match=r"qwq\+coder twice"):
        checked_grid({"pairs": "qwq+coder; qwq + coder"})
    with pytest.raises(OptionError, match="names of endpoints"):
        checked_grid({"pairs": [("qwq", "coder")]})


class Setting:
    """Two named endpoints on one server, and exercises."""

    def __init__(self, server: DemoEndpoint, folder: Path) -> None:
        found = exercises((("R",), ("W", "R"), ("MR",)))
        self.server = server
        self.out = folder / "runs"
        self.options: dict[str, Any] = {
            "data": write_exercises(folder / "exercises.jsonl", found),
            "out": self.out,
            "show": False,
            "edit_format": "diff",
        }


@pytest.fixture
def setting(demo_endpoint: Callable[..., DemoEndpoint], tmp_path: Path) -> Setting:
    found = exercises((("R",), ("W", "R"), ("MR",)))
    server = demo_endpoint(transcripts=[write_replies(tmp_path / "replies.jsonl", found)])
    for name, temperature in (("qwq", 0.6), ("coder", 0.1), ("coder2", 0.2)):
        set_default(own_endpoint(server, name=name, temperature=temperature))
    return Setting(server, tmp_path)


def test_pairs_are_of_code_editing_and_name_all_endpoints(setting: Setting) -> None:
    with pytest.raises(OptionError, match=r"--pairs is for code_editing.* --endpoint A,B"):
        sweep("math_500", pairs="qwq; coder")
    with pytest.raises(OptionError, match="leave --endpoint out"):
        sweep("code_editing", pairs="qwq; coder", endpoint="qwq", **setting.options)
    with pytest.raises(OptionError, match="leave --editor out"):
        sweep("code_editing", pairs="qwq; coder", editor="coder", **setting.options)
    with pytest.raises(UnknownEndpoint, match=r"codr.*Did you mean 'coder'"):
        sweep("code_editing", pairs="qwq; qwq+codr", **setting.options)
    assert setting.server.log()["requests"] == 0, "all is checked before the first request"


needs_sandbox = pytest.mark.skipif(os.name != "posix", reason="needs the sandbox")


@needs_sandbox
def test_the_board_has_a_row_a_setting_and_plans_are_asked_once(setting: Setting) -> None:
    try:
        sandbox.available()
    except SandboxUnavailable as exc:
        pytest.skip(str(exc))
    made = sweep("code_editing", pairs="qwq; qwq+coder; qwq+coder2", **setting.options)
    assert [row.state for row in made.rows()] == ["complete"] * 3
    assert made.command.startswith("%qwq_sweep code_editing")
    assert "--pairs 'qwq; qwq+coder; qwq+coder2'" in made.command.replace('"', "'")
    assert "--editor" not in made.command
    board = made.board()
    assert list(board.editor_model != "") == [False, True, True]
    assert list(board.pass_rate_1.round(1)) == [66.7] * 3
    assert list(board.pass_rate_2) == [100.0] * 3
    assert list(board.num_malformed_responses) == [1] * 3
    assert list(board.num_malformed_by_aider) == [1, 0, 0]

    # The architect's four plans went to both editors; a model alone is asked in another way.
    plans = [step for r in made.runs[2].results() for step in turns_of(r) if step.role == "architect"]
    assert len(plans) == 4
    asked = request_counts(setting.server)
    assert sum(number for key, number in asked.items() if "/architect/" in key) == 4

    shown = made._repr_mimebundle_()
    for kind in ("text/html", "text/plain"):
        assert "pass rates by try" in shown[kind]
    assert made.plot("board").figure.data
