"""The panel's line: written from what the form holds, and read back as the magics read it."""

from __future__ import annotations

import pytest

from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.registry import set_default
from qwq_nb.errors import OptionError, UnknownBenchmark
from qwq_nb.evaluation.options import EVAL
from qwq_nb.magics.form import NEW, checked, lines_of, values_of
from qwq_nb.magics.parsing import parse_line, tokens_of


@pytest.fixture(autouse=True)
def own() -> None:
    set_default(Endpoint("http://127.0.0.1:1/v1", "QwQ-32B", name="own"))


@pytest.mark.parametrize(
    "rest",
    [
        "math_500 --endpoint own --background",
        "math_500 aime24 mmlu_pro --repeats 4 --concurrency 64 --background --demo",
        "math_500 --levels 1,3 --subset 'Level 1' --subset x --limit 50 --seed 7 --data 'my file.jsonl' --fresh "
        "--endpoint own --background --temperature 0.5 --top-p 0.9 --top-k off --max-tokens 4096 "
        '--extra \'{"a": "it\'"\'"\'s"}\' --no-stream --think plain',
        "math_500 --dataset-args '{\"few_shot_num\": 0}' --request-seed=-1 --endpoint own --background",
    ],
)
def test_a_line_survives_the_form(rest: str) -> None:
    words, given = parse_line(tokens_of(rest), EVAL, "qwq_eval")
    (line,) = checked(lines_of(values_of(words, given)))
    assert line.startswith("%qwq_eval ")
    assert parse_line(tokens_of(line.removeprefix("%qwq_eval ")), EVAL, "qwq_eval") == (words, given)


def test_an_empty_form_is_the_first_benchmark_on_the_default_endpoint() -> None:
    assert lines_of(values_of([], {})) == ["%qwq_eval math_500 --endpoint own --background"]


def test_another_endpoint_is_set_by_a_line_before() -> None:
    values = values_of([], {}) | {"endpoint": NEW, "url": "http://127.0.0.1:2/v1", "model": "a b", "key_env": "KEY"}
    assert checked(lines_of(values)) == [
        "%qwq_endpoint http://127.0.0.1:2/v1 --model 'a b' --key-env KEY",
        "%qwq_eval math_500 --background",
    ]


@pytest.mark.parametrize("typed", ["api-key=AZURE_KEY X-Team=TEAM", " api-key=AZURE_KEY,  X-Team=TEAM, "])
def test_further_headers_are_named_with_their_variables(typed: str) -> None:
    values = values_of([], {}) | {"endpoint": NEW, "url": "http://127.0.0.1:2/v1", "header_env": typed}
    line, _ = checked(lines_of(values))
    assert line == "%qwq_endpoint http://127.0.0.1:2/v1 --header-env api-key=AZURE_KEY --header-env X-Team=TEAM"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"header_env": "api-key=0123456789abcdef0123456789abcdef"}, "NAME of an environment variable"),
        ({"header_env": "0123456789abcdef0123456789abcdef"}, "a header and the NAME"),
        ({"header_env": "api-key=sk-0123456789abcdef0123456789"}, "Do not put a key into a cell"),
        ({"key_env": "0123456789abcdef0123456789abcdef"}, "NAME of an environment variable"),
        ({"header_env": "Authorization=A_KEY", "key_env": "A_KEY"}, "give it, or --header-env"),
        ({"url": "http://name:0123456789abcdef@127.0.0.1/v1"}, "credentials|user"),
    ],
)
def test_a_secret_in_a_field_of_another_endpoint_is_refused_and_not_repeated(
    changes: dict[str, str], says: str
) -> None:
    values = values_of([], {}) | {"endpoint": NEW, "url": "http://127.0.0.1:2/v1"} | changes
    with pytest.raises(OptionError, match=says) as caught:
        checked(lines_of(values))
    assert "0123456789" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"benchmarks": ()}, "Choose a benchmark"),
        ({"limit": "ten"}, "--limit takes a whole number, not 'ten'"),
        ({"levels": "5-1"}, "levels"),
        ({"endpoint": NEW}, "URL is missing"),
        ({"data": "sk-0123456789abcdefghijklmnop"}, "Do not put a key into a cell"),
    ],
)
def test_what_is_wrong_is_said_at_once(changes: dict[str, object], says: str) -> None:
    with pytest.raises(OptionError, match=says) as caught:
        checked(lines_of(values_of(["math_500"], {}) | changes))
    assert "sk-0123" not in str(caught.value)


def test_a_benchmark_that_there_is_not() -> None:
    with pytest.raises(UnknownBenchmark, match="aime24"):
        checked(lines_of(values_of(["aime2024"], {})))
