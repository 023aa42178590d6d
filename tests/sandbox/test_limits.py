"""Each limit of a job, and its control: with a higher limit the same program passes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from qwq_nb.sandbox import Limits, Program, Sandbox
from tests.support.processes import descendants
from tests.support.sandboxes import skip_unless_here

IGNORES = "import signal\nfor n in set(range(1, 32)) - {9, 19}: signal.signal(n, signal.SIG_IGN)\n"
BURNS = "import time\nend = time.process_time() + {}\nwhile time.process_time() < end: pass\n"


@pytest.fixture(scope="module", params=["landlock", "bwrap"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with Sandbox(skip_unless_here(request.param), jobs=2) as found:
        yield found


LIMITS = {
    "CPU time": (BURNS.format(0.4), Limits(cpu_s=0.2), Limits(cpu_s=5), "timeout"),
    "CPU time of threads": (
        "import threading\ndef f():\n    n = 0\n    while n < 10**7: n += 1\n"
        "[threading.Thread(target=f).start() for _ in range(2)]",
        Limits(cpu_s=0.2),
        Limits(cpu_s=30),
        "timeout",
    ),
    "CPU time, signals ignored": (IGNORES + BURNS.format(0.4), Limits(cpu_s=0.2), Limits(cpu_s=5), "timeout"),
    "wall time": ("import time; time.sleep(0.8)", Limits(wall_s=0.4), Limits(wall_s=10), "timeout"),
    "wall time, signals ignored": (
        IGNORES + "import time; time.sleep(0.8)",
        Limits(wall_s=0.4),
        Limits(wall_s=10),
        "timeout",
    ),
    "memory": ("b = bytearray(100 << 20); print(len(b))", Limits(memory_mb=50), Limits(memory_mb=400), "memory"),
    "memory in small pieces": (
        "b = [bytes(100_000) for _ in range(1000)]",
        Limits(memory_mb=50),
        Limits(memory_mb=400),
        "memory",
    ),
    "output": ("print('x' * 3_000_000)", Limits(), Limits(output_bytes=4_000_000), "output_limit"),
    "error output": (
        "import sys; sys.stderr.write('x' * 3_000_000)",
        Limits(),
        Limits(output_bytes=4_000_000),
        "output_limit",
    ),
    "a file": (
        "open('f', 'wb').write(bytes(3 << 20))",
        Limits(file_mb=1),
        Limits(file_mb=8),
        "output_limit",
    ),
    "files together": (
        "import time\nfor n in range(12):\n    open(f'f{n}', 'wb').write(b'x' * (1 << 20)); time.sleep(0.05)",
        Limits(file_mb=4),
        Limits(file_mb=60),
        "output_limit",
    ),
    "open files": ("held = [open('/dev/null') for _ in range(80)]", Limits(), Limits(open_files=200), "failed"),
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_ends_the_program(name: str, sandbox: Sandbox) -> None:
    code, tight, wide, status = LIMITS[name]
    done = sandbox.run(Program(code, limits=tight))
    assert (done.status, bool(done.reason)) == (status, True), done
    assert sandbox.run(Program(code, limits=wide)).status == "passed"


def test_output_without_end_is_cut_where_it_may_end(sandbox: Sandbox) -> None:
    done = sandbox.run(Program("while True: print('x' * 100_000)", limits=Limits(cpu_s=20)))
    assert done.status == "output_limit"
    assert len(done.stdout) == 1_000_000
    assert done.reason == "it wrote more than 1,000,000 bytes"


def test_a_program_that_stops_itself_runs_into_its_time(sandbox: Sandbox) -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"
    assert sandbox.run(Program(code, limits=Limits(wall_s=0.5))).status == "timeout"


def test_the_signal_of_used_up_cpu_time_is_a_timeout(sandbox: Sandbox) -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGXCPU)"
    assert sandbox.run(Program(code)).status == "timeout"


def test_a_program_that_makes_many_threads_is_ended(sandbox: Sandbox) -> None:
    code = "import threading, time\nthreading.stack_size(32768)\n"
    code += "for _ in range({}): threading.Thread(target=time.sleep, args=(1,)).start()"
    assert sandbox.run(Program(code.format(20))).status == "passed"
    assert sandbox.run(Program(code.format(400))).status in ("failed", "memory")


def test_a_program_that_recurses_without_end_crashes_by_itself(sandbox: Sandbox) -> None:
    code = "import sys; sys.setrecursionlimit(10**9)\ndef f(): return f()\nf()"
    assert sandbox.run(Program(code, limits=Limits(memory_mb=48))).status in ("crashed", "memory", "failed")


def test_a_busy_machine_makes_no_timeouts() -> None:
    """Four programs share one processor: each takes two seconds for what takes it half a second of CPU time."""
    if not Path("/proc/self/schedstat").is_file():
        pytest.skip("this kernel does not count how long a process waits for a processor")
    before = set(descendants(os.getpid()))
    with Sandbox(skip_unless_here("landlock"), jobs=4) as sandbox, ThreadPoolExecutor(4) as pool:
        for pid in set(descendants(os.getpid())) - before:
            psutil.Process(pid).cpu_affinity([min(os.sched_getaffinity(0))])
        program = Program(BURNS.format(0.5), limits=Limits(cpu_s=5, wall_s=0.9))
        done = [future.result() for future in [pool.submit(sandbox.run, program) for _ in range(4)]]
    assert [execution.status for execution in done] == ["passed"] * 4
    assert max(execution.seconds for execution in done) > 0.9, "the control: it would have been too late"


# -- timeouts --------------------------------------------------------------------------------------------------------
# Programs that know how often they were started: in the sandbox none could, so without one.


def test_a_timeout_counts_only_if_the_program_runs_into_it_twice(tmp_path: Path) -> None:
    once = f"import os, time\nif not os.path.exists({str(tmp_path / 'ran')!r}):\n"
    once += f"    open({str(tmp_path / 'ran')!r}, 'w').close(); time.sleep(30)\nprint('quick')"
    always = f"open({str(tmp_path / 'starts')!r}, 'a').write('x')\nimport time; time.sleep(30)"
    with Sandbox("off", jobs=2) as nothing:
        done = nothing.run(Program(once, limits=Limits(wall_s=0.5)))
        assert (done.status, done.stdout, done.reason) == ("passed", "quick\n", "")
        done = nothing.run(Program(always, limits=Limits(wall_s=0.5)))
        assert (done.status, done.reason) == ("timeout", "it took longer than 0.5 s, also when it ran alone")
    assert (tmp_path / "starts").read_text() == "xx"


def test_the_second_time_it_runs_alone(tmp_path: Path) -> None:
    """Others are started all the while; none runs while it does."""
    log = str(tmp_path / "log")
    note = f"import time\ndef note(w): open({log!r}, 'a').write(f'{{time.monotonic()}} {{w}}\\n')\n"
    slow = Program(note + "note('slow'); time.sleep(30)", limits=Limits(wall_s=0.6))
    quick = Program(note + "note('begin'); time.sleep(0.1); note('end')")
    with Sandbox("off", jobs=3) as nothing, ThreadPoolExecutor(3) as pool:
        first = pool.submit(nothing.run, slow)
        others = [pool.submit(nothing.run, quick) for _ in range(20)]
        assert first.result().status == "timeout"
        assert {other.result().status for other in others} == {"passed"}
    events = sorted((float(at), word) for at, word in map(str.split, Path(log).read_text().splitlines()))
    slow_at = [at for at, word in events if word == "slow"]
    assert len(slow_at) == 2
    assert not [at for at, word in events if word != "slow" and slow_at[1] < at < slow_at[1] + 0.5]
    assert [at for at, word in events if word != "slow" and slow_at[0] < at < slow_at[0] + 0.5], "the control"
