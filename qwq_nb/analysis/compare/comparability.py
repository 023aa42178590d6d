"""Find what differs between two runs besides the models: data, prompts, graders, sampling, samples. Pure.

A difference of accuracies is one of models only if everything else is the same. What differs, or is not known, becomes
a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from qwq_nb.analysis.compare.pairing import Pairing, same_prompt

__all__ = ["Caveat", "RunFacts", "caveats", "coverage", "of_each", "same_plan", "truncation"]

GRADERS = ("evalscope", "math_verify", "latex2sympy2_extended")
ADAPTER = {
    "prompt_template": "prompt template",
    "system_prompt": "system prompt",
    "few_shot_num": "number of examples in the prompt",
    "evaluation_version": "version of the benchmark",
    "metric": "metric",
    "dataset_id": "data set",
}
"""Setting that evalscope's adapter reports of a benchmark → its name in a sentence."""


class RunFacts(msgspec.Struct, kw_only=True):
    """Hold what a run reports of itself. None, or a missing key: it does not report it."""

    letter: str
    name: str
    model: str
    path: str = ""
    demo: bool = False
    foreign: bool = False
    """True if evalscope wrote it: its files hold answers and verdicts, and little on how they were made."""
    state: str = "complete"
    data: str = ""
    """Where the problems came from, in words."""
    hub: str | None = None
    data_hash: dict[str, str] = {}
    """Hash of the data by benchmark."""
    plan_hash: str = ""
    versions: dict[str, str] = {}
    sampling: dict[str, Any] | None = None
    adapters: dict[str, dict[str, Any]] = {}
    seed: int | None = None
    limit: int | None = None
    parts: str = ""
    """The levels or subsets that it is confined to, in words."""
    repeats: int = 1
    counted_by: list[str] = []
    """How its tokens were counted: `usage`, `chunks`, … (`records.Completion.tokens_from`)."""


class Caveat(msgspec.Struct, kw_only=True, frozen=True):
    """Hold a sentence that stands above the numbers."""

    text: str
    serious: bool = False
    """True if it is drawn in a frame of its own."""
    bars: bool = False
    """True if it forbids any conclusion."""


def same_plan(a: RunFacts, b: RunFacts, benchmark: str) -> bool:
    """Return whether ids name the same samples in both runs: they have one plan, or one data file."""
    if a.plan_hash and a.plan_hash == b.plan_hash:
        return True
    known = a.data_hash.get(benchmark)
    return bool(known) and known == b.data_hash.get(benchmark)


def caveats(a: RunFacts, b: RunFacts, pairings: Sequence[Pairing]) -> list[Caveat]:
    """Return what differs between two runs, or is not known, the serious ones first."""
    found = [
        *_one_run(a, b),
        *_demo(a, b),
        *_nothing(a, b, pairings),
        *_data(a, b, pairings),
        *_prompts(a, b, pairings),
    ]
    found += [*_versions(a, b), *_sampling(a, b), *_selection(a, b, pairings), *_tokens(a, b)]
    return sorted(found, key=lambda caveat: not caveat.serious)


def of_each(runs: Iterable[RunFacts]) -> list[Caveat]:
    """Return the caveats that concern single runs: made by evalscope, or not complete."""
    known = list(runs)
    foreign = [facts.letter for facts in known if facts.foreign]
    found = []
    if foreign:
        were = "was" if len(foreign) == 1 else "were"
        text = (
            f"{_list(foreign)} {were} made by evalscope itself: sampling, limit, seed, data and the grader's version "
        )
        found.append(Caveat(text=f"{text}are not known, so whether they are the same cannot be said."))
    for facts in known:
        if facts.state != "complete":
            text = f"{facts.letter} is not complete ({facts.state}): what it has not answered is left out."
            found.append(Caveat(text=text))
    return found


def _one_run(a: RunFacts, b: RunFacts) -> list[Caveat]:
    """Find whether both are the same run. The models of one directory are runs of their own, and share its path."""
    if a.path and (a.path, a.model) == (b.path, b.model):
        return [Caveat(text=f"{a.letter} and {b.letter} are the same run.")]
    return []


