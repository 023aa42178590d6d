"""Render the turns of a sample: who was asked, what it thought and wrote, how the files changed, what the tests said.

A diff is a plain `pre`: every line begins with `+`, `-` or a blank, so that it is read without colours, on GitHub and
by a screen reader; the colours are an extra. Lines added and removed are counted in words above it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from qwq_nb.core.records import Step
from qwq_nb.core.run_record import Clip, TurnView
from qwq_nb.run.code_parts import squares, tests_word
from qwq_nb.view.clean import one_line
from qwq_nb.view.html import Html, Typesetter, clipped, esc, pre
from qwq_nb.view.wording import count, duration, number

__all__ = ["diff_html", "diff_words", "steps_lines", "turn_word", "turns_html"]

_ADDED: Final = "background-color:#009e732e"
_REMOVED: Final = "background-color:#d55e002e"
_PRE: Final = "white-space:pre-wrap;word-break:normal"
_NAME: Final = 80
_MOST_LINES: Final = 2_000
"""Lines of a diff that have a colour; more would fill the page with elements."""


def turn_word(role: str, try_number: int, retry: int) -> str:
    """Say which turn it is: `architect, try 1`, `editor, try 1, asked again (2)`."""
    again = f", asked again ({retry})" if retry else ""
    return f"{one_line(role, _NAME) or 'model'}, try {try_number}{again}"


def turns_html(turns: Sequence[TurnView]) -> str:
    """Return a list of turns, each with its parts behind folds; the reasoning is closed, plans and diffs are open."""
    if not turns:
        return ""
    items = "".join(f"<li>{_turn(turn)}</li>" for turn in turns)
    return f"<p><strong>{count(len(turns), 'turn')}:</strong></p><ol>{items}</ol>"


def _turn(turn: TurnView) -> str:
    who = one_line(turn.model or turn.endpoint, _NAME)
    facts = [f"<strong>{esc(turn_word(turn.role, turn.try_number, turn.retry))}</strong>"]
    facts += [esc(who)] if who else []
    if turn.reasoning_tokens or turn.answer_tokens:
        facts.append(f"{turn.reasoning_tokens:,} reasoning + {turn.answer_tokens:,} answer tokens")
    if turn.latency_s is not None:
        facts.append(duration(turn.latency_s))
    parts = [f"<div>{' · '.join(facts)}</div>"]
    typeset = Typesetter()
    parts.append(_text("Reasoning", turn.reasoning, typeset.reasoning, same=turn.same_reasoning, is_open=False))
    # A reply that was read as an edit stands as its diff; as it was written it is a fold away.
    title = "Reply" if turn.format else "Plan" if turn.role == "architect" else "Answer"
    write = pre if turn.format else typeset.prose
    parts.append(_text(title, turn.answer, write, same=turn.same_answer, is_open=not turn.format))
    if turn.malformed:
        parts.append(f"<p><strong>Malformed reply</strong> (format {esc(turn.format)}), sent back:</p>")
        parts.append(pre(turn.malformed))
    if turn.diff is not None and turn.diff.text:
        parts.append(f"<p>{esc(_changed(turn))}</p>{diff_html(clipped(turn.diff))}")
    elif turn.diff is not None:
        parts.append(f"<p>Changes in {esc(_files(turn))}, left out here</p>")
    elif turn.format and not turn.malformed:
        parts.append("<p><strong>No edit:</strong> the reply could be read, and changes no file.</p>")
    if turn.syntax_error:
        parts.append(f"<p><strong>A file is no Python after it</strong>, sent back:</p>{pre(turn.syntax_error)}")
    if turn.execution is not None:
        parts.append(f"<p><strong>Tests:</strong> {esc(tests_word(turn.execution))} {squares(turn.execution)}</p>")
        first = turn.execution.first_failed
        if first is not None and first.stderr.strip():
            parts.append(f"<details><summary>Test output, as the model sees it</summary>{pre(first.stderr)}</details>")
    return "".join(parts)


def _text(title: str, text: Clip | None, write: Callable[[str], str], *, same: bool, is_open: bool) -> str:
    if same:
        return f"<div>{title}: the same as of the whole sample, see below.</div>"
    if text is None or not (text.text or text.omitted):
        return ""
    if not text.text:
        return f"<div>{title}: {text.omitted:,} characters, left out here</div>"
    left_out = f", {text.omitted:,} characters left out in the middle" if text.omitted else ""
    return f"<details{' open' if is_open else ''}><summary>{title}{left_out}</summary>{write(clipped(text))}</details>"


def _changed(turn: TurnView) -> str:
    # Of a diff that is cut the lines cannot be counted.
    words = "" if turn.diff is None or turn.diff.omitted else f": {diff_words(turn.diff.text)}"
    return f"Changes in {_files(turn)}{words}"


def _files(turn: TurnView) -> str:
    return ", ".join(one_line(name, _NAME) for name in turn.files) or "files"


def diff_words(diff: str) -> str:
    """Count what a unified diff does: `3 lines added, 1 line removed`."""
    lines = diff.split("\n")
    added = sum(line.startswith("+") and not line.startswith("+++") for line in lines)
    removed = sum(line.startswith("-") and not line.startswith("---") for line in lines)
    return f"{number(added)} {'line' if added == 1 else 'lines'} added, {number(removed)} removed"


def diff_html(diff: str) -> Html:
    """Return a unified diff as a `pre` whose added and removed lines have a ground, and their signs in any case."""
    lines = diff.rstrip("\n").split("\n")
    drawn = [_line(line) for line in lines[:_MOST_LINES]]
    rest = "\n".join(lines[_MOST_LINES:])
    body = "&#10;".join([*drawn, *([esc(rest).replace("\n", "&#10;")] if rest else [])])
    # The first newline in `pre` is not shown.
    return Html(f'<pre style="{_PRE}">\n{body}</pre>')


def _line(line: str) -> str:
    inner = esc(line)
    if line.startswith("+") and not line.startswith("+++"):
        return f'<span style="{_ADDED}">{inner}</span>'
    if line.startswith("-") and not line.startswith("---"):
        return f'<span style="{_REMOVED}">{inner}</span>'
    return inner


def steps_lines(steps: Sequence[Step]) -> list[str]:
    """Return the steps of a sample as lines of text. Foreign text is still to be made visible by the caller."""
    lines: list[str] = []
    for position, step in enumerate(steps, 1):
        asked, edit = step.completion, step.edit
        who = one_line(asked.model or step.endpoint or asked.endpoint, _NAME)
        named = turn_word(step.role, step.try_number, step.retry)
        lines += ["", f"Turn {position}: {named}" + (f" ({who})" if who else "")]
        if asked.reasoning:
            lines += ["Reasoning:", *_indented(asked.reasoning)]
        if asked.answer:
            lines += ["Reply:" if edit else "Answer:", *_indented(asked.answer)]
        if edit is not None and edit.malformed:
            lines += ["Malformed reply, sent back:", *_indented(edit.malformed)]
        if edit is not None and edit.diff:
            files = ", ".join(one_line(name, _NAME) for name in edit.files)
            lines += [f"Changes in {files or 'files'}: {diff_words(edit.diff)}", *_indented(edit.diff)]
        elif edit is not None and not edit.malformed:
            lines.append("No edit: the reply could be read, and changes no file.")
        if edit is not None and edit.syntax_error:
            lines += ["A file is no Python after it, sent back:", *_indented(edit.syntax_error)]
        if step.execution is not None:
            lines.append(f"Tests: {tests_word(step.execution)}")
            first = step.execution.first_failed
            if first is not None and first.stderr.strip():
                lines += ["Test output, as the model sees it:", *_indented(first.stderr)]
    return lines


def _indented(text: str) -> list[str]:
    return [f"    {line}" for line in text.rstrip("\n").split("\n")]
