"""Register benchmarks by name, and find the object that a request names.

The kernel stores of a registered benchmark only the text `package.module:Name`; the worker process imports it.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import re
import sys
import traceback
from collections.abc import Collection
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from qwq_nb.bench.benchmark import Benchmark
from qwq_nb.bench.evalscope_index import evalscope_names
from qwq_nb.bench.protocol import BenchmarkSource, LoadRequest
from qwq_nb.core.registry import Registry
from qwq_nb.errors import OptionError, QwqError

__all__ = [
    "BENCHMARKS",
    "BUILT_IN",
    "benchmark_for",
    "import_failure",
    "own_names",
    "own_source",
    "own_sources",
    "register_benchmark",
    "sources_of_run",
]

BUILT_IN: dict[str, str] = {
    "bfcl_ast": "qwq_nb.bench.tools.bfcl:BfclAst",
    "code_editing": "qwq_nb.bench.editing.benchmark:CodeEditing",
    "games": "qwq_nb.bench.games.benchmark:Games",
    "alphamaze": "qwq_nb.bench.mazes.benchmark:AlphaMaze",
    "hands_on": "qwq_nb.bench.prompts.benchmark:HandsOn",
    "my_prompts": "qwq_nb.bench.prompts.benchmark:MyPrompts",
}
"""The benchmarks that come with qwq_nb beside evalscope's: name → `package.module:Name`."""

BENCHMARKS: Registry[Benchmark] = Registry("benchmark", "qwq_nb.benchmarks", BUILT_IN)
"""Benchmarks beside evalscope's, by name. Entry points of the group `qwq_nb.benchmarks` are found without a call."""

_EVALSCOPE = "qwq_nb.bench.evalscope.benchmark"
"""The module whose `EvalscopeBenchmark` serves every name that evalscope has. Imported in the worker only."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}")
_MEMBERS = ("name", "kind", "withheld", "subsets", "load", "grade", "equivalent")
_KINDS = ("math", "choice", "code", "text")


def register_benchmark(name: str, target: str | type[Any] | Benchmark) -> None:
    """Register a benchmark of your own under a name, for `%qwq_eval NAME` and all that follows from it.

    Args:
        name: letters, digits, `_`, `-` and `.`; not one of evalscope's names.
        target: `package.module:Name` of a class without arguments, or of an instance, that has the members of
            `Benchmark`. A class, or an instance that its module holds under a name, may be given itself. It is
            imported in the worker process, from the same folders as in the notebook.

    Raises:
        OptionError: the name is taken or cannot be one, or the object cannot be imported by name.

    Example:
        `register_benchmark("mazes", "my_mazes:Mazes")` with `my_mazes.py` beside the notebook. A package
        needs no call but an entry point: `[project.entry-points."qwq_nb.benchmarks"]`, `mazes = "my_mazes:Mazes"`.
    """
    if not _NAME.fullmatch(name):
        raise OptionError(f"{name!r} cannot name a benchmark: use up to 64 letters, digits, `_`, `-` and `.`.")
    if name in evalscope_names():
        raise OptionError(f"evalscope has a benchmark named {name!r}; register yours under another name.")
    BENCHMARKS.register(name, target if isinstance(target, str) else _target_of(name, target))


def own_names() -> list[str]:
    """Return the names of the registered benchmarks that can be run: well formed, and not evalscope's."""
    names = [name for name in BENCHMARKS.names() if _NAME.fullmatch(name)]
    taken = set(evalscope_names()) if names else set()
    return [name for name in names if name not in taken]


def own_source(name: str) -> BenchmarkSource | None:
    """Return the source from which the worker imports a registered benchmark; None for evalscope's. Imports nothing.

    Raises:
        OptionError: its module is not found from here.
    """
    target = BENCHMARKS.target(name) if name in own_names() else None
    if not isinstance(target, str):
        return None
    module = target.partition(":")[0]
    try:
        importlib.invalidate_caches()
        found = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        found = None
    if found is None:
        raise OptionError(
            f"The benchmark {name!r} is registered as {target}, but there is no module {module!r} in this "
            f"environment or beside the notebook ({os.getcwd()})."
        )
    path = tuple(dict.fromkeys(os.path.abspath(folder) for folder in sys.path))
    return BenchmarkSource(target=target, code=_code_hash(found), import_path=path)


def own_sources(names: Collection[str] | None = None) -> dict[str, BenchmarkSource]:
    """Return the sources of the registered benchmarks whose modules are found, of `names` or of all."""
    found = {}
    for name in own_names():
        if names is not None and name not in names:
            continue
        try:
            source = own_source(name)
        except OptionError:
            continue
        if source is not None:
            found[name] = source
    return found


