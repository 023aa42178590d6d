"""Compare a run's verdicts and scores with those that evalscope itself computes (`python -m qwq_nb.bench.parity`).

Works on a copy, never on the directory itself. evalscope's `run_task` takes the copy as its cache twice: as it is, and
with `rerun_review=True`, which grades every answer anew with evalscope's own isolation. Its endpoint is a loopback port
that refuses and counts requests, so that none leaves the machine. Differences are printed, with the reason if it is
known; the exit code is 1 if one is not. A registered benchmark grades its answers there too, by the adapter that
evalscope finds in its registry. It is imported from where it is installed, or as `--benchmark` names it, never from
a path in the run directory. Where answers are programs, evalscope would run them unconfined: it grades them anew only
with `--unconfined`.
"""

from __future__ import annotations

import argparse
import contextlib
import http.server
import logging
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from qwq_nb.bench.evalscope_index import evalscope_names
from qwq_nb.bench.registry import own_sources, register_benchmark
from qwq_nb.core.graded_metrics import GRADED_METRICS
from qwq_nb.errors import OptionError, QwqError, UnknownRun

__all__ = ["Difference", "check", "main"]


class Difference(NamedTuple):
    """Hold one difference between evalscope and the run. `why` is empty if the reason is not known."""

    where: str
    ours: str
    evalscope: str
    why: str = ""


def check(run_dir: Path, *, unconfined: bool = False) -> list[Difference]:
    """Return all differences between a run's results and evalscope's. Raises UnknownRun, WorkerError.

    `unconfined`: evalscope may run the models' code on this machine, as it does by default.
    """
    if not (run_dir / "configs").is_dir():
        raise UnknownRun(f"{run_dir} is not a run directory: it has no configs/.")
    with tempfile.TemporaryDirectory(prefix="qwq-parity-") as folder:
        # Before evalscope's import: nothing that `datasets` prepares from the copy may stay on this machine.
        os.environ["HF_DATASETS_CACHE"] = str(Path(folder) / "datasets-cache")
        copy = Path(folder) / "run"
        shutil.copytree(run_dir, copy)
        return _compare(run_dir, copy, unconfined=unconfined)


def _compare(run_dir: Path, copy: Path, *, unconfined: bool) -> list[Difference]:
    from qwq_nb.bench.evalscope import adapters, code_parity, interop
    from qwq_nb.bench.evalscope.nltk_data import provide_sentence_model

    adapters.quiet()
    provide_sentence_model()
    _register_benchmarks(run_dir)
    differences = _identity(run_dir)
    before = {key: (row, score) for key, row, score in _reviews(run_dir, interop.task_config(run_dir))}
    missing = _missing(run_dir, before)
    names = list(interop.task_config(run_dir).datasets)
    not_anew = code_parity.why_not_anew(names, unconfined=unconfined) or _why_not_judged(names)
    with _counting_port() as (url, counted):
        interop.rebase(str(copy), api_url=url)
        for rerun in (False, True):
            if rerun and not_anew:
                differences.append(Difference("rerun_review", "graded", "not graded anew", not_anew))
                continue
            if rerun:
                code_parity.put_tests_back(copy, names)
            counted.clear()
            reports = _run(interop.task_config(copy), copy, rerun=rerun)
            label = "rerun_review" if rerun else "use_cache"
            if len(counted) != 0:
                why = f"{missing} answers are not in the run (interrupted, or failed requests)" if missing else ""
                differences.append(Difference(f"{label}: requests", "0", str(len(counted)), why))
            scores, verdicts = _scores(label, before, reports), []
            if rerun:
                after = {key: score for key, _, score in _reviews(copy, interop.task_config(copy))}
                verdicts = _verdicts(before, after)
            if verdicts and all(verdict.why for verdict in verdicts):
                scores = [score._replace(why=score.why or "see the verdicts below") for score in scores]
            differences += scores + verdicts
    return differences


def _why_not_judged(names: list[str]) -> str:
    """Return why evalscope is not to grade answers anew that another model has to judge; empty if none has to."""
    from qwq_nb.bench.evalscope.runnable import needs_judge

    judged = [name for name in names if needs_judge(name)]
    return f"evalscope would ask a judge for {', '.join(judged)}: %qwq_judge does" if judged else ""


def _register_benchmarks(run_dir: Path) -> None:
    """Register the run's own benchmarks with evalscope. Raises UnknownRun for one that is not registered here."""
    from evalscope.config import load_task_config_snapshot

    from qwq_nb.bench.evalscope.interop import CONFIG
    from qwq_nb.bench.evalscope.own import register_own

    named = (load_task_config_snapshot(str(run_dir / CONFIG)) or {}).get("datasets") or []
    own = [name for name in named if name not in evalscope_names()]
    sources = own_sources() if own else {}
    for name in own:
        if name not in sources:
            raise UnknownRun(
                f"{run_dir} is of the benchmark {name!r}, which is not registered here: name its class by "
                f"--benchmark {name}=package.module:Name."
            )
    register_own({name: sources[name] for name in own})


