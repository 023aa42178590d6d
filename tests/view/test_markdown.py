"""What is promised of a model's text as html: the corpus that the JupyterLab view is held to as well."""

from __future__ import annotations

import json
import re
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest

from qwq_nb.view.html import Typesetter
from qwq_nb.view.readable import readable

CORPUS = json.loads((Path(__file__).parent / "markdown_corpus.json").read_text(encoding="utf-8"))


class Shape(HTMLParser):
    """Write html as the corpus does: elements by name, formulas as `tex` and `source`, no spaces of the layout."""

    def __init__(self) -> None:
        super().__init__()
        self.out = ""
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not attrs or (tag == "ol" and [name for name, _ in attrs] == ["start"]), (tag, attrs)
        self.open += [tag]
        if tag == "br":
            self.open.pop()
            self.out += " "
        elif tag == "hr":
            self.open.pop()
            self.out += " hr[]"
        elif tag == "ol":
            self.out += f" ol{dict(attrs).get('start') or ''}["
        elif tag not in ("thead", "tbody", "wbr"):
            self.out += f"<{tag}>"

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag not in ("thead", "tbody"):
            self.out += "]" if tag == "ol" else f"</{tag}>"

    def handle_data(self, data: str) -> None:
        self.out += data.replace("<", "\ue000")


def shape(html: str) -> str:
    parser = Shape()
    parser.feed(html)
    parser.close()
    assert not parser.open
    out = re.sub(r"<span>(\\)</span>|<span>(\$)</span>", lambda m: m[1] or m[2], parser.out)
    out = re.sub(r"<span>", "tex[", out)
    # A refused formula is code that begins with its delimiter.
    out = re.sub(r"<code>(?=\$\\|\\[(\[]|\\begin)", "source[", out)
    out = out.replace("<pre><code>", "<pre>").replace("</code></pre>", "</pre>")
    out = re.sub(r"<(p|ul|li|blockquote|pre|table|tr|th|td)>", r" \1[", out)
    out = re.sub(r"<(strong|em|code)>", r"\1[", out)
    out = re.sub(r"\s*</\w+>", "]", out)
    return out.replace("\ue000", "<")


def flat(text: str) -> str:
    """Return the shape without the spaces that are layout."""
    return re.sub(r"\[ ", "[", re.sub(r"\s+", " ", text)).strip()


@pytest.mark.parametrize("case", CORPUS["markdown"], ids=lambda case: case["text"][:30])
def test_corpus(case: dict[str, str]) -> None:
    made = Typesetter().marked(case["text"])
    assert flat(shape(made)) == flat(case["shape"])


def test_a_hit_is_marked_across_elements() -> None:
    text = "so **the answer** is $x = 4$.\n\n- four\n- five"
    start = text.index("answer")
    made = Typesetter().marked(text, (start, text.index("= 4") + 1))
    assert "<strong>the <mark>answer</mark></strong><mark> is </mark><mark><span>$x = 4$</span></mark>." in made
    item = Typesetter().marked(text, (text.index("- four"), len(text)))
    assert item.endswith("<ul><li><mark>four</mark></li><li><mark>five</mark></li></ul>")


@pytest.mark.parametrize(
    "piece",
    [
        "*a_ ",
        "**a",
        ">",
        "- ",
        "`",
        "|a",
        "> - ",
        "[",
        "_",
        "1. ",
        "$",
        "\\(",
        "\\begin{align}",
        "```\n",
        "* a\n  ",
        "![",
        "<",
        "~~~\n",
        "[asy]",
        "[asy]\n;",
        "[asy];[/asy]$x$",
    ],
)
def test_no_text_takes_long_or_loses_a_word(piece: str) -> None:
    text = f"first {piece * (40_000 // len(piece))} last"
    started = time.process_time()
    made = Typesetter().marked(text)
    assert time.process_time() - started < 4
    assert "first" in made
    assert "last" in made


def test_a_hit_is_marked_in_the_code_of_a_figure() -> None:
    text = "so [asy]dot(A*B*C);[/asy] or"
    start = text.index("A*B")
    assert "[asy]dot(<mark>A*B</mark>*C);[/asy]" in Typesetter().marked(text, (start, start + 3))
    across = Typesetter().marked(text, (0, len(text)))
    assert re.findall("<mark>(.*?)</mark>", across) == ["so", "[asy]dot(A*B*C);[/asy]", "or"]
    assert shape(across.replace("<mark>", "").replace("</mark>", "")) == shape(Typesetter().marked(text))


def test_cells_beyond_the_head_are_there_to_be_read() -> None:
    assert "hidden" in Typesetter().marked("| a |\n|---|\n| 1 | hidden |\n")


@pytest.mark.parametrize("case", CORPUS["values"], ids=lambda case: case["value"])
def test_values_are_readable_in_plain_text(case: dict[str, str]) -> None:
    assert readable(case["value"]) == case["plain"]
