"""The map of rooms: every module of qwq_nb/ with the first line of its docstring."""

from __future__ import annotations

import ast
from pathlib import Path

BEGIN = "<!-- The map below is written by `make docs` from the modules' docstrings. -->"
END = "<!-- The end of the map. -->"


def mapped(text: str, root: Path) -> str:
    """`text` with the map between its two marks made anew."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"The map's place is not marked by {BEGIN!r} and {END!r}.")
    return f"{before}{BEGIN}\n\n{rooms(root)}\n\n{END}{after}"


def rooms(root: Path) -> str:
    """One table: the modules of the package itself, then each subpackage with its own."""
    package = root / "qwq_nb"
    files = sorted(f for f in package.rglob("*.py") if "labextension" not in f.relative_to(package).parts)
    files.sort(key=lambda f: (f.parent != package, f.parent, f.name != "__init__.py", f.name))
    rows = ["| room | holds |", "|---|---|"]
    for file in files:
        name = file.relative_to(package).as_posix()
        shown = f"**`{name.removesuffix('__init__.py')}`**" if name.endswith("/__init__.py") else f"`{name}`"
        rows.append(f"| {shown} | {first_line(file)} |")
    return "\n".join(rows)


def first_line(file: Path) -> str:
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n\n")[0].replace("\n", " ").replace("|", "\\|")
