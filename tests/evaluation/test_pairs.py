"""Twenty exercises by a model alone and by a pair: every counter is as counted by hand, whatever happens on the way."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from qwq_nb import sandbox
from qwq_nb.bench.cache import cache_dir
from qwq_nb.core.records import SampleResult, Step
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.registry import set_default
from qwq_nb.errors import SandboxUnavailable
from qwq_nb.evaluation.evaluate import evaluate, resume_run
from qwq_nb.run.run import Run
from qwq_nb.store.jsonl import read_rows
from qwq_nb.store.turns import TURNS
from tests.support.demo_server import completed_counts, own_endpoint, request_counts
from tests.support.editing_exercises import SCENARIOS, Exercise, exercises, write_exercises, write_replies
from tests.support.waiting import wait_until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs the sandbox")


@pytest.fixture(autouse=True)
def needs_a_sandbox() -> None:
    try:
        sandbox.available()
    except SandboxUnavailable as exc:
        pytest.skip(str(exc))


class Counts(NamedTuple):
    """What is counted of one exercise."""

    first: int
    """Requests to the model alone, or to the architect."""
    editor: int
    malformed: int
    syntax_errors: int
    no_edit: int
    """Replies that can be read and edit nothing."""
    tested: int
    passed_1: bool
    passed_2: bool


# By hand: the scenarios are those of `SCENARIOS`.
PAIR = {
    ("R",): Counts(1, 1, 0, 0, 0, 1, True, True),
    ("W", "R"): Counts(2, 2, 0, 0, 0, 2, False, True),
    ("MR",): Counts(1, 2, 1, 0, 0, 1, True, True),
    ("MMW", "R"): Counts(2, 4, 2, 0, 0, 2, False, True),
    ("MMMM", "MMMM"): Counts(2, 8, 8, 0, 0, 2, False, False),
    ("N", "R"): Counts(2, 2, 0, 0, 1, 2, False, True),
    ("N", "N"): Counts(2, 2, 0, 0, 2, 2, False, False),
    ("SR",): Counts(1, 2, 0, 1, 0, 1, True, True),
    ("SSR",): Counts(1, 3, 0, 2, 0, 1, True, True),
    ("W", "W"): Counts(2, 2, 0, 0, 0, 2, False, False),
    ("W", "MR"): Counts(2, 3, 1, 0, 0, 2, False, True),
    ("E", "R"): Counts(2, 1, 0, 0, 0, 2, False, True),
}
ALONE = {
    ("R",): Counts(1, 0, 0, 0, 0, 1, True, True),
    ("W", "R"): Counts(2, 0, 0, 0, 0, 2, False, True),
    ("MR",): Counts(2, 0, 1, 0, 0, 1, True, True),
    ("MMW", "R"): Counts(4, 0, 2, 0, 0, 2, False, True),
    ("MMMM", "MMMM"): Counts(8, 0, 8, 0, 0, 2, False, False),
    ("N", "R"): Counts(2, 0, 0, 0, 1, 2, False, True),
    ("N", "N"): Counts(2, 0, 0, 0, 2, 2, False, False),
    ("SR",): Counts(2, 0, 0, 1, 0, 1, True, True),
    ("SSR",): Counts(3, 0, 0, 2, 0, 1, True, True),
    ("W", "W"): Counts(2, 0, 0, 0, 0, 2, False, False),
    ("W", "MR"): Counts(3, 0, 1, 0, 0, 2, False, True),
    ("E", "R"): Counts(2, 0, 0, 0, 1, 2, False, True),
}
BRIEF: tuple[tuple[str, ...], ...] = (("MR",), ("W", "R"), ("N", "N"), ("SR",))
"""For tests of the ordinary suite."""


class Setting:
    """A server with the replies to some exercises, and the call that evaluates on them."""

    def __init__(self, start: Callable[..., DemoEndpoint], folder: Path, found: Sequence[Exercise]) -> None:
        self.exercises = list(found)
        self.data = write_exercises(folder / "exercises.jsonl", found)
        self.server = start(transcripts=[write_replies(folder / "replies.jsonl", found)])
        self.out = folder / "runs"

    def endpoints(self) -> tuple[Endpoint, Endpoint]:
        own = own_endpoint(self.server, name="qwq", price_in=1, price_out=2)
        return own, own_endpoint(self.server, name="coder", temperature=0.1, price_in=10, price_out=20)

    def run(self, *, pair: bool = True, **options: Any) -> Run:
        own, editor = self.endpoints()
        given: dict[str, Any] = {"data": self.data, "out": self.out, "show": False, "edit_format": "diff", **options}
        return evaluate("code_editing", endpoint=own, editor=editor if pair else None, **given)

    def expected(self, *, pair: bool = True) -> dict[str, Counts]:
        return {e.name: (PAIR if pair else ALONE)[e.tries] for e in self.exercises}

    def keys(self) -> dict[str, str]:
        """The reasoning of each turn → its key in the server's log."""
        found = {}
        for e in self.exercises:
            for number, word in enumerate(e.tries, 1):
                found[f"I plan try {number} of task {e.number:02}."] = f"{e.name}/architect/{number}"
                for place in range(1, len(word) + 1):
                    text = f"Task {e.number:02}, reply {number}.{place}: so it is."
                    found[text] = f"{e.name}/editor-{number}/{place}"
        return found


