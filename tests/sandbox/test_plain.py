"""Programs that nothing confines, on systems without the rest: typed as `off`, it works there, too."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator

import pytest

from qwq_nb.sandbox import Call, Limits, Program, Sandbox
from qwq_nb.sandbox.plain import PlainRunner
from qwq_nb.sandbox.probes import probe_again


@pytest.fixture
def plain() -> PlainRunner:
    return PlainRunner()


@pytest.fixture
def no_linux(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process that holds this for another system, until the test is over."""
    monkeypatch.setattr(sys, "platform", "darwin")
    yield
    probe_again()


@pytest.mark.usefixtures("no_linux")
def test_off_takes_it_where_this_is_no_linux() -> None:
    with Sandbox("off", jobs=1) as nothing:
        done = nothing.run(Program("print(input(), open('a/b').read())", stdin=b"in\n", files={"a/b": b"file"}))
        assert (done.status, done.stdout, done.sandbox) == ("passed", "in file\n", "off")


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("1/0", "failed", "ZeroDivisionError: division by zero"),
        ("exit(3)", "failed", "it ended with exit code 3"),
        ("import os; os.abort()", "crashed", "it was ended by SIGABRT"),
        ("import time; time.sleep(9)", "timeout", "it took longer than 1 s"),
        ("while True: print('x' * 100_000)", "output_limit", "it wrote more than 1,000,000 bytes"),
        ("raise MemoryError", "memory", "it asked for more than 2,048 MB"),
    ],
)
def test_how_it_ends(code: str, status: str, reason: str, plain: PlainRunner) -> None:
    done = plain.run(1, 0, Program(code, limits=Limits(wall_s=1 if "sleep" in code else 30)))
    assert (done.status, done.reason) == (status, reason)
    assert len(done.stdout) <= 1_000_000


def test_a_function_is_called(plain: PlainRunner) -> None:
    assert plain.run(1, 0, Call("statistics:mean", {"data": [1, 2, 6]})).value == 3
    done = plain.run(1, 0, Call("statistics:mean", {"data": []}))
    assert (done.status, done.reason) == (
        "failed",
        "statistics.StatisticsError: mean requires at least one data point",
    )


def test_it_can_be_stopped(plain: PlainRunner) -> None:
    threading.Timer(1, plain.close).start()
    started = time.monotonic()
    assert plain.run(1, 0, Program("import time; time.sleep(60)")).status != "passed"
    assert time.monotonic() - started < 30
