"""What a program finds in the sandbox, what is reported of it, and calls of functions that are warm."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qwq_nb.sandbox import Call, Execution, Limits, Program, Sandbox
from tests.support.processes import descendants, memory_holds
from tests.support.sandboxes import skip_unless_here

WARM = ("statistics", "json", "tests.sandbox.warm")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(skip_unless_here(), jobs=2, warm=WARM) as found:
        yield found


def test_a_program_reads_its_input_and_writes_its_output(sandbox: Sandbox) -> None:
    done = sandbox.run(Program("print(sum(map(int, input().split())))", stdin=b"1 2 3\n"))
    assert (done.status, done.stdout, done.stderr, done.exit_code, done.reason) == ("passed", "6\n", "", 0, "")
    assert done.sandbox == sandbox.name != "off"
    assert 0 < done.cpu_seconds < 5
    assert done.peak_memory_mb > 1


def test_its_streams_are_files_as_python_has_them(sandbox: Sandbox) -> None:
    """What evalscope's own harness, which replaces them by texts in memory, does not have."""
    code = "import sys, os\nsys.stdout.buffer.write(sys.stdin.buffer.readline())\nsys.stdout.flush()\n"
    code += "os.write(1, os.read(0, 10))\nopen(1, 'w', closefd=False).write(open(0, closefd=False).read())"
    done = sandbox.run(Program(code, stdin="ä\n".encode() * 3))
    assert done.stdout.startswith("ä\n")
    assert done.status == "passed"


def test_a_large_input_is_read_whole(sandbox: Sandbox) -> None:
    done = sandbox.run(Program("import sys; print(len(sys.stdin.read()))", stdin=b"x" * 20_000_000))
    assert done.stdout == "20000000\n"


def test_it_runs_as_a_script_of_its_own(sandbox: Sandbox) -> None:
    code = "import sys, os, inspect\ndef f(): return 1\n"
    code += (
        "print(__name__, sys.argv, os.path.basename(__file__), sorted(os.listdir()), inspect.getsource(f).strip())\n"
    )
    code += "import helper; print(helper.x, open('data/in.txt').read(), sys.modules['__main__'].f())"
    done = sandbox.run(Program(code, files={"helper.py": b"x = 7", "data/in.txt": b"here"}))
    assert done.stdout.splitlines() == [
        "__main__ ['main.py'] main.py ['data', 'helper.py', 'main.py'] def f(): return 1",
        "7 here 1",
    ]


def test_its_names_are_not_those_of_the_sandbox(sandbox: Sandbox) -> None:
    assert sandbox.run(Program("print(sorted(n for n in globals() if not n.startswith('__')))")).stdout == "[]\n"


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", "", ".", "a//b"])
def test_a_file_outside_its_folder_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name of a file in the program's folder"):
        Program("", files={name: b""})


@pytest.mark.parametrize(
    ("code", "status", "exit_code", "reason"),
    [
        ("raise SystemExit", "passed", 0, ""),
        ("import sys; sys.exit(0)", "passed", 0, ""),
        ("import os; print('x', flush=True); os._exit(0)", "passed", 0, ""),
        ("exit(3)", "failed", 3, "it ended with exit code 3"),
        ("import sys; sys.exit('no way')", "failed", 1, "no way"),
        ("1/0", "failed", 1, "ZeroDivisionError: division by zero"),
        ("x = = 1", "failed", 1, "SyntaxError: invalid syntax"),
        ("print('\\ud800')", "failed", 1, None),
        ("import no_such_module", "failed", 1, "ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise KeyboardInterrupt", "failed", 1, "KeyboardInterrupt"),
        ("import os; os.abort()", "crashed", None, "it was ended by SIGABRT"),
        ("import ctypes; ctypes.string_at(0)", "crashed", None, "it was ended by SIGSEGV"),
        ("import atexit; atexit.register(print, 'last')", "passed", 0, ""),
        ("raise MemoryError", "memory", 1, "it asked for more than 2,048 MB"),
    ],
)
def test_how_a_program_ends(
    code: str, status: str, exit_code: int | None, reason: str | None, sandbox: Sandbox
) -> None:
    done = sandbox.run(Program(code))
    assert (done.status, done.exit_code) == (status, exit_code)
    assert reason is None or done.reason == reason
    assert (done.signal is not None) == (status == "crashed")


