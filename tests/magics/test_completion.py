"""TAB in a magic's line."""

from __future__ import annotations

from pathlib import Path

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

from qwq_nb.endpoint import registry
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.options import ENDPOINT
from qwq_nb.evaluation.options import ASK, EVAL, RESUME, RUNS, SHOW
from qwq_nb.magics import completion
from qwq_nb.magics.completion import candidates


def names(table):
    return [o.name for o in table]


@pytest.mark.parametrize(
    ("magic", "table"),
    [
        ("%qwq_endpoint", ENDPOINT),
        ("%qwq_eval", EVAL),
        ("%qwq_resume", RESUME),
        ("%qwq_show", SHOW),
        ("%qwq_runs", RUNS),
        ("%%qwq", ASK),
    ],
)
def test_every_magic_offers_its_options(magic, table):
    assert candidates(f"{magic} --", {}) == names(table)
    assert set(names(table)) <= set(candidates(f"{magic} ", {}))
    for name in names(table):
        assert name in candidates(f"{magic} {name}", {})


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("%qwq_eval math_5", ["math_500"]),
        ("run = %qwq_eval aime2", ["aime24", "aime25", "aime26"]),
        ("    %qwq_eval math_500 gpqa_d", ["gpqa_diamond"]),
        ("%qwq_eval --le", ["--levels"]),
        ("%qwq_eval --levels ", ["1-5", "1", "2", "3", "4", "5"]),
        ("%qwq_eval --hub h", ["huggingface"]),
        ("%qwq_eval --think ", ["auto", "prefilled", "plain"]),
        ("%qwq_eval --data ", []),
        ("%qwq_eval --limit ", []),
        ("%qwq_endpoint d", ["demo"]),
        ("%qwq_endpoint http://h ", names(ENDPOINT)),
        ("%qwq_nothing --", []),
        ("%timeit --", []),
        ("x = qwq_eval", []),
        ("", []),
    ],
)
def test_what_is_offered(line, found):
    assert candidates(line, {})[: len(found) or None] == found or set(candidates(line, {})) == set(found)


def test_an_option_is_offered_once_unless_it_may_stand_twice():
    offered = candidates("%qwq_eval --limit 5 --demo --subset a --", {})
    assert not {"--limit", "--demo"} & set(offered)
    assert "--subset" in offered


def test_after_a_flag_a_word_follows():
    assert "math_500" in candidates("%qwq_eval --demo ", {})


def test_benchmarks_that_are_named_already_are_not_offered():
    offered = candidates("%qwq_eval math_500 ", {})
    assert "math_500" not in offered
    assert offered[:2] == ["aime24", "gpqa_diamond"]


def test_endpoints_and_served_models():
    registry.set_default(Endpoint("http://127.0.0.1:8000/v1", "m", name="lab"))
    registry.set_default(Endpoint("http://127.0.0.1:8001/v1", "m", name="demo"))
    registry._served[:] = ["QwQ-32B", "other"]
    assert candidates("%qwq_eval --endpoint ", {}) == ["demo", "lab"]
    assert candidates("%qwq_endpoint l", {}) == ["lab"]
    assert candidates("%qwq_endpoint http://h --model Q", {}) == ["QwQ-32B"]


class Run:
    """Known by its name, so that completing imports nothing."""


def test_runs_by_variable_and_by_name():
    folder = Path("qwq_runs/math_500-QwQ-32B-1a2b")
    folder.mkdir(parents=True)
    (folder / "qwq_run.json").write_text("{}")
    variables = {"first": Run(), "_hidden": Run(), "number": 3}
    assert candidates("%qwq_show ", variables)[:2] == ["first", "math_500-QwQ-32B-1a2b"]
    assert candidates("%qwq_resume math", variables) == ["math_500-QwQ-32B-1a2b"]


def completed(shell, code):
    """What the kernel offers at the end of a cell."""
    with provisionalcompleter():
        return [found.text for found in shell.Completer.completions(code, len(code))]


def test_it_works_in_a_real_shell():
    shell = InteractiveShell()
    try:
        completion.register(shell)
        assert completed(shell, "run = %qwq_eval math_500 --lev") == ["--levels"]
        assert "gpqa_diamond" in completed(shell, "%qwq_eval gpqa_d")
        assert completed(shell, "x = 1\n%qwq_eval math_500 --hub m") == ["modelscope"]
    finally:
        shell.history_manager.end_session()
