"""A run directory that evalscope takes for its own: data, configuration, reports, and the parity command."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.bench.client import BenchWorker
from qwq_nb.bench.protocol import BenchPlan, GradeJob
from qwq_nb.core.records import Completion, Outcome, Sample
from qwq_nb.errors import OptionError, WorkerError
from qwq_nb.store.evalscope_rows import prediction_file, prediction_row, review_file, review_row

from .conftest import Run

BENCHMARKS = ["math_500", "aime25", "gpqa_diamond", "arc", "gsm8k", "mmlu_pro", "general_mcq"]
MODEL = "QwQ-32B"
REPEATS = 2


def _answer(sample: Sample, right: bool) -> str:
    answer = sample.gold if right else ("E" if sample.choices else "123456")
    if sample.benchmark == "general_mcq":
        return f"答案：{answer}"
    return f"ANSWER: {answer}" if sample.choices else rf"Thus \boxed{{{answer}}}."


async def _write_run(worker: BenchWorker, run_dir: Path, loaded: list[Any]) -> None:
    """What the runner does: data, configuration, two rows an answer as they come."""
    plans = []
    run_dir.mkdir(exist_ok=True)
    for bench in loaded:
        chosen = [sample for sample in bench.samples if sample.index != 1 or bench.benchmark == "aime25"]
        plan = BenchPlan(
            request=bench.request,
            samples=chosen,
            few_shot_num=bench.facts.few_shot_num,
            few_shot_records=bench.few_shot_records,
        )
        assert await worker.write_data(run_dir, plan) == []
        plans.append(plan)
    await worker.write_config(
        run_dir,
        model=f"Qwen/{MODEL}",
        model_id=MODEL,
        api_url="http://127.0.0.1:8801/v1",
        plans=plans,
        generation_config={"temperature": 0.6, "top_p": 0.95, "top_k": 40, "min_p": 0.0, "max_tokens": 32768},
        repeats=REPEATS,
    )
    for plan in plans:
        positions: dict[str, int] = {}
        for sample in plan.samples:
            position = positions[sample.subset] = positions.get(sample.subset, -1) + 1
            for repeat in range(REPEATS):
                completion = Completion(
                    reasoning="Let me see." if repeat else "",
                    answer=_answer(sample, (position + repeat) % 3 != 0),
                    finish_reason="stop",
                    prompt_tokens=20,
                    reasoning_tokens=9 * repeat,
                    answer_tokens=11,
                    ttft_s=0.5,
                    latency_s=2.0,
                )
                verdict = await worker.grade(
                    GradeJob(
                        request=plan.request,
                        sample=sample,
                        completion=completion,
                        position=position,
                        repeat=repeat,
                        repeats=REPEATS,
                        model=MODEL,
                    )
                )
                outcome: Outcome = "correct" if verdict.correct else "wrong"
                for file, row in (
                    (prediction_file, prediction_row(sample, position, repeat, REPEATS, completion, MODEL)),
                    (review_file, review_row(sample, position, repeat, REPEATS, completion, verdict, outcome, [])),
                ):
                    path = file(run_dir, MODEL, sample.benchmark, sample.subset)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    with path.open("a", encoding="utf-8") as stream:
                        stream.write(json.dumps(row, ensure_ascii=False) + "\n")


@pytest.fixture(scope="module")
def run_dir(worker: BenchWorker, load: Any, run: Run[Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("runs") / "a run"
    run(_write_run(worker, folder, [load(name) for name in BENCHMARKS]))
    return folder


def _parity(run_dir: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "qwq_nb.bench.parity", str(run_dir)]
    return subprocess.run(command, capture_output=True, text=True, timeout=110)


def _snapshot(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.long
def test_reports_are_evalscopes(
    run_dir: Path, worker: BenchWorker, run: Run[Any], with_evalscope: Callable[..., Any]
) -> None:
    written = run(worker.write_report(run_dir))
    assert written == [str(run_dir / "reports" / MODEL / f"{name}.json") for name in BENCHMARKS]
    code = """
from evalscope.report import Report
from evalscope.report.data_frames import get_model_prediction
result = []
for path in given[0]:
    report = Report.from_json(path)
    main = report.metrics[0]
    summary = report.execution_summary
    result.append([report.dataset_name, main.num, summary.requested, summary.incomplete,
                   report.perf_metrics["coverage"]["total_requests"]])
