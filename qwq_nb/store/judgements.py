"""Keep a judge's verdicts on a run's answers: `qwq_judge.jsonl` in the run's directory.

A judging is all that one judge says by one protocol (evalscope's own, a rubric, or pairs). Its line comes first, then a
line for each reply, as soon as it is there, and one for each verdict. The file is append-only and fsynced row by row:
what was answered is not asked again, whatever ended the process. A verdict holds for the answer whose hash it names.

Where answers have no other verdict, that of the judge asked last counts for the accuracy, unless a reader has ruled: a
ruling always wins.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from qwq_nb.core.records import SampleResult
from qwq_nb.store.jsonl import UNREADABLE
from qwq_nb.store.rulings import answer_fingerprint, decided, read_rulings
from qwq_nb.store.run_dir import RunDirectory

__all__ = [
    "FILE",
    "JudgeReply",
    "JudgeVerdict",
    "JudgeWord",
    "Judgements",
    "Judging",
    "Protocol",
    "judge_notes",
    "read_judgements",
    "settled",
]

FILE = "qwq_judge.jsonl"

Key = tuple[str, int]
"""Sample id and repeat."""

_EXTRACTED = 200
"""Characters of a judged answer that stand for what was extracted of it."""

Protocol = Literal["evalscope", "rubric", "pairwise"]
JudgeWord = Literal["correct", "not correct", "no decision", "win", "loss", "tie", "inconsistent"]
"""A verdict: of one answer the first three; of two answers the others, or no decision. `inconsistent`: the judge
preferred the same place in both orders."""


class Judging(msgspec.Struct, kw_only=True):
    """Hold what one judge was asked: the line before its replies and verdicts."""

    kind: Literal["judging"] = "judging"
    v: int = 1
    id: str = ""
    """Hash of the fields that tell one judging from another (`identified`)."""
    protocol: Protocol
    judge: str
    """Name of its endpoint, or of several."""
    model: str
    under_test: bool = False
    """The judge is the model whose answers it judges."""
    rubric: str = ""
    """The whole text, of a rubric."""
    rubric_name: str = ""
    """Name of its file; `built-in` where none was named."""
    against: str = ""
    """Name of the other run, of pairs."""
    at: str = ""

    def identified(self) -> Judging:
        """Return it with the id that follows from its protocol, judge, model, rubric and other run."""
        told = [self.protocol, self.judge, self.model, self.rubric, self.against]
        return msgspec.structs.replace(self, id=hashlib.sha256(repr(told).encode()).hexdigest()[:16])


class JudgeReply(msgspec.Struct, kw_only=True):
    """Hold one reply of a judge to one request."""

    kind: Literal["reply"] = "reply"
    judging: str
    key: str
    """Of the request (`qwq_nb.core.request_key`)."""
    text: str = ""
    prompt: int = 0
    """Tokens of the prompt."""
    completion: int = 0
    """Tokens of reasoning and answer."""
    seconds: float = 0.0
    endpoint: str = ""
    only_thought: bool = False
    """There is a reasoning and no answer."""
    cut: bool = False
    """A token limit cut it."""
    at: str = ""


class JudgeVerdict(msgspec.Struct, kw_only=True):
    """Hold a judge's verdict on one answer, or on two."""

    kind: Literal["verdict"] = "verdict"
    judging: str
    under_test: str
    """Name of the model whose answer it is."""
    sample: str
    repeat: int
    answer: str
    """Hash of the answer that was judged (`qwq_nb.store.rulings.answer_fingerprint`)."""
    other: str = ""
    """Hash of the other answer, of pairs."""
    verdict: JudgeWord
    score: float | None = None
    """0…1 as a rule; evalscope's main value; None without a decision."""
    metric: str = ""
    """evalscope's name of the score."""
    reason: str = ""
    """The judge's own words; without a decision, why there is none."""
    requests: int = 0
    prompt: int = 0
    completion: int = 0
    seconds: float = 0.0
    at: str = ""

    @property
    def decides(self) -> bool:
        """Return whether it says that one answer is right or not."""
        return self.verdict in ("correct", "not correct")


