"""Register qwq_nb's registered benchmarks with evalscope, so that it can open, report and re-grade their runs.

evalscope finds them in its own registry, by an adapter made of the `Benchmark` object. A run directory stores each
sample whole, as one JSON text in a record, so that any benchmark's samples come back as they were asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from evalscope.api.benchmark import BenchmarkMeta, DefaultDataAdapter
from evalscope.api.dataset import Sample as EvalSample
from evalscope.api.evaluator import TaskState
from evalscope.api.messages import dict_to_chat_message
from evalscope.api.metric import SampleScore
from evalscope.api.registry import BENCHMARK_REGISTRY

from qwq_nb.bench.benchmark import Benchmark
from qwq_nb.bench.evalscope import adapters
from qwq_nb.bench.protocol import BenchmarkSource, GradeJob, LoadRequest
from qwq_nb.bench.registry import benchmark_for
from qwq_nb.bench.verdicts import complete_verdict, failed_verdict
from qwq_nb.core.records import Sample

__all__ = ["own_record", "register_own"]

_SAMPLE = "qwq_sample"
_REQUEST = "qwq_request"


def register_own(sources: Mapping[str, BenchmarkSource]) -> None:
    """Put registered benchmarks into evalscope's registry of this process. Raises OptionError as `benchmark_for`."""
    for name, source in sources.items():
        request = LoadRequest(benchmark=name, source=source)
        benchmark = benchmark_for(request)
        meta = BenchmarkMeta(
            name=name,
            dataset_id=name,
            pretty_name=name,
            description=f"{name}: registered with qwq_nb as {source.target}.",
            subset_list=list(benchmark.subsets()),
            metric_list=[adapters.OWN_METRIC],
            eval_split="test",
            few_shot_mode="disabled",
            prompt_template="{question}",
            evaluation_version="v1.0",
        )
        meta.data_adapter = _adapter_class(benchmark, source)
        BENCHMARK_REGISTRY[name] = meta


def own_record(sample: Sample, request: LoadRequest) -> dict[str, str]:
    """Return a sample's record in the run's data: readable fields, then sample and request whole, as JSON text."""
    whole = msgspec.structs.replace(sample, source_row={})
    bare = msgspec.structs.replace(request, source=None)
    return {
        "id": sample.id,
        "subset": sample.subset,
        "question": sample.question,
        "gold": sample.gold,
        _SAMPLE: msgspec.json.encode(whole, enc_hook=str).decode(),
        _REQUEST: msgspec.json.encode(bare, enc_hook=str).decode(),
    }


def _adapter_class(benchmark: Benchmark, source: BenchmarkSource) -> type[DefaultDataAdapter]:
    """Return an adapter class around one `Benchmark` object."""

    class OwnAdapter(DefaultDataAdapter):  # type: ignore[misc]
        """Read a run's own records, and grade by the benchmark."""

        def load_from_disk(self, **options: Any) -> Any:
            """Load by evalscope's reader of JSON lines, which keeps no copy elsewhere."""
            return super().load_from_disk(use_local_loader=True)

        def record_to_sample(self, record: dict[str, Any]) -> EvalSample:
            sample = msgspec.json.decode(record[_SAMPLE], type=Sample)
            return EvalSample(
                input=[dict_to_chat_message(dict(message)) for message in sample.messages],
                choices=list(sample.choices) or None,
                target=sample.gold,
                subset_key=sample.subset,
                metadata={**sample.metadata, _SAMPLE: record[_SAMPLE], _REQUEST: record[_REQUEST]},
            )

        def calculate_metrics(self, task_state: TaskState) -> SampleScore:
            """Return the benchmark's own verdict as evalscope's score; `excluded` if there is none."""
            request = msgspec.json.decode(task_state.metadata[_REQUEST], type=LoadRequest)
            job = GradeJob(
                request=msgspec.structs.replace(request, source=source),
                sample=msgspec.json.decode(task_state.metadata[_SAMPLE], type=Sample),
                completion=adapters.completion_of(task_state),
                position=task_state.group_id,
                repeat=task_state.sample_id - task_state.group_id * self.repeats,
                repeats=self.repeats,
                model=str(task_state.model),
            )
            try:
                verdict = complete_verdict(benchmark.grade(job))
            except Exception as error:  # whatever the benchmark raises is this answer's verdict, as in a run
                verdict = failed_verdict("crashed", error)
            if verdict.status == "graded":
                return SampleScore.model_validate(adapters.score_dump(job, verdict))
            return SampleScore.model_validate(adapters.excluded_score(job, verdict.explanation))

    return OwnAdapter
