"""What the buttons of the JupyterLab view send to the kernel, and what comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from qwq_nb.core.ruling_target import RULINGS_TARGET
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.open import load_run
from qwq_nb.run.ruling_channel import accept_rulings, answer_to
from qwq_nb.run.run import Run


@pytest.fixture
def run() -> Run:
    return evaluate("my_prompts", data=["Say hello.", "Say goodbye."], demo=True, show=False)


def press(run: Run, **changes: Any) -> dict[str, Any]:
    sent = {"request": 7, "run_dir": run.directory.display_path, "id": "my_prompts/0", "repeat": 0, "correct": True}
    return answer_to({**sent, **changes})


def test_a_press_is_a_ruling_beside_the_run_and_returns_the_row(run: Run) -> None:
    answer = press(run, note="polite")
    assert answer["request"] == 7
    record = msgspec.to_builtins(answer["record"])
    assert record["partial"] is True
    assert [row["id"] for row in record["samples"]] == ["my_prompts/0"]
    assert record["samples"][0]["outcome"] == "correct"
    assert record["samples"][0]["ruling"]["note"] == "polite"
    again = load_run(run.path)
    assert [*again.samples().outcome] == ["correct", "awaiting_ruling"]
    assert [*again.rulings().note] == ["polite"]


def test_taking_it_back_leaves_the_answer_awaiting(run: Run) -> None:
    press(run)
    row = msgspec.to_builtins(press(run, correct=None)["record"])["samples"][0]
    assert row["outcome"] == "awaiting_ruling"
    assert row.get("ruling") is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": "my_prompts/9"}, "has no sample 'my_prompts/9'"),
        ({"run_dir": "nowhere/at/all"}, "nowhere"),
        ({"correct": "yes"}, "could not be read"),
        ({"id": 3}, "could not be read"),
        ({"repeat": 5}, "has no repeat 5"),
    ],
)
def test_what_cannot_be_ruled_on_is_said(run: Run, changes: dict[str, Any], message: str) -> None:
    answer = press(run, **changes)
    assert answer["request"] == 7
    assert message in answer["error"]
    assert run.rulings().empty


def test_a_message_that_is_none_is_answered() -> None:
    assert "could not be read" in answer_to(["hello"])["error"]


def test_rulings_stand_in_exports(run: Run, tmp_path: Path) -> None:
    run.rule("my_prompts/0", False, note="=curt")
    table = run.export(tmp_path / "run.csv").read_text(encoding="utf-8")
    assert '"not correct","\'=curt"' in table
    rows = msgspec.json.decode(run.export(tmp_path / "run.json").read_bytes())["samples"]
    assert [(row["ruling"], row["ruling_note"]) for row in rows] == [("not correct", "=curt"), ("", "")]
    page = run.export(tmp_path / "run.html").read_text(encoding="utf-8")
    assert "ruled not correct" in page
    assert "=curt" in page


class Comms:
    """Stands in for the kernel's comm manager, and a shell with one."""

    def __init__(self) -> None:
        self.targets: dict[str, Any] = {}
        self.kernel = self
        self.comm_manager = self

    def register_target(self, name: str, opened: Any) -> None:
        self.targets[name] = opened


class Comm:
    """A channel whose messages are kept."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def on_msg(self, handler: Any) -> None:
        self.receive = handler

    def send(self, data: dict[str, Any]) -> None:
        self.sent.append(data)


def test_a_channel_says_that_it_is_ready_and_answers(run: Run) -> None:
    shell, comm = Comms(), Comm()
    accept_rulings(shell)
    shell.targets[RULINGS_TARGET](comm, {})
    assert comm.sent == [{"ready": True}]
    data = {"request": 1, "run_dir": run.directory.display_path, "id": "my_prompts/1", "correct": False}
    comm.receive({"content": {"data": data}})
    assert comm.sent[1]["request"] == 1
    assert [*run.samples().outcome] == ["awaiting_ruling", "wrong"]


def test_without_a_kernel_nothing_is_registered() -> None:
    accept_rulings(None)
