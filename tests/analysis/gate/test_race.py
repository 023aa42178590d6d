"""Two endpoints asked at the same time: when it stops, what is left to ask, what is refused."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from signal import SIGINT, pthread_kill
from typing import Any

import pytest

from qwq_nb.analysis.gate.race import RaceInterrupted, race
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import OptionError
from tests.support.demo_server import own_endpoint
from tests.support.math_problems import write_jsonl
from tests.support.waiting import wait_until

N = 80

Start = Callable[..., DemoEndpoint]


@pytest.fixture
def problems(tmp_path: Path) -> Path:
    return write_jsonl(
        tmp_path / "sums.jsonl",
        [{"problem": f"What is {i} + {i}?", "answer": str(2 * i), "solution": "", "level": 1} for i in range(N)],
    )


@pytest.fixture
def answering(tmp_path: Path, demo_endpoint: Start) -> Callable[[str, int], Endpoint]:
    """Makes endpoints whose answers are off by so much, at a pace that leaves time to stop."""

    def make(name: str, off: int) -> Endpoint:
        rows = [
            {
                "unique_id": f"sum-{i}",
                "problem": f"What is {i} + {i}?",
                "reasoning": f"{i} + {i} is easy.",
                "answer": rf"It is \boxed{{{2 * i + off}}}.",
            }
            for i in range(N)
        ]
        served = demo_endpoint(transcripts=[write_jsonl(tmp_path / f"{name}.jsonl", rows)], ttft=0.2)
        return own_endpoint(served, name=name)

    return make


def test_it_stops_as_soon_as_it_is_decided(problems: Path, answering: Callable[[str, int], Endpoint]) -> None:
    full, broken = answering("full", 0), answering("broken", 1)
    options: dict[str, Any] = {"data": problems, "concurrency": 2, "show": False}
    found = race("math_500", endpoints=[full, broken], margin=5, **options)
    assert found.decision == "NO-GO"
    assert found.rows()[-1].pairs < N / 2
    assert found.rows()[-1].gained == 0
    assert "at every look" in found.html
    assert found.a.state == found.b.state == "stopped", "the same line without --race goes on"
    better = race("math_500", endpoints=[broken, full], margin=5, **options)
    assert better.decision == "GO"


def test_where_nothing_is_decided_all_is_asked(problems: Path, answering: Callable[[str, int], Endpoint]) -> None:
    full, same = answering("full", 0), answering("same", 0)
    found = race("math_500", endpoints=[full, same], margin=1, data=problems, limit=20, concurrency=20, show=False)
    assert found.decision == "INCONCLUSIVE"
    assert found.rows()[-1].pairs == 20
    assert "It holds at every look, so further problems may be asked." in found.sentence
    assert found.rows()[-1].more_problems is None


def test_an_interrupt_keeps_both_runs(
    tmp_path: Path, problems: Path, answering: Callable[[str, int], Endpoint]
) -> None:
    full, same = answering("full", 0), answering("same", 0)
    main = threading.main_thread().ident
    assert main is not None

    def interrupt() -> None:
        with contextlib.suppress(AssertionError):
            wait_until(lambda: len(list((tmp_path / "out").rglob("reviews/*/*.jsonl"))) == 2, 30)
        pthread_kill(main, SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(RaceInterrupted, match="the race stopped after") as caught:
        race(
            "math_500",
            endpoints=[full, same],
            margin=0,
            data=problems,
            concurrency=1,
            out=tmp_path / "out",
            show=False,
        )
    gate = caught.value.gate
    assert gate.decision == "INCONCLUSIVE"
    assert 0 < gate.rows()[-1].pairs < N


@pytest.mark.parametrize(
    ("endpoints", "more", "said"),
    [
        ("full", {}, "between two endpoints"),
        ("a,b,c", {}, "between two endpoints"),
        ("a,", {}, "between two endpoints"),
        ("demo,demo", {}, "would share one run"),
        ("demo,demo", {"repeats": 4}, "asks each problem once"),
        ("demo,demo", {"margin": -1}, "from 0 to 100"),
    ],
)
def test_what_is_refused(endpoints: str, more: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        race("math_500", endpoints=endpoints, show=False, **more)
