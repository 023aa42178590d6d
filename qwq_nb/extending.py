"""List every extension point of qwq_nb on one page: what an extension provides, and the function that registers it.

==============  ==========================================================  ==================================
extension       what it decides                                             registered by, entry points
==============  ==========================================================  ==================================
`Benchmark`     where samples come from, how an answer is graded            `register_benchmark`, `qwq_nb.benchmarks`
`Dialect`       what is sent to an endpoint, what its bytes mean            `register_dialect`, `qwq_nb.dialects`
`Completer`     who answers a run's requests (a pool, another executor)     given to the runner
`Solver`        how one sample becomes one completion                       `register_solver`, `qwq_nb.solvers`
`Measure`       what can be said of one reasoning trace                     `register_measure`, `qwq_nb.measures`
`Section`       one part of a run's report                                  `register_section`, `qwq_nb.sections`
==============  ==========================================================  ==================================

Each is a protocol: a class with these members, which need not inherit from anything. A registry holds objects or texts
`package.module:Name`, which are imported when first used. An installed package registers by entry points::

    [project.entry-points."qwq_nb.benchmarks"]
    mazes = "my_package.mazes:Mazes"

What this package does itself are the first members: evalscope's adapters, chat completions, the pool, one request a
sample, the four measures of `%qwq_think`, and the sections of the report.
"""

from __future__ import annotations

from qwq_nb.bench.benchmark import Benchmark, loaded_benchmark, new_sample
from qwq_nb.bench.datafile import read_records
from qwq_nb.bench.protocol import GradeJob, LoadedBenchmark, LoadRequest
from qwq_nb.bench.registry import register_benchmark
from qwq_nb.core.records import AnswerKind, Completion, Message, Sample, Step, ToolCall, Verdict
from qwq_nb.endpoint.completer import Completer
from qwq_nb.endpoint.delta import Delta
from qwq_nb.endpoint.dialects.dialect import Dialect, Tool, register_dialect
from qwq_nb.endpoint.streaming import StreamingCompletion
from qwq_nb.evaluation.solvers.registry import register_solver
from qwq_nb.evaluation.solvers.solver import Ask, Solver
from qwq_nb.run.sections import Section, register_section
from qwq_nb.trace.measures import Mark, Measure, Trace, register_measure

__all__ = [
    "AnswerKind",
    "Ask",
    "Benchmark",
    "Completer",
    "Completion",
    "Delta",
    "Dialect",
    "GradeJob",
    "LoadRequest",
    "LoadedBenchmark",
    "Mark",
    "Measure",
    "Message",
    "Sample",
    "Section",
    "Solver",
    "Step",
    "StreamingCompletion",
    "Tool",
    "ToolCall",
    "Trace",
    "Verdict",
    "loaded_benchmark",
    "new_sample",
    "read_records",
    "register_benchmark",
    "register_dialect",
    "register_measure",
    "register_section",
    "register_solver",
]
