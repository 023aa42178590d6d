"""The options of the magics: each parses, a slip gets the nearest name, and a key is refused without being repeated."""

from __future__ import annotations

import contextlib
import shlex
import string
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qwq_nb.core.options import Option
from qwq_nb.endpoint import options
from qwq_nb.endpoint.options import ENDPOINT, SAMPLING
from qwq_nb.errors import OptionError
from qwq_nb.evaluation.options import ASK, CHECK, EVAL, EXECUTOR, RESUME, RUNS, SHOW
from qwq_nb.magics.parsing import parse_line, tokens_of

TABLES = {
    "qwq_endpoint": ENDPOINT,
    "qwq_eval": (*EVAL, *EXECUTOR),
    "qwq": ASK,
    "qwq_check": CHECK,
    "qwq_runs": RUNS,
    "qwq_show": SHOW,
    "qwq_resume": RESUME,
}
EXAMPLES = {
    "number": ("0.5", 0.5),
    "integer": ("7", 7),
    "streams": ("auto", "auto"),
    "text": ("some text", "some text"),
    "list": ("Level 1", ["Level 1"]),
    "shard": ("0/4", (0, 4)),
    "levels": ("1-3,5", [1, 2, 3, 5]),
    "json": ('{"a": {"b": [1]}}', {"a": {"b": [1]}}),
}


def parse(
    line: str, table: Sequence[Option] = EVAL, magic: str = "qwq_eval", **namespace: Any
) -> tuple[list[str], dict[str, Any]]:
    return parse_line(tokens_of(line, namespace), table, magic)


@pytest.mark.parametrize(
    ("magic", "option"),
    [pytest.param(m, o, id=f"{m} {o.name}") for m, table in TABLES.items() for o in table],
)
@pytest.mark.parametrize("tied", [False, True])
def test_every_option_parses(magic: str, option: Option, tied: bool) -> None:
    if option.kind == "flag":
        assert parse(option.name, TABLES[magic], magic) == ([], {option.dest: True})
        return
    text, value = (option.choices[0],) * 2 if option.kind == "choice" else EXAMPLES[option.kind]
    line = shlex.quote(f"{option.name}={text}") if tied else f"{option.name} {shlex.quote(text)}"
    assert parse(line, TABLES[magic], magic) == ([], {option.dest: value})


@pytest.mark.parametrize("table", TABLES.values())
def test_a_table_names_an_option_once_and_explains_it(table: tuple[Option, ...]) -> None:
    assert len({o.name for o in table}) == len(table)
    assert all(o.help and (o.kind == "flag" or o.metavar or o.choices) for o in table)


def test_words_and_options_in_any_order() -> None:
    words, given_ = parse("math_500 --limit 50 aime24 --demo gpqa_diamond --levels 1-2 --subset 'Level 1' --subset B")
    assert words == ["math_500", "aime24", "gpqa_diamond"]
    assert given_ == {"limit": 50, "demo": True, "levels": [1, 2], "subset": ["Level 1", "B"]}


def test_what_is_not_given_is_not_there() -> None:
    assert parse("math_500") == (["math_500"], {})


@pytest.mark.parametrize("option", [o for o in SAMPLING if o.kind in ("number", "integer")], ids=lambda o: o.name)
def test_a_sampling_option_can_be_left_out_of_the_body(option: Option) -> None:
    assert parse(f"{option.name} off")[1] == {option.dest: None}


def test_a_negative_number_is_a_value() -> None:
    assert parse("--presence-penalty -0.5 --seed -3")[1] == {"presence_penalty": -0.5, "seed": -3}


@pytest.mark.parametrize(
    ("line", "nearest"),
    [
        ("--limt 50", "'--limit'"),
        ("--temprature=1", "'--temperature'"),
        ("--max_tokens 9", "'--max-tokens'"),
        ("--Limit 9", "'--limit'"),
        ("-limit 9", "'--limit'"),
        ("math_500 --repeat 4", "'--repeats'"),
    ],
)
def test_an_unknown_option_gets_the_nearest(line: str, nearest: str) -> None:
    with pytest.raises(OptionError, match=f"%qwq_eval has no option .*Did you mean {nearest}"):
        parse(line)


def test_an_option_of_the_endpoint_is_said_to_be_one() -> None:
    with pytest.raises(OptionError, match=r"%qwq_eval has no option --price-in\. It is one of %qwq_endpoint's\."):
        parse("math_500 --price-in 1")


