"""Programs in Docker's containers. There is seldom a Docker where tests run: another shell stands in for one."""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
import tarfile
import types
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.sandbox import Call, Limits, Program
from qwq_nb.sandbox.docker import DockerRunner

CONFIGS: list[dict[str, Any]] = []
"""What containers were asked for."""


class Shell:
    """Has the methods of ms_enclave's DockerSandbox that are used, and runs commands in a folder of this machine."""

    stopped = 0
    folder: Path

    def __init__(self, config: types.SimpleNamespace) -> None:
        CONFIGS.append(vars(config))

    async def start(self) -> None:
        if "no-such" in str(CONFIGS[-1]["image"]):
            raise RuntimeError("Failed to pull image no-such")

    async def stop(self) -> None:
        Shell.stopped += 1

    async def put_archive(self, target_dir: str, data: bytes) -> bool:
        assert target_dir == "/sandbox"
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            archive.extractall(Shell.folder, filter="data")
        return True

    async def execute_command(self, command: list[str], timeout: int, stream: bool) -> types.SimpleNamespace:
        words = [word.replace("/sandbox", str(Shell.folder)) for word in command]
        path = f"{Shell.folder}/bin:{os.environ['PATH']}"
        process = await asyncio.create_subprocess_exec(
            *words, stdout=subprocess.PIPE, env={"PATH": path}, start_new_session=True
        )
        try:
            out, _ = await asyncio.wait_for(process.communicate(), timeout)
        except asyncio.TimeoutError:
            process.kill()
            await process.wait()
            return types.SimpleNamespace(status="timeout", exit_code=-1, stdout="", stderr="")
        code = process.returncode or 0
        code = 128 - code if code < 0 else code
        return types.SimpleNamespace(status="success" if not code else "error", exit_code=code, stdout=out.decode())


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DockerRunner:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setattr(Shell, "folder", tmp_path, raising=False)
    monkeypatch.setattr(Shell, "stopped", 0)
    boxes, model = types.ModuleType("boxes"), types.ModuleType("model")
    vars(boxes)["DockerSandbox"] = Shell
    vars(model)["DockerSandboxConfig"] = types.SimpleNamespace
    for name in ("ms_enclave", "ms_enclave.sandbox"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, "ms_enclave.sandbox.boxes", boxes)
    monkeypatch.setitem(sys.modules, "ms_enclave.sandbox.model", model)
    return DockerRunner("python:3.11-slim")


def test_a_program_runs_in_a_container_without_a_network(docker: DockerRunner) -> None:
    program = Program("print(input(), open('a').read())", stdin=b"in\n", files={"a": b"file"})
    done = docker.run(1, 0, program)
    assert (done.status, done.stdout, done.sandbox) == ("passed", "in file\n", "docker(python:3.11-slim)")
    assert CONFIGS[-1]["network_enabled"] is False
    assert CONFIGS[-1]["memory_limit"] == "2048m"
    assert Shell.stopped == 1


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("1/0", "failed", "ZeroDivisionError: division by zero"),
        ("exit(3)", "failed", "it ended with exit code 3"),
        ("import os; os.abort()", "crashed", "it was ended by signal 6"),
        ("import time; time.sleep(9)", "timeout", "it took longer than 1 s"),
        ("print('x' * 3_000_000)", "output_limit", "it wrote more than 1,000,000 bytes"),
        ("raise MemoryError", "memory", "it asked for more than 2,048 MB"),
    ],
)
def test_how_it_ends(code: str, status: str, reason: str, docker: DockerRunner) -> None:
    done = docker.run(1, 0, Program(code, limits=Limits(cpu_s=5, wall_s=1 if "sleep" in code else 30)))
    assert (done.status, done.reason) == (status, reason)
    assert Shell.stopped == 1


def test_a_call_is_not_run(docker: DockerRunner) -> None:
    assert docker.run(1, 0, Call("statistics:mean", {"data": [1]})).status == "not_run"


def test_a_container_that_does_not_start_is_no_wrong_answer(docker: DockerRunner) -> None:
    done = DockerRunner("no-such").run(1, 0, Program("1/0"))
    assert (done.status, done.reason) == ("not_run", "docker: Failed to pull image no-such")