def counted(result: SampleResult) -> Counts:
    """What the steps of a result say."""
    assert result.completion is not None
    assert result.outcome not in ("error", "not_gradable"), (
        result.error,
        result.verdict and result.verdict.explanation,
    )
    steps = result.completion.steps
    edits = [step.edit for step in steps if step.edit is not None]

    def passed(most: int) -> bool:
        tests = [s.execution for s in steps if s.try_number <= most and s.execution is not None]
        return any(execution.status == "passed" for execution in tests)

    assert passed(2) == (result.outcome == "correct")
    return Counts(
        first=sum(step.role in ("solo", "architect") for step in steps),
        editor=sum(step.role == "editor" for step in steps),
        malformed=sum(bool(edit.malformed) for edit in edits),
        syntax_errors=sum(bool(edit.syntax_error) for edit in edits),
        no_edit=sum(not edit.malformed and not edit.files for edit in edits),
        tested=sum(step.execution is not None for step in steps),
        passed_1=passed(1),
        passed_2=passed(2),
    )


def counts_of(run: Run) -> dict[str, Counts]:
    return {result.sample.source_id: counted(result) for result in run.results()}


def setting_of(
    start: Callable[..., DemoEndpoint], folder: Path, scenarios: Sequence[tuple[str, ...]], **options: Any
) -> Setting:
    return Setting(start, folder, exercises(tuple(scenarios), **options))


@pytest.mark.long
@pytest.mark.parametrize("pair", [True, False], ids=["pair", "alone"])
def test_every_counter_is_as_counted_by_hand(
    demo_endpoint: Callable[..., DemoEndpoint], tmp_path: Path, pair: bool
) -> None:
    setting = setting_of(demo_endpoint, tmp_path, SCENARIOS)
    run = setting.run(pair=pair)
    assert counts_of(run) == setting.expected(pair=pair)
    counts = counts_of(run).values()
    assert (sum(c.passed_1 for c in counts), sum(c.passed_2 for c in counts)) == (10, 17)
    assert sum(c.malformed > 0 for c in counts) == 5
    assert setting.server.log()["requests"] == sum(c.first + c.editor for c in counts) == (73 if pair else 44)
    assert set(request_counts(setting.server).values()) == {1}
    (row,) = run.board().to_dict("records")
    assert (row["pass_rate_1"], row["pass_rate_2"]) == (50.0, 85.0)
    assert (row["num_malformed_responses"], row["num_with_malformed_responses"]) == (13, 5)
    assert row["percent_cases_well_formed"] == 75.0
    assert row["percent_well_formed_by_aider"] == (100.0 if pair else 75.0)
    if pair:
        assert run.cost().iloc[-1]["cost"] == pytest.approx(cost_by_hand(run))


def cost_by_hand(run: Run) -> float:
    """The cost by hand: 1 and 2 for a million tokens of the architect, ten times as much for the editor's."""
    total = 0.0
    for result in run.results():
        assert result.completion is not None
        for step in result.completion.steps:
            times = 10 if step.role == "editor" else 1
            total += times * (step.completion.prompt_tokens + 2 * step.completion.completion_tokens) / 1e6
    return total


FAULTS = [
    "status,code=503,p=0.1,attempts=1",
    "mid_reset,p=0.1,attempts=1",
    "mid_close,p=0.1,attempts=1",
]
"""Of 30 % of the requests, the first attempt."""


@pytest.mark.parametrize("scenarios", [BRIEF, pytest.param(SCENARIOS, marks=pytest.mark.long)], ids=["brief", "all"])
def test_faults_of_the_endpoint_change_no_counter(
    demo_endpoint: Callable[..., DemoEndpoint], tmp_path: Path, scenarios: Sequence[tuple[str, ...]]
) -> None:
    setting = setting_of(demo_endpoint, tmp_path, scenarios)
    setting.server.set_faults(FAULTS)
    run = setting.run()
    assert counts_of(run) == setting.expected()
    assert setting.server.log()["requests"] > sum(c.first + c.editor for c in setting.expected().values())
    assert run.cost().iloc[-1]["cost"] == pytest.approx(cost_by_hand(run))


# -- kill -9 -------------------------------------------------------------------------------------------------------

CHILD = """
import sys
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.evaluation.evaluate import evaluate

url, model, data, out = sys.argv[1:]
options = dict(max_tokens=2000, backoff=0.01, max_retries=2)
own = Endpoint(url, model, name="qwq", price_in=1, price_out=2, **options)
editor = Endpoint(url, model, name="coder", temperature=0.1, price_in=10, price_out=20, **options)
evaluate("code_editing", endpoint=own, editor=editor, data=data, out=out, edit_format="diff", concurrency=2, show=False)
"""