result.append(len(get_model_prediction(given[1], given[2], "math_500", "Level 1")))
"""
    *reports, rows = with_evalscope(code, [written, str(run_dir), MODEL])
    for name, number, requested, incomplete, answered in reports:
        planned = sum(json.loads((run_dir / "data" / f"{name}.plan.json").read_text()).values()) * REPEATS
        assert (number, requested, incomplete, answered) == (planned, planned, False, planned), name
    assert rows == 2 * REPEATS


@pytest.mark.long
def test_evalscope_takes_it_as_its_cache_and_agrees(run_dir: Path) -> None:
    before = _snapshot(run_dir)
    done = _parity(run_dir)
    assert done.stdout.endswith("0 differences, 0 not explained.\n"), done.stdout + done.stderr[-2000:]
    assert done.returncode == 0
    assert _snapshot(run_dir) == before


@pytest.mark.long
def test_parity_sees_what_is_wrong_or_missing(
    run_dir: Path, tmp_path: Path, worker: BenchWorker, run: Run[Any]
) -> None:
    """A moved, interrupted run with a torn last line, an excluded answer and a verdict that somebody patched."""
    moved = tmp_path / "moved"
    shutil.copytree(run_dir, moved)
    config = moved / "configs" / "task_config.yaml"
    for name in BENCHMARKS:
        if name != "aime25":
            shutil.rmtree(moved / "data" / name)
            (moved / "data" / f"{name}.plan.json").unlink()
    _keep_only_aime(config)
    rows = review_file(moved, MODEL, "aime25", "default")
    lines = rows.read_text("utf-8").splitlines()
    excluded, patched = json.loads(lines[1]), json.loads(lines[0])
    excluded["sample_score"]["score"].update(value={}, status="excluded", main_score_name=None)
    excluded["qwq"]["status"] = "deadline"
    patched["sample_score"]["score"]["value"] = {"acc": 1.0}
    rows.write_text("\n".join([json.dumps(patched), json.dumps(excluded), *lines[2:-1], lines[-1][:50]]), "utf-8")
    answers = prediction_file(moved, MODEL, "aime25", "default")
    answers.write_text("\n".join(answers.read_text("utf-8").splitlines()[:-1]) + '\n{"index": 7, "mod', "utf-8")
    done = _parity(moved)
    assert done.returncode == 1, done.stdout + done.stderr[-2000:]
    said = done.stdout
    assert "identity: ours accepted" in said
    assert "the directory was moved" in said
    assert "aime25/0 repeat 0: ours 1.0" in said
    assert "aime25/0 repeat 1: ours excluded" in said
    assert "not gradable within our limits (deadline)" in said
    assert "1 answers are not in the run" in said
    run(worker.write_report(moved, {"aime25": {"default": 1}}))
    report = json.loads((moved / "reports" / MODEL / "aime25.json").read_text("utf-8"))
    summary = report["execution_summary"]
    assert (summary["requested"], summary["succeeded"], summary["errored"], summary["incomplete"]) == (8, 7, 1, True)
    run(worker.rebase(moved))
    assert "identity" not in _parity(moved).stdout


def _keep_only_aime(config: Path) -> None:
    code = (
        "import sys, yaml; p = sys.argv[1]; c = yaml.safe_load(open(p)); c['datasets'] = ['aime25']\n"
        "for key in ('dataset_args', 'resolved_benchmarks'): c[key] = {'aime25': c[key]['aime25']}\n"
        "b = c['evaluation_identity']['benchmarks']; c['evaluation_identity']['benchmarks'] = {'aime25': b['aime25']}\n"
        "yaml.safe_dump(c, open(p, 'w'))"
    )
    subprocess.run([sys.executable, "-c", code, str(config)], check=True, timeout=30)


def test_faults(tmp_path: Path, worker: BenchWorker, load: Any, run: Run[Any]) -> None:
    assert _parity(tmp_path).returncode == 2
    with pytest.raises(WorkerError, match="not a run directory"):
        run(worker.write_report(tmp_path))
    loaded = load("aime25")
    plan = BenchPlan(request=loaded.request, samples=loaded.samples)

    async def bad_option() -> None:
        await worker.write_data(tmp_path, plan)
        await worker.write_config(
            tmp_path, model="m", model_id="m", api_url="http://x/v1", plans=[plan], generation_config={"top_k": "many"}
        )

    with pytest.raises(OptionError, match="top_k"):
        run(bad_option())
    assert run(_nothing_graded(worker, tmp_path / "empty", plan)) == []


async def _nothing_graded(worker: BenchWorker, folder: Path, plan: BenchPlan) -> list[str]:
    folder.mkdir()
    await worker.write_data(folder, plan)
    await worker.write_config(
        folder, model="m", model_id="m", api_url="http://x/v1", plans=[plan], generation_config={}
    )
    await asyncio.sleep(0)
    return await worker.write_report(folder)
