"""What is shipped: sdist and wheel, what they say of themselves, and the wheel alone in a clean environment."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest

from qwq_nb._version import __version__
from qwq_nb.core.run_record import MIME_TYPE
from tests.support.paths import ROOT

DIST_INFO = f"qwq_nb-{__version__}.dist-info"
SHARE = f"qwq_nb-{__version__}.data/data/share/jupyter/labextensions/qwq-nb"
SHIPPED = ("qwq_nb", "labextension", "tests", "benchmarks", "notebooks", "docs", "binder")
LEFT_OUT = shutil.ignore_patterns(
    "__pycache__",
    "node_modules",
    "lib",
    ".yarn",
    "*.tsbuildinfo",
    "qwq_runs",
    "executed",
    ".*_cache",
    ".ipynb_checkpoints",
)


def build(what: str, source: Path, target: Path, env: dict[str, str] | None = None) -> None:
    """By the hatchling of the tests: `--no-isolation` fetches nothing."""
    command = [sys.executable, "-m", "build", f"--{what}", "--no-isolation", "--outdir", str(target), str(source)]
    done = subprocess.run(command, cwd=target, env=env, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a copy, so that nothing that goes on in the checkout meanwhile gets in. It has the built extension."""
    for module in ("build", "hatchling"):
        pytest.importorskip(module)
    work = tmp_path_factory.mktemp("sdist")
    copy = work / "checkout"
    copy.mkdir()
    for name in SHIPPED:
        shutil.copytree(ROOT / name, copy / name, ignore=LEFT_OUT)
    for file in ROOT.iterdir():
        if file.is_file():
            shutil.copy2(file, copy)
    build("sdist", copy, work)
    return work / f"qwq_nb-{__version__}.tar.gz"


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the sdist, with no Node.js and no network."""
    work = tmp_path_factory.mktemp("wheel")
    with tarfile.open(sdist) as archive:
        options: Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(work, **options)
    nowhere = "http://127.0.0.1:9"
    env = os.environ | {"PATH": str(work), "PIP_NO_INDEX": "1", "HTTP_PROXY": nowhere, "HTTPS_PROXY": nowhere}
    build("wheel", work / f"qwq_nb-{__version__}", work, env)
    return work / f"qwq_nb-{__version__}-py3-none-any.whl"


@pytest.fixture(scope="module")
def archive(wheel: Path) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(wheel) as opened:
        yield opened


@pytest.fixture(scope="module")
def metadata(archive: zipfile.ZipFile) -> Message:
    return Parser().parsestr(archive.read(f"{DIST_INFO}/METADATA").decode())


# -- the wheel -----------------------------------------------------------------------------------------------------


def test_the_wheel_holds_the_package_its_extension_and_no_more(archive: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in archive.namelist()}
    assert tops == {"qwq_nb", DIST_INFO, f"qwq_nb-{__version__}.data"}
    inside = [name.split("/")[1] for name in archive.namelist() if name.startswith("qwq_nb/")]
    assert not {"tests", "labextension", "node_modules"} & set(inside)


@pytest.mark.parametrize("folder", ["qwq_nb"])
def test_every_file_of_the_package_is_in_the_wheel(archive: zipfile.ZipFile, folder: str) -> None:
    shipped = set(archive.namelist())
    for file in (ROOT / folder).rglob("*"):
        parts = file.relative_to(ROOT).parts
        if file.is_file() and "labextension" not in parts and "__pycache__" not in parts:
            assert "/".join(parts) in shipped


def test_what_is_read_at_run_time_is_in_the_wheel(archive: zipfile.ZipFile) -> None:
    from qwq_nb.demo import PROBLEMS

    wanted = ["py.typed", "run.v1.schema.json", "core/vocabulary.json", "core/tex_words.json", "run/references.json"]
    wanted += ["standalone/view.js", "standalone/view.css"]
    wanted += [f"demo/{kind}/{name}.jsonl" for kind in ("problems", "transcripts") for name in PROBLEMS]
    assert {f"qwq_nb/{name}" for name in wanted} <= set(archive.namelist())


def test_the_extension_is_in_the_wheel(archive: zipfile.ZipFile) -> None:
    names = {n.removeprefix(f"{SHARE}/") for n in archive.namelist() if n.startswith(SHARE)}
    assert {"package.json", "install.json", "schemas/qwq-nb/plugin.json"} <= names
    about = json.loads(archive.read(f"{SHARE}/package.json"))
    entry = about["jupyterlab"]["_build"]["load"]
    assert entry in names
    assert json.loads(archive.read(f"{SHARE}/install.json"))["packageName"] == "qwq-nb"
    assert about["version"] == json.loads((ROOT / "labextension/package.json").read_text(encoding="utf-8"))["version"]


def test_the_record_fits_every_file(archive: zipfile.ZipFile) -> None:
    record = archive.read(f"{DIST_INFO}/RECORD").decode()
    listed = {name: (digest, size) for name, digest, size in csv.reader(io.StringIO(record))}
    assert set(listed) == set(archive.namelist())
    for name, (digest, size) in listed.items():
        if name.endswith("/RECORD"):
            continue
        content = archive.read(name)
        sha = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        assert (digest, size) == (f"sha256={sha}", str(len(content))), name


def test_nothing_of_this_machine_is_in_the_wheel(archive: zipfile.ZipFile) -> None:
    own = [str(ROOT), str(Path.home()) if len(Path.home().parts) > 2 else f"{Path.home()}/.", "pip-build-env"]
    for name in archive.namelist():
        text = archive.read(name).decode("utf-8", "replace")
        assert not [place for place in own if place in text], name


def test_twine_finds_nothing(sdist: Path, wheel: Path) -> None:
    pytest.importorskip("twine")
    command = [sys.executable, "-m", "twine", "check", "--strict", str(sdist), str(wheel)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_metadata(metadata: Message) -> None:
    assert metadata["Name"] == "qwq-nb"
    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == "Apache-2.0"
    classifiers = metadata.get_all("Classifier") or []
    assert "Typing :: Typed" in classifiers
    assert "Framework :: Jupyter :: JupyterLab :: Extensions :: Prebuilt" in classifiers
    versions = [
        c.rsplit(" ", 1)[1] for c in classifiers if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", c)
    ]
    assert versions == ["3.10", "3.11", "3.12", "3.13"]
    assert metadata["Requires-Python"] == f">={versions[0]}"
    assert metadata["Description-Content-Type"] == "text/markdown"


# -- the sdist -----------------------------------------------------------------------------------------------------


def test_the_sdist_holds_what_git_holds(sdist: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("needs a git checkout")
    with tarfile.open(sdist) as archive:
        shipped = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    # Deleted or not there yet: a checkout that is being worked in.
    kept = {name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}
    assert {name for name in kept - shipped if not name.startswith(".ci/")} == set()
    assert {"qwq_nb/labextension/package.json", "qwq_nb/standalone/view.js", "PKG-INFO"} <= shipped
    assert not [name for name in shipped if re.search(r"node_modules|__pycache__|\.venv|qwq_runs", name)]


# -- what stands beside the code -------------------------------------------------------------------------------------


def test_the_changelog_has_a_heading_for_the_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", text, re.M)
    assert any(re.fullmatch(rf"\[{re.escape(__version__)}\] - (Unreleased|\d{{4}}-\d\d-\d\d)", h) for h in headings)
    kinds = set(re.findall(r"^### (.+)$", text, re.M))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_citation_is_one() -> None:
    """The keys and kinds of the Citation File Format's schema 1.2.0, as far as they are used."""
    yaml = pytest.importorskip("yaml")
    cited: dict[str, Any] = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    required = {"cff-version", "message", "title", "authors"}
    optional = {"abstract", "type", "version", "license", "keywords", "date-released", "url", "repository-code", "doi"}
    assert required <= set(cited) <= required | optional
    assert cited["cff-version"] == "1.2.0"
    assert str(cited["version"]) == __version__
    assert cited["license"] == "Apache-2.0"
    assert cited["type"] == "software"
    assert cited["authors"]
    assert all("name" in author or "family-names" in author for author in cited["authors"])
    assert len(set(cited["keywords"])) == len(cited["keywords"])
    assert all(isinstance(cited[key], str) for key in ("message", "title", "abstract"))


