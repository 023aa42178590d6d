"""What JupyterLab's view of the verdicts to check is given, within a budget; and what a ruling changes in it."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run import ruling_channel
from qwq_nb.run.check_list import CHECK_BYTES
from qwq_nb.run.check_view import CHECK_MIME
from qwq_nb.run.run import Run
from qwq_nb.view.budget import saved_size
from tests.support.made_runs import made_run, result


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "qwq_runs" / "one").mkdir(parents=True)


def flagged(n: int, length: int = 10, **changes: Any) -> Run:
    answer = rf"So it is \boxed{{{{1}}}}. {'Good. ' * length}"
    return made_run([result(i, "w", flags=["check_by_hand"], answer=answer, **changes) for i in range(n)])


def view_of(run: Run) -> dict[str, Any]:
    found: dict[str, Any] = run.check()._repr_mimebundle_()[CHECK_MIME]
    return found


def test_each_entry_has_its_reasons_and_the_place_in_question() -> None:
    run = flagged(3)
    run.rule("math_500/0", correct=True, note="fine")
    view = view_of(run)
    assert [entry["sample"] for entry in view["entries"]] == [[f"math_500/{i}", 0] for i in range(3)], (
        "the data's order"
    )
    assert view["entries"][1]["reasons"] == ["second opinion differs"]
    (excerpt,) = view["entries"][1]["excerpts"]
    assert (excerpt["title"], excerpt["before"], excerpt["hit"]) == ("Answer", "So it is ", r"\boxed{{1}}")
    assert (view["total"], view["left"]) == (3, 0)
    assert [row.get("ruling", {}).get("note") for row in view["record"]["samples"]] == ["fine", None, None]


@pytest.mark.parametrize(("n", "length"), [(3, 30_000), (400, 200), (3_000, 10)])
def test_the_output_keeps_to_its_budget(n: int, length: int) -> None:
    made = flagged(n, length, reasoning="Wait. \x07 é " * length).check()._repr_mimebundle_()
    assert saved_size(made) <= CHECK_BYTES
    view = made[CHECK_MIME]
    keys = [(row["id"], row.get("repeat", 0)) for row in view["record"]["samples"]]
    assert [tuple(entry["sample"]) for entry in view["entries"]] == keys
    assert len(keys) + view["left"] == n
    assert len(keys) >= min(n, 100)


def test_what_is_withheld_is_not_in_it() -> None:
    secret: dict[str, Any] = {"benchmark": "gpqa_diamond", "subset": "default", "question": "SECRET?", "gold": "SECRET"}
    run = made_run([result(0, "w", flags=["check_by_hand"], answer="SECRET", reasoning="SECRET", **secret)])
    assert "SECRET" not in json.dumps(run.check()._repr_mimebundle_())


def test_a_ruling_changes_the_lists_of_its_run_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    run = evaluate("my_prompts", data=["Say hello.", "Say goodbye."], demo=True, show=False)
    other = evaluate("my_prompts", data=["Say nothing."], demo=True, show=False)
    lists = run.check(), other.check()
    drawn: list[tuple[Any, Any]] = []
    monkeypatch.setattr(ruling_channel, "shown_subjects", lambda: [*lists, run])
    monkeypatch.setattr(ruling_channel, "draw_again", lambda subject, make: drawn.append((subject, make())))
    message = {"request": 1, "run_dir": run.directory.display_path, "id": "my_prompts/1", "correct": True}
    answer = ruling_channel.answer_to(message)
    assert "error" not in answer
    for thread in threading.enumerate():
        if thread.name == "qwq-view":
            thread.join(10)
    assert [subject for subject, _ in drawn] == [run, lists[0]]
    view = drawn[1][1][CHECK_MIME]
    # What a ruling alone has decided stays on the list: it may be taken back.
    assert [entry["reasons"] for entry in view["entries"]] == [["no verdict yet"], ["no verdict but a ruling"]]
    assert [row.get("ruling", {}).get("correct") for row in view["record"]["samples"]] == [None, True]
