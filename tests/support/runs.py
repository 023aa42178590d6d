"""What the tests of runs share: the demo server as an endpoint of one's own, and small data files."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.core.records import Completion, Sample
from qwq_nb.demo import PROBLEMS
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.endpoint import Endpoint

MATH = PROBLEMS["math_500"]


def own(server: DemoEndpoint, **changes: Any) -> Endpoint:
    """The server as if it were the user's: not marked as demo, variants by turns, failures asked again at once."""
    options: dict[str, Any] = {"name": "own", "max_tokens": 2000, "backoff": 0.01, "max_retries": 2, **changes}
    return Endpoint(server.url, server.model, **options)


def asked(server: DemoEndpoint) -> dict[str, int]:
    """How often each problem was asked for, by its key in the transcripts."""
    return {key: counts["requests"] for key, counts in server.log()["prompts"].items()}


def completed(server: DemoEndpoint) -> dict[str, int]:
    """How often an answer to each problem went out whole."""
    return {key: counts["completed"] for key, counts in server.log()["prompts"].items() if counts["completed"]}


def write_jsonl(file: Path, records: Iterable[dict[str, Any]]) -> Path:
    file.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return file


def math_records(count: int = 40) -> list[dict[str, Any]]:
    """The first problems of the built-in math_500, one of each level in turn."""
    lines = MATH.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines[:count]]


def sample(number: int, subset: str = "default", **more: Any) -> Sample:
    """A problem whose prompt is one of the built-in ones, so that the demo server answers it."""
    record = math_records()[number]
    return Sample(
        benchmark="math_500",
        subset=subset,
        id=f"math_500/{number}",
        index=number,
        question=record["problem"],
        gold=record["answer"],
        messages=[{"role": "user", "content": record["problem"]}],
        source_id=record["unique_id"],
        **more,
    )


def answer(text: str = "\\boxed{82}", **more: Any) -> Completion:
    return Completion(**{"reasoning": "6 · 7 + 4 · 10", "answer": text, "finish_reason": "stop", "attempts": 1, **more})


@contextlib.contextmanager
def small_disk(place: Path, kilobytes: int) -> Iterator[Path]:
    """A file system of that size, mounted at `place`; skips the test where none can be mounted."""
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(place)]
    try:
        made = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except OSError as exc:
        pytest.skip(f"needs mount: {exc}")
    if made.returncode:
        pytest.skip(f"needs the right to mount a tmpfs: {made.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True, timeout=10)


HOLDER = """
import sys
from pathlib import Path
from qwq_nb.store.run_dir import RunDirectory
held = RunDirectory(Path(sys.argv[1]))
held.lock()
print("locked", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def held_by_another(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process writes the run."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "locked\n"
        try:
            yield process
        finally:
            process.stdin.close()
            process.wait(10)
