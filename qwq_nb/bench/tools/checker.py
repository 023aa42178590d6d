"""Check the calls of an answer against those expected, by the rules of BFCL's AST check (`values` has those of one
argument).

One call: the function's name, no parameter missing that is required, none that is not described or not expected, each
value right, and none left out that may not be. Several calls: as many as expected, in any order. Where no function
helps (irrelevance), there must be no call.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from qwq_nb.bench.tools.functions import called_name
from qwq_nb.bench.tools.values import OPTIONAL, Fault, allowed_words, argument_fault, json_words
from qwq_nb.core.tool_calls import MadeCall
from qwq_nb.core.tool_check import CallFault, ToolCheck

__all__ = ["IRRELEVANCE", "NO_CALL", "check_calls", "expected_words", "gold_calls", "made_words"]

IRRELEVANCE = "irrelevance"
NO_CALL = "no call"
_MOST_KEPT = 50
"""Calls of one answer that are kept with a verdict."""
_LONGEST_KEPT = 4000
"""Characters of the arguments of one of them."""
_MOST_WORDS = 12
"""Calls that are put into words."""

Expected = Mapping[str, Mapping[str, list[Any]]]
"""An expected call: name → argument → values allowed."""


def check_calls(
    calls: Sequence[MadeCall], functions: Sequence[Mapping[str, Any]], expected: Sequence[Expected], category: str
) -> ToolCheck:
    """Return what is wrong with the calls made.

    `functions`: those offered, as the data set describes them; `expected`: the calls that would be right, by their
    original names; `category`: `simple`, `multiple`, `parallel`, `parallel_multiple` or `irrelevance`.
    """
    check = ToolCheck(
        calls=[
            (call.name, _cut(call.text if call.problem else json.dumps(call.arguments, ensure_ascii=False)))
            for call in calls[:_MOST_KEPT]
        ],
        expected=[_shown(one) for one in expected],
    )
    broken = [CallFault(call=n, text=call.problem) for n, call in enumerate(calls[:_MOST_KEPT]) if call.problem]
    check.unreadable = [fault.call for fault in broken if fault.call is not None]
    if category == IRRELEVANCE:
        called = [CallFault(call=n, text="none is expected, as no function helps") for n in range(len(check.calls))]
        return _with(check, "irrelevance:called", [*broken, *called] if calls else [])
    kind = "parallel_function_checker_no_order" if category.startswith("parallel") else f"{category}_function_checker"
    matches, found, first_type = _compared(calls, functions, expected)
    check = msgspec.structs.replace(check, matches=matches[:_MOST_KEPT])
    if broken:
        return _with(check, "ast_decoder:decoder_failed", broken)
    if len(calls) != len(expected):
        text = f"{_count(len(calls))}; expected {'is' if len(expected) == 1 else 'are'} {len(expected)}"
        return _with(check, f"{kind}:wrong_count", [CallFault(text=text), *found])
    return _with(check, f"{kind}:cannot_find_match" if category.startswith("parallel") else first_type, found)


def gold_calls(expected: Sequence[Expected]) -> list[MadeCall]:
    """Return calls with the first value allowed of each argument, without those that may be left out."""
    return [
        MadeCall(
            called_name(name),
            {key: _first(choices) for key, choices in arguments.items() if OPTIONAL not in choices},
        )
        for one in expected
        for name, arguments in one.items()
    ]


def made_words(calls: Sequence[MadeCall]) -> str:
    """Return the calls that can be read in words, one after another: `area(base=10, height=5)`."""
    known = [call for call in calls if not call.problem]
    words = [
        f"{call.name}({', '.join(f'{name}={json_words(value)}' for name, value in call.arguments.items())})"
        for call in known[:_MOST_WORDS]
    ]
    return ", ".join(words + ([f"and {len(known) - _MOST_WORDS} more"] if len(known) > _MOST_WORDS else []))


def expected_words(expected: Sequence[Expected]) -> str:
    """Return the calls expected in words, with the first value allowed of each argument."""
    return made_words(gold_calls(expected)) or NO_CALL


def _compared(
    calls: Sequence[MadeCall], functions: Sequence[Mapping[str, Any]], expected: Sequence[Expected]
) -> tuple[list[int | None], list[CallFault], str]:
    """Give each expected call the first call that is right, and those left the nearest one of the same name.

    As many calls as expected are all given one. Returns the expected call of each call, their faults, and the type of
    the first fault.
    """
    matches: list[int | None] = [None] * len(calls)
    left = {n: call for n, call in enumerate(calls) if not call.problem}
    unmatched = []
    for position, one in enumerate(expected):
        function = _function_of(functions, one)
        match = next((n for n, call in left.items() if not _call_faults(call, function, one)), None)
        if match is None:
            unmatched.append((position, function, one))
        else:
            matches[match] = position
            del left[match]
    found: list[CallFault] = []
    first_type = ""
    for position, function, one in unmatched:
        known = {n for n, call in left.items() if call.name == called_name(next(iter(one)))}
        near = known or (set(left) if len(calls) == len(expected) else set())
        if near:
            nearest = min(sorted(near), key=lambda n: len(_call_faults(left[n], function, one)))
            faults = _call_faults(left.pop(nearest), function, one)
            matches[nearest] = position
            first_type = first_type or faults[0][1].error_type
            found += [CallFault(call=nearest, argument=argument, text=fault.words) for argument, fault in faults]
    return matches, found, first_type


def _call_faults(call: MadeCall, function: Mapping[str, Any], one: Expected) -> list[tuple[str, Fault]]:
    """Return the faults of a call with the arguments that they are of, those first that are found first."""
    name, allowed = next(iter(one.items()))
    wanted = called_name(name)
    if call.name != wanted:
        text = f"calls {call.name}; expected is {wanted}"
        if call.name == name:
            text += " (with underscores for dots, as it was offered)"
        return [("", Fault("simple_function_checker:wrong_func_name", text))]
    parameters = function.get("parameters") or {}
    described = parameters.get("properties") or {}
    faults = [
        (
            name,
            Fault(
                "simple_function_checker:missing_required",
                f"missing, and required; expected is {_words(allowed, name)}",
            ),
        )
        for name in parameters.get("required") or []
        if name not in call.arguments
    ]
    missing = {name for name, _ in faults}
    for argument, value in call.arguments.items():
        if argument not in described or argument not in allowed:
            text = "not expected" if argument in described else "no such parameter"
            faults.append((argument, Fault("simple_function_checker:unexpected_param", f"{text}: {json_words(value)}")))
        elif fault := argument_fault(value, described[argument], allowed[argument]):
            faults.append((argument, fault))
    return faults + [
        (name, Fault("simple_function_checker:missing_optional", f"missing; expected is {_words(allowed, name)}"))
        for name, choices in allowed.items()
        if name not in call.arguments and name not in missing and OPTIONAL not in choices
    ]


def _function_of(functions: Sequence[Mapping[str, Any]], one: Expected) -> Mapping[str, Any]:
    """Return the description of an expected call's function."""
    name = next(iter(one))
    return next((function for function in functions if function["name"] == name), {})


