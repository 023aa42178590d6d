"""Load samples from a user's data or a hub; evalscope's adapters convert the records and write the prompts.

Local data goes through the adapter's `record_to_sample`, `sample_filter` and `_post_process_samples`; hub data through
its `load_dataset`, with `record_to_sample` wrapped so that a run can store the records it was run on.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from evalscope.api.dataset import DatasetDict, MemoryDataset
from evalscope.api.dataset import Sample as EvalSample
from evalscope.api.dataset.utils import as_sample_list, shuffle_choices_if_requested
from evalscope.utils.io_utils import convert_normal_types

from qwq_nb.bench.catalog import is_withheld_name
from qwq_nb.bench.code.records import without_tests
from qwq_nb.bench.data_formats import Record, read_file
from qwq_nb.bench.datafile import file_stems, read_records, subset_files
from qwq_nb.bench.evalscope import adapters, code_loading, conversion, fields, hub
from qwq_nb.bench.evalscope.conversion import RawRow
from qwq_nb.bench.evalscope.documents import find_documents
from qwq_nb.bench.evalscope.runnable import rule_notes
from qwq_nb.bench.protocol import BenchmarkFacts, LoadedBenchmark, LoadRequest, encode
from qwq_nb.core.graded_metrics import GRADED_METRICS
from qwq_nb.core.records import AnswerKind, Message, Sample
from qwq_nb.core.sample_id import sample_id
from qwq_nb.core.text import valid_values
from qwq_nb.errors import DataError, OptionError, UnknownBenchmark, did_you_mean, listed

__all__ = ["load"]

_WITHOUT_GOLD = ("text", "code")
"""Kinds of answers that need no gold one: programs are graded by their tests."""

Questions = dict[tuple[str, int], str]
"""Inputs before the prompt templates are applied, by subset and position."""

_MARK = "\0qwq_record"
"""Key under which a sample's metadata holds the number of its record while evalscope groups and copies samples."""


def load(request: LoadRequest) -> LoadedBenchmark:
    """Return the samples of a request, as evalscope's adapter prepares them.

    Raises UnknownBenchmark, OptionError, DataError, HubError.
    """
    _check_subsets(request)
    adapter = adapters.build_adapter(request)
    find_documents(adapter, request)
    notes = rule_notes(request.benchmark)
    if request.dataset_args.get("shuffle"):
        notes.append(
            "`shuffle` is left out: which samples are asked, and in which order, is decided by limit and seed."
        )
    days = code_loading.choose_days(adapter, request)
    loader = _load_local if request.data else _load_hub
    records, questions = loader(adapter, request, notes)
    samples = _samples(adapter, request, records, questions)
    if not samples:
        asked = f" in {listed(request.subsets)}" if request.subsets else ""
        known = listed(adapter.subset_list, 8)
        raise DataError(
            f"{request.data or request.benchmark}: no record belongs to {request.benchmark}{asked}. Its subsets are "
            f"{known}."
        )
    notes += code_loading.notes_on(request, samples, days)
    meta = adapter.benchmark_meta
    return LoadedBenchmark(
        request=request,
        benchmark=request.benchmark,
        subsets=list(dict.fromkeys(sample.subset for sample in samples)),
        samples=samples,
        data_hash=hashlib.sha256(b"".join(encode(sample.source_row) for sample in samples)).hexdigest(),
        kind=adapters.kind_of(adapter),
        multiple_choice=adapters.kind_of(adapter) == "choice",
        facts=BenchmarkFacts(
            pretty_name=str(adapter.pretty_name or request.benchmark),
            metric=GRADED_METRICS.get(request.benchmark) or adapters.metric_name(adapter),
            evaluation_version=str(meta.evaluation_version),
            few_shot_num=int(adapter.few_shot_num),
            prompt_template=code_loading.prompt_template(adapter, request),
            dataset_id=str(adapter.dataset_id),
            withheld=is_withheld_name(request.benchmark),
            **code_loading.facts_of(adapter, request, samples),
        ),
        versions=adapters.versions(),
        notes=notes,
        few_shot_records=_few_shot_records(adapter, records),
    )


