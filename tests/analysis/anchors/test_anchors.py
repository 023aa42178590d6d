"""Which thoughts mattered, on real loopback servers: the planted one is found, nothing is asked twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections import Counter
from os.path import commonprefix
from pathlib import Path
from typing import Any

import msgspec
import pytest

from qwq_nb.analysis.anchors.api import Anchors, anchors
from qwq_nb.analysis.anchors.rows import FILE
from qwq_nb.core.records import Analysis, SampleResult
from qwq_nb.demo.continuation import needed_tokens
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.demo.replay import Transcripts, built_in, split_tokens
from qwq_nb.errors import OptionError
from qwq_nb.evaluation.continuing.probe import NoTransport
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.open import load_run
from qwq_nb.run.run import Run
from qwq_nb.trace.measure import VERSION
from tests.support.hostile_texts import CORPUS
from tests.support.made_runs import made_run, result
from tests.support.math_problems import MATH
from tests.support.paths import ROOT
from tests.support.thought_server import ThoughtServer, thought_server


def run_on(server: ThoughtServer, tmp_path: Path, limit: int = 4) -> Run:
    return evaluate(
        "math_500", endpoint=server.endpoint(), data=MATH, limit=limit, concurrency=4, out=tmp_path, show=False
    )


def right_ones(run: Run) -> list[SampleResult]:
    return [r for r in run.results() if r.outcome == "correct"]


def longest(run: Run) -> str:
    """The id of the right answer with the longest reasoning."""
    return max(right_ones(run), key=lambda r: len(r.completion.reasoning) if r.completion else 0).sample.id


def rows_of(run: Run) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run.path / FILE).read_text(encoding="utf-8").splitlines()]


def planted(one: SampleResult, made: Anchors) -> int:
    """The number of the thought in which the planted number of needed tokens is reached."""
    assert one.completion is not None
    transcript, reasoning = Transcripts.load(built_in()).find(one.sample.question), one.completion.reasoning
    variant = max(transcript.variants, key=lambda v: len(commonprefix([v.reasoning, reasoning])))  # noqa: RUF071
    needed = needed_tokens(transcript.key, variant)
    return next(
        row.thought.number for row in made.thoughts if len(split_tokens(reasoning[: row.thought.end])) >= needed
    )


def test_the_planted_thought_is_found_by_forced_answers_and_by_rollouts(server: DemoEndpoint, tmp_path: Path) -> None:
    run = evaluate("math_500", demo=True, limit=9, out=tmp_path, show=False)
    ranked = []
    for one in right_ones(run):
        made = anchors(run, one.sample.id, rollouts=10, show=False)
        where = planted(one, made)
        table = made.table().set_index("thought")
        assert list(table.index[table.forced_importance == 1]) == [where]
        assert (table.forced_importance.drop(where) == 0).all()
        ranked.append(table.importance.idxmax() == where)
        if len(table) > 1:
            assert table.ci_low[where] > 0, "its interval does not hold 0"
    assert len(ranked) >= 6
    assert sum(ranked) >= 0.95 * len(ranked)


@pytest.mark.parametrize(
    "behaviour",
    [{}, {"raw": "forbidden"}, {"raw": "forbidden", "content": "empty_first"}],
    ids=["raw", "open content", "reasoning field"],
)
def test_each_transport_finds_it(behaviour: dict[str, Any], tmp_path: Path) -> None:
    with thought_server(**behaviour) as server:
        run = run_on(server, tmp_path)
        sample = longest(run)
        made = anchors(run, sample, rollouts=6, show=False)
        again = len(server.asked)
        assert str(run.anchors(sample, rollouts=6, show=False)) == str(made)
        assert len(server.asked) - again <= 4, "the probe alone"
    where = planted(next(r for r in run.results() if r.sample.id == sample), made)
    table = made.table().set_index("thought")
    assert abs(int(table.importance.idxmax()) - where) <= 1
    rollouts = [row for row in rows_of(run) if row["kind"] == "rollout"]
    assert len(rollouts) == 6 * (len(table) + 1)
    assert {row["outcome"] for row in rollouts} == {"asked"}
    assert max(row["completion"] for row in rollouts) > 100, "rollouts think to the end"


@pytest.mark.long
def test_kill_9_asks_nothing_twice(tmp_path: Path) -> None:
    program = textwrap.dedent(
        f"""
        import sys
        from qwq_nb import anchors, load_run
        anchors(load_run({str(tmp_path / "run")!r}), sys.argv[1], rollouts=5, concurrency=2, show=False)
        """
    )
    with thought_server(seconds=0.05) as server:
        run = run_on(server, tmp_path / "out")
        run.path.rename(tmp_path / "run")
        sample = longest(run)
        command = [sys.executable, "-c", program, sample]
        child = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)})
        file = tmp_path / "run" / FILE
        for _ in range(600):
            if file.exists() and file.read_bytes().count(b"\n") > 8:
                break
            try:
                child.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            break
        child.kill()
        assert child.wait(10) == -signal.SIGKILL
        had = {row["key"] for row in map(json.loads, file.read_text().splitlines()) if row["outcome"] == "asked"}
        with file.open("ab") as torn:
            torn.write(b'{"sample":"math_500/level-1/0","repeat":0,"ki')
        server.seconds = 0
        run = load_run(tmp_path / "run")
        made = anchors(run, sample, rollouts=5, show=False)
    keys = Counter(row["key"] for row in rows_of(run))
    assert len(had) >= 5
    assert had < set(keys)
    assert set(keys.values()) == {1}
    assert (made.table().rollouts_after == 5).all()


def test_the_cost_is_told_without_a_request(tmp_path: Path) -> None:
    with thought_server() as server:
        run = run_on(server, tmp_path)
        before = len(server.asked)
        made = anchors(run, longest(run), rollouts=3, cost=True)
        assert len(server.asked) == before
        n = len(made.thoughts)
    assert made.cost.startswith(f"{n} thoughts: {n + 1} forced answers and {3 * (n + 1)} rollouts, about ")
    assert "Nothing was asked yet." in str(made)


def test_thoughts_are_joined(tmp_path: Path) -> None:
    with thought_server() as server:
        run = run_on(server, tmp_path)
        sample = longest(run)
        whole = anchors(run, sample, cost=True)
        two = anchors(run, sample, thoughts=2, show=False)
    assert len(two.thoughts) == 2 < len(whole.thoughts)
    assert sum(row.thought.joined for row in two.thoughts) == len(whole.thoughts)
    assert f"{len(whole.thoughts)} thoughts were joined to 2." in str(two)


def test_a_thought_that_the_server_drops_counts_nowhere(tmp_path: Path) -> None:
    with thought_server(forgets_after=2) as server:
        run = run_on(server, tmp_path)
        made = anchors(run, longest(run), show=False)
    assert "without proof that the thought arrived: not counted" in str(made)
    assert made.table().forced_importance.isna().sum() >= len(made.thoughts) - 1


def test_where_nothing_is_proved_it_is_said(tmp_path: Path) -> None:
    with thought_server() as server:
        run = run_on(server, tmp_path)
        server.usage = False
        with pytest.raises(NoTransport):
            anchors(run, longest(run), show=False)
    assert not (run.path / FILE).exists()


def test_what_cannot_be_measured_is_refused(tmp_path: Path) -> None:
    run = made_run([result(1), result(2, benchmark="humaneval"), result(3, reasoning="", tokens=0)])
    with pytest.raises(OptionError, match="no sample"):
        anchors(run, "math_500/level-1/99")
    for options in ({"rollouts": -1}, {"rollouts": True}, {"thoughts": 0}, {"concurrency": 0}):
        with pytest.raises(OptionError, match="takes a whole number from"):
            anchors(run, run.results()[0].sample.id, **options)
    with pytest.raises(OptionError, match="has no reasoning to measure"):
        anchors(run, run.results()[2].sample.id)
    with pytest.raises(OptionError, match="takes a run, not str"):
        anchors("a run", "x")  # type: ignore[arg-type]


def test_rows_of_somebody_else_are_read_and_not_believed(tmp_path: Path) -> None:
    with thought_server() as server:
        run = run_on(server, tmp_path)
        rows = [
            b"\x00\n",
            b"[1]\n",
            b'{"key": 1}\n',
            b'{"sample":"x","repeat":0,"kind":"forced","chars":0,"key":"k"}\n',
        ]
        (run.path / FILE).write_bytes(b"".join(rows))
        made = anchors(run, longest(run), show=False)
    assert not made.table().forced_importance.isna().any()


def test_hostile_texts_stay_texts() -> None:
    for text in CORPUS:
        reasoning = f"{text}\n\nWait, {text} so it is 12.\n\nHmm, {text}"
        found = Analysis(version=VERSION, chars=len(reasoning), thoughts=3, first_correct=(0, 1))
        run = made_run([msgspec.structs.replace(result(1, reasoning=reasoning), analysis=found)])
        made = anchors(run, run.results()[0].sample.id, cost=True, endpoint="demo")
        html = made.html
        for tag in ("<script", "<img", "<svg", "<iframe", "<style", "<a ", "<link", "<meta", "<form"):
            assert tag not in html.lower()
