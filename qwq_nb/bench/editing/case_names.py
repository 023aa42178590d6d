"""Find the tests of an exercise in their source, without running it. Pure."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Mapping
from typing import Final, NamedTuple

__all__ = ["CaseName", "case_names", "decorated_names"]


_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)


class CaseName(NamedTuple):
    """Name one test as unittest does: its module, its class, its method."""

    module: str
    owner: str
    method: str
    may_skip: bool = False
    """Its source says that it may be skipped."""

    def __str__(self) -> str:
        return f"{self.method} ({self.module}.{self.owner})"


def case_names(tests: Mapping[str, str]) -> list[CaseName]:
    """Return the tests in the order in which unittest runs them: by file, class and method.

    Args:
        tests: name → source of the files; those that hold no test class are modules that others import.

    Raises:
        SyntaxError: a file is no Python.
    """
    found = []
    for name, source in sorted(tests.items()):
        if not name.endswith(".py"):
            continue
        for owner, methods in sorted(_classes(name, source).items()):
            found += [CaseName(name.removesuffix(".py"), owner, *method) for method in sorted(methods.items())]
    return found


def decorated_names(tests: Mapping[str, str]) -> list[str]:
    """Return the names of the functions in the tests that others may wrap: decorated, or of a decorated class.

    Raises:
        SyntaxError: a file is no Python.
    """
    found: set[str] = set()
    for name, source in tests.items():
        for node in ast.walk(_parsed(name, source)) if name.endswith(".py") else ():
            if isinstance(node, ast.ClassDef) and node.decorator_list:
                found.update(part.name for part in node.body if isinstance(part, _FUNCTIONS))
            elif isinstance(node, _FUNCTIONS) and node.decorator_list:
                found.add(node.name)
    return sorted(found)


def _parsed(name: str, source: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of invalid escapes, which are the tests' own affair
        return ast.parse(source, name)


def _classes(name: str, source: str) -> dict[str, dict[str, bool]]:
    """Return the test classes of a file with their methods, and which may be skipped.

    Methods of the classes above them in the file are included.
    """
    nodes = {node.name: node for node in _parsed(name, source).body if isinstance(node, ast.ClassDef)}
    found: dict[str, dict[str, bool]] = {}
    for owner, node in nodes.items():
        line, is_case = _line_of(node, nodes)
        skips = any(_says_skip(decorator) for above in line for decorator in above.decorator_list)
        methods = {
            part.name: skips or _says_skip(part)
            for above in reversed(line)
            for part in above.body
            if isinstance(part, _FUNCTIONS) and part.name.startswith("test")
        }
        if is_case and methods:
            found[owner] = methods
    return found


def _line_of(node: ast.ClassDef, nodes: Mapping[str, ast.ClassDef]) -> tuple[list[ast.ClassDef], bool]:
    """Return a class with those above it that are in the file, and whether one of them is a `TestCase`."""
    line: list[ast.ClassDef] = []
    left, is_case = [node], False
    while left:
        one = left.pop()
        if one in line:
            continue
        line.append(one)
        for base in one.bases:
            word = base.attr if isinstance(base, ast.Attribute) else base.id if isinstance(base, ast.Name) else ""
            is_case = is_case or word.endswith("TestCase")
            if word in nodes:
                left.append(nodes[word])
    return line, is_case


def _says_skip(node: ast.AST) -> bool:
    words = (getattr(part, "id", "") or getattr(part, "attr", "") for part in ast.walk(node))
    return any("skip" in str(word).lower() for word in words)