def _subsets_of(benchmark: str) -> list[str]:
    """Return all subsets of the benchmark, independent of the selection."""
    return list(adapters.build_adapter(LoadRequest(benchmark=benchmark)).subset_list)


def _check_subsets(request: LoadRequest) -> None:
    if request.subsets is None:
        return
    known = _subsets_of(request.benchmark)
    for subset in request.subsets:
        # A benchmark whose only subset is `default` takes its subsets from the data (general_mcq and its like).
        if subset not in known and not (request.data and known == ["default"]):
            near = did_you_mean(subset, known, many=f"It has {len(known)} subsets, such as {listed(known[:5])}.")
            raise OptionError(f"{request.benchmark} has no subset {subset!r}.{near}")


def _load_hub(adapter: Any, request: LoadRequest, notes: list[str]) -> tuple[list[RawRow], Questions]:
    convert, found = adapter.record_to_sample, []

    def watched(record: dict[str, Any]) -> Any:
        found.append((convert, record))
        return _marked(code_loading.converted(adapter, convert, record), len(found) - 1)

    questions: Questions = {}
    finish = adapter._post_process_samples

    def finishing() -> None:
        questions.update(_questions(adapter.test_dataset))
        finish()

    adapter.record_to_sample = watched
    adapter._post_process_samples = finishing
    hub.load(adapter, request)
    return [record for _, record in found], questions


def _load_local(adapter: Any, request: LoadRequest, notes: list[str]) -> tuple[list[RawRow], Questions]:
    records: list[RawRow] = []
    adapter.fewshot_dataset = None
    if adapter._should_load_fewshot():
        adapter.fewshot_dataset = _local_few_shot(adapter, request, records)
        if adapter.fewshot_dataset is None:
            notes.append(
                f"{request.benchmark} is asked without examples in the prompt: the local data has no split "
                f"{adapter.train_split!r} to take its {adapter.few_shot_num} examples from."
            )
            adapter.few_shot_num = 0
    groups, first = _local_groups(adapter, request), len(records)
    datasets = {subset: _dataset(adapter, request, rows, records, subset) for subset, rows in groups.items()}
    if adapter.reformat_subset:
        whole = datasets[adapter.default_subset]
        notes += _left_out(request, whole, groups[adapter.default_subset], first)
        adapter.test_dataset = DatasetDict.from_dataset(whole, adapter.subset_list)
    else:
        adapter.test_dataset = DatasetDict(datasets)
    questions = _questions(adapter.test_dataset)
    adapter._post_process_samples()
    return records, questions


def _local_groups(adapter: Any, request: LoadRequest) -> dict[str, list[Record]]:
    """Return the records by subset; all under one name if the adapter sorts them itself, record by record."""
    path, name = str(request.data), request.benchmark
    splits = tuple(dict.fromkeys(filter(None, (adapter.eval_split, "test", "train"))))
    if adapter.reformat_subset:
        return {adapter.default_subset: read_records(path, name, splits)}
    subsets = list(adapter.subset_list)
    own = {subset: subset_files(path, subset, splits) for subset in subsets}
    if any(own.values()):
        return {subset: [row for file in files for row in read_file(file)] for subset, files in own.items() if files}
    records = read_records(path, name, splits)
    if len(subsets) == 1:
        return {subsets[0]: records}
    groups: dict[str, list[Record]] = {subset: [] for subset in subsets}
    for record, where in records:
        subset = str(record.get("subset"))
        if subset not in groups and (respelt := fields.spelt_as({"subset": subset}, subset, subsets)):
            subset = respelt[0]["subset"]
            record = {**record, "subset": subset}
        if subset not in groups:
            if request.subsets is not None and subset in _subsets_of(name):
                continue
            said = f"its field 'subset' says {subset[:80]!r}" if "subset" in record else "it has no field 'subset'"
            raise DataError(
                f"{where}: which subset of {name} this record belongs to is not clear: {said}. Add that field (one of "
                f"{listed(subsets, 8)}), keep one file a subset "
                f"({subsets[0]}.jsonl), or name the one subset the file holds: --subset {subsets[0]!r}"
            )
        groups[subset].append((record, where))
    return groups


