"""From a call's arguments to a checked request, and back to the magic line that repeats it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qwq_nb.demo import PROBLEMS
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.options import SAMPLING, TRANSPORT
from qwq_nb.endpoint.registry import set_default
from qwq_nb.errors import OptionError, UnknownBenchmark, UnknownEndpoint, UserError
from qwq_nb.evaluation.command_line import command_line, data_label
from qwq_nb.evaluation.options import EVAL
from qwq_nb.evaluation.request import build_request, refine_endpoint
from qwq_nb.magics.parsing import parse_line, tokens_of
from qwq_nb.store.request import EvalRequest

ENDPOINT = Endpoint("http://127.0.0.1:8000/v1", "QwQ-32B", name="lab")
OWN = {o.dest for o in (*SAMPLING, *TRANSPORT)}


@pytest.fixture(autouse=True)
def an_endpoint_is_set(isolated: None) -> None:
    set_default(ENDPOINT)


def test_a_request_with_nothing_but_a_benchmark() -> None:
    request = build_request(["math_500"])
    assert request.endpoint == ENDPOINT
    assert (
        request.benchmarks,
        request.selection.levels,
        request.selection.limit,
        request.source.data,
        request.demo,
    ) == (
        ["math_500"],
        None,
        None,
        "",
        False,
    )


@pytest.mark.parametrize(
    ("benchmarks", "options", "kind", "said"),
    [
        ([], {}, OptionError, "Which benchmark?"),
        (["math500"], {}, UnknownBenchmark, "Did you mean 'math_500'?"),
        (["aime24", "aime24"], {}, OptionError, "--repeats K"),
        (["aime24"], {"limit": 0}, OptionError, "--limit"),
        (["aime24"], {"limit": True}, OptionError, "--limit"),
        (["aime24"], {"limit": 2.5}, OptionError, "--limit"),
        (["aime24"], {"repeats": 0}, OptionError, "--repeats"),
        (["aime24"], {"concurrency": 5000}, OptionError, "from 1 to 4096"),
        (["aime24"], {"seed": "x"}, OptionError, "--seed"),
        (["aime24"], {"few_shot": -1}, OptionError, "--few-shot"),
        (["aime24"], {"grade_deadline": 0}, OptionError, "--grade-deadline"),
        (["aime24"], {"grade_deadline": "10"}, OptionError, "--grade-deadline"),
        (["aime24"], {"hub": "hugginface"}, OptionError, "Did you mean 'huggingface'?"),
        (["aime24"], {"levels": "x"}, OptionError, "--levels"),
        (["aime24"], {"levels": []}, OptionError, "levels"),
        (["aime24"], {"levels": ["1"]}, OptionError, "levels"),
        (["aime24"], {"levels": [0]}, OptionError, "--levels"),
        (["aime24", "math_500"], {"data": "x.jsonl"}, OptionError, "--data"),
        (["aime24"], {"demo": True, "endpoint": "lab"}, OptionError, "--demo"),
        (["aime24"], {"endpoint": "lob"}, UnknownEndpoint, "Did you mean 'lab'?"),
        (["aime24"], {"temperature": 99}, OptionError, "temperature"),
        (["aime24"], {"deadline": -1}, OptionError, "deadline"),
        (["aime24"], {"max_retries": -1}, OptionError, "max-retries"),
        (["aime24"], {"extra": {"stream": False}}, OptionError, "'stream'"),
        (["aime24"], {"limt": 5}, OptionError, "There is no option 'limt'."),
        (["aime24"], {"temprature": 1}, OptionError, "Did you mean 'temperature'?"),
        (["aime24"], {"endpoint": ENDPOINT.replace(key_env="QWQ_NOT_SET")}, UserError, "QWQ_NOT_SET"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_loaded(
    benchmarks: list[str], options: dict[str, Any], kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind) as caught:
        build_request(benchmarks, **options)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("levels", "numbers"), [("1-3", [1, 2, 3]), ([3, 1, 3], [1, 3]), (range(1, 3), [1, 2]), (2, [2]), (None, None)]
)
def test_levels_in_any_form(levels: Any, numbers: list[int] | None) -> None:
    assert build_request(["math_500"], levels=levels).selection.levels == numbers


def test_a_subset_may_be_one_name() -> None:
    assert build_request(["math_500"], subset="Level 1").selection.subsets == ["Level 1"]


def test_options_of_the_call_refine_the_endpoint() -> None:
    request = build_request(
        ["aime24"],
        temperature=1.0,
        top_k=None,
        extra={"top_p": 0.5, "x": 1},
        no_stream=True,
        deadline=60,
        request_seed=1,
    )
    endpoint = request.endpoint
    assert endpoint.sampling == {
        **ENDPOINT.sampling,
        "temperature": 1.0,
        "top_k": None,
        "top_p": 0.5,
        "x": 1,
    }
    assert (endpoint.stream, endpoint.deadline, endpoint.request_seed) == (False, 60, 1)
    assert "top_k" not in endpoint.body([])
    assert build_request(["aime24"]).endpoint == ENDPOINT


def test_all_that_qwq_endpoint_takes_refines_too_and_stays_out_of_the_body() -> None:
    changed = refine_endpoint(ENDPOINT, {"model": "other", "name": "mine", "key_env": "QWQ_API_KEY", "insecure": True})
    assert (changed.model, changed.name, changed.key_env, changed.insecure) == ("other", "mine", "QWQ_API_KEY", True)
    assert changed.sampling == ENDPOINT.sampling


# The built-in endpoint and problems

BuildRequest = Callable[..., EvalRequest]


@pytest.fixture
def demo_request(demo: DemoEndpoint, monkeypatch: pytest.MonkeyPatch) -> BuildRequest:
    """`build_request` whose built-in endpoint is the one that all tests share."""
    monkeypatch.setattr("qwq_nb.demo._shared", demo)
    return build_request


def test_demo_brings_its_endpoint_and_its_problems(demo_request: BuildRequest) -> None:
    request = demo_request(["math_500", "aime24"], demo=True)
    assert request.demo
    assert request.endpoint.is_demo
    assert Path(request.source.data) == PROBLEMS["math_500"].parent
    assert data_label(request) == "built-in demo problems"
    assert command_line(request, out=None, named=None, options={}) == "%qwq_eval math_500 aime24 --demo"
    assert demo_request(["math_500", "aime24"], endpoint="demo") == request


def test_demo_has_no_problems_for_other_benchmarks(demo_request: BuildRequest) -> None:
    with pytest.raises(
        OptionError,
        match=r"has problems for math_500, aime24, gpqa_diamond, live_code_bench, bfcl_ast, .* only, not for mmlu",
    ):
        demo_request(["mmlu"], demo=True)


def test_demo_with_problems_of_ones_own(demo_request: BuildRequest) -> None:
    request = demo_request(["math_500"], demo=True, data="mine/problems.jsonl")
    assert data_label(request) == "problems.jsonl"
    line = command_line(request, out=None, named=None, options={})
    assert line == "%qwq_eval math_500 --data mine/problems.jsonl --demo"


def test_where_the_problems_came_from() -> None:
    assert data_label(build_request(["aime24"])) == "modelscope hub"
    assert data_label(build_request(["aime24"], hub="huggingface")) == "huggingface hub"


# The line that asks the same again


def again(line: str) -> tuple[EvalRequest, str | None]:
    """The request of a line, as the magic makes it, and its `--out`."""
    magic, _, rest = line.partition(" ")
    assert magic == "%qwq_eval"
    words, given_ = parse_line(tokens_of(rest), EVAL, "qwq_eval")
    out = given_.pop("out", None)
    return build_request(words, **given_), out


def test_defaults_are_not_written_out() -> None:
    request = build_request(["math_500"], levels="1-5", limit=50)
    assert command_line(request, out=None, named=None, options={}) == "%qwq_eval math_500 --levels 1,2,3,4,5 --limit 50"


def test_quotes_are_set_where_they_are_needed() -> None:
    request = build_request(["math_500"], subset=["Level 1"], data="my data.jsonl", endpoint="lab")
    line = command_line(request, out="a b", named="lab", options={"extra": {"stop": ["it's"]}})
    assert line == (
        "%qwq_eval math_500 --subset 'Level 1' --data 'my data.jsonl' --endpoint lab --out 'a b' "
        """--extra '{"stop": ["it'"'"'s"]}'"""
    )


numbers = st.floats(0, 1, allow_subnormal=False)
words = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="{}$"), min_size=1, max_size=12)
jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(st.sampled_from(["x", "stop", "chat_template_kwargs", "it's", "a b"]), jsons, max_size=3)
calls = st.fixed_dictionaries(
    {},
    optional={
        "levels": st.lists(st.integers(1, 1000), min_size=1, max_size=5),
        "subset": st.lists(words | st.just("Level 1") | st.just("-x"), min_size=1, max_size=3),
        "limit": st.integers(1, 10**6),
        "seed": st.integers(-(10**6), 10**6),
        "repeats": st.integers(1, 100),
        "concurrency": st.integers(1, 4096),
        "hub": st.sampled_from(["modelscope", "huggingface"]),
        "few_shot": st.integers(0, 9),
        "dataset_args": objects,
        "grade_deadline": st.floats(0.001, 1e6),
        "data": words | st.just("with a blank/and 'quotes'.jsonl"),
        "temperature": st.none() | numbers,
        "top_p": st.none() | numbers,
        "top_k": st.none() | st.integers(-1, 1000),
        "min_p": st.none() | numbers,
        "max_tokens": st.none() | st.integers(1, 10**6),
        "presence_penalty": st.floats(-2, 2),
        "frequency_penalty": st.floats(-2, 2),
        "repetition_penalty": st.floats(-2, 2),
        "request_seed": st.none() | st.integers(-(10**9), 10**9),
        "extra": objects,
        "no_stream": st.just(True),
        "max_retries": st.integers(0, 99),
        "backoff": st.floats(0.001, 100),
        "read_timeout": st.floats(0.001, 1e6),
        "connect_timeout": st.floats(0.001, 1e6),
        "deadline": st.floats(0.001, 1e6),
        "think": st.sampled_from(["auto", "prefilled", "plain"]),
    },
)


@given(calls, st.none() | words, st.sampled_from([None, "lab"]))
@settings(max_examples=150)
@example({"presence_penalty": -1e-05, "temperature": 0.123456789}, None, None)
@example({"subset": ["-x"], "data": "--fresh"}, "-o", None)
@example({"data": "~no-such-user/x.jsonl"}, "~no-such-user", None)
def test_the_line_gives_back_an_equal_request(call: dict[str, Any], out: str | None, named: str | None) -> None:
    set_default(ENDPOINT)
    request = build_request(["math_500"], endpoint=named, **call)
    options = {name: value for name, value in call.items() if name in OWN}
    line = command_line(request, out=out, named=named, options=options)
    assert "\n" not in line
    assert again(line) == (request, out)
