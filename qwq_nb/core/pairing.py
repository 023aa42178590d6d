"""Pair the answers of two runs to the same problem.

Two runs of one plan have the same sample ids. Otherwise samples are matched by the data set's own id, and where it has
none by the question's text. A sample's id alone is never trusted across plans: it is a position, and another file,
shuffle or filter puts another problem there.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal

import msgspec

from qwq_nb.core.outcomes import counts
from qwq_nb.core.paired import Problem
from qwq_nb.core.records import Sample, SampleResult

__all__ = ["By", "Pair", "Pairing", "by_problem", "pair_up", "same_prompt"]

By = Literal["id", "source_id", "question"]
"""What shows that two samples are the same problem."""


_ROLE = re.compile(r"\A\s*\*\*(?:User|System)\*\*:\s*")
"""Prefix that evalscope's review files put before a prompt."""


class Pair(msgspec.Struct, frozen=True):
    """Hold one problem × repeat as both runs answered it. Id and subset are those of the first run."""

    a: SampleResult
    b: SampleResult

    @property
    def is_answered(self) -> bool:
        """Return True if both answers count: neither failed at the endpoint nor pending."""
        return counts(self.a.outcome) and counts(self.b.outcome)

    @property
    def flip(self) -> Literal["lost", "gained", ""]:
        """Return `lost` if only the first run has it right, `gained` if only the second has, empty if they agree."""
        right_a, right_b = self.a.outcome == "correct", self.b.outcome == "correct"
        return "" if right_a == right_b else "lost" if right_a else "gained"

    @property
    def is_finished(self) -> bool:
        """Return True if the token limit cut neither answer."""
        return "truncated" not in (self.a.outcome, self.b.outcome)

    @property
    def same_gold(self) -> bool:
        """Return True if both runs have the same gold answer, and so the same question."""
        return self.a.sample.gold.split() == self.b.sample.gold.split()


class Pairing(msgspec.Struct, kw_only=True):
    """Hold the pairs of one benchmark of two runs."""

    benchmark: str
    pairs: list[Pair]
    """Pairs that both answered, in the first run's order."""
    unanswered: list[Pair] = []
    """Pairs left out: an error in one run at least, or pending."""
    by: dict[By, int] = {}
    """Number of samples matched by each way."""
    only_a: int = 0
    """Samples of the first run that the second one has not."""
    only_b: int = 0
    repeats_a: int = 0
    """Further answers of the first run to problems that the second one answered less often."""
    repeats_b: int = 0


def pair_up(
    first: Iterable[SampleResult], second: Iterable[SampleResult], same_plan: Callable[[str], bool]
) -> list[Pairing]:
    """Pair the answers on each benchmark that either run has, the first run's benchmarks first.

    `same_plan(benchmark)` tells whether the two runs' ids name the same samples of it.
    """
    of_first, of_second = _by_benchmark(first), _by_benchmark(second)
    return [
        _pairing(benchmark, of_first.get(benchmark, {}), of_second.get(benchmark, {}), same_plan(benchmark))
        for benchmark in dict.fromkeys([*of_first, *of_second])
    ]


Problems = dict[str, dict[int, SampleResult]]
"""Results by sample id and repeat."""


def _by_benchmark(results: Iterable[SampleResult]) -> dict[str, Problems]:
    found: dict[str, Problems] = {}
    for result in results:
        found.setdefault(result.sample.benchmark, {}).setdefault(result.sample.id, {})[result.repeat] = result
    return found


def _pairing(benchmark: str, first: Problems, second: Problems, same_plan: bool) -> Pairing:
    matched, by = _match(_samples(first), _samples(second), same_plan)
    made = Pairing(benchmark=benchmark, pairs=[], by=by)
    for id_a, by_repeat in first.items():
        if id_a not in matched:
            continue
        others = second[matched[id_a]]
        for repeat, result in by_repeat.items():
            if repeat in others:
                pair = Pair(result, others[repeat])
                (made.pairs if pair.is_answered else made.unanswered).append(pair)
        made.repeats_a += len(by_repeat.keys() - others.keys())
        made.repeats_b += len(others.keys() - by_repeat.keys())
    made.only_a = len(first) - len(matched)
    made.only_b = len(second) - len(matched)
    return made


def _samples(problems: Problems) -> list[Sample]:
    return [next(iter(by_repeat.values())).sample for by_repeat in problems.values()]


def _match(first: Sequence[Sample], second: Sequence[Sample], same_plan: bool) -> tuple[dict[str, str], dict[By, int]]:
    """Match samples: ids of the second run by ids of the first, and the number matched by each way."""
    ways: list[tuple[By, Callable[[Sample], Iterable[str]]]] = [
        ("source_id", lambda sample: filter(None, [sample.source_id])),
        ("question", question_keys),
    ]
    if same_plan:
        ways = [("id", lambda sample: [sample.id])]
    matched: dict[str, str] = {}
    by: dict[By, int] = {}
    left, right = list(first), list(second)
    for way, keys in ways:
        of_left, of_right = _unique(left, keys), _unique(right, keys)
        found: dict[str, str] = {}
        taken: set[str] = set()
        for key, sample in of_left.items():
            other = of_right.get(key)
            if other is not None and sample.id not in found and other.id not in taken:
                found[sample.id] = other.id
                taken.add(other.id)
        if found:
            by[way] = len(found)
        matched |= found
        left = [sample for sample in left if sample.id not in found]
        right = [sample for sample in right if sample.id not in taken]
    return matched, by


def _unique(samples: Iterable[Sample], keys: Callable[[Sample], Iterable[str]]) -> dict[str, Sample]:
    """Return samples by key, without the keys that two of them share: such a key does not tell which is meant."""
    pairs = [(key, sample) for sample in samples for key in dict.fromkeys(keys(sample))]
    seen = Counter(key for key, _ in pairs)
    return {key: sample for key, sample in pairs if seen[key] == 1}


def question_keys(sample: Sample) -> Iterator[str]:
    """Yield hashes that identify the question: of its text, and of the whole prompt.

    evalscope's files keep the prompt only.
    """
    for text in (sample.question, _prompt(sample)):
        plain = " ".join(unicodedata.normalize("NFC", _ROLE.sub("", text)).split())
        if plain:
            yield hashlib.sha256(plain.encode(errors="replace")).hexdigest()[:16]


def same_prompt(pair: Pair) -> bool | None:
    """Return whether both models were sent the same text; None where one run does not tell."""
    first, second = _prompt(pair.a.sample), _prompt(pair.b.sample)
    return first.split() == second.split() if first and second else None


def _prompt(sample: Sample) -> str:
    """Return the text that was sent. evalscope's files may hold it as the question only, marked with the role."""
    sent = "\n\n".join(str(message.get("content") or "") for message in sample.messages)
    return sent or (_ROLE.sub("", sample.question) if _ROLE.match(sample.question) else "")


def by_problem(pairs: Iterable[Pair]) -> list[Problem]:
    """Count (pairs, only a, only b) of each problem, in order: what the statistics of `core.paired` take."""
    found: dict[str, list[int]] = {}
    for pair in pairs:
        of_problem = found.setdefault(pair.a.sample.id, [0, 0, 0])
        of_problem[0] += 1
        of_problem[1] += pair.flip == "lost"
        of_problem[2] += pair.flip == "gained"
    return [(n, only_a, only_b) for n, only_a, only_b in found.values()]
