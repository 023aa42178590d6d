"""Whether files are Python: said in Python's own words, and whatever the text is this process goes on."""

from __future__ import annotations

import asyncio

import pytest

from qwq_nb.evaluation.solvers.syntax_check import syntax_error


def said(files: dict[str, str]) -> str:
    return asyncio.run(syntax_error(files))


def test_python_is_python() -> None:
    assert said({"a.py": "def a():\n    return 1\n", "notes.txt": "def def"}) == ""
    assert said({}) == ""


def test_an_error_is_said_with_its_file_line_and_place() -> None:
    text = said({"good.py": "x = 1\n", "bad.py": "def a():\n    return (1\n"})
    assert 'File "bad.py", line 2' in text
    assert text.endswith("SyntaxError: '(' was never closed")
    assert "IndentationError" in said({"a.py": "def a():\nreturn 1\n"})
    assert "TabError" in said({"a.py": "if 1:\n\tx = 1\n        y = 2\n"})


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\0\n",
        "(" * 5_000,
        "x = " + "-" * 200_000 + "1\n",
        "x = " + "[" * 100 + "]" * 100,
        "x = 1" + " + 1" * 50_000,
        "if 1:\n" + "".join(" " * n + "if 1:\n" for n in range(1, 150)),
        "\ufeff\ud800 = 1",
        "# coding: no_such_coding\nx = 1\n",
        "x = '" + "a" * 500_000,
    ],
    ids=[
        "null",
        "open brackets",
        "signs",
        "nested lists",
        "a long sum",
        "too deep",
        "surrogate",
        "coding",
        "long line",
    ],
)
def test_texts_that_are_made_to_break_a_parser_end_in_a_short_sentence(text: str) -> None:
    found = said({"a.py": text})
    assert len(found) < 1_200
    assert found or compile(text.encode(), "a.py", "exec")


def test_nothing_of_a_file_is_run(capfd: pytest.CaptureFixture[str]) -> None:
    assert said({"a.py": "import sys\nprint('run')\nsys.exit(3)\n"}) == ""
    assert "run" not in capfd.readouterr().out
