"""The html says what the record says, in tags that do nothing, whatever the texts are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qwq_nb.core.board_row import BoardRow
from qwq_nb.core.run_record import Clip, Progress, RunRecord, TurnView
from qwq_nb.run.html import run_html
from qwq_nb.run.html_samples import LIST_ALL
from qwq_nb.view.clean import visible
from qwq_nb.view.html import FORMULAS, Typesetter, clipped, code, esc, pre
from qwq_nb.view.tex import is_safe
from tests.support.edited_exercises import failing
from tests.support.hostile_texts import CORPUS
from tests.support.run_records import flight, record, row, view

TAGS = {
    *("div", "p", "h3", "table", "caption", "thead", "tbody", "tr", "th", "td", "ul", "ol", "li", "details", "summary"),
    *("span", "strong", "em", "small", "code", "pre", "br", "wbr", "meter", "progress", "blockquote", "hr", "mark"),
}
ATTRIBUTES = {"open", "style", "scope", "colspan", "min", "max", "value", "type", "start"}
STYLES = re.compile(r"(?:[a-z-]+:[a-z0-9 .#%-]+(?:;|$))+")
VOID = {"br", "wbr", "hr"}


class Reader(HTMLParser):
    """Collects tags and text; fails on what is not on the lists and on tags that do not close."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.pieces: list[str] = []
        self.paths: list[tuple[str, ...]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        self.seen.add(tag)
        for name, value in attrs:
            assert name in ATTRIBUTES, (tag, name)
            assert value is not None or name == "open"
            assert name != "style" or (value is not None and STYLES.fullmatch(value)), value
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)
        self.paths.append(tuple(self.open))

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    handle_pi = unknown_decl = handle_comment

    @property
    def text(self) -> str:
        return "".join(self.pieces)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def visible_to_mathjax(html: str) -> Iterator[str]:
    """The strings in which MathJax looks for formulas: between tags (`br` and `wbr` apart), outside pre and code."""
    html = re.sub(r"<(pre|code)\b.*?</\1>", "<p>", html, flags=re.S)
    for piece in re.split(r"<(?!br>|wbr>)[^>]*>", html):
        yield re.sub(r"<w?br>", "\n", piece)


def everywhere(text: str) -> RunRecord:
    """A record with the text in every field that a model, dataset, server or user fills."""
    clip = Clip(text=text)
    sample = view(
        3,
        id=text[:5_000],
        gold=text,
        extracted=text,
        second_extracted=text + " ",
        why=text,
        error=text,
        flags=[text[:100]],
        choices=[text],
        finish_reason=text[:100],
        source_id=text[:100],
        file=text[:100],
        question=clip,
        reasoning=clip,
        answer=Clip(text=text, omitted=5, at=len(text) // 2),
        benchmark=text[:50],
        subset=text[:50],
        turns=[
            TurnView(
                role=text,
                endpoint=text,
                model=text,
                reasoning=clip,
                answer=clip,
                format=text,
                malformed=text,
                syntax_error=text,
                files=[text],
                diff=Clip(text=f"+{text}\n-{text}", omitted=3),
                execution=failing(text),
            )
        ],
    )
    return record(
        [sample],
        **dict.fromkeys(("name", "model", "endpoint", "url", "data", "run_dir", "command", "created"), text[:3_000]),
        state="running",
        demo=True,
        benchmarks=[text[:50]],
        sampling={text[:50]: text[:50]},
        versions={text[:50]: text[:50]},
        notes=[text],
        references=[{"benchmark": text, "model": text, "score": text, "source": {"path": text}}],
        in_flight=[flight(id=text[:500], reasoning_tail=text, benchmark=text[:50])],
        progress=Progress(total=3, done=1, step=text[:500], eta_s=float("inf")),
        board=[BoardRow(model=text, editor_model=text, edit_format=text, editor_edit_format=text, command=text)],
        table=[row(benchmark=text[:50], accuracy=float("nan")), row(subset=text[:50])],
    )


@pytest.mark.parametrize("number", range(len(CORPUS)))
def test_hostile_text_stays_text(number: int) -> None:
    text = CORPUS[number] if len(CORPUS[number]) < 100_000 else CORPUS[number][:100_000]
    html = run_html(everywhere(text))
    read(html)
    html.encode()
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff]", html.replace("\r", "")
    )


