"""Hold the programs that run a model's code within the sandbox: they know inputs, never the outputs that are expected.

Each runs in a process of its own, with the code in the file `answer.py` beside it, so that tracebacks show its lines.
`ASSERTS` is for benchmarks whose tests are assertions in Python, whose expected values cannot be kept out.
"""

from __future__ import annotations

from typing import Final

__all__ = ["ANSWER", "ASSERTS", "FUNCTION", "STDIN", "answer_traceback"]

ANSWER: Final = "answer.py"

_PRELUDE: Final = (
    "from string import *\nfrom re import *\nfrom datetime import *\nfrom collections import *\nfrom heapq import *\n"
    "from bisect import *\nfrom copy import *\nfrom math import *\nfrom random import *\nfrom statistics import *\n"
    "from itertools import *\nfrom functools import *\nfrom operator import *\nfrom io import *\nfrom sys import *\n"
    "from json import *\nfrom builtins import *\nfrom typing import *\nimport string\nimport re\nimport datetime\n"
    "import collections\nimport heapq\nimport bisect\nimport copy\nimport math\nimport random\nimport statistics\n"
    "import itertools\nimport functools\nimport operator\nimport io\nimport sys\nimport json\n"
    "sys.setrecursionlimit(50000)\n"
)
"""The imports that LiveCodeBench puts before an answer (`import_string` of its testing_util.py): its answers rely on
them."""

_LOAD: Final = f"""
with open({ANSWER!r}, encoding="utf-8") as _file:
    _source = _file.read()
_code = compile(_source, {ANSWER!r}, "exec", dont_inherit=True)
"""

STDIN: Final = f"""{_LOAD}
exec({_PRELUDE!r}, globals())
exec(_code, globals())
"""
"""Run the answer as a program: it reads the test's input from standard input and prints its output."""

FUNCTION: Final = f"""
import json as _json, os as _os, sys as _sys
_dumps, _loads, _write = _json.dumps, _json.loads, _os.write
_out = _os.dup(1)
_os.dup2(2, 1)  # what the answer prints is no result
_call = _loads(_sys.stdin.read())
{_LOAD}
exec({_PRELUDE!r}, globals())
exec(_code, globals())
_owner = globals()["Solution"]() if "class Solution" in _source else None
_function = getattr(_owner, _call["function"]) if _owner is not None else globals()[_call["function"]]
_value = _function(*[_loads(line) for line in _call["input"].split("\\n")])
_data = _dumps(list(_value) if isinstance(_value, tuple) else _value).encode() + b"\\n"
while _data:
    _data = _data[_write(_out, _data):]
"""
"""Call the answer's function with one test's arguments, and write the returned value as JSON."""

ASSERTS: Final = f"""
import ast as _ast, json as _json, os as _os, sys as _sys
_dumps, _write, _repr, _isinstance = _json.dumps, _os.write, repr, isinstance
_job = _json.loads(_sys.stdin.read())
_sys.stdin.close()
_out = _os.dup(1)
_os.dup2(2, 1)

def _say(line):
    data = line.encode("utf-8", "backslashreplace") + b"\\n"
    while data:
        data = data[_write(_out, data):]

def _failed(text, expected="", got=""):
    _say("x" + _dumps([text[:2000], expected[:2000], got[:2000]]))

def _equals(left, right, text):
    got, expected = left(), right()
    _say(".") if got == expected else _failed(text, _repr(expected), _repr(got))

def _holds(test, text):
    _say(".") if test() else _failed(text)

def _guarded(check, *arguments):
    try:
        check(*arguments)
    except Exception as error:
        _failed(arguments[-1], "", type(error).__name__ + ": " + str(error))
        import traceback
        traceback.print_exc()

class _Asserts(_ast.NodeTransformer):
    def visit_Assert(self, node):
        test, text = node.test, _ast.unparse(node.test)
        nothing = _ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
        def later(body):
            return _ast.Lambda(args=nothing, body=body)
        def name(word):
            return _ast.Name(id=word, ctx=_ast.Load())
        if _isinstance(test, _ast.Compare) and len(test.ops) == 1 and _isinstance(test.ops[0], _ast.Eq):
            arguments = [name("_equals"), later(test.left), later(test.comparators[0])]
        else:
            arguments = [name("_holds"), later(test)]
        call = _ast.Call(func=name("_guarded"), args=[*arguments, _ast.Constant(value=text)], keywords=[])
        return _ast.copy_location(_ast.Expr(value=call), node)

_tests = _ast.fix_missing_locations(_Asserts().visit(_ast.parse(_job["tests"])))
{_LOAD}
exec(_code, globals())
exec(compile(_tests, "tests.py", "exec", dont_inherit=True), globals())
_say("=" + _job["nonce"])
"""
"""Run the answer, then its tests with each assertion counted: `.` or `x` a line, and `=` with the nonce at the end."""


def answer_traceback(stderr: str) -> str:
    """Return what the code wrote to standard error, its traceback without the frames of the driver."""
    head, mark, rest = stderr.rpartition("Traceback (most recent call last):\n")
    if not mark:
        return stderr
    at = rest.find(f'  File "{ANSWER}"')
    return f"{head}{mark}{rest[at:]}" if at >= 0 else f"{head}{rest.splitlines()[-1]}" if rest.strip() else head
