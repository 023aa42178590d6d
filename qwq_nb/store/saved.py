"""Read the results of a saved run from its directory, when they are first asked for."""

from __future__ import annotations

import functools
from collections.abc import Callable

import msgspec

from qwq_nb.core.records import Item, Sample, SampleResult
from qwq_nb.store.manifest import Manifest
from qwq_nb.store.resume import read_journal, results_of
from qwq_nb.store.run_dir import RunDirectory
from qwq_nb.store.shards import in_shard

__all__ = ["items_of", "saved_results"]


MOST_ITEMS = 5_000_000
"""Samples × repeats of a run that is opened at most: some gigabytes of memory."""


def items_of(samples: list[Sample], repeats: int) -> list[Item]:
    """Make the items of a saved run: samples in the data set's order, the repeats of a sample side by side."""
    counts: dict[tuple[str, str], int] = {}
    items: list[Item] = []
    for sample in samples:
        group = (sample.benchmark, sample.subset)
        position = counts.get(group, 0)
        counts[group] = position + 1
        items.extend(Item(sample=sample, position=position, repeat=r) for r in range(repeats))
    return items


def saved_results(directory: RunDirectory, manifest: Manifest) -> Callable[[], list[SampleResult]]:
    """Return a function that reads the directory at its first call, so that listing runs reads only manifests."""
    return functools.cache(lambda: read_saved_results(directory, manifest))


def read_saved_results(directory: RunDirectory, manifest: Manifest) -> list[SampleResult]:
    """Return every sample × repeat of the run: finished ones, errors, and pending ones with their partial text."""
    repeats, model = manifest.request.selection.repeats, manifest.request.endpoint.model
    samples = directory.samples()
    if len(samples) * repeats > MOST_ITEMS:
        directory.note_problem(f"{len(samples):,} samples × {repeats:,} repeats are more than a run can have.")
        return []
    items = in_shard(items_of(samples, repeats), manifest.request.selection.shard)
    done, ungraded = results_of(directory, items, repeats, model)
    journal = read_journal(directory)
    found = []
    for item in items:
        result = done.get(item.key)
        if result is None:
            result = SampleResult(sample=item.sample, repeat=item.repeat)
            if item.key in ungraded:
                result = msgspec.structs.replace(result, completion=ungraded[item.key], flags=["ungraded"])
            elif item.key in journal:
                kind, cause, completion = journal[item.key]
                flags = ["partial"] if completion.reasoning or completion.answer else []
                result = msgspec.structs.replace(result, completion=completion, flags=flags)
                if kind in ("error", "refused"):
                    is_refused = kind == "refused"
                    result = msgspec.structs.replace(result, outcome="error", error=cause, refused=is_refused)
        found.append(result)
    return found
