"""Find the studies that are also methods of a run (`run.budget()`), which stand in packages above this one.

A study is imported when it is asked for, by its name, so that a run knows nothing of how it is made.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal, cast

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RunStudies"]

_STUDIES: Final = {
    "agreement": "qwq_nb.analysis.judge.agreement:agreement",
    "anchors": "qwq_nb.analysis.anchors.api:anchors",
    "budget": "qwq_nb.analysis.budget.api:budget",
    "confidence": "qwq_nb.analysis.confidence.api:confidence",
    "judged": "qwq_nb.analysis.judge.judged:judged",
}


def _study(name: str) -> Callable[..., Any]:
    """Return the function of a study, which takes a run first."""
    module, _, function = _STUDIES[name].partition(":")
    return cast("Callable[..., Any]", getattr(importlib.import_module(module), function))


class RunStudies:
    """Add the studies of one run to `Run`, as methods."""

    def budget(self, grid: Literal["octaves", "half"] = "octaves", **options: Any) -> Any:
        """Return the `BudgetCurve` of this run: by how many thinking tokens the right answer is stated and given.

        The options are those of `qwq_nb.budget`.

        Raises:
            OptionError: there is no answer yet, or an option has no such value.
        """
        return _study("budget")(self, grid=grid, **options)

    def anchors(self, id: str, **options: Any) -> Any:
        """Return the `Anchors` of one answer: which of its thoughts mattered. Asks the run's endpoint.

        The options are those of `qwq_nb.anchors`.

        Raises:
            OptionError: no such sample, or nothing of its answer can be continued.
        """
        return _study("anchors")(self, id, **options)

    def confidence(self) -> Any:
        """Return the `Confidence` of this run: its confidence against its verdicts, and votes weighed by it.

        Raises:
            OptionError: it was not asked with `--logprobs K`, or the server sent none.
        """
        return _study("confidence")(self)

    def judged(self) -> pd.DataFrame:
        """Return what judges said of the answers as a DataFrame; columns as in `qwq_nb.analysis.judge.rows`."""
        return cast("pd.DataFrame", _study("judged")(self))

    def agreement(self, judge: str | None = None, against: str = "reader") -> Any:
        """Return how far a judge (None: the one asked last) agrees with your rulings, as in `qwq_nb.Agreement`.

        `against`: `reader`, `grader` (the benchmark's own verdicts) or another judge.

        Raises:
            OptionError: no judge has decided anything in this run, or none of that name.
        """
        return _study("agreement")(self, judge, against)
