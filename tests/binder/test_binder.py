"""Binder's files say what they should; `binder/check.py` follows them, which takes minutes."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.paths import ROOT

BINDER = ROOT / "binder"


@pytest.fixture(scope="module")
def check() -> ModuleType:
    pytest.importorskip("yaml")
    spec = importlib.util.spec_from_file_location("binder_check", BINDER / "check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_environment_names_a_python_that_the_package_supports(check: ModuleType) -> None:
    asked = check.read_environment(BINDER / "environment.yml")
    assert f"Programming Language :: Python :: {asked.python}" in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    # All else comes with the package, so that there is one list of dependencies.
    assert asked.pip == []
    assert asked.other == []


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_a_script_can_run(name: str) -> None:
    script = BINDER / name
    assert os.access(script, os.X_OK)
    assert script.read_bytes().startswith(b"#!/usr/bin/env bash\n")
    assert subprocess.run(["bash", "-n", script], capture_output=True).returncode == 0


def test_start_becomes_the_command_that_it_is_given() -> None:
    said = subprocess.run(
        [BINDER / "start", "sh", "-c", 'echo "$$ $1"', "-", "two words"], capture_output=True, text=True
    )
    assert said.returncode == 0, said.stderr
    assert said.stdout.endswith(" two words\n")
    assert (BINDER / "start").read_text(encoding="utf-8").endswith('exec "$@"\n')


def test_the_link_opens_a_notebook_that_there_is(check: ModuleType) -> None:
    assert (ROOT / check.NOTEBOOK).is_file()
    assert f"?urlpath={check.URL_PATH}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_another_version_than_one_is_no_environment(check: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "environment.yml"
    file.write_text("dependencies:\n  - python>=3.10\n  - nodejs=20\n  - pip:\n      - twine\n")
    with pytest.raises(check.Failed, match="must name one version of Python"):
        check.read_environment(file)
    file.write_text("dependencies:\n  - python=3.12.*\n  - nodejs=20\n  - pip:\n      - twine\n")
    assert check.read_environment(file) == ("3.12", ["twine"], ["nodejs=20"])


@pytest.mark.long
def test_binder_works() -> None:
    pytest.importorskip("playwright")
    if shutil.which("chromium") is None:
        pytest.skip("needs Chromium on the PATH")
    done = subprocess.run([sys.executable, BINDER / "check.py"], capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-6000:]
    assert re.search(r"Binder's files work: \d+ cells ran: math_500 \d+/\d+", done.stdout)
