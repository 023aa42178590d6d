"""What is generated is up to date and complete: the reference of magics and API, and the tables of modules."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import qwq_nb
from qwq_nb.magics.base import OPTIONS
from tests.support.paths import ROOT

DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def page() -> str:
    return (DOCS / "reference.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def contributing() -> str:
    return (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def sections(page: str) -> dict[str, str]:
    """The text below each heading, by the heading without its backticks."""
    parts = re.split(r"^#{2,3} (.+)$", page, flags=re.M)
    return {heading.strip("`"): text for heading, text in zip(parts[1::2], parts[2::2], strict=True)}


def test_up_to_date() -> None:
    done = subprocess.run([sys.executable, DOCS / "build.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", qwq_nb.__all__)
def test_every_public_name_is_in_it(page: str, name: str) -> None:
    shown = sections(page)
    kind = getattr(qwq_nb, name)
    if isinstance(kind, type) and issubclass(kind, BaseException):
        assert f"\n- `{name}`: " in shown["Errors"]
    elif name in shown:
        assert shown[name].strip()
    else:
        assert name in ("__version__", "load_ipython_extension")
        assert name in page


@pytest.fixture
def registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The magics that `%load_ext qwq_nb` registers, by how they are written."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    before = {kind: set(found) for kind, found in shell.magics_manager.magics.items()}
    shell.run_line_magic("load_ext", "qwq_nb")
    signs = {"line": "%", "cell": "%%"}
    yield {
        signs[kind] + name: magic
        for kind, found in shell.magics_manager.magics.items()
        for name, magic in found.items()
        if name not in before[kind]
    }
    InteractiveShell.clear_instance()


def test_every_option_of_every_magic_is_in_it(page: str, registered: dict[str, Any]) -> None:
    """In its own section, or in one that this section names."""
    shown = sections(page)
    by_anchor = {re.sub(r"[^\w -]", "", name.lower()).replace(" ", "-"): text for name, text in shown.items()}
    assert "%qwq_eval" in registered
    for sign, magic in registered.items():
        doc = magic.__doc__ or ""
        text = shown[sign]
        for link in re.findall(r"\]\(#([\w-]+)\)", text):
            text += by_anchor[link]
            if link.startswith("qwq"):
                text += "".join(by_anchor[further] for further in re.findall(r"\]\(#([\w-]+)\)", by_anchor[link]))
        for option in re.findall(r"^  (--[\w-]+)", doc.partition("Options:")[2], re.M):
            assert re.search(rf"^\| `{option}[` ]", text, re.M), f"{option} of {sign}"


def test_every_option_of_every_table_is_in_it(page: str, registered: dict[str, Any]) -> None:
    assert set(OPTIONS) == {name.lstrip("%") for name in registered}
    for option in {o for table in OPTIONS.values() for o in table}:
        assert re.search(rf"^\| `{option.name}[` ]", page, re.M), option.name


def test_every_setting_is_in_it(page: str) -> None:
    from qwq_nb.magics.evaluation import QwqMagics

    for name in QwqMagics.class_own_traits(config=True):
        assert f"| `{name}` |" in sections(page)["Settings"]


def test_links_within_lead_somewhere(page: str) -> None:
    anchors = {re.sub(r"[^\w -]", "", name.lower()).replace(" ", "-") for name in sections(page)}
    assert set(re.findall(r"\]\(#([\w-]+)\)", page)) <= anchors


# -- the map ---------------------------------------------------------------------------------------------------------


def test_every_module_is_on_the_map(contributing: str) -> None:
    package = ROOT / "qwq_nb"
    parts = re.split(r"^#### `(.*)`$", contributing, flags=re.M)
    tables = dict(zip(parts[1::2], parts[2::2], strict=True))
    for file in package.rglob("*.py"):
        name = file.relative_to(package).as_posix()
        if file.name == "__init__.py" or name.startswith("labextension/"):
            continue
        table = tables[f"{file.parent.relative_to(package).as_posix()}/" if "/" in name else "qwq_nb/"]
        row = re.search(rf"^\| `{re.escape(file.name)}` \| (.*) \|$", table, re.M)
        assert row is not None, f"{name} is not on the map: run `make docs`"
        assert row[1].strip(), f"{name} has no docstring"


def test_every_folder_of_the_extension_is_on_the_map(contributing: str) -> None:
    source = ROOT / "labextension" / "src"
    folders = {source, *(file.parent for file in source.rglob("*.ts"))}
    for folder in folders:
        if folder.parent.name != "__tests__":  # they mirror the others
            assert f"`{folder.relative_to(ROOT).as_posix()}/`" in contributing


def test_every_folder_of_the_checkout_is_on_the_map(contributing: str) -> None:
    for name in ("binder", "docs", "labextension", "notebooks", "tests", "benchmarks"):
        assert f"`{name}/`" in contributing


# -- the generator's own rules -----------------------------------------------------------------------------------------


@pytest.fixture
def docstrings(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(DOCS)
    import docstrings

    return docstrings


def test_sections_of_a_docstring(docstrings: Any) -> None:
    doc = docstrings.parse(
        """What it does.

        Args:
            a, b: two things
                over two lines.
            c: another.

        Raises:
            OptionError: never: not once.
        """
        "\nOptions:\n  --limit N      how many: few\n"
    )
    assert doc.paragraphs == ["What it does."]
    assert doc.sections == {
        "Args": [("a, b", "two things over two lines."), ("c", "another.")],
        "Raises": [("OptionError", "never: not once.")],
        "Options": [("", "--limit N      how many: few")],
    }


def test_magics_and_tags_stand_in_code(docstrings: Any) -> None:
    assert docstrings.cell("as %qwq_eval a|b, `%qwq` and <think>") == "as `%qwq_eval` a\\|b, `%qwq` and `<think>`"


def test_a_long_signature_is_broken(docstrings: Any) -> None:
    def one(a: int, *, b: str = "x") -> None: ...

    def many(
        first: int, *rest: str, second_of_them: str = "x", third_of_them: str = "y", more_of_them: str = ""
    ) -> None: ...

    assert docstrings.signature(one, "one") == "one(a: int, *, b: str = 'x') -> None"
    assert docstrings.signature(many, "many").splitlines()[:3] == ["many(", "    first: int,", "    *rest: str,"]
