"""qwq_nb: evaluate reasoning models where their users work, in a notebook.

In a notebook: `%load_ext qwq_nb`, `%qwq_endpoint URL --model M`, `%qwq_eval math_500`. In a script: `evaluate(...)`.
Names are imported when they are first used, so that loading the extension costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from qwq_nb._version import __version__

if TYPE_CHECKING:
    from qwq_nb.api import Interrupted, aevaluate, ask, evaluate, list_runs, load_run, resume_run
    from qwq_nb.comparison import Comparison, compare
    from qwq_nb.endpoint import Endpoint
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
    from qwq_nb.run import Report, Run
    from qwq_nb.speedtest import SpeedInterrupted, SpeedTest, speed
    from qwq_nb.sweeps import Sweep, SweepInterrupted, sweep
    from qwq_nb.thinking import Thinking, think

_HOMES = {
    "Comparison": "comparison",
    "DataError": "errors",
    "Endpoint": "endpoint",
    "EndpointError": "errors",
    "EndpointRefused": "errors",
    "HubError": "errors",
    "Interrupted": "api",
    "OptionError": "errors",
    "QwqError": "errors",
    "Report": "run",
    "RequestRejected": "errors",
    "Run": "run",
    "RunLocked": "errors",
    "SpeedInterrupted": "speedtest",
    "SpeedTest": "speedtest",
    "StreamInterrupted": "errors",
    "Sweep": "sweeps",
    "SweepInterrupted": "sweeps",
    "Thinking": "thinking",
    "UnknownBenchmark": "errors",
    "UnknownEndpoint": "errors",
    "UnknownRun": "errors",
    "UserError": "errors",
    "WorkerError": "errors",
    "aevaluate": "api",
    "ask": "api",
    "compare": "comparison",
    "evaluate": "api",
    "list_runs": "api",
    "load_run": "api",
    "resume_run": "api",
    "speed": "speedtest",
    "sweep": "sweeps",
    "think": "thinking",
}

__all__ = [
    "Comparison",
    "DataError",
    "Endpoint",
    "EndpointError",
    "EndpointRefused",
    "HubError",
    "Interrupted",
    "OptionError",
    "QwqError",
    "Report",
    "RequestRejected",
    "Run",
    "RunLocked",
    "SpeedInterrupted",
    "SpeedTest",
    "StreamInterrupted",
    "Sweep",
    "SweepInterrupted",
    "Thinking",
    "UnknownBenchmark",
    "UnknownEndpoint",
    "UnknownRun",
    "UserError",
    "WorkerError",
    "__version__",
    "aevaluate",
    "ask",
    "compare",
    "evaluate",
    "list_runs",
    "load_ipython_extension",
    "load_run",
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
    """`%load_ext qwq_nb`: register the magics and their completion."""
    from qwq_nb.magics import load

    load(ipython)
