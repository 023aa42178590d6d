"""A refusal of one prompt is that sample's error, even where it is the first; of two different ones it ends the run."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qwq_nb.errors import EndpointRefused
from tests.support.hostile_server import EVENTS, HostileServer, Reply, event, head
from tests.support.runner import Running, Start, grade_unread

FILTER = (400, {"error": {"code": "data_inspection_failed", "message": "Inappropriate content."}})
FLAGGED = (403, {"error": {"code": 403, "message": "Input was flagged", "metadata": {"flagged_input": "x"}}})
UNKNOWN = (400, {"error": {"message": "I do not like this prompt"}})
IN_STREAM = (200, {"error": {"code": "content_filter", "message": "Filtered."}})


class Refusing(HostileServer):
    """Refuse the first prompts that come, so many different ones, and answer the others."""

    def __init__(self, refusal: tuple[int, Any], prompts: int) -> None:
        super().__init__(self.answer)
        self.refusal = refusal
        self.prompts = prompts
        self.seen: list[str] = []
        """All prompts, in the order of their first requests."""

    async def answer(self, reply: Reply) -> None:
        prompt = json.dumps(reply.body["messages"])
        if prompt not in self.seen:
            self.seen.append(prompt)
        status, body = self.refusal
        if self.seen.index(prompt) >= self.prompts:
            await reply.send(EVENTS, event("stop", content="4"))
        elif status == 200:
            await reply.send(EVENTS, b"data: ", json.dumps(body).encode(), b"\n\n")
        else:
            await reply.send(head("application/json", f"{status} No"), json.dumps(body).encode())


def outcomes(running: Running) -> list[str]:
    return sorted(running.outcomes().values())


@pytest.mark.parametrize("concurrency", [1, 3])
@pytest.mark.parametrize("refusal", [FILTER, FLAGGED, UNKNOWN, IN_STREAM])
def test_the_first_prompt_refused_costs_its_sample_alone(runner: Start, refusal: Any, concurrency: int) -> None:
    with Refusing(refusal, prompts=1) as server:
        running = runner(6, endpoints=[server.endpoint(max_retries=3)], grade=grade_unread, concurrency=concurrency)
        running.wait()
    assert outcomes(running) == ["correct"] * 5 + ["error"]
    assert len(server.asked) == 6, "a refusal of the prompt is not asked again"


@pytest.mark.parametrize("refusal", [FILTER, FLAGGED, UNKNOWN, IN_STREAM])
def test_a_second_and_different_prompt_refused_ends_the_run(runner: Start, refusal: Any) -> None:
    with Refusing(refusal, prompts=6) as server:
        running = runner(6, endpoints=[server.endpoint()], grade=grade_unread, concurrency=1)
        with pytest.raises(EndpointRefused, match="two different prompts met it"):
            running.wait()
    assert len(server.asked) == 2
    assert outcomes(running) == ["error"] + ["pending"] * 5


def test_one_prompt_refused_in_all_its_repeats_says_nothing_of_the_others(runner: Start) -> None:
    with Refusing(FILTER, prompts=1) as server:
        running = runner(3, endpoints=[server.endpoint()], grade=grade_unread, concurrency=1, repeats=3)
        running.wait()
    found = [result.outcome for result in running.runner.results.values()]
    assert sorted(found) == ["correct"] * 6 + ["error"] * 3


def test_once_a_prompt_was_answered_any_number_may_be_refused(runner: Start) -> None:
    class Later(Refusing):
        async def answer(self, reply: Reply) -> None:
            if not self.asked[1:]:
                await reply.send(EVENTS, event("stop", content="4"))
            else:
                await super().answer(reply)

    with Later(FILTER, prompts=9) as server:
        running = runner(6, endpoints=[server.endpoint()], grade=grade_unread, concurrency=1)
        running.wait()
    assert outcomes(running) == ["correct"] + ["error"] * 5


@pytest.mark.parametrize(
    "said", ["Incorrect API key provided", "The model `m` does not exist", "Unsupported parameter: 'top_k'"]
)
def test_what_names_the_key_the_model_or_an_option_ends_the_run_at_once(runner: Start, said: str) -> None:
    with Refusing((400, {"error": {"message": said}}), prompts=6) as server:
        running = runner(6, endpoints=[server.endpoint()], grade=grade_unread, concurrency=1)
        with pytest.raises(EndpointRefused):
            running.wait()
    assert server.asked.count("/v1/chat/completions") == 1
    assert outcomes(running) == ["pending"] * 6
