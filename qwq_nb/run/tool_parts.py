"""Render the tool calls of an answer: each with its arguments, the expected ones beside, and what is wrong."""

from __future__ import annotations

import json

from qwq_nb.core.tool_calls import MadeCall
from qwq_nb.core.tool_check import DrawnArgument, DrawnCall, ToolCheck
from qwq_nb.view.clean import one_line
from qwq_nb.view.html import Html, code
from qwq_nb.view.tables import Row, html_table, strong

__all__ = ["calls_html", "calls_lines", "drawn_calls", "drawn_unchecked"]

MOST_CALLS = 20
"""Calls that are drawn."""
_LONGEST = 400
"""Characters of a value, of what is expected, and of a problem."""


def drawn_calls(check: ToolCheck | None) -> list[DrawnCall]:
    """Return what is drawn of a check: the calls made, then the expected ones that were not made."""
    if check is None:
        return []
    drawn = []
    for number, (name, text) in enumerate(check.calls[:MOST_CALLS]):
        match = check.matches[number] if number < len(check.matches) else None
        expected = check.expected[match][1] if match is not None and match < len(check.expected) else {}
        faults = {fault.argument: fault.text for fault in check.faults if fault.call == number}
        if number in check.unreadable:
            drawn.append(_unreadable(name, text, faults.get("", "")))
        else:
            drawn.append(_drawn(name, text, expected, faults))
    met = {match for match in check.matches if match is not None}
    for position, (name, wanted) in enumerate(check.expected[:MOST_CALLS]):
        if position not in met:
            arguments = [DrawnArgument(name=_cut(key), expected=_cut(words)) for key, words in wanted.items()]
            drawn.append(DrawnCall(name=_cut(name), is_missing=True, arguments=arguments))
    return drawn


def drawn_unchecked(calls: list[MadeCall]) -> list[DrawnCall]:
    """Return what is drawn of calls that nothing is expected of."""
    return [
        _unreadable(call.name, call.text, call.problem)
        if call.problem
        else _drawn(call.name, json.dumps(call.arguments, ensure_ascii=False), {}, {})
        for call in calls[:MOST_CALLS]
    ]


def _unreadable(name: str, text: str, problem: str) -> DrawnCall:
    return DrawnCall(name=_cut(name), problem=_cut(problem), text=_cut(text))


def _drawn(name: str, text: str, expected: dict[str, str], faults: dict[str, str]) -> DrawnCall:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):  # cut to the length that is kept
        return _unreadable(name, text, faults.get("", ""))
    missing = [key for key in faults if key and key not in given]
    arguments = []
    for key in [*given, *missing]:
        value = json.dumps(given[key], ensure_ascii=False) if key in given else ""
        wanted, problem = expected.get(key, ""), faults.get(key, "")
        if wanted and problem.endswith(f"; expected is {wanted}"):
            problem = "missing" if problem.startswith("missing") else "another value"  # both stand beside it
        arguments.append(DrawnArgument(name=_cut(key), value=_cut(value), expected=_cut(wanted), problem=_cut(problem)))
    return DrawnCall(name=_cut(name), problem=_cut(faults.get("", "")), arguments=arguments)


def calls_html(calls: list[DrawnCall]) -> str:
    """Return the calls as a table; nothing without calls."""
    if not calls:
        return ""
    rows: list[Row] = []
    for call in calls:
        rows.append(_title(call))
        if call.text:
            rows.append(["as written", Html(code(call.text)), "", strong(call.problem)])
        for argument in call.arguments:
            problem = strong(argument.problem) if argument.problem else ""
            rows.append([argument.name, Html(code(argument.value)), argument.expected, problem])
    return html_table("Tool calls", ["argument", "value", "expected", "what is wrong"], rows)


def calls_lines(calls: list[DrawnCall]) -> list[str]:
    """Return the same as lines of text. Foreign text is still to be made visible by the caller."""
    lines = ["Tool calls:"] if calls else []
    for call in calls:
        lines.append(f"    {_title(call)}")
        if call.text:
            lines.append(f"        {one_line(call.text, _LONGEST)}   ✗ {call.problem}")
        for argument in call.arguments:
            said = f" = {argument.value}" if argument.value else ""
            expected = f"   (expected {argument.expected})" if argument.expected else ""
            problem = f"   ✗ {argument.problem}" if argument.problem else ""
            lines.append(f"        {argument.name}{said}{expected}{problem}")
    return lines


def _title(call: DrawnCall) -> str:
    """Return the line above a call's arguments."""
    name = one_line(call.name, 200) or "a call without a name"
    if call.is_missing:
        return f"✗ {name}: expected, and not made"
    is_wrong = call.problem or any(argument.problem for argument in call.arguments)
    return f"{'✗' if is_wrong else '✓'} {name}" + (f": {call.problem}" if call.problem and not call.text else "")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
