"""Write tool calls into the text of an answer, and read them there: the form of Qwen's chat templates (Hermes).

`<tool_call>`, a JSON object with `name` and `arguments`, `</tool_call>`, one block a call. A server without a parser
for tool calls sends the model's calls as this text; those that a server sends in fields of their own are written so
(`written`), and whatever reads an answer finds both alike (`calls_in`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple, TypedDict

from qwq_nb.core.nesting import DEEPEST, too_deep
from qwq_nb.core.records import ToolCall
from qwq_nb.core.text import valid_values

__all__ = ["MOST_CALLS", "MadeCall", "ShownCall", "calls_in", "shown_call", "tool_names", "with_calls", "written"]

_OPEN, _END = "<tool_call>", "}\n</tool_call>"
_NEXT = re.compile(r"</?tool_call>")
_BLANKS = re.compile(r"\s*")

MOST_CALLS = 1000
"""Calls of one answer that are read: a model that repeats a call without end costs no more."""


class MadeCall(NamedTuple):
    """Hold one call as it was read from an answer. With a `problem` it cannot be called."""

    name: str
    arguments: dict[str, Any]
    problem: str = ""
    """What is wrong with the text of the call, in words; empty if it can be read."""
    text: str = ""
    """The text of a call that cannot be read."""


class ShownCall(TypedDict, total=False):
    """Hold one call as `run.sample(id).tool_calls` lists it: `name` and `arguments`, and `problem` if it has one.

    Where there is a problem, `arguments` is the text that the model wrote.
    """

    name: str
    arguments: dict[str, Any] | str
    problem: str


def written(calls: Sequence[ToolCall], *, is_cut: bool = False) -> str:
    """Return calls as text. `is_cut`: the answer was cut, so that the last call may lack its end.

    Arguments stand as the model wrote them; without any there is an empty object. Text in them that looks like the end
    of a call is escaped, so that what is read back is one call.
    """
    blocks = []
    for number, call in enumerate(calls, 1):
        name, arguments = _quoted(call["function"]["name"]), call["function"]["arguments"].strip() or "{}"
        if _is_json(arguments):
            # In JSON a < stands in strings alone, where its escape says the same.
            blocks.append(_block(name, _without_tags(arguments)))
        elif is_cut and number == len(calls) and "tool_call>" not in arguments:
            blocks.append(_block(name, arguments).removesuffix(_END))
        else:
            block = _block(name, arguments)
            made = calls_in(block)
            # Where it would be read as something else than it is, it stands as a string.
            blocks.append(block if len(made) == 1 and made[0].problem else _block(name, _quoted(arguments)))
    return "\n".join(blocks)


def with_calls(answer: str, calls: Sequence[ToolCall], *, is_cut: bool = False) -> str:
    """Return an answer's text with its calls after it; as it is if they stand there already, as some servers do."""
    if not calls:
        return answer
    text = written(calls, is_cut=is_cut)
    if _OPEN in answer and calls_in(answer) == calls_in(text):
        return answer
    return f"{answer}\n{text}" if answer else text


def calls_in(answer: str) -> list[MadeCall]:
    """Return the calls that stand in an answer, in order; those too that cannot be read, each with its problem."""
    found: list[MadeCall] = []
    position = 0
    while len(found) < MOST_CALLS and (start := answer.find(_OPEN, position)) >= 0:
        start += len(_OPEN)
        call, position = _call_at(answer, start)
        found.append(call)
    return found


def shown_call(call: MadeCall) -> ShownCall:
    """Return a call as it is listed."""
    if call.problem:
        return {"name": call.name, "arguments": call.text, "problem": call.problem}
    return {"name": call.name, "arguments": call.arguments}


def tool_names(tools: Any) -> str:
    """Return the names of the tools of a request, in words; of one that is no function its type."""
    given = [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    functions = ((tool.get("function"), tool.get("type")) for tool in given)
    return ", ".join(str(f.get("name", "")) if isinstance(f, dict) else str(kind) for f, kind in functions)


def _call_at(answer: str, start: int) -> tuple[MadeCall, int]:
    """Read the call whose opening tag ends at `start`; return it, and where the search for the next one goes on."""
    blanks = _BLANKS.match(answer, start)
    body = blanks.end() if blanks else start
    try:
        value, end = _DECODER.raw_decode(answer, body)
    except (ValueError, RecursionError) as error:
        closing = _NEXT.search(answer, start)
        end = closing.start() if closing else len(answer)
        text = answer[start:end].strip()
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        problem = f"it is no JSON ({reason})"
        if not closing and _is_beginning(error, answer):
            problem = "it ends before its JSON does"
        return MadeCall(_name_in(text), {}, problem, text), end
    return _made(value, answer[body:end]), end


def _made(value: Any, text: str) -> MadeCall:
    if not isinstance(value, dict):
        return MadeCall("", {}, "it is JSON, but no object with a name and arguments", text)
    name, arguments = value.get("name"), value.get("arguments")
    if not isinstance(name, str) or not name.strip():
        return MadeCall("", {}, "it names no function", text)
    name = str(valid_values(name))
    if isinstance(arguments, str):
        try:
            arguments = _DECODER.decode(arguments or "{}")
        except (ValueError, RecursionError):
            return MadeCall(name, {}, "its arguments are no JSON", text)
    if arguments is None:
        arguments = {}
    if not isinstance(arguments, dict):
        return MadeCall(name, {}, "its arguments are no object with named values", text)
    if too_deep(arguments):
        return MadeCall(name, {}, f"its arguments lie more than {DEEPEST} deep within one another", text)
    return MadeCall(name, valid_values(arguments))


def _block(name: str, arguments: str) -> str:
    return f'{_OPEN}\n{{"name": {name}, "arguments": {arguments}{_END}'


def _quoted(text: str) -> str:
    return _without_tags(json.dumps(text, ensure_ascii=False))


def _without_tags(text: str) -> str:
    """Return a JSON text whose strings hold no tag of a call."""
    return text.replace("<", "\\u003c") if "tool_call>" in text else text


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no value of JSON")


_DECODER = json.JSONDecoder(parse_constant=_refused)
_NAME = re.compile(r'"name"\s*:\s*("(?:[^"\\]|\\.)*")')


def _name_in(text: str) -> str:
    """Return the function's name in a call that cannot be read; empty if there is none."""
    match = _NAME.search(text[:2000])
    try:
        return str(valid_values(json.loads(match[1]))) if match else ""
    except ValueError:
        return ""


def _is_beginning(error: Exception, answer: str) -> bool:
    """Return whether a text is no JSON only because it ends."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.msg.startswith("Unterminated string") or not answer[error.pos :].strip()


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
