"""Measure cognitive efficiency and habits of up to six runs (`think(run, …)`): tables, and one figure of six panels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from qwq_nb.analysis.think.corrected import CorrectedRow, corrected_rows
from qwq_nb.analysis.think.efficiency import think_rows
from qwq_nb.analysis.think.examples import Example, example_of
from qwq_nb.analysis.think.figures import ThinkFigure
from qwq_nb.analysis.think.further import FurtherRow, columns_of, further_notes, further_rows
from qwq_nb.analysis.think.habit_rates import habit_rows, with_marks
from qwq_nb.analysis.think.judge import Split, judged
from qwq_nb.analysis.think.literature import literature_rows
from qwq_nb.analysis.think.page import think_html
from qwq_nb.analysis.think.tables import CORRECTED, LITERATURE, METRICS, ThinkTable, metrics_of, think_text
from qwq_nb.analysis.think.turns import of_measured_turn, turn_notes
from qwq_nb.core.outcomes import is_answered
from qwq_nb.core.paths import expand_user
from qwq_nb.core.records import SampleResult
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.registry import get_endpoint
from qwq_nb.errors import OptionError, did_you_mean, listed
from qwq_nb.run.backfill import with_analysis
from qwq_nb.run.run import Run
from qwq_nb.store.manifest import MANIFEST
from qwq_nb.trace.habits import HABITS, first_correct_tokens, wasted_tokens
from qwq_nb.trace.measures import Mark
from qwq_nb.trace.thoughts import thinkbench_parts, thinkbench_switches
from qwq_nb.trace.thresholds import Thresholds
from qwq_nb.view.output import show_with_figure

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Thinking", "think"]

MOST_RUNS = 6


def think(
    *runs: Run,
    tokenizer: str | Path | None = None,
    judge: Endpoint | str | None = None,
    split: Split = "separator",
    thresholds: Thresholds | None = None,
    tell: Callable[[str], None] | None = None,
) -> Thinking:
    """Measure how the models of one to six runs think. Runs without analysis (evalscope's own) are measured first.

    Args:
        runs: `Run` objects; `load_run` opens them by name or path.
        tokenizer: a folder with `tokenizer.json`, or that file: tokens are then counted exactly. Otherwise the
            endpoint's count is divided by the length of the texts.
        judge: an endpoint, or its name, that says where the right answer first stands, as thinkbench's judge does.
        split: how the judge's paragraphs are cut: at blank lines, at switch phrases, or by the judge itself.
        thresholds: from where on an answer is marked (`qwq_nb.trace.thresholds.Thresholds`).
        tell: hears how far the measuring is.

    Raises:
        OptionError: no run, more than six, or no tokenizer there.
        WorkerError: the benchmark worker cannot start.
        EndpointError: the judge failed after all retries.
    """
    if split not in get_args(Split):
        raise OptionError(f"--split must be one of {', '.join(get_args(Split))}, not {split!r}.")
    asked = get_endpoint(judge) if isinstance(judge, str) else judge
    if not 1 <= len(runs) <= MOST_RUNS:
        raise OptionError(f"think takes one to {MOST_RUNS} runs, not {len(runs)}.")
    count = token_counter(tokenizer) if tokenizer else None
    found = {}
    for run in runs:
        results = with_analysis(run, tell=tell)
        if asked is not None:
            results = as_judged(results, judged(results, asked, run.directory, split=split, tell=tell))
        found[run] = results
    return Thinking(found, count, thresholds or Thresholds(), judged=asked is not None)


def has_measured_reasoning(result: SampleResult) -> bool:
    """Return whether an answer counts for accuracy, and has reasoning that was measured."""
    tokens = result.completion.reasoning_tokens if result.completion else 0
    return result.analysis is not None and tokens > 0 and is_answered(result.outcome)


def as_judged(results: list[SampleResult], positions: dict[tuple[str, int], int | None]) -> list[SampleResult]:
    """Return copies with the judge's position of the first right answer instead of ours."""
    changed = []
    for result in results:
        key = result.sample.id, result.repeat
        if key in positions and result.analysis is not None:
            end = positions[key]
            span = None if end is None else (end, end)
            analysis = msgspec.structs.replace(result.analysis, first_correct=span)
            result = msgspec.structs.replace(result, analysis=analysis)
        changed.append(result)
    return changed


def token_counter(path: str | Path) -> Callable[[str], int]:
    """Return a function that counts a text's tokens without special ones. Raises OptionError without a tokenizer."""
    given = expand_user(path)
    file = given / "tokenizer.json" if given.is_dir() else given
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise OptionError("--tokenizer needs the package tokenizers: pip install tokenizers") from None
    if not file.is_file():
        raise OptionError(f"--tokenizer: there is no {file}. It is part of the model's repository.")
    try:
        loaded = Tokenizer.from_file(str(file))
    except Exception as exc:  # the library raises Exception itself
        raise OptionError(f"--tokenizer: {file} cannot be read as a tokenizer: {exc}") from None
    return lambda text: len(loaded.encode(text, add_special_tokens=False))


def folder_of(run: Run) -> str:
    """Return a run's folder as seen from the notebook; empty of one without a manifest, which no tab opens."""
    return run.directory.display_path if (run.path / MANIFEST).is_file() else ""


class Thinking:
    """Hold what `think` found: shown by a notebook; `table()` and `samples()` are DataFrames, `plot()` the figure."""

    def __init__(
        self,
        found: dict[Run, list[SampleResult]],
        count: Callable[[str], int] | None,
        thresholds: Thresholds,
        *,
        judged: bool = False,
    ) -> None:
        """`judged`: the places of first right answers are a judge model's, whose errors are not known."""
        measured = {
            run: [of_measured_turn(r) for r in results if has_measured_reasoning(r)] for run, results in found.items()
        }
        self._found = {run: with_marks(results, thresholds) for run, results in measured.items()}
        self._count = count
        self._thresholds = thresholds
        seen = (mark.name for pairs in self._found.values() for _, marks in pairs for mark in marks)
        further = [name for name in dict.fromkeys(seen) if name not in HABITS]
        self._tables = [
            ThinkTable(
                name=run.name,
                model=run.model,
                demo=run.demo,
                rows=think_rows(results, count),
                corrected=[] if judged else corrected_rows(results, count),
                habits=habit_rows(results, thresholds, further),
                literature=literature_rows(results, count),
                further=further_rows(results),
                folder=folder_of(run),
                marks=[example for result, marks in self._found[run] for example in self._marked(run, result, marks)],
                notes=[*turn_notes(results), *further_notes(results)],
            )
            for run, results in measured.items()
        ]

    def table(self) -> pd.DataFrame:
        """Return a DataFrame with a row a run × subset.

        Tokens are means, shares 0…1; `_low` and `_high` are the ends of 95 % intervals. `outcome_efficiency` is ξ_O of
        arXiv:2412.21187, `underthinking_score` ξ_UT of arXiv:2501.18585 (a lower bound); `thinkbench_switches` counts
        thinkbench's own phrases as its `thought_num` does, `thinkbench_keywords` and `thinkbench_separator` the parts
        that its strategies of these names cut. `…_corrected` are the means that rest on the place of the first right
        answer, corrected for the errors of these places; not where a judge gave them.
        """
        import pandas as pd

        rows = []
        for table in self._tables:
            further: Sequence[FurtherRow | None] = table.further or [None] * len(table.rows)
            corrected: Sequence[CorrectedRow | None] = table.corrected or [None] * len(table.rows)
            for row, right, marked, named, more in zip(
                table.rows, corrected, table.habits, table.literature, further, strict=True
            ):
                record: dict[str, Any] = {"run": table.name, "model": table.model, "benchmark": row.benchmark}
                record |= {"subset": row.subset, "n": row.n, "known": row.known}
                for name, estimate in (
                    *((field, getattr(row, field)) for field, _, _ in METRICS),
                    *((f"{field}_corrected", getattr(right, field)) for field, _, _ in CORRECTED if right is not None),
                    *((field, getattr(named, field)) for field, _, _ in LITERATURE),
                    *marked.rates.items(),
                    *(more.columns.items() if more is not None else ()),
                ):
                    record |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
                rows.append({**record, "loop_tokens": marked.loop_tokens})
        return pd.DataFrame(rows)

    def samples(self) -> pd.DataFrame:
        """Return a DataFrame with a row an answer: its measures and marks, and where the right answer is first stated.

        Positions are characters of the reasoning.
        """
        import pandas as pd

        rows = []
        for run, pairs in self._found.items():
            rows += [self._sample(run, result, marks) for result, marks in pairs]
        return pd.DataFrame(rows)

    def _sample(self, run: Run, result: SampleResult, marks: list[Mark]) -> dict[str, Any]:
        analysis, completion = result.analysis, result.completion
        assert analysis is not None
        assert completion is not None
        total = self._count(completion.reasoning) if self._count else completion.reasoning_tokens
        until = first_correct_tokens(result, self._count)
        return {
            "run": run.name,
            "benchmark": result.sample.benchmark,
            "subset": result.sample.subset,
            "id": result.sample.id,
            "repeat": result.repeat,
            "outcome": result.outcome,
            "reasoning_tokens": total,
            "first_correct_tokens": until,
            "reflection_tokens": None if until is None else total - until,
            "thoughts": analysis.thoughts,
            "thinkbench_switches": thinkbench_switches(completion.reasoning),
            "thinkbench_keywords": len(thinkbench_parts(completion.reasoning, "keywords")),
            "marks": ", ".join(dict.fromkeys(mark.name for mark in marks)),
            "first_correct_at": analysis.first_correct[0] if analysis.first_correct else None,
            "left_at": analysis.left[0] if analysis.left else None,
            "loop_at": analysis.loop.start if analysis.loop else None,
            "loop_tokens": wasted_tokens(result),
            "foreign_share": analysis.foreign_share,
            "languages": ", ".join(analysis.languages),
            **columns_of(result),
        }

    def _marked(self, run: Run, result: SampleResult, marks: list[Mark]) -> list[Example]:
        """Return the marks of one answer, each with the excerpt that shows it."""
        withheld = result.sample.benchmark in run.withheld
        # A mark may be given at several positions: an answer is shown once, at that of the strongest.
        first = {mark.name: mark for mark in sorted(marks, key=lambda mark: mark.weight)}
        marks = [first[name] for name in dict.fromkeys(mark.name for mark in marks)]
        return [example_of(mark, result, self._count, withheld=withheld) for mark in marks]

    def plot(self, benchmark: str | None = None) -> ThinkFigure:
        """Draw six panels over the levels, as in EvalScope's guide; a line a run. Of several benchmarks: the first.

        Raises:
            OptionError: no run has that benchmark.
        """
        there = list(dict.fromkeys(row.benchmark for t in self._tables for row in t.rows))
        if benchmark is not None and benchmark not in there:
            raise OptionError(f"No run here has {benchmark!r}.{did_you_mean(benchmark, there)}")
        benchmark = benchmark or (there[0] if there else "")
        demo = "DEMO (says nothing of any model): " if any(t.demo for t in self._tables) else ""
        title = f"{demo}Cognitive efficiency on {benchmark}"
        return ThinkFigure(title, metrics_of(self._tables, benchmark), html=self.html, text=str(self))

    @property
    def html(self) -> str:
        """Return the tables as html."""
        return think_html(self._tables, self._thresholds)

    def __str__(self) -> str:
        return think_text(self._tables, self._thresholds)

    def __repr__(self) -> str:
        return f"<Thinking of {listed(table.name for table in self._tables)}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/html": self.html, "text/plain": str(self)}

    def _ipython_display_(self) -> None:
        """The figure, and below it the tables."""
        figure = self.plot() if any(table.rows for table in self._tables) else None
        show_with_figure(self._repr_mimebundle_(), figure, leads=True)