@pytest.mark.parametrize("number", range(len(CORPUS)))
def test_mathjax_gets_no_dangerous_word(number: int) -> None:
    text = CORPUS[number] if len(CORPUS[number]) < 100_000 else CORPUS[number][:100_000]
    for piece in visible_to_mathjax(run_html(everywhere(text))):
        if piece in ("$", "\\") or not set(piece) & {"$", "\\"}:
            continue
        formula = unescape(piece)
        assert re.fullmatch(r"\$.*\$|\\\(.*\\\)|\\\[.*\\\]|\\begin\{(\w+\*?)\}.*\\end\{\1\}", formula, re.S), formula
        assert is_safe(formula)
        assert not re.search(
            r"\\(?:href|style|class|cssId|data|require|unicode|html|def|gdef|let|rule|kern|bbox|ref)", formula
        )


@given(st.text(max_size=400))
@settings(max_examples=300, deadline=None)
def test_what_is_escaped_reads_as_it_was(text: str) -> None:
    assert read(esc(text)).text == visible(text)
    assert read(code(text)).text == visible(text)
    assert read(pre(text)).text == "\n" + visible(text)


@given(st.text(alphabet="ab5 $\\()[]{}<>&\"'\n%^_*`#|-", max_size=120))
@example("5\n)")
@settings(max_examples=400, deadline=None)
def test_prose_loses_nothing(text: str) -> None:
    # Delimiters and escapes of maths may change, spaces and line breaks too, and signs of Markdown are laid out;
    # all else stays, in order.
    def bare(value: str) -> str:
        return re.sub(
            r"[\\$%()\s_>*`#|-]", "", re.sub(r"^(?:[ \t>]|[-*#]+\s|\d{1,9}\)(?=\s|$))+", "", value, flags=re.M)
        )

    lines = re.sub(r"<br>|<hr>|</(?:p|li|ol|ul|blockquote|pre|td|th|tr)>", r"\g<0>\n", Typesetter().prose(text))
    assert bare(read(lines).text) == bare(text)


@given(st.text(max_size=60), st.sampled_from(CORPUS[:40]))
@settings(max_examples=60, deadline=None)
def test_any_text_in_any_field(text: str, hostile: str) -> None:
    read(run_html(everywhere(text + hostile[:300])))


@pytest.mark.parametrize(
    ("text", "formulas"),
    [
        ("It costs $5 and $6.", 0),
        ("Between $5-$6, or $1,000 and $2,000", 0),
        ("I have $5 and you have 6$ in cash", 0),
        (r"Pay $6 for \$7, and \frac{1}{2} is $x$", 1),
        (r"\$5 and $x$ dollars", 1),
        (r"If $x = 5$, then $y$ is $\$20$.", 3),
        ("$$x^2$$ and \\[y\\] and \\(z\\)", 3),
        (r"So \boxed{\frac{1}{2}} it is", 1),
        (r"\begin{align*} x &= 1 \\ y &= 2 \end{align*}", 1),
        (r"In $\triangle ABC$, angle $ABC = 60$.", 2),
        ("$x$-axis, $ x + y $", 2),
        (r"$\href{javascript:alert(1)}{x}$", 0),
        (r"$a", 0),
        ("$a\n\nb$", 0),
        (r"\begin{itemize} x \end{itemize}", 0),
        (r"$\text{if $x$ is even}$", 1),
    ],
)
def test_what_is_a_formula(text: str, formulas: int) -> None:
    html = Typesetter().prose(text)
    assert len(re.findall(r"<span>(?:\$[^<]|\\[^<])", html)) == formulas, html


def test_percent_in_a_formula_hides_nothing() -> None:
    assert r"<span>$50\%$</span>" in Typesetter().prose("$50%$")


