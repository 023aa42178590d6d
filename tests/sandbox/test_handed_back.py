"""Files that a program hands back: those that were asked for, of the size that was agreed, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from qwq_nb.sandbox import Limits, Program, Sandbox
from tests.support.sandboxes import skip_unless_here


@pytest.fixture(scope="module", params=["auto", "landlock"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with Sandbox(skip_unless_here(request.param), jobs=1) as found:
        yield found


def test_wanted_files_come_back_whole(sandbox: Sandbox) -> None:
    code = "open('a', 'wb').write(bytes(range(256)) * 4000)\nopen('b', 'w').close()\nopen('other', 'w').write('no')"
    done = sandbox.run(Program(code, wanted={"a": 2_000_000, "b": 10, "missing": 10}))
    assert done.files == {"a": bytes(range(256)) * 4000, "b": b""}


def test_they_come_back_whatever_became_of_the_program(sandbox: Sandbox) -> None:
    done = sandbox.run(Program("open('a', 'w').write('x')\nimport os\nos._exit(3)", wanted={"a": 10}))
    assert (done.exit_code, done.files) == (3, {"a": b"x"})
    done = sandbox.run(Program("open('a', 'w').write('x')\nraise ValueError", wanted={"a": 10}))
    assert (done.status, done.files) == ("failed", {"a": b"x"})


@pytest.mark.parametrize(
    "code",
    [
        "open('a', 'w').write('x' * 11)",
        "import os; os.mkdir('a')",
        "import os; os.symlink('/etc/passwd', 'a')",
        "import os; open('b', 'w').write('x'); os.symlink('b', 'a')",
        "import os; os.mkdir('b'); open('b/a', 'w').write('x')",
    ],
)
def test_what_is_too_large_or_no_file_stays_there(code: str, sandbox: Sandbox) -> None:
    done = sandbox.run(Program(code, wanted={"a": 10}))
    assert (done.status, done.files) == ("passed", {})


def test_one_job_gets_nothing_of_another(sandbox: Sandbox) -> None:
    sandbox.run(Program("open('a', 'w').write('secret')", wanted={"a": 10}))
    assert sandbox.run(Program("pass", wanted={"a": 10})).files == {}
    assert sandbox.run(Program("open('a', 'w').write('x')")).files == {}


def test_what_may_be_wanted() -> None:
    for name in ("", ".", "..", "a/b", "/a", "a\0"):
        with pytest.raises(ValueError, match="folder itself"):
            Program("pass", wanted={name: 1})
    with pytest.raises(ValueError, match="64 MB together"):
        Program("pass", wanted={"a": 65 << 20})
    with pytest.raises(ValueError, match="at most 8 files"):
        Program("pass", wanted={str(number): 1 for number in range(9)})
    Program("pass", wanted={"a": 65 << 20}, limits=Limits(file_mb=128))