def _left_out(request: LoadRequest, dataset: MemoryDataset, rows: list[Record], first: int) -> list[str]:
    """Return a note on records of a subset that the benchmark does not have, which evalscope drops silently.

    `first` is the number of the first of the `rows`. Raises DataError if that is all of them.
    """
    known = _subsets_of(request.benchmark)
    lost = [sample for sample in dataset if sample.subset_key not in known]
    if not lost:
        return []
    record, where = rows[lost[0].metadata[_MARK] - first]
    said = fields.said_of_subset(record, str(lost[0].subset_key))
    names = f"{', '.join(known[:5])}{', …' if len(known) > 5 else ''}"
    if len(lost) == len(dataset):
        raise DataError(
            f"{where}: {said}, which names no subset of {request.benchmark} (expected: {names}), nor does any other "
            f"record: no record belongs to {request.benchmark}."
        )
    return [
        f"Left out: {len(lost)} of {len(dataset)} records, which belong to no subset of {request.benchmark} "
        f"({listed(known, 5)}). The first is {where}: {said}."
    ]


def _local_few_shot(adapter: Any, request: LoadRequest, records: list[RawRow]) -> DatasetDict | None:
    """Return the examples for the prompts from a folder's training split; None if it has none."""
    path, split, count = str(request.data), str(adapter.train_split), adapter.few_shot_num
    files = subset_files(path, split, ())
    if split in (adapter.eval_split, "") or not files:
        return None
    rows = [row for file in files for row in read_file(file)]
    whole = _dataset(adapter, request, rows, records, adapter.default_subset)
    if adapter.reformat_subset:
        return DatasetDict.from_dataset(whole, adapter.subset_list, limit=count)
    return DatasetDict({subset: whole[:count] for subset in adapter.subset_list})


def _dataset(
    adapter: Any, request: LoadRequest, rows: list[Record], records: list[RawRow], subset: str
) -> MemoryDataset:
    """Follow evalscope's steps of loading: convert, filter, number, and shuffle the choices if requested."""

    needed = conversion.needed_fields(hub.plain_converter(adapter), request.benchmark)
    known = _subsets_of(request.benchmark) if adapter.reformat_subset else []
    kind = adapters.kind_of(adapter)

    def convert(record: RawRow) -> list[EvalSample]:
        if kind not in _WITHOUT_GOLD:
            fields.check_gold_present(record, needed)
        conversion.check_graded_from(record, request.benchmark)
        made = list(as_sample_list(code_loading.converted(adapter, adapter.record_to_sample, record)))
        if known and any(sample.subset_key not in known for sample in made):
            made = _respelt(adapter, record, made, known)
        for sample in made:
            _check_sample(sample, record, needed, kind)
        return made

    with adapter._temporary_attribute("current_subset_name", subset):
        samples = []
        for record, made in conversion.convert_all(rows, convert, request.benchmark, needed):
            records.append(record)
            samples += _marked(made, len(records) - 1)
    dataset = MemoryDataset(samples, name=request.benchmark).filter(adapter.sample_filter)
    dataset.reindex()
    shuffle_choices_if_requested(dataset, adapter.shuffle_choices, adapter.seed)
    return dataset


def _respelt(adapter: Any, record: RawRow, made: list[EvalSample], known: list[str]) -> list[EvalSample]:
    """Return the samples of the record with its subset spelt as evalscope does, and change the record so.

    Where that cannot be, the samples are returned as they are.
    """
    for changed in fields.spelt_as(record, str(made[0].subset_key), known):
        with contextlib.suppress(Exception):  # another spelling that the adapter does not take is none
            again = list(as_sample_list(adapter.record_to_sample(changed)))
            if all(sample.subset_key in known for sample in again):
                record.update(changed)
                return again
    return made