def _identity(run_dir: Path) -> list[Difference]:
    """Return a difference if evalscope would not accept the directory as it is."""
    from evalscope.api.registry import get_benchmark
    from evalscope.config import load_task_config_snapshot
    from evalscope.evaluation_versioning import (
        ResolvedBenchmarkSpec,
        build_evaluation_identity,
        validate_cached_evaluation_identity,
    )

    from qwq_nb.bench.evalscope import interop

    config = interop.task_config(run_dir)
    metas = {name: get_benchmark(name, config).benchmark_meta for name in config.datasets}
    specs = {name: ResolvedBenchmarkSpec.from_meta(meta, config) for name, meta in metas.items()}
    identity = build_evaluation_identity(specs, {name: meta.evaluation_version for name, meta in metas.items()}, config)
    try:
        validate_cached_evaluation_identity(load_task_config_snapshot(str(run_dir / interop.CONFIG)), identity, False)
    except ValueError as error:
        arguments = (load_task_config_snapshot(str(run_dir / interop.CONFIG)) or {}).get("dataset_args", {})
        moved = any(
            str(run_dir.resolve()) not in str(a.get("local_path", run_dir.resolve())) for a in arguments.values()
        )
        why = "the directory was moved; `rebase` makes it acceptable again" if moved else ""
        return [Difference("identity", "accepted", str(error).splitlines()[0], why)]
    return []


def _run(config: Any, copy: Path, *, rerun: bool) -> dict[str, Any]:
    from evalscope.run import run_task

    config.use_cache = str(copy)
    config.rerun_review = rerun
    config.ignore_errors = True
    config.eval_batch_size = 2
    config.generation_config.retries = 1
    logging.disable(logging.CRITICAL)
    try:
        with open(os.devnull, "w") as sink, contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
            result: dict[str, Any] = run_task(config)
    finally:
        logging.disable(logging.NOTSET)
    return result


def _reviews(root: Path, config: Any) -> Iterator[tuple[tuple[str, str, int], dict[str, Any], Any]]:
    """Yield each review row with evalscope's score object of it."""
    from evalscope.api.evaluator.cache import ReviewResult

    from qwq_nb.bench.evalscope import interop
    from qwq_nb.store.evalscope_rows import review_file

    for name in config.datasets:
        for subset in interop.planned(root, name):
            for row in interop.rows(review_file(root, config.model_id, name, subset)):
                yield (name, subset, row["index"]), row, ReviewResult.from_cache_item(row).to_sample_score().score


def _missing(run_dir: Path, reviews: dict[tuple[str, str, int], Any]) -> int:
    from qwq_nb.bench.evalscope import interop

    config = interop.task_config(run_dir)
    wanted = sum(sum(interop.planned(run_dir, name).values()) for name in config.datasets) * config.repeats
    return int(wanted) - len(reviews)


def _scores(label: str, before: dict[tuple[str, str, int], Any], reports: dict[str, Any]) -> list[Difference]:
    """Compare the run's share of correct answers in each subset with the report's main metric."""
    differences = []
    for name, report in reports.items():
        if not report or not report.metrics:
            continue  # no answer has a score
        if name in GRADED_METRICS:
            differences += _means(label, name, before, report)
            continue
        theirs = {
            subset.name: (float(subset.score), int(subset.num))
            for category in report.metrics[0].categories
            for subset in category.subsets
        }
        for subset, (score, number) in theirs.items():
            scores = [s for (bench, part, _), (_, s) in before.items() if (bench, part) == (name, subset)]
            correct = sum(1 for s in scores if s.status.is_usable and (s.main_value or 0) >= 1.0)
            ours = correct / len(scores) if scores else 0.0
            if abs(ours - score) > 5e-5 or number != len(scores):
                usable = sum(1 for s in scores if s.status.is_usable)
                why = ""
                if usable != len(scores) and usable == number and abs(correct / max(1, usable) - score) <= 5e-5:
                    why = f"evalscope leaves {len(scores) - usable} not gradable answers out of its mean; we count them"
                elif number > len(scores) or label == "rerun_review":
                    why = "see the verdicts below" if usable != len(scores) else ""
                differences.append(
                    Difference(
                        f"{label}: {name} / {subset}", f"{ours:.4f} of {len(scores)}", f"{score:.4f} of {number}", why
                    )
                )
    return differences