class Child:
    """The evaluation in a process of its own."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        server = setting.server
        words = [server.url, server.model, str(setting.data), str(setting.out)]
        self.process = subprocess.Popen([sys.executable, "-c", CHILD, *words])

    def turns(self) -> list[dict[str, Any]]:
        """The rows that are on disk."""
        return [row for file in self.setting.out.glob(f"*/{TURNS}") for row in read_rows(file)]

    def streams(self, word: str) -> bool:
        """Whether a turn whose key has this word is being streamed, after a few that are whole."""
        last = self.setting.server.log()["last"]
        return len(self.turns()) >= 4 and any(
            entry["status"] is None and word in (entry["key"] or "") for entry in last
        )

    def tests(self) -> bool:
        """Whether the tests of a sample are running, for a moment now."""

        def untested() -> set[str]:
            last = {row["id"]: row for row in self.turns()}
            return {id_ for id_, row in last.items() if "verdict" not in row and row["role"] == "editor"}

        before = untested()
        time.sleep(0.3)
        return bool(before & untested())

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(20)


PHASES: dict[str, Callable[[Child], bool]] = {
    "architect stream": lambda child: child.streams("/architect/"),
    "editor stream": lambda child: child.streams("/editor-"),
    "tests": lambda child: child.tests(),
    "between": lambda child: len(child.turns()) >= 5,
}


def same_line(setting: Setting) -> Run:
    """Run the same line again."""
    return setting.run(concurrency=2)


def resumed(setting: Setting) -> Run:
    """Resume the run by its folder, where this kernel has set both endpoints, and the editor otherwise by now."""
    for endpoint in setting.endpoints():
        set_default(endpoint.replace(sampling={"temperature": 0.9}))
    (folder,) = setting.out.iterdir()
    return resume_run(folder, data=setting.data, show=False)


def killed_and_resumed(setting: Setting, phase: str, again: Callable[[Setting], Run] = same_line) -> tuple[Run, int]:
    """Kill the evaluation in a phase and go on by `again`; return the run, and the turns that were on disk.

    No turn that was on disk is asked again; of the others at most those that were under way.
    """
    if "stream" in phase:
        setting.server.configure(tokens_per_second=60)
    child = Child(setting)
    try:
        wait_until(lambda: child.process.poll() is not None or PHASES[phase](child), 120)
        assert child.process.poll() is None, "it was over before it could be killed"
    finally:
        child.kill()
    kept = [row for row in child.turns() if "completion" in row]
    setting.server.configure(tokens_per_second=0)
    # The child kept the exercises in this test's cache; this process's worker may have been started with another one.
    shutil.rmtree(cache_dir() / "prompts")
    run = again(setting)
    # Completions that went out whole: where there are faults, a turn has attempts that failed.
    keys, counts = setting.keys(), completed_counts(setting.server)
    assert {counts[keys[row["completion"]["reasoning"]]] for row in kept} == {1}
    assert sum(count - 1 for count in counts.values()) <= 2, "no more than the two streams that were cut"
    return run, len(kept)


@pytest.mark.long
def test_killed_while_it_streams_a_pair_goes_on_where_it_was(
    demo_endpoint: Callable[..., DemoEndpoint], tmp_path: Path
) -> None:
    setting = setting_of(demo_endpoint, tmp_path, BRIEF)
    run, kept = killed_and_resumed(setting, "editor stream", resumed)
    assert kept >= 3
    assert counts_of(run) == setting.expected()
    editors = [entry["body"] for entry in setting.server.log()["last"] if "/editor-" in entry["key"]]
    assert {body["temperature"] for body in editors} == {0.1}, "as the run asked it before"


@pytest.mark.long
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("faults", [[], FAULTS], ids=["no faults", "faults"])
def test_killed_in_any_phase_every_counter_is_as_counted_by_hand(
    demo_endpoint: Callable[..., DemoEndpoint],
    tmp_path: Path,
    tell: Callable[[str], None],
    phase: str,
    faults: list[str],
) -> None:
    setting = setting_of(demo_endpoint, tmp_path, SCENARIOS, seconds=1.0 if phase == "tests" else 0.0)
    setting.server.set_faults(faults)
    run, kept = killed_and_resumed(setting, phase)
    assert counts_of(run) == setting.expected()
    tell(
        f"killed in {phase}{' with faults' if faults else ''}: {kept} turns kept, none asked again, all counters equal"
    )


def test_steps_are_in_the_order_of_the_protocol(demo_endpoint: Callable[..., DemoEndpoint], tmp_path: Path) -> None:
    setting = setting_of(demo_endpoint, tmp_path, [("MW", "R")])
    run = setting.run()
    (result,) = run.results()
    assert result.completion is not None

    def place(step: Step) -> tuple[str, int, int]:
        return step.role, step.try_number, step.retry

    order = [("architect", 1, 0), ("editor", 1, 0), ("editor", 1, 1), ("architect", 2, 0), ("editor", 2, 0)]
    assert [place(step) for step in result.completion.steps] == order
    assert [place(step) for step in run.sample(result.sample.id).steps] == order
    assert Counter(step.endpoint for step in result.completion.steps) == {"qwq": 2, "coder": 3}
