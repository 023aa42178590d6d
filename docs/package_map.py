"""Write the tables of modules in CONTRIBUTING.md: one a package, from the first lines of docstrings."""

from __future__ import annotations

import ast
from pathlib import Path

BEGIN = "<!-- The tables below are written by `make docs` from the modules' docstrings. -->"
END = "<!-- The end of the tables. -->"

ORDER = (
    "magics",
    "analysis",
    "evaluation",
    "run",
    "bench",
    "store",
    "endpoint",
    "sandbox",
    "view",
    "trace",
    "demo",
    "core",
)
"""Packages from the top of the import direction down."""


def mapped(text: str, root: Path) -> str:
    """Return `text` with the tables between its two marks made anew.

    Raises:
        ValueError: the marks are missing.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"The tables' place is not marked by {BEGIN!r} and {END!r}.")
    return f"{before}{BEGIN}\n\n{tables(root)}\n\n{END}{after}"


def tables(root: Path) -> str:
    """Return the table of the top level, then one for each package and each package within it."""
    package = root / "qwq_nb"
    folders = [folder for name in ORDER for folder in packages_below(package / name)]
    return "\n\n".join(
        [table(package, "qwq_nb/"), *(table(folder, f"{folder.relative_to(package)}/") for folder in folders)]
    )


def packages_below(folder: Path) -> list[Path]:
    """Return `folder` and the packages in it, each before those within it."""
    inner = sorted(child for child in folder.iterdir() if (child / "__init__.py").is_file())
    return [folder, *(found for child in inner for found in packages_below(child))]


def table(folder: Path, title: str) -> str:
    """Return one package's heading, its docstring's first line and a row for each of its modules."""
    rows = [f"#### `{title}`", "", first_line(folder / "__init__.py"), "", "| module | holds |", "|---|---|"]
    files = sorted(file for file in folder.glob("*.py") if file.name != "__init__.py")
    rows += [f"| `{file.name}` | {first_line(file)} |" for file in files]
    return "\n".join(rows if files else rows[:3])


def first_line(file: Path) -> str:
    """Return the first paragraph of a module's docstring on one line, ready for a table's cell."""
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n\n")[0].replace("\n", " ").replace("|", "\\|")
