"""Solutions that do not solve, but reach for the tests: none passes. Most would under `python -m unittest`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from qwq_nb import sandbox
from qwq_nb.bench.editing.testing import run_tests

TESTS = {
    "greet_test.py": """import unittest

from greet import greet


class GreetTest(unittest.TestCase):
    def test_ann(self):
        self.assertEqual(greet("Ann"), "Hello, Ann!")

    def test_bob(self):
        self.assertEqual(greet("Bob"), "Hello, Bob!")

    def test_no_name(self):
        with self.assertRaises(ValueError):
            greet(7)
"""
}
SOLVED = """def greet(name):
    if not isinstance(name, str):
        raise ValueError("a name is a text")
    return f"Hello, {name}!"
"""


class Attack(NamedTuple):
    """A solution, whether unittest alone would let it pass, and what is said of it."""

    source: str
    fools_unittest: bool
    status: str = "failed"
    why: str = ""


def greeting(body: str, before: str = "") -> str:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return f"{before}\n\ndef greet(name):\n{lines}"


CHANGES = "The solution changes"
REACHES = "The solution reaches for the code that tests it"
LOOK = """for value in frame.f_code.co_consts:
    if str(value).startswith("Hello"):
        return value
raise ValueError"""
NO_CHECKS = """import contextlib, unittest
unittest.TestCase.assertEqual = lambda *given, **more: None
unittest.TestCase.assertRaises = lambda *given, **more: contextlib.nullcontext()
"""
METHODS = """for owner in unittest.TestCase.__subclasses__():
    for method in vars(owner).values():
        for value in getattr({code}, "co_consts", ()):
            if str(value) == f"Hello, {{name}}!":
                return value
