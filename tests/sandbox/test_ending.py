"""How jobs are stopped, and what is left where a process is killed: nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from qwq_nb.sandbox import Execution, Limits, Program, Sandbox
from tests.support.processes import descendants, is_gone
from tests.support.sandboxes import skip_unless_here
from tests.support.waiting import wait_until

SLEEPS = Program("import time; print('up', flush=True); time.sleep(60)")
KINDS = ["landlock", "bwrap", "off"]

HOST = """
import sys, threading
from qwq_nb.sandbox import Program, Sandbox
sandbox = Sandbox(sys.argv[1], jobs=3)
sleep = "import time; time.sleep(60)"
for code in (sleep, "while True: pass", "import ctypes; ctypes.CDLL(None).prctl(1, 0, 0, 0, 0); " + sleep):
    threading.Thread(target=sandbox.run, args=(Program(code),), daemon=True).start()
print("up", flush=True)
threading.Event().wait(60)
"""


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return skip_unless_here(request.param)


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where sandboxes make their folders: one that every user may enter, and that is empty in the end."""
    folder = Path(tempfile.mkdtemp(prefix="qwq-folders-", dir="/tmp"))
    folder.chmod(0o755)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield folder
    wait_until(lambda: not list(folder.iterdir()))
    folder.rmdir()


class Running:
    """A job that runs in a thread of its own."""

    def __init__(self, sandbox: Sandbox, program: Program = SLEEPS) -> None:
        self.result: list[Execution] = []
        self.thread = threading.Thread(target=lambda: self.result.append(sandbox.run(program)))
        self.thread.start()

    def end(self) -> Execution:
        self.thread.join(20)
        return self.result[0]


def test_stop_kills_what_runs_and_what_waits(kind: str, folders: Path) -> None:
    with Sandbox(kind, jobs=2) as sandbox:
        before = set(descendants(os.getpid()))
        running = [Running(sandbox) for _ in range(5)]
        wait_until(lambda: len(set(descendants(os.getpid())) - before) == 2)
        started = time.monotonic()
        sandbox.stop()
        ends = [job.end() for job in running]
        assert time.monotonic() - started < 10
        assert {(done.status, done.reason) for done in ends} == {("not_run", "it was stopped")}
        assert set(descendants(os.getpid())) == before
        assert sandbox.run(Program("print(1)")).stdout == "1\n", "what comes later runs"


def test_close_leaves_no_process_and_no_folder(kind: str, folders: Path) -> None:
    before = set(descendants(os.getpid()))
    sandbox = Sandbox(kind, jobs=2)
    job = Running(sandbox)
    wait_until(lambda: len(set(descendants(os.getpid())) - before) >= 2)  # the warm process and the job
    sandbox.close()
    assert job.end().status == "not_run"
    assert set(descendants(os.getpid())) == before
    assert sandbox.run(SLEEPS) == Execution(status="not_run", sandbox=sandbox.name, reason="the sandbox was closed")


def test_kill_of_the_process_that_started_it_leaves_nothing(kind: str, folders: Path) -> None:
    """SIGKILL, which no process can act on. One of the programs takes back the signal at its parent's death."""
    with subprocess.Popen([sys.executable, "-c", HOST, kind], stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout is not None
        assert host.stdout.readline() == "up\n"
        wait_until(lambda: len(descendants(host.pid)) >= 4)
        started = descendants(host.pid)
        host.kill()
        host.wait()
    assert len(started) >= 4
    wait_until(lambda: all(map(is_gone, started)))


def test_kill_of_the_warm_process_costs_what_runs_and_nothing_else(kind: str, folders: Path) -> None:
    others = set(descendants(os.getpid()))
    with Sandbox(kind, jobs=2) as sandbox:
        warm = descendants(os.getpid(), "qwq_nb.sandbox.zygote")
        job = Running(sandbox)
        wait_until(lambda: set(descendants(os.getpid())) - others - set(warm))
        started = set(descendants(os.getpid())) - others
        for pid in warm:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        done = job.end()
        assert done.status == "not_run"
        assert done.reason
        wait_until(lambda: all(map(is_gone, started)))
        assert sandbox.run(Program("print(1)")).stdout == "1\n", "another warm process is started"


def test_an_interrupt_kills_the_job_that_is_waited_for(folders: Path) -> None:
    code = "import signal, threading, os, time\nfrom qwq_nb.sandbox import Program, Sandbox\n"
    code += "sandbox = Sandbox('off', jobs=1)\n"
    code += "threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
    code += "try: sandbox.run(Program('import time; time.sleep(60)'))\nexcept KeyboardInterrupt: print('interrupted')\n"
    code += "start = time.monotonic(); print(sandbox.run(Program('print(1)')).stdout, time.monotonic() - start < 20)\n"
    code += "sandbox.close()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "interrupted\n1\n True\n", done.stderr


def test_a_deep_and_closed_folder_is_removed(folders: Path) -> None:
    code = "import os\nfor _ in range(900):\n    os.mkdir('d' * 100); os.chdir('d' * 100)\n"
    code += "open('f', 'w').close(); os.chmod('.', 0)"
    with Sandbox("off", jobs=1) as nothing:
        assert nothing.run(Program(code, limits=Limits(cpu_s=20))).status == "passed"


def test_what_a_program_leaves_is_removed(kind: str, folders: Path) -> None:
    code = "import os\nos.mkdir('a'); os.symlink('/etc', 'a/l'); open('f', 'w').write('x')\n"
    with Sandbox(kind, jobs=1) as sandbox:
        assert sandbox.run(Program(code)).status == "passed"
        wait_until(lambda: not [path for folder in folders.iterdir() for path in folder.iterdir()])
    assert os.path.exists("/etc/hosts" if os.path.exists("/etc/hosts") else "/etc")
