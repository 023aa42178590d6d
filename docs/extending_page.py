"""Write docs/extending.md from `qwq_nb.extending` and the package that its tests install."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

from qwq_nb import extending

EXAMPLES = (
    ("A benchmark", "sums.py", "qwq_nb.benchmarks", "sums_in_words", "Sums"),
    ("A solver", "checking.py", "qwq_nb.solvers", "check_twice", "CheckTwice"),
    ("A measure", "maybes.py", "qwq_nb.measures", "maybes", "Maybes"),
    ("A section of the report", "shortest.py", "qwq_nb.sections", "shortest", "Shortest"),
)
"""Title, module in tests/support/outside/qwq_more, group of entry points, name, class."""

PROTOCOLS = ("Benchmark", "Solver", "Ask", "Measure", "Section", "Dialect", "Completer")

HEAD = """\
# Extending qwq_nb

Written by `make docs` from `qwq_nb/extending.py` and the examples that the tests install: change those, not this page.
"""


def page(root: Path) -> str:
    """Return the page: what there is to extend, an example of each kind, and the protocols in full."""
    parts = [HEAD, table(), *(example(root, *row) for row in EXAMPLES), "## The protocols\n"]
    parts += [protocol(name) for name in PROTOCOLS]
    return "\n".join(parts)


def table() -> str:
    """Return the module's docstring as Markdown: its table of extension points, and what registers them."""
    first, *rest = (inspect.getdoc(extending) or "").split("\n\n")
    blocks = [markdown_table(block) if block.startswith("=") else fenced(block) for block in rest]
    return "\n\n".join([first, *blocks]) + "\n"


def markdown_table(block: str) -> str:
    """Return a simple reStructuredText table as a Markdown table."""
    ruler, head, _, *rows = block.splitlines()
    edges = [0]
    for word in ruler.split("  "):
        edges.append(edges[-1] + len(word) + 2)
    spans = list(zip(edges, [*edges[1:-1], None], strict=False))

    def cells(line: str) -> str:
        return "| " + " | ".join(line[start:end].strip() for start, end in spans) + " |"

    return "\n".join([cells(head), "|---" * len(spans) + "|", *(cells(row) for row in rows[:-1])])


def fenced(block: str) -> str:
    """Return a paragraph, or an indented block of TOML as a code block; a colon pair before one becomes a colon."""
    lines = block.splitlines()
    if all(line.startswith("    ") for line in lines):
        return "```toml\n" + "\n".join(line[4:] for line in lines) + "\n```"
    return block.replace("::", ":")


def example(root: Path, title: str, module: str, group: str, name: str, kind: str) -> str:
    """Return one example: its source, and the entry point that registers it."""
    source = (root / "tests" / "support" / "outside" / "qwq_more" / module).read_text(encoding="utf-8")
    entry = f'[project.entry-points."{group}"]\n{name} = "qwq_more.{Path(module).stem}:{kind}"'
    return f"## {title}\n\n```python\n{source.rstrip()}\n```\n\n```toml\n{entry}\n```\n"


def protocol(name: str) -> str:
    """Return a protocol's source without its decorators: signatures and docstrings."""
    found = getattr(extending, name)
    tree = ast.parse(Path(inspect.getsourcefile(found) or "").read_text(encoding="utf-8"))
    node = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name)
    node.decorator_list = []
    lines = Path(inspect.getsourcefile(found) or "").read_text(encoding="utf-8").splitlines()
    return f"### `{name}`\n\n```python\n" + "\n".join(lines[node.lineno - 1 : node.end_lineno]) + "\n```\n"