def _words(allowed: Mapping[str, list[Any]], name: str) -> str:
    return allowed_words(allowed.get(name, [])) or "a value"


def _with(check: ToolCheck, error_type: str, faults: list[CallFault]) -> ToolCheck:
    return msgspec.structs.replace(check, faults=faults[:_MOST_KEPT], error_type=error_type if faults else "")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_KEPT else f"{text[: _LONGEST_KEPT - 1]}…"


def _shown(one: Expected) -> tuple[str, dict[str, str]]:
    name, arguments = next(iter(one.items()))
    return called_name(name), {argument: allowed_words(choices) for argument, choices in arguments.items()}


def _first(choices: Sequence[Any]) -> Any:
    value = next((choice for choice in choices if choice != OPTIONAL), None)
    return _inner(value)


def _inner(value: Any) -> Any:
    """Return an allowed value as it would be written: of each key within it the first value allowed."""
    if isinstance(value, list):
        return [_inner(item) if isinstance(item, dict) else item for item in value]
    if isinstance(value, dict):
        return {
            key: _first(choices) if isinstance(choices, list) else choices
            for key, choices in value.items()
            if not (isinstance(choices, list) and _first(choices) is None)
        }
    return value


def _count(calls: int) -> str:
    return {0: "no call", 1: "1 call"}.get(calls, f"{calls} calls")