def _demo(a: RunFacts, b: RunFacts) -> list[Caveat]:
    if a.demo != b.demo:
        one, other = (a, b) if a.demo else (b, a)
        text = (
            f"{one.letter} is a demo, answered by a built-in script, and {other.letter} is not: this compares nothing."
        )
        return [Caveat(text=text, serious=True, bars=True)]
    if a.demo:
        return [Caveat(text="These are demos: the numbers say nothing about any model.", serious=True)]
    return []


def _nothing(a: RunFacts, b: RunFacts, pairings: Sequence[Pairing]) -> list[Caveat]:
    if any(pairing.pairs for pairing in pairings):
        return []
    text = f"{a.letter} and {b.letter} have no answered problem in common: there is nothing to compare."
    return [Caveat(text=text, serious=True, bars=True)]


def _data(a: RunFacts, b: RunFacts, pairings: Sequence[Pairing]) -> list[Caveat]:
    found = []
    for pairing in pairings:
        name = pairing.benchmark
        hashes = a.data_hash.get(name), b.data_hash.get(name)
        if all(hashes) and hashes[0] != hashes[1]:
            found.append(
                Caveat(
                    text=f"{name}: the data is not the same (hash {hashes[0]:.8} in {a.letter}, {hashes[1]:.8} in "
                    f"{b.letter}). Paired is what both have{_found_by(pairing)}."
                )
            )
        gold = sum(p.a.sample.gold.split() != p.b.sample.gold.split() for p in pairing.pairs)
        if gold:
            text = (
                f"{name}: {_n(gold, 'pair')} of {len(pairing.pairs):,} have another gold answer in {b.letter} than in "
            )
            found.append(Caveat(text=f"{text}{a.letter}: they are not the same question.", serious=True, bars=True))
    if a.hub and b.hub and a.hub != b.hub and not found:
        found.append(
            Caveat(text=f"The problems came from different hubs: {a.hub} for {a.letter}, {b.hub} for {b.letter}.")
        )
    return found


def _found_by(pairing: Pairing) -> str:
    words = {"id": "by id", "source_id": "by the data set's own id", "question": "by the question's text"}
    ways = [f"{n:,} {words[by]}" for by, n in pairing.by.items()]
    return f", found {' and '.join(ways)}" if ways else ""


def _prompts(a: RunFacts, b: RunFacts, pairings: Sequence[Pairing]) -> list[Caveat]:
    found = []
    for pairing in pairings:
        name = pairing.benchmark
        if not pairing.pairs:
            continue
        first, second = a.adapters.get(name, {}), b.adapters.get(name, {})
        differing = [
            f"{words} ({_short(first[key])} in {a.letter}, {_short(second[key])} in {b.letter})"
            for key, words in ADAPTER.items()
            if key in first and key in second and first[key] != second[key]
        ]
        if differing:
            found.append(Caveat(text=f"{name}: asked or graded differently: {'; '.join(differing)}."))
        told = [same for same in map(same_prompt, pairing.pairs) if same is not None]
        if told.count(False):
            found.append(
                Caveat(
                    text=f"{name}: the prompts of {told.count(False):,} of {_n(len(told), 'pair')} are not the same."
                )
            )
        elif len(told) < len(pairing.pairs):
            unknown = len(pairing.pairs) - len(told)
            found.append(
                Caveat(text=f"{name}: whether the prompts of {_n(unknown, 'pair')} are the same is not known.")
            )
    return found


def _versions(a: RunFacts, b: RunFacts) -> list[Caveat]:
    differing = [
        f"{name} {a.versions[name]} in {a.letter}, {b.versions[name]} in {b.letter}"
        for name in GRADERS
        if name in a.versions and name in b.versions and a.versions[name] != b.versions[name]
    ]
    if not differing:
        return []
    return [Caveat(text=f"Graded by different versions, whose verdicts may differ: {'; '.join(differing)}.")]


def _sampling(a: RunFacts, b: RunFacts) -> list[Caveat]:
    if a.sampling is None or b.sampling is None:
        return []
    names = dict.fromkeys([*a.sampling, *b.sampling])
    differing = [
        f"{name} {_value(a.sampling, name)} in {a.letter}, {_value(b.sampling, name)} in {b.letter}"
        for name in names
        if a.sampling.get(name) != b.sampling.get(name)
    ]
    return [Caveat(text=f"Sampled differently: {'; '.join(differing)}.")] if differing else []


