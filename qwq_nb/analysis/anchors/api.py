"""Measure which thoughts of an answer mattered (`anchors(run, sample)`, `run.anchors(id)`)."""

from __future__ import annotations

import concurrent.futures
import os
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwq_nb.analysis.anchors.asking import Asking, units_of
from qwq_nb.analysis.anchors.borders import MOST_THOUGHTS, Thought, thoughts_of
from qwq_nb.analysis.anchors.importance import Importance, importances
from qwq_nb.analysis.anchors.report import Picture, anchors_html, anchors_text
from qwq_nb.analysis.anchors.rows import read_anchors
from qwq_nb.bench.shared import shared_worker
from qwq_nb.core.event_loop import shared_event_loop, wait_for
from qwq_nb.core.files import save_file
from qwq_nb.core.outcomes import counts
from qwq_nb.core.paths import expand_user
from qwq_nb.core.records import SampleResult
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import InterruptedWithResult, OptionError, QwqError
from qwq_nb.evaluation.continuing.endpoints import endpoints_of
from qwq_nb.evaluation.continuing.suffixes import Suffix, suffix_of
from qwq_nb.evaluation.control import STOP_WITHIN_S
from qwq_nb.evaluation.loading import load_request
from qwq_nb.run.backfill import with_analysis
from qwq_nb.run.record import find_result
from qwq_nb.run.run import Run
from qwq_nb.store.request import SOLVER
from qwq_nb.store.run_dir import RunDirectory
from qwq_nb.view.output import Output
from qwq_nb.view.output import Picture as OutputPicture
from qwq_nb.view.page import save_page
from qwq_nb.view.wording import count, money, number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Anchors", "AnchorsInterrupted", "anchors"]

CONCURRENCY = 16
"""Streams at once where the run found its own number (`auto`)."""
MOST_ROLLOUTS = 1_000


class AnchorsInterrupted(InterruptedWithResult):
    """Report that the user interrupted the asking; `anchors` holds what there is."""

    def __init__(self, made: Anchors) -> None:
        super().__init__("what was answered is kept; the same line asks for the others", made)
        self.anchors = made


def anchors(
    run: Run,
    sample: str,
    *,
    repeat: int = 0,
    rollouts: int = 0,
    thoughts: int = MOST_THOUGHTS,
    endpoint: Endpoint | str | None = None,
    concurrency: int | None = None,
    cost: bool = False,
    show: bool = True,
) -> Anchors:
    """Measure how much each thought of one answer mattered, by continuing its reasoning at the thoughts' borders.

    At each border a short answer is forced (one request), and with `rollouts` the reasoning is continued to its end so
    many times. What came is kept beside the run (`qwq_anchors.jsonl`), and nothing is asked twice.

    Args:
        run: a finished run; `load_run` opens one by name or path.
        sample: the sample's id, as in `run.samples()`.
        repeat: which of its answers.
        rollouts: continuations from each border. Ten show differences of about 60 points, a hundred of 20.
        thoughts: measure at most so many; of more, neighbours are joined.
        endpoint: who is asked: an endpoint, or its name. The run's own by default.
        concurrency: streams at once; the run's by default.
        cost: say what it would cost (`.cost`), and ask for nothing.
        show: draw how far the asking is.

    Raises:
        OptionError: no such sample, an answer without reasoning, one that cannot be graded, or an option out of range.
        NoTransport: no way to put a thought before the endpoint's model could be proved.
        EndpointError: the endpoint does not answer any more; what came is kept.
        AnchorsInterrupted: the user interrupted; a KeyboardInterrupt that carries what there is.
    """
    if not hasattr(run, "results"):
        raise OptionError(f"anchors() takes a run, not {type(run).__name__}: load_run() opens one by name or path.")
    for name, value, least, most in (
        ("rollouts", rollouts, 0, MOST_ROLLOUTS),
        ("thoughts", thoughts, 1, 10_000),
        ("concurrency", 1 if concurrency is None else concurrency, 1, 10_000),
    ):
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise OptionError(f"--{name} takes a whole number from {least} to {most:,}, not {value!r}.")
    repeats = run.manifest.request.selection.repeats
    results = with_analysis(run)
    result = find_result(results, sample, repeat, name=run.name, repeats=repeats)
    suffix = checked(run, result, results)
    assert result.completion is not None
    found = thoughts_of(result.completion.reasoning, float(result.completion.reasoning_tokens), thoughts)
    asked = endpoints_of(run, endpoint)[0]
    work = _Measuring(run, result, found, rollouts, asked, suffix, concurrency)
    if not cost:
        try:
            work.measure(show=show)
        except KeyboardInterrupt:
            raise AnchorsInterrupted(work.made()) from None
    return work.made()