def _check_sample(sample: EvalSample, record: RawRow, needed: list[str], kind: AnswerKind) -> None:
    """Check that a sample has a question, and an answer to grade against. Raises FieldFault, KeyError."""
    targets = _targets(sample)
    if kind not in _WITHOUT_GOLD and not any(target.strip() for target in targets):
        name = next((name for name in needed if name in fields.GOLD_FIELDS), "answer")
        if name not in record:
            raise KeyError(name)
        raise fields.FieldFault(f"the field {name!r}: the gold answer is empty")
    question = _question(sample)
    if not question.strip():
        raise fields.FieldFault("the question is empty")
    fields.check_made(record, needed, question, targets if kind not in _WITHOUT_GOLD else [])
    if kind == "choice":
        fields.check_choices(record, needed, sample.choices or [], targets)


def _question(sample: EvalSample) -> str:
    """Return the input before the prompt template is applied; empty if there is none."""
    if isinstance(sample.input, str):
        return sample.input
    return str(sample.input[-1].text) if sample.input else ""


def _marked(samples: Any, number: int) -> Any:
    for sample in as_sample_list(samples):
        sample.metadata[_MARK] = number
    return samples


def _targets(sample: EvalSample) -> list[str]:
    return [sample.target] if isinstance(sample.target, str) else list(sample.target)


def _questions(datasets: DatasetDict) -> Questions:
    """Return the inputs before the prompt templates are applied, by subset and position."""
    return {
        (subset, position): _question(sample)
        for subset, dataset in datasets.items()
        for position, sample in enumerate(dataset)
    }


def _samples(adapter: Any, request: LoadRequest, records: Sequence[RawRow], questions: Questions) -> list[Sample]:
    filled = {subset: dataset for subset, dataset in adapter.test_dataset.items() if len(dataset)}
    beside = _all_subsets(request, filled)
    samples = []
    for subset, dataset in filled.items():
        for position, sample in enumerate(dataset):
            metadata = dict(sample.metadata)
            record = records[metadata.pop(_MARK)]
            targets = _targets(sample)
            samples.append(
                Sample(
                    benchmark=request.benchmark,
                    subset=subset,
                    id=sample_id(request.benchmark, subset, position, beside=beside),
                    index=position,
                    question=valid_values(code_loading.question(request, record) or questions[subset, position]),
                    gold=valid_values(targets[0] if targets else ""),
                    targets=valid_values(targets),
                    messages=code_loading.messages(request, record)
                    or [_wire(message, request.benchmark) for message in sample.input],
                    choices=valid_values(list(sample.choices or [])),
                    source_id=fields.source_id(metadata, record),
                    metadata=_plain(without_tests(request.benchmark, metadata)),
                    source_row=_plain(record),
                )
            )
    return samples


def _all_subsets(request: LoadRequest, filled: Iterable[str]) -> set[str]:
    """Return the names of all the benchmark's subsets: ids must not depend on the selection."""
    named = _subsets_of(request.benchmark)
    beside = {*map(str, filled), *named}
    if request.data and named == ["default"]:
        # Its subsets are files of the folder, and only those asked for were read.
        beside.update(file_stems(request.data))
    return beside


def _few_shot_records(adapter: Any, records: Sequence[RawRow]) -> dict[str, list[dict[str, Any]]]:
    if adapter.fewshot_dataset is None:
        return {}
    return {
        subset: [_plain(records[sample.metadata[_MARK]]) for sample in dataset]
        for subset, dataset in adapter.fewshot_dataset.items()
        if len(dataset)
    }


def _wire(message: Any, benchmark: str) -> Message:
    """Return a message as it goes to the endpoint. Raises UnknownBenchmark if it holds more than text."""
    if not isinstance(message.content, str) and any(part.type != "text" for part in message.content):
        raise UnknownBenchmark(
            f"{benchmark} cannot be run here: its questions hold images or sound, and this is text only."
        )
    return {"role": str(message.role), "content": valid_values(message.text)}


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    """Return the value in the types of JSON."""
    import json

    plain: dict[str, Any] = json.loads(json.dumps(convert_normal_types(value), default=str))
    return dict(valid_values(plain))