raise ValueError"""

ATTACKS = {
    "prints OK": Attack(greeting("return None", "print('Ran 3 tests in 0.001s\\n\\nOK')"), False),
    "ends at once": Attack("import os\nos._exit(0)\n", True, "crashed", "CRASH: the process of the tests ended"),
    "exits at import": Attack("import sys\nsys.exit(0)\n", False, why="SystemExit"),
    "ends when called": Attack(greeting("os._exit(0)", "import os"), True, "crashed"),
    "ends in the last test": Attack(
        SOLVED.replace("raise ValueError", "import os; os._exit(0)"), True, "crashed", "while test_no_name"
    ),
    "ends at the end": Attack(
        greeting("return None", "import atexit, os\natexit.register(os._exit, 0)"), True, why="AssertionError"
    ),
    "takes the assertions away": Attack(greeting("return None", NO_CHECKS), True, why=CHANGES),
    "takes them away when called": Attack(
        greeting(
            "unittest.TestCase._baseAssertEqual = lambda *given, **more: None\nif name == 7: raise ValueError",
            "import unittest",
        ),
        True,
        why=CHANGES,
    ),
    "changes their code": Attack(
        greeting(
            "return None",
            "import unittest\nfor name in ('assertEqual', 'assertRaises'):\n"
            "    getattr(unittest.TestCase, name).__code__ = (lambda *a, **k: __import__('io').BytesIO()).__code__\n",
        ),
        True,
        why=REACHES,
    ),
    "changes what runs a test": Attack(
        greeting(
            "return None", "import unittest\nunittest.TestCase.run = lambda self, result: result.addSuccess(self)\n"
        ),
        True,
        why=CHANGES,
    ),
    "changes the suite": Attack(
        greeting("return None", "import unittest\nunittest.TestSuite.run = lambda self, result, debug=False: result\n"),
        True,
    ),
    "changes the tests": Attack(
        greeting(
            "for owner in unittest.TestCase.__subclasses__():\n"
            "    if owner.__name__ == 'GreetTest':\n"
            "        owner.test_bob = owner.test_no_name = lambda self: None\n"
            "return 'Hello, Ann!'",
            "import unittest",
        ),
        True,
        why=CHANGES,
    ),
    "puts a class of its own above the tests": Attack(
        greeting(
            "return None",
            "import unittest\n\nclass Fake(unittest.TestCase):\n    def run(self, result=None):\n"
            "        result.startTest(self); result.addSuccess(self); result.stopTest(self)\n\n"
            "unittest.TestCase = Fake\n",
        ),
        True,
        why=CHANGES,
    ),
    "puts one there that empties the tests": Attack(
        greeting(
            "return None",
            "import unittest\n\nclass Fake(unittest.TestCase):\n    def __init_subclass__(cls):\n"
            "        for name in list(vars(cls)):\n            if name.startswith('test'):\n"
            "                setattr(cls, name, lambda self: None)\n\n"
            "Fake.__module__ = 'greet_test'\nunittest.TestCase = Fake\n",
        ),
        True,
        why=CHANGES,
    ),
    "lets these tests alone pass": Attack(
        greeting(
            "return None",
            "import unittest\nreal = unittest.TestCase.run\n\ndef run(self, result=None):\n"
            "    if type(self).__name__ != 'GreetTest': return real(self, result)\n    result.addSuccess(self)\n\n"
            "unittest.TestCase.run = run\n",
        ),
        True,
        why=CHANGES,
    ),
    "lets the suite pass these alone": Attack(
        greeting(
            "return None",
            "import unittest\nreal = unittest.TestSuite.run\n\ndef run(self, result, debug=False):\n"
            "    for test in self:\n        if type(test).__name__ == 'GreetTest': result.addSuccess(test)\n"
            "        else: real(self, result)\n    return result\n\n"
            "unittest.TestSuite.run = run\n",
        ),
        True,
        why=CHANGES,
    ),
    "changes a built-in name": Attack(
        greeting(
            "if name == 7: raise ValueError\nreturn None",
            "import builtins, unittest.case\n\nclass Never(type):\n"
            "    def __instancecheck__(cls, value): return False\n\n"
            "builtins.AssertionError = Never('AssertionError', (Exception,), {})\n"
            "unittest.case.AssertionError = builtins.AssertionError\n",
        ),
        False,
        why="The solution changes",
    ),
    "changes an assertion for one moment": Attack(
        greeting(
            "if name == 7: raise ValueError\nkind = unittest.TestCase\nreal = kind._getAssertEqualityFunc\n\n"
            "def evil(self, first, second):\n    kind._getAssertEqualityFunc = real\n"
            "    return lambda *given, **more: None\n\n"
            "kind._getAssertEqualityFunc = evil\nreturn None",
            "import unittest",
        ),
        True,
        why="None != 'Hello, Ann!'",
    ),
    "changes the results for one moment": Attack(
        greeting(
            "for kind in [unittest.TestResult, *unittest.TestResult.__subclasses__()]:\n"
            "    kind.addFailure = kind.addError = lambda self, test, error: self.addSuccess(test)\n"
            "return None",
            "import unittest",
        ),
        True,
    ),
    "changes what reports are written with": Attack(
        greeting(
            "return None",
            "import builtins, json, os\nreal = os.write\n"
            "os.write = lambda number, data: real(number, data.replace(b' x ', b' . ').replace(b'\"x\"', b'\".\"'))\n"
            "json.JSONEncoder.encode = json.JSONEncoder.default = lambda self, value: '{}'\njson.dumps = str\n",
        ),
        False,
    ),
    "skips": Attack(greeting("raise unittest.SkipTest", "import unittest"), True, why="skips this test"),
    "skips all": Attack("import unittest\nraise unittest.SkipTest\n", True),
    "is equal to all": Attack(
        greeting(
            "if name == 7: raise ValueError\nreturn Any()",
            "class Any(str):\n    __hash__ = None\n    def __eq__(self, other): return True\n"
            "    def __ne__(self, other): return False\n",
        ),
        True,
        why="equal to whatever it is compared with",
    ),
    "reads its caller": Attack(greeting(f"frame = sys._getframe(1)\n{LOOK}", "import sys"), True, why=REACHES),
    "by inspect": Attack(
        greeting(f"frame = inspect.currentframe().f_back\n{LOOK}", "import inspect"), True, why=REACHES
    ),
    "by a traceback": Attack(
        greeting(f"try: 1 / 0\nexcept Exception as error: frame = error.__traceback__.tb_frame.f_back\n{LOOK}"),
        True,
        why=REACHES,
    ),
    "by the garbage collector": Attack(
        greeting(
            "for found in gc.get_objects():\n"
            "    if type(found) is tuple and f'Hello, {name}!' in found: return f'Hello, {name}!'\nraise ValueError",
            "import gc",
        ),
        True,
        why=REACHES,
    ),
    "though it forgives what that raises": Attack(
        greeting(
            "try: sys._getframe(1)\nexcept BaseException: pass\n"
            "if name == 7: raise ValueError\nreturn f'Hello, {name}!'",
            "import sys",
        ),
        True,
        why=REACHES,
    ),
    "reads the tests' methods": Attack(
        greeting(METHODS.format(code="getattr(method, '__code__', None)"), "import unittest"), True, why=REACHES
    ),
    "reads them by dis": Attack(
        greeting(
            METHODS.format(code="dis.Bytecode(method).codeobj if callable(method) else None"), "import dis, unittest"
        ),
        True,
        why=REACHES,
    ),
    "writes results everywhere": Attack(
        greeting(
            "return None",
            "import os\nfor number in range(1, 60):\n    try: os.write(number, b'\\n...\\n\\nOK\\n')\n"
            "    except OSError: pass\n",
        ),
        False,
        why="AssertionError",
    ),
    "changes the assertions again and again": Attack(
        greeting(
            "time.sleep(0.05)\nreturn None",
            "import contextlib, threading, time, unittest\ndef work():\n    while True:\n"
            "        unittest.TestCase.assertEqual = lambda *given: None\n"
            "        unittest.TestCase.assertRaises = lambda *given: contextlib.nullcontext()\n"
            "threading.Thread(target=work, daemon=True).start()\n",
        ),
        True,
        why=CHANGES,
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_no_attack_passes(box: sandbox.Sandbox, name: str) -> None:
    attack = ATTACKS[name]
    execution = run_tests(box.run, {"greet.py": attack.source}, TESTS)
    assert execution.status == attack.status
    assert execution.passed < execution.total == 3
    assert execution.first_failed is not None
    assert attack.why in execution.first_failed.stderr


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name, attack in ATTACKS.items() if attack.fools_unittest])
def test_control_unittest_alone_lets_it_pass(tmp_path: Path, name: str) -> None:
    (tmp_path / "greet.py").write_text(ATTACKS[name].source)
    (tmp_path / "greet_test.py").write_text(TESTS["greet_test.py"])
    command = [sys.executable, "-m", "unittest", "discover", "-p", "*_test.py"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60).returncode in (0, 5)


def test_a_solution_passes(box: sandbox.Sandbox) -> None:
    execution = run_tests(box.run, {"greet.py": SOLVED}, TESTS)
    assert (execution.status, execution.passed, execution.total, execution.marks) == ("passed", 3, 3, "...")


def test_what_libraries_do_with_frames_is_allowed(box: sandbox.Sandbox) -> None:
    uses = (
        "import enum, inspect, logging, traceback, typing, warnings\n"
        "from collections import namedtuple\nfrom dataclasses import dataclass\n\n"
        "@dataclass\nclass Name:\n    text: str\n\n"
        "class Kind(enum.Enum):\n    A = 1\n\n"
        "class Pair(typing.NamedTuple):\n    a: int\n\n"
    )
    body = (
        "namedtuple('P', 'a b')(1, 2)\nlogging.warning('x')\nwarnings.warn('y')\ninspect.signature(Name)\n"
        "try: 1 / 0\nexcept Exception: traceback.print_exc(); logging.exception('z')\n"
        "if not isinstance(name, str): raise ValueError\nreturn f'Hello, {Name(name).text}!'"
    )
    execution = run_tests(box.run, {"greet.py": greeting(body, uses)}, TESTS)
    assert execution.status == "passed", execution.first_failed
