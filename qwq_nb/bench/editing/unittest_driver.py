"""Run an exercise's tests within the sandbox, and report on each. This file's source is the program that is run there.

It imports nothing of qwq_nb, and gets on standard input, as JSON: the texts of the tests (they are never in a file),
the cases to run, each with a key, and the token with which it writes its reports, so that they are told from whatever
the solution writes. Among the cases are some that must fail, which it does not tell from the others: see `testing.py`.

The solution runs in the same process as the tests. Python's audit events say when it reaches for its callers or for
the tests' code; the case then counts as failed, and so does one during which the tests' classes are changed. This finds
what is done with Python's means; it is no proof against code written for it.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.abc
import importlib.machinery
import json
import linecache
import os
import sys
import threading
import traceback
import types
import unittest
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from typing import Any
from unittest import case, result, suite, util

__all__ = ["main"]

FOLDER = "exercise"
"""Where the files of the exercise are, within the sandbox's folder."""
_LOOKERS = frozenset({"currentframe", "stack", "trace", "walk_tb", "walk_stack", "getouterframes", "getinnerframes"})
"""Functions of `inspect` and `traceback` that hand frames to their callers. Others look for themselves."""
_NEVER = frozenset(
    {
        *("gc.get_objects", "gc.get_referrers", "gc.get_referents", "sys._current_frames", "sys._current_exceptions"),
        *("sys.settrace", "sys.setprofile", "sys.monitoring.register_callback", "sys.addaudithook"),
        *("ctypes.string_at", "ctypes.wstring_at", "ctypes.cdata"),
    }
)
"""Audit events that no solution raises, whatever it calls."""
_FRAMES = frozenset({"tb_frame", "gi_frame", "cr_frame", "ag_frame"})
"""Attributes that hold frames."""
_ORDER = ("", "s", ".", "x", "e")
"""Marks, the last of which counts: skipped, passed, failed, an error."""
_LONGEST = 4_000
"""Characters of the text on one case."""
_SELF = (lambda: 0).__code__.co_filename