def checked(run: Run, result: SampleResult, results: Sequence[SampleResult]) -> Suffix:
    """Return what forces an answer to the sample.

    Raises:
        OptionError: nothing of it can be continued.
    """
    name, completion = result.sample.id, result.completion
    if run.state in ("starting", "running", "paused"):
        raise OptionError(f"The run {run.name!r} is still going on: thoughts are measured when it is over.")
    if run.manifest.request.solver != SOLVER:
        raise OptionError(f"The answers of the run {run.name!r} take several steps: none can be continued.")
    if completion is None or not counts(result.outcome) or completion.reasoning_tokens <= 0:
        raise OptionError(f"The answer to {name} has no reasoning to measure (it is {result.outcome}).")
    suffix = suffix_of([r for r in results if r.sample.benchmark == result.sample.benchmark])
    if suffix is None:
        raise OptionError(
            f"The answer to {name} is a program or a free text: answers are forced to expressions and choices only."
        )
    return suffix


class _Measuring:
    """Ask for what is missing of one answer, and make what is shown of it."""

    def __init__(
        self,
        run: Run,
        result: SampleResult,
        thoughts: list[Thought],
        rollouts: int,
        endpoint: Endpoint,
        suffix: Suffix,
        concurrency: int | None,
    ) -> None:
        self.run, self.result, self.thoughts, self.rollouts = run, result, thoughts, rollouts
        request = run.manifest.request
        at_once = CONCURRENCY if request.concurrency == "auto" else request.concurrency
        self.directory = RunDirectory(Path(run.path))
        self.endpoint = endpoint
        self.asking = Asking(
            result,
            thoughts,
            rollouts,
            endpoint,
            load_request(request, result.sample.benchmark),
            suffix,
            self.directory,
            read_anchors(run.directory),
            concurrency=concurrency or at_once,
            deadline_s=request.grade_deadline_s,
            worker=shared_worker(),
        )
        self.cost = self._cost(suffix)

    def _cost(self, suffix: Suffix) -> str:
        units = units_of(self.thoughts, self.rollouts)
        whole = self.thoughts[-1].before + self.thoughts[-1].tokens
        answer = self.result.completion.answer_tokens if self.result.completion is not None else 0
        forced = [unit for unit in units if unit.kind == "forced"]
        rest = [whole - unit.tokens + answer for unit in units if unit.kind == "rollout"]
        generated = len(forced) * suffix.max_tokens + sum(rest)
        prompts = sum(unit.tokens for unit in units)
        said = f"{count(len(self.thoughts), 'thought')}: {count(len(forced), 'forced answer')}"
        said += f" and {count(len(rest), 'rollout')}" if rest else ""
        said += f", about {number(generated)} generated tokens; prompts {number(prompts)} tokens without a prefix cache"
        prices = self.endpoint.prices
        if prices is not None:
            said += (
                f"; about {money((prompts * prices[0] + generated * prices[1]) / 1e6, self.endpoint.price_currency)}"
            )
        return f"{said}."

    def measure(self, *, show: bool) -> None:
        """Ask, and draw meanwhile how far it is."""
        self.endpoint.check_secrets()
        self.directory.lock()
        output = Output(
            OutputPicture(
                subject=self, bundle=self._bundle, text=lambda _: self._line(), line=lambda width: self._line()[:width]
            ),
            show=show,
        )
        future = shared_event_loop().submit(self.asking.run())
        try:
            wait_for(future, step_s=output.interval_s, meanwhile=output.update)
        except BaseException as exc:
            future.cancel()
            if isinstance(exc, KeyboardInterrupt):
                concurrent.futures.wait([future], STOP_WITHIN_S)
            elif isinstance(exc, OSError):
                problem = exc.strerror or exc
                raise QwqError(f"Answers cannot be kept in {self.directory.display_path}: {problem}.") from None
            raise
        finally:
            self.directory.close()
            output.finish(figure=False)

    def _line(self) -> str:
        return f"{self.cost}\nasked: {len(self.asking.rows):,} of {len(self.asking.units):,}"

    def _bundle(self, *, live: bool, times: bool) -> dict[str, Any]:
        line = self._line()
        return {"text/plain": line, "text/html": "".join(f"<p>{escape(part)}</p>" for part in line.splitlines())}

    def made(self) -> Anchors:
        """Return what there is."""
        forced: dict[int, bool] = {}
        rolled: dict[int, tuple[int, int]] = {}
        left_out = 0
        for unit, row in self.asking.rows.items():
            if row.outcome != "asked" or row.right is None:
                left_out += 1
            elif unit.kind == "forced":
                forced[unit.chars] = row.right
            else:
                right, n = rolled.get(unit.chars, (0, 0))
                rolled[unit.chars] = right + row.right, n + 1
        return Anchors(
            self.run,
            self.result,
            importances(self.thoughts, forced, rolled),
            cost=self.cost,
            left_out=left_out,
            missing=len(self.asking.units) - len(self.asking.rows),
        )


