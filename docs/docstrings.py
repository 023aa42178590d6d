"""Docstrings, signatures and annotations as Markdown."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable
from typing import Any, NamedTuple

WIDTH = 100
_SECTION = re.compile(r"(Args|Raises|Options):\Z")
_ENTRY = re.compile(r"(\S[^:]*): (.*)", re.DOTALL)
_CODE_LINE = re.compile(r"(?:\w+ = )?%{1,2}\w|>>> |\.\.\. ")


class Docstring(NamedTuple):
    """`text` is what stands before the sections; an entry of a section is (name, meaning)."""

    text: str
    sections: dict[str, list[tuple[str, str]]]

    @property
    def paragraphs(self) -> list[str]:
        return re.split(r"\n\s*\n", self.text) if self.text else []


def parse(docstring: str | None) -> Docstring:
    """Sections are those of Google's style: `Args:`, `Raises:`, and the magics' `Options:`."""
    text: list[str] = []
    sections: dict[str, list[tuple[str, str]]] = {}
    current: list[str] | None = None
    found: dict[str, list[str]] = {}
    for line in inspect.cleandoc(docstring or "").splitlines():
        # The options' help is appended to an indented docstring, at the margin of its own.
        bare = line.strip()
        if heading := _SECTION.match(bare):
            current = found.setdefault(heading[1], [])
        elif current is not None and (not bare or line[0].isspace()):
            current.append(line)
        else:
            current = None
            text.append(line)
    for name, lines in found.items():
        sections[name] = [entry(item) for item in items(lines)]
    return Docstring("\n".join(text).strip(), sections)


def items(lines: list[str]) -> list[str]:
    """Entries begin at the section's margin; deeper lines go on with the one before."""
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    found: list[str] = []
    for line in lines:
        if not line.strip():
            continue
        if found and line[margin].isspace():
            found[-1] += " " + line.strip()
        else:
            found.append(line.strip())
    return found


def entry(item: str) -> tuple[str, str]:
    match = None if item.startswith("--") else _ENTRY.match(item)
    return (match[1], match[2]) if match else ("", item)


def prose(paragraphs: list[str], indent: str = "") -> str:
    """Paragraphs joined to one line each; lines of code and what follows `::` are blocks."""
    out: list[str] = []
    code = False
    for paragraph in paragraphs:
        lines = [line.rstrip() for line in paragraph.strip("\n").splitlines()]
        if code or all(_CODE_LINE.match(line.strip()) for line in lines):
            out.append("\n".join(["```python", textwrap.dedent("\n".join(lines)), "```"]))
            code = False
            continue
        code = lines[-1].strip().endswith("::")
        joined = " ".join(line.strip() for line in lines)
        joined = re.sub(r"\s*::\Z", "" if joined.strip() == "::" else ":", joined) if code else joined
        if joined:
            out.append(sentences(joined))
    return textwrap.indent("\n\n".join(out), indent)


def sentences(text: str) -> str:
    """Magics and tags stand in code, so that Markdown shows them as they are."""
    parts = re.split(r"(`[^`]*`)", text)
    plain = [re.sub(r"(%{1,2}qwq\w*|<think>|</think>)", r"`\1`", part) for part in parts[::2]]
    parts[::2] = plain
    return "".join(parts)


def cell(text: str) -> str:
    return sentences(text).replace("|", "\\|")


def annotation(value: Any) -> str:
    return value if isinstance(value, str) else getattr(value, "__name__", str(value))


def parameter(p: inspect.Parameter) -> str:
    star = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
    typed = "" if p.annotation is p.empty else f": {annotation(p.annotation)}"
    default = "" if p.default is p.empty else f" = {p.default!r}" if typed else f"={p.default!r}"
    return star + p.name + typed + default


def signature(function: Callable[..., Any], name: str, *, bound: bool = False, returns: bool = True) -> str:
    """As it would be written; over several lines where one is too long."""
    found = inspect.signature(function)
    parameters = list(found.parameters.values())[1 if bound else 0 :]
    words: list[str] = []
    for p in parameters:
        if p.kind is p.KEYWORD_ONLY and not any(w.startswith("*") for w in words):
            words.append("*")
        words.append(parameter(p))
    given = found.return_annotation
    result = f" -> {annotation(given)}" if returns and given is not found.empty else ""
    line = f"{name}({', '.join(words)}){result}"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"{name}(", *(f"    {word}," for word in words), f"){result}"])


def errors(raises: list[tuple[str, str]]) -> str:
    """`Raises:` as one sentence a kind."""
    known = [f"{code_names(names)}: {sentences(why)}" if names else sentences(why) for names, why in raises]
    return "\n".join(f"- {line}" for line in known)


def code_names(names: str) -> str:
    return ", ".join(f"`{name.strip()}`" for name in names.split(","))