def test_make_help_tells_every_target() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", text, re.M)
    assert phony is not None
    told = re.findall(r'@echo "make ([\w-]+) ', text)
    assert sorted(told) == sorted(set(phony[1].split()) - {"help"})
    for name in told:
        assert re.search(rf"^{name}:", text, re.M), name


# -- installed alone -------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_the_wheel_alone_runs_the_quickstart_without_node(wheel: Path, tmp_path: Path) -> None:
    """A new venv with nothing but the wheel, a home of its own, and no other program on the PATH."""
    venv, home, work = tmp_path / "venv", tmp_path / "home", tmp_path / "alone"
    home.mkdir()
    work.mkdir()
    env = {k: v for k, v in os.environ.items() if not re.match(r"PYTHON|JUPYTER|IPYTHON|XDG_|QWQ_|VIRTUAL_ENV|NODE", k)}
    env |= {"HOME": str(home), "PATH": str(venv / "bin"), "QWQ_NB_LIVE": "0"}

    def run(*command: str | Path) -> str:
        program, *arguments = map(str, command)
        found = [str(venv / "bin" / program), *arguments]
        done = subprocess.run(found, cwd=work, env=env, capture_output=True, text=True, timeout=1500)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout + done.stderr

    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True, capture_output=True)
    run("python", "-m", "pip", "install", "--quiet", wheel)
    assert shutil.which("node", path=env["PATH"]) is None
    listed = re.sub(r"\x1b\[\d*m", "", run("jupyter", "labextension", "list"))
    assert re.search(rf"qwq-nb v{re.escape(__version__)}.* enabled .*OK", listed), listed
    assert "site-packages" in run("python", "-c", "import qwq_nb; print(qwq_nb.__file__)")

    shutil.copy(ROOT / "notebooks/01_quickstart.ipynb", work)
    run("jupyter", "execute", "--output=executed", "01_quickstart.ipynb")
    saved, executed = (
        json.loads(file.read_text(encoding="utf-8"))
        for file in (ROOT / "notebooks/01_quickstart.ipynb", work / "executed.ipynb")
    )
    assert texts(executed) == texts(saved)
    assert [out for cell in executed["cells"] for out in cell.get("outputs", []) if out["output_type"] == "error"] == []


def texts(notebook: dict[str, Any]) -> list[str]:
    """The plain text of each run that the notebook shows."""
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    found = ["".join(o["data"]["text/plain"]) for o in outputs if MIME_TYPE in o.get("data", {})]
    assert found
    return found
