"""Take answers over from earlier runs that asked the same with smaller numbers, so that only the rest is asked.

The new run gets rows of its own, with its own positions; the earlier runs are only read. What is in their files is
data from whoever wrote them: of a row no more is used than a resumed run would use of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence, Set

import msgspec

from qwq_nb.core.outcomes import decide_outcome
from qwq_nb.core.records import Completion, Item, Sample, SampleResult, Verdict
from qwq_nb.evaluation.earlier_runs import EarlierRun
from qwq_nb.evaluation.plan import Plan
from qwq_nb.store.item_rows import prediction_of, review_of
from qwq_nb.store.manifest import Manifest, TakenOver
from qwq_nb.store.resume import results_of
from qwq_nb.store.run_dir import RunDirectory
from qwq_nb.view.clean import one_line

__all__ = ["Taken", "note_on", "read_earlier", "write_taken"]

Key = tuple[str, int]


class Taken(msgspec.Struct, kw_only=True):
    """Hold what is taken over: finished results and ungraded completions by (sample id, repeat), and from where."""

    results: dict[Key, SampleResult] = {}
    ungraded: dict[Key, Completion] = {}
    sources: list[TakenOver] = []

    def without(self, keys: Set[Key]) -> Taken:
        """Return the same without these answers; the sources still count them."""
        results = {key: result for key, result in self.results.items() if key not in keys}
        ungraded = {key: completion for key, completion in self.ungraded.items() if key not in keys}
        return Taken(results=results, ungraded=ungraded, sources=self.sources)


def read_earlier(runs: Iterable[EarlierRun], plan: Plan, *, model: str, versions: Mapping[str, str]) -> Taken:
    """Read from earlier runs what `plan` asks: each item from the first run that has it.

    An answer is taken where its sample's prompt is still the same, its verdict where the accepted answers and the
    graders' versions are too. An answer that a lower token limit cut is left: it is asked again, and a shorter one is
    not looked for in other runs.

    Args:
        runs: the most useful first.
        model: the model's name, as it is asked for.
        versions: of the graders, as the new run's manifest has them.
    """
    taken = Taken()
    missing = {item.key: item for item in plan.items}
    for run in runs:
        if not missing:
            break
        items, same_answers = _shared_items(run, plan, missing)
        if not items:
            continue
        done, ungraded = results_of(run.directory, items, run.manifest.request.selection.repeats, model)
        same_graders = _graders(run.manifest.versions) == _graders(versions)
        source = TakenOver(run=run.directory.path.name, answers=0, max_tokens=run.lower_limit)
        completions = {key: result.completion for key, result in done.items() if result.completion is not None}
        for key, completion in {**completions, **ungraded}.items():
            if missing.pop(key, None) is None:
                continue
            if run.lower_limit is not None and is_cut(completion, run.lower_limit):
                source.cut += 1
                continue
            source.answers += 1
            if key in done and same_graders and key[0] in same_answers and not _has_clip(done[key]):
                taken.results[key] = done[key]
            else:
                taken.ungraded[key] = completion
        if source.answers:
            taken.sources.append(source)
    return taken


def _shared_items(run: EarlierRun, plan: Plan, missing: Mapping[Key, Item]) -> tuple[list[Item], set[str]]:
    """Return the missing items that an earlier run asked too, with their positions in it.

    Also returns the ids of the samples whose accepted answers are those that it was graded by. Nothing is returned of
    a run that asked more than `plan` does.
    """
    planned = {sample.id: sample for sample in plan.samples}
    positions = dict.fromkeys(plan.subsets, 0)
    items: list[Item] = []
    same_answers: set[str] = set()
    if not run.is_part and run.manifest.total > len(plan.items):
        return [], set()
    for old in run.directory.each_sample():
        group = old.benchmark, old.subset
        new = planned.get(old.id)
        if not run.is_part and new is None:
            return [], set()
        if group not in positions:
            continue
        position = positions[group]
        positions[group] += 1
        if (
            new is None
            or (new.benchmark, new.subset) != group
            or (new.messages, new.tools) != (old.messages, old.tools)
        ):
            continue
        if _accepted(old) == _accepted(new):
            same_answers.add(new.id)
        repeats = range(run.manifest.request.selection.repeats)
        items += [Item(sample=new, position=position, repeat=r) for r in repeats if (new.id, r) in missing]
    return items, same_answers


def _has_clip(result: SampleResult) -> bool:
    """Return whether a file of the earlier run belongs to a verdict: the game is played once more then."""
    execution = result.verdict.execution if result.verdict is not None else None
    return execution is not None and execution.game is not None


def _accepted(sample: Sample) -> tuple[str, list[str], list[str]]:
    return sample.gold, sample.targets, sample.choices


def _graders(versions: Mapping[str, str]) -> dict[str, str]:
    return {package: version for package, version in versions.items() if package != "qwq_nb"}


def is_cut(completion: Completion, limit: int) -> bool:
    """Return whether the token limit cut a completion, or one of its steps, whether it is correct or not.

    To keep those that were right before the limit, and to ask the others again, would favour the model.
    """
    steps = completion.steps
    if steps:
        return any(is_cut(step.completion, limit) for step in steps)
    undecided = decide_outcome(completion, Verdict())
    return completion.completion_tokens >= limit or undecided.outcome == "truncated"


async def write_taken(directory: RunDirectory, plan: Plan, model: str, taken: Taken) -> None:
    """Append the rows of what is taken over to the new run's files; they are durable when this returns.

    A file's predictions come before its reviews, as in every run: a kernel that is killed meanwhile loses nothing that
    the same line does not take over again.

    Raises:
        OSError, RunFolderChanged: as `RunDirectory.append_all`.
    """
    groups: dict[tuple[str, str], list[Item]] = {}
    for item in plan.items:
        if item.key in taken.results or item.key in taken.ungraded:
            groups.setdefault((item.sample.benchmark, item.sample.subset), []).append(item)
    for group, items in groups.items():
        file = directory.rows_file("predictions", model, *group)
        completions = ((item, _completion(taken, item.key)) for item in items)
        directory.append_all(file, (prediction_of(directory, i, plan.repeats, model, c)[1] for i, c in completions))
        graded = [(item, taken.results[item.key]) for item in items if item.key in taken.results]
        if graded:
            file = directory.rows_file("reviews", model, *group)
            directory.append_all(file, (review_of(directory, i, plan.repeats, model, r)[1] for i, r in graded))
        await asyncio.sleep(0)  # other runs share this thread


def _completion(taken: Taken, key: Key) -> Completion:
    completion = taken.ungraded.get(key) or taken.results[key].completion
    assert completion is not None
    return completion


def note_on(manifest: Manifest) -> str:
    """Say in one sentence what a run took over from others, and how much it asks itself; empty where nothing was."""
    sources: Sequence[TakenOver] = manifest.taken_over
    if not sources:
        return ""
    answers = sum(source.answers for source in sources)
    asked = manifest.total - answers
    one = len(sources) == 1
    runs = [one_line(s.run, 200) + ("" if one else f" ({s.answers:,})") for s in sources]
    names = " and ".join(filter(None, [", ".join(runs[:-1]), runs[-1]]))
    most = "at most " if manifest.request.selection.until is not None else ""
    rest = "nothing is asked" if asked <= 0 else "1 is asked" if asked == 1 else f"{most}{asked:,} are asked"
    cut = {source.max_tokens: source.cut for source in sources if source.cut and source.max_tokens}
    why = " and ".join(f"{number:,} of them cut at {limit:,} tokens before" for limit, number in cut.items())
    return f"Taken over from {names}: {answers:,} of {manifest.total:,} answers; {rest}{', ' + why if why else ''}."
