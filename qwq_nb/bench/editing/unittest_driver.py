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


class _Result(unittest.TestResult):
    """Hold how one case ended: `mark` is `.`, `x` (failed), `e` (an error) or `s` (skipped)."""

    def __init__(self, told: Callable[[Any], str]) -> None:
        super().__init__()
        self.mark, self.text, self._told = "", "", told

    def _set(self, mark: str, error: Any = None) -> None:
        self.text = self.text or (self._told(error) if error is not None else "")
        self.mark = max(self.mark, mark, key=_ORDER.index)

    def startTest(self, test: Any) -> None:
        pass

    def stopTest(self, test: Any) -> None:
        pass

    def addSuccess(self, test: Any) -> None:
        self._set(".")

    def addFailure(self, test: Any, err: Any) -> None:
        self._set("x", err)

    def addError(self, test: Any, err: Any) -> None:
        self._set("e", err)

    def addSkip(self, test: Any, reason: str) -> None:
        self._set("s")

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        self._set(".")

    def addUnexpectedSuccess(self, test: Any) -> None:
        self._set("x")
        self.text = self.text or "This test was expected to fail.\n"

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        if err is not None:
            self._set("x", err)

    def addDuration(self, test: Any, elapsed: float) -> None:
        pass


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


class _EqualsAll(AssertionError):
    """Report a value that is equal to whatever it is compared with."""


def _refuse_values_equal_to_all() -> None:
    """Let `assertEqual` fail for a first value whose own `__eq__` calls everything equal."""
    original = unittest.TestCase.assertEqual

    def is_one(value: Any, depth: int = 0) -> bool:
        if type(value) in (list, tuple, set, frozenset) and depth < 4:
            return any(is_one(part, depth + 1) for part in list(value)[:1000])
        if type(value) is dict and depth < 4:
            return any(is_one(part, depth + 1) for pair in list(value.items())[:1000] for part in pair)
        if type(value).__module__ in ("builtins", "unittest.mock"):
            return False
        try:
            return bool(value == object())
        except Exception:
            return False

    def assertEqual(self: unittest.TestCase, first: Any, second: Any, msg: Any = None) -> None:
        if is_one(first):
            raise _EqualsAll("the value calls itself equal to whatever it is compared with")
        original(self, first, second, msg)

    unittest.TestCase.assertEqual = assertEqual  # type: ignore[method-assign]


class _Framework:
    """Hold what unittest and Python's built-in names are before any of the solution runs."""

    def __init__(self, *, is_async: bool) -> None:
        modules = [case, suite, util, result]
        if is_async:
            modules.append(importlib.import_module("unittest.async_case"))
        places: list[Mapping[str, Any]] = [vars(module) for module in modules]
        self.classes = {kind for place in places for kind in place.values() if isinstance(kind, type)} | {object}
        places += [vars(kind) for kind in self.classes - {object, type}]
        self._before = [(place, dict(place)) for place in places]
        self._builtins = dict(vars(builtins))

    def is_changed(self) -> bool:
        """Return whether anything of it is another than it was."""
        if any(vars(builtins).get(name) is not value for name, value in self._builtins.items()):
            return True
        return any(
            len(place) != len(before) or any(place.get(name) is not value for name, value in before.items())
            for place, before in self._before
        )


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
    report: Callable[[Mapping[str, Any]], None],
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
                report({"key": key, "mark": "e", "text": module})
            else:
                cases.append(_Case(key, module, class_name, method))
        except BaseException:
            modules[name] = told(sys.exc_info())
            report({"key": key, "mark": "e", "text": modules[name]})
    return cases


def main() -> None:
    """Read the job, run its cases in order, report each, and end the process at once."""
    write, dumps, leave = os.write, json.dumps, os._exit
    sys.modules["__main__"] = types.ModuleType("__main__")  # the solution finds nothing of this program there
    job = json.loads(sys.stdin.read())
    sys.stdin.close()
    out = os.dup(1)
    os.dup2(2, 1)
    token = job.pop("token")

    def report(line: Mapping[str, Any]) -> None:
        data = f"\n{token}{dumps(line)}\n".encode("utf-8", "backslashreplace")
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
    _refuse_values_equal_to_all()
    framework = _Framework(is_async=any("IsolatedAsyncioTestCase" in text for text in job["texts"].values()))
    watch = _Watch(folder, job["texts"])
    make_suite = unittest.TestSuite
    for one in _loaded(job, texts, report, told):
        report({"key": one.key, "mark": "?"})
        found = _Result(told)
        try:
            make_suite([one.test]).run(found)
        except BaseException:
            found.addError(one.test, sys.exc_info())
        why = watch.read()
        if not why and (framework.is_changed() or one.is_foreign(framework, texts.codes, job["decorated"])):
            why = "The solution changes the tests: not allowed here."
        report({"key": one.key, "mark": "e" if why else found.mark or "e", "text": why or found.text})
    report({"key": "", "mark": "="})
    leave(0)


if __name__ == "__main__":
    main()
