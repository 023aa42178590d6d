"""A solver: asks, and asks again to check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qwq_nb.extending import Ask, Completion, Message, Sample, StreamingCompletion


class CheckTwice:
    name = "check_twice"

    def identity(self) -> Mapping[str, Any]:
        return {"checks": 1}

    async def solve(self, sample: Sample, ask: Ask, live: StreamingCompletion) -> Completion:
        first = await ask(sample.messages, role="draft")
        said: Message = {"role": "assistant", "content": first.answer}
        check: Message = {"role": "user", "content": f"{sample.question} Check your answer."}
        return await ask([*sample.messages, said, check], role="check")