@pytest.mark.parametrize(
    ("value", "html"),
    [
        ("42", "<code>42</code>"),
        (r"\frac{1}{2}", r"<span>\(\frac{1}{2}\)</span>"),
        ("$x^2$", r"<span>\(x^2\)</span>"),
        (r"\href{x}{y}", r"<code>\href{x}{y}</code>"),
        (r"\) <b> \(", r"<code>\) &lt;b&gt; \(</code>"),
        ("$5", "<code>$5</code>"),
        ("", "–"),
    ],
)
def test_values(value: str, html: str) -> None:
    assert Typesetter().value(value) == html


def test_formulas_are_rationed() -> None:
    views = [view(i, answer=Clip(text="$x$ " * 200)) for i in range(20)]
    assert run_html(record(views)).count("<span>$x$</span>") <= FORMULAS


def test_openers_alone_take_linear_time() -> None:
    Typesetter().prose(r"\(a $b " * 50_000)


def test_structure() -> None:
    rows = [row("Level 1", pending=2), row("all"), row("default", benchmark="aime24")]
    html = run_html(record(table=rows, benchmarks=["math_500", "aime24"]))
    reader = read(html)
    assert {"table", "caption", "th", "meter", "details", "summary"} <= reader.seen
    assert html.count("<tbody>") == 2
    assert '<th scope="col">pending</th>' in html
    assert '<th scope="row" style="text-align:left"><strong>all</strong></th>' in html
    assert html.count("<meter") == 3
    assert " id=" not in html
    assert " class=" not in html
    assert "<script" not in html


def test_summary_of_a_sample_has_word_and_sign() -> None:
    html = run_html(record([view(3, flags=["check_by_hand"]), view(0)]))
    assert "✗ <strong>wrong</strong>" in html
    assert "✓ <strong>correct</strong>" in html
    assert "<em>check by hand</em>" in html


def test_failures_come_first() -> None:
    views = [view(i, subset="Level 1", outcome=o) for i, o in enumerate(("correct", "error", "truncated", "wrong"))]
    html = run_html(record(views))
    places = [html.index(f"<strong>{word}</strong>") for word in ("wrong", "truncated", "error", "correct")]
    assert places == sorted(places)
    assert "4 samples, 1 correct, 1 wrong, 1 truncated, 1 error" in html


def test_demo_cannot_be_missed() -> None:
    html = run_html(record(demo=True))
    assert html.index("DEMO") < html.index("QwQ-32B")
    assert "DEMO · QwQ-32B" in html
    assert "DEMO" not in run_html(record())


def test_running() -> None:
    running = record(
        state="running",
        progress=Progress(total=50, done=12, in_flight=16, eta_s=200.0, tokens_per_s=1234.5, errors=1, step="grading"),
        in_flight=[flight(i) for i in range(16)],
    )
    html = run_html(running, live=True)
    assert '<progress max="50" value="12"' in html
    assert "12 of 50 done · 1 error · 16 in flight · 1,235 tokens/s · about 3 min left · grading" in html
    assert "Wait, let me check" in html
    assert "Level 4: " not in html


def test_what_a_run_waits_for_stands_first_and_once() -> None:
    said = "local does not answer since 12:00:00; it is asked again every 2 s."
    progress = Progress(total=50, done=12, waiting=said)
    paused = record(state="paused", progress=progress, notes=["Mind the gap.", said])
    html = run_html(paused, live=True)
    assert f"<strong>Waiting:</strong> {said}" in html
    assert html.count(said) == 1
    assert html.index(said) < html.index("Mind the gap.")
    ended = run_html(record(progress=progress, notes=[]))
    assert "Waiting" not in ended, "nothing is waited for any more"


def test_stopped_says_how_to_resume() -> None:
    assert "resume with <code>%qwq_eval math_500 --limit 50</code>" in run_html(record(state="stopped"))


def test_many_samples_list_failures_only() -> None:
    views = [view(i, text=None) for i in range(LIST_ALL + 600)]
    html = run_html(record(views))
    assert "<strong>correct</strong>" not in html
    assert "<strong>wrong</strong>" in html
    assert "1,000 more samples not shown here" in html
    assert "%qwq_show qwq_runs/math_500-QwQ-32B-1" in html


def test_clipped_says_what_is_missing() -> None:
    text = clipped(Clip(text="abcdef", omitted=1234, at=2))
    assert text == "ab\n\n[… 1,234 characters left out …]\n\ncdef"
