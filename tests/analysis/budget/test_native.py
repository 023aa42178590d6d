"""Budgets of the server's own: which field is proved, the runs at each budget, and what is no curve."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.analysis.budget.api import BudgetCurve, budget
from qwq_nb.analysis.budget.forced_rows import FILE
from qwq_nb.analysis.budget.native_probe import NATIVE_FIELDS, NoNativeBudget
from qwq_nb.demo.continuation import needed_tokens
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.demo.replay import Transcripts, built_in
from qwq_nb.errors import OptionError
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.run import Run
from tests.support.math_problems import MATH
from tests.support.thought_server import ThoughtServer, thought_server


def run_on(server: ThoughtServer, tmp_path: Path) -> Run:
    """Ten problems of the built-in math_500, answered by the server."""
    return evaluate(
        "math_500", endpoint=server.endpoint(), data=MATH, limit=10, concurrency=4, out=tmp_path, show=False
    )


def natives(curve: BudgetCurve) -> dict[int, float]:
    table = curve.table()
    return dict(zip(table.budget[table.native_n > 0], table.native[table.native_n > 0], strict=True))


def asked(server: ThoughtServer) -> list[dict[str, Any]]:
    return [body for path, body in server.asked if path.endswith("/chat/completions")]


def test_the_planted_curve_is_found_and_kept(server: DemoEndpoint, tmp_path: Path) -> None:
    run = evaluate("math_500", demo=True, limit=10, out=tmp_path, show=False)
    curve = budget(run, native="auto", budgets="64,256", show=False)
    book = Transcripts.load(built_in())
    found = natives(curve)
    assert set(found) == {64, 256}
    for tokens, share in found.items():
        right = 0
        for one in run.results():
            assert one.completion is not None
            transcript = book.find(one.sample.question)
            variant = max(transcript.variants, key=lambda v: v.reasoning == one.completion.reasoning)  # type: ignore[union-attr]
            enough = one.completion.reasoning_tokens <= tokens or needed_tokens(transcript.key, variant) <= tokens
            right += enough and one.outcome == "correct"
        assert share == right / 10
    assert str(run.budget(budgets=[64, 256])) == str(curve), "a later call shows the runs, without a request"
    assert "it is not paired with this one" in str(curve)
    assert "Whole runs with a budget of the server" in curve.html
    data = curve.plot()._repr_mimebundle_()["application/vnd.plotly.v1+json"]["data"]
    assert "whole run with the server's budget" in [trace.get("name") for trace in data]


@pytest.mark.parametrize("field", NATIVE_FIELDS)
def test_the_field_that_a_server_knows_is_found(field: str, tmp_path: Path) -> None:
    with thought_server(native=field) as server:
        run = run_on(server, tmp_path)
        before = len(asked(server))
        curve = budget(run, native="auto", budgets="64", show=False)
        bodies = asked(server)[before:]
        assert list(natives(curve)) == [64]
        probes, runs = bodies[:-10], bodies[-10:]
        assert [next(name for name in NATIVE_FIELDS if name in body) for body in probes] == list(
            NATIVE_FIELDS[: NATIVE_FIELDS.index(field) + 1]
        )
        assert {body[field] for body in runs} == {64}
        again = len(asked(server))
        budget(run, native=field, budgets="64", show=False)
        assert len(asked(server)) == again + 1, "the probe alone: no answer is asked twice"


@pytest.mark.parametrize(
    ("behaviour", "field", "said"),
    [
        ({}, "auto", ["thinking_token_budget: ignored (128 thinking tokens with a budget of 16)"]),
        ({"native": 422}, "auto", ["thinking_budget: refused (HTTP 422)", "--reasoning-parser"]),
        ({"native": "thinking_budget_tokens"}, "thinking_budget", ["thinking_budget: ignored"]),
    ],
    ids=["ignored", "refused", "another name"],
)
def test_a_budget_that_is_not_enforced_is_named(
    behaviour: dict[str, Any], field: str, said: list[str], tmp_path: Path
) -> None:
    with thought_server(**behaviour) as server:
        run = run_on(server, tmp_path)
        before = len(asked(server))
        with pytest.raises(NoNativeBudget) as refused:
            budget(run, native=field, budgets="64", show=False)
        assert len(asked(server)) - before == (len(NATIVE_FIELDS) if field == "auto" else 1)
    for words in said:
        assert words in str(refused.value)
    assert not (run.path / FILE).exists()


def test_without_reasoning_nothing_is_proved(tmp_path: Path) -> None:
    with thought_server(native="thinking_budget") as server:
        run = run_on(server, tmp_path)
        server.hides = True
        with pytest.raises(NoNativeBudget, match="no reasoning came, so nothing is proved"):
            budget(run, native="auto", budgets="64", show=False)


def test_a_server_that_stops_keeping_to_the_budget_gets_no_point(tmp_path: Path) -> None:
    with thought_server(native="thinking_token_budget", enforces=4) as server:
        run = run_on(server, tmp_path)
        curve = budget(run, native="auto", budgets="64", show=False)
    assert natives(curve) == {}
    assert "thinking_token_budget 64 is not enforced: 70.0 % of the answers thought beyond it" in str(curve)
    assert "not enforced" in curve.html


def test_what_it_costs_is_said_before_anything_is_asked(tmp_path: Path) -> None:
    with thought_server(native="thinking_token_budget") as server:
        run = evaluate(
            "math_500",
            endpoint=server.endpoint(price_in=1.0, price_out=10.0, price_currency="USD"),
            data=MATH,
            limit=10,
            out=tmp_path,
            show=False,
        )
        before = len(server.asked)
        told = budget(run, native="auto", budgets="64,128", cost=True, show=False).cost
        assert len(server.asked) == before
    assert told.startswith("2 runs of 10 answers: about ")
    assert told.endswith("USD; what is there already is not asked again.")


def test_what_somebody_else_s_folder_names_is_not_believed(tmp_path: Path) -> None:
    with thought_server(native="thinking_token_budget") as server:
        run = run_on(server, tmp_path / "own")
    rows: list[dict[str, Any]] = [
        {"kind": "native", "v": 1, "field": "thinking_token_budget", "budget": 64, "run": run.name},
        {"kind": "native", "v": 1, "field": "thinking_token_budget", "budget": 64, "run": "../elsewhere"},
        {"kind": "native", "v": 1, "field": "a b", "budget": 64, "run": run.name},
        {"kind": "native", "v": 1, "field": "x", "budget": -1, "run": run.name},
        {"kind": "native", "v": 1, "field": "x", "budget": 64, "run": "gone\u202e"},
    ]
    (run.path / FILE).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    curve = run.budget()
    assert natives(curve) == {}, "this run was asked with no budget of 64"
    assert str(curve).count("is not here any more") == 1
    assert "\u202e" not in str(curve)


@pytest.mark.parametrize("field", ["", "a b", "x.y", "messages[0]", "é" * 3, "x" * 65])
def test_a_field_without_a_name_is_refused(field: str, tmp_path: Path) -> None:
    with thought_server() as server:
        run = run_on(server, tmp_path)
    with pytest.raises(OptionError, match="--native takes the name of a field"):
        budget(run, native=field, show=False)
    with pytest.raises(OptionError, match="two ways to measure"):
        budget(run, native="auto", forced=True, show=False)
