"""A night's run in minutes: 2,000 samples with traces of 10,000 tokens through a real kernel, its live view on.

    python -m pytest -m long tests/kernel/test_long_run.py -s

Time is compressed by an endpoint that writes as fast as it is read; the tokens, the rows on disk and the updates are
those of a run of hours. Prints memory, updates and sizes.
"""

from __future__ import annotations

import contextlib
import queue
import random
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from qwq_nb.core.run_record import MIME_TYPE
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.view.budget import FINAL_BYTES, LIVE_BYTES, saved_size
from tests.support.demo_server import completed_counts
from tests.support.math_problems import write_jsonl

pytestmark = pytest.mark.long

SAMPLES = 2000
TOKENS = 10_000
CHUNKS = 40
"""Pieces that a trace comes in: fewer than its tokens, so that the endpoint is not what takes the time."""
MOST_GROWN = 300e6
"""Bytes that the kernel may take over what it had before the run."""
WORDS = """
so then we get the sum of both sides and since it divides evenly there is a remainder to look at which gives another
case ≥ 2 where the number must be prime or a square of one that was found before this step
"""


def problem(number: int) -> dict[str, Any]:
    """A row in MATH-500's fields."""
    return {
        "problem": f"Add ${number}$ and ${7 * number + 1}$, and give the sum of the two numbers.",
        "solution": f"\\boxed{{{8 * number + 1}}}",
        "answer": str(8 * number + 1),
        "subject": "Prealgebra",
        "level": number % 5 + 1,
        "unique_id": f"long/{number}.json",
    }


def transcript(row: dict[str, Any], number: int) -> dict[str, Any]:
    """A trace of TOKENS tokens that turns around now and then; nine answers of ten are right, one trace is cut."""
    chance, words = random.Random(number), WORDS.split()
    said: list[str] = []
    while len(said) < TOKENS - 40:
        said += chance.choices(words, k=60)
        said += ["Wait,", "that", "is", str(chance.randrange(10_000)) + ".\n\n"]
    given = row["answer"] if number % 10 else "12345"
    answer = f"The sum is \\boxed{{{given}}}."
    # Words, commas, stops and line ends are a token each.
    return {**row, "reasoning": " ".join(said[: round(TOKENS * 0.96)]), "answer": answer}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Problems and transcripts."""
    folder = tmp_path_factory.mktemp("long")
    rows = [problem(n) for n in range(1, SAMPLES + 1)]
    book = (
        {k: t[k] for k in ("unique_id", "problem", "reasoning", "answer")}
        for t in map(transcript, rows, range(SAMPLES))
    )
    return write_jsonl(folder / "problems.jsonl", rows), write_jsonl(folder / "transcripts.jsonl", book)


class Memory:
    """The kernel's resident memory, looked at ten times a second."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self.start = self.peak = self.now
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    @property
    def now(self) -> int:
        return int(self._process.memory_info().rss)

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            self.peak = max(self.peak, self.now)

    def close(self) -> None:
        self._over.set()
        self._thread.join()


def record_of(message: dict[str, Any]) -> dict[str, Any]:
    return dict(message["content"]["data"].get(MIME_TYPE, {}))


def done_of(cell: Any) -> int:
    return int(record_of(cell.displays[-1]).get("progress", {}).get("done", 0)) if cell.displays else 0


def drawn_at(message: dict[str, Any]) -> float:
    date = message["header"]["date"]
    return (date if isinstance(date, datetime) else datetime.fromisoformat(str(date))).timestamp()


def test_a_night_in_minutes(
    start_kernel: Callable[..., Any], data: tuple[Path, Path], tell: Callable[[str], None]
) -> None:
    """One front end leaves after a quarter and comes back after a half; another never reads until the end."""
    problems, book = data
    with DemoEndpoint(transcripts=[book], chunks=CHUNKS) as server:
        kernel = start_kernel()
        assert kernel.run("%load_ext qwq_nb").status == "ok"
        assert kernel.run(f"%qwq_endpoint {server.url} --model {server.model} --name own").status == "ok"
        asleep = kernel.manager.blocking_client()
        asleep.start_channels(shell=False, stdin=False, hb=False, control=False)
        memory = Memory(kernel.pid)
        begun = time.perf_counter()
        cell = kernel.begin(f"run = %qwq_eval math_500 --data {problems} --concurrency 64")
        cell.until(lambda: done_of(cell) >= SAMPLES // 4, 600)
        kernel.disconnect()
        seen = len(cell.displays)
        while len(completed_counts(server)) < SAMPLES // 2:
            assert time.perf_counter() - begun < 600
            time.sleep(0.5)
        kernel.connect()
        cell.until(lambda: cell.idle, 600)
        seconds = time.perf_counter() - begun
        shown = kernel.run("%qwq_show run")
        table = kernel.run("print(run.state, run.table().query(\"subset == 'all'\")[['n', 'correct']].values.tolist())")
        memory.close()
    live, last = cell.displays[:-1], cell.displays[-1]
    late = backlog(asleep, cell.id)
    record = record_of(last)
    lengths = [row["reasoning_tokens"] + row["answer_tokens"] for row in record["samples"]]
    before, after = live[:seen], live[seen:]
    rates = [(len(part) - 1) / (drawn_at(part[-1]) - drawn_at(part[0])) for part in (before, after)]
    figures = {
        "seconds": round(seconds, 1),
        "tokens a trace": round(sum(lengths) / len(lengths)),
        "kernel memory at its start, MB": round(memory.start / 1e6),
        "grown at most, MB": round((memory.peak - memory.start) / 1e6),
        "grown at the end, MB": round((memory.now - memory.start) / 1e6),
        "updates read, before and after": f"{len(before)}, {len(after)}",
        "updates a second": round(max(rates), 2),
        "largest update, kB": round(max(saved_size(m["content"]["data"]) for m in live) / 1e3),
        "output, kB": round(saved_size(last["content"]["data"]) / 1e3),
    }
    tell("\n".join(f"{name:34} {value:>10}" for name, value in figures.items()))
    assert lengths == pytest.approx([TOKENS] * SAMPLES, rel=0.1)
    assert memory.peak - memory.start < MOST_GROWN
    for part in (before, after):
        for first, fifth in zip(part, part[4:], strict=False):
            assert drawn_at(fifth) - drawn_at(first) >= 0.99, "at most four updates a second"
    assert all(saved_size(m["content"]["data"]) <= LIVE_BYTES for m in live)
    # The one that came back has the end, in the display that it left; so has the one that did not read.
    for message in (last, late[-1], shown.displays[-1]):
        assert (record_of(message)["state"], record_of(message)["progress"]["done"]) == ("complete", SAMPLES)
        assert len(record_of(message)["samples"]) == SAMPLES
        assert saved_size(message["content"]["data"]) <= FINAL_BYTES
    assert len({m["content"]["transient"]["display_id"] for m in [*cell.displays, late[-1]]}) == 1
    assert table.text == f"complete [[{SAMPLES}, {SAMPLES - SAMPLES // 10}]]\n"


def backlog(client: BlockingKernelClient, cell: str) -> list[dict[str, Any]]:
    """The displays of a cell that have piled up for a client."""
    found = []
    with contextlib.suppress(queue.Empty):
        while True:
            message = client.get_iopub_msg(timeout=3)
            ours = message["parent_header"].get("msg_id") == cell
            if ours and message["msg_type"] in ("display_data", "update_display_data"):
                found.append(message)
    client.stop_channels()
    return found