def _value(sampling: dict[str, Any], name: str) -> str:
    value = sampling.get(name)
    return "not set" if value is None else _short(value)


def _selection(a: RunFacts, b: RunFacts, pairings: Sequence[Pairing]) -> list[Caveat]:
    if not any(pairing.only_a or pairing.only_b for pairing in pairings):
        return []
    of_a, of_b = _selected(a), _selected(b)
    if of_a == of_b:
        return []
    return [Caveat(text=f"Not the same problems were chosen: {of_a} in {a.letter}, {of_b} in {b.letter}.")]


def _selected(facts: RunFacts) -> str:
    if facts.foreign:
        return "not known how"
    limit = "all" if facts.limit is None else f"limit {facts.limit:,} with seed {facts.seed}"
    return f"{limit}, {facts.parts}" if facts.parts else limit


def _tokens(a: RunFacts, b: RunFacts) -> list[Caveat]:
    by_server = ("usage", "usage_share")
    ours = [facts.letter for facts in (a, b) if any(way not in by_server for way in facts.counted_by)]
    if len(ours) != 1:
        return []
    text = (
        f"The server's own token counts are missing in {ours[0]}, at least for some answers: counted there are pieces "
    )
    return [Caveat(text=f"{text}of the stream, or estimated, and mean tokens are not quite comparable.")]


MANY_CUT = 0.05
"""Share of truncated answers from which on a comparison states their effect."""


def coverage(a: str, b: str, pairings: Sequence[Pairing]) -> list[str]:
    """Return which samples are in one run only or left out, one sentence a benchmark."""
    lines = []
    for p in pairings:
        parts = []
        if p.only_a:
            parts.append(f"{_n(p.only_a, 'sample')} only in {a}")
        if p.only_b:
            parts.append(f"{_n(p.only_b, 'sample')} only in {b}")
        for letter, repeats in ((a, p.repeats_a), (b, p.repeats_b)):
            if repeats:
                parts.append(
                    f"{_n(repeats, 'further answer')} of {letter} to problems that the other answered less often"
                )
        if p.unanswered:
            parts.append(f"{_n(len(p.unanswered), 'pair')} left out as error or pending in one of them")
        if parts:
            lines.append(f"{p.benchmark}: {_n(len(p.pairs), 'pair')} compared; {', '.join(parts)}.")
    return lines


def truncation(a: str, b: str, pairings: Sequence[Pairing]) -> list[str]:
    """Return the effect of the token limit, or of the server's own, where it cut many answers, as sentences.

    A sentence a benchmark: how many were cut in either run, and how the pairs compare that both finished.
    """
    lines = []
    for p in pairings:
        cut = {
            letter: sum(getattr(pair, side).outcome == "truncated" for pair in p.pairs)
            for letter, side in ((a, "a"), (b, "b"))
        }
        if not p.pairs or max(cut.values()) / len(p.pairs) < MANY_CUT:
            continue
        by_server = [
            result.completion is not None and result.completion.cut_by_server
            for pair in p.pairs
            for result in (pair.a, pair.b)
            if result.outcome == "truncated"
        ]
        window = "the server's context window"
        limit = window if all(by_server) else f"the token limit or {window}" if any(by_server) else "the token limit"
        finished = [pair for pair in p.pairs if "truncated" not in (pair.a.outcome, pair.b.outcome)]
        right = [sum(getattr(pair, side).outcome == "correct" for pair in finished) for side in ("a", "b")]
        lines.append(
            f"{p.benchmark}: {limit} cut {cut[a]:,} of {_n(len(p.pairs), 'answer')} of {a} and {cut[b]:,} of "
            f"{b}, which count as not correct. Of the {_n(len(finished), 'pair')} that both finished, {a} has "
            f"{right[0]:,} right and {b} {right[1]:,}."
        )
    return lines


def _list(names: Sequence[str]) -> str:
    """Join names: `A`, `A and B`, `A, B and C`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _n(n: int, noun: str) -> str:
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 80 else f"{text[:79]}…"
