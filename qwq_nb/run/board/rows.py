"""Compute the row of a run on the board from its results and its manifest. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from qwq_nb.core.board_row import BoardRow
from qwq_nb.core.outcomes import counts
from qwq_nb.core.records import SampleResult
from qwq_nb.core.stats import interval_of_counts
from qwq_nb.core.text import valid_text
from qwq_nb.core.turn_counts import (
    ARCHITECT,
    CODE_EDITING,
    EDITOR,
    TurnCounts,
    edits_files,
    turn_counts,
)
from qwq_nb.errors import OptionError, one_line
from qwq_nb.run.cost import prices_of
from qwq_nb.store.manifest import Manifest
from qwq_nb.store.request import EvalRequest

if TYPE_CHECKING:
    from qwq_nb.run.state import ShownRun

__all__ = ["board_row", "board_rows", "rows_of_runs"]

_PAIR: Final = "architect"
"""aider's word for the format of a pair."""
_TRIES: Final = 2
"""Tries of `pass_rate_2`; a run of more has its last rate in `run.table()`."""


def board_rows(results: Sequence[SampleResult], manifest: Manifest, command: str) -> list[BoardRow]:
    """Return the row of a run, or none where its answers are no edits. `command`: the line that shows it again."""
    if CODE_EDITING not in manifest.request.benchmarks and not edits_files(results):
        return []
    return [board_row(results, manifest, command)]


def rows_of_runs(runs: Iterable[ShownRun]) -> list[BoardRow]:
    """Return a row for each run.

    Raises:
        OptionError: a run whose answers are no edits of files.
    """
    rows = []
    for run in runs:
        own = run.record([], budget=0).board
        if not own:
            raise OptionError(
                f"The run {one_line(run.name, 120)} has no exercises whose files are edited: a board is made of runs "
                f"of %qwq_eval {CODE_EDITING}."
            )
        rows += own
    return rows


def board_row(results: Sequence[SampleResult], manifest: Manifest, command: str) -> BoardRow:
    """Compute the row of one run. Answers that do not count (`core.outcomes.counts`) are in no rate."""
    counted = [(result, turn_counts(result)) for result in results if counts(result.outcome)]
    n = len(counted)
    malformed = [(result, turns) for result, turns in counted if turns.num_malformed]
    untouched = [(result, turns) for result, turns in counted if turns.no_edit]
    first = [result.outcome == "correct" and turns.tries == 1 for result, turns in counted]
    last = [result.outcome == "correct" and turns.tries <= _TRIES for result, turns in counted]
    low_1, high_1 = _interval(counted, first)
    low, high = _interval(counted, last)
    by_role = _added(turns.completion_tokens for _, turns in counted)
    request = manifest.request
    pair = request.editor is not None or EDITOR in by_role
    seen = _first(form for _, turns in counted for form in turns.formats)
    form = valid_text(seen) if request.editing is None else request.editing.format
    editor = _first(turns.editor_model for _, turns in counted) if request.editor is None else request.editor.model
    return BoardRow(
        model=valid_text(request.endpoint.model),
        editor_model=valid_text(editor),
        edit_format=_PAIR if pair else form,
        editor_edit_format=f"editor-{form}" if pair and form else "",
        test_cases=n,
        pass_rate_1=_percent(sum(first), n),
        pass_rate_1_low=low_1,
        pass_rate_1_high=high_1,
        pass_rate_2=_percent(sum(last), n),
        ci_low=low,
        ci_high=high,
        percent_cases_well_formed=_percent(n - len(malformed), n),
        percent_well_formed_by_aider=_percent(sum(not turns.malformed_by_aider for _, turns in counted), n),
        percent_well_formed_architect=_well_formed(ARCHITECT, counted),
        percent_well_formed_editor=_well_formed(EDITOR, counted),
        error_outputs=sum(turns.error_outputs for _, turns in counted),
        num_malformed_responses=sum(turns.num_malformed for _, turns in counted),
        num_with_malformed_responses=len(malformed),
        num_malformed_by_aider=sum(turns.malformed_by_aider for _, turns in counted),
        no_edit=len(untouched),
        no_edit_passed=sum(result.outcome == "correct" for result, _ in untouched),
        lazy_comments=sum(turns.lazy_comments for _, turns in counted),
        syntax_errors=sum(turns.syntax_errors for _, turns in counted),
        indentation_errors=sum(turns.indentation_errors for _, turns in counted),
        exhausted_context_windows=sum(turns.exhausted for _, turns in counted),
        test_timeouts=sum(turns.test_timeouts for _, turns in counted),
        prompt_tokens=sum(_added(turns.prompt_tokens for _, turns in counted).values()),
        completion_tokens=sum(by_role.values()),
        architect_tokens=by_role.get(ARCHITECT) if pair else None,
        editor_tokens=by_role.get(EDITOR),
        seconds_per_case=_mean([result.completion.latency_s for result, _ in counted if result.completion]),
        total_cost=_cost(counted, request),
        currency=request.endpoint.price_currency,
        command=valid_text(command),
        date=manifest.created[:10],
        versions=manifest.versions.get("qwq_nb", ""),
        run=valid_text(manifest.name),
        errors=sum(result.outcome == "error" for result in results),
        pending=sum(result.outcome == "pending" for result in results),
        demo=request.demo,
    )


def _cost(counted: Sequence[tuple[SampleResult, TurnCounts]], request: EvalRequest) -> float | None:
    """The cost of all turns, each by the prices of its endpoint; None where a price is not known."""
    try:
        prices = prices_of(request)
    except OptionError:
        return None
    return sum(prices.of_completion(result.completion) for result, _ in counted if result.completion is not None)


def _interval(
    counted: Sequence[tuple[SampleResult, TurnCounts]], passed: Sequence[bool]
) -> tuple[float | None, float | None]:
    """The 95 % interval of a pass rate, in per cent, over exercises whose repeats resemble one another."""
    asked: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for (result, _), is_passed in zip(counted, passed, strict=True):
        asked[result.sample.id] += 1
        right[result.sample.id] += is_passed
    low, high = interval_of_counts((number, right[id]) for id, number in asked.items())
    return (None, None) if low is None or high is None else (100 * low, 100 * high)


def _well_formed(role: str, counted: Sequence[tuple[SampleResult, TurnCounts]]) -> float | None:
    """The share of exercises without a malformed reply of the role, among those in which its replies were edits."""
    found = [turns.malformed[role] for _, turns in counted if role in turns.malformed]
    return _percent(sum(not number for number in found), len(found))


def _added(counts_of_each: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in counts_of_each:
        total.update(each)
    return dict(total)


def _first(texts: Iterable[str]) -> str:
    """The first that is not empty."""
    return next(filter(None, texts), "")


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None
