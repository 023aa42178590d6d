"""Define the interface of a benchmark: its samples, and the grading of an answer.

evalscope's adapters implement it (`qwq_nb.bench.evalscope.benchmark`); others are registered with
`qwq_nb.bench.registry.register_benchmark`. Their code runs in the worker process, never in the kernel.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import msgspec

from qwq_nb.bench.protocol import BenchmarkFacts, GradeJob, LoadedBenchmark, LoadRequest, encode
from qwq_nb.core.records import AnswerKind, Sample, Verdict
from qwq_nb.core.sample_id import sample_id
from qwq_nb.core.text import valid_values
from qwq_nb.errors import DataError

__all__ = ["Benchmark", "check_loaded", "loaded_benchmark", "new_sample"]


@runtime_checkable
class Benchmark(Protocol):
    """Define a benchmark: its samples, its grading, and its properties that a run needs.

    A class without arguments, importable by name. It lives in the benchmark worker: `load` runs in a short-lived
    child process, `grade` and `equivalent` in a grader process under the run's deadline (`--grade-deadline`) and a
    memory limit of 2 GiB. Importing its module and making the object do not count towards the deadline.

    These processes get only the environment variables that Python, libraries and hubs are known to read; name others,
    split by commas, in the variable `QWQ_NB_WORKER_ENV`. `load` has the token of the request's hub, `grade` has none.
    """

    name: str
    """The name under which it is registered and given to `%qwq_eval`."""
    kind: AnswerKind
    """`math`, `choice`, `code` or `text`: decides the second opinion and the measures of its answers."""
    withheld: bool
    """True if the authors ask that the texts not be published: outputs, exports and saved notebooks then show
    outcomes, letters and numbers only, unless the user reveals them."""

    def subsets(self) -> Sequence[str]:
        """Return the names of all subsets in their order; `["default"]` if there is only one."""

    def load(self, request: LoadRequest) -> LoadedBenchmark:
        """Return all samples of all subsets, each once, with their prompts: see `loaded_benchmark`.

        The selection (`--limit`, `--levels`, `--subset`, `--repeats`) is made afterwards. `request.data` is
        the absolute path given by `--data`, or None. The result must depend on nothing but the request, the data and
        the code: it is cached on disk until one of them changes.

        Raises:
            DataError: the data is missing or does not fit.
            HubError: the data cannot be downloaded.
            OptionError: an option (`request.few_shot`, `request.dataset_args`, …) that this benchmark does not take.
        """

    def grade(self, job: GradeJob) -> Verdict:
        """Return the verdict on one answer, `job.completion.answer`, to `job.sample`.

        It sets `Verdict.correct`, or `score` (0…1; correct at 1), and `extracted`, the answer as it was read ("" if
        there is none: the outcome is then `no_answer`). May raise anything: that sample is then `not_gradable`, with
        the exception as its reason. With the status `no_reference` it awaits a reader's ruling or a judge's verdict
        (`%qwq_judge`), and is left out of the accuracy until then. A second reading of its own goes into
        `second_extracted` and `second_correct`, kinds of failure into `flags`; with `explained` the `explanation` is
        the reason that a reader sees.

        `job.sample.source_row` is empty here; what grading needs goes into `metadata`.
        """

    def equivalent(self, candidate: str, gold: str) -> bool | None:
        """Return whether two answers are the same, for the second opinion and the measures of the reasoning.

        None: the benchmark has no equivalence of its own. Expressions (`kind` `math`) are then compared by
        math-verify, other texts without regard to case and surrounding spaces.
        """


def new_sample(
    question: str,
    gold: str,
    *,
    subset: str = "default",
    prompt: str = "",
    targets: Sequence[str] = (),
    choices: Sequence[str] = (),
    source_id: str = "",
    metadata: Mapping[str, Any] | None = None,
    source_row: Mapping[str, Any] | None = None,
    tools: Sequence[Mapping[str, Any]] = (),
) -> Sample:
    """Return one sample, for `loaded_benchmark`, which sets its benchmark, position and id.

    Args:
        question: the problem as it is shown.
        gold: the right answer (a letter if there are `choices`); `targets` are others that are accepted too.
        subset: which of the benchmark's subsets it belongs to.
        prompt: the user's message of the request; empty: the question.
        choices: the texts of A, B, C, …
        source_id: the data set's own id.
        metadata: further values that `grade` needs (JSON values).
        source_row: the raw record, kept with the run.
        tools: what the model may call, in the format of `/chat/completions`. Its calls stand in the answer:
            `qwq_nb.core.tool_calls.calls_in` reads them.
    """
    return Sample(
        benchmark="",
        subset=subset,
        id="",
        index=0,
        question=question,
        gold=gold,
        targets=[gold, *(target for target in targets if target != gold)],
        messages=[{"role": "user", "content": prompt or question}],
        choices=list(choices),
        source_id=source_id,
        metadata=dict(metadata or {}),
        source_row=dict(source_row or {}),
        tools=[dict(tool) for tool in tools],
    )


def loaded_benchmark(
    benchmark: Benchmark,
    request: LoadRequest,
    samples: Iterable[Sample],
    *,
    notes: Sequence[str] = (),
    prompt_template: str = "",
    versions: Mapping[str, str] | None = None,
) -> LoadedBenchmark:
    """Return the result of `Benchmark.load`: `samples` numbered within their subsets, with ids and a hash of the data.

    Args:
        benchmark: the object itself (`self`).
        request: as `load` got it.
        samples: from `new_sample`, those of a subset in the order of the data set.
        notes: decisions made for the user, one sentence each; they are shown beside the results.
        prompt_template: recorded in the manifest.
        versions: packages that verdicts depend on, by name.
    """
    known = list(benchmark.subsets())
    groups: dict[str, list[Sample]] = {subset: [] for subset in known}
    for sample in samples:
        groups.setdefault(sample.subset, []).append(sample)
    made = [
        msgspec.structs.replace(
            sample,
            benchmark=request.benchmark,
            index=index,
            id=sample_id(request.benchmark, subset, index, beside=groups),
        )
        for subset, group in groups.items()
        for index, sample in enumerate(group)
    ]
    return LoadedBenchmark(
        request=request,
        benchmark=request.benchmark,
        subsets=[subset for subset, group in groups.items() if group],
        samples=made,
        data_hash=hashlib.sha256(b"".join(encode(sample) for sample in made)).hexdigest(),
        kind=benchmark.kind,
        multiple_choice=benchmark.kind == "choice",
        facts=BenchmarkFacts(
            pretty_name=benchmark.name,
            metric="acc",
            evaluation_version="v1.0",
            few_shot_num=0,
            prompt_template=prompt_template,
            dataset_id=request.data or request.benchmark,
            withheld=bool(benchmark.withheld),
            target=request.source.target if request.source else "",
        ),
        versions=dict(versions or {}),
        notes=list(notes),
    )


def check_loaded(loaded: LoadedBenchmark, request: LoadRequest) -> LoadedBenchmark:
    """Check a loaded benchmark, and return it as it goes to the kernel, with the request as it was given.

    Raises:
        DataError: the request is another one, or the benchmark holds no samples, a field of another type, an unknown
            subset, or two samples with one id.
    """
    name = request.benchmark
    checked = loaded
    if request.source is not None:
        checked = _plain(loaded, name)
        # So that a run that goes on with edited code says so.
        checked.versions[name] = request.source.code[:8]
    if checked.request.without_import_path() != request.without_import_path() or checked.benchmark != name:
        raise DataError(f"The benchmark {name!r} loaded another request than it was given: pass on `request` itself.")
    if not checked.samples:
        raise DataError(f"The benchmark {name!r} loaded no samples from {request.data or 'its own data'}.")
    owners: dict[str, Sample] = {}
    for sample in checked.samples:
        if sample.subset not in checked.subsets:
            raise DataError(f"A sample of {name!r} is of the subset {sample.subset!r}, which is not among its subsets.")
        if request.source is not None and not _is_subset_name(sample.subset):
            raise DataError(f"{sample.subset!r} cannot be the name of a subset of {name!r}: files are named by it.")
        other = owners.setdefault(sample.id, sample)
        if other is not sample:
            raise DataError(
                f"Two samples of {name!r} have the id {sample.id!r}: number {other.index} of the subset "
                f"{other.subset!r} and number {sample.index} of {sample.subset!r}. Rename one of the subsets."
            )
    return msgspec.structs.replace(checked, request=request)


def _plain(loaded: Any, name: str) -> LoadedBenchmark:
    """Return a registered benchmark's result with valid text and of the declared types, or raise DataError."""
    try:
        made: LoadedBenchmark = msgspec.convert(
            valid_values(msgspec.to_builtins(loaded, enc_hook=str)), LoadedBenchmark
        )
    except (msgspec.ValidationError, TypeError) as error:
        raise DataError(f"The benchmark {name!r} did not load as a LoadedBenchmark: {error}.") from None
    return made


def _is_subset_name(name: str) -> bool:
    """Return whether evalscope can name files by it, and the table of results tell it from its own row `all`."""
    return bool(name.strip()) and name != "all" and len(name) <= 100 and not set(name) & set("/\\\0\n\r")