def test_options_are_not_abbreviated() -> None:
    with pytest.raises(OptionError, match="no option --conc"):
        parse("--conc 4")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--limit", "--limit: expected one argument"),
        ("--limit many", "--limit takes a whole number, not 'many'"),
        ("--limit 1e3", "--limit takes a whole number"),
        ("--limit " + "9" * 5000, "--limit takes a whole number"),
        ("--temperature warm", "--temperature takes a number"),
        ("--temperature nan", "--temperature takes a number"),
        ("--deadline inf", "--deadline takes a number"),
        ("--deadline off", "--deadline takes a number"),
        ("--levels 5-1", "--levels takes numbers"),
        ("--hub github", "--hub must be one of modelscope, huggingface"),
        ("--think yes", "--think must be one of auto, prefilled, plain"),
        ("--extra '{'", "--extra takes a JSON object in single quotes"),
        ("--extra [1]", "--extra takes a JSON object"),
        ("""--extra '{"a": NaN}'""", "NaN is no JSON"),
        ("--extra " + "[" * 100_000, "--extra takes a JSON object"),
        ("--fresh=1", "--fresh"),
        ("--out 'qwq", "quotation mark is not closed"),
    ],
)
def test_a_value_that_is_missing_or_of_the_wrong_kind(line: str, said: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse(line)
    assert said in str(caught.value)


@given(st.text(max_size=80), st.sampled_from(list(TABLES)))
def test_any_line_parses_or_is_an_option_error(line: str, magic: str) -> None:
    with contextlib.suppress(OptionError):
        parse(line, TABLES[magic], magic)


# Variables and braces


def test_a_word_that_is_a_variable_becomes_its_value() -> None:
    line = "{bench} --limit $n --data {path} --model '$model'"
    names = {"bench": "math_500", "n": 5, "path": "a b.jsonl", "model": "QwQ"}
    assert tokens_of(line, names) == ["math_500", "--limit", "5", "--data", "a b.jsonl", "--model", "QwQ"]


def test_what_is_no_variable_stays() -> None:
    assert tokens_of("{bench} $n", {}) == ["{bench}", "$n"]
    assert tokens_of("{a.b} {1} {} $m/2", {"n": 5}) == ["{a.b}", "{1}", "{}", "$m/2"]


@pytest.mark.parametrize(
    "text",
    [
        '{"chat_template_kwargs": {"enable_thinking": false}}',
        '{"n1": "{n}", "n2": "$n"}',
        '{"stop": ["\\\\boxed{n}", "a \\"b\\" c"]}',
        "{}",
    ],
)
def test_json_with_braces_goes_through_unchanged(text: str) -> None:
    assert tokens_of(f"--extra '{text}'", {"n": 5}) == ["--extra", text]


# Keys


SECRETS = st.text(string.ascii_letters + string.digits + "-_", min_size=16, max_size=60)
SHAPES = st.sampled_from(["sk-", "sk-proj-", "hf_", "gsk_", "nvapi-", "AIza"])
# What is nothing but a prefix and dashes is no secret.
KEYS = st.builds(str.__add__, SHAPES, st.text(string.ascii_letters + string.digits, min_size=24, max_size=60))


def refusal(
    line: str,
    table: Sequence[Option] = ENDPOINT,
    magic: str = "qwq_endpoint",
    namespace: Mapping[str, Any] | None = None,
) -> str:
    with pytest.raises(OptionError) as caught:
        parse_line(tokens_of(line, namespace), table, magic)
    assert caught.value.__cause__ is None
    return str(caught.value)


@given(KEYS)
def test_a_key_anywhere_in_the_line_is_refused_and_not_repeated(key: str) -> None:
    for line in (
        f"http://h/v1 --model m --key-env {key}",
        f"http://h/v1 {key}",
        f'http://h/v1 --extra \'{{"auth": "{key}"}}\'',
        f"http://h/v1 --model 'x {key}'",
        f"http://h/v1 --header='Authorization: Bearer {key}'",
        f"--{key}",
    ):
        said = refusal(line)
        assert key not in said
        assert "--key-env" in said


@given(SECRETS, st.sampled_from(["--api-key", "--key", "--token", "--secret", "--password", "-key", "--API_KEY"]))
def test_an_option_that_announces_a_key_is_refused_whatever_its_value(secret: str, option: str) -> None:
    assume(not secret.startswith("-"))
    for line in (f"http://h/v1 {option} {secret}", f"http://h/v1 {option}={secret}"):
        said = refusal(line)
        assert secret not in said
        assert "--key-env" in said


@given(SECRETS)
def test_an_unknown_option_does_not_repeat_its_value(secret: str) -> None:
    assume(not secret.startswith("-"))
    for line in (f"--openai-key {secret}", f"--auth={secret}", f"-k {secret}", f"-k{secret}", f"-H Auth:{secret}"):
        assert secret not in refusal(f"http://h/v1 {line}")


@given(KEYS)
def test_a_key_that_comes_in_by_a_variable_is_refused(key: str) -> None:
    assert key not in refusal("http://h/v1 --model {m}", namespace={"m": key})


def test_an_option_is_known_by_its_python_name() -> None:
    assert Option("--max-tokens", "integer", "help").dest == "max_tokens"
    assert not {o.dest for o in options.TRANSPORT} & {o.dest for o in SAMPLING}
