"""Benchmarks: their names, their data files, and the worker process that runs evalscope's adapters.

Two sides, one pipe between them::

    kernel (light)                                worker process (the only place that imports evalscope)
    catalog   names without importing evalscope   worker    reads requests, forks, answers
    datafile  fingerprint of a data file          adapters  data → samples with evalscope's own prompts
    cache     prompts kept on disk                grader    evalscope's verdict under a deadline
    rows      prediction and review rows          opinion   the second opinion beside it
    proxy     BenchWorker: start, ask, restart    interop   evalscope's config, data and reports of a run
    protocol  the typed messages of the pipe      parity    `python -m qwq_nb.bench.parity RUN_DIR`
"""

from __future__ import annotations

from qwq_nb.bench.cache import cached
from qwq_nb.bench.catalog import benchmark_names, check_name, subset_names
from qwq_nb.bench.protocol import BenchPlan, Facts, GradeJob, LoadedBenchmark, LoadRequest, WorkerInfo
from qwq_nb.bench.proxy import BenchWorker

__all__ = [
    "BenchPlan",
    "BenchWorker",
    "Facts",
    "GradeJob",
    "LoadRequest",
    "LoadedBenchmark",
    "WorkerInfo",
    "benchmark_names",
    "cached",
    "check_name",
    "subset_names",
]
