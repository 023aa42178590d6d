"""A number is raised: what a run with smaller ones has of it is taken over, and only the rest is asked."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from qwq_nb.core.records import Completion, SampleResult, Step
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.errors import QwqError
from qwq_nb.evaluation import earlier_runs
from qwq_nb.evaluation.evaluate import evaluate, resume_run
from qwq_nb.evaluation.take_over import is_cut
from qwq_nb.run.open import load_run
from qwq_nb.run.run import Run
from qwq_nb.store.jsonl import read_rows
from qwq_nb.store.manifest import MANIFEST
from qwq_nb.store.run_dir import RunDirectory
from tests.support.demo_server import completed_counts, own_endpoint, request_counts
from tests.support.math_problems import MATH, math_records, write_jsonl
from tests.support.run_counts import LOOPING, outcomes, row_count, row_files, subset_counts
from tests.support.run_folders import small_disk
from tests.support.waiting import wait_until

Numbers = dict[str, Any]


def ask(**numbers: Any) -> Run:
    """The built-in problems; the built-in endpoint gives the same answer to the same repeat each time."""
    return evaluate("math_500", demo=True, show=False, **numbers)


def asked(server: DemoEndpoint, **numbers: Any) -> tuple[int, Run]:
    """How many requests this call made, and its run."""
    before = server.log()["requests"]
    run = ask(**numbers)
    assert run.state == "complete"
    return int(server.log()["requests"]) - before, run


def notes(run: Run) -> list[str]:
    return [note for note in run.record().notes if note.startswith("Taken over")]


def answers(run: Run) -> dict[tuple[str, int], Any]:
    """What was answered, counted and measured, by sample and repeat."""
    return {(r.sample.id, r.repeat): seen(r) for r in run.results()}


def seen(result: SampleResult) -> Any:
    completion, verdict = result.completion, result.verdict
    assert completion is not None
    assert verdict is not None
    tokens = (completion.prompt_tokens, completion.reasoning_tokens, completion.answer_tokens)
    said = (completion.reasoning, completion.answer, completion.finish_reason, tokens)
    return result.outcome, result.flags, said, verdict.extracted, verdict.correct, verdict.analysis


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {str(file.relative_to(folder)): (file.read_bytes(), file.stat().st_mtime_ns) for file in files}


def change_manifest(run: Run, **changes: Any) -> None:
    manifest = json.loads((run.path / MANIFEST).read_text())
    (run.path / MANIFEST).write_text(json.dumps({**manifest, **changes}))


# -- what is raised ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("small", "large", "kept", "total"),
    [
        ({"limit": 5, "repeats": 2}, {"limit": 5, "repeats": 4}, 10, 20),
        ({"limit": 10}, {"limit": 20}, 10, 20),
        ({"limit": 10}, {}, 10, 40),
        ({"limit": 5, "repeats": 2}, {"limit": 10, "repeats": 3}, 10, 30),
        ({"levels": [1]}, {"levels": [1, 2]}, 8, 16),
        ({"subset": ["Level 3"]}, {}, 8, 40),
        ({"levels": [1, 2], "limit": 4}, {"limit": 10}, 4, 10),
        pytest.param({}, {"limit": 100, "repeats": 2}, 40, 80, marks=pytest.mark.long),
        pytest.param({"limit": 100}, {"limit": 60, "repeats": 2}, 40, 80, marks=pytest.mark.long),
    ],
    ids=["repeats", "limit", "no_limit", "both", "levels", "subset", "levels_and_limit", "none_reached", "unreached"],
)
def test_only_what_is_missing_is_asked_and_the_table_is_that_of_a_run_asked_afresh(
    server: DemoEndpoint, small: Numbers, large: Numbers, kept: int, total: int
) -> None:
    _, first = asked(server, **small)
    before = snapshot(first.path)
    number, run = asked(server, **large)
    assert number == total - kept
    assert max(request_counts(server).values()) <= large.get("repeats", 1), "nothing is asked twice"
    assert run.record().progress.reused == kept
    assert notes(run) == [f"Taken over from {first.name}: {kept} of {total} answers; {total - kept} are asked."]
    assert row_count(run, "predictions") == row_count(run, "reviews") == total
    assert snapshot(first.path) == before

    number, fresh = asked(server, **large, fresh=True)
    assert (number, notes(fresh)) == (total, [])
    assert answers(run) == answers(fresh) == answers(load_run(run.path))
    assert subset_counts(run) == subset_counts(fresh)
    reports = [json.loads(next(r.path.glob("reports/*/math_500.json")).read_text()) for r in (run, fresh)]
    assert reports[0]["metrics"] == reports[1]["metrics"]


def test_taken_over_rows_keep_their_times(server: DemoEndpoint) -> None:
    _, first = asked(server, limit=3)
    _, run = asked(server, limit=6)
    times = {r.sample.id: (r.completion.latency_s, r.completion.ttft_s) for r in first.results() if r.completion}
    again = {r.sample.id: (r.completion.latency_s, r.completion.ttft_s) for r in run.results() if r.completion}
    assert times.items() <= again.items()


def test_a_higher_token_limit_asks_what_the_lower_one_cut(server: DemoEndpoint) -> None:
    _, first = asked(server, limit=20, max_tokens=600)
    cut = {r.sample.id for r in first.results() if r.completion and r.completion.finish_reason == "length"}
    assert 3 <= len(cut) <= 17
    number, run = asked(server, limit=20, max_tokens=2000)
    assert number == len(cut)
    assert notes(run) == [
        f"Taken over from {first.name}: {20 - len(cut)} of 20 answers; {len(cut)} are asked, {len(cut)} of them cut at "
        f"600 tokens before."
    ]
    assert answers(run) == answers(asked(server, limit=20, max_tokens=2000, fresh=True)[1])


def test_one_that_was_right_before_it_was_cut_is_asked_again_too() -> None:
    """Or else the right ones of the cut answers would be kept, and the wrong ones get another try."""
    cut = Completion(answer="\\boxed{82}", finish_reason="length", answer_tokens=100)
    assert is_cut(cut, 100)
    assert is_cut(msgspec.structs.replace(cut, finish_reason="stop"), 100), "it used the whole limit up"
    whole = msgspec.structs.replace(cut, finish_reason="stop", answer_tokens=60)
    assert not is_cut(whole, 100)
    steps = [Step(role="architect", completion=whole), Step(role="editor", completion=whole)]
    assert not is_cut(Completion(answer="82", answer_tokens=120, finish_reason="stop", steps=steps), 100)
    assert is_cut(Completion(answer="82", finish_reason="stop", steps=[*steps, Step(role="", completion=cut)]), 100)


def test_all_three_numbers_at_once(server: DemoEndpoint) -> None:
    _, first = asked(server, levels=[1, 2, 5], limit=12, max_tokens=600)
    whole = sum(r.completion is not None and r.completion.finish_reason == "stop" for r in first.results())
    assert 0 < whole < 12
    number, run = asked(server, repeats=2, max_tokens=2000)
    assert (number, run.record().progress.reused) == (80 - whole, whole)
    assert answers(run) == answers(asked(server, repeats=2, max_tokens=2000, fresh=True)[1])


def test_a_truncated_answer_under_the_same_token_limit_is_an_answer(server: DemoEndpoint) -> None:
    ask(levels=[5])
    number, run = asked(server)
    assert number == 32
    assert {r.outcome for r in run.results() if r.sample.source_id == LOOPING} == {"truncated"}


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"max_tokens": 2000}, {"max_tokens": 1900}),
        ({"max_tokens": 2000}, {"max_tokens": None}),
        ({"max_tokens": None}, {"max_tokens": 2000}),
        ({"temperature": 0.5}, {"temperature": 0.6}),
        ({"seed": 1}, {"seed": 2}),
        ({"request_seed": 1}, {"request_seed": 2}),
        ({"think": "plain"}, {"think": "prefilled"}),
        ({"repeats": 2}, {"repeats": 1}),
        ({"limit": 6}, {"repeats": 2}),
        ({"max_tokens": 1000, "max_completion_tokens": 1000}, {"max_tokens": 2000, "max_completion_tokens": 900}),
    ],
    ids=lambda numbers: ",".join(f"{name}={value}" for name, value in numbers.items()),
)
def test_what_is_asked_in_another_way_is_asked_anew(server: DemoEndpoint, first: Numbers, then: Numbers) -> None:
    first, then = ({"extra": {k: v for k, v in each.items() if "completion" in k}, **each} for each in (first, then))
    for each in (first, then):
        each.pop("max_completion_tokens", None)
    ask(**{"limit": 2, **first})
    number, run = asked(server, limit=4, **then)
    assert (number, notes(run)) == (4 * then.get("repeats", 1), [])


def test_a_token_limit_of_the_newer_name_counts_as_well(server: DemoEndpoint) -> None:
    ask(limit=10, max_tokens=None, extra={"max_completion_tokens": 600})
    number, run = asked(server, limit=10, max_tokens=None, extra={"max_completion_tokens": 2000})
    assert 0 < number < 10
    assert "cut at 600 tokens before" in notes(run)[0]


def test_another_solver_url_or_file_of_problems_is_another_request(server: DemoEndpoint, tmp_path: Path) -> None:
    data = write_jsonl(tmp_path / "mine.jsonl", math_records(10))
    options: dict[str, Any] = {"data": data, "show": False}
    evaluate("math_500", endpoint=own_endpoint(server), limit=2, **options)
    run = evaluate("math_500", endpoint=own_endpoint(server, max_tokens=2000), limit=4, **options)
    assert len(notes(run)) == 1
    write_jsonl(data, math_records(11))
    assert notes(evaluate("math_500", endpoint=own_endpoint(server), limit=6, **options)) == []
    here = server.url.replace("127.0.0.1", "localhost")
    assert notes(evaluate("math_500", endpoint=own_endpoint(server).replace(url=here), limit=6, **options)) == []


# -- what is there is not what is asked now ------------------------------------------------------------------------


def change_samples(run: Run, **changes: Any) -> str:
    """Change the first sample that a run says it asked; its id."""
    file = run.path / "qwq_samples.jsonl"
    first, *others = file.read_text().splitlines()
    sample = {**json.loads(first), **changes}
    file.write_text("\n".join([json.dumps(sample), *others]) + "\n")
    return str(sample["id"])


def test_a_changed_prompt_is_asked_anew(server: DemoEndpoint) -> None:
    _, first = asked(server, limit=5)
    change_samples(first, messages=[{"role": "user", "content": "an older wording"}])
    number, run = asked(server, limit=10)
    assert (number, run.record().progress.reused) == (6, 4)


@pytest.mark.parametrize("changed", ["gold", "versions", "reviews"])
def test_an_answer_without_a_verdict_that_holds_is_graded_again_and_not_asked(
    server: DemoEndpoint, changed: str
) -> None:
    _, first = asked(server, limit=5)
    for file in row_files(first, "reviews"):
        rows = list(read_rows(file))
        for row in rows:
            row["sample_score"]["score"]["value"] = {"acc": 0.0}  # if it were believed, it would be seen
        write_jsonl(file, rows if changed != "reviews" else [])
    if changed == "gold":
        for _ in range(5):  # each is the first in its turn
            change_samples(first, gold="1")
            lines = (first.path / "qwq_samples.jsonl").read_text().splitlines(keepends=True)
            (first.path / "qwq_samples.jsonl").write_text("".join([*lines[1:], lines[0]]))
    if changed == "versions":
        change_manifest(first, versions={"evalscope": "1.3.0"})
    number, run = asked(server, limit=10)
    assert number == 5
    assert answers(run) == answers(asked(server, limit=10, fresh=True)[1])
    assert f"{first.name}: 5 of 10 answers; 5 are asked." in notes(run)[0]


def test_errors_and_what_was_not_asked_are_not_taken_over(server: DemoEndpoint) -> None:
    server.set_faults(["mid_reset,match=A bakery packs its muffins", "no_finish,match=lamps"])
    first = ask(max_retries=0)
    errors = sum(outcome == "error" for outcome in outcomes(first).values())
    assert errors >= 1
    server.set_faults([])
    number, run = asked(server, repeats=2)
    assert number == 40 + errors
    assert "error" not in outcomes(run).values()


# -- several runs, started over, stopped ---------------------------------------------------------------------------


def test_several_runs_are_put_together(server: DemoEndpoint) -> None:
    more_problems, more_repeats = ask(limit=20, repeats=2), ask(limit=10, repeats=4)
    number, run = asked(server, limit=20, repeats=4)
    assert number == 20
    assert notes(run) == [
        f"Taken over from {more_repeats.name} (40) and {more_problems.name} (20): 60 of 80 answers; 20 are asked."
    ]


def test_where_the_higher_of_two_limits_cut_it_the_lower_one_s_answer_is_not_looked_for(
    server: DemoEndpoint,
) -> None:
    """A shorter answer of another try would stand for one that was longer than the higher limit."""
    low = ask(levels=[2, 5], max_tokens=300)
    high = ask(levels=[2, 5], max_tokens=700)
    for file in row_files(low, "predictions"):
        rows = list(read_rows(file))
        for row in rows:
            row["qwq"].update(finish_reason="stop", shape="field", reasoning_tokens=100, answer_tokens=100)
        write_jsonl(file, rows)
    cut = sum(r.outcome == "truncated" for r in high.results())
    assert cut >= 2
    number, run = asked(server, levels=[2, 5], max_tokens=2000)
    assert number == cut
    assert low.name not in notes(run)[0]


def test_of_a_run_that_was_started_over_the_newest_counts(server: DemoEndpoint) -> None:
    ask(limit=4)
    newest = ask(limit=2, fresh=True)
    ask(limit=4)
    again = ask(limit=4, fresh=True)
    _, run = asked(server, limit=6)
    assert f"from {again.name}: 4 of 6" in notes(run)[0]
    assert newest.name not in notes(run)[0]


def test_the_same_line_goes_on_with_its_own_run_and_keeps_the_note(server: DemoEndpoint) -> None:
    ask(limit=5)
    _, run = asked(server, limit=10)
    number, again = asked(server, limit=10)
    assert (number, again.path, notes(again)) == (0, run.path, notes(run))
    assert notes(load_run(run.path)) == notes(run)
    assert notes(resume_run(run.path, show=False)) == notes(run)


def test_stopped_and_resumed_the_new_run_asks_only_the_rest(server: DemoEndpoint) -> None:
    ask(limit=20)
    server.reset()
    server.configure(tokens_per_second=300)
    run = evaluate("math_500", demo=True, background=True, show=False, concurrency=4)
    wait_until(lambda: run.record([]).progress.done >= 23, 60)
    assert "Taken over from" in " ".join(run.record([]).notes), "said while it goes on"
    run.stop()
    run.wait(20)
    server.configure(tokens_per_second=0)
    finished = run.record([]).progress.done
    server.reset()
    number, again = asked(server)
    assert (again.path, number <= 40 - finished) == (run.path, True)
    assert row_count(again, "predictions") == row_count(again, "reviews") == 40
    assert answers(again) == answers(ask(fresh=True))


CHILD = """
import sys
from qwq_nb import Endpoint, evaluate
url, model, data = sys.argv[1:]
endpoint = Endpoint(url, model, name="own", max_tokens=2000, request_seed=0)
evaluate("math_500", endpoint=endpoint, data=data, concurrency=4, show=False)
"""


@pytest.mark.long
@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_kernel_that_is_killed_in_mid_run(server: DemoEndpoint) -> None:
    endpoint = own_endpoint(server, request_seed=0, max_retries=6)
    options: dict[str, Any] = {"endpoint": endpoint, "data": MATH, "show": False}
    first = evaluate("math_500", limit=20, **options)
    taken = set(request_counts(server))
    server.configure(tokens_per_second=300)
    child = subprocess.Popen([sys.executable, "-c", CHILD, server.url, server.model, str(MATH)])
    try:
        wait_until(lambda: sum(completed_counts(server).values()) >= 24, 60)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait(10)
    server.configure(tokens_per_second=0)
    run = evaluate("math_500", **options)
    assert (run.state, first.name in notes(run)[0]) == ("complete", True)
    assert {request_counts(server)[key] for key in taken} == {1}
    assert row_count(run, "predictions") == row_count(run, "reviews") == 40


@pytest.mark.long
@pytest.mark.parametrize("left", ["a_row", "half_a_row", "predictions"])
def test_a_kernel_that_is_killed_while_it_takes_over(server: DemoEndpoint, left: str) -> None:
    """Rows are there, of a run that is none yet: its manifest comes last."""
    ask(limit=10)
    _, run = asked(server, limit=20)
    expected = answers(run)
    shutil.rmtree(run.path / "reviews")
    for file in row_files(run, "predictions"):
        taken = [line for line in file.read_bytes().splitlines(keepends=True)][:2]
        file.write_bytes(
            b"".join(taken if left == "predictions" else taken[:1])[: -20 if left == "half_a_row" else None]
        )
    (run.path / MANIFEST).unlink()
    number, again = asked(server, limit=20)
    assert (number, again.path) == (10, run.path)
    assert row_count(again, "predictions") == row_count(again, "reviews") == 20
    assert answers(again) == expected

    (run.path / MANIFEST).unlink()
    number, fresh = asked(server, limit=20, fresh=True)
    assert (number, fresh.path != run.path) == (20, True), "--fresh takes nothing, whatever lies there"


def test_a_disk_that_is_full_while_it_takes_over(server: DemoEndpoint, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", kilobytes=1500) as disk:
        options: dict[str, Any] = {"demo": True, "out": disk, "show": False}
        evaluate("math_500", limit=20, **options)
        free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
        (disk / "ballast").write_bytes(b"x" * (free - 60_000))
        with pytest.raises(QwqError, match="cannot be written to"):
            evaluate("math_500", **options)
        assert server.log()["requests"] == 20
        (disk / "ballast").unlink()
        assert "20 of 40 answers; 20 are asked" in notes(evaluate("math_500", **options))[0]
        assert server.log()["requests"] == 40


# -- the new directory, and others' --------------------------------------------------------------------------------


@pytest.mark.long
def test_evalscope_takes_the_new_directory_for_its_own(server: DemoEndpoint) -> None:
    ask(limit=6, repeats=2, max_tokens=600)
    number, run = asked(server, limit=12, repeats=3)
    assert 0 < number < 36
    command = [sys.executable, "-m", "qwq_nb.bench.parity", str(run.path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110)
    assert done.stdout.endswith("0 differences, 0 not explained.\n"), done.stdout + done.stderr[-2000:]
    assert "are not in the run" not in done.stdout


def test_a_stranger_s_folder_does_no_harm(server: DemoEndpoint, tmp_path: Path) -> None:
    """It has the right name and key, and in its files whatever somebody thought of."""
    secret = tmp_path / "secret.jsonl"
    _, first = asked(server, limit=5)
    model = next((first.path / "predictions").iterdir())
    files = sorted(model.iterdir())
    secret.write_bytes(files[0].read_bytes())
    files[0].unlink()
    files[0].symlink_to(secret)
    files[1].write_bytes(
        b"\x00" * 5000 + b"\n[]\n{}\n" + b"[" * 5000 + b"\n" + b'{"index": 1e999, "model_output": 3}\n'
    )
    os.truncate(files[2], 10_000_000_000)  # a hole: it takes no room
    samples = first.path / "qwq_samples.jsonl"
    rows = [json.loads(line) for line in samples.read_text().splitlines()]
    odd: list[Any] = [{**rows[0], "id": "../../x", "subset": "../../../x"}, {**rows[3], "benchmark": "/etc"}, 3]
    samples.write_text("".join(json.dumps(row) + "\n" for row in [*odd, *rows, *rows]))
    change_manifest(first, total=-1, done=10**18)
    number, run = asked(server, limit=10)
    assert number == 10 - run.record().progress.reused
    assert run.record().progress.reused <= 3
    assert {r.outcome for r in run.results()} <= {"correct", "wrong", "no_answer", "truncated"}
    assert answers(run) == answers(asked(server, limit=10, fresh=True)[1])


def test_a_folder_with_no_manifest_to_speak_of_is_passed_over(server: DemoEndpoint) -> None:
    _, first = asked(server, limit=5)
    stem = first.name.rpartition("-")[0]
    for name, content in (("0" * 8, "{}"), ("1" * 8, ""), ("2" * 8, '{"schema": "qwq_run.v9"}'), ("x", "[]")):
        (first.path.parent / f"{stem}-{name}").mkdir()
        (first.path.parent / f"{stem}-{name}" / MANIFEST).write_text(content)
    (first.path.parent / f"{stem}-{'3' * 8}").symlink_to(first.path)
    number, run = asked(server, limit=10)
    assert (number, len(notes(run))) == (5, 1)


def test_only_manifests_of_the_same_benchmarks_and_model_are_read(
    server: DemoEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, first = asked(server, limit=5)
    others = ["aime24-QwQ-32B-demo-0a0a0a0a", "math_500-QwQ-32B-00000000", "math_500-QwQ-32B-demo-x-00000000"]
    for name in others:
        shutil.copytree(first.path, first.path.parent / name)
    read: list[str] = []

    class Watched(RunDirectory):
        def __init__(self, path: Path) -> None:
            read.append(path.name)
            super().__init__(path)

    monkeypatch.setattr(earlier_runs, "RunDirectory", Watched)
    ask(limit=10)
    assert read == [first.name]
    ask(limit=10)
    assert read == [first.name], "a run that goes on looks for no other"
