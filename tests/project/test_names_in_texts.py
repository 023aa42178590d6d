"""Names in the package's texts exist: magics and options that somebody is told to write, names of ours, documents."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Callable, Iterator

from qwq_nb.magics.base import OPTIONS
from tests.support.package_source import Module, modules
from tests.support.paths import ROOT

for _name in ("analysis", "evaluation"):
    importlib.import_module(f"qwq_nb.magics.{_name}")  # each declares its magics' options

MODULES = modules()

MAGIC = re.compile(r"%{1,2}(qwq\w*)")
LINE = re.compile(r"%{1,2}(qwq\w*)((?: +[\w./:…={},'\"-]+)*)")
"""A magic and what follows it, up to the end of the line or a mark that no line holds."""
OPTION = re.compile(r"(?<![\w-])--([a-z][a-z0-9-]*)")
NAME = re.compile(r"\bqwq_nb(?:\.\w+)+")
DOCUMENT = re.compile(r"(?<![\w./>-])\w[\w./-]*\.md\b")

STYLES = ("jp-", "qwq-", "md-", "vscode-")
"""How variables of style sheets begin, which are written like options."""

OTHER_PROGRAMS = {
    "evaluation/continuing/probe.py": {"--jinja"},  # of llama.cpp
    "analysis/budget/native_probe.py": {"--reasoning-parser"},  # of vLLM
    "bench/tools/bfcl.py": {"--no-deps"},  # of pip
    "bench/tools/reading.py": {"--no-deps"},
    "endpoint/context_window.py": {"--max-model-len"},  # of vLLM
    "store/imported/lighteval.py": {"--save-details"},  # of lighteval
    "store/imported/lm_eval.py": {"--log"},  # of lm-eval: --log_samples
    "view/pictures.py": {  # of Chromium
        "--force-device-scale-factor",
        "--print-to-pdf",
        "--screenshot",
        "--user-data-dir",
        "--virtual-time-budget",
        "--window-size",
    },
    "analysis/speed/load_generator.py": {"--max-concurrency", "--parallel"},  # of vLLM's and evalscope's benchmarks
}
"""Options of other programs, by the module whose texts name them."""

ENTRY_POINTS = {
    f"qwq_nb.{group}" for group in ("benchmarks", "dialects", "drawings", "measures", "solvers", "sections")
}
"""Groups of entry points, which are written like modules."""


OTHER_DOCUMENTS = {
    "docs/en/best_practice/eval_qwq.md",
    *("introduction.md", "instructions.md", "instructions.append.md"),
}
"""Of EvalScope's repository, and of Exercism's exercises."""

NOT_YET = {"qwq_nb.benchmark_names"}
"""What others mend at this moment; empty when issue 12 is done."""


def texts(module: Module) -> Iterator[str]:
    """Every text in the module: docstrings, messages, f-strings, in which what is inserted becomes `…`."""
    inside = {id(part) for node in ast.walk(module.tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.value


def missing(look: Callable[[Module], set[str]]) -> dict[str, set[str]]:
    """What `look` misses, by module."""
    return {module.path: found for module in MODULES if (found := look(module))}


def options_in(text: str) -> set[str]:
    return {f"--{name}" for name in OPTION.findall(text) if not name.startswith(STYLES)}


def test_magics_exist() -> None:
    assert missing(lambda m: {name for text in texts(m) for name in MAGIC.findall(text)} - set(OPTIONS)) == {}


def test_options_exist() -> None:
    """In some magic's table, or in the code of a program of ours, where an option stands alone in its text."""
    known = {option.name for table in OPTIONS.values() for option in table} | {"--option"}
    known |= {text for module in MODULES for text in texts(module) if OPTION.fullmatch(text)}
    assert (
        missing(
            lambda m: {n for text in texts(m) for n in options_in(text)} - known - OTHER_PROGRAMS.get(m.path, set())
        )
        == {}
    )


def test_a_line_that_is_shown_takes_the_options_it_shows() -> None:
    """As in `%qwq_speed --concurrency 1,8,32`."""

    def look(module: Module) -> set[str]:
        lines = [line for text in texts(module) for line in LINE.findall(text)]
        return {
            f"%{magic} {name}"
            for magic, rest in lines
            for name in options_in(rest) - {option.name for option in OPTIONS.get(magic, ())}
        }

    assert missing(look) == {}


def test_names_of_the_package_exist() -> None:
    assert (
        missing(
            lambda m: {n for text in texts(m) for n in NAME.findall(text) if not exists(n)} - ENTRY_POINTS - NOT_YET
        )
        == {}
    )


def exists(name: str) -> bool:
    """Whether it is a module, or an attribute of one: of the longest part of it that is a module."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for part in parts[count:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


def test_documents_exist() -> None:
    """Named from the checkout, or beside the module."""

    def look(module: Module) -> set[str]:
        words = {word for line in module.text.splitlines() if "://" not in line for word in DOCUMENT.findall(line)}
        places = (ROOT, ROOT / "docs", module.file.parent)
        found = {word for word in words if not any((place / word).is_file() for place in places)}
        return found - OTHER_DOCUMENTS

    assert missing(look) == {}


def test_the_tests_find_what_is_missing() -> None:
    assert not exists("qwq_nb.no_such_function")
    assert not exists("qwq_nb.core.no_such_module")
    assert exists("qwq_nb.core.options.Option.dest")
    assert options_in("Take --no-such-option, not -x--y") == {"--no-such-option"}
    assert LINE.findall("so: %qwq_eval … --demo --limit 5. Or --other") == [
        ("qwq_eval", " … --demo --limit 5. Or --other")
    ]
