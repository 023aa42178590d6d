"""Find what differs between two runs besides the models: data, prompts, graders, sampling, samples. Pure.

A difference of accuracies is one of models only if everything else is the same. What differs, or is not known, becomes
a sentence; what makes the runs answer different tasks (other data, other prompts, another token limit that cut answers)
forbids a conclusion.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from qwq_nb.core.formats import setting
from qwq_nb.core.pairing import Pair, Pairing, same_prompt
from qwq_nb.errors import one_line
from qwq_nb.run.facts import RunFacts
from qwq_nb.run.token_limit import limit_difference

__all__ = ["OTHER_SETTINGS", "Caveat", "bars", "caveats", "coverage", "of_each"]

GRADERS = ("evalscope", "math_verify", "latex2sympy2_extended")
ADAPTER = {
    "prompt_template": "prompt template",
    "system_prompt": "system prompt",
    "few_shot_num": "number of examples in the prompt",
    "evaluation_version": "version of the benchmark",
    "metric": "metric",
    "dataset_id": "data set",
    "preset": "preset",
    "seconds_per_test": "time limit of the tests",
    "tests": "tests of the problems",
}
"""Setting that evalscope's adapter reports of a benchmark → its name in a sentence."""


OTHER_SETTINGS = "asked or graded differently"
"""Why two runs whose adapters report other settings are not comparable."""


class Caveat(msgspec.Struct, kw_only=True, frozen=True):
    """Hold a sentence that stands above the numbers."""

    text: str
    serious: bool = False
    """True if it is drawn in a frame of its own."""
    bars: str = ""
    """Why it forbids any conclusion, in a few words for the headline; empty if it forbids none."""
    benchmark: str = ""
    """The benchmark that it concerns; empty: all."""


def caveats(a: RunFacts, b: RunFacts, pairings: Sequence[Pairing]) -> list[Caveat]:
    """Return what differs between two runs, or is not known, the serious ones first."""
    found = [
        *_one_run(a, b),
        *_demo(a, b),
        *_nothing(a, b, pairings),
        *_data(a, b, pairings),
        *_prompts(a, b, pairings),
        *_limits(a, b, pairings),
    ]
    found += [*_versions(a, b), *_sampling(a, b), *_editing(a, b), *_selection(a, b, pairings), *_tokens(a, b)]
    return sorted(found, key=lambda caveat: not caveat.serious)


def bars(found: Iterable[Caveat], benchmark: str) -> list[str]:
    """Return why no conclusion may be drawn from the answers to a benchmark; empty where one may."""
    return list(dict.fromkeys(c.bars for c in found if c.bars and c.benchmark in ("", benchmark)))


def of_each(runs: Iterable[RunFacts]) -> list[Caveat]:
    """Return the caveats that concern single runs: made by another tool, or not complete."""
    known = list(runs)
    found = []
    for maker in dict.fromkeys(facts.maker for facts in known if facts.maker):
        labels = [facts.label for facts in known if facts.maker == maker]
        were = "was" if len(labels) == 1 else "were"
        text = (
            f"{_list(labels)} {were} made by {one_line(maker, 60)}: limit, seed, data, the grader and often the "
            f"sampling are not known, so whether they are the same cannot be said."
        )
        found.append(Caveat(text=text))
    for facts in known:
        if facts.state != "complete":
            text = f"{facts.label} is not complete ({facts.state}): what it has not answered is left out."
            found.append(Caveat(text=text))
    return found


def _one_run(a: RunFacts, b: RunFacts) -> list[Caveat]:
    """Find whether both are the same run. The models of one directory are runs of their own, and share its path."""
    if a.path and (a.path, a.model) == (b.path, b.model):
        return [Caveat(text=f"{a.label} and {b.label} are the same run.")]
    return []


def _demo(a: RunFacts, b: RunFacts) -> list[Caveat]:
    if a.demo != b.demo:
        one, other = (a, b) if a.demo else (b, a)
        text = f"{one.label} is a demo, answered by a built-in script, and {other.label} is not: this compares nothing."
        return [Caveat(text=text, serious=True, bars="one run is a demo")]
    if a.demo:
        return [Caveat(text="These are demos: the numbers say nothing about any model.", serious=True)]
    return []


def _nothing(a: RunFacts, b: RunFacts, pairings: Sequence[Pairing]) -> list[Caveat]:
    if any(pairing.pairs for pairing in pairings):
        return []
    if any(_awaits_ruling(pair) for pairing in pairings for pair in pairing.unanswered):
        text = f"What {a.label} and {b.label} both answered awaits your ruling: no accuracy is compared until then."
        return [Caveat(text=text)]
    text = f"{a.label} and {b.label} have no answered problem in common: there is nothing to compare."
    return [Caveat(text=text, serious=True, bars="no answer in common")]


