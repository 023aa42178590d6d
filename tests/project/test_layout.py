"""The rules of the layout, read from the source: who may import whom, what stays private, how large things are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from tests.support.package_source import Module, modules
from tests.support.paths import PACKAGE

LAYERS = (
    ("__main__",),
    ("__init__",),
    ("magics",),
    ("extending",),
    ("analysis",),
    ("evaluation",),
    ("run",),
    ("bench",),
    ("store",),
    ("endpoint", "sandbox"),
    ("view", "trace", "demo"),
    ("core",),
    ("errors", "_version"),
)
"""Each imports only those below it; those on one line do not import one another."""

RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
MODULES = modules()
OURS = PACKAGE.name

FRONT_ENDS = {"IPython", "ipykernel", "ipywidgets"}
MAY_IMPORT_FRONT_ENDS = {
    *("run/live.py", "run/controls.py", "view/output.py", "core/frontend.py"),
}
"""Beside all of `magics/`; and inside functions only."""

MOST_TOP_FILES = 7
MOST_PACKAGES = 12
MOST_LINES = 400

# -- exceptions ------------------------------------------------------------------------------------------------------
# Each with its reason. A test fails on one that nothing needs any more.

CYCLES: dict[str, str] = {}
"""Modules that import one another, the names of a circle joined by blanks."""

UPWARD: dict[str, str] = {
    "qwq_nb.run.studies qwq_nb.analysis.anchors.api": "`run.anchors(id)` is a study; imported by name when called",
    "qwq_nb.run.studies qwq_nb.analysis.confidence.api": "`run.confidence()` is a study; imported by name when called",
    "qwq_nb.run.studies qwq_nb.analysis.judge.agreement": "`run.agreement()` is a study, likewise",
    "qwq_nb.run.studies qwq_nb.analysis.judge.judged": "`run.judged()` is a study, likewise",
    "qwq_nb.run.studies qwq_nb.analysis.budget.api": "`run.budget()` is a study; imported by name when it is called",
}
"""`importing.module imported.module`."""

LIBRARY = "a library's own, which offers no public way"
PRIVATE = {
    "bench/editing/unittest_driver.py _getframe": LIBRARY,
    "bench/evalscope/confined.py _backend": LIBRARY,
    "bench/evalscope/interop.py _strip_generated_evaluation_metadata": LIBRARY,
    "bench/evalscope/loading.py _post_process_samples": LIBRARY,
    "bench/evalscope/loading.py _should_load_fewshot": LIBRARY,
    "bench/evalscope/loading.py _temporary_attribute": LIBRARY,
    "endpoint/transport.py _aiohttp_response": LIBRARY,
    "evaluation/control.py _register_atexit": LIBRARY,
    "run/controls.py _shell_parent": LIBRARY,
    "sandbox/child.py _run_exitfuncs": LIBRARY,
}
"""`path attribute`."""

REEXPORTS = {
    "demo/__init__.py": "`from qwq_nb.demo import DemoEndpoint` is how scripts and the documents start the endpoint",
    "sandbox/__init__.py": "the whole interface of a package that is used by these names alone",
}
"""Packages whose `__init__.py` holds more than a docstring."""

EVALSCOPE: dict[str, str] = {}
"""Modules outside `bench/evalscope/` that import evalscope."""

LONG: dict[str, str] = {}
"""Modules of more than `MOST_LINES` lines."""


def held(found: list[str], exceptions: Mapping[str, str]) -> None:
    """Fail on what breaks a rule, and on an exception that nothing needs any more."""
    broken = [f for f in found if f not in exceptions]
    assert not broken, "\n".join(broken)
    assert set(exceptions) <= set(found), f"needed no longer, take out: {sorted(set(exceptions) - set(found))}"


# -- imports ---------------------------------------------------------------------------------------------------------


def imports() -> Iterator[tuple[Module, str, int]]:
    """Each import of a module of ours, also those within functions and those for type checkers alone."""
    for module in MODULES:
        for found in module.imports:
            if found.module.split(".")[0] == OURS:
                yield module, found.module, found.line


def arrows() -> Iterator[tuple[Module, str, int]]:
    """Each import, and each target that a registry imports later (`package.module:Name`)."""
    yield from imports()
    for module in MODULES:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                target = re.fullmatch(rf"({OURS}(?:\.\w+)+):\w+", node.value)
                if target is not None:
                    yield module, target[1], node.lineno


def package_of(name: str) -> str:
    return name.split(".")[1] if "." in name else "__init__"


def test_every_package_has_its_place_in_the_order() -> None:
    assert {module.package for module in MODULES} <= set(RANK)


def test_a_package_imports_only_packages_below_it() -> None:
    wrong = [
        f"{module.name} {target}"
        for module, target, _ in arrows()
        if module.package != package_of(target) and RANK[module.package] >= RANK[package_of(target)]
    ]
    held(sorted(set(wrong)), UPWARD)


def test_nothing_below_imports_the_page_of_extension_points() -> None:
    assert [m.name for m, target, _ in arrows() if target == f"{OURS}.extending" and m.package != "__init__"] == []


def test_studies_do_not_import_one_another() -> None:
    wrong = []
    for module, target, line in arrows():
        here, there = module.name.split("."), target.split(".")
        if here[1:2] == there[1:2] == ["analysis"] and len(here) > 2 and here[2:3] != there[2:3]:
            wrong.append(f"{module.path}:{line} imports {target}")
    assert wrong == []


def test_no_circle_of_imports() -> None:
    graph: dict[str, set[str]] = {module.name: set() for module in MODULES}
    # Not a registry's targets: a member of a registry knows the protocol that stands beside the registry.
    for module, target, _ in imports():
        if target != module.name:
            graph[module.name].add(target)
    held([" ".join(sorted(circle)) for circle in circles(graph)], CYCLES)


def circles(graph: Mapping[str, set[str]]) -> list[set[str]]:
    """Sets of nodes from each of which every other is reached."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        left = [start]
        while left:
            for following in graph.get(left.pop(), ()):
                if following not in seen:
                    seen.add(following)
                    left.append(following)
        return seen

    reach = {node: reached(node) for node in graph}
    found: list[set[str]] = []
    for node in graph:
        circle = {other for other in reach[node] if node in reach.get(other, ())}
        if circle and circle not in found:
            found.append(circle)
    return found


