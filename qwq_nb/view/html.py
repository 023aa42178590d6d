"""Escape text from a model, a data set or a server to html that says exactly that text, and typeset formulas.

`esc` is the one way in. A trusted notebook runs whatever html it holds, so no view writes foreign text past it, and
none writes foreign text into an attribute.
"""

from __future__ import annotations

import base64
import html
import re
from dataclasses import dataclass
from typing import Final

from qwq_nb.core.formats import UNKNOWN
from qwq_nb.core.run_record import Clip
from qwq_nb.view import tex
from qwq_nb.view.clean import visible
from qwq_nb.view.markdown import Writers, render_markdown

__all__ = ["FORMULAS", "FORMULAS_OF_REASONINGS", "Html", "Typesetter", "clipped", "code", "esc", "image", "note", "pre"]

FORMULAS: Final = 1_500
"""Formulas in one output: MathJax sets them all at once, in the page's own thread."""

FORMULAS_OF_REASONINGS: Final = 500
"""Formulas in all reasonings of one output: those of questions and answers are read more often."""

_UNBROKEN = re.compile(r"\S{200,}")
_CHUNK: Final = 100
_MATHS_MARK = re.compile(r"[$\\]+")
# Traces are long lines: where styles are kept (Lab, trusted or not) they wrap, elsewhere they scroll.
_PRE_STYLE: Final = "white-space:pre-wrap;word-break:normal"


class Html(str):
    """Hold text that is html already, made by this package; `view.tables` escapes any other."""

    __slots__ = ()


def esc(text: str) -> str:
    """Escape a text, make unseen characters visible, and keep it out of MathJax's reach.

    MathJax does not look across an element's border: a `$` or `\\` alone in one opens nothing.
    """
    parts: list[str] = []
    position = 0
    text = visible(text)
    for match in _MATHS_MARK.finditer(text):
        parts.append(_breakable(text[position : match.start()]))
        parts += (f"<span>{mark}</span>" for mark in match[0])
        position = match.end()
    return "".join(parts) + _breakable(text[position:])


def _breakable(text: str) -> str:
    """Escaped, with points to wrap at in what would otherwise be one word of hundreds of characters."""
    text = visible(text)
    parts: list[str] = []
    position = 0
    for match in _UNBROKEN.finditer(text):
        word = match[0]
        parts.append(html.escape(text[position : match.start()]))
        parts.append("<wbr>".join(html.escape(word[i : i + _CHUNK]) for i in range(0, len(word), _CHUNK)))
        position = match.end()
    return "".join(parts) + html.escape(text[position:])


def code(text: str) -> str:
    """Return a text as typed, within a line; MathJax leaves `code` alone."""
    return f"<code>{_breakable(text)}</code>" if text else ""


def note(text: str) -> str:
    """Return a sentence of ours, its `magic line` in backticks as code; what it quotes is escaped like any text."""
    return re.sub(r"`([^`<>]+)`", r"<code>\1</code>", esc(text))


def pre(text: str) -> str:
    """Return a text as typed, line by line; MathJax leaves `pre` alone, which matters at 40 kB a trace."""
    # A line break as an entity: a notebook file stores html line by line, at a dozen bytes a line. The first newline
    # in `pre` is not shown, so there is always one.
    body = _breakable(text).replace("\n", "&#10;")
    return f'<pre style="{_PRE_STYLE}">\n{body}</pre>'


def image(svg: str, alt: str) -> str:
    """Return a drawing of this package's own as an image: inline svg is dropped where a notebook is not trusted.

    An image runs no script and loads nothing, whatever its svg holds.
    """
    data = base64.b64encode(svg.encode("utf-8", "replace")).decode()
    return f'<p><img alt="{html.escape(visible(alt))}" src="data:image/svg+xml;base64,{data}"></p>'


def clipped(clip: Clip) -> str:
    """Return the text of a clip, with a sentence where its middle is missing."""
    if not clip.omitted:
        return clip.text
    return f"{clip.text[: clip.at]}\n\n[… {clip.omitted:,} characters left out …]\n\n{clip.text[clip.at :]}"


@dataclass
class Typesetter:
    """Render prose with formulas as html, within an allowance of formulas for the whole output."""

    formulas: int = FORMULAS
    of_reasonings: int = FORMULAS_OF_REASONINGS

    def prose(self, text: str, label: str = "") -> str:
        """Return what a model or a data set wrote: Markdown laid out, safe formulas typeset, refused ones as source."""
        inner = self.marked(text)
        if not label:
            return inner or "<p></p>"
        lead = f"<p><strong>{label}:</strong> "
        return lead + inner.removeprefix("<p>") if inner.startswith("<p>") else f"{lead}</p>{inner}"

    def reasoning(self, text: str) -> str:
        """Return a reasoning as `prose` does, its formulas out of an allowance of their own."""
        self.formulas, self.of_reasonings = self.of_reasonings, self.formulas
        try:
            return self.marked(text)
        finally:
            self.formulas, self.of_reasonings = self.of_reasonings, self.formulas

    def marked(self, text: str, hit: tuple[int, int] | None = None) -> str:
        """Return such a text with what stands at `hit` (offsets) marked."""
        if hit is not None:
            # Unseen characters are spelt out, which moves what follows them.
            start = len(visible(text[: hit[0]]))
            hit = (start, start + len(visible(text[hit[0] : hit[1]])))
        return render_markdown(visible(text), Writers(esc, _breakable, self._formula), hit)

    def value(self, text: str) -> str:
        """Return a gold or extracted value: typeset where it is LaTeX, as typed where it is not."""
        bare = visible(text).strip()
        if bare.startswith("$") and bare.endswith("$"):
            bare = bare.strip("$")
        formula = rf"\({bare}\)"
        if not bare:
            return UNKNOWN
        if tex.looks_like_tex(bare) and tex.is_bare(bare) and tex.is_safe(formula):
            return self._formula(tex.Piece("tex", 0, len(formula), formula))
        return code(text)

    def _formula(self, piece: tex.Piece) -> str:
        if piece.kind == "dollar":
            return esc(piece.shown)
        # An element of its own, so that MathJax sees this formula and no neighbour.
        name = "span" if piece.kind == "tex" and self.formulas > 0 else "code"
        self.formulas -= name == "span"
        return f"<{name}>{html.escape(piece.shown)}</{name}>"
