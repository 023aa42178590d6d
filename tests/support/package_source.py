"""The package's source as syntax trees: its modules, and what each imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.support.paths import PACKAGE

__all__ = ["Import", "Module", "modules"]


@dataclass(frozen=True)
class Import:
    """A module that is imported, whole or for a name of it."""

    module: str
    """Its dotted name; of `from package import module`, the module's."""
    name: str
    """What is imported from it; empty for the module as a whole."""
    line: int
    in_function: bool


class Module:
    """One file of the package."""

    def __init__(self, file: Path) -> None:
        self.file = file

    @property
    def path(self) -> str:
        """Its path below the package, as in `bench/worker/grader.py`."""
        return self.file.relative_to(PACKAGE).as_posix()

    @property
    def name(self) -> str:
        """Its dotted name, as in `qwq_nb.bench.worker.grader`."""
        return ".".join((PACKAGE.name, *self.file.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")

    @property
    def package(self) -> str:
        """The folder or file right below the top that it belongs to, as in `bench` or `errors`."""
        return self.path.partition("/")[0].removesuffix(".py")

    @cached_property
    def text(self) -> str:
        return self.file.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def imports(self) -> list[Import]:
        """Everything that is imported anywhere in it, also for type checkers only."""
        return list(imports_in(self.tree, in_function=False))


def imports_in(node: ast.AST, *, in_function: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, "", child.lineno, in_function) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "relative imports hide the direction"
            for alias in child.names:
                whole = f"{child.module}.{alias.name}"
                if is_module(whole):
                    yield Import(whole, "", child.lineno, in_function)
                else:
                    yield Import(child.module or "", alias.name, child.lineno, in_function)
        inner = in_function or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from imports_in(child, in_function=inner)


def is_module(name: str) -> bool:
    """Whether it is a module or package of ours."""
    top, *parts = name.split(".")
    place = PACKAGE.joinpath(*parts)
    return top == PACKAGE.name and (place.with_suffix(".py").is_file() or (place / "__init__.py").is_file())


def modules() -> list[Module]:
    """All modules of the package, by their paths."""
    files = sorted(PACKAGE.rglob("*.py"))
    return [Module(file) for file in files if "labextension" not in file.relative_to(PACKAGE).parts]