def test_circles_are_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == [{"b", "c"}]


def test_evalscope_is_imported_in_its_own_package_only() -> None:
    wrong = [
        f"{module.path}:{found.line}"
        for module in MODULES
        for found in module.imports
        if found.module.split(".")[0] == "evalscope" and not module.path.startswith("bench/evalscope/")
    ]
    held(sorted({place.partition(":")[0] for place in wrong}), EVALSCOPE)


def test_front_ends_are_imported_where_something_is_shown_and_not_at_load() -> None:
    wrong = []
    for module in MODULES:
        for found in module.imports:
            if found.module.split(".")[0] not in FRONT_ENDS or module.package == "magics":
                continue
            if module.path not in MAY_IMPORT_FRONT_ENDS or not found.in_function:
                wrong.append(f"{module.path}:{found.line} imports {found.module}")
    assert wrong == []


# -- what is private -------------------------------------------------------------------------------------------------

PUBLIC_NEVERTHELESS = {"_replace", "_asdict", "_make", "_fields", "_exit"}
"""Documented for all: of named tuples, whose fields must not clash with them, and of `os`."""


def is_private(name: str) -> bool:
    """One underscore in front, and none behind: `_repr_html_` and its like are IPython's protocol."""
    return name.startswith("_") and not name.endswith("_") and name not in PUBLIC_NEVERTHELESS


def defined(tree: ast.Module) -> set[str]:
    """The names that a module gives to things of its own: definitions, variables, attributes of `self` or `cls`."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and is_own(node):
            found.add(node.attr)
    return found


def is_own(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")


def private_reads(module: Module) -> Iterator[str]:
    """Private names of others: attributes (also by `getattr` and its like), and imported names."""
    own = defined(module.tree)
    for node in ast.walk(module.tree):
        names: list[str] = []
        if isinstance(node, ast.Attribute) and not is_own(node):
            names = [node.attr]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in ("getattr", "setattr", "hasattr") and isinstance(node.args[1], ast.Constant):
                names = [str(node.args[1].value)]
        elif isinstance(node, ast.ImportFrom) and node.module != OURS:
            names = [alias.name for alias in node.names]
        yield from (name for name in names if is_private(name) and name not in own)


def test_no_private_attribute_is_read_from_another_module() -> None:
    held(sorted({f"{module.path} {name}" for module in MODULES for name in private_reads(module)}), PRIVATE)


# -- size ------------------------------------------------------------------------------------------------------------


def test_the_top_level_is_a_short_list() -> None:
    entries = [entry for entry in PACKAGE.iterdir() if entry.name not in ("__pycache__", "labextension", "standalone")]
    assert len([e for e in entries if e.is_file()]) <= MOST_TOP_FILES, sorted(e.name for e in entries if e.is_file())
    assert len([e for e in entries if e.is_dir()]) <= MOST_PACKAGES


def test_packages_export_nothing_of_their_modules() -> None:
    """One name has one home: an `__init__.py` below the top holds a docstring, and no import."""
    below = [m for m in MODULES if m.file.name == "__init__.py" and m.path != "__init__.py"]
    held([m.path for m in below if len(m.tree.body) > 1], REEXPORTS)


def test_every_package_says_what_it_holds() -> None:
    assert [m.path for m in MODULES if not ast.get_docstring(m.tree)] == []


def test_no_module_is_too_long() -> None:
    held([m.path for m in MODULES if len(m.text.splitlines()) > MOST_LINES], LONG)
