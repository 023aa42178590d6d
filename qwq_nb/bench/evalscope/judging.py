"""Grade an answer by evalscope's own protocol of a judge, whose requests are handed out instead of made.

evalscope's `JudgeExecutor` asks its judge for nothing but `generate(messages)`. Here that returns a reply that is known
already, or ends the grading with the request that is not: the kernel asks it as it asks any other, and the answer is
graded again with one reply more, until all are there. So prompts, parsing and scores are evalscope's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evalscope.api.model import ModelOutput

from qwq_nb.bench.evalscope.adapters import OfficialScore, official_score
from qwq_nb.bench.protocol import GradeJob
from qwq_nb.core.records import Message, Verdict
from qwq_nb.core.request_key import request_key

__all__ = ["grade_by_judge"]

_WORDS = {"transport_error": "no reply", "parse_error": "a reply that does not keep to the format it was asked for"}


class _Wanted(BaseException):
    """Carry a request that has no reply yet. No Exception: the executor takes those for failures of the judge."""

    def __init__(self, messages: list[Message]) -> None:
        super().__init__()
        self.messages = messages


class _Replay:
    """Stand in for evalscope's judge: reply from what is known."""

    def __init__(self, judge: str, replies: Mapping[str, str]) -> None:
        self.judge_id = judge
        self.model_id = judge
        self._replies = replies

    def generate(self, messages: Sequence[Any]) -> ModelOutput:
        """Return the known reply to a request. Raises _Wanted if there is none."""
        asked: list[Message] = [{"role": str(message.role), "content": str(message.text)} for message in messages]
        reply = self._replies.get(request_key(asked))
        if reply is None:
            raise _Wanted(asked)
        return ModelOutput.from_content(model=self.judge_id, content=reply)


def grade_by_judge(adapter: Any, job: GradeJob) -> Verdict:
    """Return evalscope's verdict by the replies of a job; `awaits_judge`, with what is `wanted`, if one is missing.

    The adapter's exceptions pass through.
    """
    adapter.llm_judge = _Replay(job.judge, job.replies)
    try:
        score = official_score(adapter, job)
    except _Wanted as request:
        return Verdict(status="awaits_judge", wanted=request.messages, explanation="a judge has to be asked")
    if not score.usable:
        return Verdict(status="excluded", explanation=_why(score), judge=job.judge, sample_score=score.dump)
    return Verdict(
        correct=score.value >= 1.0,
        score=score.value,
        extracted=score.extracted,
        explanation=_reasoning(score),
        judge=job.judge,
        sample_score=score.dump,
    )


def _attempts(score: OfficialScore) -> list[dict[str, Any]]:
    metadata = (score.dump.get("score") or {}).get("metadata") or {}
    return [attempt for attempt in metadata.get("judge_attempts") or [] if isinstance(attempt, dict)]


def _why(score: OfficialScore) -> str:
    """Say why evalscope takes no verdict from the judge's replies."""
    for attempt in _attempts(score):
        if attempt.get("status") != "success":
            said = " ".join(str(attempt.get("error") or "").split())
            return f"{_WORDS.get(str(attempt.get('status')), 'no verdict')}: {said}"
    return score.explanation or "evalscope takes no verdict from the judge's replies"


def _reasoning(score: OfficialScore) -> str:
    """Return what the judge gave as its reasons, of each of its verdicts."""
    found = []
    for attempt in _attempts(score):
        value = attempt.get("parsed_value")
        for name in ("reasoning", "explanation", "Grading Rationale", "grading_rationale", "justification"):
            if isinstance(value, dict) and str(value.get(name) or "").strip():
                found.append(str(value[name]).strip())
                break
    return "\n".join(found)
