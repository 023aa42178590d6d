"""A run as a widget: what its view gets of the kernel. How it looks: `tests/browser/test_widget.py`."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.core.records import State
from qwq_nb.errors import UserError
from qwq_nb.run import widget as module
from qwq_nb.run.open import load_run
from qwq_nb.run.run import Run
from qwq_nb.run.widget import RunWidget
from tests.support.made_runs import made_run, results_of
from tests.support.saved_runs import saved_run
from tests.support.waiting import wait_until

pytest.importorskip("anywidget", reason="needs anywidget: pip install -e '.[widget]'")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What widgets send to their views."""
    found: list[dict[str, Any]] = []
    monkeypatch.setattr(RunWidget, "send", lambda self, content, buffers=None: found.append(content))
    return found


def ask(widget: RunWidget, **question: Any) -> None:
    """As ipywidgets hands on a message of the view."""
    widget._handle_custom_msg(question, [])


def test_the_record_is_the_drawn_one_and_the_view_is_ours() -> None:
    run = made_run(results_of("cwt"))
    widget = RunWidget(run)
    assert widget.record["schema"] == "run.v1"
    assert [row["outcome"] for row in widget.record["samples"]] == ["correct", "wrong", "truncated"]
    assert {"record", "_esm", "_css", "can_rule"} <= set(widget.keys)
    assert "KaTeX_Main" in widget._css
    assert repr(widget) == "<RunWidget of one>"


def test_texts_are_served_when_they_are_asked_for(sent: list[dict[str, Any]]) -> None:
    run = made_run(results_of("cw"))
    first = run.results()[0].sample
    ask(RunWidget(run), type="texts", token=3, keys=[f"0 {first.id}", "0 no/such", "x"])
    whole = run.sample(first.id)
    assert sent == [{"type": "answer", "token": 3, "texts": {f"0 {first.id}": (whole.reasoning, whole.answer)}}]
    assert whole.reasoning


def test_what_is_withheld_is_not_served(sent: list[dict[str, Any]]) -> None:
    run = made_run(results_of("c", benchmark="gpqa_diamond"))
    key = f"0 {run.results()[0].sample.id}"
    widget = RunWidget(run)
    assert widget.record["withheld"]
    ask(widget, type="texts", token=1, keys=[key])
    assert sent.pop()["texts"] == {}
    ask(RunWidget(run.reveal()), type="texts", token=2, keys=[key])
    assert list(sent.pop()["texts"]) == [key]


@pytest.mark.parametrize(
    ("question", "problem"),
    [
        ({"type": "texts", "token": 1, "keys": 7}, "could not be read"),
        ({"type": "texts"}, "could not be read"),
        ({"type": "shout", "token": 1}, "Unknown question 'shout'"),
        ({"type": "rule", "token": 1, "id": "no/such", "correct": True}, "has no sample 'no/such'"),
    ],
)
def test_what_cannot_be_answered_is_said(question: Any, problem: str, sent: list[dict[str, Any]]) -> None:
    ask(RunWidget(made_run(results_of("c"))), **question)
    assert problem in sent[-1]["problem"]


def test_a_ruling_is_kept_and_drawn(tmp_path: Path, sent: list[dict[str, Any]]) -> None:
    run = load_run(saved_run(tmp_path, "one", "cw"))
    wrong = next(r for r in run.results() if r.outcome != "correct")
    ask(RunWidget(run), type="rule", token=5, id=wrong.sample.id, repeat=wrong.repeat, correct=True, note="the same")
    update, answer = sent
    assert answer == {"type": "answer", "token": 5}
    assert update["type"] == "update"
    assert update["record"]["partial"]
    assert update["record"]["samples"][0]["ruling"]["correct"] is True
    assert list(run.rulings().note) == ["the same"]


def test_a_run_that_goes_on_is_followed_to_its_end(sent: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    state: list[State] = ["running"]
    run = made_run(results_of("cw"))
    monkeypatch.setattr(Run, "state", property(lambda self: state[0]))
    monkeypatch.setattr(module, "_INTERVAL_S", 0.01)
    widget = RunWidget(run)
    wait_until(lambda: len(sent) >= 2)
    assert all(each["type"] == "update" and each["record"]["partial"] for each in sent)
    assert len(sent[0]["record"]["samples"]) == 2
    assert sent[1]["record"]["samples"] == [], "a row is sent once"
    widget.record = {}
    state[0] = "complete"
    wait_until(lambda: bool(widget.record))
    assert len(widget.record["samples"]) == 2
    wait_until(lambda: "qwq-widget" not in [thread.name for thread in threading.enumerate()])


def test_a_closed_widget_follows_nothing(sent: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Run, "state", property(lambda self: "running"))
    monkeypatch.setattr(module, "_INTERVAL_S", 0.01)
    widget = RunWidget(made_run(results_of("c")))
    wait_until(lambda: bool(sent))
    widget.close()
    wait_until(lambda: "qwq-widget" not in [thread.name for thread in threading.enumerate()])


def test_without_anywidget_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ANY_WIDGET", None)
    with pytest.raises(UserError, match=r"pip install 'qwq-nb\[widget\]'"):
        RunWidget(made_run(results_of("c")))
