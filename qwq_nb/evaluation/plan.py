"""Plan a run: select its samples, order its requests, and identify the plan by a hash."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from qwq_nb.core.records import Item, Sample
from qwq_nb.core.sequential import in_random_order
from qwq_nb.errors import OptionError, did_you_mean
from qwq_nb.store.request import Selection
from qwq_nb.store.shards import in_shard

__all__ = ["Plan", "make_plan", "select", "wanted_subsets"]

_LEVEL = re.compile(r"Level (\d+)(?: \(.*\))?\Z")
"""What stands in parentheses says what the level is."""


class Plan(msgspec.Struct, kw_only=True):
    """Hold the selected samples by benchmark and subset, and all items in the order in which they are asked.

    A shard has the samples of the whole run, and the items that it asks.
    """

    samples: list[Sample]
    items: list[Item]
    repeats: int
    population: dict[str, dict[str, int]] = {}
    """Benchmark → subset → problems of which the samples were selected, also of subsets that have none in the plan."""

    @property
    def left_out(self) -> dict[str, list[str]]:
        """Return, by benchmark, the subsets of which the limit takes no problem; only benchmarks that have such."""
        planned = set(self.subsets)
        found = {b: [s for s in sizes if (b, s) not in planned] for b, sizes in self.population.items()}
        return {benchmark: subsets for benchmark, subsets in found.items() if subsets}

    @property
    def subsets(self) -> list[tuple[str, str]]:
        """Return (benchmark, subset) pairs in order."""
        return list(dict.fromkeys((s.benchmark, s.subset) for s in self.samples))

    def hash(self) -> str:
        """Return 16 hex digits that change with the questions, their order, the prompts, gold answers and repeats."""
        rows = [[s.id, s.messages, s.gold, s.choices, *([s.tools] if s.tools else [])] for s in self.samples]
        return hashlib.sha256(msgspec.json.encode([rows, self.repeats])).hexdigest()[:16]


def short_hash(value: Any) -> str:
    """Return eight hex digits of the SHA-256 of the canonical JSON of `value`."""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()[:8]


def wanted_subsets(benchmark: str, available: Sequence[str], selection: Selection) -> list[str]:
    """Return the selected subsets of `benchmark`, in the benchmark's own order.

    A benchmark without levels is taken whole by `--levels`; one without the named subset is refused.

    Raises:
        OptionError: a level or a subset that this benchmark does not have.
    """
    chosen = list(available)
    numbers = {int(m[1]): name for name in available if (m := _LEVEL.match(name))}
    if selection.levels is not None and numbers:
        missing = [level for level in selection.levels if level not in numbers]
        if missing:
            raise OptionError(
                f"{benchmark} has no level {missing[0]}: its levels are {min(numbers)} to {max(numbers)}, "
                f"as in --levels {min(numbers)}-{max(numbers)}."
            )
        chosen = [numbers[level] for level in sorted(numbers) if level in selection.levels]
    if selection.subsets is not None:
        # The exact name first: a benchmark may have both `C` and `c`.
        named = {**{name.casefold(): name for name in reversed(available)}, **{name: name for name in available}}
        wanted = set()
        for name in selection.subsets:
            found = named.get(name) or named.get(name.casefold())
            if found is None:
                raise OptionError(f"{benchmark} has no subset {name!r}.{did_you_mean(name, available)}")
            wanted.add(found)
        chosen = [name for name in chosen if name in wanted]
        if not chosen:
            raise OptionError(f"--levels and --subset together leave nothing of {benchmark}.")
    return chosen


def select(samples: Iterable[Sample], limit: int | None, seed: int) -> list[Sample]:
    """Select `limit` of the samples, spread evenly over the subsets; the same seed selects the same ones.

    A larger limit contains a smaller one's samples as long as no subset runs out. The samples stay in the data set's
    order.
    """
    by_subset: dict[str, list[Sample]] = {}
    for sample in samples:
        by_subset.setdefault(sample.subset, []).append(sample)
    total = sum(map(len, by_subset.values()))
    if limit is None or limit >= total:
        return [s for group in by_subset.values() for s in group]
    quota = dict.fromkeys(by_subset, 0)
    left = limit
    while left:
        open_subsets = [name for name, group in by_subset.items() if quota[name] < len(group)]
        for name in open_subsets[:left]:
            quota[name] += 1
        left -= min(left, len(open_subsets))
    chosen: list[Sample] = []
    for name, group in by_subset.items():
        order = list(range(len(group)))
        random.Random(f"{seed}/{name}").shuffle(order)
        chosen.extend(group[i] for i in sorted(order[: quota[name]]))
    return chosen


def make_plan(benchmarks: Sequence[Sequence[Sample]], selection: Selection) -> Plan:
    """Plan the loaded (and already subset-filtered) samples of each benchmark.

    Items are asked repeat by repeat and, within one, spread over subsets and benchmarks in a seeded order, so that the
    score of a run that is stopped early is that of a fair sample. With `until` each benchmark's are asked in an order
    that is random over all of its subsets, as its interval supposes. A shard's items are those of the whole plan that
    are its own, in this order.

    Raises:
        OptionError: no sample is left.
    """
    samples = [s for loaded in benchmarks for s in select(loaded, selection.limit, selection.seed)]
    if not samples:
        raise OptionError("Nothing to ask: no sample is left after --levels, --subset and --limit.")
    population = population_of(benchmarks)
    counts: dict[tuple[str, str], int] = {}
    placed: list[tuple[Sample, int]] = []
    for sample in samples:
        group = (sample.benchmark, sample.subset)
        placed.append((sample, counts.get(group, 0)))
        counts[group] = counts.get(group, 0) + 1
    rng = random.Random(selection.seed)
    # Each sample gets a rank in (0, 1) within its subset: sorting by it interleaves subsets in proportion.
    ranks = {group: rng.sample(range(n), n) for group, n in counts.items()}

    def rank(entry: tuple[Sample, int]) -> float:
        group = (entry[0].benchmark, entry[0].subset)
        return (ranks[group][entry[1]] + 0.5) / counts[group]

    if selection.until is not None:
        ids = [in_random_order((s.id for s in samples if s.benchmark == name), selection.seed) for name in population]
        places = {id: (place + 0.5) / len(order) for order in ids for place, id in enumerate(order)}
        ordered = sorted(placed, key=lambda entry: places[entry[0].id])
    else:
        ordered = sorted(placed, key=rank)
    items = [Item(sample=s, position=p, repeat=r) for r in range(selection.repeats) for s, p in ordered]
    items = in_shard(items, selection.shard)
    return Plan(samples=samples, items=items, repeats=selection.repeats, population=population)


def population_of(benchmarks: Iterable[Iterable[Sample]]) -> dict[str, dict[str, int]]:
    """Count the problems by benchmark and subset."""
    found: dict[str, dict[str, int]] = {}
    for sample in (sample for loaded in benchmarks for sample in loaded):
        sizes = found.setdefault(sample.benchmark, {})
        sizes[sample.subset] = sizes.get(sample.subset, 0) + 1
    return found
