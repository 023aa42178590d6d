"""How the demo endpoint starts and ends: as a program, as a child process, as the one shared endpoint."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.errors import EndpointError
from tests.demo.client import get, post
from tests.support.paths import ROOT
from tests.support.processes import is_gone
from tests.support.waiting import wait_until

pytestmark = pytest.mark.filterwarnings("error")


def run(*args: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the root of the project."""
    return subprocess.run([sys.executable, *args], cwd=ROOT, capture_output=True, text=True, timeout=20)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--fault=mid_closed"], "Did you mean 'mid_close'?"),
        (["--host=0.0.0.0"], "not a loopback address. To serve others, add --allow-remote."),
        (["--host=example.org"], "not a loopback address"),
        (["--require-key-env=NO_SUCH_KEY"], "NO_SUCH_KEY is not set"),
        (["--transcripts=no-such-file.jsonl"], "Cannot read the transcripts file"),
        (["--chunks=-1"], "`chunks` is a whole number"),
    ],
)
def test_options_that_cannot_be_end_the_program_with_a_message(args: list[str], message: str) -> None:
    done = run("-m", "qwq_nb.demo", *args)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_alone_it_serves_until_it_is_told_to_stop() -> None:
    read_end, write_end = os.pipe()
    args = ["-m", "qwq_nb.demo", "--model=a", "--model=b", f"--ready-fd={write_end}"]
    server = subprocess.Popen(
        [sys.executable, *args],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=[write_end],
    )
    os.close(write_end)
    assert server.stdout is not None
    assert server.stderr is not None
    with server, os.fdopen(read_end) as ready:
        line = server.stdout.readline()
        assert line.startswith("qwq_nb demo endpoint: http://127.0.0.1:")
        assert line.endswith("/v1 (demo)\n")
        assert ready.read() == line
        assert [model["id"] for model in get(f"{line.split()[3]}/models").json()["data"]] == ["a", "b"]
        server.send_signal(signal.SIGTERM)
        assert server.wait(5) == 0
        assert server.stderr.read() == ""


def test_it_ends_with_the_process_that_started_it_even_if_that_is_killed() -> None:
    code = "import time; from qwq_nb.demo import shared; print(shared().pid, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert not is_gone(pid)
        parent.kill()
    wait_until(lambda: is_gone(pid))


def test_the_shared_endpoint_is_started_once_and_closed_at_exit() -> None:
    code = (
        "from concurrent.futures import ThreadPoolExecutor as Pool\n"
        "from qwq_nb.demo import shared\n"
        "with Pool(4) as pool: pids = {e.pid for e in pool.map(lambda _: shared(), range(4))}\n"
        "first = shared(); first.close(); assert shared() is not first\n"
        "print(*pids, shared().pid)"
    )
    done = run("-W", "error", "-c", code)
    assert done.stderr == ""
    assert len(done.stdout.split()) == 2
    assert all(is_gone(int(pid)) for pid in done.stdout.split())


def test_close_ends_it_and_may_be_called_again(book: Path) -> None:
    demo = DemoEndpoint(transcripts=[book])
    demo.set_faults(["hang"])
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(post, f"{demo.url}/chat/completions", json={"model": "QwQ-32B-demo", "messages": []})
        began = time.monotonic()
        demo.close()
        demo.close()
        assert time.monotonic() - began < 3
        assert hanging.exception(5) is None or isinstance(hanging.exception(), httpx.HTTPError)
    assert is_gone(demo.pid)
    assert not demo.alive
    with pytest.raises(EndpointError, match="does not answer"):
        demo.log()


def test_the_interrupt_of_a_notebook_does_not_reach_it(demo: DemoEndpoint) -> None:
    assert os.getsid(demo.pid) == demo.pid != os.getsid(0)


def test_a_start_that_fails_says_why() -> None:
    with pytest.raises(EndpointError, match=r"it ended with 2\.\n.*no fault 'hangs'\. Did you mean 'hang'\?"):
        DemoEndpoint(faults=["hangs"])


def test_proxies_of_the_environment_are_not_used(demo: DemoEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert demo.log()["requests"] == 0


def test_it_gets_what_it_needs_of_the_environment_and_its_key_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DEMO_KEY", "X_PAT", "DATABASE_URL", "HF_TOKEN"):
        monkeypatch.setenv(name, f"value-of-{name}")
    with DemoEndpoint(require_key_env="DEMO_KEY", env={"ADDED": "by hand"}) as demo:
        given = psutil.Process(demo.pid).environ()
        assert get(f"{demo.url}/models").status_code == 401
    assert (given["DEMO_KEY"], given["ADDED"], given["PATH"]) == ("value-of-DEMO_KEY", "by hand", os.environ["PATH"])
    assert not {"X_PAT", "DATABASE_URL", "HF_TOKEN"} & set(given)


def test_importing_the_package_is_light() -> None:
    code = "import sys, qwq_nb.demo; print(*{'aiohttp', 'evalscope', 'httpx', 'IPython', 'pandas'} & set(sys.modules))"
    assert run("-c", code).stdout.split() == []
