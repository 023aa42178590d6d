"""`python -m qwq_nb gate`: what CI reads of it, which is the exit status."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from qwq_nb.__main__ import FAILED, main
from tests.support.paths import ROOT
from tests.support.saved_runs import saved_run


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Three runs of 400 problems: one that is known, one as good, one much worse."""
    out = tmp_path / "runs"
    for name, outcomes in (("full", "c" * 400), ("same", "c" * 400), ("worse", "c" * 300 + "w" * 100)):
        saved_run(out, name, outcomes)
    return out


@pytest.mark.parametrize(
    ("names", "margin", "decision", "status"),
    [
        (("full", "same"), "1", "GO", 0),
        (("full", "worse"), "1", "NO-GO", 1),
        (("full", "worse"), "25", "INCONCLUSIVE", 2),
    ],
)
def test_the_exit_status_is_the_decision(
    runs: Path, capsys: pytest.CaptureFixture[str], names: tuple[str, str], margin: str, decision: str, status: int
) -> None:
    line = ["gate", *names, "--margin", margin, "--out", str(runs)]
    assert main([*line, "--strict"]) == status
    assert capsys.readouterr().out.startswith(f"{decision}: ")
    assert main(line) == 0, "without --strict only what cannot be carried out fails"


def test_it_is_a_program(runs: Path) -> None:
    """Also where the terminal knows ASCII only."""
    command = [sys.executable, "-m", "qwq_nb", "gate", "full", str(runs / "worse"), "--strict", "--out", str(runs)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("NO-GO: B (model-worse) is worse than A (model-full) by more than 1 point.")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["gat"], "Did you mean 'gate'?"),
        (["gate"], "gate takes two runs"),
        (["gate", "a"], "gate takes two runs"),
        (["gate", "a", "b"], "There is no run 'a'"),
        (["gate", "a", "b", "--mragin", "1"], "Did you mean '--margin'?"),
        (["gate", "full", "same", "--margin", "much"], "--margin takes a number"),
        (["gate", "full", "same", "--margin", "-1"], "from 0 to 100"),
        (["gate", "full", "same", "--margin", "nan"], "--margin takes a number"),
        (["gate", "sk-0123456789abcdefghijklmnop", "b"], "Do not put a key into a cell"),
    ],
)
def test_what_cannot_be_carried_out_is_no_decision(
    runs: Path, capsys: pytest.CaptureFixture[str], line: list[str], said: str
) -> None:
    assert main([*line, "--out", str(runs)] if len(line) > 1 else line) == FAILED
    told = capsys.readouterr()
    assert said in told.err
    assert "Traceback" not in told.err
    assert told.out == ""
    assert "sk-0123" not in told.err


def test_help_names_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "gate" in capsys.readouterr().out
    assert main(["gate", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--margin POINTS" in shown
    assert "2 INCONCLUSIVE" in shown
    assert main([]) == FAILED


def test_a_fault_of_ours_is_no_decision_either(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python ends with 1 after an error of any kind, which would be NO-GO."""

    def broken(words: object) -> int:
        raise RuntimeError("a fault")

    monkeypatch.setattr("qwq_nb.__main__.COMMANDS", {"gate": broken})
    assert main(["gate", "a", "b"]) == FAILED
    assert "a fault" in capsys.readouterr().err