def test_a_traceback_shows_the_program_alone(sandbox: Sandbox) -> None:
    done = sandbox.run(Program("def f():\n    return 1 + ''\nf()\n"))
    assert [line.split(",")[0] for line in done.stderr.splitlines() if "File" in line] == ['  File "main.py"'] * 2
    assert "return 1 + ''" in done.stderr


def test_threads_are_waited_for_and_daemons_are_not(sandbox: Sandbox) -> None:
    code = "import threading, time\n"
    code += "threading.Thread(target=lambda: (time.sleep(0.2), print('done'))).start()\n"
    code += "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
    done = sandbox.run(Program(code))
    assert (done.status, done.stdout) == ("passed", "done\n")


def by_python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "main.py").write_text(code)
    command = [sys.executable, "main.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    "code",
    [
        "import atexit, sys\natexit.register(lambda: sys.__stdout__.write('out'))",
        "import io, sys\nsys.stdout = io.StringIO(); print('lost'); sys.__stdout__.write('out')",
        "f = open(1, 'w', closefd=False); f.write('out')",
        "f = open('/dev/null'); import os; g = os.fdopen(1, 'w'); g.write('out')",
        "import sys; sys.stdout.write('out'); sys.stdout = None",
        "import sys; sys.stdout.write('out'); sys.stdout.close()",
        "class W:\n    def __del__(self): print('out', end='')\nw = W()",
        "import os, sys, io, atexit\nbuffer = io.BytesIO()\nsys.stdout.write = lambda s: buffer.write(s.encode())\n"
        "atexit.register(lambda: os.write(1, buffer.getvalue()))\nsys.stdout.write('out')",
        "import sys, threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
        "sys.stdout.write('out')",
    ],
)
def test_what_is_written_last_is_not_lost(code: str, sandbox: Sandbox, tmp_path: Path) -> None:
    """The same as with Python itself, which each is compared with."""
    done = sandbox.run(Program(code))
    own = by_python(code, tmp_path)
    assert (done.stdout, done.exit_code) == (own.stdout, own.returncode) == ("out", 0), done.stderr


@pytest.mark.parametrize(
    "code",
    [
        "import sys; sys.stdout.write('\\ud800')",
        "import atexit; atexit.register(lambda: 1 / 0)",
        "import threading\ndef f(): raise ValueError\nthreading.Thread(target=f).start()",
        "import sys; sys.excepthook = lambda *_: print('mine'); 1/0",
        "exit(256)",
        "exit(-1)",
        "exit(None)",
        "exit(True)",
        "exit([])",
        "raise SystemExit('a', 'b')",
        "quit()",
        "class E(BaseException): pass\nraise E",
        "raise GeneratorExit",
    ],
)
def test_it_ends_as_with_python_itself(code: str, sandbox: Sandbox, tmp_path: Path) -> None:
    done = sandbox.run(Program(code))
    own = by_python(code, tmp_path)
    assert (done.stdout, done.exit_code) == (own.stdout, own.returncode)


def test_what_contest_programs_use_works(sandbox: Sandbox) -> None:
    code = """
import asyncio, bisect, collections, concurrent.futures, decimal, functools, heapq, itertools, math, random, re, sys
import tempfile, threading, time, zoneinfo, datetime
sys.setrecursionlimit(10**6)
threading.stack_size(64 << 20)
def deep(n): return n and deep(n - 1)
t = threading.Thread(target=deep, args=(20_000,)); t.start(); t.join()
async def later(): await asyncio.sleep(0); return 1
with tempfile.TemporaryFile() as f: f.write(b'x')
with concurrent.futures.ThreadPoolExecutor(4) as pool: s = sum(pool.map(abs, range(-3, 0)))
print(asyncio.run(later()), s, decimal.Decimal('0.1') * 3, bool(random.random()))
print(datetime.datetime(2024, 1, 1, tzinfo=zoneinfo.ZoneInfo('UTC')).isoformat())
"""
    done = sandbox.run(Program(code))
    assert done.stdout.splitlines() == ["1 6 0.3 True", "2024-01-01T00:00:00+00:00"], done.stderr


