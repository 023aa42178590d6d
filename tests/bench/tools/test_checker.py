"""Which calls are right: BFCL's rules as cases, and bfcl-eval's own verdicts where they are at hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qwq_nb.bench.tools.checker import check_calls, expected_words, gold_calls, made_words
from qwq_nb.bench.tools.values import argument_fault
from qwq_nb.core.tool_calls import MadeCall
from tests.support.paths import SHARED_DATA

AREA: dict[str, Any] = {
    "name": "geometry.area",
    "parameters": {
        "type": "dict",
        "properties": {"base": {"type": "integer"}, "height": {"type": "float"}, "unit": {"type": "string"}},
        "required": ["base", "height"],
    },
}
NOW: dict[str, Any] = {"name": "now", "parameters": {"type": "dict", "properties": {}, "required": []}}
EXPECTED: list[dict[str, dict[str, list[Any]]]] = [
    {"geometry.area": {"base": [10], "height": [5.0], "unit": ["cm", "centimetres", ""]}}
]


def area(**arguments: Any) -> MadeCall:
    return MadeCall("geometry_area", arguments)


@pytest.mark.parametrize(
    ("calls", "error_type", "words"),
    [
        ([area(base=10, height=5.0)], "", ""),
        ([area(base=10, height=5)], "", ""),
        ([area(base=10, height=5, unit="CM.")], "", ""),
        ([], "simple_function_checker:wrong_count", "no call; expected is 1"),
        ([area(base=10, height=5)] * 2, "simple_function_checker:wrong_count", "2 calls; expected is 1"),
        (
            [MadeCall("geometry.area", {"base": 10, "height": 5})],
            "simple_function_checker:wrong_func_name",
            "calls geometry.area; expected is geometry_area (with underscores for dots, as it was offered)",
        ),
        ([area(base=10)], "simple_function_checker:missing_required", "height: missing, and required; expected is 5.0"),
        ([area(base="10", height=5)], "type_error:simple", 'base: "10" is text; a whole number is wanted'),
        ([area(base=10.0, height=5)], "type_error:simple", "base: 10.0 is a number; a whole number is wanted"),
        ([area(base=True, height=5)], "type_error:simple", "base: true is true or false; a whole number is wanted"),
        ([area(base=None, height=5)], "type_error:simple", "base: null is null; a whole number is wanted"),
        ([area(base=11, height=5)], "value_error:others", "base: 11; expected is 10"),
        (
            [area(base=10, height=5, unit="m")],
            "value_error:string",
            'unit: "m"; expected is "cm" or "centimetres" or left out',
        ),
        ([area(base=10, height=5, depth=1)], "simple_function_checker:unexpected_param", "depth: no such parameter: 1"),
        ([MadeCall("f", {}, "it is no JSON", "{")], "ast_decoder:decoder_failed", "it is no JSON"),
    ],
)
def test_one_call(calls: list[MadeCall], error_type: str, words: str) -> None:
    check = check_calls(calls, [AREA], EXPECTED, "simple")
    assert (check.error_type, check.in_words()) == (error_type, words)


def test_every_fault_of_a_call_is_told() -> None:
    check = check_calls([area(base="x", height=7, depth=1)], [AREA], EXPECTED, "simple")
    assert [(fault.call, fault.argument) for fault in check.faults] == [(0, "base"), (0, "height"), (0, "depth")]
    assert check.in_words().endswith("(and 2 more)")


def value_fault(value: Any, kind: str, *allowed: Any, items: str | None = None) -> str:
    """The name of the fault of one argument; empty if it is right."""
    schema = {"type": kind} if items is None else {"type": kind, "items": {"type": items}}
    found = argument_fault(value, schema, list(allowed))
    return found.error_type if found else ""


def test_texts_are_compared_without_case_spaces_and_some_marks() -> None:
    assert value_fault("new-york,  N.Y.", "string", "New York, NY") == ""
    assert value_fault("it's", "string", 'it"s') == ""
    assert value_fault("New York!", "string", "New York") == "value_error:string"
    assert value_fault("", "string", "New York") == "value_error:string"
    assert value_fault("", "string", "New York", "") == "", "where it may be left out"


def test_a_name_may_stand_for_a_value_where_the_allowed_ones_are_names() -> None:
    assert value_fault("dataset", "array", "dataset", items="float") == ""
    assert value_fault("Dataset", "array", "dataset", items="float") == "value_error:others"
    assert value_fault([1.0], "array", "dataset", items="float") == "value_error:others"
    assert value_fault(3, "any", 3) == ""


def test_lists() -> None:
    assert value_fault(["b", "A "], "array", ["a"], ["B", "a"], items="string") == ""
    assert value_fault(["a", "b"], "array", ["b", "a"], items="string") == "value_error:list/tuple"
    assert value_fault([1, "a"], "array", [1, 2], items="integer") == "type_error:nested"
    assert value_fault([1, 2], "array", [1.0, 2.0], items="float") == "type_error:nested"
    assert value_fault([1.5, 2.5], "tuple", [1.5, 2.5], items="float") == ""
    assert value_fault([], "array", "", [1], items="integer") == "", "an empty list where it may be left out"


def test_objects() -> None:
    allowed = {"size": ["Large", "big"], "milk": ["oat", ""]}
    assert value_fault({"size": "large"}, "dict", allowed) == ""
    assert value_fault({"size": "big", "milk": "Oat"}, "dict", allowed) == ""
    assert value_fault({"size": "small"}, "dict", allowed) == "value_error:dict_value"
    assert value_fault({"milk": "oat"}, "dict", allowed) == "value_error:dict_key"
    assert value_fault({"size": "big", "ice": True}, "dict", allowed) == "value_error:dict_key"
    assert value_fault({"size": "small"}, "dict", allowed, {"size": ["small"]}) == ""
    assert value_fault([{"size": "big"}], "array", [allowed], items="dict") == ""
    assert value_fault([{"size": "big"}] * 2, "array", [allowed], items="dict") == "value_error:list_dict_count"
    assert value_fault([{"size": "x"}], "array", [allowed], items="dict") == "value_error:dict_value"


def test_several_functions_of_which_one_is_meant() -> None:
    assert check_calls([area(base=10, height=5)], [NOW, AREA], EXPECTED, "multiple").error_type == ""
    check = check_calls([MadeCall("now", {})], [NOW, AREA], EXPECTED, "multiple")
    assert check.in_words() == "calls now; expected is geometry_area"


TWO: list[dict[str, dict[str, list[Any]]]] = [
    {"geometry.area": {"base": [1], "height": [2.0]}},
    {"geometry.area": {"base": [3], "height": [4.0]}},
    {"now": {}},
]


def test_several_calls_in_any_order() -> None:
    calls = [MadeCall("now", {}), area(base=3, height=4), area(base=1, height=2)]
    check = check_calls(calls, [AREA, NOW], TWO, "parallel_multiple")
    assert (check.error_type, check.matches) == ("", [2, 1, 0])


def test_of_several_calls_the_nearest_is_compared() -> None:
    calls = [area(base=3, height=9), MadeCall("now", {}), area(base=1, height=2)]
    check = check_calls(calls, [AREA, NOW], TWO, "parallel_multiple")
    assert check.error_type == "parallel_function_checker_no_order:cannot_find_match"
    assert check.in_words() == "geometry_area: height: 9.0; expected is 4.0"
    assert check.matches == [1, 2, 0]


def test_a_call_that_was_not_made_is_named_by_its_place() -> None:
    check = check_calls([area(base=3, height=4)], [AREA, NOW], TWO, "parallel_multiple")
    assert check.error_type == "parallel_function_checker_no_order:wrong_count"
    assert (check.in_words(), check.matches) == ("1 call; expected are 3", [1])


def test_where_no_function_helps_none_may_be_called() -> None:
    assert check_calls([], [AREA], [], "irrelevance").faults == []
    assert check_calls([area()], [AREA], [], "irrelevance").error_type == "irrelevance:called"
    broken = MadeCall("f", {}, "it is no JSON", "{")
    assert check_calls([broken], [AREA], [], "irrelevance").error_type == "irrelevance:called"


def test_calls_in_words() -> None:
    assert expected_words(EXPECTED) == "geometry_area(base=10, height=5.0)"
    assert expected_words([]) == "no call"
    assert made_words([area(base=1)] * 14).endswith("geometry_area(base=1), and 2 more")


def test_numbers_of_any_size_are_no_crash() -> None:
    check = check_calls([area(base=10**400, height=10**400)], [AREA], EXPECTED, "simple")
    assert [fault.argument for fault in check.faults] == ["base", "height"]


def rows() -> dict[str, dict[str, Any]]:
    file = SHARED_DATA / "tools" / "bfcl_ast.jsonl"
    if not file.exists():
        pytest.skip("no shared data: set QWQ_SHARED_DATA")
    return {row["id"]: row for row in map(json.loads, file.read_text().splitlines())}


def test_the_verdicts_are_those_of_bfcl_evals_own_checker() -> None:
    known, number = rows(), 0
    for line in (SHARED_DATA / "tools" / "bfcl_ast_oracle.jsonl").read_text().splitlines():
        reply = json.loads(line)
        row = known[reply["id"]]
        calls = [MadeCall(name, arguments) for one in reply["calls"] for name, arguments in one.items()]
        category = reply["category"].removesuffix("_python")
        check = check_calls(calls, row["function"], row["ground_truth"], category)
        assert (not check.faults, check.error_type) == (reply["valid"], reply["error_type"]), line
        number += 1
    assert number == 1917


def test_the_expected_calls_themselves_are_right_but_for_five_rows() -> None:
    refused = [
        row["id"]
        for row in rows().values()
        if row["ground_truth"]
        and check_calls(
            gold_calls(row["ground_truth"]),
            row["function"],
            row["ground_truth"],
            row["category"].removesuffix("_python"),
        ).faults
    ]
    assert refused == [
        "simple_python_17", "simple_python_200", "parallel_88", "parallel_multiple_87", "parallel_multiple_119",
    ]  # fmt: skip