class Judgements:
    """Hold what a run's directory has of judges: judgings in the order they were asked last, replies and verdicts."""

    def __init__(self) -> None:
        self.judgings: dict[str, Judging] = {}
        self.verdicts: dict[str, dict[Key, JudgeVerdict]] = {}
        self.replies: dict[str, dict[str, JudgeReply]] = {}

    def begin(self, judging: Judging) -> None:
        """Add a judging; one that is asked again becomes the last."""
        self.judgings.pop(judging.id, None)
        self.judgings[judging.id] = judging

    def put(self, row: JudgeReply | JudgeVerdict) -> None:
        """Add a reply or a verdict; of those of one key the last counts."""
        if isinstance(row, JudgeReply):
            self.replies.setdefault(row.judging, {})[row.key] = row
        else:
            self.verdicts.setdefault(row.judging, {})[row.sample, row.repeat] = row

    def on(self, judging: str, result: SampleResult, other: SampleResult | None = None) -> JudgeVerdict | None:
        """Return the verdict on a result's present answer, and on the other one's; None if there is none."""
        found = self.verdicts.get(judging, {}).get((result.sample.id, result.repeat))
        if found is None or found.answer != answer_fingerprint(result.completion):
            return None
        if other is not None and found.other != answer_fingerprint(other.completion):
            return None
        return found

    def last_word(self, results: Sequence[SampleResult]) -> dict[Key, tuple[Judging, JudgeVerdict]]:
        """Return the decisions on single answers of the judging asked last, of each benchmark apart."""
        found: dict[Key, tuple[Judging, JudgeVerdict]] = {}
        groups: dict[str, list[SampleResult]] = {}
        for result in results:
            groups.setdefault(result.sample.benchmark, []).append(result)
        for group in groups.values():
            for judging in reversed(self.judgings.values()):
                said = {(r.sample.id, r.repeat): self.on(judging.id, r) for r in group}
                decisions = {key: (judging, word) for key, word in said.items() if word is not None and word.decides}
                if decisions:
                    found |= decisions
                    break
        return found


def read_judgements(directory: RunDirectory, model: str) -> Judgements:
    """Return what judges said of a model's answers in a run's directory. What is no row of ours is passed over."""
    found = Judgements()
    for row in directory.rows(FILE):
        with contextlib.suppress(*UNREADABLE):
            kind = row.get("kind")
            if kind == "judging":
                found.begin(msgspec.convert(row, Judging))
            elif kind == "reply":
                found.put(msgspec.convert(row, JudgeReply))
            elif kind == "verdict":
                verdict = msgspec.convert(row, JudgeVerdict)
                if verdict.under_test == model:
                    found.put(verdict)
    return found


def settled(results: list[SampleResult], directory: RunDirectory, model: str) -> list[SampleResult]:
    """Return the results with those that await a ruling decided: by the reader's, else by the judge asked last."""
    ruled = decided(results, lambda: read_rulings(directory, model))
    if not any(result.outcome == "awaiting_ruling" for result in ruled):
        return ruled
    words = read_judgements(directory, model).last_word(ruled)
    return [_judged(r, words) if r.outcome == "awaiting_ruling" else r for r in ruled] if words else ruled


def _judged(result: SampleResult, words: Mapping[Key, tuple[Judging, JudgeVerdict]]) -> SampleResult:
    found = words.get((result.sample.id, result.repeat))
    if found is None or result.verdict is None:
        return result
    judging, word = found
    score = float(word.score if word.score is not None else word.verdict == "correct")
    verdict = msgspec.structs.replace(
        result.verdict,
        status="graded",
        correct=word.verdict == "correct",
        score=score,
        # As evalscope has it, whose judges read the whole answer; short, for lists.
        extracted=" ".join(result.completion.answer.split())[:_EXTRACTED] if result.completion is not None else "",
        explanation=word.reason,
        judge=judging.model,
        sample_score=_scored(result.verdict.sample_score, word.metric, score),
    )
    return msgspec.structs.replace(result, outcome="correct" if verdict.correct else "wrong", verdict=verdict)


def _scored(dump: Mapping[str, Any], metric: str, score: float) -> dict[str, Any]:
    """Return evalscope's score of an answer with the judge's value as its main one."""
    if not metric:
        return dict(dump)
    held = dump.get("score")
    said = {"value": {metric: score}, "main_score_name": metric, "status": "success"}
    return {**dump, "score": {**(held if isinstance(held, dict) else {}), **said}}


def judge_notes(results: Sequence[SampleResult], directory: RunDirectory, model: str) -> list[str]:
    """Write one sentence for each benchmark with verdicts of a judge: how many, whose, and by which protocol."""
    judged = [r for r in results if r.verdict is not None and r.verdict.judge]
    if not judged:
        return []
    words = read_judgements(directory, model).last_word(results)
    notes = []
    for benchmark in dict.fromkeys(r.sample.benchmark for r in judged):
        own = [r for r in judged if r.sample.benchmark == benchmark]
        judging = next((words[k][0] for r in own if (k := (r.sample.id, r.repeat)) in words), None)
        if judging is None:
            continue
        how = "evalscope's own protocol" if judging.protocol == "evalscope" else f"the rubric {judging.rubric_name}"
        itself = ", which is the model under test itself" if judging.under_test else ""
        said = "1 verdict is" if len(own) == 1 else f"{len(own):,} verdicts are"
        notes.append(
            f"{benchmark}: {said} a judge's, {judging.model}{itself}, by {how}. Your rulings win over them; "
            f"`run.judged()` lists them, `run.agreement()` holds them against your rulings."
        )
    return notes