def _data(a: RunFacts, b: RunFacts, pairings: Sequence[Pairing]) -> list[Caveat]:
    found = []
    for pairing in pairings:
        name = pairing.benchmark
        hashes = a.data_hash.get(name), b.data_hash.get(name)
        if all(hashes) and hashes[0] != hashes[1]:
            text = (
                f"{name}: the data is not the same (hash {hashes[0]:.8} in {a.label}, {hashes[1]:.8} in {b.label}). "
                f"Paired is what both have{_found_by(pairing)}."
            )
            found.append(Caveat(text=text, serious=True, bars="the data is not the same", benchmark=name))
        gold = sum(not pair.same_gold for pair in pairing.pairs)
        if gold:
            text = (
                f"{name}: {_n(gold, 'pair')} of {len(pairing.pairs):,} have another gold answer in {b.label} than in "
            )
            text += f"{a.label}: they are not the same question."
            found.append(Caveat(text=text, serious=True, bars="the gold answers are not the same", benchmark=name))
    if a.hub and b.hub and a.hub != b.hub and not found:
        found.append(
            Caveat(text=f"The problems came from different hubs: {a.hub} for {a.label}, {b.hub} for {b.label}.")
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
        differing = [key for key in ADAPTER if key in first and key in second and first[key] != second[key]]
        if differing:
            each = [
                f"{ADAPTER[k]} ({_short(first[k])} in {a.label}, {_short(second[k])} in {b.label})" for k in differing
            ]
            text = f"{name}: asked or graded differently: {'; '.join(each)}."
            # The data set's name is the hub's: whether the data differs is told by its hash.
            reason = OTHER_SETTINGS if set(differing) - {"dataset_id"} else ""
            found.append(Caveat(text=text, serious=bool(reason), bars=reason, benchmark=name))
        told = [same for same in map(same_prompt, pairing.pairs) if same is not None]
        if told.count(False):
            text = f"{name}: the prompts of {told.count(False):,} of {_n(len(told), 'pair')} are not the same."
            found.append(Caveat(text=text, serious=True, bars="the prompts are not the same", benchmark=name))
        elif len(told) < len(pairing.pairs):
            unknown = len(pairing.pairs) - len(told)
            found.append(
                Caveat(text=f"{name}: whether the prompts of {_n(unknown, 'pair')} are the same is not known.")
            )
    return found


def _limits(a: RunFacts, b: RunFacts, pairings: Sequence[Pairing]) -> list[Caveat]:
    found = []
    for pairing in pairings:
        differs = limit_difference(a, b, pairing)
        if differs is not None:
            text, bars = differs
            reason = "answers were cut by token limits that are not the same" if bars else ""
            found.append(Caveat(text=text, serious=bars, bars=reason, benchmark=pairing.benchmark))
    return found


def _versions(a: RunFacts, b: RunFacts) -> list[Caveat]:
    differing = [
        f"{name} {a.versions[name]} in {a.label}, {b.versions[name]} in {b.label}"
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
        f"{name} {_value(a.sampling, name)} in {a.label}, {_value(b.sampling, name)} in {b.label}"
        for name in names
        if a.sampling.get(name) != b.sampling.get(name)
    ]
    return [Caveat(text=f"Sampled differently: {'; '.join(differing)}.")] if differing else []


def _value(sampling: dict[str, Any], name: str) -> str:
    value = sampling.get(name)
    return "not set" if value is None else _short(setting(value))


def _editing(a: RunFacts, b: RunFacts) -> list[Caveat]:
    """Who wrote the edits may be what is compared; another number of tries is another task."""
    found = []
    if a.tries != b.tries and None not in (a.tries, b.tries):
        text = f"{a.label} had {a.tries} tries at each exercise, {b.label} {b.tries}."
        found.append(Caveat(text=text, serious=True, bars="another number of tries"))
    if a.editing and b.editing and a.editing != b.editing:
        found.append(Caveat(text=f"Files were edited in {a.editing} ({a.label}), and in {b.editing} ({b.label})."))
    return found


def _selection(a: RunFacts, b: RunFacts, pairings: Sequence[Pairing]) -> list[Caveat]:
    if not any(pairing.only_a or pairing.only_b for pairing in pairings):
        return []
    of_a, of_b = _selected(a), _selected(b)
    if of_a == of_b:
        return []
    return [Caveat(text=f"Not the same problems were chosen: {of_a} in {a.label}, {of_b} in {b.label}.")]


def _selected(facts: RunFacts) -> str:
    if facts.maker:
        return "not known how"
    limit = "all" if facts.limit is None else f"limit {facts.limit:,} with seed {facts.seed}"
    return f"{limit}, {facts.parts}" if facts.parts else limit


def _tokens(a: RunFacts, b: RunFacts) -> list[Caveat]:
    by_server = ("usage", "usage_share")
    ours = [facts.label for facts in (a, b) if any(way not in by_server for way in facts.counted_by)]
    if len(ours) != 1:
        return []
    text = (
        f"The server's own token counts are missing in {ours[0]}, at least for some answers: counted there are chunks "
    )
    return [Caveat(text=f"{text}of the stream, or estimated, and mean tokens are not quite comparable.")]


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
        awaiting = sum(map(_awaits_ruling, p.unanswered))
        if awaiting:
            parts.append(f"{_n(awaiting, 'pair')} left out until you rule on both")
        if len(p.unanswered) > awaiting:
            parts.append(f"{_n(len(p.unanswered) - awaiting, 'pair')} left out as error or pending in one of them")
        if parts:
            lines.append(f"{p.benchmark}: {_n(len(p.pairs), 'pair')} compared; {', '.join(parts)}.")
    return lines


def _awaits_ruling(pair: Pair) -> bool:
    return "awaiting_ruling" in (pair.a.outcome, pair.b.outcome)


def _list(names: Sequence[str]) -> str:
    """Join names: `A`, `A and B`, `A, B and C`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _n(n: int, noun: str) -> str:
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 80 else f"{text[:79]}…"
