"""The magics that look into runs, in an IPython shell: what they give and what they refuse."""

from __future__ import annotations

import pytest

from qwq_nb.demo.process import DemoEndpoint
from tests.magics.test_magics import Shell, bare, shell

__all__ = ["bare", "shell"]  # fixtures


def test_runs_are_compared_by_variable_or_name(shell: Shell, server: DemoEndpoint) -> None:
    shell.run("a = %qwq_eval math_500 --demo --levels 1,2")
    shell.run("b = %qwq_eval math_500 --demo --levels 1,2 --max-tokens 300")
    shell.run("c = %qwq_compare a b")
    shell.run("again = %qwq_compare a " + shell["b"].name)
    comparison = shell["c"]
    assert comparison.table().set_index("subset").loc["all", "pairs"] == 16
    assert 0 < comparison.p_value <= 1
    assert comparison.sentence == shell["again"].sentence
    shell.run("t = %qwq_think a b")
    assert list(shell["t"].table().subset) == ["Level 1", "Level 2", "all"] * 2
    shell.run("s = %qwq_think a --after-share 0.1 --after-tokens 20")
    assert "more than 10 % of the reasoning and 20 tokens" in str(shell["s"])
    shell.run("k = %qwq_budget a b --budgets 50,100")
    assert list(shell["k"].table().budget[:2]) == [50, 100]
    shell.run("again = %qwq_budget " + shell["a"].name)
    assert str(shell["again"]) == str(shell["a"].budget())


def test_a_run_takes_another_s_place_or_does_not(shell: Shell, server: DemoEndpoint) -> None:
    shell.run("a = %qwq_eval math_500 --demo --levels 1,2")
    shell.run("b = %qwq_eval math_500 --demo --levels 1,2 --temperature 0.5")
    shell.run("g = %qwq_gate a b --margin 40")
    assert shell["g"].decision == "GO"
    shell.run("g = %qwq_gate a " + shell["b"].name)
    assert (shell["g"].decision, shell["g"].margin) == ("INCONCLUSIVE", 1)
    assert "GO: " in shell.run("%qwq_gate a b --margin 40")


def test_a_demo_run_is_judged_with_nothing_set_up(shell: Shell, server: DemoEndpoint) -> None:
    shell.run("import json, pathlib")
    rows = '[{"query": "Write a poem."}, {"query": "What is 1 + 1?"}]'
    shell.run(f"_ = pathlib.Path('own.jsonl').write_text('\\n'.join(map(json.dumps, {rows})))")
    shell.run("a = %qwq_eval general_qa --data own.jsonl --demo")
    assert "2 requests" in shell.run("%qwq_judge a --cost")
    shell.run("j = %qwq_judge a")
    assert shell["j"].table()["model"].tolist() == ["demo-judge"]
    assert "DEMO" in str(shell["j"])
    assert shell["a"].table()["accuracy"].tolist() == [0.0, 0.0], "the demo has no transcript of them"
    shell.run("a.rule('general_qa/0', True)")
    assert shell["a"].agreement().n == 1
    shell.run("b = %qwq_eval general_qa --data own.jsonl --demo --seed 1")
    shell.run("p = %qwq_judge a --pairwise b --endpoint demo")
    assert shell["p"].table()["tie"].tolist() == [2]


def test_a_sweep_and_a_speed_test(shell: Shell, server: DemoEndpoint) -> None:
    shell.run("s = %qwq_sweep math_500 --demo --levels 1 --max-tokens 100,2000")
    assert list(shell["s"].table().max_tokens) == [100, 2000]
    shell.run("x = %qwq_sweep math_500 --demo --limit 1 --extra.thinking_token_budget 512,1024")
    assert list(shell["x"].table()["extra.thinking_token_budget"]) == [512, 1024]
    shell.run("v = %qwq_speed --demo --concurrency 1,2 --max-tokens 50")
    assert list(shell["v"].table().concurrency) == [1, 2]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%qwq_compare", "takes two runs or more"),
        ("%qwq_compare nothing", "There is no run 'nothing'"),
        ("%qwq_gate", "takes two runs"),
        ("%qwq_gate nothing nowhere", "There is no run 'nothing'"),
        ("%qwq_gate a b c", "takes two runs"),
        ("%qwq_gate a b --margin", "expected one argument"),
        ("%qwq_gate math_500 --race", "--endpoint A,B"),
        ("%qwq_gate math_500 --race --endpoint demo", "between two endpoints"),
        ("%qwq_gate a b --limit 5", "--limit is for a race"),
        ("%qwq_budget nothing", "There is no run 'nothing'"),
        ("%qwq_budget --grid fine", "octaves, half"),
        ("%qwq_judge nothing", "There is no run 'nothing'"),
        ("%qwq_judge a b", "takes one run"),
        ("%qwq_judge --rubrik x", "Did you mean '--rubric'?"),
        ("%qwq_judge a --limit none", "--limit"),
        ("%qwq_think nothing", "There is no run 'nothing'"),
        ("%qwq_think --spilt llm", "Did you mean '--split'?"),
        ("%qwq_sweep math_500 --demo", "Nothing to vary"),
        ("%qwq_speed fast", "--endpoint fast"),
        ("%qwq_endpoint http://127.0.0.1:9/v1 --model m --price-in 1", "price-in and price-out are given together"),
    ],
)
def test_what_is_refused(shell: Shell, line: str, said: str) -> None:
    assert said in shell.fail(line)


def test_tab_knows_them(shell: Shell) -> None:
    assert "--temperature" in shell.complete("%qwq_sweep math_500 --temp")
    assert "--reference" in shell.complete("%qwq_compare --ref")
    shell.run("run_here = %qwq_eval math_500 --demo --limit 1")
    assert "run_here" in shell.complete("%qwq_budget run_h")
    assert "--grid" in shell.complete("%qwq_budget --gr")
    assert "run_here" in shell.complete("%qwq_judge run_h")
    assert "run_here" in shell.complete("%qwq_judge x --pairwise run_h")
    assert "demo" in shell.complete("%qwq_judge x --endpoint de")
    assert "--judge" in shell.complete("%qwq_think --jud")
    assert "--margin" in shell.complete("%qwq_gate --mar")
    assert "math_500" in shell.complete("%qwq_gate --race math")
    assert "--warmup" in shell.complete("%qwq_speed --war")
