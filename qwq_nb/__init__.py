"""Evaluate reasoning models in a Jupyter notebook, on any OpenAI-compatible endpoint.

In a notebook: `%load_ext qwq_nb`, `%qwq_endpoint URL --model M`, `%qwq_eval math_500`. In a script: `evaluate(...)`.
A name is imported at its first use, so that loading the extension costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from qwq_nb._version import __version__

if TYPE_CHECKING:
    from qwq_nb.analysis.anchors.api import Anchors, AnchorsInterrupted, anchors
    from qwq_nb.analysis.budget.api import BudgetCurve, BudgetInterrupted, budget
    from qwq_nb.analysis.compare.api import Comparison, compare
    from qwq_nb.analysis.gate.api import Gate, gate
    from qwq_nb.analysis.gate.race import RaceInterrupted, race
    from qwq_nb.analysis.judge.agreement import Agreement
    from qwq_nb.analysis.judge.api import JudgeInterrupted, judge
    from qwq_nb.analysis.judge.judged import Judged
    from qwq_nb.analysis.speed.api import SpeedInterrupted, SpeedTest, load_speed, speed
    from qwq_nb.analysis.sweep.api import Sweep, SweepInterrupted, sweep
    from qwq_nb.analysis.think.api import Thinking, think
    from qwq_nb.bench.catalog import benchmark_names
    from qwq_nb.endpoint.endpoint import Endpoint
    from qwq_nb.errors import (
        DataError,
        EndpointError,
        EndpointRefused,
        HubError,
        OptionError,
        QwqError,
        RequestRejected,
        RunLocked,
        StreamInterrupted,
        UnknownBenchmark,
        UnknownEndpoint,
        UnknownRun,
        UserError,
        WorkerError,
    )
    from qwq_nb.evaluation.ask import ask
    from qwq_nb.evaluation.evaluate import Interrupted, aevaluate, evaluate, resume_run
    from qwq_nb.evaluation.merge import merge_runs
    from qwq_nb.run.open import list_runs, load_run
    from qwq_nb.run.report import Report
    from qwq_nb.run.run import Run
    from qwq_nb.run.widget import RunWidget
    from qwq_nb.trace.habits import Thresholds

_HOMES = {
    "Agreement": "analysis.judge.agreement",
    "Anchors": "analysis.anchors.api",
    "AnchorsInterrupted": "analysis.anchors.api",
    "BudgetCurve": "analysis.budget.api",
    "BudgetInterrupted": "analysis.budget.api",
    "Comparison": "analysis.compare.api",
    "DataError": "errors",
    "Endpoint": "endpoint.endpoint",
    "EndpointError": "errors",
    "EndpointRefused": "errors",
    "Gate": "analysis.gate.api",
    "HubError": "errors",
    "Interrupted": "evaluation.evaluate",
    "JudgeInterrupted": "analysis.judge.api",
    "Judged": "analysis.judge.judged",
    "OptionError": "errors",
    "QwqError": "errors",
    "RaceInterrupted": "analysis.gate.race",
    "Report": "run.report",
    "RequestRejected": "errors",
    "Run": "run.run",
    "RunLocked": "errors",
    "RunWidget": "run.widget",
    "SpeedInterrupted": "analysis.speed.api",
    "SpeedTest": "analysis.speed.api",
    "StreamInterrupted": "errors",
    "Sweep": "analysis.sweep.api",
    "SweepInterrupted": "analysis.sweep.api",
    "Thinking": "analysis.think.api",
    "Thresholds": "trace.habits",
    "UnknownBenchmark": "errors",
    "UnknownEndpoint": "errors",
    "UnknownRun": "errors",
    "UserError": "errors",
    "WorkerError": "errors",
    "aevaluate": "evaluation.evaluate",
    "ask": "evaluation.ask",
    "benchmark_names": "bench.catalog",
    "anchors": "analysis.anchors.api",
    "budget": "analysis.budget.api",
    "compare": "analysis.compare.api",
    "evaluate": "evaluation.evaluate",
    "gate": "analysis.gate.api",
    "judge": "analysis.judge.api",
    "list_runs": "run.open",
    "load_run": "run.open",
    "load_speed": "analysis.speed.api",
    "merge_runs": "evaluation.merge",
    "race": "analysis.gate.race",
    "resume_run": "evaluation.evaluate",
    "speed": "analysis.speed.api",
    "sweep": "analysis.sweep.api",
    "think": "analysis.think.api",
}

__all__ = [
    "Agreement",
    "Anchors",
    "AnchorsInterrupted",
    "BudgetCurve",
    "BudgetInterrupted",
    "Comparison",
    "DataError",
    "Endpoint",
    "EndpointError",
    "EndpointRefused",
    "Gate",
    "HubError",
    "Interrupted",
    "JudgeInterrupted",
    "Judged",
    "OptionError",
    "QwqError",
    "RaceInterrupted",
    "Report",
    "RequestRejected",
    "Run",
    "RunLocked",
    "RunWidget",
    "SpeedInterrupted",
    "SpeedTest",
    "StreamInterrupted",
    "Sweep",
    "SweepInterrupted",
    "Thinking",
    "Thresholds",
    "UnknownBenchmark",
    "UnknownEndpoint",
    "UnknownRun",
    "UserError",
    "WorkerError",
    "__version__",
    "aevaluate",
    "anchors",
    "ask",
    "benchmark_names",
    "budget",
    "compare",
    "evaluate",
    "gate",
    "judge",
    "list_runs",
    "load_ipython_extension",
    "load_run",
    "load_speed",
    "merge_runs",
    "race",
    "resume_run",
    "speed",
    "sweep",
    "think",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'qwq_nb' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"qwq_nb.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


def load_ipython_extension(ipython: Any) -> None:
    """Register the magics and their completion in an IPython shell; called by `%load_ext qwq_nb`."""
    from qwq_nb.magics.evaluation import load

    load(ipython)
