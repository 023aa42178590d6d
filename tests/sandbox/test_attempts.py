"""What a program tries in a sandbox is held, by every layer that works here, as root and as an ordinary user.

Each attempt has a control: without a sandbox (`off`) it succeeds.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sandbox.attempts import ATTEMPTS
from tests.support.paths import PACKAGE, ROOT
from tests.support.sandboxes import skip_unless_here

IS_ROOT = os.geteuid() == 0
ORDINARY = 12345
"""The user number of an ordinary user."""
SYSTEM_PYTHON = "/usr/bin/python3"

Attempts = Callable[[str, dict[str, str]], None]
Results = dict[str, tuple[str, str]]
"""How each attempt succeeded (empty if it was held), and how its program ended."""


@pytest.fixture(scope="module")
def everybodys() -> Iterator[Path]:
    """The package and these tests, where any user may read them."""
    folder = Path(tempfile.mkdtemp(prefix="qwq-everybody-", dir="/tmp"))
    shutil.copytree(PACKAGE, folder / PACKAGE.name, ignore=shutil.ignore_patterns("labextension", "__pycache__"))
    for name in ("sandbox", "support"):
        shutil.copytree(ROOT / "tests" / name, folder / "tests" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    yield folder
    shutil.rmtree(folder)


def python_of(user: str) -> str:
    """An interpreter that the user may run; skips the test where there is none."""
    if user != "ordinary user" or not IS_ROOT:
        return sys.executable
    version = "import sys; sys.exit(sys.version_info < (3, 10))"
    for python in (sys.executable, SYSTEM_PYTHON):
        try:
            command = [python, "-c", version]
            if not subprocess.run(command, user=ORDINARY, group=ORDINARY, extra_groups=[], check=False).returncode:
                return python
        except OSError:
            continue
    pytest.skip("no Python 3.10 or later here that an ordinary user may run")


@functools.cache
def tried(user: str, wanted: str, python: str, folder: Path) -> tuple[str, Results]:
    """The sandbox's name, and what came of each attempt."""
    number = ORDINARY if user != "root" and IS_ROOT else None
    done = subprocess.run(
        [python, "-B", "-m", "tests.sandbox.attempt_runner", wanted],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        user=number,
        group=number,
        extra_groups=None if number is None else [],
    )
    assert not done.returncode, done.stderr
    (_, _, name), *lines = map(json.loads, done.stdout.splitlines())
    results = {attempt: (success, end) for attempt, success, end in lines}
    assert set(results) == {attempt.name for attempt in ATTEMPTS}
    return name, results


USERS = ["root", "ordinary user"] if IS_ROOT else ["ordinary user"]
ROOTS_ONLY = ("landlock@root", "bwrap by the system's Python")
OFTEN = ("landlock", "bwrap")
"""What is used here; the other setups, which older or other machines have, are tried by `make test-long`."""


@pytest.mark.parametrize(
    ("wanted", "user"),
    [
        pytest.param(wanted, user, marks=() if wanted in OFTEN else pytest.mark.long)
        for wanted in ("landlock", "landlock@1", "bwrap", "bwrap@0", *ROOTS_ONLY)
        for user in USERS
        if user == "root" or wanted not in ROOTS_ONLY
    ],
)
def test_what_a_program_tries_is_held(user: str, wanted: str, everybodys: Path, attempts: Attempts) -> None:
    """`@1`: as with the first Landlock; `@0`: as with none. `@root`: root that cannot become another user."""
    wanted, _, system = wanted.partition(" by ")
    skip_unless_here(wanted.partition("@")[0])
    name, results = tried(user, wanted, python_of("ordinary user" if system else user), everybodys)
    expected = {attempt.name for attempt in ATTEMPTS if attempt.needs_landlock and "landlock" not in name}
    assert {attempt: how for attempt, (how, _) in results.items() if how and attempt not in expected} == {}
    words = {attempt: "·" if not how else "(yes)" for attempt, (how, _) in results.items()}
    attempts(f"{user}: {name}", words)


@pytest.mark.parametrize("user", USERS)
def test_without_a_sandbox_it_succeeds(user: str, everybodys: Path, attempts: Attempts) -> None:
    """The control of each attempt, but for those that a machine may deny by itself."""
    name, results = tried(user, "off", python_of(user), everybodys)
    assert name == "off"
    if any(not results[attempt.name][0] and not attempt.rare for attempt in ATTEMPTS):
        # Some depend on another process being on time, which it is not always on a busy machine.
        _, again = tried(user, "off", python_of(user), everybodys)
        results = {attempt: again[attempt] if not found[0] else found for attempt, found in results.items()}
    held = [attempt for attempt in ATTEMPTS if not results[attempt.name][0]]
    assert {
        attempt.name: results[attempt.name][1]
        for attempt in held
        if not attempt.rare and not (attempt.only_root and user != "root")
    } == {}
    attempts(f"{user}: off", {attempt: "yes" if how else "·" for attempt, (how, _) in results.items()})
