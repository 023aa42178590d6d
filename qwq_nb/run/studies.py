"""Find the studies that are also methods of a run (`run.budget()`), which stand in packages above this one.

A study is imported when it is asked for, by its name, so that a run knows nothing of how it is made.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Final, cast

__all__ = ["study"]

_STUDIES: Final = {
    "agreement": "qwq_nb.analysis.judge.agreement:agreement",
    "budget": "qwq_nb.analysis.budget.api:budget",
    "judged": "qwq_nb.analysis.judge.judged:judged",
}


def study(name: str) -> Callable[..., Any]:
    """Return the function of a study, which takes a run first."""
    module, _, function = _STUDIES[name].partition(":")
    return cast("Callable[..., Any]", getattr(importlib.import_module(module), function))