def _means(label: str, name: str, before: dict[tuple[str, str, int], Any], report: Any) -> list[Difference]:
    """Compare the mean of scores that are not 0 or 1 with the report's primary metric, over answers with a score."""
    metric = report.primary_metric or report.metrics[0]
    differences = []
    for subset in (subset for category in metric.categories for subset in category.subsets):
        scores = [s for (bench, part, _), (_, s) in before.items() if (bench, part) == (name, subset.name)]
        values = [float(s.main_value) for s in scores if s.status.is_usable and s.main_value is not None]
        ours = sum(values) / len(values) if values else 0.0
        if abs(ours - float(subset.score)) <= 5e-5 and int(subset.num) == len(values):
            continue
        why = "see the verdicts below" if label == "rerun_review" and len(values) != len(scores) else ""
        if metric.identity.aggregation not in (None, "mean"):
            why = f"evalscope's {metric.identity.name} is no mean of its answers' scores"
        differences.append(
            Difference(
                f"{label}: {name} / {subset.name}",
                f"{ours:.4f} of {len(values)}",
                f"{float(subset.score):.4f} of {int(subset.num)}",
                why,
            )
        )
    return differences


def _verdicts(before: dict[tuple[str, str, int], Any], after: dict[tuple[str, str, int], Any]) -> list[Difference]:
    from qwq_nb.bench.evalscope import code_parity

    differences = []
    for key, (row, ours) in before.items():
        theirs = after.get(key)
        if theirs is None:
            differences.append(Difference(_label(key, row), _say(ours), "no verdict"))
        elif (ours.status.is_usable, ours.main_value) != (theirs.status.is_usable, theirs.main_value):
            why = ""
            if not ours.status.is_usable:
                status = (row.get("qwq") or {}).get("status", "excluded")
                why = f"not gradable within our limits ({status}); evalscope allows 30 s a call, without a memory limit"
                if status == "no_reference":
                    why = "there is no reference: evalscope compares with an empty one"
                elif status == "awaits_judge":
                    why = "another model has to judge it, which is asked by %qwq_judge"
            elif ours.main_value and code_parity.ended_without_results(theirs.metadata):
                why = "evalscope had no results in its own time, in which it starts two interpreters for each answer"
            elif not theirs.status.is_usable:
                why = f"evalscope's grader gave up: {theirs.explanation or theirs.metadata}"[:160]
            differences.append(Difference(_label(key, row), _say(ours), _say(theirs), why))
    return differences


def _label(key: tuple[str, str, int], row: dict[str, Any]) -> str:
    own = row.get("qwq") or {}
    return f"{own['id']} repeat {own['repeat']}" if own else f"{key[0]} / {key[1]} / {key[2]}"


def _say(score: Any) -> str:
    return f"{score.main_value} ({score.extracted_prediction!r})" if score.status.is_usable else str(score.status.value)


@contextlib.contextmanager
def _counting_port() -> Iterator[tuple[str, list[str]]]:
    """Serve an endpoint on loopback that answers 400 (which evalscope does not retry) and lists the requests."""
    counted: list[str] = []

    class Refusing(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            counted.append(self.path)
            self.send_error(400, "no request is expected")

        def log_message(self, format: str, *arguments: Any) -> None:
            """Print nothing to the terminal that shows the comparison."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", counted
    finally:
        server.shutdown()
        server.server_close()


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return 0: no unexplained difference; 1: some; 2: not a run that can be compared."""
    parser = argparse.ArgumentParser(prog="python -m qwq_nb.bench.parity", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("run_dir", type=Path)
    parser.add_argument(
        "--benchmark",
        action="append",
        default=[],
        metavar="NAME=package.module:Name",
        help="a benchmark of one's own that the run is of",
    )
    parser.add_argument(
        "--unconfined",
        action="store_true",
        help="let evalscope run the models' code under your account, to compare its verdicts",
    )
    given = parser.parse_args(arguments)
    run_dir = given.run_dir
    try:
        for text in given.benchmark:
            name, _, target = text.partition("=")
            if not target:
                raise OptionError(f"--benchmark takes NAME=package.module:Name, not {text!r}.")
            register_benchmark(name, target)
        differences = check(run_dir, unconfined=given.unconfined)
    except QwqError as error:
        print(error, file=sys.stderr)
        return 2
    for difference in differences:
        reason = f"  [{difference.why}]" if difference.why else "  [NOT EXPLAINED]"
        print(f"{difference.where}: ours {difference.ours}, evalscope {difference.evalscope}{reason}")
    unexplained = [difference for difference in differences if not difference.why]
    print(f"{run_dir}: {len(differences)} differences, {len(unexplained)} not explained.")
    return 1 if unexplained else 0
