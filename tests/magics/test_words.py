"""The words of a line: quotes, comments, backslashes, JSON, and the variables that are put in."""

from __future__ import annotations

import contextlib
import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwq_nb.core.options import Option
from qwq_nb.errors import OptionError
from qwq_nb.evaluation.options import EVAL
from qwq_nb.magics.parsing import parse_line, tokens_of
from qwq_nb.magics.words import split_line, unknown_names


def words(line: str) -> list[str]:
    return [word.text for word in split_line(line)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a  b\tc\u00a0d", ["a", "b", "c", "d"]),
        ("'a b' \"c d\" e'f g'h", ["a b", "c d", "ef gh"]),
        ("'' \"\"", ["", ""]),
        (r"""'it'"'"'s' "say \"hi\"" it\'s""", ["it's", 'say "hi"', "it's"]),
        ("--out=a b", ["--out=a", "b"]),
    ],
)
def test_blanks_and_quotes(line: str, expected: list[str]) -> None:
    assert words(line) == expected


@pytest.mark.parametrize("line", ["'a", '"a', "it's", 'a "b\\"'])
def test_an_open_quotation_mark_is_said(line: str) -> None:
    with pytest.raises(OptionError, match="not closed"):
        split_line(line)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("math_500 --demo  # a first try", ["math_500", "--demo"]),
        ("math_500 #", ["math_500"]),
        ("# nothing else, it's fine", []),
        ("--out a#b http://h/v1#part '# c' \"#d\"", ["--out", "a#b", "http://h/v1#part", "# c", "#d"]),
    ],
)
def test_comments(line: str, expected: list[str]) -> None:
    assert words(line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (r"--data C:\new\table.jsonl", r"C:\new\table.jsonl"),
        (r'--data "C:\my data\new.jsonl"', r"C:\my data\new.jsonl"),
        (r"--data '\\server\my share\x'", r"\\server\my share\x"),
        (r'--data "\\server\my share\x"', r"\\server\my share\x"),
        (r"--data \\server\share\x.csv", r"\\server\share\x.csv"),
        (r"--data .\x.jsonl", r".\x.jsonl"),
        (r'--data "C:\my data\\"', "C:\\my data\\"),
        (r"--data my\ own\ file.jsonl", "my own file.jsonl"),
        ("--data C:\\runs\\", "C:\\runs\\"),
    ],
)
def test_backslashes(line: str, expected: str) -> None:
    assert words(line) == ["--data", expected]
    assert words(f"{line} --limit 5") == ["--data", expected, "--limit", "5"]


@given(st.text())
def test_quoted_as_a_run_quotes_its_line_every_text_comes_back(text: str) -> None:
    assert words(f"--out {shlex.quote(text)} next") == ["--out", text, "next"]


NAMES: dict[str, Any] = {"port": 8000, "n": 4, "a": 1, "x": 0.25, "question": "no", "name": "run", "cfg": range(9)}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("http://127.0.0.1:{port}/v1", "http://127.0.0.1:8000/v1"),
        ("http://127.0.0.1:$port/v1", "http://127.0.0.1:8000/v1"),
        ("{n+1}", "5"),
        ("{n + 1}", "5"),
        ("'{n + 1}'", "5"),
        ("http://h:{port + 1}/v1", "http://h:8001/v1"),
        ("{2*n}", "8"),
        ("{(n-1)//2}", "1"),
        ("1-{n}", "1-4"),
        ("{n}-{n+1}", "4-5"),
        ("{x:.1f}", "0.2"),
        ("{n:02d}.jsonl", "04.jsonl"),
        ("{name!r}", "'run'"),
        ("$name.jsonl", "run.jsonl"),
        ("$cfg.stop", "9"),
        ("{cfg.stop}", "9"),
        ("{max(n,9)}", "9"),
        ("{','.join(str(i) for i in cfg[1:n])}", "1,2,3"),
        (r"C:\runs\{name}", r"C:\runs\run"),
        (r"C:\runs{n}", r"C:\runs4"),
        ("runs_{n}", "runs_4"),
        ("--limit={n}", "--limit=4"),
        ("$$name", "$name"),
        ("{{name}}", "{name}"),
    ],
)
def test_variables_and_expressions_are_put_in(line: str, expected: str) -> None:
    assert tokens_of(line, NAMES) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        '{"a": {"n": "{n}"}, "b": ["$n", "C:\\\\x"]}',
        "{}",
        '{"prompt_template": "{question}\\nPut it into \\\\boxed{{}}"}',
        '--extra={"n": "it\'s"}',
        '{ "a" : {} }',
    ],
)
def test_json_stays_with_and_without_quotes(text: str) -> None:
    for line in (text, shlex.quote(text)):
        assert tokens_of(f"--extra {line} --limit 5", NAMES) == ["--extra", text, "--limit", "5"]


@pytest.mark.parametrize(
    "text",
    [r"Put it into \boxed{n}, as x^{n}.", "{1}", '{"n"}', "Say {nothing} and {n", "cost: $nothing", "a{1}b", "$5"],
)
def test_other_braces_and_dollars_stay(text: str) -> None:
    assert tokens_of(f"--system {shlex.quote(text)}", NAMES) == ["--system", text]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("http://h:{prot}/v1", r"no variable 'prot' here for \{prot\}.* meant as they are: \{\{prot\}\}"),
        ("x{n+m}", "no variable 'm'"),
        ("{n/0}", "cannot be computed: ZeroDivisionError"),
        ("{n.limit}", "cannot be computed: AttributeError"),
        ("x{nope}", "no variable .nope."),
    ],
)
def test_what_cannot_be_put_in_is_said(line: str, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        tokens_of(line, NAMES)


def test_names_of_no_variable_are_found() -> None:
    line = r"""{a} {nothing} $n $other x{b} {nope + 1} {"m": "{m}"} '\boxed{m}' {id} {max(n, 1)}"""
    assert unknown_names(line, NAMES) == ["{nothing}", "$other", "{b}", "{nope + 1}", "{id}"]


def test_a_dictionary_becomes_json() -> None:
    option = Option("--extra", "json", "help")
    _, given_ = parse_line(tokens_of("--extra {more}", {"more": {"a": True, "b": None}}), [option], "qwq_eval")
    assert given_ == {"extra": {"a": True, "b": None}}


def test_without_variables_nothing_is_put_in() -> None:
    """The form checks lines that it wrote itself."""
    assert tokens_of("x{n} {n+1} $n") == ["x{n}", "{n+1}", "$n"]


def test_a_key_is_refused_before_a_part_of_the_line_is_repeated() -> None:
    key = "sk-0123456789abcdefghijklmnop"
    with pytest.raises(OptionError) as caught:
        tokens_of(f"http://h:{{prot}}/{key} {key}", NAMES)
    assert key not in str(caught.value)


@given(st.text(st.sampled_from("ab{}$n\"'\\ #:1.+!\n"), max_size=30))
def test_any_line_is_words_or_an_option_error(line: str) -> None:
    with contextlib.suppress(OptionError):
        parse_line(tokens_of(line, NAMES), EVAL, "qwq_eval")
