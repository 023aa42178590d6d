"""Say why the official verdict on an answer is another one than its tests give from outside. Pure.

The reasons are those of evalscope's harnesses (`live_code_bench/testing_util.py`, and programs that end with exit code
0), found in the answer's code. Each is a sentence of ours: nothing of the code is quoted.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from qwq_nb.core.execution import Execution

__all__ = ["why_different"]

_UNKNOWN: Final = "the reason is not known: look at the code by hand"


class _Sign(NamedTuple):
    """Pair a property of code with the difference that it makes."""

    found: Callable[[str], bool]
    reason: str


def _has(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda code: compiled.search(code) is not None


def _assigns_globals(code: str) -> bool:
    return any(isinstance(node, ast.Global) for node in _nodes(code))


def _uses_module_names(code: str) -> bool:
    """Return whether code asks for the names of its module, of which a function around it has none."""
    names = {"globals", "vars", "eval", "exec", "locals"}
    return any(isinstance(node, ast.Name) and node.id in names for node in _nodes(code))


def _defines_equality(code: str) -> bool:
    return any(isinstance(node, ast.FunctionDef) and node.name == "__eq__" for node in _nodes(code))


def _imports_future(code: str) -> bool:
    return any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in _nodes(code))


def _nodes(code: str) -> list[ast.AST]:
    try:
        return list(ast.walk(ast.parse(code)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


_WRONG_STDIN: Final = (
    _Sign(
        _has(r"stdout\s*\.\s*buffer|\bfileno\s*\(|\bos\s*\.\s*write\b"),
        "evalscope's harness has no sys.stdout.buffer and no output but sys.stdout",
    ),
    _Sign(_assigns_globals, "evalscope's harness puts the code into a function, where `global` names another variable"),
    _Sign(_has(r"\b_exit\s*\("), "the code ends its process by os._exit, before evalscope's harness reads the output"),
    _Sign(
        _has(r"\bopen\s*\(\s*(?:0|['\"]/dev/stdin)|\bos\s*\.\s*read\s*\(\s*0"),
        "the code opens standard input by itself, which evalscope's harness replaces",
    ),
    _Sign(
        _has(r"\bstdin\s*\.\s*(?:fileno|detach|buffer\s*\.\s*raw)|\bmmap\b"),
        "the code reads standard input below sys.stdin, which evalscope's harness replaces",
    ),
    _Sign(_has(r"\bThread\s*\("), "evalscope's harness cannot stop or catch what another thread of the code does"),
    _Sign(_uses_module_names, "evalscope's harness puts the code into a function, whose names are no module's"),
    _Sign(_imports_future, "evalscope's harness puts imports before the code, where `from __future__` may not stand"),
    _Sign(_has(r"__name__"), "evalscope's harness does not run the code as __main__"),
)
"""Why evalscope's harness finds a program wrong that passes from outside."""

_WRONG_FUNCTION: Final = (
    _Sign(_has(r"\b_exit\s*\(|\bexit\s*\("), "the code ends its process, before evalscope's harness has all results"),
    _Sign(_imports_future, "evalscope's harness puts imports before the code, where `from __future__` may not stand"),
    _Sign(
        _has(r"\bself\s*\.\s*\w+|\bglobal\b|\bcache\b"),
        "evalscope's harness calls one object for all tests, and what one call leaves there changes the next",
    ),
)

_RIGHT: Final = (
    _Sign(
        _has(r"_getframe|\bcurrentframe\b|f_back|f_locals|\bgc\s*\.\s*get_|\binspect\b|tb_frame|gi_frame"),
        "the code looks into the frames of evalscope's harness, where the expected output stands",
    ),
    _Sign(
        _has(r"\bos\s*\.\s*write\s*\(|\bfdopen\b|/proc/self/fd|/dev/fd|\bsendall\b"),
        "the code writes a result of its own where evalscope's harness writes its results (a forged verdict)",
    ),
    _Sign(
        _has(r"TEST_PASSED|\bunittest\b|\btesting_util\b|sys\s*\.\s*modules|__builtins__\s*\["),
        "the code changes what evalscope's harness runs in the same process (a forged verdict)",
    ),
    _Sign(_defines_equality, "the code's own __eq__ decides whether its value is the expected one"),
    _Sign(
        _has(r"\b_?exit\s*\(|\bquit\s*\(|SystemExit"),
        "the code ends with an exit code other than 0, or before its tests end, which evalscope's harness lets pass",
    ),
)
"""Why evalscope's harness finds right what fails from outside."""


def why_different(code: str, execution: Execution, official: Any, *, is_function: bool, is_asserts: bool) -> str:
    """Return why the official verdict is another one than the tests'; empty if it is the same.

    Args:
        code: as it was taken out of the answer.
        official: whether the official verdict is right.
        is_function: the tests call a function.
        is_asserts: the tests are assertions in Python, in the same process as the code.
    """
    passed = execution.total > 0 and execution.passed == execution.total
    if execution.status in ("", "not_run") or passed == bool(official):
        return ""
    if passed:
        signs = () if is_asserts else _WRONG_FUNCTION if is_function else _WRONG_STDIN
        return next((sign.reason for sign in signs if sign.found(code)), _why_slow(execution) or _UNKNOWN)
    found = next((sign.reason for sign in _RIGHT if sign.found(code)), "")
    if found:
        return found
    if execution.status == "timeout":
        return "the tests take longer in a process each than in one, and evalscope's harness counts one"
    first = execution.first_failed
    if is_function and first is not None and first.status == "failed" and not first.got:
        return "the returned value is no plain data, and its own comparison says that it is the expected one"
    return _UNKNOWN


def _why_slow(execution: Execution) -> str:
    return "evalscope's harness counts wall time" if execution.seconds > 3 * execution.total else ""