def test_installed_packages_can_be_imported(sandbox: Sandbox) -> None:
    done = sandbox.run(Program("import numpy; print(numpy.arange(4).sum())"))
    assert done.stdout == "6\n", done.stderr


def test_packages_behind_a_link_can_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in an environment that is reached by a link."""
    packages = Path(tempfile.mkdtemp(prefix="qwq-packages-", dir="/tmp")) / "site-packages"
    packages.mkdir()
    packages.parent.chmod(0o755)
    (packages / "linked_module.py").write_text("x = 5")
    (tmp_path / "site-packages").symlink_to(packages)
    monkeypatch.syspath_prepend(str(tmp_path / "site-packages"))
    with Sandbox(skip_unless_here(), jobs=1) as sandbox:
        done = sandbox.run(Program("import linked_module; print(linked_module.x)"))
    shutil.rmtree(packages.parent)
    assert done.stdout == "5\n", done.stderr


def test_text_that_is_no_utf8_is_shown_with_marks(sandbox: Sandbox) -> None:
    done = sandbox.run(Program("import os; os.write(1, b'a\\xff')"))
    assert done.stdout == "a\ufffd"


def test_sets_have_the_same_order_each_time(sandbox: Sandbox) -> None:
    program = Program("print({'a', 'b', 'c', 'd', 'e', 'f', 'g'})")
    with Sandbox(sandbox_kind(sandbox), jobs=1) as other:
        assert other.run(program).stdout == sandbox.run(program).stdout


def sandbox_kind(sandbox: Sandbox) -> str:
    return "bwrap" if "bwrap" in sandbox.name else "landlock"


def test_a_program_starts_with_three_descriptors(sandbox: Sandbox) -> None:
    """Also if the process that started the sandbox has others open, which its children would get."""
    code = "import os\ndef is_open(n):\n    try: return bool(os.fstat(n))\n    except OSError: return False\n"
    code += "print([n for n in range(64) if is_open(n)])"
    with open(os.devnull) as leaked:
        os.set_inheritable(leaked.fileno(), True)
        with Sandbox(sandbox_kind(sandbox), jobs=1) as other:
            assert other.run(Program(code)).stdout == "[0, 1, 2]\n"


# -- calls -----------------------------------------------------------------------------------------------------------


def test_a_function_is_called(sandbox: Sandbox) -> None:
    done = sandbox.run(Call("statistics:mean", {"data": [1, 2, 6]}))
    assert (done.status, done.value, done.reason) == ("passed", 3, "")


def test_a_function_of_a_module_outside_the_installed_packages_is_called(sandbox: Sandbox) -> None:
    done = sandbox.run(Call("tests.sandbox.warm:doubled", {"value": {"a": [1, None]}}))
    assert done.value == [{"a": [1, None]}] * 2
    assert done.stdout == "doubling\n"


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (Call("statistics:mean", {"data": []}), "statistics.StatisticsError: mean requires at least one data point"),
        (Call("json:dumps", {"obj": [], "no": 1}), None),
        (Call("statistics:nothing"), "AttributeError: module 'statistics' has no attribute 'nothing'"),
        (Call("os:_exit", {"status": 0}), "it ended the process instead of returning"),
        (Call("tests.sandbox.warm:unprintable"), "TypeError: Object of type object is not JSON serializable"),
    ],
)
def test_a_call_that_fails(call: Call, reason: str | None, sandbox: Sandbox) -> None:
    done = sandbox.run(call)
    assert (done.status, done.value) == ("failed", None)
    assert reason is None or done.reason == reason


def test_a_call_is_confined_as_a_program_is(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    target = Call("tests.sandbox.warm:read", {"path": str(tmp_path / "secret")})
    assert sandbox.run(target).status == "failed"
    with Sandbox("off", jobs=1, warm=WARM) as nothing:
        assert nothing.run(target).value == "x"


def test_a_limit_of_the_process_that_starts_it_is_not_the_sandboxes() -> None:
    """As in a grader, whose memory is limited for the sake of what it does itself."""
    code = "import resource\nfrom qwq_nb.sandbox import *\n"
    code += "hard = resource.getrlimit(resource.RLIMIT_AS)[1]\n"
    code += "with Sandbox('off', jobs=1): pass\n"
    code += "size = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
    code += "resource.setrlimit(resource.RLIMIT_AS, (size + (400 << 20), hard))\n"
    code += "with Sandbox(sys.argv[1], jobs=1) as s: print(s.run(Program('b = bytearray(900 << 20)')).status)"
    done = subprocess.run(
        [sys.executable, "-c", "import sys\n" + code, skip_unless_here("landlock")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "passed\n", done.stderr


# -- what one job leaves for another ---------------------------------------------------------------------------------


def test_nothing_of_a_job_stays_in_the_warm_process() -> None:
    """Its memory is searched for what the job was given."""
    mark = f"{os.getpid()}-canary-{id(object())}"
    others = zygotes()
    with Sandbox(skip_unless_here("landlock"), jobs=1, warm=("tests.sandbox.warm",)) as sandbox:
        done = sandbox.run(Program(f"print(input(), '{mark}'[::-1])", stdin=f"{mark}-input".encode()))
        assert done.status == "passed"
        (zygote,) = zygotes() - others
        if not memory_holds(zygote, b"a word of the warm module"):
            pytest.skip("the memory of another process cannot be read here")
        assert not memory_holds(zygote, mark.encode())


def zygotes() -> set[int]:
    return set(descendants(os.getpid(), "qwq_nb.sandbox.zygote"))


def test_nothing_that_a_job_changes_is_seen_by_the_next(sandbox: Sandbox) -> None:
    code = "import json, os, builtins\nprint(hasattr(json, 'mark'), os.listdir(), hasattr(builtins, 'mark'))\n"
    code += "json.mark = builtins.mark = 1; open('left', 'w').close()"
    assert {sandbox.run(Program(code)).stdout for _ in range(3)} == {"False ['main.py'] False\n"}


def test_jobs_run_at_once_and_no_more_than_may(sandbox: Sandbox) -> None:
    """Each says when it began and ended, by one clock."""
    if sandbox.jobs == 1:
        pytest.skip("without Landlock, one job runs at a time")
    code = "import time; a = time.monotonic(); time.sleep(0.8); print(a, time.monotonic())"
    spans = [tuple(map(float, done.stdout.split())) for done in at_once(4, lambda: sandbox.run(Program(code)))]
    most = max(sum(a <= start < b for a, b in spans) for start, _ in spans)
    assert most == sandbox.jobs == 2


def at_once(count: int, run: Callable[[], Execution]) -> list[Execution]:
    found: list[Execution] = []
    threads = [threading.Thread(target=lambda: found.append(run())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_an_execution_costs_little(sandbox: Sandbox, tell: Callable[[str], None]) -> None:
    """A bound that a busy machine keeps; the time itself is told."""
    done = [sandbox.run(Program("pass", limits=Limits(cpu_s=5))) for _ in range(30)]
    cpu = sorted(execution.cpu_seconds for execution in done)[15]
    wall = sorted(execution.seconds for execution in done)[15]
    tell(f"an empty program in {sandbox.name}: {1000 * cpu:.1f} ms of CPU time, {1000 * wall:.1f} ms in all (median)")
    assert cpu < 0.05