class _Texts(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Import modules from texts in memory: those that the tests share."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = {name.removesuffix(".py"): (name, text) for name, text in texts.items()}
        self.codes: set[types.CodeType] = set()
        """Of all functions of the modules that were run."""

    def run(self, name: str, text: str, module: types.ModuleType) -> None:
        """Run a module's source in it."""
        code = compile(text, name, "exec", dont_inherit=True)
        left = [code]
        while left:
            one = left.pop()
            self.codes.add(one)
            left += [value for value in one.co_consts if isinstance(value, types.CodeType)]
        exec(code, module.__dict__)

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(name, self) if name in self._texts else None

    def exec_module(self, module: types.ModuleType) -> None:
        self.run(*self._texts[module.__name__], module)


class _Watch:
    """Notice when the solution reaches for what calls it."""

    def __init__(self, folder: str, tests: Collection[str]) -> None:
        self._folder = folder + os.sep
        self._tests = frozenset(tests)
        self._local = threading.local()
        self._why = ""
        sys.addaudithook(self._look)

    def read(self) -> str:
        """Return the first that was noticed since the last call, in words."""
        why, self._why = self._why, ""
        return why

    def _look(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _NEVER:
            self._forbid(event, anywhere=True)
        elif event == "sys._getframe":
            self._forbid(event)
        elif event == "object.__getattr__" and arguments[1] in _FRAMES:
            self._forbid(arguments[1])
        elif event == "object.__setattr__" and arguments[1] == "__code__":
            self._forbid("__code__", anywhere=True)
        elif event == "object.__getattr__" and arguments[1] == "__code__":
            self._forbid("__code__", anywhere=True, of=arguments[0])

    def _forbid(self, what: str, *, anywhere: bool = False, of: Any = None) -> None:
        """Let what is going on fail if the solution does it, or (`anywhere`) has it done by others.

        `of`: a function, if it is only forbidden where that is one of the tests'.
        """
        if getattr(self._local, "is_busy", False):
            return
        self._local.is_busy = True
        try:
            found = (of is None or of.__code__.co_filename in self._tests) and self._is_solution(anywhere)
        finally:
            self._local.is_busy = False
        if found:
            self._why = self._why or f"The solution reaches for the code that tests it ({what}): not allowed here."
            raise RuntimeError(self._why)

    def _is_solution(self, anywhere: bool) -> bool:
        frame = sys._getframe(2)
        while frame is not None:
            code = frame.f_code
            if code.co_filename.startswith(self._folder):
                return True
            is_passed = code.co_filename == _SELF or code.co_name in _LOOKERS
            if not (anywhere or is_passed):
                return False
            frame = frame.f_back  # type: ignore[assignment]
        return False


def _new_result(told: Callable[[Any], str]) -> tuple[unittest.TestResult, Callable[[], tuple[str, str]]]:
    """Return a result for one case, and the function that returns its mark and what went wrong.

    Its methods are the object's own, not its class's, which the solution could change while a test runs.
    """
    marks: list[str] = [""]
    texts: list[str] = []

    def ends_as(mark: str, says: str = "") -> Callable[..., None]:
        def add(test: Any, error: Any = None, *more: Any) -> None:
            if mark in ("x", "e"):
                texts.append(says or told(error))
            marks.append(mark)

        return add

    def sub_test(test: Any, part: Any, error: Any) -> None:
        if error is not None:
            texts.append(told(error))
            marks.append("x")

    def nothing(test: Any, *more: Any) -> None:
        pass

    def ended() -> tuple[str, str]:
        return max(marks, key=_ORDER.index), texts[0] if texts else ""

    found = unittest.TestResult()
    vars(found).update(
        startTest=nothing,
        stopTest=nothing,
        addSuccess=ends_as("."),
        addExpectedFailure=ends_as("."),
        addSkip=ends_as("s"),
        addFailure=ends_as("x"),
        addUnexpectedSuccess=ends_as("x", "This test was expected to fail.\n"),
        addError=ends_as("e"),
        addSubTest=sub_test,
        addDuration=nothing,
    )
    return found, ended


def _told_by(folder: str, texts: Mapping[str, str]) -> Callable[[Any], str]:
    """Return the function that puts an error into words: its traceback through the exercise's files alone."""

    def shorten(found: traceback.TracebackException | None, depth: int = 0) -> None:
        if found is None or depth > 20:
            return
        kept = []
        for frame in found.stack:
            if frame.filename in texts or frame.filename.startswith(folder + os.sep):
                frame.filename = frame.filename.removeprefix(folder + os.sep)
                kept.append(frame)
        found.stack = traceback.StackSummary.from_list(kept)
        shorten(found.__cause__, depth + 1)
        shorten(found.__context__, depth + 1)

    lines = {name: (len(text), None, text.splitlines(True), name) for name, text in texts.items()}

    def told(error: Any) -> str:
        linecache.cache.update(lines)
        try:
            found = traceback.TracebackException(*error)
            shorten(found)
            text = "".join(found.format()).replace(folder + os.sep, "")
        except BaseException as other:  # an exception of the solution's own, whose text cannot be made
            text = f"{getattr(error[0], '__name__', 'an error')} ({type(other).__name__} when it was put into words)\n"
        finally:
            for name in lines:
                linecache.cache.pop(name, None)
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]}\n…\n{text[-_LONGEST // 2 :]}"

    return told


class _Untrue(AssertionError):
    """Report an assertion that holds by a means other than being true."""


def _make_assertions_strict() -> None:
    """Let `assertEqual`, `assertTrue` and `assertFalse` look for themselves once unittest's own have let a value pass.

    A value whose own `__eq__` calls everything equal is not equal to anything.
    """
    equal, true, false = unittest.TestCase.assertEqual, unittest.TestCase.assertTrue, unittest.TestCase.assertFalse
    plain = (str, bytes, int, float, complex, bool, list, tuple, dict, set, frozenset, type(None))

    def is_equal_to_all(value: Any, depth: int = 0) -> bool:
        if type(value) in (list, tuple, set, frozenset) and depth < 4:
            return any(is_equal_to_all(part, depth + 1) for part in list(value)[:1000])
        if type(value) is dict and depth < 4:
            return any(is_equal_to_all(part, depth + 1) for pair in list(value.items())[:1000] for part in pair)
        if type(value).__module__ in ("builtins", "unittest.mock"):
            return False
        try:
            return bool(value == object())
        except Exception:
            return False

    def assertEqual(self: unittest.TestCase, first: Any, second: Any, msg: Any = None) -> None:
        if is_equal_to_all(first):
            raise _Untrue("the value calls itself equal to whatever it is compared with")
        equal(self, first, second, msg)
        if (type(first) is not type(second) or type(first) in plain) and not first == second:
            raise _Untrue(f"{first!r} != {second!r}")

    def assertTrue(self: unittest.TestCase, expr: Any, msg: Any = None) -> None:
        true(self, expr, msg)
        if not expr:
            raise _Untrue(f"{expr!r} is not true")

    def assertFalse(self: unittest.TestCase, expr: Any, msg: Any = None) -> None:
        false(self, expr, msg)
        if expr:
            raise _Untrue(f"{expr!r} is not false")

    for made in (assertEqual, assertTrue, assertFalse):
        setattr(unittest.TestCase, made.__name__, made)


class _Framework:
    """Hold what unittest, this program and Python's built-in names are before any of the solution runs."""

    def __init__(self, *, is_async: bool) -> None:
        modules = [case, suite, util, result]
        if is_async:
            modules.append(importlib.import_module("unittest.async_case"))
        places: list[Mapping[str, Any]] = [vars(module) for module in modules]
        self.classes = {kind for place in places for kind in place.values() if isinstance(kind, type)} | {object}
        places += [globals(), *(vars(kind) for kind in (*(self.classes - {object, type}), _Framework, _Case, _Watch))]
        self._sizes = [(place.__len__, len(place)) for place in places]
        self._values = [(place.get, *item) for place in (*places, vars(builtins)) for item in place.items()]

    def is_changed(self) -> bool:
        """Return whether anything of it is another than it was. Asks no built-in name, which may be changed itself."""
        for get, name, value in self._values:
            if get(name) is not value:
                return True
        for size, count in self._sizes:  # noqa: SIM110
            if size() != count:
                return True
        return False


class _Case:
    """Hold one case with what it must stay: a class of the tests' own source, over unittest's."""

    def __init__(self, key: str, module: types.ModuleType, class_name: str, method: str) -> None:
        self.key = key
        self.owner: Any = getattr(module, class_name)
        self.test = self.owner(method)
        function = getattr(self.owner, method)
        self.test.__dict__[method] = types.MethodType(function, self.test)

    def is_foreign(self, framework: _Framework, codes: Set[types.CodeType], decorated: Collection[str]) -> bool:
        """Return whether something of the solution's judges it.

        `codes`: of the tests' functions. `decorated`: names of those that may be wrapped by others.
        """
        if _TEST_CASE not in self.owner.__mro__ or _OWN & vars(self.test).keys():
            return True
        kinds = [kind for kind in self.owner.__mro__ if kind not in framework.classes]
        return any(
            type(kind) is not type or not _is_tests_own(value, codes, wrapped=name in decorated)
            for kind in kinds
            for name, value in vars(kind).items()
        )


def _is_tests_own(value: Any, codes: Set[types.CodeType], *, wrapped: bool) -> bool:
    """Return whether a class's member is no function, or one of the tests' source."""
    value = value.__func__ if isinstance(value, (staticmethod, classmethod)) else value
    while isinstance(value, types.FunctionType):
        if value.__code__ in codes:
            return True
        if not wrapped:
            return False
        value = getattr(value, "__wrapped__", None)
    return wrapped or isinstance(value, type) or not callable(value)


_TEST_CASE = unittest.TestCase
_OWN = frozenset(name for name, value in vars(unittest.TestCase).items() if callable(value))
"""What a test class has of unittest: its assertions, `run`, …"""


def _loaded(
    job: Mapping[str, Any],
    texts: _Texts,
    report: Callable[[str, str, str], None],
    told: Callable[[Any], str],
) -> list[_Case]:
    """Import the tests, which import the solution, and return the cases. Those of a file that fails are reported.

    Modules with tests are in no list of modules, where the solution would find them.
    """
    modules: dict[str, types.ModuleType | str] = {}
    cases = []
    for key, name, class_name, method in job["cases"]:
        try:
            if name not in modules:
                made = modules[name] = types.ModuleType(name)
                texts.run(f"{name}.py", job["texts"][f"{name}.py"], made)
            module = modules[name]
            if isinstance(module, str):
                report(key, "e", module)
            else:
                cases.append(_Case(key, module, class_name, method))
        except BaseException:
            modules[name] = text = told(sys.exc_info())
            report(key, "e", text)
    return cases


def main() -> None:
    """Read the job, run its cases in order, report each, and end the process at once."""
    write, leave = os.write, os._exit
    sys.modules["__main__"] = types.ModuleType("__main__")  # the solution finds nothing of this program there
    job = json.loads(sys.stdin.read())
    sys.stdin.close()
    out = os.dup(1)
    os.dup2(2, 1)
    token = job.pop("token")

    def report(key: str, mark: str, text: str = "") -> None:
        # By methods of built-in types alone: nobody can change them.
        data = f"\n{token} {key} {mark} ".encode() + text.encode("utf-8", "replace").hex().encode() + b"\n"
        while data:
            data = data[write(out, data) :]

    folder = os.path.join(os.getcwd(), FOLDER)
    os.makedirs(folder, exist_ok=True)
    os.chdir(folder)
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    with_cases = {case[1] for case in job["cases"]}
    texts = _Texts({name: text for name, text in job["texts"].items() if name.removesuffix(".py") not in with_cases})
    sys.meta_path.insert(0, texts)
    told = _told_by(folder, job["texts"])
    _make_assertions_strict()
    framework = _Framework(is_async=any("IsolatedAsyncioTestCase" in text for text in job["texts"].values()))
    watch = _Watch(folder, job["texts"])
    make_suite, is_changed, noticed = unittest.TestSuite, framework.is_changed, watch.read
    for one in _loaded(job, texts, report, told):
        report(one.key, "?")
        found, ended = _new_result(told)
        try:
            make_suite([one.test]).run(found)
        except BaseException:
            found.addError(one.test, sys.exc_info())
        why = noticed()
        if not why and (is_changed() or one.is_foreign(framework, texts.codes, job["decorated"])):
            why = "The solution changes the tests: not allowed here."
        mark, text = ended()
        report(one.key, "e" if why else mark or "e", why or text)
    report("-", "=")
    leave(0)


if __name__ == "__main__":
    main()
