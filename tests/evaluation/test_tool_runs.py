"""Runs with tool calls: graded, drawn, saved and opened again, compared, and accepted by evalscope."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.analysis.budget.api import budget
from qwq_nb.analysis.compare.api import compare
from qwq_nb.analysis.gate.api import gate
from qwq_nb.analysis.think.api import think
from qwq_nb.bench.catalog import subset_names
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.errors import OptionError, UnknownBenchmark
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.open import load_run
from qwq_nb.run.run import Run
from tests.support.demo_server import own_endpoint
from tests.support.math_problems import write_jsonl
from tests.support.tool_problems import CATEGORIES, row

ROWS = [row(category, n) for category in CATEGORIES for n in range(2)]
WARM = '<tool_call>\n{"name": "weather_now", "arguments": {"town": "%s"%s}}\n</tool_call>'


def said(one: dict[str, Any], *, broken: bool = False) -> str:
    """The right answer to a row; `broken`: one whose calls end before their time."""
    if not one["ground_truth"]:
        return "No function helps."
    towns = [expected["weather.now"]["town"][0] for expected in one["ground_truth"]]
    text = "\n".join(WARM % (town, "") for town in towns)
    return text.replace("}}", "") if broken else text


def book(folder: Path, answers: dict[str, str], name: str = "book") -> Path:
    """Transcripts with these answers by id, and the right ones to all other rows."""
    return write_jsonl(
        folder / f"{name}.jsonl",
        [
            {
                "unique_id": one["id"],
                "problem": one["question"][0][0]["content"],
                "reasoning": "I look for a function. Wait, is there one?",
                "answer": answers.get(one["id"], said(one)),
            }
            for one in ROWS
        ],
    )


ANSWERS = {
    "simple_python_1": WARM % ("Town 9", ', "wind": 3'),
    "multiple_1": said(row("multiple", 1), broken=True),
    "parallel_1": "I cannot look that up.",
    "irrelevance_1": '<tool_call>\n{"name": "clock", "arguments": {}}\n</tool_call>',
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tools")


@pytest.fixture(scope="module")
def finished(folder: Path) -> Run:
    data = write_jsonl(folder / "rows.jsonl", ROWS)
    with DemoEndpoint(transcripts=[book(folder, ANSWERS)]) as server:
        endpoint = own_endpoint(server)
        return evaluate("bfcl_ast", data=data, endpoint=endpoint, out=folder / "runs", show=False)


def test_each_answer_is_right_or_has_a_reason(finished: Run) -> None:
    told = {r.sample.source_id: (r.outcome, finished.sample(r.sample.id).why) for r in finished.results()}
    wrong = {id: entry for id, entry in told.items() if entry[0] != "correct"}
    assert wrong == {
        "simple_python_1": (
            "wrong",
            'not the calls expected: town: "Town 9"; expected is "Town 1" (and 1 more)',
        ),
        "multiple_1": ("no_answer", "no call that can be read: it is no JSON (Expecting ',' delimiter)"),
        "parallel_1": ("no_answer", "no function is called"),
        "irrelevance_1": ("wrong", "not the calls expected: none is expected, as no function helps"),
    }
    assert told["irrelevance_0"] == ("correct", "extracted no call, which is right")


def test_irrelevance_stands_apart_from_the_row_all(finished: Run) -> None:
    table = finished.table().set_index("subset")
    assert list(table["n"]) == [2, 2, 2, 2, 2, 8]
    assert (table.loc["all", "correct"], table.loc["all", "accuracy"]) == (5, 5 / 8)
    assert any("irrelevance stands apart, and the row all is without it" in note for note in finished.record().notes)
    assert repr(finished).endswith("bfcl_ast 62.5 %; 10 of 10>")
    assert "Outcomes: 6 correct, 2 wrong, 2 no answer" in str(finished._repr_mimebundle_()["text/plain"])


def test_the_calls_of_a_sample_and_what_was_offered(finished: Run) -> None:
    good = finished.sample("parallel_0")
    assert good.tool_calls == [
        {"name": "weather_now", "arguments": {"town": "Town 0"}},
        {"name": "weather_now", "arguments": {"town": "Port 0"}},
    ]
    assert [tool["function"]["name"] for tool in good.tools] == ["weather_now"]
    (broken,) = finished.sample("multiple_1").tool_calls
    assert (broken["name"], broken["problem"]) == ("weather_now", "it is no JSON (Expecting ',' delimiter)")
    text = str(finished.sample("simple_python_1")._repr_mimebundle_()["text/plain"])
    assert '    ✗ weather_now\n        town = "Town 9"   (expected "Town 1")   ✗ another value' in text
    assert "        wind = 3   ✗ no such parameter: 3" in text
    html = str(finished.sample("simple_python_1")._repr_mimebundle_()["text/html"])
    assert "<code>&quot;Town 9&quot;</code></td><td>&quot;Town 1&quot;</td><td><strong>another value</strong>" in html
    drawn = {view.source_id: view.calls for view in finished.record().samples}
    assert [(call.name, call.is_missing) for call in drawn["multiple_1"]] == [
        ("weather_now", False),
        ("weather_now", True),
    ]
    assert drawn["irrelevance_0"] == []


def test_a_saved_run_has_the_same(finished: Run) -> None:
    again = load_run(finished.path)
    assert again.table().equals(finished.table())
    for id in ("parallel_0", "multiple_1", "irrelevance_1"):
        assert again.sample(id) == finished.sample(id)


def test_the_calls_come_in_fields_of_their_own_or_as_text(finished: Run) -> None:
    by_id = {r.sample.source_id: r.completion for r in finished.results()}
    good, broken = by_id["parallel_0"], by_id["multiple_1"]
    assert good is not None
    assert broken is not None
    assert [call["function"]["name"] for call in good.tool_calls] == ["weather_now", "weather_now"]
    assert (good.finish_reason, broken.tool_calls) == ("tool_calls", [])


def test_the_tools_are_in_the_request(folder: Path) -> None:
    with DemoEndpoint(transcripts=[book(folder, {}, "asked")]) as server:
        data = write_jsonl(folder / "one.jsonl", ROWS[:1])
        run = evaluate("bfcl_ast", data=data, endpoint=own_endpoint(server), out=folder / "asked", show=False)
        plain = write_jsonl(folder / "one_more.jsonl", [row("simple_python", 0, function=row("multiple")["function"])])
        other = evaluate("bfcl_ast", data=plain, endpoint=own_endpoint(server), out=folder / "asked", show=False)
    assert run.accuracies() == other.accuracies() == {"bfcl_ast": 1.0}
    assert run.manifest.plan_hash != other.manifest.plan_hash, "other tools are another question"


def test_runs_with_calls_are_compared_and_thought_about(finished: Run, folder: Path) -> None:
    with DemoEndpoint(transcripts=[book(folder, {**ANSWERS, "parallel_1": said(row("parallel", 1))}, "b")]) as server:
        endpoint = own_endpoint(server).replace(name="other")
        other = evaluate(
            "bfcl_ast", data=folder / "rows.jsonl", endpoint=endpoint, out=folder / "others", show=False, seed=1
        )
    whole = [r for r in compare(finished, other).rows() if r.subset == "all"]
    assert [(r.pairs, r.only_a, r.only_b) for r in whole] == [(8, 0, 1)]
    assert [r.pairs for r in gate(finished, other, margin=50).rows()] == [8, 8]
    thought = think(finished).table().set_index("subset")
    assert (thought.loc["all", "n"], thought.loc["all", "accuracy"]) == (8, 5 / 8)
    assert thought.loc["irrelevance", "n"] == 2
    assert set(budget(finished).table()["n"]) == {8}


@pytest.mark.long
def test_evalscope_comes_to_the_same_verdicts(finished: Run) -> None:
    from qwq_nb.bench.evalscope.parity import check

    assert check(finished.path) == []


def test_what_evalscope_has_of_tool_calls_is_refused_at_once(folder: Path) -> None:
    for name in ("bfcl_v3", "bfcl_v4", "general_fc", "tau_bench"):
        with pytest.raises(UnknownBenchmark, match=rf"{name} cannot be run here: .*%qwq_eval bfcl_ast --data FILE"):
            evaluate(name, demo=True, out=folder)
    assert subset_names("bfcl_ast") == ["simple", "multiple", "parallel", "parallel_multiple", "irrelevance"]


@pytest.mark.parametrize(
    ("tools", "said"),
    [
        ({"type": "function"}, "`tools` is no list of tools"),
        ([{"function": {"name": "f"}}], "tool 1 is no object with a `type`"),
        ([{"type": "function"}], "tool 1: a function is no object"),
        (
            [{"type": "function", "function": {"name": "f", "parameters": {"type": "dict"}}}],
            "tool 1: the `parameters` of f are no JSON Schema of an object: their type is 'dict'",
        ),
        (
            [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"a": {"type": "float"}}}}}],
            "the type of the parameter 'a' of the `parameters` of f is 'float', which is none of array, boolean",
        ),
    ],
)
def test_tools_of_ones_own_that_no_server_could_read(folder: Path, tools: Any, said: str) -> None:
    with pytest.raises(OptionError) as caught:
        evaluate("math_500", demo=True, out=folder, extra={"tools": tools})
    assert said in str(caught.value)


def test_an_answer_that_is_cut_is_right_in_no_category(folder: Path) -> None:
    long = "No function helps, since none can tell how warm it is today in any town at all."
    with DemoEndpoint(transcripts=[book(folder, {"irrelevance_0": long}, "cut")]) as server:
        run = evaluate(
            "bfcl_ast",
            data=write_jsonl(folder / "cut.jsonl", [ROWS[0], ROWS[8]]),
            endpoint=own_endpoint(server),
            out=folder / "cut",
            max_tokens=17,
            show=False,
        )
    assert [r.outcome for r in run.results()] == ["truncated", "truncated"]
    assert json.dumps(run.sample("simple_python_0").tool_calls)


def test_tools_of_ones_own_are_named_where_the_run_is_drawn(folder: Path) -> None:
    tools = [{"type": "function", "function": {"name": "clock"}}, {"type": "web_search"}]
    run = evaluate("math_500", demo=True, out=folder, limit=5, extra={"tools": tools}, show=False)
    assert run.record().sampling["tools"] == "clock, web_search"
    assert run.manifest.request.endpoint.sampling["tools"] == tools