class Anchors:
    """Hold how much each thought of one answer mattered; shown by a notebook, `table()` as a DataFrame."""

    def __init__(
        self, run: Run, result: SampleResult, rows: list[Importance], *, cost: str, left_out: int, missing: int
    ) -> None:
        self.cost = cost
        """What it costs, in words."""
        self.thoughts = rows
        assert result.completion is not None
        self._picture = Picture(
            run=run.name,
            sample=result.sample.id,
            repeat=result.repeat,
            outcome=result.outcome,
            demo=run.demo,
            reasoning=result.completion.reasoning,
            withheld=result.sample.benchmark in run.withheld,
            rows=rows,
            cost=cost,
            left_out=left_out,
            missing=missing,
        )

    def table(self) -> pd.DataFrame:
        """Return a DataFrame with a row a thought.

        `thought`: from 1; `start`, `end`: characters of the reasoning; `tokens`: its own. `forced_before`,
        `forced_after`: whether the answer forced there is right; `forced_importance`: 1, 0 or −1. `accuracy_before`,
        `accuracy_after`: shares of `rollouts_before`, `rollouts_after` that are right; `importance`: their difference,
        with `ci_low` and `ci_high`, its 95 % interval.
        """
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "thought": row.thought.number,
                    "start": row.thought.start,
                    "end": row.thought.end,
                    "tokens": round(row.thought.tokens),
                    "forced_before": row.forced_before,
                    "forced_after": row.forced_after,
                    "forced_importance": row.forced,
                    "accuracy_before": row.before[0] / row.before[1] if row.before[1] else None,
                    "accuracy_after": row.after[0] / row.after[1] if row.after[1] else None,
                    "rollouts_before": row.before[1],
                    "rollouts_after": row.after[1],
                    "importance": row.resampled,
                    "ci_low": row.low,
                    "ci_high": row.high,
                }
                for row in self.thoughts
            ]
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the table (`.csv`), a page (`.html`, `.htm`), or the text (any other ending).

        Raises:
            UserError: the file cannot be written there.
        """
        file = expand_user(path)
        if file.suffix.lower() == ".csv":
            return save_file(file, self.table().to_csv(index=False))
        return save_page(path, f"Thoughts of {self._picture.sample}", lambda: self.html, lambda: str(self))

    @property
    def html(self) -> str:
        """Return the strip, the table and the thoughts as html."""
        return anchors_html(self._picture)

    def __str__(self) -> str:
        return anchors_text(self._picture)

    def __repr__(self) -> str:
        return f"<Anchors of {self._picture.sample}: {count(len(self.thoughts), 'thought')}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/html": self.html, "text/plain": str(self)}