def sources_of_run(run_dir: str | os.PathLike[str]) -> dict[str, BenchmarkSource]:
    """Return the sources of the registered benchmarks that a run has data of; of all where that cannot be read."""
    try:
        return own_sources(os.listdir(os.path.join(run_dir, "data")))
    except OSError:
        return own_sources()


_FOUND: dict[str, Benchmark] = {}
_CODE: dict[str, str] = {}
"""Module → hash of its files when this process imported it last."""


def benchmark_for(request: LoadRequest) -> Benchmark:
    """Return the object that loads and grades a request, made once per process. Called in the worker's children.

    Raises:
        OptionError: a registered benchmark cannot be imported, or lacks a member of `Benchmark`.
        UnknownBenchmark: evalscope has no such benchmark, or one that cannot be run here.
    """
    key = request.key()
    if key not in _FOUND:
        if request.source is None:
            _FOUND[key] = importlib.import_module(_EVALSCOPE).EvalscopeBenchmark(request)
        else:
            _FOUND[key] = _imported(request.benchmark, request.source)
    return _FOUND[key]


def _imported(name: str, source: BenchmarkSource) -> Benchmark:
    sys.path[:] = [*source.import_path, *(folder for folder in sys.path if folder not in source.import_path)]
    importlib.invalidate_caches()
    module = source.target.partition(":")[0]
    if _CODE.get(module, source.code) != source.code:
        _forget(module)
    _CODE[module] = source.code
    if name not in BUILT_IN:
        BENCHMARKS.register(name, source.target)
    try:
        found = BENCHMARKS.get(name)
    except QwqError:
        raise
    except Exception as error:  # the module's own code, or its constructor
        raise OptionError(import_failure(name, source.target, error)) from None
    missing = [member for member in _MEMBERS if not hasattr(found, member)]
    if missing:
        raise OptionError(f"The benchmark {name!r} ({source.target}) has no {missing[0]!r}: see `Benchmark`.")
    if found.name != name:
        raise OptionError(f"The benchmark registered as {name!r} calls itself {found.name!r}: give it one name.")
    if found.kind not in _KINDS:
        raise OptionError(f"The benchmark {name!r} has the kind {found.kind!r}; the kinds are {', '.join(_KINDS)}.")
    return found


def import_failure(name: str, target: str, error: BaseException) -> str:
    """Return the message for a benchmark whose module fails when it is imported."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    position = f" ({os.path.basename(last[0].filename)}:{last[0].lineno})" if last else ""
    return f"The benchmark {name!r} cannot be imported from {target}: {type(error).__name__}: {error}{position}."


def _target_of(name: str, given: Any) -> str:
    """Return the text by which another process can import an object. Raises OptionError if there is none."""
    kind = given if isinstance(given, type) else type(given)
    module = sys.modules.get(kind.__module__)
    if kind.__module__ != "__main__" and "<locals>" not in kind.__qualname__ and module is not None:
        if isinstance(given, type):
            return f"{kind.__module__}:{kind.__qualname__}"
        for other, value in vars(module).items():
            if value is given:
                return f"{kind.__module__}:{other}"
    what = "class" if isinstance(given, type) else "object"
    raise OptionError(
        f"The benchmark {name!r} is loaded and graded in a process of its own, which cannot import this {what} by "
        f"name. Write {kind.__name__} to a file beside the notebook (begin the cell with %%writefile my_benchmark.py) "
        f"and register it as register_benchmark({name!r}, 'my_benchmark:{kind.__name__}')."
    )


def _sources(found: ModuleSpec) -> list[Path]:
    """Return a module's file and the Python files beside it, whose changes are noticed."""
    origin = Path(found.origin) if found.origin and found.has_location else None
    if origin is None or not origin.is_file():
        return []
    return [origin, *sorted(file for file in origin.parent.glob("*.py") if file != origin)]


def _code_hash(found: ModuleSpec) -> str:
    digest = hashlib.sha256()
    for file in _sources(found):
        digest.update(f"\0{file.name}\0".encode("utf-8", "surrogateescape"))
        try:
            digest.update(file.read_bytes())
        except OSError:
            continue
    return digest.hexdigest()


def _forget(module: str) -> None:
    """Drop an edited module, and those whose files lie beside it, so that they are imported anew."""
    file = getattr(sys.modules.get(module), "__file__", None)
    if not file:
        return
    folder = os.path.dirname(file)
    for name, loaded in list(sys.modules.items()):
        other = getattr(loaded, "__file__", None)
        if other and os.path.dirname(other) == folder and name != "__main__":
            del sys.modules[name]
