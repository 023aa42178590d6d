"""A sweep: its grid, a run for each setting, what it concludes, what is left after an interrupt or a failure."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable
from pathlib import Path
from signal import SIGINT, pthread_kill
from typing import Any

import pytest
from msgspec import structs

from qwq_nb.analysis.sweep.api import Sweep, SweepInterrupted, sweep
from qwq_nb.analysis.sweep.grid import AXES, MOST_SETTINGS, SWEEP, checked_grid, grid_of, settings_of
from qwq_nb.analysis.sweep.settings import (
    SettingRow,
    caveat,
    leader,
    pairs,
    sweep_conclusion,
    with_numbers,
    with_p_values,
)
from qwq_nb.core.records import Analysis, Loop, Outcome, SampleResult
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint import registry
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import OptionError, QwqError, UnknownEndpoint
from qwq_nb.magics.parsing import parse_line, tokens_of
from tests.support.demo_server import own_endpoint
from tests.support.math_problems import MATH, answer, sample
from tests.support.waiting import wait_until

COLUMNS = ["n", "accuracy", "ci_low", "ci_high", "mean_tokens", "truncated_share", "loop_rate", "mean_latency_s"]


def result(number: int, outcome: Outcome = "correct", repeat: int = 0, **more: Any) -> SampleResult:
    done = None if outcome == "pending" else answer(reasoning_tokens=90, answer_tokens=10, latency_s=2.0)
    return SampleResult(sample=sample(number), repeat=repeat, outcome=outcome, completion=done, **more)


def row(correct: int, n: int = 50) -> SettingRow:
    """A finished setting of `n` problems."""
    results = [result(i % 40, "correct" if i < correct else "wrong") for i in range(n)]
    for i, r in enumerate(results):
        r.sample = structs.replace(r.sample, id=f"p{i}")
    return with_numbers(SettingRow(state="complete", values={"temperature": correct / 100}), results)


# -- the grid ----------------------------------------------------------------------------------------------------


def given(line: str) -> dict[str, Any]:
    return parse_line(tokens_of(line), SWEEP, "qwq_sweep")[1]


def test_a_line_becomes_a_grid_and_the_options_of_all_settings() -> None:
    grid, fixed = grid_of(
        given("--temperature 0.2,0.6,1.0 --top-k 20,off --top-p 0.9 --limit 50 --endpoint a,b --demo")
    )
    assert grid == {"temperature": [0.2, 0.6, 1.0], "top_k": [20, None], "endpoint": ["a", "b"]}
    assert fixed == {"top_p": 0.9, "limit": 50, "demo": True}
    assert settings_of(checked_grid(grid))[1] == {"temperature": 0.2, "top_k": None, "endpoint": "a"}
    assert len(settings_of(grid)) == 12
    assert list(grid) == ["endpoint", "temperature", "top_k"], "as the options are listed"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--temperature 0.2,x", "--temperature takes a number, not 'x'"),
        ("--top-k 20,4.5", "--top-k takes a whole number"),
        ("--temperature 0.2,", "without spaces: --temperature 0.2,0.6,1.0"),
        ("--think plain,never", "--think must be one of"),
    ],
)
def test_values_that_cannot_be(line: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        grid_of(given(line))


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        (None, "Nothing to vary: give an option several values"),
        ({}, "--temperature 0.2,0.6,1.0"),
        ({"temprature": [0.2]}, "Did you mean 'temperature'"),
        ({"concurrency": [1, 8]}, "%qwq_speed"),
        ({"limit": [10, 20]}, "same problems"),
        ({"model": ["a", "b"]}, "--endpoint a,b"),
        ({"temperature": []}, "has no value"),
        ({"temperature": [0.2, 0.2]}, "0.2 twice"),
        ({"endpoint": [None, "a"]}, "takes no None"),
        ({"temperature": [i / 10 for i in range(9)], "top_k": list(range(8))}, "9 × 8 = 72 settings.*at most 64"),
    ],
)
def test_grids_that_cannot_be(grid: dict[str, Any] | None, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        checked_grid(grid)


def test_a_grid_may_be_written_as_texts_and_single_values() -> None:
    assert checked_grid({"top-p": "0.9,off", "temperature": 0.6}) == {"top_p": [0.9, None], "temperature": [0.6]}
    assert len(settings_of(checked_grid({"top_k": range(1, MOST_SETTINGS + 1)}))) == MOST_SETTINGS


def test_any_field_of_the_request_may_be_varied(server: DemoEndpoint, tmp_path: Path) -> None:
    made = sweep(
        "math_500",
        grid={"--extra.thinking_token_budget": "512,1024,off", "extra.fast": [True]},
        endpoint=own_endpoint(server),
        data=MATH,
        extra={"priority": 1},
        limit=1,
        out=tmp_path,
        show=False,
    )
    assert list(made.table()["extra.thinking_token_budget"]) == [512, 1024, "off"]
    bodies = [entry["body"] for entry in server.log()["last"] if entry["body"]]
    assert [body.get("thinking_token_budget") for body in bodies] == [512, 1024, None]
    assert {body["priority"] for body in bodies} == {1}
    assert made.command.endswith("--extra.thinking_token_budget 512,1024,off --extra.fast true"), "as it is typed"


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({"extra": [{"a": 1}]}, "--extra.thinking_token_budget 512,1024"),
        ({"extra.": [1]}, "cannot be varied"),
        ({"extra.a.b": [1]}, "cannot be varied"),
        ({"extra.n": [1, 2]}, "it is set by qwq_nb itself"),
        ({"extra.a": "1,,2"}, "has an empty value"),
        ({"extra.a": [1, 1]}, "1 twice"),
    ],
)
def test_fields_that_cannot_be_varied(grid: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        sweep("math_500", grid=grid, demo=True, show=False)


def test_values_of_fields_are_json_or_texts() -> None:
    (axis,) = checked_grid({"extra.x": "1,true,0.5,low,off,[1"}).items()
    assert axis == ("extra.x", [1, True, 0.5, "low", None, "[1"])


def test_every_axis_is_an_option_that_takes_several_values() -> None:
    by_dest = {o.dest: o for o in SWEEP}
    assert {by_dest[axis].kind for axis in AXES} == {"text"}
    assert "background" not in by_dest
    assert by_dest["limit"].kind == "integer"


# -- rows and conclusions ----------------------------------------------------------------------------------------


def test_a_row_counts_what_accuracy_counts() -> None:
    looped = Analysis(loop=Loop(start=1, end=9, period=2, repeats=4))
    results = [
        result(0, analysis=Analysis()),
        result(1, "truncated", analysis=looped),
        result(2, "wrong"),
        result(3, "error"),
        result(4, "pending"),
    ]
    made = with_numbers(SettingRow(state="running"), results)
    assert (made.n, made.done, made.answered, made.correct, made.errors, made.pending) == (5, 4, 3, 1, 1, 1)
    assert made.accuracy == pytest.approx(1 / 3)
    assert made.truncated_share == pytest.approx(1 / 3)
    assert (made.mean_tokens, made.mean_latency_s, made.loop_rate) == (100, 2.0, 0.5)
    assert with_numbers(SettingRow(), [result(2)]).loop_rate is None
    assert with_numbers(SettingRow(), []).accuracy is None


def test_pairs_leave_out_what_one_of_the_two_did_not_answer() -> None:
    first = [result(0), result(1, "wrong"), result(2, "error"), result(3), result(3, "wrong", repeat=1)]
    other = [result(0, "wrong"), result(1), result(2), result(3), result(3, repeat=1), result(4)]
    assert sorted(pairs(first, other)) == [(1, 0, 1), (1, 1, 0), (2, 0, 1)]


def test_p_values_are_against_the_first_and_only_of_what_is_finished() -> None:
    right, wrong = [result(i) for i in range(12)], [result(i, "wrong") for i in range(12)]
    rows = [with_numbers(SettingRow(state="complete"), r) for r in (right, wrong, right)]
    rows.append(with_numbers(SettingRow(state="stopped"), wrong[:6]))
    made = with_p_values(rows, [right, wrong, right, wrong[:6]])
    assert [r.p_value for r in made] == [None, pytest.approx(2 / 2**12), 1.0, None]
    assert "differs" in sweep_conclusion(made)
    assert "first setting" in sweep_conclusion(made)
    assert [r.p_value for r in with_p_values([SettingRow(), rows[1]], [[], wrong])] == [None, None]


def test_what_is_concluded_is_what_the_intervals_allow() -> None:
    near = [row(40), row(42), row(44)]
    assert sweep_conclusion(near).startswith(
        "The 95 % intervals of all 3 settings overlap on 50 problems: they tell no"
    )
    far = [row(5), row(45), row(44)]
    assert "lies apart from 1 of 2 others" in sweep_conclusion(far)
    assert sweep_conclusion([row(40), SettingRow()]) == "1 of 2 settings are finished. There is nothing to compare yet."
    assert sweep_conclusion([row(40)]) == "One setting compares to nothing."


def test_the_best_comes_with_its_caveat_and_equals_go_to_the_cheaper() -> None:
    dear, cheap = row(44), row(44)
    cheap.mean_tokens, dear.mean_tokens = 100.0, 5_000.0
    rows = [row(40), dear, cheap]
    best = leader(rows)
    assert best is cheap
    said = caveat(cheap, rows)
    assert "as high as 1 other; this one with the fewest tokens" in said
    assert "overlaps with all 2 others" in said
    assert "confirm it on other problems" in said
    assert leader([SettingRow()]) is None


# -- runs --------------------------------------------------------------------------------------------------------


def test_each_setting_is_a_run_and_the_same_call_asks_nothing_again(server: DemoEndpoint) -> None:
    endpoint = own_endpoint(server)
    made = sweep("math_500", grid={"temperature": [0.2, 1.0], "top_k": "20,off"}, endpoint=endpoint, data=MATH, limit=5)
    table = made.table()
    assert list(table.columns)[:11] == ["temperature", "top_k", *COLUMNS, "p_value"]
    assert list(table.top_k) == [20, "off", 20, "off"]
    assert set(table.state) == {"complete"}
    assert [r.name for r in made.runs] == list(table.run)
    assert len(set(table.run)) == 4
    bodies = [entry["body"] for entry in server.log()["last"]]
    assert len(bodies) == 20
    assert {(b["temperature"], b.get("top_k")) for b in bodies} == {(0.2, 20), (0.2, None), (1.0, 20), (1.0, None)}
    asked = {(b["temperature"], b.get("top_k"), b["messages"][-1]["content"]) for b in bodies}
    assert len({text for _, _, text in asked}) == 5, "the same problems for all"
    assert made.command == f"%qwq_sweep math_500 --limit 5 --data {MATH} --temperature 0.2,1 --top-k 20,off"
    again = sweep(
        "math_500", grid={"temperature": [0.2, 1.0], "top_k": [20, None]}, endpoint=endpoint, data=MATH, limit=5
    )
    assert server.log()["requests"] == 20
    assert list(again.table().run) == list(table.run)
    best = made.best()
    assert best.run in made.runs
    assert "confirm it on other problems" in str(best)


def test_endpoints_with_other_token_limits_are_not_told_apart_by_what_they_cut(server: DemoEndpoint) -> None:
    for name, limit in (("full", 2000), ("short", 150)):
        registry.set_default(own_endpoint(server, name=name, max_tokens=limit))
    made = sweep("math_500", grid={"endpoint": ["full", "short"]}, data=MATH, limit=20)
    assert (made.rows()[1].truncated_share or 0) > 0.5
    assert made.table().p_value.isna().all()
    assert "none differs" not in made.sentence
    assert "differs:" not in made.sentence
    said = "the token limits differ (max_tokens 2000 in endpoint full, max_tokens 150 in endpoint short)"
    assert said in str(made._repr_mimebundle_()["text/plain"])
    swept = sweep("math_500", grid={"max_tokens": [2000, 150]}, endpoint="full", data=MATH, limit=20)
    assert swept.table().p_value.notna().any(), "the limit itself is what is compared"


def test_endpoints_are_an_axis(server: DemoEndpoint) -> None:
    for name in ("full", "quantised"):
        registry.set_default(own_endpoint(server, name=name, top_p=0.9 if name == "full" else 0.8))
    made = sweep("math_500", grid={"endpoint": ["full", "quantised"]}, data=MATH, limit=5)
    assert list(made.table().endpoint) == ["full", "quantised"]
    assert made.command == f"%qwq_sweep math_500 --limit 5 --data {MATH} --endpoint full,quantised"
    with pytest.raises(OptionError, match="given twice"):
        sweep("math_500", grid={"endpoint": ["full", "quantised"]}, endpoint="full", data=MATH, limit=5)
    with pytest.raises(UnknownEndpoint, match="quantized"):
        sweep("math_500", grid={"endpoint": ["full", "quantized"]}, data=MATH, limit=5)
    registry.set_default(own_endpoint(server, name="twin", top_p=0.9))
    with pytest.raises(OptionError, match="Two settings ask the same: full and twin"):
        sweep("math_500", grid={"endpoint": ["full", "twin"]}, data=MATH, limit=5)


def test_a_value_out_of_range_is_found_before_the_first_request(server: DemoEndpoint) -> None:
    with pytest.raises(OptionError, match="temperature must be a number from 0 to 10"):
        sweep("math_500", grid={"temperature": [0.2, 70]}, endpoint=own_endpoint(server), data=MATH, limit=5)
    assert server.log()["requests"] == 0


def test_a_setting_that_fails_is_named_and_the_others_are_run(server: DemoEndpoint) -> None:
    gone = Endpoint("http://127.0.0.1:9/v1", "QwQ", name="gone", max_retries=0)
    refused = own_endpoint(server, name="refused").replace(model="no-such-model")
    with pytest.raises(QwqError, match=r"1 of 2 settings failed, the others are kept.*no-such-model") as caught:
        sweep("math_500", grid={"endpoint": [refused, own_endpoint(server)]}, data=MATH, limit=5)
    assert "To go on: %qwq_sweep" in str(caught.value)
    with pytest.raises(QwqError, match=r"gone.*connection refused"):
        sweep("math_500", grid={"endpoint": [gone, own_endpoint(server)]}, data=MATH, limit=5)


def test_a_problem_that_the_endpoint_failed_at_is_said_to_be_missing(server: DemoEndpoint) -> None:
    server.set_faults(["status,code=503,p=0.3"])
    made = sweep(
        "math_500", grid={"temperature": [0.2, 0.6]}, endpoint=own_endpoint(server, max_retries=0), data=MATH, limit=10
    )
    errors = list(made.table().errors)
    assert errors[0] == errors[1] > 0
    assert (
        f"Note: temperature 0.2: {errors[0]} of 10 are missing" in made._bundle(live=False, times=False)["text/plain"]
    )


def interrupt_when(condition: Callable[[], bool]) -> None:
    """Ctrl-C in the main thread once `condition` holds."""
    main = threading.main_thread().ident
    assert main is not None

    def wait() -> None:
        with contextlib.suppress(AssertionError):
            wait_until(condition, 30)
        pthread_kill(main, SIGINT)

    threading.Thread(target=wait, daemon=True).start()


def test_an_interrupt_keeps_what_is_finished_and_says_how_to_go_on(server: DemoEndpoint) -> None:
    call: dict[str, Any] = {
        "grid": {"temperature": [0.2, 0.6, 1.0]},
        "endpoint": own_endpoint(server),
        "data": MATH,
        "limit": 5,
    }
    server.configure(tokens_per_second=400)
    interrupt_when(lambda: server.log()["requests"] > 5)
    with pytest.raises(SweepInterrupted, match=r"to go on: %qwq_sweep math_500 .*--temperature 0\.2,0\.6,1") as caught:
        sweep("math_500", **call)
    made: Sweep = caught.value.sweep
    assert [r.state for r in made.rows()] == ["complete", "stopped", "waiting"]
    assert made.sentence.startswith("1 of 3 settings are finished.")
    server.configure(tokens_per_second=0)
    again = sweep("math_500", **call)
    assert [r.state for r in again.rows()] == ["complete"] * 3
    first = [e["body"] for e in server.log()["last"] if e["body"]["temperature"] == 0.2]
    assert len(first) == 5, "what was finished is not asked again"


def test_the_demo_says_so_and_its_text_has_no_times(server: DemoEndpoint) -> None:
    made = sweep("math_500", "aime24", grid={"temperature": [0.2, 0.6]}, demo=True, limit=3)
    assert {"accuracy_math_500", "accuracy_aime24"} <= set(made.table().columns)
    shown = made._bundle(live=False, times=False)
    assert shown["text/plain"].startswith("*** DEMO")
    assert "DEMO" in shown["text/html"]
    assert "latency" not in shown["text/plain"]
    assert made.command.endswith("--demo --temperature 0.2,0.6")
    figure = made.plot()
    assert json.dumps(figure.figure.to_plotly_json())
    with pytest.raises(OptionError, match="A heat map wants two options"):
        made.plot("heatmap")
    with pytest.raises(OptionError, match="Did you mean 'tokens'"):
        made.plot("token")
